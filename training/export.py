"""A fine-tuned model to the files of a model directory: float16 safetensors and int8 ONNX."""

from __future__ import annotations

import logging
import warnings
from inspect import signature
from typing import TYPE_CHECKING

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
    inputs = _inputs(model, torch.arange(2 * 8).reshape(2, 8))
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens", min=2)}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _LogitsOnly(model, list(inputs)),
            tuple(inputs.values()),
            float_path,
            input_names=list(inputs),
            output_names=["logits"],
            dynamic_shapes=((axes,) * len(inputs),),
            opset_version=_OPSET,
            external_data=False,
            verbose=False,
        )
    _check_same_logits(model, float_path)
    quantize(float_path, path, intermediate_size=_intermediate_size(model))
    float_path.unlink()


def _check_same_logits(model: PreTrainedModel, path: Path) -> None:
    """The float32 graph must compute what the model does, at lengths it was not traced with."""
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    for tokens in (3, 8, 21):
        inputs = _inputs(model, torch.arange(7, 7 + tokens).unsqueeze(0))
        with torch.inference_mode():
            expected = model(**inputs).logits.numpy()
        (exported,) = session.run(["logits"], {name: value.numpy() for name, value in inputs.items()})
        if not np.allclose(exported, expected, atol=_TOLERANCE):
            worst = float(np.abs(exported - expected).max())
            raise AssertionError(f"the ONNX graph is not the model: logits of {tokens} tokens off by {worst}")


def _inputs(model: PreTrainedModel, numbers: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the model takes, of a shape (batch, tokens); encoders without segments take no token types.

    Each is a tensor of its own: torch.export takes one that is passed twice for a single input.
    """
    ids = numbers % int(model.config.vocab_size)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "token_type_ids" in signature(model.forward).parameters:
        inputs["token_type_ids"] = torch.zeros_like(ids)
    return inputs


def _intermediate_size(model: PreTrainedModel) -> int:
    """Width of the feed-forward layers, as BERT or DistilBERT call it."""
    return int(getattr(model.config, "intermediate_size", None) or model.config.hidden_dim)


class _LogitsOnly(torch.nn.Module):
    """The model with positional inputs and one tensor out, as a graph wants it."""

    def __init__(self, model: PreTrainedModel, inputs: list[str]) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs
        self.eval()

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(**dict(zip(self.inputs, tensors, strict=True))).logits
        return logits
