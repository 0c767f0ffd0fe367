"""Labelled sentences: read, checked, split by document."""

from __future__ import annotations

import difflib
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from claimclf.errors import LabelledDataError
from claimclf.labels import LABELS, Label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NONE = len(LABELS)  # the class index of "none of the four", after those of the labels


@dataclass(frozen=True)
class LabelledSentence:
    """One sentence and what it does.

    Attributes:
        text: the sentence.
        labels: its acts, primary first; ``()`` for none of the four.
        doc: the document it comes from; sentences of one document never part in a split.
        stratum: how it came into the sample; ``random`` where it reflects natural frequencies.
    """

    text: str
    labels: tuple[Label, ...]
    doc: str
    stratum: str

    @property
    def key(self) -> str:
        """Equal for texts that differ only in case, spacing and punctuation: 16 hex digits of a sha256."""
        normal = re.sub(r"\W+", " ", self.text.lower()).strip()
        return hashlib.sha256(normal.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def primary(self) -> int:
        """Index of the primary label in label order; `NONE` where there is none."""
        return LABELS.index(self.labels[0]) if self.labels else NONE


def read_labelled(path: Path) -> list[LabelledSentence]:
    """The sentences of a JSON Lines file with the fields ``text`` and ``labels``.

    ``labels`` is a list of label names, primary first, ``[]`` for none. ``doc`` and ``stratum`` are
    optional: without ``doc`` every sentence is its own document.

    Raises:
        LabelledDataError: the file cannot be read, is empty, or a line is not as described; the error names
            the line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelledDataError(
            str(path), f"cannot be read ({error})", "Give a UTF-8 .jsonl file."
        ) from error
    rows = [
        _parse(line, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line and not line.isspace()
    ]
    if not rows:
        raise LabelledDataError(str(path), "holds no sentence", "Give a file with one JSON object a line.")
    return rows


def read_texts(path: Path) -> Iterator[str]:
    """The ``text`` of each line of a JSON Lines file, plain or gzipped, labelled or not.

    Raises:
        LabelledDataError: the file cannot be read, or a line is not an object with a text.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield _text(_record(line, f"{path}, line {number}"), f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelledDataError(
            str(path), f"cannot be read ({error})", "Give a UTF-8 .jsonl file."
        ) from error


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


def _record(line: str, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise LabelledDataError(place, f"not JSON ({error})", "Write one JSON object a line.") from error
    if not isinstance(record, dict):
        raise LabelledDataError(place, "not a JSON object", 'Write {"text": "…", "labels": ["denial"]}.')
    return record


def _text(record: dict[str, Any], place: str) -> str:
    text = record.get("text")
    if not isinstance(text, str) or not text.strip():
        raise LabelledDataError(place, "no text", 'Give "text" a sentence, or take the line out.')
    return text


def _parse(line: str, place: str) -> LabelledSentence:
    record = _record(line, place)
    text = _text(record, place)
    labels = tuple(_labels(record.get("labels"), place))
    if len(set(labels)) < len(labels) or (Label.FACTUAL_REPORT in labels and len(labels) > 1):
        raise LabelledDataError(
            place,
            f"labels {record['labels']} cannot go together",
            "Name each once; factual_report stands alone.",
        )
    return LabelledSentence(text, labels, _document(record, place), str(record.get("stratum") or ""))


def _document(record: dict[str, Any], place: str) -> str:
    doc = record.get("doc")
    return place if doc is None or doc == "" else str(doc)


def _labels(value: Any, place: str) -> Iterator[Label]:
    names = [label.value for label in LABELS]
    if not isinstance(value, list):
        raise LabelledDataError(place, '"labels" is not a list', 'Write "labels": ["denial"], [] for none.')
    for name in value:
        if name not in names:
            nearest = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
            hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(names)}; [] for none."
            raise LabelledDataError(place, f"unknown label {name!r}", hint)
        yield Label(name)
