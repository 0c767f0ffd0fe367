"""A BERT classifier as an ONNX graph of few, large steps, for inputs without padding.

What torch exports takes some 270 steps a sentence, many for masks and shapes that one unpadded sentence does
not need, and at the length of a sentence a step costs as much as its arithmetic. Here one product makes
query, key and value, attention is one step (``MultiHeadAttention``), and so are bias and GELU. Float32, the
weights inside; `training.quantize` takes it from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from transformers import BertForSequenceClassification

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

SLOW_FUSIONS = "claimclf.slow_fusions"
"""The key in an ONNX file's metadata that names optimisations which ONNX Runtime had better not make."""

_MICROSOFT = "com.microsoft"
_OPSET = 18
_IR_VERSION = 10


def can_be_fused(model: PreTrainedModel) -> bool:
    """Whether `fused_graph` knows the architecture: BERT with GELU and absolute positions."""
    config = model.config
    return (
        isinstance(model, BertForSequenceClassification)
        and config.hidden_act == "gelu"
        and getattr(config, "position_embedding_type", "absolute") in ("absolute", None)
    )


def fused_graph(model: PreTrainedModel) -> onnx.ModelProto:
    """The graph of a model that `can_be_fused`: ``input_ids`` of shape (batch, tokens) to ``logits``.

    It has no mask: all sentences of a batch must have as many tokens.
    """
    weights = {name: tensor.detach().float().numpy() for name, tensor in model.state_dict().items()}
    graph = _Graph(weights, float(model.config.layer_norm_eps))
    x = graph.embeddings()
    for layer in range(model.config.num_hidden_layers):
        x = graph.layer(x, layer, heads=model.config.num_attention_heads)
    graph.head(x)
    proto = helper.make_graph(
        graph.nodes,
        "bert",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", model.config.num_labels])],
        graph.initializers,
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
    fused = helper.make_model(proto, opset_imports=opsets, ir_version=_IR_VERSION)
    # In ONNX Runtime (1.32) addition and normalisation take three times as long fused as one after the other.
    helper.set_model_props(fused, {SLOW_FUSIONS: "SkipLayerNormFusion"})
    return fused


class _Graph:
    """Steps that are added one after another; each method returns the name of its result."""

    def __init__(self, weights: dict[str, NDArray[Any]], epsilon: float) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._weights = weights
        self._epsilon = epsilon

    def embeddings(self) -> str:
        of = "bert.embeddings."
        word = self._constant("word_embeddings", self._weights[f"{of}word_embeddings.weight"])
        # A single sentence is all segment 0, whose embedding is the same at every position.
        segment = self._weights[f"{of}token_type_embeddings.weight"][0]
        positions = self._weights[f"{of}position_embeddings.weight"] + segment
        words = self._add("Gather", [word, "input_ids"], "words")
        tokens = self._add("Shape", ["input_ids"], "tokens", start=1, end=2)
        start = self._constant("start", np.array([0], np.int64))
        places = self._add("Slice", [self._constant("positions", positions), start, tokens], "places")
        return self._normalised(self._add("Add", [words, places], "embedded"), f"{of}LayerNorm")

    def layer(self, x: str, number: int, *, heads: int) -> str:
        of = f"bert.encoder.layer.{number}."
        parts = [f"{of}attention.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._weights[f"{part}.weight"] for part in parts])
        bias = np.concatenate([self._weights[f"{part}.bias"] for part in parts])
        self._weights |= {f"{of}qkv.weight": weight, f"{of}qkv.bias": bias}
        split = [f"{of}{part}" for part in ("q", "k", "v")]
        self._add("Split", [self._linear(x, f"{of}qkv")], split, num_outputs=3, axis=-1)
        attended = self._add("MultiHeadAttention", split, f"{of}attended", domain=_MICROSOFT, num_heads=heads)
        y = self._linear(attended, f"{of}attention.output.dense")
        y = self._normalised(self._add("Add", [y, x], f"{of}y"), f"{of}attention.output.LayerNorm")
        inner = self._product(y, f"{of}intermediate.dense")
        bias_name = self._constant(f"{of}intermediate.bias", self._weights[f"{of}intermediate.dense.bias"])
        inner = self._add("BiasGelu", [inner, bias_name], f"{of}inner", domain=_MICROSOFT)
        z = self._linear(inner, f"{of}output.dense")
        return self._normalised(self._add("Add", [z, y], f"{of}z"), f"{of}output.LayerNorm")

    def head(self, x: str) -> None:
        first = self._constant("first", np.array(0, np.int64))
        pooled = self._gemm(
            self._add("Gather", [x, first], "sentence", axis=1), "bert.pooler.dense", "pooled"
        )
        self._gemm(self._add("Tanh", [pooled], "pooled_tanh"), "classifier", "logits")

    def _product(self, x: str, name: str) -> str:
        weight = self._constant(f"{name}.weight", self._weights[f"{name}.weight"].T)
        return self._add("MatMul", [x, weight], f"{name}.product")

    def _linear(self, x: str, name: str) -> str:
        bias = self._constant(f"{name}.bias", self._weights[f"{name}.bias"])
        return self._add("Add", [self._product(x, name), bias], f"{name}.sum")

    def _gemm(self, x: str, name: str, result: str) -> str:
        weight = self._constant(f"{name}.weight", self._weights[f"{name}.weight"])
        bias = self._constant(f"{name}.bias", self._weights[f"{name}.bias"])
        return self._add("Gemm", [x, weight, bias], result, transB=1)

    def _normalised(self, x: str, name: str) -> str:
        scale = self._constant(f"{name}.weight", self._weights[f"{name}.weight"])
        shift = self._constant(f"{name}.bias", self._weights[f"{name}.bias"])
        return self._add(
            "LayerNormalization", [x, scale, shift], f"{name}.normal", axis=-1, epsilon=self._epsilon
        )

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self.initializers.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def _add(
        self,
        operator: str,
        inputs: list[str],
        result: str | list[str],
        *,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        outputs = [result] if isinstance(result, str) else result
        name = f"{outputs[0]}:{operator}"
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=name, domain=domain, **attributes))
        return outputs[0]
