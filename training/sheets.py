"""Spreadsheets for people to fill in: the same rows as .csv and .xlsx, with a column of labels to choose."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from claimclf.tokenization import replace_lone_surrogates
from training.data import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Cell = str | int | float | None
    Row = Mapping[str, Cell]

_TEXT = "text"  # the column whose lines are wrapped
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST_CELL = 32_767  # of a spreadsheet, in characters


def write_csv(path: Path, columns: Mapping[str, int], rows: Sequence[Row]) -> None:
    """Writes rows as comma-separated values, with a byte order mark, or Excel takes UTF-8 for something else.

    Args:
        path: the file to write.
        columns: the names of the columns, in order; their widths are for spreadsheets.
        rows: a cell for each column.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_storable(row[name]) for name in columns] for row in rows)


def write_xlsx(path: Path, columns: Mapping[str, int], rows: Sequence[Row], *, choose: str) -> None:
    """Writes rows as a worksheet; what looks like a formula is text there.

    Args:
        path: the file to write.
        columns: the name of each column and its width in characters.
        rows: a cell for each column.
        choose: the column to choose a label in, from a list; several can be typed, with ``|`` between them.
    """
    book = Workbook()
    sheet: Any = book.active
    sheet.append(list(columns))
    names = list(columns)
    for number, row in enumerate(rows, 2):
        for column, name in enumerate(names, 1):
            _fill(sheet.cell(number, column), _storable(row[name]))
        sheet.cell(number, names.index(_TEXT) + 1).alignment = Alignment(wrap_text=True, vertical="top")
    for cell, width in zip(sheet[1], columns.values(), strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.freeze_panes = "A2"
    sheet.add_data_validation(_list_of_labels(get_column_letter(names.index(choose) + 1), len(rows)))
    book.save(path)


def _fill(cell: Any, value: Cell) -> None:
    if isinstance(value, str) and value:
        cell.value = value[:_LONGEST_CELL]
        cell.data_type = "s"  # a sentence that begins with "=" is no formula
    else:
        cell.value = value


def _list_of_labels(column: str, rows: int) -> DataValidation:
    # No error message for other entries: two acts are written with | between them.
    labels = DataValidation(
        type="list", formula1=f'"{",".join(CLASSES)}"', allow_blank=True, showErrorMessage=False
    )
    labels.add(f"{column}2:{column}{rows + 1}")
    return labels


def _storable(cell: Cell) -> Cell:
    """The cell with spaces for what XML cannot hold."""
    return _FORBIDDEN.sub(" ", replace_lone_surrogates(cell)) if isinstance(cell, str) else cell
