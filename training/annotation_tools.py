"""What one record of an annotation tool's export says, by the shape in which each tool writes it.

doccano needs nothing here: its JSONL, JSON and CSV (labels joined by ``#``) are plain records already
(https://github.com/doccano/doccano, ``backend/data_export/pipeline/formatters.py``). It writes items that
nobody labelled like those with no label, so export only the approved ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.label_cells import is_missing, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


@dataclass(frozen=True)
class Judgements:
    """The cell of a question: what each annotator answered.

    Attributes:
        cells: one cell an annotator, each as a column of labels could hold it; empty: nobody submitted one.
        asked: whether the export says that it is a question; False for any other cell that differs from one
            annotator to the next, a comment or the time, say.
    """

    cells: tuple[Any, ...] = ()
    asked: bool = True

    def __str__(self) -> str:
        return " / ".join(map(str, self.cells))


@dataclass(frozen=True)
class Answer:
    """What one record of an export says.

    Attributes:
        fields: the item's own fields, and a cell, mostly `Judgements`, for each question.
        submitted: whether anybody submitted it.
        item: the same for all records about one item; None where a record is all there is.
        annotator: whose yes-or-no answers about one item add up to one set of labels; None: they do not.
        omits_blanks: whether a question with nothing chosen has no cell at all.
    """

    fields: Mapping[str, Any]
    submitted: bool = True
    item: Hashable = None
    annotator: Hashable = None
    omits_blanks: bool = False


def is_asked(cell: Any) -> bool:
    """Whether a cell is that of a question, as its export says."""
    return isinstance(cell, Judgements) and cell.asked


def as_answer(fields: Mapping[str, Any]) -> Answer | None:
    """What a record says if it comes from an annotation tool; None if it does not look so.

    Raises:
        ValueError: a cell begins like a list of answers and is none.

    >>> task = {"data": {"text": "He left."}, "annotations": [{"result": [
    ...     {"from_name": "act", "type": "choices", "value": {"choices": ["denial"]}}]}]}
    >>> as_answer(task).fields["act"].cells
    (['denial'],)
    >>> as_answer({"text": "He left.", "labels": "denial"}) is None
    True
    """
    return next((answer for shape in _SHAPES if (answer := shape(fields)) is not None), None)


def _label_studio(fields: Mapping[str, Any]) -> Answer | None:
    """Label Studio's JSON, and its import form, which nobody has answered yet.

    https://labelstud.io/guide/task_format (``completions``: the name until 1.0). Annotations that are marked
    as ground truth overrule the others.
    """
    data = fields.get("data")
    if not isinstance(data, Mapping) or not (_TASK_KEYS & set(fields) or len(fields) == 1):
        return None
    annotations = [
        annotation
        for annotation in fields.get("annotations", fields.get("completions")) or ()
        if isinstance(annotation, Mapping)
        and not annotation.get("was_cancelled")
        and not annotation.get("skipped")
    ]
    annotations = [one for one in annotations if one.get("ground_truth")] or annotations
    choices = [_choices(annotation) for annotation in annotations]
    judged = {
        name: Judgements(tuple(chosen.get(name, []) for chosen in choices))
        for name in dict.fromkeys(name for chosen in choices for name in chosen)
    }
    item = ("Label Studio", str(fields["id"])) if annotations and "id" in fields else None
    return Answer({**data, **judged}, bool(annotations), item)


_TASK_KEYS = {"annotations", "completions", "predictions"}


def _choices(annotation: Mapping[str, Any]) -> dict[str, list[Any]]:
    chosen: dict[str, list[Any]] = {}
    for result in annotation.get("result") or ():
        if isinstance(result, Mapping) and result.get("type") == "choices":
            values = (result.get("value") or {}).get("choices") or []
            chosen.setdefault(str(result.get("from_name")), []).extend(values)
    return chosen


def _label_studio_row(fields: Mapping[str, Any]) -> Answer | None:
    """Label Studio's JSON-MIN, CSV and TSV: one record an annotation.

    https://labelstud.io/guide/export and ``label_studio_sdk/converter`` (2.0): the columns are the task's
    data, one for each control (``from_name``; a choice, or ``{"choices": […]}`` for several), and
    the annotation's. Which of them are controls it does not say, and JSON-MIN has none for a control with
    nothing chosen.
    """
    if not {"annotation_id", "annotator", "lead_time"} <= set(fields):
        return None
    cancelled = str(fields.get("was_cancelled", "")).lower() in ("true", "1")
    item = None if fields.get("id") in (None, "") else ("Label Studio", str(fields["id"]))
    kept = {name: cell for name, cell in fields.items() if name not in _ROW_HOUSEKEEPING}
    return Answer(kept, not cancelled, item, omits_blanks=True)


_ROW_HOUSEKEEPING = (
    "annotation_id",
    "annotator",
    "lead_time",
    "was_cancelled",
    "created_at",
    "updated_at",
    "agreement",
)


def _prodigy(fields: Mapping[str, Any]) -> Answer | None:
    """Prodigy's JSONL, from ``choice`` (``accept``) and from binary ``classification`` (``label``).

    https://prodi.gy/docs/api-interfaces#choice and ``#classification``. The labels that one annotator
    accepted for a text one by one add up; a rejected label says only what a sentence is not, so a text with
    nothing but rejected labels is left out.
    """
    if fields.get("answer") not in ("accept", "reject", "ignore"):
        return None
    if not {"accept", "_input_hash", "_task_hash"} & set(fields):
        return None
    meta = fields.get("meta")
    own = {**(meta if isinstance(meta, Mapping) else {}), **fields}
    item = ("Prodigy", fields["_input_hash"]) if "_input_hash" in fields else None
    submitted = fields["answer"] == "accept"
    if isinstance(fields.get("accept"), list):
        chosen = [_option(one, fields.get("options")) for one in fields["accept"]]
        return Answer({**own, "accept": Judgements((chosen,))}, submitted, item)
    if "label" not in fields:
        return Answer(own, submitted, item)
    annotator = str(fields.get("_annotator_id") or fields.get("_session_id") or "")
    return Answer({**own, "label": Judgements(([fields.get("label")],))}, submitted, item, annotator)


def _option(identifier: Any, options: Any) -> Any:
    """What an option is called: its id, or its text where the id is but a number."""
    if isinstance(identifier, str) or not isinstance(options, list):
        return identifier
    return next(
        (one.get("text") for one in options if isinstance(one, Mapping) and one.get("id") == identifier),
        identifier,
    )


def _argilla(fields: Mapping[str, Any]) -> Answer | None:
    """Argilla 2's ``records.to_json`` and ``to_list``: ``fields``, ``metadata``, ``responses`` by question.

    https://docs.argilla.io, ``argilla/records/_resource.py``, ``Record.to_dict``. It says nothing of the
    status of a response, so export with a query for submitted ones; where a status is there, it counts.
    """
    own, responses = fields.get("fields"), fields.get("responses")
    if not isinstance(own, Mapping) or not isinstance(responses, Mapping):
        return None
    judged = {name: _submitted(answers) for name, answers in responses.items()}
    return Answer({**_metadata(fields), **own, **judged}, any(judged[name].cells for name in judged))


def _argilla_flat(fields: Mapping[str, Any]) -> Answer | None:
    """Argilla's columns: of 2 (``label.responses``, ``….status``), and of the 1.x ``FeedbackDataset``.

    https://docs.argilla.io, ``argilla/records/_io/_generic.py``; the latter holds a list of ``user_id``,
    ``value`` and ``status`` in a column of the question's name.
    """
    judged = {}
    for name, cell in fields.items():
        if name.endswith(".responses"):
            values = [] if is_missing(cell) else listed(cell)
            if not isinstance(values, list):
                continue
            statuses = listed(fields.get(f"{name}.status"))
            statuses = statuses if isinstance(statuses, list) and statuses else [None] * len(values)
            answers = [{"value": v, "status": s} for v, s in zip(values, statuses, strict=False)]
            judged[name.removesuffix(".responses")] = _submitted(answers)
        elif f"{name}-suggestion" in fields and (cell is None or isinstance(cell, list)):
            judged[name] = _submitted(cell)
    if not judged:
        return None
    return Answer({**_metadata(fields), **fields, **judged}, any(judged[name].cells for name in judged))


def _argilla_1(fields: Mapping[str, Any]) -> Answer | None:
    """Argilla 1's and Rubrix' text classification: ``annotation`` counts once its status is Validated.

    https://docs.v1.argilla.io, ``TextClassificationRecord``.
    """
    if not {"annotation", "prediction", "status"} <= set(fields):
        return None
    inputs = fields.get("inputs")
    own = {**_metadata(fields), **(inputs if isinstance(inputs, Mapping) else {})}
    own |= {name: cell for name, cell in fields.items() if cell is not None}
    judged = fields["status"] == "Validated" and fields["annotation"] is not None
    cell = Judgements((fields["annotation"],)) if judged else Judgements()
    return Answer({**own, "annotation": cell}, judged)


def _metadata(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = fields.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _submitted(answers: Any) -> Judgements:
    return Judgements(
        tuple(
            answer.get("value")
            for answer in answers or ()
            if isinstance(answer, Mapping) and answer.get("status") in (None, "submitted")
        )
    )


_SHAPES: tuple[Callable[[Mapping[str, Any]], Answer | None], ...] = (
    _label_studio,
    _label_studio_row,
    _prodigy,
    _argilla,
    _argilla_flat,
    _argilla_1,
)
