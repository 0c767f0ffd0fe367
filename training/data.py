"""Labelled sentences: read, checked, split by document."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from claimclf.errors import LabelledDataError
from claimclf.labels import LABELS, Label
from training.columns import GUESSED, NONE_NAME, Columns, doc_of, is_labelled, labels_of, text_of
from training.formats import Record, read_records
from training.label_cells import is_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_LOG = logging.getLogger(__name__)
NONE = len(LABELS)  # the class index of "none of the four", after those of the labels
CLASSES: tuple[str, ...] = (*(label.value for label in LABELS), NONE_NAME)
_PRIMARY_SHARE = 2 / 3


@dataclass(frozen=True)
class LabelledSentence:
    """One sentence and what it does.

    Attributes:
        text: the sentence.
        labels: its acts, primary first; ``()`` for none of the four.
        doc: the document it comes from; sentences of one document never part in a split.
        stratum: how it came into the sample; ``random`` where it reflects natural frequencies.
        place: file and line, for messages.
        columns: everything its record holds, to slice by.
        scores: how sure teachers are of each label, in label order; learned from in place of the labels.
    """

    text: str
    labels: tuple[Label, ...]
    doc: str
    stratum: str
    place: str = field(default="", compare=False)
    columns: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    scores: tuple[float, ...] | None = None

    @property
    def key(self) -> str:
        """Equal for texts that differ only in case, spacing and punctuation: 16 hex digits of a sha256."""
        normal = re.sub(r"\W+", " ", self.text.lower()).strip()
        return hashlib.sha256(normal.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def primary(self) -> int:
        """Index of the primary label in label order; `NONE` where there is none."""
        return LABELS.index(self.labels[0]) if self.labels else NONE


def read_labelled(
    source: str | Path, columns: Columns = GUESSED, *, split: str | None = None
) -> list[LabelledSentence]:
    """The labelled sentences of a file or data set; see `training.formats.read_records` for the formats.

    The labels of a sentence are a list of label names, primary first, ``[]`` for none; or, in a cell, names
    with ``|`` between them, where a blank cell or ``none`` says none of the four; or one column a label; see
    `training.columns.labels_of`. Without documents every sentence is its own document. A column ``stratum``
    says how a sentence came into the sample. What an annotation tool exports without an answer is left out.

    Raises:
        LabelledDataError: the file cannot be read, is empty, lacks a column, or a line is not as described;
            the error names the line.
    """
    rows = []
    for row in read_each(source, columns, split=split):
        if isinstance(row, LabelledDataError):
            raise row
        rows.append(row)
    if not rows:
        raise LabelledDataError(str(source), "holds no sentence", "Give a file with one sentence a line.")
    return rows


def read_each(
    source: str | Path, columns: Columns = GUESSED, *, split: str | None = None
) -> Iterator[LabelledSentence | LabelledDataError]:
    """Each record of a file or data set as a sentence, or as what is wrong with it.

    Items of an annotation tool that nobody answered are left out, and their number is logged as a warning.

    Raises:
        LabelledDataError: the file as a whole cannot be read.
    """
    left_out = 0
    for record in read_records(source, split=split):
        if not is_labelled(record, columns):
            left_out += 1
            continue
        try:
            row: LabelledSentence | LabelledDataError = _parse(record, columns)
        except LabelledDataError as error:
            row = error
        yield row
    if left_out:
        _LOG.warning("%s: %d items without a submitted answer are left out.", source, left_out)


def read_texts(source: str | Path, columns: Columns = GUESSED, *, split: str | None = None) -> Iterator[str]:
    """The text of each record of a file or data set, labelled or not.

    Raises:
        LabelledDataError: the file cannot be read, or a record has no text.
    """
    for record in read_records(source, split=split):
        yield text_of(record, columns)


def read_taught(source: str | Path) -> list[LabelledSentence]:
    """Sentences with the scores of teachers, as `training.teach` writes them.

    Raises:
        LabelledDataError: the file cannot be read, or a line has no text or no scores.
    """
    return [_taught(record) for record in read_records(source)]


def targets(rows: Sequence[LabelledSentence], *, smoothing: float = 0.0) -> NDArray[np.float32]:
    """Shape (len(rows), 4), in label order: 1 where a sentence has a label; of taught sentences the scores.

    Args:
        rows: the sentences.
        smoothing: how far 0 and 1 are pulled towards the share of one label in four.
    """
    hard = np.array([[label in row.labels for label in LABELS] for row in rows], dtype=np.float32)
    values = hard * np.float32(1 - smoothing) + np.float32(smoothing / len(LABELS))
    for number, row in enumerate(rows):
        if row.scores is not None:
            values[number] = row.scores
    return values


def primary_shares(rows: Sequence[LabelledSentence], *, smoothing: float = 0.0) -> NDArray[np.float32]:
    """Shape (len(rows), 5), the four labels and none: which label is the primary one; 0 for taught sentences.

    Of a sentence that does several acts the primary one has two thirds and the others share the rest, so
    that the labels may compete for being the primary one and still all be given.

    Args:
        rows: the sentences.
        smoothing: how much of each row all five share evenly.
    """
    shares = np.zeros((len(rows), len(CLASSES)), dtype=np.float32)
    for number, row in enumerate(rows):
        others = [LABELS.index(label) for label in row.labels[1:]]
        shares[number, row.primary] = 1.0
        if others:
            shares[number, row.primary] = _PRIMARY_SHARE
            shares[number, others] = (1.0 - _PRIMARY_SHARE) / len(others)
    shares = shares * np.float32(1 - smoothing) + np.float32(smoothing / len(CLASSES))
    shares[[row.scores is not None for row in rows]] = 0.0
    return shares


def primaries(rows: Sequence[LabelledSentence]) -> NDArray[np.int64]:
    """Shape (len(rows),): the index of each primary label, `NONE` where there is none."""
    return np.array([row.primary for row in rows], dtype=np.int64)


def split_by_document(
    rows: Sequence[LabelledSentence], fraction: float, seed: int
) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
    """Splits sentences in two, no document in both, primary labels in like proportion.

    A sentence of the first part whose text is in the second, too, is left out.

    Args:
        rows: the sentences.
        fraction: share of the second part; the nearest ``1 / n`` is taken, ``n`` being `largest_class` at
            most.
        seed: decides which documents go where.

    Raises:
        LabelledDataError: too few documents to split, no two sentences with the same primary label, or no
            text of the first part that is not in the second.
    """
    folds = max(2, round(1 / fraction))
    documents = [row.doc for row in rows]
    if len(set(documents)) < folds:
        raise LabelledDataError(
            "The training data",
            f"{len(set(documents))} documents cannot be split in {folds} parts",
            "Give more documents, or leave out the doc field, or split off a larger share: "
            "with a validation_fraction or dev_fraction of a half two documents are enough.",
        )
    folds = min(folds, largest_class(rows))
    if folds == 1:
        sizes = ", ".join(f"{name} {number}" for name, number in counts(rows).items())
        raise LabelledDataError(
            "The training data",
            f"no label has a sentence for each of two parts ({sizes})",
            "Give more sentences.",
        )
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    first, second = next(splitter.split(rows, primaries(rows), documents))
    held_out = [rows[i] for i in second]
    rest = without([rows[i] for i in first], held_out)
    if not rest:
        raise LabelledDataError(
            "The training data", "every text stands in two parts of it", "Give more different sentences."
        )
    return rest, held_out


def without(rows: Sequence[LabelledSentence], held_out: Sequence[LabelledSentence]) -> list[LabelledSentence]:
    """The sentences whose text is not, up to case and punctuation, among the held-out ones."""
    keys = {row.key for row in held_out}
    return [row for row in rows if row.key not in keys]


def apart_from(
    rows: Sequence[LabelledSentence], held_out: Sequence[LabelledSentence]
) -> list[LabelledSentence]:
    """The sentences of which neither the text nor the document is among the held-out ones."""
    documents = {row.doc for row in held_out}
    return [row for row in without(rows, held_out) if row.doc not in documents]


def to_learn_from(
    rows: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], dev_name: str
) -> list[LabelledSentence]:
    """The sentences that are `apart_from` those to report on.

    Raises:
        LabelledDataError: there is none.
    """
    kept = apart_from(rows, dev)
    if not kept:
        raise LabelledDataError(
            "The training data",
            f"nothing is left to learn from: the text or document of every sentence is in {dev_name}",
            "Give sentences of other documents than those to report on.",
        )
    return kept


def duplicates(rows: Sequence[LabelledSentence]) -> list[LabelledSentence]:
    """The sentences that stand further up already, up to case, spacing and punctuation."""
    seen: set[str] = set()
    return [row for row in rows if row.key in seen or seen.add(row.key)]  # type: ignore[func-returns-value]


def also_in(rows: Sequence[LabelledSentence], others: Sequence[LabelledSentence]) -> list[LabelledSentence]:
    """The sentences of `rows` that are, up to case, spacing and punctuation, among the others."""
    keys = {row.key for row in others}
    return [row for row in rows if row.key in keys]


def counts(rows: Sequence[LabelledSentence]) -> dict[str, int]:
    """How many sentences have each class as their primary label, "none" last."""
    found = Counter(row.primary for row in rows)
    return {name: found[index] for index, name in enumerate(CLASSES)}


def largest_class(rows: Sequence[LabelledSentence]) -> int:
    """How many sentences have the most frequent primary label: a stratified split has no more folds."""
    return max(counts(rows).values())


def _taught(record: Record) -> LabelledSentence:
    scores = record.fields.get("scores")
    try:
        values = tuple(float(scores[label]) for label in LABELS)  # type: ignore[index]
    except (TypeError, KeyError, ValueError) as error:
        cure = "Let training.teach write it."
        raise LabelledDataError(record.place, "no score for each label", cure) from error
    if not all(0 <= value <= 1 for value in values):
        raise LabelledDataError(
            record.place, "a score is not between 0 and 1", "Let training.teach write it."
        )
    labels = tuple(label for label, value in zip(LABELS, values, strict=True) if value > 0.5)  # noqa: PLR2004
    return LabelledSentence(
        text_of(record, GUESSED), labels, doc_of(record, GUESSED), "", record.place, {}, values
    )


def _parse(record: Record, columns: Columns) -> LabelledSentence:
    stratum = record.fields.get("stratum")
    return LabelledSentence(
        text_of(record, columns),
        labels_of(record, columns),
        doc_of(record, columns),
        "" if is_missing(stratum) else str(stratum),
        record.place,
        record.fields,
    )
