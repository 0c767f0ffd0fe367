"""What a new model is worth: its figures, what int8 costs, whether it is better than the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claimclf.classifier import ClaimClassifier
from claimclf.errors import ExportDisagreesError
from training.baselines import Linear, tfidf_features
from training.comparison import Comparison, comparison, verdict
from training.data import read_labelled
from training.evaluation import evaluation
from training.metrics import Figures, Outcomes, measure
from training.terminal import points
from training.training_data import CORPUS_TEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from claimclf.prediction import Prediction
    from training.config import TrainingConfig
    from training.data import LabelledSentence
    from training.training_data import TrainingData

INT8, FLOAT32, BASELINE = "int8", "float32", "TF-IDF + logistic regression"


@dataclass(frozen=True)
class Measured:
    """A new model, its float form and, where asked for, a baseline on the dev sentences.

    Attributes:
        name: of the model.
        dev_name: what the sentences are called.
        source: the file they come from, or what they are called where they are a part of one.
        dev: the sentences.
        predictions: of each system, by its name.
    """

    name: str
    dev_name: str
    source: str
    dev: Sequence[LabelledSentence]
    predictions: Mapping[str, list[Prediction]]

    @classmethod
    def of(cls, directory: Path, config: TrainingConfig, data: TrainingData) -> Measured:
        """Measures a calibrated model directory; a baseline learns from what the model learned from."""
        texts = [row.text for row in data.dev]
        predictions = {
            INT8: ClaimClassifier.from_pretrained(directory).predict(texts),
            FLOAT32: ClaimClassifier.from_pretrained(directory, backend="torch").predict(texts),
        }
        if config.baseline:
            baseline = Linear(
                tfidf_features(),
                data.train,
                data.validation,
                seed=config.seed,
                weights=config.calibration_weights,
            )
            predictions[BASELINE] = baseline.predict(texts)
        return cls(config.name, data.dev_name, config.dev or data.dev_name, data.dev, predictions)

    @property
    def flips(self) -> int:
        """How many labels int8 changes."""
        pairs = zip(self.predictions[INT8], self.predictions[FLOAT32], strict=True)
        return sum(a.label is not b.label for a, b in pairs)

    def refuse_flips(self, allowed: float) -> None:
        """Does nothing where int8 changes no more labels than allowed, as a share.

        Raises:
            ExportDisagreesError: it does.
        """
        if self.flips > allowed * len(self.dev):
            raise ExportDisagreesError(self.flips, len(self.dev), allowed)

    def figures(self) -> dict[str, Figures]:
        """The figures of each system."""
        return {name: measure(Outcomes.of(self.dev, p)) for name, p in self.predictions.items()}

    def summary(self) -> dict[str, Any]:
        """The figures as plain JSON types."""
        return {
            "on": self.dev_name,
            "sentences": len(self.dev),
            "flips": self.flips,
            "systems": {name: figures.to_dict() for name, figures in self.figures().items()},
        }

    def to_dict(self) -> dict[str, Any]:
        """The same, and the whole evaluation of the int8 model, with intervals; it quotes no sentence."""
        whole = evaluation(self.name, self.dev, self.predictions[INT8], source=self.source)
        return {**self.summary(), "evaluation": whole.to_dict()}


@dataclass(frozen=True)
class Against:
    """A new model against another on the same sentences.

    Attributes:
        rival: the other model's name.
        data: what the sentences are called.
        compared: new minus other.
    """

    rival: str
    data: str
    compared: Comparison

    @classmethod
    def of(
        cls, rival: ClaimClassifier, data: str, rows: Sequence[LabelledSentence], new: Sequence[Prediction]
    ) -> Against:
        """Compares predictions for some sentences with those of a rival."""
        old = rival.predict([row.text for row in rows])
        return cls(rival.metadata.name, data, comparison(rows, new, old))

    def sentence(self) -> str:
        """Whether the new model is better, in plain words."""
        difference = self.compared.differences["macro_f1"]
        words = verdict(difference, "the new model", self.rival)
        return (
            f"Against {self.rival} on {self.data}, {self.compared.sentences} sentences: {words}, macro-F1 "
            f"{points(difference)} points."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; sentences are named by id."""
        return {"rival": self.rival, "data": self.data, **self.compared.to_dict()}


def old_skills(directory: Path, rival: ClaimClassifier) -> Against:
    """A new model against that which it went on from, on the test part of the project's own corpus."""
    rows = read_labelled(CORPUS_TEST)
    new = ClaimClassifier.from_pretrained(directory).predict([row.text for row in rows])
    return Against.of(rival, "the project's own corpus", rows, new)
