from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from transformers import (
    AutoModelForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

from claimclf import ClaimClassifier
from claimclf.backends.onnx import session_options
from claimclf.model_dir import ONNX
from tests.conftest import SAMPLES, tiny_model, tiny_tokenizer
from training import export, quantize
from training.fused_graph import can_be_fused, fused_graph


def graph_of(model_dir: Path) -> onnx.GraphProto:
    return onnx.load(model_dir / ONNX).graph


def outlier_graph(*, large: float) -> onnx.ModelProto:
    """One product of embedded ids, a channel of which is so much larger than the others."""
    table = np.random.default_rng(0).normal(size=(50, 32)).astype(np.float32)
    sizes = np.ones(32, np.float32)
    sizes[5] = large
    weight = np.random.default_rng(1).normal(size=(32, 8)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"], name="gather"),
        helper.make_node("Mul", ["words", "sizes"], ["x"], name="sizes"),
        helper.make_node("MatMul", ["x", "weight"], ["logits"], name="product"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "t"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", "t", 8])],
        [
            numpy_helper.from_array(array, name)
            for name, array in (("table", table), ("sizes", sizes), ("weight", weight))
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.mark.parametrize(("large", "parted"), [(1.0, False), (60.0, True)])
def test_a_channel_far_larger_than_the_rest_is_left_in_float32(
    tmp_path: Path, *, large: float, parted: bool
) -> None:
    samples = [{"input_ids": np.arange(50).reshape(1, 50)}]
    onnx.save(outlier_graph(large=large), tmp_path / "float.onnx")
    expected = InferenceSession(tmp_path / "float.onnx").run(None, samples[0])[0]
    quantize.quantize(tmp_path / "float.onnx", tmp_path / "int8.onnx", samples)
    names = [node.name for node in onnx.load(tmp_path / "int8.onnx").graph.node]
    got = InferenceSession(tmp_path / "int8.onnx", session_options()).run(None, samples[0])[0]
    assert ("product:float" in names) == parted
    assert np.abs(got - expected).max() < 1.5, "5.7 where all channels share a scale"


def test_a_bert_is_fused_and_another_encoder_exported_by_torch(tiny_dir: Path) -> None:
    operators = Counter(node.op_type for node in graph_of(tiny_dir).node)
    assert operators["MultiHeadAttention"] == 2
    assert operators["MatMulInteger"] == 10, (
        "query, key and value at once, output, up and down, of two layers; two of the head"
    )
    assert [node.name for node in graph_of(tiny_dir).input] == ["input_ids"]


def test_a_fused_graph_is_the_model_at_every_length(tmp_path: Path) -> None:
    model = tiny_model(200).eval()
    onnx.save(fused_graph(model), tmp_path / "float.onnx")
    session = InferenceSession(tmp_path / "float.onnx")
    for tokens in (2, 3, 17, 64):
        ids = torch.randint(0, 200, (3, tokens))
        with torch.inference_mode():
            expected = model(ids).logits.numpy()
        np.testing.assert_allclose(session.run(None, {"input_ids": ids.numpy()})[0], expected, atol=1e-5)


def test_only_what_is_known_is_fused() -> None:
    model = tiny_model(200)
    assert can_be_fused(model)
    model.config.hidden_act = "relu"
    assert not can_be_fused(model)


def test_an_encoder_that_is_not_fused_is_exported_with_its_mask(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=4, hidden_dim=64, num_labels=4
    )
    torch.manual_seed(0)
    export.export(DistilBertForSequenceClassification(config), tokenizer, tmp_path, samples=SAMPLES)
    graph = graph_of(tmp_path)
    assert {node.name for node in graph.input} == {"input_ids", "attention_mask"}
    assert sum(node.op_type == "MatMulInteger" for node in graph.node) >= 12


def test_every_large_weight_is_eight_bits(tiny_dir: Path) -> None:
    for tensor in graph_of(tiny_dir).initializer:
        weight = numpy_helper.to_array(tensor)
        if weight.ndim > 1 and weight.shape[0] > 64 and weight.shape[1] > 1:
            assert weight.dtype in (np.int8, np.uint8), tensor.name


def test_a_row_of_the_embeddings_keeps_its_own_scale(tiny_dir: Path) -> None:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph_of(tiny_dir).initializer}
    (rows,) = (array for name, array in tensors.items() if name.endswith("word_embeddings_int8"))
    (scales,) = (array for name, array in tensors.items() if name.endswith("word_embeddings_scales"))
    model = AutoModelForSequenceClassification.from_pretrained(tiny_dir, dtype=torch.float32)
    words = model.get_input_embeddings().weight.detach().numpy()
    assert (np.abs(rows * scales - words) <= scales * 0.51).all()


def test_a_graph_that_is_not_the_model_is_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = tiny_tokenizer()
    other = tiny_model(len(tokenizer))
    torch.nn.init.normal_(other.classifier.weight)
    monkeypatch.setattr(export, "fused_graph", lambda _: fused_graph(other.eval()))
    with pytest.raises(AssertionError, match="the ONNX graph is not the model"):
        export.export(tiny_model(len(tokenizer)), tokenizer, tmp_path, samples=SAMPLES)


def test_nothing_is_left_in_training_mode(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    model = tiny_model(len(tokenizer)).train()
    export.export(model, tokenizer, tmp_path, samples=SAMPLES)
    assert not any(module.training for module in model.modules())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_an_int8_score_does_not_depend_on_the_sentences_beside_it(tiny: ClaimClassifier) -> None:
    text = "Osmani accused Verrin of fraud ."
    alone = tiny.logits([text])
    among = tiny.logits(["Kesh must stop the party now !" * 5, text, "Dolan left ."])
    assert (alone[0] == among[1]).all()
