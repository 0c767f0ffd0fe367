"""Which system is meant: a model directory, a shipped model or a baseline, by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from claimclf.classifier import ClaimClassifier
from claimclf.errors import BaselineUnavailableError
from training.base_model import encoder_path
from training.baselines import (
    CueWords,
    Linear,
    Majority,
    System,
    ZeroShot,
    static_features,
    tfidf_features,
)
from training.data import LabelledSentence, split_by_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BASELINES = ("majority", "cue-words", "tfidf", "static", "zero-shot")


@dataclass(frozen=True)
class BaselineInputs:
    """What baselines are made from.

    Attributes:
        train: sentences to learn from; without any, no baseline can be made.
        base_model: hub id or path of the encoder whose token embeddings `static` averages.
        nli_model: hub id or path of the NLI model of `zero-shot`.
        validation_fraction: share of the documents held out to calibrate on.
        calibration_weights: as in `training.config.TrainingConfig`.
        seed: of the split and of everything that is fitted.
    """

    train: Sequence[LabelledSentence] = ()
    base_model: str | None = None
    nli_model: str | None = None
    validation_fraction: float = 0.1
    calibration_weights: Mapping[str, float] | None = None
    seed: int = 13

    @cached_property
    def split(self) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
        """Sentences to learn from, and those of other documents to calibrate on."""
        return split_by_document(self.train, self.validation_fraction, self.seed)

    def make(self, name: str) -> System:
        """The baseline of that name.

        Raises:
            BaselineUnavailableError: something it is made from was not given, or is not there.
        """
        if not self.train:
            raise BaselineUnavailableError(name, "there are no sentences to learn from (--train)")
        train, validation = self.split
        match name:
            case "majority":
                return Majority(train)
            case "cue-words":
                return CueWords(train)
            case "tfidf":
                return self._linear(tfidf_features())
            case "static":
                if self.base_model is None:
                    raise BaselineUnavailableError(name, "there is no encoder (--base-model)")
                return self._linear(static_features(encoder_path(self.base_model)))
            case "zero-shot":
                if self.nli_model is None:
                    raise BaselineUnavailableError(name, "there is no NLI model (--nli-model)")
                return ZeroShot(self.nli_model, validation, seed=self.seed)
        raise BaselineUnavailableError(name, f"unknown; known are {', '.join(BASELINES)}")

    def _linear(self, features: object) -> Linear:
        train, validation = self.split
        return Linear(features, train, validation, seed=self.seed, weights=self.calibration_weights)


def system(name: str, inputs: BaselineInputs) -> System:
    """A baseline by name, or a model by its name or directory, loaded.

    Raises:
        BaselineUnavailableError: the baseline cannot be made.
        ClaimclfError: the model cannot be loaded.
    """
    return inputs.make(name) if name in BASELINES else ClaimClassifier.from_pretrained(name)
