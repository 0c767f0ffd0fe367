"""What stands in a cell of labels, in every way people and programs write it, as labels."""

from __future__ import annotations

import ast
import difflib
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from claimclf.errors import LabelledDataError
from claimclf.labels import LABELS, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = ("", "none", "null", "nan")
_SEPARATORS = re.compile(r"[|,;#+\n]")
_YES = ("1", "1.0", "true", "yes", "y", "x", "✓", "✔")
_NO = (*_NOTHING, "0", "0.0", "false", "no", "n", "-")
_KNOWN = {label.value: label for label in LABELS}


def normal(name: str) -> str:
    """A name as it compares with others: in small letters, with ``_`` for spaces and hyphens.

    >>> normal(" Call to-Action ")
    'call_to_action'
    """
    return re.sub(r"[\s_-]+", "_", name.strip().casefold()).strip("_")


def is_missing(cell: Any) -> bool:
    """Whether a cell holds nothing: None, no text, or the NaN that pandas writes for nothing.

    >>> is_missing(float("nan")), is_missing("nan")
    (True, False)
    """
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def listed(cell: Any) -> Any:
    """The value that a cell holds as text, in JSON or as Python prints it; any other cell as it is.

    Raises:
        ValueError: the cell begins like a list or an object and is none.

    >>> listed('["denial"]'), listed("['denial', 'accusation']"), listed("denial")
    (['denial'], ['denial', 'accusation'], 'denial')
    """
    if not isinstance(cell, str) or not cell.lstrip().startswith(("[", "{")):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        try:
            return ast.literal_eval(cell.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            raise ValueError(str(error)) from error


def labels_in(cell: Any, place: str, label_map: Mapping[str, str]) -> tuple[Label, ...]:
    """The labels that a cell holds, in its order; ``()`` for none of the four.

    A cell is a list of names, such a list as text, a name, or names with ``|`` ``,`` ``;`` ``#`` ``+`` or a
    line break between them. Case, spaces and hyphens do not matter. Blank, ``none``, ``null`` and NaN mean
    none of the four.

    Args:
        cell: the cell.
        place: where it stands, for messages.
        label_map: other names of labels, and what each means: a label's name or ``none``.

    Raises:
        LabelledDataError: it holds something else, or labels that cannot go together.

    >>> labels_in("Call to action; accusation", "dev.csv, line 2", {})
    (<Label.CALL_TO_ACTION: 'call_to_action'>, <Label.ACCUSATION: 'accusation'>)
    >>> labels_in("CTA", "dev.csv, line 3", {"CTA": "call_to_action"})
    (<Label.CALL_TO_ACTION: 'call_to_action'>,)
    """
    names = [name for name in _names(cell, place, label_map) if not _blank(name)]
    meant = [_label(name, place, label_map) for name in names]
    labels = tuple(dict.fromkeys(label for label in meant if label is not None))
    said = [normal(str(name)) for name in names]
    together = len(set(said)) == len(said) and ("none" not in said or len(said) == 1)
    if not together or (Label.FACTUAL_REPORT in labels and len(labels) > 1):
        raise _impossible(cell, place)
    return labels


def label_columns(names: Sequence[str], label_map: Mapping[str, str]) -> dict[str, Label | None]:
    """Which columns are called like a label, or like ``none``, and which; empty where none is like a label.

    >>> label_columns(["text", "Denial", "none"], {})
    {'Denial': <Label.DENIAL: 'denial'>, 'none': None}
    """
    meanings = {name: _meaning(name, label_map) for name in names}
    found = {name: label for name, (known, label) in meanings.items() if known}
    return found if any(found.values()) else {}


def labels_ticked(
    ticks: Mapping[str, Any], columns: Mapping[str, Label | None], place: str
) -> tuple[Label, ...]:
    """The labels of a record with one column a label, in label order, as nothing says which is primary.

    Args:
        ticks: the cell of each column: 1, true, yes or x; or 0, false, no or blank.
        columns: what each column stands for, see `label_columns`.
        place: where the record stands, for messages.

    Raises:
        LabelledDataError: a cell is neither, or the labels cannot go together.

    >>> labels_ticked({"denial": "x", "accusation": "1"}, {"denial": Label.DENIAL,
    ...     "accusation": Label.ACCUSATION}, "dev.csv, line 2")
    (<Label.ACCUSATION: 'accusation'>, <Label.DENIAL: 'denial'>)
    """
    ticked = [columns[name] for name, cell in ticks.items() if _is_ticked(name, cell, place)]
    labels = tuple(label for label in LABELS if label in ticked)
    if (labels and None in ticked) or (Label.FACTUAL_REPORT in labels and len(labels) > 1):
        raise _impossible([str(label or "none") for label in dict.fromkeys(ticked)], place)
    return labels


def _names(cell: Any, place: str, label_map: Mapping[str, str]) -> list[Any]:
    """The names in a cell, blank ones among them."""
    try:
        value = listed(cell)
    except ValueError as error:
        raise LabelledDataError(
            place, f"labels {cell!r} are not a JSON list ({error})", 'Write ["denial"].'
        ) from error
    if isinstance(value, Mapping) and "choices" in value:
        value = value["choices"]
    if isinstance(value, (list, tuple)):
        return [name for one in value for name in (_choices(one) if isinstance(one, Mapping) else [one])]
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return [] if value is None else [value]
    if isinstance(value, str):
        whole, _ = _meaning(value, label_map)
        return [value] if whole else [name.strip() for name in _SEPARATORS.split(value)]
    raise LabelledDataError(
        place,
        f"labels {cell!r} are neither a list nor text",
        'Write "labels": ["denial"], [] for none; or denial|accusation in a cell.',
    )


def _choices(value: Mapping[str, Any]) -> list[Any]:
    chosen = value.get("choices", value)
    return chosen if isinstance(chosen, list) else [chosen]


def _blank(name: Any) -> bool:
    if isinstance(name, str):
        return name.strip().casefold() in ("", "null", "nan")
    return isinstance(name, float) and math.isnan(name)


def _label(name: Any, place: str, label_map: Mapping[str, str]) -> Label | None:
    known, label = _meaning(name, label_map)
    if known:
        return label
    names = [*_KNOWN, *label_map]
    nearest = difflib.get_close_matches(
        normal(str(name)), [*_KNOWN, *map(normal, label_map)], n=1, cutoff=0.5
    )
    hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(names)}; blank or none for none."
    raise LabelledDataError(
        place, f"unknown label {name!r}", f'{hint} What your labels mean says --label-map "NAME: label".'
    )


def _meaning(name: Any, label_map: Mapping[str, str]) -> tuple[bool, Label | None]:
    """Whether a name is known, and the label it means; None for none of the four."""
    if isinstance(name, bool) or not isinstance(name, (str, int, float)):
        return False, None
    if isinstance(name, float) and name.is_integer():
        name = int(name)
    text = str(name).strip()
    meant = _mapped(text, label_map) or normal(text)
    return meant in _KNOWN or meant == "none", _KNOWN.get(meant)


def _mapped(text: str, label_map: Mapping[str, str]) -> str | None:
    if text in label_map:
        return label_map[text]
    name = normal(text)
    return next((meant for other, meant in label_map.items() if name and normal(other) == name), None)


def _is_ticked(name: str, cell: Any, place: str) -> bool:
    text = str("" if cell is None else cell).strip().casefold()
    if text not in (*_YES, *_NO):
        raise LabelledDataError(
            place,
            f"{cell!r} in the column {name!r} is neither yes nor no",
            "Write 1 or 0, true or false, yes or no, x or nothing; or name the labels with --labels-column.",
        )
    return text in _YES


def _impossible(cell: Any, place: str) -> LabelledDataError:
    return LabelledDataError(
        place,
        f"labels {cell!r} cannot go together",
        "Name each once; factual_report stands alone, and so does none.",
    )
