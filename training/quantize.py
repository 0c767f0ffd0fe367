"""A float32 ONNX graph of an encoder to int8, at the speed of one scale a product and the labels of float32.

- Word embeddings: int8, one scale a row.
- Matrix products: dynamic int8, one scale an output channel for weights and one a run for activations.
- Outliers: some input channels of the feed-forward layers are ten times the rest, and one scale for all would
  round the rest away. The eight largest of such a product are left in float32, a small product of their own
  that is added (Dettmers et al. 2022, LLM.int8()).

What else was tried, and how fast and how faithful each was, stands in ``training/SPEED.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import QuantType, quantize_dynamic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_LARGEST_INT8 = 127
_OUTLIERS = 8
_OUTLIER_RATIO = 6.0  # of a channel's largest activation to that of the median channel
_FLOAT = ":float"


def quantize(source: Path, target: Path, samples: Sequence[Mapping[str, NDArray[np.int64]]]) -> None:
    """Writes the int8 form of a float32 graph.

    Args:
        source: the float32 graph, its weights inside; it is changed.
        target: where the int8 graph goes.
        samples: inputs of some typical sentences, which show where activations are large.
    """
    model = onnx.load(source)
    _part_outliers(model.graph, _largest_activations(model, samples))
    _quantize_embeddings(model.graph)
    onnx.save(model, source)
    quantize_dynamic(
        source,
        target,
        per_channel=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
        nodes_to_exclude=[node.name for node in model.graph.node if node.name.endswith(_FLOAT)],
        extra_options={"DefaultTensorType": TensorProto.FLOAT},  # onnx cannot infer types past fused steps
    )


def _products(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The matrix products with a constant on the right."""
    weights = {tensor.name for tensor in graph.initializer}
    return [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in weights]


def _largest_activations(
    model: onnx.ModelProto, samples: Sequence[Mapping[str, NDArray[np.int64]]]
) -> dict[str, NDArray[np.float32]]:
    """For the input of each product, the largest absolute value of each channel over the samples."""
    names = sorted({node.input[0] for node in _products(model.graph)})
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    known = {output.name for output in watched.graph.output}
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names if name not in known
    )
    session = InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    taken = [node.name for node in session.get_inputs()]
    largest: dict[str, NDArray[np.float32]] = {}
    for sample in samples:
        for name, values in zip(names, session.run(names, {i: sample[i] for i in taken}), strict=True):
            of_channels = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, of_channels), of_channels)
    return largest


def _part_outliers(graph: onnx.GraphProto, largest: Mapping[str, NDArray[np.float32]]) -> None:
    """Where few input channels are far larger than the rest, gives them a product of their own."""
    products = {node.name: node for node in _products(graph)}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        channels = largest.get(node.input[0]) if node.name in products else None
        if channels is None or channels.max() < _OUTLIER_RATIO * np.median(channels):
            nodes.append(node)
            continue
        weight = numpy_helper.to_array(weights[node.input[1]]).copy()
        outliers = np.sort(np.argsort(-channels, kind="stable")[:_OUTLIERS])
        nodes += _parted(graph, node, weight, outliers)
        weight[outliers] = 0
        weights[node.input[1]].CopyFrom(numpy_helper.from_array(weight, node.input[1]))
    del graph.node[:]
    graph.node.extend(nodes)


def _parted(
    graph: onnx.GraphProto, node: onnx.NodeProto, weight: NDArray[Any], outliers: NDArray[np.int64]
) -> list[onnx.NodeProto]:
    """The steps that take the place of a product: the rest in int8, the outliers in float32, their sum."""
    others = np.ones(len(weight), np.float32)
    others[outliers] = 0
    name, x = node.name, node.input[0]
    for suffix, values in (("others", others), ("outliers", outliers), ("large_weight", weight[outliers])):
        graph.initializer.append(numpy_helper.from_array(values, f"{name}:{suffix}"))
    small = onnx.NodeProto()
    small.CopyFrom(node)
    small.input[0], small.output[0] = f"{name}:small", f"{name}:int8"
    return [
        helper.make_node("Mul", [x, f"{name}:others"], [f"{name}:small"]),
        helper.make_node("Gather", [x, f"{name}:outliers"], [f"{name}:large"], axis=-1),
        helper.make_node(
            "MatMul", [f"{name}:large", f"{name}:large_weight"], [f"{name}:rest"], name=f"{name}{_FLOAT}"
        ),
        small,
        helper.make_node("Add", [f"{name}:int8", f"{name}:rest"], list(node.output)),
    ]


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
