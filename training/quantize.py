"""A float32 ONNX graph of an encoder to int8, each part by the coarsest method that keeps the labels.

- Word embeddings: int8, one scale a row.
- The feed-forward layers of the lower half: int8 in blocks of 32, weights and activations alike
  (``MatMulNBits``). A few activations there are a hundred times the rest, and one scale for all of them would
  round the rest away.
- All other matrix products: dynamic int8, one scale an output channel for weights and one a run for
  activations; the fastest.

Measured on claimclf-en-small, labels that differ from float32 on 1,999 held-out sentences: everything dynamic
4.0 %; rows for the embeddings and blocks for all layers 0.4 %, at 1.4 times the run time of this mix; this
mix 0.6 %.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 32
_INT8_COMPUTE = 4  # the accuracy level at which MatMulNBits computes in int8
_LARGEST_INT8 = 127


def quantize(source: Path, target: Path, *, intermediate_size: int) -> None:
    """Writes the int8 form of a float32 graph.

    Args:
        source: the float32 graph, its weights inside.
        target: where the int8 graph goes.
        intermediate_size: width of the encoder's feed-forward layers, by which they are recognised.
    """
    model = onnx.load(source)
    _quantize_embeddings(model.graph)
    model = _quantize_blocks(model, _lower_feed_forward(model.graph, intermediate_size))
    onnx.save(model, source)
    quantize_dynamic(
        source, target, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"]
    )


def _quantize_embeddings(graph: onnx.GraphProto) -> None:
    """The largest looked-up table, the words, to int8 rows and their scales."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    lookups = [node for node in graph.node if node.op_type == "Gather" and node.input[0] in weights]
    lookup = max(lookups, key=lambda node: int(np.prod(weights[node.input[0]].dims)))
    name, ids = lookup.input
    table = numpy_helper.to_array(weights[name])
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / _LARGEST_INT8, np.finfo(np.float32).tiny)
    rows = np.round(table / scales).astype(np.int8)
    graph.initializer.remove(weights[name])
    graph.initializer.append(numpy_helper.from_array(rows, f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32), f"{name}_scales"))
    position = list(graph.node).index(lookup)
    graph.node.remove(lookup)
    steps = [
        helper.make_node("Gather", [f"{name}_int8", ids], ["word_int8"]),
        helper.make_node("Cast", ["word_int8"], ["word_unscaled"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [f"{name}_scales", ids], ["word_scale"]),
        helper.make_node("Mul", ["word_unscaled", "word_scale"], list(lookup.output)),
    ]
    for offset, step in enumerate(steps):
        graph.node.insert(position + offset, step)


def _lower_feed_forward(graph: onnx.GraphProto, intermediate_size: int) -> set[str]:
    """Names of the feed-forward products of the lower half of the layers; the graph is in layer order."""
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    products = [
        node.name
        for node in graph.node
        if node.op_type == "MatMul" and intermediate_size in shapes.get(node.input[1], [])
    ]
    return set(products[: len(products) // 2])


def _quantize_blocks(model: onnx.ModelProto, products: set[str]) -> onnx.ModelProto:
    others = [node.name for node in model.graph.node if node.name not in products]
    quantizer = MatMulNBitsQuantizer(
        model,
        bits=8,
        block_size=_BLOCK,
        is_symmetric=True,
        accuracy_level=_INT8_COMPUTE,
        op_types_to_quantize=("MatMul",),
        nodes_to_exclude=others,
    )
    logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.WARNING)
    quantizer.process()
    quantized: onnx.ModelProto = quantizer.model.model
    return quantized
