"""Results that were written once, computed again: the same numbers, or which ones differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from claimclf.errors import BadRowError, ColumnError, OtherModelError
from claimclf.labels import LABELS
from claimclf.tables.labelling import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claimclf.classifier import ClaimClassifier
    from claimclf.prediction import Prediction
    from claimclf.tables.reading import Source
    from claimclf.tables.rows import Row

_AT_ONCE = 256
_ROUNDING = 0.02  # of a probability: generous for int8 steps, small for anything else
_NONE = ("none", "", None)
_CURE = "Take the file as `claimclf predict -o` wrote it."


@dataclass(frozen=True)
class Difference:
    """A row whose results are not what the model gives now.

    Attributes:
        place: where it stands.
        column: which of its results differs.
        written: what stands there.
        computed: what the model gives.
    """

    place: str
    column: str
    written: Any
    computed: Any

    @property
    def is_rounding(self) -> bool:
        """Whether it is of a size that rounding explains."""
        return isinstance(self.computed, float) and abs(self.written - self.computed) <= _ROUNDING


def differences(
    source: Source, classifier: ClaimClassifier, *, text_column: str | None = None, prefix: str = ""
) -> Iterator[Difference | None]:
    """For each row of a results file, its difference to what the classifier gives, or None.

    Of several, the first that rounding does not explain, else the first.

    Args:
        source: what ``claimclf predict -o`` wrote.
        classifier: the model that made it.
        text_column: which column holds the texts; None for the usual names.
        prefix: before the names of the columns with results.

    Raises:
        ColumnError: a column of results is not there.
        OtherModelError: another model, or version, made them.
        BadRowError: a row cannot be read.
    """
    rows = texts_of(source, text_column, cure=_CURE, origin=f"{prefix}file")
    while chunk := list(islice(rows, _AT_ONCE)):
        predictions = classifier.predict([text for _, text in chunk])
        for (row, _), prediction in zip(chunk, predictions, strict=True):
            yield _difference(row, prediction, prefix, nested=source.format == "jsonl")


def _difference(row: Row, prediction: Prediction, prefix: str, *, nested: bool) -> Difference | None:
    place = f"{row.file}, line {row.line}"
    receipt = _cell(row, f"{prefix}receipt")
    if receipt != prediction.receipt:
        raise OtherModelError(place, receipt, prediction.receipt)
    label = prediction.label and prediction.label.value
    written: dict[str, Any] = {"label": _cell(row, f"{prefix}label")}
    computed: dict[str, Any] = {"label": label}
    written["labels"] = _labels(_cell(row, f"{prefix}labels"))
    computed["labels"] = [other.value for other in prediction.labels]
    if written["label"] in _NONE:
        written["label"] = None
    written["confidence"] = _number(row, _cell(row, f"{prefix}confidence"))
    computed["confidence"] = prediction.confidence
    scores = _scores(row, prefix, nested=nested)
    for name in LABELS:
        written[name.value] = _number(row, scores[name.value])
        computed[name.value] = prediction.scores[name]
    found = [
        Difference(place, f"{prefix}{column}", written[column], value)
        for column, value in computed.items()
        if written[column] != value
    ]
    return next((one for one in found if not one.is_rounding), found[0]) if found else None


def _scores(row: Row, prefix: str, *, nested: bool) -> dict[str, Any]:
    """The score of each label: from one object, as JSON Lines have it, or from a column each.

    The other may be there, too, as a column of the input.
    """
    scores = row.fields.get(f"{prefix}scores")
    if isinstance(scores, dict) and (nested or f"{prefix}score_{LABELS[0]}" not in row.fields):
        return {name.value: scores.get(name.value) for name in LABELS}
    return {name.value: _cell(row, f"{prefix}score_{name}") for name in LABELS}


def _cell(row: Row, column: str) -> Any:
    if column not in row.fields:
        raise ColumnError(row.file, column, tuple(row.fields), None)
    return row.fields[column]


def _labels(value: Any) -> Any:
    """The list that JSON Lines have, of what any format has for it."""
    if value in ("", None):
        return []
    return value.split("|") if isinstance(value, str) else value


def _number(row: Row, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        problem = f"holds {value!r} where a number should be"
        raise BadRowError(row.file, row.line, problem, _CURE) from None
