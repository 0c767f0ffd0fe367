"""An evaluation: everything that is measured of one system on one labelled file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import confusion_matrix

from claimclf.errors import LabelledDataError, OptionError
from claimclf.labels import LABELS
from claimclf.model_dir import file_sha256
from training.bootstrap import RESAMPLES, Estimate, estimates
from training.columns import NONE_NAME
from training.data import CLASSES, LabelledSentence, counts
from training.label_cells import is_missing
from training.metrics import OVERALL, PER_LABEL, Bin, Outcomes, macro_f1, measure, reliability, risk_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from claimclf.prediction import Prediction

SCHEMA_VERSION = 1
SCHEMA = Path(__file__).parent / "schemas" / "evaluation.json"
LENGTH = "length"
_WORDS = (10, 20, 30, 45)  # upper bounds of the length slices, in words
_WORST = 50
_COVERAGES = np.linspace(0.05, 1.0, 20)
_SCORES = (0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class DataSummary:
    """What was measured on: a file's name and sha256 (None for a data set), and what is in it."""

    name: str
    sha256: str | None
    sentences: int
    documents: int
    primary_labels: dict[str, int]

    @classmethod
    def of(cls, source: str | Path, rows: Sequence[LabelledSentence]) -> DataSummary:
        """Of labelled sentences and the file they come from."""
        path = Path(source)
        sha256 = file_sha256(path) if path.is_file() else None
        return cls(path.name, sha256, len(rows), len({row.doc for row in rows}), counts(rows))


@dataclass(frozen=True)
class Slice:
    """A part of the sentences.

    Attributes:
        sentences: how many.
        accuracy: share whose primary label, or none, is right.
        macro_f1: mean F1 of the primary label over the labels that the gold of the part has.
    """

    sentences: int
    accuracy: Estimate
    macro_f1: Estimate


@dataclass(frozen=True)
class Kept:
    """What is found of a label where only scores of some height count.

    Attributes:
        sentences: how many are given it as their primary label with such a score.
        precision: share of these whose primary label it is in the gold.
        recall: share of those whose primary label it is in the gold that are among these.
    """

    sentences: int
    precision: Estimate
    recall: Estimate


@dataclass(frozen=True)
class Mistake:
    """A sentence with a wrong primary label."""

    sentence: LabelledSentence
    prediction: Prediction


@dataclass(frozen=True)
class Evaluation:
    """Everything that is measured of one system on one labelled file.

    Attributes:
        system: what was measured, in a word.
        data: what it was measured on.
        overall: the figures of `training.metrics.Figures`, with intervals.
        per_label: the figures of `training.metrics.LabelFigures` by label name, with intervals.
        confusion: shape (5, 5): sentences by gold (rows) and predicted (columns) class, order of `CLASSES`.
        reliability: by label name, the bins of its reliability diagram.
        risk_at_coverage: error rate when the share of the most confident sentences is kept.
        at_least: by label name and lowest score that counts, what is found of the primary label.
        slices: by column and value, the sentences with that value.
        worst: the most confident mistakes, the worst first.
        outcomes: what all of it was computed from.
    """

    system: str
    data: DataSummary
    overall: dict[str, Estimate]
    per_label: dict[str, dict[str, Estimate]]
    confusion: list[list[int]]
    reliability: dict[str, list[Bin]]
    risk_at_coverage: dict[float, float]
    at_least: dict[str, dict[float, Kept]]
    slices: dict[str, dict[str, Slice]]
    worst: list[Mistake]
    outcomes: Outcomes

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, valid under ``schemas/evaluation.json``. Sentences are named by id, not quoted."""
        return {
            "schema_version": SCHEMA_VERSION,
            "system": self.system,
            "data": asdict(self.data),
            "overall": {name: estimate.to_dict() for name, estimate in self.overall.items()},
            "per_label": {
                label: {name: estimate.to_dict() for name, estimate in figures.items()}
                for label, figures in self.per_label.items()
            },
            "confusion": {"classes": list(CLASSES), "gold_by_predicted": self.confusion},
            "reliability": {label: [asdict(b) for b in bins] for label, bins in self.reliability.items()},
            "risk_at_coverage": [
                {"coverage": coverage, "risk": risk} for coverage, risk in self.risk_at_coverage.items()
            ],
            "at_least": {
                label: [
                    {
                        "score": score,
                        "sentences": kept.sentences,
                        "precision": kept.precision.to_dict(),
                        "recall": kept.recall.to_dict(),
                    }
                    for score, kept in by_score.items()
                ]
                for label, by_score in self.at_least.items()
            },
            "slices": {
                column: {
                    value: {
                        "sentences": part.sentences,
                        "accuracy": part.accuracy.to_dict(),
                        "macro_f1": part.macro_f1.to_dict(),
                    }
                    for value, part in parts.items()
                }
                for column, parts in self.slices.items()
            },
            "worst": [
                {
                    "id": mistake.sentence.key,
                    "gold": [label.value for label in mistake.sentence.labels],
                    "predicted": [label.value for label in mistake.prediction.labels],
                    "confidence": mistake.prediction.confidence,
                }
                for mistake in self.worst
            ],
        }


def evaluation(
    system: str,
    rows: Sequence[LabelledSentence],
    predictions: Sequence[Prediction],
    *,
    source: str | Path,
    slice_by: Sequence[str] = (),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measures predictions on the sentences they were made for, in the same order.

    Args:
        system: what made the predictions, in a word.
        rows: the sentences.
        predictions: one for each of them.
        source: the file or data set the sentences come from.
        slice_by: columns to slice by; length, in words, always is one.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Raises:
        LabelledDataError: there is no column of a name in `slice_by`.
        OptionError: a column in it is called like the slices by length.
    """
    outcomes = Outcomes.of(rows, predictions)
    documents = [row.doc for row in rows]

    def intervals(
        statistics: Callable[[Outcomes], Mapping[str, float]], here: NDArray[np.int64]
    ) -> dict[str, Estimate]:
        part = outcomes.take(here)
        return estimates(
            lambda sample: statistics(part.take(sample)),
            [documents[i] for i in here],
            seed=seed,
            resamples=resamples,
        )

    everywhere = np.arange(len(rows))
    figures = intervals(_flat, everywhere)
    kept = intervals(_kept_figures, everywhere)
    coverage, risk = risk_coverage(outcomes)
    return Evaluation(
        system=system,
        data=DataSummary.of(source, rows),
        overall={name: figures[name] for name in OVERALL},
        per_label={
            label.value: {name: figures[f"{label.value} {name}"] for name in PER_LABEL} for label in LABELS
        },
        confusion=confusion_matrix(outcomes.gold, outcomes.primary, labels=range(len(CLASSES))).tolist(),
        reliability={
            label.value: reliability(outcomes.gold_sets[:, i], outcomes.scores[:, i])
            for i, label in enumerate(LABELS)
        },
        risk_at_coverage={
            round(float(share), 2): float(np.interp(share, coverage, risk)) for share in _COVERAGES
        },
        at_least={
            label.value: {
                score: Kept(
                    int(_found(outcomes, index, score).sum()),
                    kept[f"{label} {score} precision"],
                    kept[f"{label} {score} recall"],
                )
                for score in _SCORES
            }
            for index, label in enumerate(LABELS)
        },
        slices={
            column: {
                value: Slice(len(here), **intervals(_slice_figures, np.array(here)))
                for value, here in parts.items()
            }
            for column, parts in _slices(rows, slice_by).items()
        },
        worst=_worst(rows, predictions),
        outcomes=outcomes,
    )


def _flat(outcomes: Outcomes) -> dict[str, float]:
    figures = measure(outcomes)
    per_label = {
        f"{label} {name}": getattr(of_label, name)
        for label, of_label in figures.per_label.items()
        for name in PER_LABEL
    }
    return {**{name: getattr(figures, name) for name in OVERALL}, **per_label}


def _found(outcomes: Outcomes, label: int, score: float) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (outcomes.primary == label) & (outcomes.scores[:, label] >= score)
    return found


def _kept_figures(outcomes: Outcomes) -> dict[str, float]:
    figures = {}
    for index, label in enumerate(LABELS):
        gold = outcomes.gold == index
        for score in _SCORES:
            found = _found(outcomes, index, score)
            right = int((found & gold).sum())
            figures[f"{label} {score} precision"] = right / found.sum() if found.any() else np.nan
            figures[f"{label} {score} recall"] = right / gold.sum() if gold.any() else np.nan
    return figures


def _slice_figures(outcomes: Outcomes) -> dict[str, float]:
    labels = [index for index in range(len(LABELS)) if (outcomes.gold == index).any()]
    return {
        "accuracy": float((outcomes.gold == outcomes.primary).mean()),
        "macro_f1": macro_f1(outcomes.gold, outcomes.primary, labels) if labels else np.nan,
    }


def _slices(rows: Sequence[LabelledSentence], columns: Sequence[str]) -> dict[str, dict[str, list[int]]]:
    """Indices of the sentences by column and value, lengths in order, other values most frequent first."""
    if LENGTH in columns:
        raise OptionError("slice", LENGTH, "a column of another name: the length in words always is a slice")
    parts: dict[str, dict[str, list[int]]] = {LENGTH: {name: [] for name in _length_names()}}
    for index, row in enumerate(rows):
        words = len(row.text.split())
        parts[LENGTH][_length_names()[sum(words > bound for bound in _WORDS)]].append(index)
        for column in columns:
            if column not in row.columns:
                known = ", ".join(str(name) for name in row.columns)
                raise LabelledDataError(row.place, f"no column {column!r}", f"Slice by one of: {known}.")
            value = row.columns[column]
            name = NONE_NAME if is_missing(value) else str(value)
            parts.setdefault(column, {}).setdefault(name, []).append(index)
    by_size = {
        column: dict(sorted(values.items(), key=lambda item: -len(item[1])))
        for column, values in parts.items()
    }
    return {**by_size, LENGTH: {name: here for name, here in parts[LENGTH].items() if here}}


def _length_names() -> list[str]:
    starts = (1, *(bound + 1 for bound in _WORDS))
    return [*(f"{a}–{b}" for a, b in zip(starts, _WORDS, strict=False)), f"over {_WORDS[-1]}"]


def _worst(rows: Sequence[LabelledSentence], predictions: Sequence[Prediction]) -> list[Mistake]:
    mistakes = [
        Mistake(row, prediction)
        for row, prediction in zip(rows, predictions, strict=True)
        if prediction.label != (row.labels[0] if row.labels else None)
    ]
    return sorted(mistakes, key=lambda mistake: -mistake.prediction.confidence)[:_WORST]
