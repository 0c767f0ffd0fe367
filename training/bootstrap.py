"""How sure a measured figure is: 95 % intervals from resampled documents."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % bootstrap interval; NaN where it is undefined.

    Attributes:
        value: measured on all sentences.
        low: 2.5th percentile over the resamples.
        high: 97.5th percentile.
    """

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """The three numbers; null where undefined."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if np.isnan(number) else float(number) for name, number in numbers.items()}


def estimates(
    statistics: Callable[[NDArray[np.int64]], Mapping[str, float]],
    documents: Sequence[str],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[str, Estimate]:
    """Percentile intervals of some figures, from a bootstrap over documents (Efron & Tibshirani 1993).

    Sentences of one document resemble each other: drawing documents, not sentences, keeps the intervals from
    being too narrow (the cluster bootstrap, Field & Welsh 2007). Of a single document sentences are drawn.

    Args:
        statistics: gives the figures, by name, of the sentences with the given indices.
        documents: the document of each sentence.
        seed: of the resampling.
        resamples: how many times documents are drawn.

    >>> values = np.array([0.0, 1.0, 1.0, 0.0])
    >>> mean = estimates(lambda i: {"mean": values[i].mean()}, ["a", "b", "c", "d"], seed=0)["mean"]
    >>> print(mean.value, mean.low, mean.high)
    0.5 0.0 1.0
    """
    measured = statistics(np.arange(len(documents)))
    drawn = [statistics(sample) for sample in resampled(documents, resamples, seed)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a figure that no resample defines
        bounds = {
            name: np.nanpercentile([draw[name] for draw in drawn], _INTERVAL) if drawn else (np.nan, np.nan)
            for name in measured
        }
    return {name: Estimate(value, *bounds[name]) for name, value in measured.items()}


def resampled(documents: Sequence[str], resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices of the sentences of as many documents as there are, drawn with replacement, again and again.

    Where all are of one document, as many sentences as it has are drawn: what they say then is of it alone.
    """
    sentences_of: dict[str, list[int]] = {}
    for index, document in enumerate(documents):
        sentences_of.setdefault(document, []).append(index)
    clusters = [np.array(sentences) for sentences in sentences_of.values()]
    if len(clusters) == 1:
        clusters = np.array_split(clusters[0], len(clusters[0]))
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.concatenate([clusters[i] for i in rng.integers(len(clusters), size=len(clusters))])
