"""What is wrong or thin in a sample to train from: its labels, sizes, documents, and what it repeats."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from claimclf.labels import LABELS
from training.checks import Finding, Place, check_repetitions, check_test_set
from training.columns import NONE_NAME
from training.data import counts
from training.near_duplicates import near_duplicates, shingles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from training.data import LabelledSentence
    from training.near_duplicates import NearDuplicate

TO_LEARN = 50
TO_MEASURE = 30

_TYPICAL_F1 = 0.8
_MOST = 0.5


def check_sample(
    train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence] = (), *, dev_name: str = "dev"
) -> list[Finding]:
    """What makes a model that learns from some sentences worse, or its figures on others flatter.

    Args:
        train: the sentences to learn from.
        dev: those to measure on, where there are any.
        dev_name: what to call them.
    """
    return [
        *_contradictions([*train, *dev]),
        *check_repetitions("train", train),
        *_thin(train),
        *_documents(train, dev),
        *(check_test_set(dev_name, dev, train) if dev else ()),
        *_hard_to_measure(dev_name, dev),
        *_alike(train, dev, dev_name),
    ]


def f1_half_width(f1: float, positives: int) -> float:
    """Half the width of a 95 % interval of an F1 that is measured on so many sentences of a label.

    F1 is 2J / (1 + J) of Jaccard's index J = TP / (TP + FP + FN), a share of TP + FP + FN sentences; by the
    delta method, and with precision equal to recall, its variance is F1 (1 - F1) (2 - F1) / (2 positives).
    A normal approximation: rough where there are few positives or F1 is near 0 or 1.

    >>> round(f1_half_width(0.8, 30), 2)
    0.11
    """
    return 1.96 * math.sqrt(f1 * (1 - f1) * (2 - f1) / (2 * positives))


def _contradictions(rows: Sequence[LabelledSentence]) -> Iterator[Finding]:
    """Sentences that read the same with other labels, each beside the first of its kind."""
    first: dict[str, LabelledSentence] = {}
    places = tuple(
        Place(row.place, other.place, _names(row, other))
        for row in rows
        if (other := first.setdefault(row.key, row)).labels != row.labels
    )
    if places:
        yield Finding(
            "W506",
            f"Sentences that stand elsewhere with other labels: {len(places)}.",
            "Decide which labels are right, and take the other line out.",
            places,
        )


def _thin(train: Sequence[LabelledSentence]) -> Iterator[Finding]:
    """Labels of which there are too few examples to learn from."""
    if not train:
        return
    having = Counter(label for row in train for label in row.labels)
    nothing = sum(not row.labels for row in train)
    few = [f"{label.value} {having[label]}" for label in LABELS if having[label] < TO_LEARN]
    if few:
        yield Finding(
            "W510",
            f"train: fewer than {TO_LEARN} sentences have a label: {', '.join(few)}.",
            "A model learns little from so few: label more of them, or train on a larger sample too.",
        )
    if not nothing:
        yield Finding(
            "W503",
            "train: every sentence has a label.",
            "A model learns from it to label everything: add sentences that do none of the four.",
        )
    elif nothing < TO_LEARN:
        yield Finding(
            "W510",
            f"train: fewer than {TO_LEARN} sentences have no label: {nothing}.",
            "Add sentences that do none of the four, or the model will label too much.",
        )


def _hard_to_measure(name: str, dev: Sequence[LabelledSentence]) -> Iterator[Finding]:
    """Labels that are there, but too rarely for a figure to mean much."""
    found = counts(dev)
    few = {label.value: found[label.value] for label in LABELS if 0 < found[label.value] < TO_MEASURE}
    if few:
        widths = ", ".join(
            f"{label} {times} (±{100 * f1_half_width(_TYPICAL_F1, times):.0f} points)"
            for label, times in few.items()
        )
        yield Finding(
            "W511",
            f"{name}: fewer than {TO_MEASURE} sentences have a primary label: {widths}.",
            f"In brackets: half a 95 % interval, were the F1 {100 * _TYPICAL_F1:.0f} %. Label more of them.",
        )


def _documents(train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence]) -> Iterator[Finding]:
    """One document that is most of the sample, and documents that are on both sides."""
    sizes = Counter(row.doc for row in train)
    if train:
        largest, sentences = sizes.most_common(1)[0]
        if sentences > 1 and sentences > _MOST * len(train):
            yield Finding(
                "W512",
                f"train: {sentences} of {len(train)} sentences are of one document, {largest!r}.",
                "What is learned is that document's style, and no split keeps it apart: add other documents.",
            )
    shared: Mapping[str, LabelledSentence] = {row.doc: row for row in reversed(train) if row.doc != row.place}
    places = tuple(
        Place(row.place, shared[row.doc].place, f"document {row.doc}") for row in dev if row.doc in shared
    )
    if places:
        yield Finding(
            "W509",
            f"Sentences to measure on, of documents that are learned from: {len(places)} of {len(dev)}.",
            "Keep all sentences of a document on one side: its names and phrases give the labels away.",
            places,
        )


def _alike(
    train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], dev_name: str
) -> Iterator[Finding]:
    """Sentences that are nearly the same, within either side and across."""
    keys = {row.key for row in train}
    train, dev = _first_of_each(train), _first_of_each(dev)
    of_train, of_dev = shingles([row.text for row in train]), shingles([row.text for row in dev])
    within = [
        *_pairs(train, train, near_duplicates(of_train)),
        *_pairs(dev, dev, near_duplicates(of_dev)),
    ]
    if within:
        yield Finding(
            "W507",
            f"Sentences that are nearly the same as one further up: {len(within)}.",
            "Keep one of each: they teach little more than once. Look where their labels differ.",
            tuple(within),
        )
    new = [i for i, row in enumerate(dev) if row.key not in keys]
    found = near_duplicates(of_dev[new], of_train) if new else []
    if across := _pairs([dev[i] for i in new], train, found):
        yield Finding(
            "W508",
            f"{dev_name}: sentences nearly the same as one learned from: {len(across)} of {len(dev)}.",
            "Take them out of one side: the figures flatter.",
            tuple(across),
        )


def _first_of_each(rows: Sequence[LabelledSentence]) -> list[LabelledSentence]:
    first: dict[str, LabelledSentence] = {}
    for row in rows:
        first.setdefault(row.key, row)
    return list(first.values())


def _pairs(
    rows: Sequence[LabelledSentence], others: Sequence[LabelledSentence], found: Sequence[NearDuplicate]
) -> list[Place]:
    places = []
    for near in found:
        row, other = rows[near.text], others[near.like]
        labels = "" if row.labels == other.labels else f", {_names(row, other)}"
        places.append(Place(row.place, other.place, f"similarity {near.similarity:.2f}{labels}"))
    return places


def _names(row: LabelledSentence, other: LabelledSentence) -> str:
    """The labels of two sentences: ``denial here, none there``."""
    here, there = ("|".join(label.value for label in r.labels) or NONE_NAME for r in (row, other))
    return f"{here} here, {there} there"
