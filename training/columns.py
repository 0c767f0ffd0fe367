"""What the columns and labels of a file are called, and how its cells become sentences and labels."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from claimclf.errors import LabelledDataError, OptionError
from claimclf.labels import LABELS
from claimclf.tables.columns import TEXT_COLUMNS
from training.annotation_tools import Judgements, is_asked
from training.label_cells import is_missing, label_columns, labels_in, labels_ticked, normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from claimclf.labels import Label
    from training.formats import Record

NONE_NAME = "none"


@dataclass(frozen=True)
class Columns:
    """What the columns and labels of a file are called.

    Attributes:
        text: the column of the sentences; None: the first of the usual names that is there.
        labels: the column of the labels, likewise; without one, columns that are called like the labels.
        doc: the column of the documents, likewise.
        label_map: other names of labels, and what each means: a label's name or ``none``.
    """

    text: str | None = None
    labels: str | None = None
    doc: str | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)

    def of(self, role: str, record: Record) -> str | None:
        """The name of the column that plays a role in a record; None where there is none.

        Case, spaces and hyphens in names do not matter, except between two that differ in nothing else.
        """
        named: str | None = getattr(self, role)
        if named is not None:
            if named in record.fields:
                return named
            return _by_normal_name(tuple(record.fields)).get(normal(named))
        if role == "labels":
            return self._labels_column(record)
        return _first_usual(_USUAL[role], tuple(record.fields))

    def _labels_column(self, record: Record) -> str | None:
        judged = tuple(name for name, cell in record.fields.items() if is_asked(cell))
        if judged:
            return judged[0] if len(judged) == 1 else _first_usual(_USUAL["labels"] + _OFTEN_OTHER, judged)
        names = tuple(record.fields)
        usual = _first_usual(_USUAL["labels"], names)
        if usual is not None or label_columns(names, self.label_map):
            return usual
        return _first_usual(_OFTEN_OTHER, names)


_USUAL = {
    "text": list(TEXT_COLUMNS),
    "labels": [
        "labels",
        "label",
        "acts",
        "act",
        "gold",
        "gold_label",
        "gold_labels",
        "annotation",
        "annotations",
    ],
    "doc": ["doc", "document", "doc_id", "document_id", "docid", "documentid", "article", "article_id"],
}
# Names that also call other things: a section, a country. One column a label comes before them.
_OFTEN_OTHER = ["category", "categories", "cats", "class", "classes", "code", "codes"]
_MEANING = {"text": "sentences", "labels": "labels", "doc": "documents"}
GUESSED = Columns()


def read_label_map(entries: Sequence[str] | None) -> dict[str, str]:
    """Other names of labels, from ``NAME: label`` lines or YAML files of such lines.

    Raises:
        OptionError: an entry is neither, or what a name should mean is not a label.

    >>> read_label_map(["CTA: call_to_action", "other: none"])
    {'CTA': 'call_to_action', 'other': 'none'}
    """
    names: dict[str, str] = {}
    known = (*(label.value for label in LABELS), NONE_NAME)
    for entry in entries or ():
        mapping = yaml_mapping(entry)
        meanings = {name: normal(meant) if isinstance(meant, str) else "" for name, meant in mapping.items()}
        if not meanings or not set(meanings.values()) <= set(known):
            raise OptionError("label_map", entry, f'"NAME: label", where a label is {", ".join(known)}')
        names |= meanings
    return names


def yaml_mapping(entry: str) -> dict[str, Any]:
    """What a YAML file or a line of YAML maps, all of it as text; nothing where it is neither.

    >>> yaml_mapping("no: none"), yaml_mapping("none")
    ({'no': 'none'}, {})
    """
    try:
        text = Path(entry).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):  # it is no file
        text = entry
    try:
        # This loader makes nothing but text, so that "yes" and "1" stay names.
        mapping = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError:
        return {}
    hashable = isinstance(mapping, dict) and all(isinstance(name, str) for name in mapping)
    return mapping if hashable else {}


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

    They stand in a column of labels, see `training.label_cells.labels_in`; or in one column a label, see
    `training.label_cells.labels_ticked`. Of several annotators' answers it is the most frequent one, as the
    first of those who gave it ordered the labels.

    Raises:
        LabelledDataError: there are no such columns, what they hold are not labels, or no answer is the most
            frequent.
    """
    if columns.of("labels", record) is None and columns.labels is None:
        found = label_columns(tuple(record.fields), columns.label_map)
        if found:
            return labels_ticked({name: record.fields[name] for name in found}, found, record.place)
    cell = _cell(record, columns, "labels")
    if not isinstance(cell, Judgements):
        return labels_in(cell, record.place, columns.label_map)
    return _majority([labels_in(one, record.place, columns.label_map) for one in cell.cells], record.place)


def is_labelled(record: Record, columns: Columns) -> bool:
    """Whether anybody labelled a record: False only for an item of an annotation tool with no answer."""
    name = columns.of("labels", record) if record.submitted else None
    return record.submitted and (name is None or record.fields[name] != Judgements())


def doc_of(record: Record, columns: Columns) -> str:
    """The document that a record names; its own place where it names none.

    Raises:
        LabelledDataError: there is no column of the name that was asked for.
    """
    name = columns.of("doc", record)
    if name is None and columns.doc is None:
        return record.place
    document = _cell(record, columns, "doc")
    return record.place if is_missing(document) else str(document)


def _cell(record: Record, columns: Columns, role: str) -> Any:
    name = columns.of(role, record)
    if name is not None:
        return record.fields[name]
    wanted = getattr(columns, role)
    there = tuple(map(str, record.fields))
    nearest = difflib.get_close_matches(normal(wanted), _by_normal_name(there), n=1) if wanted else []
    hint = f"Did you mean {_by_normal_name(there)[nearest[0]]!r}? " if nearest else ""
    missing = repr(wanted) if wanted else f"{' or '.join(_USUAL[role][:2])!r} or the like"
    raise LabelledDataError(
        record.place,
        f"no column {missing} (there are: {', '.join(there) or 'none'})",
        f"{hint}Say which column holds the {_MEANING[role]} with --{role}-column.",
    )


@lru_cache
def _by_normal_name(names: tuple[str, ...]) -> dict[str, str]:
    """Column names by `normal` name; of two that are alike the first."""
    return {normal(str(name)): name for name in reversed(names)}


def _first_usual(usual: Sequence[str], names: tuple[str, ...]) -> str | None:
    there = _by_normal_name(names)
    return next((there[name] for name in usual if name in there), None)


def _majority(answers: Sequence[tuple[Label, ...]], place: str) -> tuple[Label, ...]:
    counted = Counter(frozenset(answer) for answer in answers).most_common(2)
    if not counted:
        raise LabelledDataError(place, "nobody labelled it", "Label it, or take it out.")
    if len(counted) > 1 and counted[0][1] == counted[1][1]:
        said = " / ".join(", ".join(answer) or "none" for answer in answers)
        raise LabelledDataError(
            place,
            f"{len(answers)} annotators disagree, and no answer is the most frequent ({said})",
            "Settle it in the annotation tool, or take it out.",
        )
    return next(answer for answer in answers if set(answer) == counted[0][0])
