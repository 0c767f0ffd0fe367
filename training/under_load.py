"""What threads see of one classifier that they all ask without a pause, and what memory it takes.

Imports nothing but what serving does, so that the memory it sees is that of serving.
"""

from __future__ import annotations

import math
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from claimclf.classifier import ClaimClassifier
    from claimclf.prediction import Prediction

PERCENTILES = (50, 90, 99)
_MAY_GROW = 0.05
_BIN = math.log(1.02)
_BINS = 1200
_SHORTEST = 1e-6
_SAMPLES = 100
_WARM_UP = 0.1
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Memory:
    """Bytes of the resident set, at most, in the first half of some work and in the second; 0: not known."""

    first: int
    second: int

    @property
    def grows(self) -> bool:
        """Whether the second half took over 5 % more."""
        return self.second > self.first * (1 + _MAY_GROW)


@dataclass(frozen=True)
class Load:
    """What some threads saw.

    Attributes:
        threads: how many.
        seconds: for how long.
        answers: how many they got.
        wrong: how many of these were not what the sentence gets alone, or an error.
        milliseconds: percentiles of the time that an answer took, and the longest.
        memory: of the process.
    """

    threads: int
    seconds: float
    answers: int
    wrong: int
    milliseconds: dict[str, float]
    memory: Memory


@dataclass(frozen=True)
class Stream:
    """What a stream of sentences through ``predict_iter`` took."""

    sentences: int
    seconds: float
    memory: Memory


def under_load(
    classifier: ClaimClassifier, alone: Mapping[str, Prediction], *, threads: int, seconds: float
) -> Load:
    """Threads that ask about sentences in an order of their own, as fast as they can.

    Args:
        classifier: which all of them ask.
        alone: the sentences and their right answers.
        threads: how many.
        seconds: for how long.
    """
    end = time.perf_counter() + seconds
    asked = [_Asker(classifier, alone, end, seed=number) for number in range(threads)]
    for asker in asked:
        asker.start()
    memory = _memory_until(end)
    for asker in asked:
        asker.join()
    took = Latencies()
    for asker in asked:
        took.add_all(asker.took)
    return Load(
        threads,
        seconds,
        answers=int(took.counts.sum()),
        wrong=sum(asker.wrong for asker in asked),
        milliseconds={
            **{f"p{percentile:g}": 1000 * took.percentile(percentile) for percentile in PERCENTILES},
            "max": 1000 * took.longest,
        },
        memory=memory,
    )


def streaming(classifier: ClaimClassifier, texts: Sequence[str], sentences: int) -> Stream:
    """So many different sentences, made from some by a number at their end, through ``predict_iter``."""
    start, most = time.perf_counter(), [0, 0]
    numbered = (f"{texts[number % len(texts)]} {number}" for number in range(sentences))
    for number, _ in enumerate(classifier.predict_iter(numbered)):
        if number % (sentences // _SAMPLES + 1) == 0 and number * _SAMPLES >= sentences:
            half = 2 * number // sentences
            most[half] = max(most[half], _resident())
    return Stream(sentences, time.perf_counter() - start, Memory(*most))


class Latencies:
    """Seconds, counted in bins that are 2 % wide, so that an hour of them takes no more room than a few.

    >>> took = Latencies()
    >>> for seconds in (0.001, 0.002, 0.009):
    ...     took.add(seconds)
    >>> round(took.percentile(50), 4), took.longest
    (0.002, 0.009)
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(_BINS, dtype=np.int64)
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Counts one."""
        self.longest = max(self.longest, seconds)
        number = int(math.log(max(1.0, seconds / _SHORTEST)) / _BIN)
        self.counts[min(number, _BINS - 1)] += 1

    def add_all(self, others: Latencies) -> None:
        """Counts those of others."""
        self.longest = max(self.longest, others.longest)
        self.counts += others.counts

    def percentile(self, percentile: float) -> float:
        """What so many per cent of them are at most, off by no more than the width of a bin."""
        number = np.searchsorted(np.cumsum(self.counts), self.counts.sum() * percentile / 100)
        return min(self.longest, _SHORTEST * math.exp((int(number) + 1) * _BIN))


class _Asker(threading.Thread):
    """Asks, compares, and counts how long it took."""

    def __init__(
        self, classifier: ClaimClassifier, alone: Mapping[str, Prediction], end: float, *, seed: int
    ) -> None:
        super().__init__(daemon=True)
        self.took = Latencies()
        self.wrong = 0
        self._predict = classifier.predict
        self._alone = alone
        self._end = end
        self._dice = random.Random(seed)  # noqa: S311 - an order, no secret

    def run(self) -> None:
        for text in self._texts():
            start = time.perf_counter()
            try:
                right = self._predict(text) == self._alone[text]
            except Exception:  # noqa: BLE001 - whatever it is, there was no answer
                right = False
            self.took.add(time.perf_counter() - start)
            self.wrong += not right

    def _texts(self) -> Iterator[str]:
        texts = list(self._alone)
        while True:
            self._dice.shuffle(texts)
            for text in texts:
                if time.perf_counter() >= self._end:
                    return
                yield text


def _resident() -> int:
    """The bytes of this process that are in memory, where the system says; else 0."""
    if not _STATUS.exists():
        return 0
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def _memory_until(end: float) -> Memory:
    """Looks from time to time, after a tenth of it, in which memory is still being taken."""
    start, most = time.perf_counter(), [0, 0]
    while (now := time.perf_counter()) < end:
        done = (now - start) / (end - start)
        if done >= _WARM_UP:
            most[int(2 * done)] = max(most[int(2 * done)], _resident())
        time.sleep(min((end - start) / _SAMPLES, max(0.0, end - now)))
    return Memory(*most)
