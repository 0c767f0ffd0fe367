"""Suspicious labels for people to correct: a spreadsheet with a column to fill.

What comes back is read by `training.data.read_corrections`: only rows with something in the column
``corrected`` change a label.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from training.data import CLASSES
from training.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from claimclf.labels import Label
    from training.label_errors import Suspicion

_WIDTHS = {
    "rank": 6,
    "text": 90,
    "given": 22,
    "suggested": 22,
    "corrected": 22,
    "suspicion": 10,
    **dict.fromkeys(CLASSES, 10),
    "place": 30,
    "doc": 30,
    "id": 20,
}
_LONGEST_CELL = 32_767  # of a spreadsheet, in characters


def names(labels: Sequence[Label]) -> str:
    """Labels as they are written in a cell: ``accusation|denial``; ``none`` where there is none."""
    return "|".join(label.value for label in labels) or CLASSES[-1]


def write_csv(path: Path, suspicions: Sequence[Suspicion]) -> None:
    """Writes the suspicious sentences, in their order, as comma-separated values."""
    # With a byte order mark, or Excel takes UTF-8 for another encoding.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_WIDTHS)
        writer.writerows(_cells(rank, suspicion) for rank, suspicion in enumerate(suspicions, 1))


def write_xlsx(path: Path, suspicions: Sequence[Suspicion]) -> None:
    """Writes the suspicious sentences, in their order, as a spreadsheet with a list of labels to choose from."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "label errors"
    sheet.append(list(_WIDTHS))
    text = list(_WIDTHS).index("text") + 1
    for rank, suspicion in enumerate(suspicions, 1):
        for column, value in enumerate(_cells(rank, suspicion), 1):
            cell = sheet.cell(rank + 1, column)
            cell.value = value[:_LONGEST_CELL] if isinstance(value, str) else value
            if isinstance(value, str) and value:
                cell.data_type = "s"  # a sentence that begins with "=" is no formula
        sheet.cell(rank + 1, text).alignment = Alignment(wrap_text=True, vertical="top")
    for number, width in enumerate(_WIDTHS.values(), 1):
        sheet.cell(1, number).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "C2"
    sheet.add_data_validation(_dropdown(len(suspicions)))
    book.save(path)


def _dropdown(rows: int) -> DataValidation:
    # No error message for other entries: two acts are written with | between them.
    validation = DataValidation(
        type="list", formula1=f'"{",".join(CLASSES)}"', allow_blank=True, showErrorMessage=False
    )
    column = get_column_letter(list(_WIDTHS).index("corrected") + 1)
    validation.add(f"{column}2:{column}{rows + 1}")
    return validation


def _cells(rank: int, suspicion: Suspicion) -> list[str | int | float | None]:
    sentence = suspicion.sentence
    cells: dict[str, str | int | float | None] = {
        "rank": rank,
        "text": printable(sentence.text),
        "given": names(sentence.labels),
        "suggested": names(suspicion.suggested),
        "corrected": None,
        "suspicion": round(suspicion.score, 3),
        **{name: round(probability, 3) for name, probability in suspicion.probabilities.items()},
        "place": printable(sentence.place),
        "doc": printable(sentence.doc),
        "id": sentence.key,
    }
    return [cells[column] for column in _WIDTHS]
