"""Exports of annotation tools, in the forms that the tools write them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from claimclf import Label
from claimclf.errors import LabelledDataError
from training.columns import Columns
from training.data import read_labelled

ACCUSATION, DENIAL = (Label.ACCUSATION,), (Label.DENIAL,)


def labels(path: Path, columns: Columns | None = None) -> dict[str, tuple[Label, ...]]:
    return {row.text: row.labels for row in read_labelled(path, columns or Columns())}


def as_json(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def as_json_lines(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def as_csv(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    return path


def annotation(number: int, **cells: Any) -> dict[str, Any]:
    """One row of Label Studio's JSON-MIN, CSV or TSV: one annotation."""
    return {"annotation_id": number, "annotator": f"a{number}", "lead_time": 1.5 * number, **cells}


def task(number: int, text: str, *answers: list[str] | None) -> dict[str, Any]:
    """One task of Label Studio's JSON; None: an annotation that was cancelled."""
    results = [
        {
            "was_cancelled": chosen is None,
            "result": [{"from_name": "act", "type": "choices", "value": {"choices": chosen}}]
            if chosen
            else [],
        }
        for chosen in answers
    ]
    return {"id": number, "data": {"text": text}, "annotations": results}


def test_a_label_studio_task_gets_the_most_frequent_answer(tmp_path: Path) -> None:
    tasks = [
        task(1, "He denied it.", ["denial"], ["denial"], ["accusation"]),
        task(2, "He left.", [], ["denial"], []),
        task(3, "They lied.", None, ["accusation"]),
        task(4, "Nobody looked at this.", None),
    ]
    read = labels(as_json(tmp_path / "project.json", tasks))
    assert read == {"He denied it.": DENIAL, "He left.": (), "They lied.": ACCUSATION}


def test_an_annotator_who_chose_nothing_has_a_vote_where_the_export_has_no_cell_for_it(
    tmp_path: Path,
) -> None:
    rows = [
        annotation(1, id=1, text="He left.", labels="denial"),
        annotation(2, id=1, text="He left."),
        annotation(3, id=1, text="He left."),
        annotation(4, id=2, text="They lied.", labels={"choices": ["accusation"]}),
        annotation(5, id=3, text="Thank you."),
    ]
    read = labels(as_json(tmp_path / "min.json", rows))
    assert read == {"He left.": (), "They lied.": ACCUSATION, "Thank you.": ()}


def test_one_answer_against_nothing_chosen_is_a_disagreement(tmp_path: Path) -> None:
    rows = [
        annotation(1, id=1, text="He left.", labels="denial"),
        annotation(2, id=1, text="He left."),
    ]
    with pytest.raises(LabelledDataError, match="2 annotators disagree"):
        labels(as_json(tmp_path / "min.json", rows))


@pytest.mark.parametrize("other", ["comment", "certainty", "second"])
def test_labels_agreed_on_count_whatever_else_annotators_differ_in(tmp_path: Path, other: str) -> None:
    rows = [
        annotation(number, id=1, text="He denied it.", labels="denial", **{other: cell})
        for number, cell in enumerate(["accusation", "accusation", ""])
    ]
    assert labels(as_csv(tmp_path / "project.csv", rows)) == {"He denied it.": DENIAL}


def test_a_question_of_another_name_is_asked_for(tmp_path: Path) -> None:
    rows = [
        annotation(number, id=1, text="He denied it.", speech=cell)
        for number, cell in enumerate(["denial", "denial", "accusation"])
    ]
    path = as_csv(tmp_path / "project.csv", rows)
    assert labels(path, Columns(labels="speech")) == {"He denied it.": DENIAL}
    with pytest.raises(LabelledDataError, match="--labels-column"):
        labels(path)


def choice(annotator: str, text: str, accepted: list[str], answer: str = "accept") -> dict[str, Any]:
    """One line of Prodigy's ``choice`` recipe."""
    return {
        "text": text,
        "_input_hash": hash(text),
        "_task_hash": hash(text) + 1,
        "options": [{"id": label.value, "text": label.value} for label in Label],
        "accept": accepted,
        "answer": answer,
        "_timestamp": 1700000000 + len(annotator),
        "_annotator_id": annotator,
        "_session_id": f"acts-{annotator}",
    }


def test_prodigy_choices_of_two_annotators_are_put_together(tmp_path: Path) -> None:
    lines = [
        choice("ann", "He denied it.", ["denial"]),
        choice("bernard", "He denied it.", ["denial"]),
        choice("ann", "They lied.", ["accusation"]),
        choice("ann", "Unclear.", [], answer="ignore"),
    ]
    read = labels(as_json_lines(tmp_path / "acts.jsonl", lines))
    assert read == {"He denied it.": DENIAL, "They lied.": ACCUSATION}


def test_labels_that_one_prodigy_annotator_accepts_one_by_one_add_up(tmp_path: Path) -> None:
    one = {"text": "He denied it and accused them.", "_input_hash": 7, "_annotator_id": "ann"}
    lines = [
        {**one, "_task_hash": 1, "label": "denial", "answer": "accept"},
        {**one, "_task_hash": 2, "label": "accusation", "answer": "accept"},
        {**one, "_task_hash": 3, "label": "call_to_action", "answer": "reject"},
    ]
    read = labels(as_json_lines(tmp_path / "acts.jsonl", lines))
    assert read == {"He denied it and accused them.": (Label.DENIAL, Label.ACCUSATION)}


def test_argilla_counts_what_was_submitted(tmp_path: Path) -> None:
    answers = [
        {"user_id": "u", "value": "denial", "status": "submitted"},
        {"user_id": "v", "value": "accusation", "status": "draft"},
    ]
    records = [
        {"fields": {"text": "He denied it."}, "metadata": {}, "responses": {"label": answers}},
        {"fields": {"text": "They lied."}, "metadata": {}, "responses": {"label": answers[1:]}},
    ]
    assert labels(as_json(tmp_path / "records.json", records)) == {"He denied it.": DENIAL}


def test_argilla_columns_hold_lists_of_answers(tmp_path: Path) -> None:
    rows = [
        {
            "text": "He denied it.",
            "label.responses": "['denial', 'accusation', 'denial']",
            "label.responses.status": "['submitted', 'submitted', 'submitted']",
        }
    ]
    assert labels(as_csv(tmp_path / "records.csv", rows)) == {"He denied it.": DENIAL}


def test_argilla_1_counts_what_was_validated(tmp_path: Path) -> None:
    records = [
        {"text": "He denied it.", "prediction": None, "annotation": "denial", "status": "Validated"},
        {"text": "They lied.", "prediction": None, "annotation": "accusation", "status": "Default"},
    ]
    assert labels(as_json(tmp_path / "records.json", records)) == {"He denied it.": DENIAL}
