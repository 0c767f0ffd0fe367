"""Logits to calibrated scores to labels: the one place where a number becomes a decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimclf.labels import LABELS, Label
from claimclf.prediction import Prediction, Scores

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Calibration:
    """What turns logits into probabilities and probabilities into labels; fitted by ``training.calibrate``.

    Attributes:
        temperatures: one per label, positive; the score of a label is ``sigmoid(logit / temperature)``
            (Guo et al. 2017, On Calibration of Modern Neural Networks, one temperature a label).
        thresholds: one per label, in (0, 1); a label is given when its score reaches its threshold.
        none_temperature: positive; scales the log-odds that all four acts are absent.
    """

    temperatures: tuple[float, ...]
    thresholds: tuple[float, ...]
    none_temperature: float


IDENTITY = Calibration(
    temperatures=(1.0,) * len(LABELS), thresholds=(0.5,) * len(LABELS), none_temperature=1.0
)

# The logits of a text without a word in it: every act is certainly absent.
BLANK_LOGITS = (-math.inf,) * len(LABELS)


def decide(
    logits: Sequence[float], calibration: Calibration, *, allow_none: bool = True, receipt: str = ""
) -> Prediction:
    """The prediction for one sentence.

    Of accusation, denial and call to action, every one whose score reaches its threshold is given, the one
    furthest above it (in log-odds) first. Factual report is given only where none of the three is: it stands
    alone in the codebook.

    Args:
        logits: shape (4,), one per label in label order, uncalibrated log-odds.
        calibration: the model's temperatures and thresholds.
        allow_none: if False, a sentence with no label gets the one closest to its threshold, unless it is
            blank.
        receipt: see `Prediction`.

    >>> decide([3.0, -4.0, -4.0, -2.0], IDENTITY)
    Prediction(accusation 0.95)
    >>> decide([-3.0, -4.0, -4.0, -2.0], IDENTITY)
    Prediction(none 0.81)
    >>> decide([-3.0, -4.0, -4.0, -2.0], IDENTITY, allow_none=False)
    Prediction(factual_report 0.12)
    """
    log_odds = [z / t for z, t in zip(logits, calibration.temperatures, strict=True)]
    scores = Scores(tuple(_sigmoid(z) for z in log_odds))
    margins = {
        label: z - _logit(threshold)
        for label, z, threshold in zip(LABELS, log_odds, calibration.thresholds, strict=True)
    }
    strongest_first: list[Label] = sorted(LABELS, key=lambda label: -margins[label])
    given = [label for label in strongest_first if margins[label] >= 0]
    acts = [label for label in given if label is not Label.FACTUAL_REPORT]
    labels: tuple[Label, ...] = tuple(acts or given)
    if not labels and not allow_none and margins[strongest_first[0]] > -math.inf:
        labels = (strongest_first[0],)
    if not labels:
        none = probability_of_none(log_odds, calibration.none_temperature)
        return Prediction(None, none, scores, (), receipt)
    return Prediction(labels[0], scores[labels[0]], scores, labels, receipt)


def probability_of_none(log_odds: Sequence[float], none_temperature: float) -> float:
    """Calibrated probability that a sentence does none of the four.

    The log-odds of the product of the four complements, divided by their own temperature.

    Args:
        log_odds: shape (4,), calibrated log-odds of each label.
        none_temperature: as in `Calibration`.
    """
    log_none = -sum(_softplus(z) for z in log_odds)
    log_any = math.log(-math.expm1(log_none)) if log_none < 0 else -math.inf
    return _sigmoid((log_none - log_any) / none_temperature)


def _sigmoid(z: float) -> float:
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))
