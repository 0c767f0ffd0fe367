"""What is read from a file: rows, and what stands where a row should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A row that was read.

    Attributes:
        file: the file it stands in.
        line: its line, from 1; of a row that spans several, the first. Rows of a Parquet file count from 1.
        fields: its columns by name.
        columns: the columns of its file, as far as the beginning shows them; ``()``: those of the row.
    """

    file: str
    line: int
    fields: dict[str, Any]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used.

    Attributes:
        file, line: as of a `Row`.
        problem: why.
        raw: what stands there, or its beginning.
    """

    file: str
    line: int
    problem: str
    raw: str
