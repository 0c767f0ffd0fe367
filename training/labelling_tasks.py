"""Sentences for people to label: Label Studio tasks, or a spreadsheet with a column to fill."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from claimclf.errors import OptionError, OutputExistsError
from claimclf.labels import LABELS
from claimclf.tokenization import replace_lone_surrogates
from training import sheets
from training.columns import NONE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from claimclf.prediction import Prediction
    from training.pool import PoolSentence

# Not blank: a blank cell says "none of the four", and a row that nobody labelled must not say so.
TO_LABEL = "?"

_TO_FILL = "labels"
_COLUMNS = {_TO_FILL: 32, "text": 90, "suggested": 26, "confidence": 12, "stratum": 12, "id": 20, "doc": 30}
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
        _TO_FILL: TO_LABEL,
        "text": replace_lone_surrogates(task.sentence.text),
        "suggested": "|".join(task.suggested),
        "confidence": round(task.prediction.confidence, 3),
        "stratum": task.stratum,
        "id": replace_lone_surrogates(task.sentence.id),
        "doc": replace_lone_surrogates(task.sentence.doc),
    }
    return {column: row[column] for column in _COLUMNS}


def _write_csv(path: Path, tasks: Sequence[LabellingTask], _: str) -> None:
    sheets.write_csv(path, _COLUMNS, list(map(_row, tasks)))


def _write_xlsx(path: Path, tasks: Sequence[LabellingTask], _: str) -> None:
    sheets.write_xlsx(path, _COLUMNS, list(map(_row, tasks)), choose=_TO_FILL)


def _write_jsonl(path: Path, tasks: Sequence[LabellingTask], _: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(_row(task), ensure_ascii=False) + "\n" for task in tasks)


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
