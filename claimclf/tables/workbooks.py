"""Excel workbooks, read row by row."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812 - an exception, named like no other

from claimclf.errors import ClaimclfError, MissingExtraError, UnreadableFileError
from claimclf.tables.columns import repeated
from claimclf.tables.rows import BadRow, Row
from claimclf.tables.text_outputs import json_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from openpyxl import Workbook

_OLE = b"\xd0\xcf\x11\xe0"  # how .xls files begin, and .xlsx files with a password
# What openpyxl and the libraries below it raise for a damaged file; SyntaxError is the XML parser's.
_DAMAGED = (
    OSError,
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
_COMPUTE = "open it in Excel or LibreOffice, and save it"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how a workbook writes characters that XML has not


def worksheet_rows(
    name: str, *, on_columns: Callable[[Sequence[str]], None] = lambda _: None
) -> Iterator[Row | BadRow]:
    """The rows of a workbook's first visible sheet below its header, each with its number.

    The header is the first row that is not empty; empty rows below it are none. One column without a name,
    as pandas writes its index, is called ``""``; other cells under no name make a bad row. Of a formula the
    value is read that the program last computed, and a row is bad where it has none. Whole numbers are
    integers, dates text in ISO form.

    Args:
        name: of the workbook.
        on_columns: called with the names of the columns, before the first row.

    Raises:
        UnreadableFileError: it is not such a workbook, or two columns have the same name.
        MissingExtraError: openpyxl is not installed.
    """
    with _opened(name) as book:
        yield from _rows(name, book, on_columns)


def other_sheets(name: str) -> tuple[str, ...]:
    """The titles of the visible sheets that `worksheet_rows` leaves out, after a look at its first row.

    Raises:
        UnreadableFileError, MissingExtraError: as `worksheet_rows`.
    """
    with _opened(name) as book:
        next(_rows(name, book, lambda _: None), None)
        return tuple(sheet.title for sheet in _sheets(name, book)[1:])


@contextmanager
def _opened(name: str, *, computed: bool = True) -> Iterator[Workbook]:
    """The workbook, with the computed values or with the formulas themselves."""
    path = Path(name)
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise MissingExtraError("Reading .xlsx", "tables") from error
    with path.open("rb") as file:
        if file.read(4) == _OLE:
            raise UnreadableFileError(
                path, "is an Excel file of the old kind, or has a password", _SAVE_AS_XLSX
            )
        try:
            with closing(load_workbook(file, read_only=True, data_only=computed)) as book:
                yield book
        except ClaimclfError:
            raise
        except _DAMAGED as error:
            raise UnreadableFileError(path, f"cannot be read as .xlsx ({error})", _SAVE_AS_XLSX) from error


def _sheets(name: str, book: Workbook) -> list[Any]:
    """The sheets that are shown, of which the first is read."""
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise UnreadableFileError(Path(name), "no sheet of it is shown", "Unhide the one to read.")
    return visible


def _numbered_rows(name: str, book: Workbook) -> Iterator[tuple[int, Sequence[Any]]]:
    sheet = _sheets(name, book)[0]
    sheet.reset_dimensions()  # some programs write wrong ones
    yield from enumerate(sheet.iter_rows(), 1)


def _rows(name: str, book: Workbook, on_columns: Callable[[Sequence[str]], None]) -> Iterator[Row | BadRow]:
    columns: dict[int, str] = {}
    header = 0
    with closing(_formulas(name)) as formulas:
        for number, row in _numbered_rows(name, book):
            cells = [_plain(cell.value) for cell in row]
            # Of a computed formula that gives no text, the type is there without a value.
            valueless = {at for at, cell in enumerate(row) if cell.value is None and cell.data_type != "str"}
            if valueless:
                valueless &= next((found for other, found in formulas if other == number), set())
            nameless = {at for at, cell in enumerate(cells) if _plain_name(cell)} - columns.keys()
            if valueless:
                problem = (
                    f"holds a formula that was never computed in {_place(valueless, number)}; {_COMPUTE}"
                )
                yield BadRow(name, number, problem, json_line(cells))
            elif all(cell is None or cell == "" for cell in cells):
                continue
            elif not columns:
                columns, header = _header(name, number, cells), number
                on_columns(list(columns.values()))
            elif nameless:
                problem = f"holds something in {_place(nameless, number)}, where row {header} names no column"
                yield BadRow(name, number, problem, json_line(cells))
            else:
                cells += [None] * (max(columns) + 1 - len(cells))
                yield Row(name, number, {column: cells[at] for at, column in columns.items()})


def _formulas(name: str) -> Generator[tuple[int, set[int]], None, None]:
    """Which cells of each row hold formulas; ends at one that openpyxl cannot make out."""
    from openpyxl.formula.tokenizer import TokenizerError
    from openpyxl.formula.translate import TranslatorError

    with suppress(TokenizerError, TranslatorError), _opened(name, computed=False) as book:
        for number, row in _numbered_rows(name, book):
            yield number, {at for at, cell in enumerate(row) if cell.data_type == "f"}


def _header(name: str, number: int, cells: Sequence[Any]) -> dict[int, str]:
    """The names of the columns by their places; one of those before the last may have none."""
    named = {at: column for at, cell in enumerate(cells) if (column := _plain_name(cell))}
    twice = repeated(named.values())
    if twice is not None:
        problem = f"two columns of row {number} are called {twice!r}"
        raise UnreadableFileError(Path(name), problem, "Rename one of them.")
    nameless = [at for at in range(max(named, default=0)) if at not in named][:1]
    return {at: named.get(at, "") for at in sorted([*named, *nameless])}


def _place(columns: set[int], row: int) -> str:
    """The name of the leftmost of some cells of a row, such as ``B2``."""
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(min(columns) + 1)}{row}"


def _plain_name(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value
