"""Sentences for people to label: Label Studio tasks, or a spreadsheet with a column to fill."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.datavalidation import DataValidation

from claimclf.errors import OptionError, OutputExistsError
from claimclf.labels import LABELS
from training.columns import NONE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from claimclf.prediction import Prediction
    from training.pool import PoolSentence

# Not blank: a blank cell says "none of the four", and a row that nobody labelled must not say so.
TO_LABEL = "?"

_COLUMNS = {"labels": 32, "text": 90, "suggested": 26, "confidence": 12, "stratum": 12, "id": 20, "doc": 30}
_WRAPPED = 2  # the column of the text
_NONE_DEFINITION = "does none of the four"


@dataclass(frozen=True)
class LabellingTask:
    """A sentence to label.

    Attributes:
        sentence: the sentence.
        stratum: how it was chosen, as in `training.selection.Choice`.
        prediction: what the model suggests.
    """

    sentence: PoolSentence
    stratum: str
    prediction: Prediction

    @property
    def suggested(self) -> list[str]:
        """The names of the suggested labels; ``["none"]`` where there are none."""
        return [label.value for label in self.prediction.labels] or [NONE_NAME]


def refuse_unwritable(path: Path) -> None:
    """Does nothing where `write_tasks` can write, so that nobody waits to be told at the end.

    Raises:
        OptionError: the format is unknown.
        OutputExistsError: the path, or that of the labelling configuration beside it, is taken.
    """
    if path.suffix not in _WRITERS:
        raise OptionError("output", str(path), f"a path that ends in {', '.join(_WRITERS)}")
    for file in (path, *((config_path(path),) if path.suffix == ".json" else ())):
        if file.exists():
            raise OutputExistsError(file)


def write_tasks(path: Path, tasks: Sequence[LabellingTask], model: str) -> None:
    """Writes sentences for labelling, complete or not at all, in the format that the path ends in.

    ``.json`` makes tasks with predictions for Label Studio (https://labelstud.io/guide/predictions), and the
    labelling configuration that they need beside it. ``.csv``, ``.xlsx`` and ``.jsonl`` have a column
    ``labels`` in which `TO_LABEL` stands until somebody puts a label there, several as
    ``accusation|call_to_action``, or ``none``. `training.data.read_labelled` reads what comes back, and
    refuses what was not filled.

    Args:
        path: the file to write.
        tasks: the sentences, in order.
        model: the name of the model that made the suggestions.

    Raises:
        OptionError, OutputExistsError: as `refuse_unwritable`.
    """
    refuse_unwritable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(path.name + ".new")
    _WRITERS[path.suffix](staging, tasks, model)
    if path.suffix == ".json":
        config_path(path).write_text(labelling_config(), encoding="utf-8")
    staging.replace(path)


def config_path(path: Path) -> Path:
    """Where the labelling configuration goes that fits the tasks in a file."""
    return path.with_suffix(".xml")


def labelling_config() -> str:
    """Label Studio's labelling configuration for these tasks: Settings, Labeling Interface, Code."""
    definitions = {**{label.value: label.definition for label in LABELS}, NONE_NAME: _NONE_DEFINITION}
    choices = "\n".join(
        f"    <Choice value={quoteattr(name)} hotkey={quoteattr(str(number))} hint={quoteattr(definition)}/>"
        for number, (name, definition) in enumerate(definitions.items(), 1)
    )
    return (
        '<View>\n  <Text name="text" value="$text"/>\n'
        '  <Choices name="labels" toName="text" choice="multiple" required="true">\n'
        f"{choices}\n  </Choices>\n</View>\n"
    )


def _row(task: LabellingTask) -> dict[str, Any]:
    row = {
        "labels": TO_LABEL,
        "text": _encodable(task.sentence.text),
        "suggested": "|".join(task.suggested),
        "confidence": round(task.prediction.confidence, 3),
        "stratum": task.stratum,
        "id": _encodable(task.sentence.id),
        "doc": _encodable(task.sentence.doc),
    }
    return {column: row[column] for column in _COLUMNS}


def _encodable(text: str) -> str:
    """The text with question marks for lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _write_csv(path: Path, tasks: Sequence[LabellingTask], _: str) -> None:
    # With a byte order mark, or Excel takes UTF-8 for another encoding.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(_COLUMNS))
        writer.writeheader()
        writer.writerows(map(_row, tasks))


def _write_jsonl(path: Path, tasks: Sequence[LabellingTask], _: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(_row(task), ensure_ascii=False) + "\n" for task in tasks)


def _write_xlsx(path: Path, tasks: Sequence[LabellingTask], _: str) -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(list(_COLUMNS))
    for number, task in enumerate(tasks, 2):
        for column, value in enumerate(_row(task).values(), 1):
            cell = sheet.cell(number, column)
            cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"  # a sentence that begins with "=" is no formula
        sheet.cell(number, _WRAPPED).alignment = Alignment(wrap_text=True, vertical="top")
    for cell, width in zip(sheet[1], _COLUMNS.values(), strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.freeze_panes = "A2"
    names = ",".join([*(label.value for label in LABELS), NONE_NAME])
    # No error message for other entries: two acts are written with | between them.
    dropdown = DataValidation(type="list", formula1=f'"{names}"', allow_blank=True, showErrorMessage=False)
    dropdown.add(f"A2:A{len(tasks) + 1}")
    sheet.add_data_validation(dropdown)
    book.save(path)


def _write_label_studio(path: Path, tasks: Sequence[LabellingTask], model: str) -> None:
    documents = [
        {
            "data": {name: _row(task)[name] for name in ("text", "id", "doc", "stratum")},
            "predictions": [_label_studio_prediction(task, model)],
        }
        for task in tasks
    ]
    path.write_text(json.dumps(documents, ensure_ascii=False, indent=1), encoding="utf-8")


def _label_studio_prediction(task: LabellingTask, model: str) -> dict[str, Any]:
    return {
        "model_version": model,
        "score": round(task.prediction.confidence, 4),
        "result": [
            {
                "id": "labels",
                "from_name": "labels",
                "to_name": "text",
                "type": "choices",
                "value": {"choices": task.suggested},
            }
        ],
    }


_WRITERS: dict[str, Callable[[Path, Sequence[LabellingTask], str], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".jsonl": _write_jsonl,
    ".json": _write_label_studio,
}
