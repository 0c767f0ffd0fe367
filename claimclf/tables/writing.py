"""Where labelled rows go: csv, JSON Lines or Parquet, appended so that a run that was stopped can go on.

What is written last may be torn when a process is killed. `Output.commit` says how far the output is whole; a
run that goes on cuts off what is behind that and writes the same bytes as if it had never been stopped.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from contextlib import suppress
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from claimclf.errors import ColumnTypeError, MissingExtraError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from claimclf.prediction import Prediction

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_PARTS_A_ROW_GROUP = 16


class Output(Protocol):
    """Takes labelled rows, which map the names of columns to values.

    Attributes:
        rows_a_commit: how many rows are best written at once.
    """

    rows_a_commit: int

    @staticmethod
    def predicted(prediction: Prediction) -> dict[str, Any]:
        """A prediction as columns, in the form that suits the format."""
        ...

    def problem(self, row: dict[str, Any]) -> str | None:
        """Why a row cannot be written after those before it; None where it can."""
        ...

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Appends rows that have no problem.

        Raises:
            ColumnTypeError: a column holds values of several kinds, which the format cannot hold.
        """
        ...

    def commit(self) -> int:
        """Brings everything to the disk; how much is whole now, to be given to `open_output` later."""
        ...

    def abandon(self, whole: int) -> None:
        """Closes the output after a failure and cuts off what is not whole."""
        ...

    def finish(self, path: Path) -> None:
        """Puts the whole output where it belongs."""
        ...


def check_ending(path: Path) -> None:
    """Says which formats there are.

    Raises:
        OptionError: the ending of the name is none of theirs.
    """
    if path.suffix.lower() not in ENDINGS:
        raise OptionError("output", path.name, f"a name that ends in {', '.join(ENDINGS)}")


def open_output(path: Path, whole: int, *, schema: pa.Schema | None = None) -> Output:
    """Opens what will be an output, by its ending; what goes beyond ``whole`` is cut off.

    Args:
        path: of the unfinished output; its ending says the format.
        whole: what `Output.commit` returned last; 0 begins anew.
        schema: types of columns, for Parquet, where the input states them.

    Raises:
        OptionError: the ending is not known.
        MissingExtraError: Parquet without pyarrow.
    """
    check_ending(path)
    match path.suffix.lower():
        case ".csv":
            return CsvOutput(path, whole, ",")
        case ".tsv":
            return CsvOutput(path, whole, "\t")
        case ".parquet":
            return ParquetOutput(path, whole, schema)
        case _:
            return JsonLinesOutput(path, whole)


class _AppendedFile:
    """A file that is written at its end, and cut back to what is whole when it is opened again."""

    rows_a_commit = 256

    def __init__(self, path: Path, whole: int) -> None:
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
    """An object a line, UTF-8."""

    @staticmethod
    def predicted(prediction: Prediction) -> dict[str, Any]:
        """See `Output.predicted`: as `Prediction.to_dict` has it."""
        fields = prediction.to_dict()
        del fields["schema_version"]
        return fields

    def problem(self, row: dict[str, Any]) -> str | None:  # noqa: ARG002 - every row can be a line
        """See `Output.problem`."""
        return None

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """See `Output.write`."""
        self._file.write("".join(f"{json_line(row)}\n" for row in rows).encode("utf-8", "replace"))


class CsvOutput(_AppendedFile):
    """Comma or tab separated, UTF-8, a header in the first line; lists and objects in a cell are JSON."""

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
            **_scores(prediction),
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

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """See `Output.write`."""
        columns = self._columns or []
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._delimiter, lineterminator="\n")
        if rows and not self._file.tell():
            writer.writerow(columns)
        writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
        self._file.write(text.getvalue().encode("utf-8", "replace"))


class ParquetOutput:
    """While it grows a directory of parts, which every reader of Parquet opens as one table; then a file."""

    rows_a_commit = 4096

    def __init__(self, path: Path, whole: int, schema: pa.Schema | None) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise MissingExtraError("Parquet", "tables") from error
        self._pa, self._pq = pa, pq
        self._path, self._parts = path, whole
        self._types = {field.name: field.type for field in schema or ()}
        if not whole:
            shutil.rmtree(path, ignore_errors=True)
        path.mkdir(exist_ok=True)
        for part in path.iterdir():
            if part.name >= self._part(whole).name:
                part.unlink()

    @staticmethod
    def predicted(prediction: Prediction) -> dict[str, Any]:
        """See `Output.predicted`: null for none of the four, labels a list."""
        return {
            "label": prediction.label and prediction.label.value,
            "confidence": prediction.confidence,
            "labels": [label.value for label in prediction.labels] or None,
            **_scores(prediction),
            "receipt": prediction.receipt,
        }

    def problem(self, row: dict[str, Any]) -> str | None:  # noqa: ARG002 - columns come and go between parts
        """See `Output.problem`."""
        return None

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """See `Output.write`."""
        if not rows:
            return
        rows = [_encodable(row) for row in rows]
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = [self._column(name, [row.get(name) for row in rows]) for name in names]
        with self._part(self._parts).open("wb") as file:
            self._pq.write_table(self._pa.table(columns, names=names), file)
            file.flush()
            os.fsync(file.fileno())
        self._parts += 1

    def commit(self) -> int:
        """See `Output.commit`."""
        return self._parts

    def abandon(self, whole: int) -> None:
        """See `Output.abandon`."""
        self._part(whole).unlink(missing_ok=True)

    def finish(self, path: Path) -> None:
        """See `Output.finish`."""
        parts = [self._part(number) for number in range(self._parts)]
        schemas = [self._pq.read_schema(part) for part in parts] or [self._pa.schema([])]
        try:
            schema = self._pa.unify_schemas(schemas, promote_options="permissive")
        except self._pa.ArrowException as error:
            raise ColumnTypeError(str(error)) from error
        whole = self._path.with_name(f"{self._path.name}.whole")
        with self._pq.ParquetWriter(whole, schema) as writer:
            for start in range(0, len(parts), _PARTS_A_ROW_GROUP):
                group = [self._pq.read_table(part) for part in parts[start : start + _PARTS_A_ROW_GROUP]]
                writer.write_table(self._pa.concat_tables(group, promote_options="permissive").cast(schema))
        whole.replace(path)
        shutil.rmtree(self._path)

    def _column(self, name: str, values: list[Any]) -> pa.Array:
        try:
            return self._pa.array(values, self._types.get(name))
        except (self._pa.ArrowException, OverflowError) as error:
            raise ColumnTypeError(f"{name!r}: {error}") from error

    def _part(self, number: int) -> Path:
        return self._path / f"part-{number:08d}.parquet"


def json_line(value: Any) -> str:
    """A value as one line of JSON; what JSON does not know becomes text."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _scores(prediction: Prediction) -> dict[str, float]:
    return {f"score_{label}": score for label, score in prediction.scores.items()}


def _cell(value: Any) -> Any:
    return json_line(value) if isinstance(value, (dict, list)) else value


def _encodable(value: Any) -> Any:
    """The same value with a question mark for each lone surrogate, which no file can hold."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(name): _encodable(inner) for name, inner in value.items()}
    return [_encodable(inner) for inner in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
