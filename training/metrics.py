"""What is measured: labels against gold, with scikit-learn's figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support

from claimclf.labels import LABELS
from training.data import NONE, primaries, targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from claimclf.prediction import Prediction
    from training.data import LabelledSentence


@dataclass(frozen=True)
class LabelFigures:
    """Precision, recall and F1 of one label as the primary label, and how often it is in the gold."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Figures:
    """How well predictions agree with the gold labels.

    Attributes:
        macro_f1: unweighted mean over the four labels of the F1 of the primary label.
        multilabel_macro_f1: the same with every label a sentence has, not only its primary one.
        exact_match: share of sentences whose set of labels is exactly the gold set.
        per_label: by label name, of the primary label.
        calibration_error: by label name, the expected calibration error of its score.
        sentences: how many were measured.
    """

    macro_f1: float
    multilabel_macro_f1: float
    exact_match: float
    per_label: dict[str, LabelFigures]
    calibration_error: dict[str, float]
    sentences: int

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON types."""
        return asdict(self)


def measure(rows: Sequence[LabelledSentence], predictions: Sequence[Prediction]) -> Figures:
    """The figures of some predictions on the sentences they were made for, in the same order."""
    gold = primaries(rows)
    primary = np.array([NONE if p.label is None else LABELS.index(p.label) for p in predictions])
    precision, recall, f1, support = precision_recall_fscore_support(
        gold, primary, labels=range(len(LABELS)), zero_division=0.0
    )
    gold_sets = targets(rows)
    sets = np.array([[label in p.labels for label in LABELS] for p in predictions], dtype=np.float32)
    return Figures(
        macro_f1=macro_f1(gold, primary),
        multilabel_macro_f1=float(f1_score(gold_sets, sets, average="macro", zero_division=0.0)),
        exact_match=float((gold_sets == sets).all(axis=1).mean()),
        per_label={
            label.value: LabelFigures(float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, label in enumerate(LABELS)
        },
        calibration_error={
            label.value: calibration_error(
                gold_sets[:, i], np.array([p.scores[label] for p in predictions], dtype=np.float64)
            )
            for i, label in enumerate(LABELS)
        },
        sentences=len(rows),
    )


def macro_f1(gold: NDArray[np.int64], primary: NDArray[np.int64]) -> float:
    """Macro-F1 of the primary label over the four labels; "none" counts only through the errors it makes.

    Equal to scikit-learn's ``f1_score(…, labels=range(4), average="macro")``, but a hundred times as fast,
    for searches that call it a hundred thousand times.

    Args:
        gold: shape (n,), label indices or `NONE`.
        primary: shape (n,), likewise, as predicted.
    """
    hits = np.bincount(gold[gold == primary], minlength=NONE + 1)
    either = np.bincount(gold, minlength=NONE + 1) + np.bincount(primary, minlength=NONE + 1)
    return float(np.mean(2 * hits[:NONE] / np.maximum(either[:NONE], 1)))


def calibration_error(gold: NDArray[np.float32], scores: NDArray[np.float64], bins: int = 10) -> float:
    """Expected calibration error: the mean distance between confidence and accuracy (Naeini et al. 2015).

    Args:
        gold: shape (n,), 1 where the label is right and 0 where it is not.
        scores: shape (n,), probabilities.
        bins: how many bins of equal width the scores are sorted into.
    """
    bin_of = np.minimum((scores * bins).astype(np.int64), bins - 1)
    occupied = np.unique(bin_of)
    gaps = [abs(scores[bin_of == b].mean() - gold[bin_of == b].mean()) for b in occupied]
    return float(np.average(gaps, weights=[(bin_of == b).sum() for b in occupied]))
