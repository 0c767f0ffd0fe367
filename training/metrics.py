"""What is measured: predictions against gold labels, with scikit-learn's figures."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    auc,
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_recall_fscore_support,
)

from claimclf.labels import LABELS
from training.data import NONE, primaries, targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from claimclf.prediction import Prediction
    from training.data import LabelledSentence


@dataclass(frozen=True)
class Outcomes:
    """Gold labels and predictions of the same sentences, side by side as arrays.

    Attributes:
        gold: shape (n,), primary labels as indices in label order, `NONE` for none.
        primary: shape (n,), likewise, as predicted.
        gold_sets: shape (n, 4), 1 where a sentence has a label.
        given_sets: shape (n, 4), likewise, as predicted.
        scores: shape (n, 4), calibrated probabilities.
        confidence: shape (n,), calibrated probability of the primary label.
    """

    gold: NDArray[np.int64]
    primary: NDArray[np.int64]
    gold_sets: NDArray[np.float32]
    given_sets: NDArray[np.float32]
    scores: NDArray[np.float64]
    confidence: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Sequence[LabelledSentence], predictions: Sequence[Prediction]) -> Outcomes:
        """Of sentences and the predictions made for them, in the same order."""
        return cls(
            gold=primaries(rows),
            primary=np.array([NONE if p.label is None else LABELS.index(p.label) for p in predictions]),
            gold_sets=targets(rows),
            given_sets=np.array(
                [[label in p.labels for label in LABELS] for p in predictions], dtype=np.float32
            ),
            scores=np.array([[p.scores[label] for label in LABELS] for p in predictions]),
            confidence=np.array([p.confidence for p in predictions]),
        )

    def take(self, indices: NDArray[np.int64]) -> Outcomes:
        """Some of them, in the order and as often as named."""
        return Outcomes(*(getattr(self, field.name)[indices] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.gold)


@dataclass(frozen=True)
class LabelFigures:
    """How one label fares. NaN where a figure is undefined: recall where the gold has none of it, say.

    Attributes:
        precision: of the primary label.
        recall: of the primary label.
        f1: of the primary label.
        average_precision: area under the precision-recall curve of its score, every label counted.
        calibration_error: expected calibration error of its score, see `calibration_error`.
        brier: mean squared distance of its score from 0 or 1.
        support: how many sentences have it as their primary label.
    """

    precision: float
    recall: float
    f1: float
    average_precision: float
    calibration_error: float
    brier: float
    support: int


@dataclass(frozen=True)
class Figures:
    """How well predictions agree with the gold labels.

    Attributes:
        macro_f1: unweighted mean over the four labels of the F1 of the primary label.
        multilabel_macro_f1: the same with every label a sentence has, not only its primary one.
        accuracy: share of sentences whose primary label, or none, is right.
        exact_match: share of sentences whose set of labels is exactly the gold set.
        risk_coverage_area: mean error rate of the primary label over all shares of sentences kept, the most
            confident first (AURC, Geifman & El-Yaniv 2017); smaller is better.
        per_label: by label name.
        sentences: how many were measured.
    """

    macro_f1: float
    multilabel_macro_f1: float
    accuracy: float
    exact_match: float
    risk_coverage_area: float
    per_label: dict[str, LabelFigures]
    sentences: int

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON types; null where one is undefined."""
        return {
            **{name: _finite(value) for name, value in asdict(self).items() if name != "per_label"},
            "per_label": {
                label: {name: _finite(value) for name, value in asdict(figures).items()}
                for label, figures in self.per_label.items()
            },
        }


OVERALL = ("macro_f1", "multilabel_macro_f1", "accuracy", "exact_match", "risk_coverage_area")
PER_LABEL = ("precision", "recall", "f1", "average_precision", "calibration_error", "brier")


def measure(outcomes: Outcomes) -> Figures:
    """The figures of some outcomes."""
    precision, recall, f1, support = precision_recall_fscore_support(
        outcomes.gold, outcomes.primary, labels=range(len(LABELS)), zero_division=np.nan
    )
    coverage, risk = risk_coverage(outcomes)
    return Figures(
        macro_f1=macro_f1(outcomes.gold, outcomes.primary),
        multilabel_macro_f1=float(
            f1_score(outcomes.gold_sets, outcomes.given_sets, average="macro", zero_division=0.0)
        ),
        accuracy=float(accuracy_score(outcomes.gold, outcomes.primary)),
        exact_match=float(accuracy_score(outcomes.gold_sets, outcomes.given_sets)),
        risk_coverage_area=float(auc(coverage, risk)) if len(outcomes) > 1 else math.nan,
        per_label={
            label.value: LabelFigures(
                float(precision[i]),
                float(recall[i]),
                float(f1[i]),
                *_score_figures(outcomes.gold_sets[:, i], outcomes.scores[:, i]),
                int(support[i]),
            )
            for i, label in enumerate(LABELS)
        },
        sentences=len(outcomes),
    )


def _score_figures(gold: NDArray[np.float32], scores: NDArray[np.float64]) -> tuple[float, float, float]:
    """Average precision, calibration error and Brier score of one label; all of shape (n,)."""
    return (
        float(average_precision_score(gold, scores)) if gold.any() else math.nan,
        calibration_error(gold, scores),
        float(brier_score_loss(gold, scores, pos_label=1)),
    )


def macro_f1(
    gold: NDArray[np.int64], primary: NDArray[np.int64], labels: Sequence[int] = tuple(range(NONE))
) -> float:
    """Macro-F1 of the primary label over the four labels; "none" counts only through the errors it makes.

    Equal to scikit-learn's ``f1_score(…, labels=labels, average="macro", zero_division=0)``, but a hundred
    times as fast, for searches and resamples that call it a hundred thousand times.

    Args:
        gold: shape (n,), label indices or `NONE`.
        primary: shape (n,), likewise, as predicted.
        labels: the labels to average over.
    """
    return float(macro_f1s(gold, primary[np.newaxis], labels)[0])


def macro_f1s(
    gold: NDArray[np.int64], primary: NDArray[np.int64], labels: Sequence[int] = tuple(range(NONE))
) -> NDArray[np.float64]:
    """`macro_f1` of many predictions for the same sentences.

    Args:
        gold: shape (n,).
        primary: shape (predictions, n).
        labels: the labels to average over.

    Returns:
        Shape (predictions,).
    """
    shape = (len(primary), NONE + 1)
    cells = primary + shape[1] * np.arange(len(primary))[:, np.newaxis]
    given = np.bincount(cells.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    hits = np.bincount(cells[primary == gold], minlength=shape[0] * shape[1]).reshape(shape)
    either = given + np.bincount(gold, minlength=shape[1])
    return np.asarray(np.mean((2 * hits / np.maximum(either, 1))[:, list(labels)], axis=1))


@dataclass(frozen=True)
class Bin:
    """Sentences whose score of a label lies in one tenth: how sure the model is, and how often it is right.

    Attributes:
        score: mean score.
        rate: share of them that have the label.
        sentences: how many they are.
    """

    score: float
    rate: float
    sentences: int


def reliability(gold: NDArray[np.float32], scores: NDArray[np.float64], bins: int = 10) -> list[Bin]:
    """The occupied bins of a reliability diagram, of equal width, lowest first.

    Args:
        gold: shape (n,), 1 where the label is right and 0 where it is not.
        scores: shape (n,), probabilities.
        bins: how many bins the interval from 0 to 1 is cut in.
    """
    bin_of = np.minimum((scores * bins).astype(np.int64), bins - 1)
    return [
        Bin(float(scores[here].mean()), float(gold[here].mean()), int(here.sum()))
        for here in (bin_of == b for b in np.unique(bin_of))
    ]


def calibration_error(gold: NDArray[np.float32], scores: NDArray[np.float64], bins: int = 10) -> float:
    """Expected calibration error: the mean distance between score and rate (Naeini et al. 2015).

    Args: as of `reliability`.
    """
    diagram = reliability(gold, scores, bins)
    return float(np.average([abs(b.score - b.rate) for b in diagram], weights=[b.sentences for b in diagram]))


def risk_coverage(outcomes: Outcomes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The risk-coverage curve: what error rate is left when only the most confident sentences are kept.

    Sentences of equal confidence are kept or left together.

    Returns:
        Two arrays of one shape: shares of sentences kept, ascending to 1, and their error rates.
    """
    order = np.argsort(-outcomes.confidence, kind="stable")
    wrong = (outcomes.gold != outcomes.primary)[order]
    kept = np.arange(1, len(order) + 1)
    last_of_equals = np.append(np.diff(outcomes.confidence[order]) != 0, True)
    coverage = (kept / len(order))[last_of_equals]
    risk = (np.cumsum(wrong) / kept)[last_of_equals]
    return np.insert(coverage, 0, 0.0), np.insert(risk, 0, risk[0])


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
