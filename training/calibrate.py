"""Fits what turns logits into probabilities and labels: temperatures and thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar

from claimclf.decision import IDENTITY, UNCHANGED, Calibration, Temperature, probability_of_none
from claimclf.errors import ConfigurationError
from claimclf.labels import LABELS, Label
from training.bootstrap import resampled
from training.data import NONE, primaries, targets
from training.metrics import macro_f1s

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from training.data import LabelledSentence

    Floats = NDArray[np.float64]

_REPORT = LABELS.index(Label.FACTUAL_REPORT)
_TEMPERATURE_BOUNDS = (0.1, 10.0)
_GRID: Floats = np.linspace(0.05, 0.95, 91)
_SWEEPS = 3
_AT_ONCE = 20_000  # decisions: what a processor's cache holds


def fit(
    logits: NDArray[np.float32],
    rows: Sequence[LabelledSentence],
    *,
    seed: int,
    weights: Mapping[str, float] | None = None,
    resamples: int = 50,
    fit_thresholds: bool = True,
) -> Calibration:
    """Temperatures that minimise cross-entropy, thresholds that maximise the primary macro-F1.

    Each side of a half has its own temperature: below lie most sentences, which else would decide alone how
    sure a model may be of the few in which it finds something.

    Thresholds are bagged: fitted on bootstrap resamples of the documents and averaged, which holds better on
    new sentences than the optimum of one sample.

    Args:
        logits: shape (n, 4), of sentences the model was not trained on. Those without a word, whose logits
            are no numbers, tell nothing and are left out.
        rows: those sentences.
        seed: of the resampling.
        weights: by stratum, how much a sentence counts for the temperatures; sentences of other strata are
            left out. None or empty: every sentence counts once.
        resamples: how many thresholds are averaged.
        fit_thresholds: if False, every threshold is a half: a label is given that is more likely than not.
            That holds better on other sentences where those at hand are few or of another kind.

    Raises:
        ConfigurationError: no sentence with a word is of a stratum that has a weight.
    """
    kept = [i for i in calibration_rows(rows, weights) if np.isfinite(logits[i]).all()]
    if not kept:
        raise ConfigurationError("No held-out sentence has a word in it.", "Give more sentences.")
    rows = [rows[i] for i in kept]
    weight = np.array([weights.get(row.stratum, 1.0) if weights else 1.0 for row in rows])
    log_odds = logits[kept].astype(np.float64)
    gold = targets(rows)
    temperatures = tuple(_temperature(log_odds[:, i], gold[:, i], weight) for i in range(len(LABELS)))
    log_odds = tempered(log_odds, temperatures)
    none_log_odds = np.array([_log_odds(probability_of_none(row, UNCHANGED)) for row in log_odds.tolist()])
    thresholds = IDENTITY.thresholds
    if fit_thresholds:
        samples = resampled([row.doc for row in rows], resamples, seed)
        fitted = [_thresholds(log_odds[sample], primaries(rows)[sample]) for sample in samples]
        thresholds = tuple(float(t) for t in np.mean(fitted, axis=0))
    return Calibration(
        temperatures=temperatures,
        thresholds=thresholds,
        none_temperature=_temperature(none_log_odds, gold.max(axis=1) == 0, weight),
    )


def calibration_rows(rows: Sequence[LabelledSentence], weights: Mapping[str, float] | None) -> list[int]:
    """Indices of the sentences that `fit` uses: those of the strata that have a weight.

    All of them where there are no weights, or where no sentence says which stratum it is of.

    Raises:
        ConfigurationError: no sentence is of a stratum that has a weight.
    """
    if not weights or not any(row.stratum for row in rows):
        return list(range(len(rows)))
    kept = [i for i, row in enumerate(rows) if row.stratum in weights]
    if not kept:
        raise ConfigurationError(
            f"No held-out sentence is of a stratum in calibration_weights ({', '.join(weights)}).",
            "Name strata that the training data has, or leave calibration_weights out.",
        )
    return kept


def tempered(logits: NDArray[Any], temperatures: Sequence[Temperature]) -> Floats:
    """Calibrated log-odds of many sentences at once, as `Temperature.of` gives each; shape (n, 4)."""
    below, above = np.array(temperatures).T
    return np.asarray(logits / np.where(logits > 0, above, below))


def primary_of(log_odds: Floats, thresholds: Floats) -> NDArray[np.int64]:
    """The primary label of many sentences at once; the same as `claimclf.decision.decide` gives each.

    Args:
        log_odds: shape (n, 4), calibrated.
        thresholds: shape (4,), probabilities; or (candidates, 1, 4).

    Returns:
        Shape (n,), or (candidates, n): label indices, `NONE` where no score reaches its threshold.
    """
    margins = log_odds - _log_odds(thresholds)
    acts = np.where(margins >= 0, margins, -np.inf)
    reports = acts[..., _REPORT] > -np.inf
    acts[..., _REPORT] = -np.inf
    otherwise = np.where(reports, _REPORT, NONE)
    return np.where(acts.max(axis=-1) > -np.inf, acts.argmax(axis=-1), otherwise)


def _temperature(log_odds: Floats, gold: NDArray[Any], weight: Floats) -> Temperature:
    """Of log-odds, whether gold has what they are of, and weights, all of shape (n,).

    A side on which nothing lies has the temperature of the other.
    """
    above = log_odds > 0
    sides = [side if side.any() else ~side for side in (~above, above)]
    return Temperature(*(_one_sided(log_odds[side], gold[side], weight[side]) for side in sides))


def _one_sided(log_odds: Floats, gold: NDArray[Any], weight: Floats) -> float:
    """The temperature with the least weighted binary cross-entropy; all of shape (n,).

    Targets are drawn in from 0 and 1 as if there were a sentence more of each kind (Platt 1999, Probabilistic
    Outputs for Support Vector Machines), so that a handful without an error makes nothing certain.
    """
    having = int(gold.sum())
    target = np.where(gold, (having + 1) / (having + 2), 1 / (len(gold) - having + 2))

    def cross_entropy(log_temperature: float) -> float:
        z = log_odds / np.exp(log_temperature)
        return float(np.average(np.logaddexp(0.0, z) - target * z, weights=weight))

    return float(
        np.exp(minimize_scalar(cross_entropy, bounds=np.log(_TEMPERATURE_BOUNDS), method="bounded").x)
    )


def _thresholds(log_odds: Floats, gold: NDArray[np.int64]) -> Floats:
    """Coordinate ascent on the primary macro-F1 over a grid; of equal optima the middle one."""
    thresholds = np.full(len(LABELS), 0.5)
    parts = min(len(_GRID), 1 + len(_GRID) * len(gold) // _AT_ONCE)
    for _ in range(_SWEEPS):
        for label in range(len(LABELS)):
            candidates = np.tile(thresholds, (len(_GRID), 1, 1))
            candidates[:, 0, label] = _GRID
            scores = np.concatenate(
                [macro_f1s(gold, primary_of(log_odds, some)) for some in np.array_split(candidates, parts)]
            )
            best = np.flatnonzero(scores == scores.max())
            thresholds[label] = _GRID[best[len(best) // 2]]
    return thresholds


def _log_odds(p: Floats | float) -> Floats:
    clipped = np.clip(p, 1e-12, 1 - 1e-12)
    return np.asarray(np.log(clipped / (1 - clipped)))
