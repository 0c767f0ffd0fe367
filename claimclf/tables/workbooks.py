"""Excel workbooks, read row by row."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812 - an exception, named like no other

from claimclf.errors import MissingExtraError, UnreadableFileError
from claimclf.tables.columns import repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_OLE = b"\xd0\xcf\x11\xe0"  # how .xls files begin, and .xlsx files with a password
# What openpyxl and the libraries below it raise for a damaged file; SyntaxError is the XML parser's.
_DAMAGED = (
    BadZipFile,
    ZlibError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    SyntaxError,
    NotImplementedError,
)
_SAVE_AS_XLSX = "Open it in Excel or LibreOffice, and save it as .xlsx without a password."


def worksheet_rows(
    path: Path, *, on_columns: Callable[[Sequence[str]], None] = lambda _: None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a workbook's first sheet below its header, each with its number.

    The header is the first row that is not empty; empty rows below it are none, and cells under no header
    are not read. Of a formula the value is read that the program last computed. Whole numbers are integers,
    dates text in ISO form.

    Args:
        path: the workbook.
        on_columns: called with the names of the columns, before the first row.

    Raises:
        UnreadableFileError: it is not such a workbook, or two columns have the same name.
        MissingExtraError: openpyxl is not installed.
    """
    with path.open("rb") as file:
        if file.read(4) == _OLE:
            raise UnreadableFileError(
                path, "is an Excel file of the old kind, or has a password", _SAVE_AS_XLSX
            )
    try:
        yield from _rows(path, on_columns)
    except _DAMAGED as error:
        raise UnreadableFileError(path, f"cannot be read as .xlsx ({error})", _SAVE_AS_XLSX) from error


def _rows(path: Path, on_columns: Callable[[Sequence[str]], None]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise MissingExtraError("Reading .xlsx", "tables") from error
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write wrong ones
        header: list[str] | None = None
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [_plain(value) for value in row]
            if all(cell is None or cell == "" for cell in cells):
                continue
            if header is None:
                header = _header(path, number, cells)
                on_columns([name for name in header if name])
                continue
            cells += [None] * (len(header) - len(cells))
            yield number, {name: cell for name, cell in zip(header, cells, strict=False) if name}
    finally:
        book.close()


def _header(path: Path, number: int, cells: Sequence[Any]) -> list[str]:
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    twice = repeated(name for name in names if name)
    if twice is not None:
        problem = f"two columns of row {number} are called {twice!r}"
        raise UnreadableFileError(path, problem, "Rename one of them.")
    return names


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value
