"""What the columns and labels of a file are called, and how its cells become sentences and labels."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from claimclf.errors import LabelledDataError, OptionError
from claimclf.labels import LABELS, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.formats import Record

NONE_NAME = "none"


@dataclass(frozen=True)
class Columns:
    """What the columns and labels of a file are called.

    Attributes:
        text: the column of the sentences; None: the first of the usual names that is there.
        labels: the column of the labels, likewise.
        doc: the column of the documents, likewise.
        label_map: other names of labels, and what each means: a label's name or ``none``.
    """

    text: str | None = None
    labels: str | None = None
    doc: str | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)

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


def read_label_map(entries: Sequence[str] | None) -> dict[str, str]:
    """Other names of labels, from ``NAME: label`` lines or YAML files of such lines.

    Raises:
        OptionError: an entry is neither, or what a name should mean is not a label.

    >>> read_label_map(["CTA: call_to_action", "other: none"])
    {'CTA': 'call_to_action', 'other': 'none'}
    """
    names: dict[str, str] = {}
    for entry in entries or ():
        text = Path(entry).read_text(encoding="utf-8") if Path(entry).is_file() else entry
        try:
            mapping = yaml.safe_load(text)
        except yaml.YAMLError:
            mapping = None
        known = (*(label.value for label in LABELS), NONE_NAME)
        if not isinstance(mapping, dict) or not all(meant in known for meant in mapping.values()):
            raise OptionError("label_map", entry, f'"NAME: label", where a label is {", ".join(known)}')
        names |= {str(name): str(meant) for name, meant in mapping.items()}
    return names


def text_of(record: Record, columns: Columns) -> str:
    """The sentence that a record holds.

    Raises:
        LabelledDataError: there is no such column, or no text in it.
    """
    text = _cell(record, columns, "text")
    if not isinstance(text, str) or not text.strip():
        raise LabelledDataError(record.place, "no text", "Give it a sentence, or take the line out.")
    return text


def labels_of(record: Record, columns: Columns) -> tuple[Label, ...]:
    """The acts that a record gives its sentence, primary first; ``()`` for none of the four.

    Raises:
        LabelledDataError: there is no such column, or what it holds are not labels.
    """
    return _labels(_cell(record, columns, "labels"), record.place)


def doc_of(record: Record, columns: Columns) -> str:
    """The document that a record names; its own place where it names none.

    Raises:
        LabelledDataError: there is no column of the name that was asked for.
    """
    name = columns.of("doc", record)
    if name is None and columns.doc is None:
        return record.place
    document = _cell(record, columns, "doc")
    return record.place if document is None or document == "" else str(document)


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
