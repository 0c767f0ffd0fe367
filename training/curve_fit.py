"""The curve through measured scores, how far it may be trusted, and where it leads with more data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import curve_fit

from training.bootstrap import Estimate, resampled
from training.metrics import macro_f1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.growing import Measured

    Floats = NDArray[np.float64]

LEAST_SIZES = 4  # a curve of three parameters goes through any three points
FACTORS = (2, 4)

_BOUNDS = ((0.0, 0.05, 0.0), (np.inf, 2.0, 1.0))
_INTERVAL = (2.5, 97.5)
_DRAWN_AT = 60  # points of the curve


@dataclass(frozen=True)
class PowerLaw:
    """Macro-F1 as a function of the number of sentences: ``1 - F1 = a * (n / unit) ** -b + c``.

    The error falls as a power of the data, down to what no data of this kind would mend (Rosenfeld et al.
    2020, A Constructive Prediction of the Generalization Error Across Scales; Viering & Loog 2022, The Shape
    of Learning Curves, on where it fits and where not).

    Attributes:
        a: error at ``unit`` sentences that more data mends.
        b: how fast.
        c: error that stays.
        unit: sentences; the largest set.
    """

    a: float
    b: float
    c: float
    unit: int

    def __call__(self, sentences: Floats | float) -> Floats:
        """Macro-F1 at some numbers of sentences.

        >>> print(PowerLaw(a=0.2, b=0.5, c=0.1, unit=100)(400.0))
        0.8
        """
        return np.asarray(1 - self.a * (np.asarray(sentences) / self.unit) ** -self.b - self.c)


def power_law(sentences: Sequence[int], scores: Floats) -> PowerLaw:
    """The power law of least squares through some scores, a, b and c within sensible bounds.

    A score counts as many times as its set has sentences: the curve is asked about larger sets, and the
    smallest, on which next to nothing is learned, lie on no power law.
    """
    unit = max(sentences)
    x = np.array(sentences, dtype=np.float64) / unit
    error = 1 - scores
    (a, b, c), _ = curve_fit(
        lambda x, a, b, c: a * x**-b + c,
        x,
        error,
        p0=(max(error.min() / 2, 1e-3), 0.5, error.min() / 2),
        sigma=x**-0.5,
        bounds=_BOUNDS,
        max_nfev=10_000,
    )
    return PowerLaw(float(a), float(b), float(c), unit)


@dataclass(frozen=True)
class Extrapolation:
    """What more data of the same kind would bring.

    Attributes:
        factor: how many times the largest set.
        sentences: that many.
        macro_f1: there.
        gain: over the curve at the largest set.
    """

    factor: int
    sentences: int
    macro_f1: Estimate
    gain: Estimate


@dataclass(frozen=True)
class Curve:
    """How the score grows with the training set, by one strategy.

    Attributes:
        sizes: numbers of sentences.
        scores: macro-F1 at each, the mean over the seeds, with its interval.
        by_seed: shape (seeds, sizes): macro-F1.
        law: the fitted curve; None where there are fewer sizes than `LEAST_SIZES`.
        line: numbers of sentences, and the fitted curve with its band there; empty without one.
        extrapolations: for `FACTORS`; empty without a fitted curve.
        check: the largest size as the curve through the smaller ones foretold it, where these are enough:
            next to the last of `scores` it says how far to trust the extrapolations.
    """

    sizes: tuple[int, ...]
    scores: tuple[Estimate, ...]
    by_seed: Floats
    law: PowerLaw | None
    line: tuple[tuple[float, Estimate], ...]
    extrapolations: tuple[Extrapolation, ...]
    check: Estimate | None


@dataclass(frozen=True)
class Resampled:
    """Scores of the same models, measured on all dev sentences and on resamples.

    Attributes:
        sizes: numbers of sentences.
        by_seed: shape (seeds, sizes): macro-F1 on all dev sentences.
        means: shape (resamples, sizes): mean over seeds that were drawn with replacement, on dev documents
            that were.
    """

    sizes: tuple[int, ...]
    by_seed: Floats
    means: Floats


def resample(
    measured: Sequence[Measured],
    gold: NDArray[np.int64],
    documents: Sequence[str],
    *,
    resamples: int,
    seed: int,
) -> Resampled:
    """Scores of the models of one strategy, resampled over dev documents and training seeds at once.

    With the same seed, two strategies are measured on the same documents and training seeds each time, so
    that their scores may be subtracted.

    Args:
        measured: of one strategy: each seed at each size.
        gold: shape (dev sentences,), label indices.
        documents: the document of each dev sentence.
        resamples: how many.
        seed: of the drawing.
    """
    sizes = tuple(sorted({m.sentences for m in measured}))
    seeds = sorted({m.seed for m in measured})
    primary = {(m.seed, m.sentences): m.primary for m in measured}
    rng = np.random.default_rng(seed)
    means = []
    for here in resampled(documents, resamples, seed):
        drawn = rng.choice(seeds, size=len(seeds))
        scores = [[macro_f1(gold[here], primary[s, size][here]) for size in sizes] for s in drawn]
        means.append(np.mean(scores, axis=0))
    by_seed = [[macro_f1(gold, primary[s, size]) for size in sizes] for s in seeds]
    return Resampled(sizes, np.array(by_seed), np.array(means))


def curve(scores: Resampled) -> Curve:
    """The learning curve through some scores: a power law, fitted anew to every resample for its band."""
    means = scores.by_seed.mean(axis=0)
    measured = tuple(_estimate(m, drawn) for m, drawn in zip(means, scores.means.T, strict=True))
    if len(scores.sizes) < LEAST_SIZES:
        return Curve(scores.sizes, measured, scores.by_seed, None, (), (), None)
    law = power_law(scores.sizes, means)
    laws = [power_law(scores.sizes, drawn) for drawn in scores.means]
    at = np.geomspace(scores.sizes[0], FACTORS[-1] * law.unit, _DRAWN_AT)
    line = tuple((float(n), _estimate(law(n), [one(n) for one in laws])) for n in at)
    ahead = tuple(_extrapolation(law, laws, factor) for factor in FACTORS)
    return Curve(scores.sizes, measured, scores.by_seed, law, line, ahead, _check(scores))


def difference(a: Resampled, b: Resampled) -> list[Estimate]:
    """A minus B at each size, paired."""
    means = a.by_seed.mean(axis=0) - b.by_seed.mean(axis=0)
    return [_estimate(m, drawn) for m, drawn in zip(means, (a.means - b.means).T, strict=True)]


def _extrapolation(law: PowerLaw, laws: Sequence[PowerLaw], factor: int) -> Extrapolation:
    here, there = float(law.unit), float(law.unit * factor)
    return Extrapolation(
        factor,
        law.unit * factor,
        _estimate(law(there), [one(there) for one in laws]),
        _estimate(law(there) - law(here), [one(there) - one(here) for one in laws]),
    )


def _check(scores: Resampled) -> Estimate | None:
    if len(scores.sizes) <= LEAST_SIZES:
        return None
    smaller, largest = scores.sizes[:-1], float(scores.sizes[-1])
    foretold = power_law(smaller, scores.by_seed.mean(axis=0)[:-1])(largest)
    return _estimate(foretold, [power_law(smaller, drawn[:-1])(largest) for drawn in scores.means])


def _estimate(value: Floats | float, drawn: Floats | Sequence[Floats]) -> Estimate:
    low, high = np.percentile(np.asarray(drawn), _INTERVAL)
    return Estimate(float(value), float(low), float(high))
