from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from transformers import AutoModelForSequenceClassification

from claimclf import ClaimClassifier
from claimclf.model_dir import ONNX
from tests.conftest import tiny_model, tiny_tokenizer
from training import export


def graph_of(model_dir: Path) -> onnx.GraphProto:
    return onnx.load(model_dir / ONNX).graph


def test_only_the_lower_feed_forward_layers_are_quantised_in_blocks(tiny_dir: Path) -> None:
    operators = Counter(node.op_type for node in graph_of(tiny_dir).node)
    assert operators["MatMulNBits"] == 2, "up and down of the lower of two layers"
    assert operators["MatMulInteger"] == 12, (
        "query, key, value, output of two layers; two of the upper; two of the head"
    )


def test_every_large_weight_is_eight_bits(tiny_dir: Path) -> None:
    for tensor in graph_of(tiny_dir).initializer:
        weight = numpy_helper.to_array(tensor)
        if weight.ndim > 1 and weight.shape[0] > 64 and weight.shape[1] > 1:
            assert weight.dtype in (np.int8, np.uint8), tensor.name


def test_a_row_of_the_embeddings_keeps_its_own_scale(tiny_dir: Path) -> None:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph_of(tiny_dir).initializer}
    (rows,) = (array for name, array in tensors.items() if name.endswith("word_embeddings.weight_int8"))
    (scales,) = (array for name, array in tensors.items() if name.endswith("word_embeddings.weight_scales"))
    model = AutoModelForSequenceClassification.from_pretrained(tiny_dir, dtype=torch.float32)
    words = model.get_input_embeddings().weight.detach().numpy()
    assert (np.abs(rows * scales - words) <= scales * 0.51).all()


def test_a_graph_that_is_not_the_model_is_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(export._LogitsOnly):
        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            input_ids, *others = tensors
            return super().forward(input_ids.flip(1), *others)

    tokenizer = tiny_tokenizer()
    monkeypatch.setattr(export, "_LogitsOnly", Other)
    with pytest.raises(AssertionError, match="the ONNX graph is not the model"):
        export.export(tiny_model(len(tokenizer)), tokenizer, tmp_path)


def test_nothing_is_left_in_training_mode(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    model = tiny_model(len(tokenizer)).train()
    export.export(model, tokenizer, tmp_path)
    assert not any(module.training for module in model.modules())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_an_int8_score_does_not_depend_on_the_sentences_beside_it(tiny: ClaimClassifier) -> None:
    text = "Osmani accused Verrin of fraud ."
    alone = tiny.logits([text])
    among = tiny.logits(["Kesh must stop the party now !" * 5, text, "Dolan left ."])
    assert (alone[0] == among[1]).all()
