"""Label errors made on purpose, to measure how many of them an audit finds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from claimclf.labels import LABELS
from training.data import CLASSES, NONE
from training.label_errors import FOLDS, suspicions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

    from training.data import LabelledSentence

REPEATS = 3


@dataclass(frozen=True)
class NoiseTest:
    """How many of the labels that were flipped on purpose an audit found.

    Attributes:
        flipped: how many labels were flipped, each time.
        share: of the sentences, the most suspicious, in which they were looked for.
        recalls: the share of the flipped that were there, each time.
    """

    flipped: int
    share: float
    recalls: tuple[float, ...]

    @property
    def recall(self) -> float:
        """The mean of the recalls."""
        return sum(self.recalls) / len(self.recalls)

    def __str__(self) -> str:
        each = ", ".join(f"{recall:.1%}" for recall in self.recalls)
        return (
            f"Of {self.flipped} labels flipped on purpose, {self.recall:.1%} are among the {self.share:.0%} "
            f"most suspicious ({len(self.recalls)} times: {each})."
        )


def noise_test(
    rows: Sequence[LabelledSentence],
    features: csr_matrix,
    *,
    flip: float,
    share: float,
    folds: int = FOLDS,
    seed: int = 0,
) -> NoiseTest:
    """Flips labels, audits, and counts, `REPEATS` times with other flips.

    Real errors in the labels compete with the flipped ones for the places in the top share, so that the
    recall is a lower bound of what the audit finds of both.

    Args:
        rows: the labelled sentences.
        features: of each sentence, from `training.label_errors.audit_features`.
        flip: share of the sentences whose labels are flipped.
        share: of the sentences, the most suspicious, in which the flipped are looked for.
        folds: as in `training.label_errors.suspicions`.
        seed: of the first time; the others count on from it.
    """
    recalls = []
    for repeat in range(seed, seed + REPEATS):
        noisy, flipped = flip_labels(rows, flip, repeat)
        looked_at = suspicions(noisy, features, folds=folds, seed=repeat)[: top(len(rows), share)]
        found = {id(suspicion.sentence) for suspicion in looked_at}
        recalls.append(sum(id(noisy[i]) in found for i in flipped) / len(flipped))
    return NoiseTest(len(flipped), share, tuple(recalls))


def flip_labels(
    rows: Sequence[LabelledSentence], share: float, seed: int
) -> tuple[list[LabelledSentence], list[int]]:
    """The sentences, with another class in place of the labels of some, and which these are.

    Args:
        rows: the labelled sentences.
        share: of the sentences; at least one.
        seed: decides which, and what they get.
    """
    rng = np.random.default_rng(seed)
    flipped = sorted(rng.choice(len(rows), max(1, round(share * len(rows))), replace=False).tolist())
    noisy = list(rows)
    for i in flipped:
        own = {LABELS.index(label) for label in rows[i].labels} or {NONE}
        other = rng.choice([index for index in range(len(CLASSES)) if index not in own])
        noisy[i] = replace(rows[i], labels=() if other == NONE else (LABELS[other],))
    return noisy, flipped


def top(sentences: int, share: float) -> int:
    """How many sentences a share is, rounded up."""
    return math.ceil(share * sentences)
