"""Labelled rows as Parquet, which has to be written in one go: in parts first, which become one file."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from claimclf.errors import ColumnTypeError, JournalError, MissingExtraError
from claimclf.tables.text_outputs import score_columns, storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from claimclf.prediction import Prediction

_PARTS_A_ROW_GROUP = 16
_DEEPEST = 40  # lists and objects in each other: of a list that makes 80 of the 100 levels that Parquet has


def sealed(path: Path) -> Path:
    """The parts of an unfinished output as one file, which is there only when it is whole."""
    return path.with_name(f"{path.stem}.whole{path.suffix}")


class ParquetOutput:
    """While it grows a directory of parts, which every reader of Parquet opens as one table; then a file.

    The parts have a schema each, by what their rows hold. The rows of all must fit the schema that those
    make up together, so it is kept, and a part that does not go with those before it is not taken.
    """

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
        self._schema: pa.Schema | None = None
        if not whole:
            shutil.rmtree(path, ignore_errors=True)
            sealed(path).unlink(missing_ok=True)
        path.mkdir(exist_ok=True)
        for part in path.iterdir():
            if part.name >= self._part(whole).name:
                part.unlink()
        if not sealed(path).exists():
            self._take_up_parts()

    @staticmethod
    def predicted(prediction: Prediction) -> dict[str, Any]:
        """See `Output.predicted`: null for none of the four, labels a list."""
        return {
            "label": prediction.label and prediction.label.value,
            "confidence": prediction.confidence,
            "labels": [label.value for label in prediction.labels] or None,
            **score_columns(prediction),
            "receipt": prediction.receipt,
        }

    def problem(self, row: dict[str, Any]) -> str | None:
        """See `Output.problem`. Columns may come and go between parts."""
        return "is nested too deeply for Parquet" if _is_deep(row) else None

    def begin(self, row: dict[str, Any]) -> None:
        """See `Output.begin`."""
        self._add(self._table([row]).slice(0, 0))

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """See `Output.write`."""
        if rows:
            self._add(self._table(rows))

    def _table(self, rows: Sequence[dict[str, Any]]) -> pa.Table:
        rows = [_storable(row) for row in rows]
        names = list(dict.fromkeys(name for row in rows for name in row))
        with self._column_errors():
            columns = [self._column(name, [row.get(name) for row in rows]) for name in names]
            return self._pa.table(columns, names=names)

    def _add(self, table: pa.Table) -> None:
        part = self._part(self._parts)
        with self._column_errors():
            with part.open("wb") as file:
                self._pq.write_table(table, file)
                _to_disk(file)
            schema = self._schema_with(part)
            for number in range(0 if self._promotes(schema) else self._parts, self._parts + 1):
                self._read([self._part(number)], schema)
        self._schema = schema
        self._parts += 1

    def commit(self) -> int:
        """See `Output.commit`."""
        return self._parts

    def abandon(self, whole: int) -> None:
        """See `Output.abandon`."""
        self._part(whole).unlink(missing_ok=True)

    def finish(self, path: Path) -> None:
        """See `Output.finish`."""
        if not sealed(self._path).exists():
            self._seal()
        shutil.rmtree(self._path)
        sealed(self._path).replace(path)

    def _seal(self) -> None:
        schema = self._schema or self._pa.schema([])
        parts = [self._part(number) for number in range(self._parts)]
        new = sealed(self._path).with_name(f"{sealed(self._path).name}.new")
        try:
            with self._column_errors(), new.open("wb") as file:
                with self._pq.ParquetWriter(file, schema) as writer:
                    for start in range(0, len(parts), _PARTS_A_ROW_GROUP):
                        writer.write_table(self._read(parts[start : start + _PARTS_A_ROW_GROUP], schema))
                _to_disk(file)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        new.replace(sealed(self._path))

    def _take_up_parts(self) -> None:
        """The schema of the parts that a stopped run left."""
        try:
            for number in range(self._parts):
                self._schema = self._schema_with(self._part(number))
        except (OSError, self._pa.ArrowException) as error:
            problem = f"parts that the stopped run left are gone or damaged ({error})"
            raise JournalError(self._path, problem) from error

    def _schema_with(self, part: Path) -> pa.Schema:
        schema = self._pq.read_schema(part)
        if self._schema is None:
            return schema
        return self._pa.unify_schemas([self._schema, schema], promote_options="permissive")

    def _promotes(self, schema: pa.Schema) -> bool:
        """Whether values in parts before get another type by this schema, which not all of them may fit."""
        is_null = self._pa.types.is_null
        return any(
            not is_null(field.type) and schema.field(field.name).type != field.type
            for field in self._schema or ()
        )

    def _read(self, parts: Sequence[Path], schema: pa.Schema) -> pa.Table:
        none = schema.empty_table()  # with the columns that begin in later parts, too
        tables = [none, *map(self._pq.read_table, parts)]
        return self._pa.concat_tables(tables, promote_options="permissive").cast(schema)

    def _column(self, name: str, values: list[Any]) -> pa.Array:
        try:
            return self._pa.array(values, self._types.get(name))
        except (self._pa.ArrowException, OverflowError) as error:
            raise ColumnTypeError(f"{name!r}: {error}") from error

    @contextmanager
    def _column_errors(self) -> Iterator[None]:
        try:
            yield
        except self._pa.ArrowException as error:
            raise ColumnTypeError(str(error)) from error

    def _part(self, number: int) -> Path:
        return self._path / f"part-{number:08d}.parquet"


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _is_deep(value: Any, levels: int = _DEEPEST) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not levels or any(_is_deep(one, levels - 1) for one in inner)


def _storable(value: Any) -> Any:
    """The same value with a question mark for each lone surrogate and null for each empty object.

    No file can hold the first; Parquet has no columns for the second.
    """
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()} or None
    return [_storable(inner) for inner in value] if isinstance(value, list) else value
