"""Ways to learn from labelled sentences, each of which gives logits: what a learning curve is drawn of."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from claimclf.errors import OptionError
from claimclf.labels import LABELS
from training.base_model import BaseModel
from training.baselines import Linear, static_features, tfidf_features

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from training.config import TrainingConfig
    from training.data import LabelledSentence

    Rows = Sequence[LabelledSentence]

FINE_TUNE = "fine-tune"
LEARNERS = (FINE_TUNE, "tfidf", "static")

Logits = Callable[[Sequence[str]], NDArray[np.float32]]
Learner = Callable[["Rows", "Rows", int], Logits]

_BATCH = 64


def learner(name: str, config: TrainingConfig, *, least_steps: int = 0) -> Learner:
    """The learner of that name: from training sentences, validation sentences and a seed to logits.

    Args:
        name: one of `LEARNERS`.
        config: of the fine-tuning, and which model to start from.
        least_steps: of the fine-tuning; where the configured epochs make fewer there are more epochs. Few
            sentences need more epochs (Mosbach et al. 2021, On the Stability of Fine-tuning BERT).

    Raises:
        OptionError: the name is unknown.
        ClaimclfError: there is no model where one is needed.
    """
    match name:
        case "fine-tune":
            start = BaseModel.find(config).path
            return lambda train, validation, seed: _fine_tuned(
                replace(config, seed=seed, epochs=_epochs(config, len(train), least_steps)),
                start,
                train,
                validation,
            )
        case "tfidf":
            return lambda train, validation, seed: (
                Linear(tfidf_features(), train, validation, seed=seed).logits
            )
        case "static":
            features = static_features(BaseModel.find(config).path)
            return lambda train, validation, seed: Linear(features, train, validation, seed=seed).logits
    raise OptionError("learner", name, " or ".join(LEARNERS))


def _epochs(config: TrainingConfig, sentences: int, least_steps: int) -> int:
    steps_an_epoch = -(-sentences // config.batch_size)
    return max(config.epochs, -(-least_steps // steps_an_epoch))


def _fine_tuned(config: TrainingConfig, start: Path, train: Rows, validation: Rows) -> Logits:
    from training.averaged_runs import fine_tune_averaged

    with tempfile.TemporaryDirectory() as work:
        model, tokenizer = fine_tune_averaged(config, start, train, validation, Path(work), resume=False)
    return lambda texts: _logits(model, tokenizer, texts)


def _logits(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> NDArray[np.float32]:
    """Shape (len(texts), 4), in float32; texts of like length are computed together."""
    import torch

    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    logits = np.empty((len(texts), len(LABELS)), dtype=np.float32)
    model.eval()  # type: ignore[no-untyped-call]
    for start in range(0, len(texts), _BATCH):
        batch = by_length[start : start + _BATCH]
        encoded: Any = tokenizer(
            [texts[i] for i in batch], padding=True, truncation=True, return_tensors="pt"
        )
        with torch.inference_mode():
            logits[batch] = model(**encoded.to(model.device)).logits.float().cpu().numpy()
    return logits
