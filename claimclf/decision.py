"""Logits to calibrated scores to labels: the one place where a number becomes a decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from claimclf.labels import LABELS, Label
from claimclf.prediction import Prediction, Scores

if TYPE_CHECKING:
    from collections.abc import Sequence


class Temperature(NamedTuple):
    """What log-odds are divided by: one positive number below zero, another above it.

    What a model rejects and what it finds are not equally much too sure of themselves. Log-odds of zero, a
    half, stay what they are, so no temperature moves what is more likely than not.
    """

    below: float
    above: float

    def of(self, log_odds: float) -> float:
        """Log-odds on the calibrated scale.

        >>> Temperature(0.5, 2.0).of(-1.0), Temperature(0.5, 2.0).of(1.0)
        (-2.0, 0.5)
        """
        return log_odds / (self.above if log_odds > 0 else self.below)


@dataclass(frozen=True)
class Calibration:
    """What turns logits into probabilities and probabilities into labels; fitted by ``training.calibrate``.

    Attributes:
        temperatures: one per label; the score of a label is ``sigmoid(logit / temperature)`` (Guo et al.
            2017, On Calibration of Modern Neural Networks; here one a label, and another on either side of a
            half).
        thresholds: one per label, in (0, 1); a label is given when its score reaches its threshold.
        none_temperature: scales the log-odds that all four acts are absent.
    """

    temperatures: tuple[Temperature, ...]
    thresholds: tuple[float, ...]
    none_temperature: Temperature


UNCHANGED = Temperature(1.0, 1.0)
IDENTITY = Calibration(
    temperatures=(UNCHANGED,) * len(LABELS), thresholds=(0.5,) * len(LABELS), none_temperature=UNCHANGED
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
    log_odds = [t.of(z) for z, t in zip(logits, calibration.temperatures, strict=True)]
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


def probability_of_none(log_odds: Sequence[float], none_temperature: Temperature) -> float:
    """Calibrated probability that a sentence does none of the four.

    The log-odds of the product of the four complements, divided by their own temperature.

    Args:
        log_odds: shape (4,), calibrated log-odds of each label.
        none_temperature: as in `Calibration`.
    """
    log_none = -sum(_softplus(z) for z in log_odds)
    log_any = math.log(-math.expm1(log_none)) if log_none < 0 else -math.inf
    return _sigmoid(none_temperature.of(log_none - log_any))


def _sigmoid(z: float) -> float:
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))
