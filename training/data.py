"""Labelled sentences: read, checked, split by document."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from claimclf.errors import LabelledDataError
from claimclf.labels import LABELS, Label
from training.formats import Record, read_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NONE = len(LABELS)  # the class index of "none of the four", after those of the labels
NONE_NAME = "none"
CLASSES: tuple[str, ...] = (*(label.value for label in LABELS), NONE_NAME)


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
    """

    text: str
    labels: tuple[Label, ...]
    doc: str
    stratum: str
    place: str = field(default="", compare=False)
    columns: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> str:
        """Equal for texts that differ only in case, spacing and punctuation: 16 hex digits of a sha256."""
        normal = re.sub(r"\W+", " ", self.text.lower()).strip()
        return hashlib.sha256(normal.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def primary(self) -> int:
        """Index of the primary label in label order; `NONE` where there is none."""
        return LABELS.index(self.labels[0]) if self.labels else NONE


@dataclass(frozen=True)
class Columns:
    """What the columns of a file are called; None: the first of the usual names that is there."""

    text: str | None = None
    labels: str | None = None
    doc: str | None = None

    def of(self, role: str, record: Record) -> str | None:
        """The name of the column that plays a role in a record; None where there is none."""
        named: str | None = getattr(self, role)
        if named is not None:
            return named if named in record.fields else None
        return next((name for name in _USUAL[role] if name in record.fields), None)


_USUAL = {
    "text": ("text", "sentence"),
    "labels": ("labels", "label"),
    "doc": ("doc", "document", "doc_id", "document_id"),
}
GUESSED = Columns()


def read_labelled(
    source: str | Path, columns: Columns = GUESSED, *, split: str | None = None
) -> list[LabelledSentence]:
    """The labelled sentences of a file or data set; see `training.formats.read_records` for the formats.

    The labels of a sentence are a list of label names, primary first, ``[]`` for none; or, in a cell, names
    with ``|`` between them, where a blank cell or ``none`` says none of the four. Without documents every
    sentence is its own document. A column ``stratum`` says how a sentence came into the sample.

    Raises:
        LabelledDataError: the file cannot be read, is empty, lacks a column, or a line is not as described;
            the error names the line.
    """
    rows = [_parse(record, columns) for record in read_records(source, split=split)]
    if not rows:
        raise LabelledDataError(str(source), "holds no sentence", "Give a file with one sentence a line.")
    return rows


def read_texts(source: str | Path, columns: Columns = GUESSED, *, split: str | None = None) -> Iterator[str]:
    """The text of each record of a file or data set, labelled or not.

    Raises:
        LabelledDataError: the file cannot be read, or a record has no text.
    """
    for record in read_records(source, split=split):
        yield _text(record, columns)


def targets(rows: Sequence[LabelledSentence]) -> NDArray[np.float32]:
    """Shape (len(rows), 4): 1 where a sentence has a label, in label order."""
    return np.array([[label in row.labels for label in LABELS] for row in rows], dtype=np.float32)


def primaries(rows: Sequence[LabelledSentence]) -> NDArray[np.int64]:
    """Shape (len(rows),): the index of each primary label, `NONE` where there is none."""
    return np.array([row.primary for row in rows], dtype=np.int64)


def split_by_document(
    rows: Sequence[LabelledSentence], fraction: float, seed: int
) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
    """Splits sentences in two, no document in both, primary labels in like proportion.

    Args:
        rows: the sentences.
        fraction: share of the second part; the nearest ``1 / n`` is taken.
        seed: decides which documents go where.

    Raises:
        LabelledDataError: too few documents to split.
    """
    folds = max(2, round(1 / fraction))
    documents = [row.doc for row in rows]
    if len(set(documents)) < folds:
        raise LabelledDataError(
            "The training data",
            f"{len(set(documents))} documents cannot be split in {folds} parts",
            "Give more documents, or leave out the doc field, or raise validation_fraction.",
        )
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    first, second = next(splitter.split(rows, primaries(rows), documents))
    return [rows[i] for i in first], [rows[i] for i in second]


def without(rows: Sequence[LabelledSentence], held_out: Sequence[LabelledSentence]) -> list[LabelledSentence]:
    """The sentences whose text is not, up to case and punctuation, among the held-out ones."""
    keys = {row.key for row in held_out}
    return [row for row in rows if row.key not in keys]


def read_corrections(path: Path) -> dict[str, tuple[Label, ...]]:
    """Labels by `LabelledSentence.key`, from a JSON Lines file with the fields ``id`` and ``labels``.

    So labels that a later reading changed can be published where the sentences cannot.

    Raises:
        LabelledDataError: the file cannot be read, or a line is not as described; the error names the line.
    """
    corrections = {}
    for record in read_records(path):
        if not isinstance(record.fields.get("id"), str):
            raise LabelledDataError(record.place, "no id", 'Write {"id": "…", "labels": ["denial"]}.')
        corrections[record.fields["id"]] = _labels(_cell(record, GUESSED, "labels"), record.place)
    return corrections


def corrected(
    rows: Sequence[LabelledSentence], corrections: Mapping[str, tuple[Label, ...]]
) -> list[LabelledSentence]:
    """The sentences, with the labels that the corrections give some of them."""
    return [replace(row, labels=corrections.get(row.key, row.labels)) for row in rows]


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


def _parse(record: Record, columns: Columns) -> LabelledSentence:
    text = _text(record, columns)
    cell = _cell(record, columns, "labels")
    labels = _labels(cell, record.place)
    doc = columns.of("doc", record)
    if columns.doc is not None and doc is None:
        _cell(record, columns, "doc")
    document = record.fields[doc] if doc is not None else None
    return LabelledSentence(
        text,
        labels,
        record.place if document is None or document == "" else str(document),
        str(record.fields.get("stratum") or ""),
        record.place,
        record.fields,
    )


def _cell(record: Record, columns: Columns, role: str) -> Any:
    name = columns.of(role, record)
    if name is None:
        wanted = getattr(columns, role) or " or ".join(_USUAL[role])
        raise LabelledDataError(
            record.place,
            f"no column {wanted!r} (there are: {', '.join(map(str, record.fields)) or 'none'})",
            f"Say which column holds the {role} with --{role}-column.",
        )
    return record.fields[name]


def _text(record: Record, columns: Columns) -> str:
    text = _cell(record, columns, "text")
    if not isinstance(text, str) or not text.strip():
        raise LabelledDataError(record.place, "no text", "Give it a sentence, or take the line out.")
    return text


def _labels(cell: Any, place: str) -> tuple[Label, ...]:
    labels = tuple(_label(name, place) for name in _names(cell, place))
    if len(set(labels)) < len(labels) or (Label.FACTUAL_REPORT in labels and len(labels) > 1):
        raise LabelledDataError(
            place, f"labels {cell!r} cannot go together", "Name each once; factual_report stands alone."
        )
    return labels


def _names(cell: Any, place: str) -> list[Any]:
    """The label names in a cell: a list, a JSON list, or names with ``|`` between them."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except ValueError as error:
            raise LabelledDataError(
                place, f"labels {cell!r} are not a JSON list ({error})", 'Write ["denial"].'
            ) from error
    if isinstance(cell, list):
        return cell
    if cell is None or isinstance(cell, str):
        names = [name.strip() for name in (cell or "").split("|")]
        return [] if names in ([""], [NONE_NAME]) else names
    raise LabelledDataError(
        place,
        f"labels {cell!r} are neither a list nor text",
        'Write "labels": ["denial"], [] for none; or denial|accusation in a cell.',
    )


def _label(name: Any, place: str) -> Label:
    known = [label.value for label in LABELS]
    if name not in known:
        nearest = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(known)}; [] for none."
        raise LabelledDataError(place, f"unknown label {name!r}", hint)
    return Label(name)
