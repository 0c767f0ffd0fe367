"""Suspicious labels for people to correct: a spreadsheet with a column to fill.

What comes back is read by `training.corrections.read_corrections`: only rows with something in the column
``corrected`` change a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training import sheets
from training.corrections import CORRECTED
from training.data import CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from claimclf.labels import Label
    from training.label_errors import Suspicion
    from training.sheets import Row

_COLUMNS = {
    "rank": 6,
    "text": 90,
    "given": 22,
    "suggested": 22,
    CORRECTED: 22,
    "suspicion": 10,
    **dict.fromkeys(CLASSES, 10),
    "place": 30,
    "doc": 30,
    "id": 20,
}


def names(labels: Sequence[Label]) -> str:
    """Labels as they are written in a cell: ``accusation|denial``; ``none`` where there is none."""
    return "|".join(label.value for label in labels) or CLASSES[-1]


def write_csv(path: Path, suspicions: Sequence[Suspicion]) -> None:
    """Writes the suspicious sentences, in their order, as comma-separated values."""
    sheets.write_csv(path, _COLUMNS, _rows(suspicions))


def write_xlsx(path: Path, suspicions: Sequence[Suspicion]) -> None:
    """Writes the suspicious sentences, in their order, as a worksheet with labels to choose from."""
    sheets.write_xlsx(path, _COLUMNS, _rows(suspicions), choose=CORRECTED)


def _rows(suspicions: Sequence[Suspicion]) -> list[Row]:
    return [
        {
            "rank": rank,
            "text": suspicion.sentence.text,
            "given": names(suspicion.sentence.labels),
            "suggested": names(suspicion.suggested),
            CORRECTED: None,
            "suspicion": round(suspicion.score, 3),
            **{name: round(probability, 3) for name, probability in suspicion.probabilities.items()},
            "place": suspicion.sentence.place,
            "doc": suspicion.sentence.doc,
            "id": suspicion.sentence.key,
        }
        for rank, suspicion in enumerate(suspicions, 1)
    ]
