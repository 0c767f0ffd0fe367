from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from claimclf import Label, Prediction, Scores
from claimclf.errors import LabelledDataError, OptionError, OutputExistsError
from claimclf.model_dir import ModelDir, file_sha256
from tests.conftest import write_jsonl
from tests.training.conftest import Inputs
from training.checks import check_test_set
from training.compare import compare
from training.data import LabelledSentence, read_labelled
from training.evaluate import evaluate
from training.evaluation import SCHEMA, evaluation
from training.report import evaluation_page


def row(text: str, *labels: Label, doc: str = "", **columns: Any) -> LabelledSentence:
    return LabelledSentence(text, labels, doc or text, "", "data.jsonl, line 1", columns)


def says(*labels: Label, confidence: float = 0.9) -> Prediction:
    scores = Scores(tuple(confidence if label in labels else 0.1 for label in Label))
    return Prediction(labels[0] if labels else None, confidence, scores, labels)


ROWS = [
    row("She accused him.", Label.ACCUSATION, origin="a"),
    row("He denied it.", Label.DENIAL, origin="a"),
    row("Vote!", Label.CALL_TO_ACTION, origin="b"),
    row(
        "He left the house at nine, as he had done every day for ten years.", Label.FACTUAL_REPORT, origin="b"
    ),
    row("<b>Thank you</b> [all].", origin=None),
]
PREDICTIONS = [
    says(Label.ACCUSATION),
    says(Label.ACCUSATION, confidence=0.6),
    says(Label.CALL_TO_ACTION),
    says(Label.FACTUAL_REPORT),
    says(Label.FACTUAL_REPORT, confidence=0.8),
]


def measured(**options: Any) -> Any:
    return evaluation("test", ROWS, PREDICTIONS, source="data.jsonl", resamples=20, **options)


def test_every_figure_of_a_small_example() -> None:
    result = measured(slice_by=["origin"])
    assert result.overall["accuracy"].value == 0.6
    assert result.overall["macro_f1"].value == pytest.approx((2 / 3 + 0 + 1 + 2 / 3) / 4)
    assert result.per_label["denial"]["recall"].value == 0
    assert result.per_label["accusation"]["precision"].value == 0.5
    assert result.confusion[1][0] == 1, "the denial was taken for an accusation"
    assert result.confusion[4][3] == 1, "none was taken for a report"
    assert [m.sentence.text for m in result.worst] == ["<b>Thank you</b> [all].", "He denied it."]
    assert {name: part.sentences for name, part in result.slices["origin"].items()} == {
        "a": 2,
        "b": 2,
        "none": 1,
    }
    assert result.slices["origin"]["b"].accuracy.value == 1
    assert {name: part.sentences for name, part in result.slices["length"].items()} == {"1–10": 4, "11–20": 1}
    assert result.risk_at_coverage[1.0] == pytest.approx(0.4)


def test_of_high_scores_alone_fewer_are_found_and_more_of_them_rightly() -> None:
    found = measured().at_least["accusation"]
    assert [kept.sentences for kept in found.values()] == [2, 1, 1, 1, 0]
    assert found[0.6].precision.value == 0.5
    assert found[0.6].recall.value == found[0.9].recall.value == found[0.9].precision.value == 1
    assert np.isnan(found[0.95].precision.value)
    assert found[0.95].recall.value == 0


def test_the_json_keeps_its_schema_and_quotes_no_sentence() -> None:
    document = json.loads(json.dumps(measured().to_dict(), allow_nan=False))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert "denied" not in json.dumps(document)
    assert document["worst"][0]["id"] == ROWS[4].key


def test_a_file_of_one_class_still_gives_valid_json() -> None:
    rows, predictions = ROWS[:1], PREDICTIONS[:1]
    result = evaluation("test", rows, predictions, source="data.jsonl", resamples=5)
    document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert document["per_label"]["denial"]["recall"]["value"] is None


def test_an_unknown_slice_names_those_that_there_are() -> None:
    with pytest.raises(LabelledDataError, match=r"no column 'sauce'. Slice by one of: origin"):
        measured(slice_by=["sauce"])


def test_a_column_called_as_the_slices_by_length_are_is_refused() -> None:
    rows = [replace(row, columns={"length": "short"}) for row in ROWS]
    with pytest.raises(OptionError, match=r"slice='length'.*a column of another name"):
        evaluation("test", rows, PREDICTIONS, source="data.jsonl", slice_by=["length"], resamples=2)


def test_a_value_that_is_not_a_number_is_none() -> None:
    rows = [replace(row, columns={"origin": float("nan")}) for row in ROWS]
    result = evaluation("test", rows, PREDICTIONS, source="x", slice_by=["origin"], resamples=2)
    assert list(result.slices["origin"]) == ["none"]


def test_the_page_stands_alone_and_escapes_what_it_quotes() -> None:
    page = evaluation_page(measured(), check_test_set("data.jsonl", ROWS * 2))
    assert "&lt;b&gt;Thank you&lt;/b&gt; [all]." in page
    assert "<b>Thank" not in page
    assert page.count('src="data:image/svg+xml;base64,') == 4
    assert not re.search(r'(src|href)="(?!data:)', page), "nothing is fetched"
    assert "<script" not in page
    assert "W504" in page


def test_the_command_writes_a_report_that_agrees_with_training(
    trained_dir: Path, inputs: Inputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    evaluate(str(trained_dir), str(inputs.dev), report=report, slice_by=["stratum"], resamples=20)
    printed = capsys.readouterr().out
    for part in ("claimclf-tiny (onnx) on dev.jsonl", "macro-F1", "by stratum", "by length"):
        assert part in printed
    document = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    written = ModelDir.open(trained_dir).metadata.provenance["measured"]["systems"]["int8"]
    assert document["overall"]["macro_f1"]["value"] == pytest.approx(written["macro_f1"])
    assert (report / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(OutputExistsError):
        evaluate(str(trained_dir), str(inputs.dev), report=report)


def test_the_commands_take_labels_by_id(
    trained_dir: Path, inputs: Inputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {row.key for row in read_labelled(inputs.dev)[:7]}
    labels = write_jsonl(tmp_path / "some.jsonl", [{"id": key, "labels": ["denial"]} for key in keys])
    model, options = str(trained_dir), {"sentences": [str(inputs.dev)], "resamples": 5, "as_json": True}
    evaluate(model, str(labels), **options)
    data = json.loads(capsys.readouterr().out)["data"]
    assert (data["name"], data["sha256"]) == ("some.jsonl", file_sha256(labels))
    assert data["sentences"] == data["primary_labels"]["denial"] == len(keys)
    compare(model, model, str(labels), **options)
    assert json.loads(capsys.readouterr().out)["sentences"] == len(keys)


def test_the_command_reads_other_columns_and_gives_json(
    trained_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("quote,act\nOsmani denied it .,denial\nthank you Kesh .,\n", encoding="utf-8")
    evaluate(str(trained_dir), str(path), text_column="quote", labels_column="act", resamples=5, as_json=True)
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["data"]["primary_labels"] == {
        "accusation": 0,
        "denial": 1,
        "call_to_action": 0,
        "factual_report": 0,
        "none": 1,
    }
    assert "[W502] own.csv: no sentence has the primary label accusation or call_to_action" in captured.err


@pytest.mark.parametrize(
    ("rows", "train", "expected"),
    [
        (ROWS, (), []),
        (ROWS[:1] * 3, (), ["W501", "W504"]),
        (ROWS[:4], (), ["W503"]),
        (ROWS[1:], (), ["W502"]),
        (ROWS, [row("SHE accused him"), row("Unrelated.")], ["W505"]),
    ],
)
def test_what_is_thin_is_said(
    rows: list[LabelledSentence], train: list[LabelledSentence], expected: list[str]
) -> None:
    findings = check_test_set("data.jsonl", rows, train)
    assert [finding.code for finding in findings] == expected


def test_duplicates_and_leaks_are_counted_and_placed() -> None:
    repeated, leaked = check_test_set("data.jsonl", [*ROWS, ROWS[0], ROWS[0]], ROWS[:2])
    assert "2 sentences stand in it more than once, first data.jsonl, line 1" in str(repeated)
    assert "4 of 7 sentences were learned from" in str(leaked)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no sentence"),
        ('{"text": "a", "labels": ["acusation"]}', "line 1: unknown label 'acusation'"),
    ],
)
def test_bad_input_is_one_line_on_standard_error(
    trained_dir: Path, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content, encoding="utf-8")
    completed = subprocess.run(
        [sys.executable, "-m", "training.evaluate", str(trained_dir), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 1
    assert "[E501]" in completed.stderr
    assert message in completed.stderr
    assert "Traceback" not in completed.stderr


def test_leaks_are_reported_by_the_command(
    trained_dir: Path, inputs: Inputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = write_jsonl(tmp_path / "same.jsonl", [{"text": "Osmani denied it .", "labels": ["denial"]}])
    evaluate(str(trained_dir), str(same), train=str(same), resamples=5)
    assert "[W505] same.jsonl: 1 of 1 sentences were learned from" in capsys.readouterr().err
