"""Labels by sentence id: read apart from the sentences, and put on them.

So labels can be published where the sentences cannot, and some corrected without touching the file of all.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from claimclf.errors import LabelledDataError
from training.columns import GUESSED, Columns, doc_of, labels_of, text_of
from training.data import LabelledSentence, read_labelled
from training.formats import read_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from claimclf.labels import Label

_LOG = logging.getLogger(__name__)
CORRECTED = "corrected"  # the column of a spreadsheet of suspicious labels in which people write better ones


def read_corrections(
    path: Path, label_map: Mapping[str, str] = GUESSED.label_map
) -> dict[str, tuple[Label, ...]]:
    """Labels by `LabelledSentence.key`, from a file with the fields ``id`` and ``labels`` or ``corrected``.

    In a file that has the column ``corrected``, as `training.audit` writes, that column counts, and a blank
    cell corrects nothing: only ``none`` or ``[]`` there takes a label away.

    Args:
        path: the file.
        label_map: other names of labels, as in `Columns`.

    Raises:
        LabelledDataError: the file cannot be read, or a line is not as described; the error names the line.
    """
    corrections: dict[str, tuple[Label, ...]] = {}
    for record in read_records(path):
        cell = record.fields.get(CORRECTED, "")
        if CORRECTED in record.fields and (cell is None or (isinstance(cell, str) and not cell.strip())):
            continue
        key = record.fields.get("id")
        if not isinstance(key, str):
            raise LabelledDataError(record.place, "no id", 'Write {"id": "…", "labels": ["denial"]}.')
        named = CORRECTED if CORRECTED in record.fields else None
        labels = labels_of(record, Columns(labels=named, label_map=label_map))
        if corrections.setdefault(key, labels) != labels:
            raise LabelledDataError(
                record.place, f"the sentence {key} has other labels further up", "Correct it once."
            )
    return corrections


def corrected(
    rows: Sequence[LabelledSentence], corrections: Mapping[str, tuple[Label, ...]]
) -> list[LabelledSentence]:
    """The sentences, with the labels that the corrections give some of them."""
    return [replace(row, labels=corrections.get(row.key, row.labels)) for row in rows]


def read_test_set(
    source: str | Path,
    columns: Columns = GUESSED,
    *,
    sentences: Sequence[str | Path] = (),
    split: str | None = None,
) -> list[LabelledSentence]:
    """The labelled sentences of a file; or, where it holds labels by id, those of other files that they name.

    Where ids are labelled that no sentence has, their number is logged as a warning.

    Args:
        source: labelled sentences; with ``sentences``, labels by id.
        columns: what the columns of the file with the sentences are called, and the labels of ``source``.
        sentences: files with texts, labelled or not.
        split: of data sets that have several.

    Raises:
        LabelledDataError: a file cannot be read, or there is no labelled sentence.
    """
    if not sentences:
        return read_labelled(source, columns, split=split)
    labels = read_corrections(Path(source), columns.label_map)
    rows = read_by_id(sentences, labels, columns, split=split)
    if not rows:
        raise LabelledDataError(str(source), "labels no sentence there", "Give --sentences the file of them.")
    if len(rows) < len(labels):
        _LOG.warning("%s: no sentence has %d of the %d ids.", source, len(labels) - len(rows), len(labels))
    return rows


def read_by_id(
    sources: Iterable[str | Path],
    labels: Mapping[str, tuple[Label, ...]],
    columns: Columns = GUESSED,
    *,
    split: str | None = None,
) -> list[LabelledSentence]:
    """Those sentences of some files that have labels by their `LabelledSentence.key`, each once.

    Raises:
        LabelledDataError: a file cannot be read, or a record has no text.
    """
    found: dict[str, LabelledSentence] = {}
    for record in (record for source in sources for record in read_records(source, split=split)):
        text, doc = text_of(record, columns), doc_of(record, columns)
        row = LabelledSentence(text, (), doc, "", record.place, record.fields)
        if row.key in labels:
            found.setdefault(row.key, replace(row, labels=labels[row.key]))
    return list(found.values())
