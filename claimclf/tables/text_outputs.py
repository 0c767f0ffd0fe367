"""Labelled rows as lines of text: csv, tsv, JSON Lines."""

from __future__ import annotations

import csv
import json
import math
import os
from contextlib import suppress
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from claimclf.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from claimclf.prediction import Prediction


class _AppendedFile:
    """A file that is written at its end, and cut back to what is whole when it is opened again."""

    rows_a_commit = 256

    def __init__(self, path: Path, whole: int) -> None:
        if whole and (not path.is_file() or path.stat().st_size < whole):
            raise JournalError(path, "it is gone, or shorter than the stopped run left it")
        self._path = path
        self._file = path.open("r+b" if whole else "wb")
        self._file.truncate(whole)
        self._file.seek(whole)

    def commit(self) -> int:
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def abandon(self, whole: int) -> None:
        with suppress(OSError):  # what is in memory has no place on a full disk, and is cut off anyway
            self._file.close()
        os.truncate(self._path, whole)

    def finish(self, path: Path) -> None:
        self.commit()
        self._file.close()
        self._path.replace(path)


class JsonLinesOutput(_AppendedFile):
    """An object a line, UTF-8; null for NaN and infinities, which JSON has not."""

    @staticmethod
    def predicted(prediction: Prediction) -> dict[str, Any]:
        """See `Output.predicted`: as `Prediction.to_dict` has it."""
        fields = prediction.to_dict()
        del fields["schema_version"]
        return fields

    def problem(self, row: dict[str, Any]) -> str | None:  # noqa: ARG002 - every row can be a line
        """See `Output.problem`."""
        return None

    def begin(self, row: dict[str, Any]) -> None:
        """See `Output.begin`: every line names its own columns, so there is nothing to make."""

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """See `Output.write`."""
        self._file.write("".join(f"{json_line(row)}\n" for row in rows).encode("utf-8", "replace"))


class CsvOutput(_AppendedFile):
    """Comma or tab separated, UTF-8, a header in the first line.

    In a cell, lists and objects are JSON, and bytes are read as UTF-8.
    """

    def __init__(self, path: Path, whole: int, delimiter: str) -> None:
        super().__init__(path, whole)
        self._delimiter = delimiter
        self._columns: list[str] | None = None
        if whole:
            with path.open(encoding="utf-8", newline="") as file:
                self._columns = next(csv.reader(file, delimiter=delimiter))

    @staticmethod
    def predicted(prediction: Prediction) -> dict[str, Any]:
        """See `Output.predicted`: ``none`` for none of the four, labels joined by ``|``."""
        return {
            "label": prediction.label or "none",
            "confidence": prediction.confidence,
            "labels": "|".join(prediction.labels),
            **score_columns(prediction),
            "receipt": prediction.receipt,
        }

    def problem(self, row: dict[str, Any]) -> str | None:
        """See `Output.problem`: the header stands already, so no row may have columns of its own."""
        if self._columns is None:
            self._columns = list(row)
        unknown = sorted(row.keys() - set(self._columns))
        return (
            f"has a column {unknown[0]!r} that the first row has not; use -o with .jsonl" if unknown else None
        )

    def begin(self, row: dict[str, Any]) -> None:
        """See `Output.begin`."""
        self._columns = list(row)
        self._write_lines([self._columns])

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """See `Output.write`."""
        if rows and not self._file.tell():
            self._write_lines([self._columns or []])
        self._write_lines([[_cell(row.get(name)) for name in self._columns or []] for row in rows])

    def _write_lines(self, rows: Sequence[Sequence[Any]]) -> None:
        lines = _Lines()
        writer = csv.writer(lines, delimiter=self._delimiter, lineterminator=lines.end)
        writer.writerows(rows)
        self._file.write("".join(lines.written).encode("utf-8", "replace"))


class _Lines:
    """What a csv writer writes, a line a call; each ends in a bare newline."""

    end = "\r\n"  # before Python 3.13 a writer quotes only cells that hold a character of its line end

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line.removesuffix(self.end) + "\n")


def json_line(value: Any) -> str:
    """A value as one line of JSON; what JSON does not know becomes text, NaN and infinities null."""
    try:
        return _dumped(value)
    except ValueError:  # there is such a number in it
        return _dumped(_finite(value))


def storable(text: str) -> str:
    """The same text, character for character, with a question mark for each lone surrogate: as files hold it.

    >>> storable("a" + chr(0xD800))
    'a?'
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def score_columns(prediction: Prediction) -> dict[str, float]:
    """Its scores as columns, a label each."""
    return {f"score_{label}": score for label, score in prediction.scores.items()}


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)


def _finite(value: Any) -> Any:
    """The same value with null for each number that JSON has not."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return _plain(value)
    return json_line(value) if isinstance(value, (dict, list)) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
