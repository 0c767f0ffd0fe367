"""A fine-tuned model to the files of a model directory: float16 safetensors and int8 ONNX."""

from __future__ import annotations

import logging
import warnings
from inspect import signature
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnxruntime import InferenceSession

from claimclf.labels import LABELS
from claimclf.model_dir import ONNX
from training.fused_graph import can_be_fused, fused_graph
from training.quantize import quantize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_OPSET = 18
_TOLERANCE = 1e-3
_SAMPLES = 500


def export(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path, *, samples: Sequence[str]
) -> None:
    """Writes config.json, model.safetensors (float16), the tokenizer and onnx/model_quantized.onnx (int8).

    Both are made from the same float16-rounded weights. The model is left in float32, in evaluation mode.

    Args:
        model: what was trained.
        tokenizer: its tokenizer, with its window as the longest input.
        directory: where the files go.
        samples: typical sentences, for the quantisation to see what activations are like.
    """
    model.config.id2label = {i: label.value for i, label in enumerate(LABELS)}
    model.config.label2id = {label.value: i for i, label in enumerate(LABELS)}
    model.config.problem_type = "multi_label_classification"
    model.eval()  # type: ignore[no-untyped-call]
    model.cpu().half().save_pretrained(directory)  # type: ignore[no-untyped-call]
    model.float()  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(directory)
    path = directory / ONNX
    path.parent.mkdir(parents=True, exist_ok=True)
    float_path = path.with_name("float32.onnx")
    if can_be_fused(model):
        onnx.save(fused_graph(model), float_path)
    else:
        _export_with_torch(model, float_path)
    _check_same_logits(model, float_path)
    step = max(1, len(samples) // _SAMPLES)
    encoded = (tokenizer(text, truncation=True)["input_ids"] for text in samples[::step])
    inputs = (_inputs(model, torch.tensor([ids])) for ids in encoded)
    quantize(float_path, path, [{name: ids.numpy() for name, ids in row.items()} for row in inputs])
    float_path.unlink()
    if any(module.training for module in model.modules()):
        raise AssertionError("the export left a module in training mode")


def _export_with_torch(model: PreTrainedModel, path: Path) -> None:
    inputs = _inputs(model, torch.arange(2 * 8).reshape(2, 8))
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens", min=2)}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _LogitsOnly(model, list(inputs)),
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=["logits"],
            dynamic_shapes=((axes,) * len(inputs),),
            opset_version=_OPSET,
            external_data=False,
            verbose=False,
        )


def _check_same_logits(model: PreTrainedModel, path: Path) -> None:
    """The float32 graph must compute what the model does, at lengths it was not traced with."""
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    for tokens in (3, 8, 21):
        inputs = _inputs(model, torch.arange(7, 7 + tokens).unsqueeze(0))
        with torch.inference_mode():
            expected = model(**inputs).logits.numpy()
        taken = {node.name: inputs[node.name].numpy() for node in session.get_inputs()}
        (exported,) = session.run(["logits"], taken)
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
