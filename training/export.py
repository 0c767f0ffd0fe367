"""A fine-tuned model to the files of a model directory: float16 safetensors and int8 ONNX."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from onnxruntime import InferenceSession

from claimclf.labels import LABELS
from claimclf.model_dir import ONNX
from training.quantize import quantize

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_OPSET = 18
_TOLERANCE = 1e-3
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def export(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path) -> None:
    """Writes config.json, model.safetensors (float16), the tokenizer and onnx/model_quantized.onnx (int8).

    Both are made from the same float16-rounded weights. The model is left in float32, in evaluation mode.
    """
    model.config.id2label = {i: label.value for i, label in enumerate(LABELS)}
    model.config.label2id = {label.value: i for i, label in enumerate(LABELS)}
    model.config.problem_type = "multi_label_classification"
    model.eval()  # type: ignore[no-untyped-call]
    model.cpu().half().save_pretrained(directory)  # type: ignore[no-untyped-call]
    model.float()  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(directory)
    _export_onnx(model, directory / ONNX)
    if any(module.training for module in model.modules()):
        raise AssertionError("the export left a module in training mode")


def _export_onnx(model: PreTrainedModel, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    float_path = path.with_name("float32.onnx")
    # Three tensors: torch.export takes one tensor passed twice for one input, and drops the other.
    example = (
        torch.arange(2 * 8).reshape(2, 8) % int(model.config.vocab_size),
        torch.ones((2, 8), dtype=torch.long),
        torch.zeros((2, 8), dtype=torch.long),
    )
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens", min=2)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _LogitsOnly(model),
            example,
            float_path,
            input_names=_INPUTS,
            output_names=["logits"],
            dynamic_shapes=(axes, axes, axes),
            opset_version=_OPSET,
            external_data=False,
            verbose=False,
        )
    _check_same_logits(model, float_path)
    quantize(float_path, path, intermediate_size=int(model.config.intermediate_size))
    float_path.unlink()


def _check_same_logits(model: PreTrainedModel, path: Path) -> None:
    """The float32 graph must compute what the model does, at lengths it was not traced with."""
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    for tokens in (3, 8, 21):
        ids = torch.arange(7, 7 + tokens).unsqueeze(0) % int(model.config.vocab_size)
        inputs = dict(zip(_INPUTS, (ids, torch.ones_like(ids), torch.zeros_like(ids)), strict=True))
        with torch.inference_mode():
            expected = model(**inputs).logits.numpy()
        (exported,) = session.run(["logits"], {name: value.numpy() for name, value in inputs.items()})
        if not np.allclose(exported, expected, atol=_TOLERANCE):
            worst = float(np.abs(exported - expected).max())
            raise AssertionError(f"the ONNX graph is not the model: logits of {tokens} tokens off by {worst}")


class _LogitsOnly(torch.nn.Module):
    """The model with positional inputs and one tensor out, as a graph wants it."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> torch.Tensor:
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        logits: torch.Tensor = output.logits
        return logits
