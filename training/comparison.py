"""Two systems on the same sentences: which is better, how sure that is, and where they part."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from scipy.stats import binomtest

from claimclf.labels import LABELS
from training.bootstrap import RESAMPLES, Estimate, estimates
from training.columns import NONE_NAME
from training.metrics import Outcomes, macro_f1

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from claimclf.labels import Label
    from claimclf.prediction import Prediction
    from training.data import LabelledSentence


@dataclass(frozen=True)
class Parting:
    """A sentence on whose primary label two systems part."""

    sentence: LabelledSentence
    a: Prediction
    b: Prediction


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same sentences.

    Attributes:
        sentences: how many.
        differences: A minus B of macro-F1, accuracy and the F1 of each label, from one paired bootstrap: in
            every resample both are measured on the same documents.
        only_a_right: sentences whose primary label A gets right and B wrong.
        only_b_right: the other way round.
        mcnemar_p: exact two-sided p-value of McNemar's test (1947) that the two err equally often.
        partings: the sentences with different primary labels.
    """

    sentences: int
    differences: dict[str, Estimate]
    only_a_right: int
    only_b_right: int
    mcnemar_p: float
    partings: list[Parting]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types. Sentences are named by id, not quoted."""
        return {
            **{
                name: value for name, value in asdict(self).items() if name not in ("differences", "partings")
            },
            "differences": {name: estimate.to_dict() for name, estimate in self.differences.items()},
            "partings": [
                {
                    "id": parting.sentence.key,
                    "gold": label_names(parting.sentence.labels),
                    "a": label_names(parting.a.labels),
                    "b": label_names(parting.b.labels),
                }
                for parting in self.partings
            ],
        }


def comparison(
    rows: Sequence[LabelledSentence],
    a: Sequence[Prediction],
    b: Sequence[Prediction],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compares the predictions of two systems for the same sentences, in the same order."""
    of_a, of_b = Outcomes.of(rows, a), Outcomes.of(rows, b)
    a_right, b_right = of_a.primary == of_a.gold, of_b.primary == of_b.gold

    def differences(here: NDArray[np.int64]) -> dict[str, float]:
        gold, by_a, by_b = of_a.gold[here], of_a.primary[here], of_b.primary[here]
        return {
            "macro_f1": macro_f1(gold, by_a) - macro_f1(gold, by_b),
            "accuracy": float(a_right[here].mean() - b_right[here].mean()),
            **{
                f"f1 {label}": macro_f1(gold, by_a, [i]) - macro_f1(gold, by_b, [i])
                for i, label in enumerate(LABELS)
            },
        }

    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    return Comparison(
        sentences=len(rows),
        differences=estimates(differences, [row.doc for row in rows], seed=seed, resamples=resamples),
        only_a_right=only_a,
        only_b_right=only_b,
        mcnemar_p=float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0,
        partings=[
            Parting(row, by_a, by_b)
            for row, by_a, by_b in zip(rows, a, b, strict=True)
            if by_a.label is not by_b.label
        ],
    )


def verdict(difference: Estimate, a: str, b: str) -> str:
    """What an interval says, in words."""
    if difference.low > 0:
        return f"{a} is better"
    if difference.high < 0:
        return f"{b} is better"
    return "too close to call"


def label_names(labels: Sequence[Label]) -> str:
    """The acts of a sentence as a cell holds them: ``denial|accusation``, or ``none``."""
    return "|".join(label.value for label in labels) or NONE_NAME
