from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf.errors import LabelledDataError, ModelFileMissingError, OutputExistsError
from claimclf.labels import LABELS, Label
from claimclf.model_dir import ModelDir, file_sha256
from tests.conftest import labelled_records, write_jsonl
from tests.training.conftest import command_line
from training.audit import CSV, PAGE, SHEET, audit, learned_from
from training.corrections import corrected, read_corrections
from training.data import CLASSES, LabelledSentence, counts, read_labelled
from training.encoder_features import encoder_features
from training.label_errors import audit_features, suggestion, suspicions
from training.label_noise import flip_labels, noise_test

TRAPS = {
    "text": "=HYPERLINK(\"x\") denied <script>alert('x')</script>\u0007 that the party lied .",
    "labels": ["call_to_action"],
    "doc": "doc-trap",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred sentences, of which the last, full of traps, has a wrong label."""
    return write_jsonl(tmp_path_factory.mktemp("audit") / "data.jsonl", [*labelled_records()[:199], TRAPS])


@pytest.fixture(scope="module")
def audited(data: Path, tiny_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The directory that the command made, and what it said."""
    output = tmp_path_factory.mktemp("audits") / "audit"
    done = command_line(audit, str(data), "--model", str(tiny_dir), "--output", str(output), "--flip", "0.1")
    assert done.exit_code == 0, done.output
    return output, done.output


def rows_of(texts: list[str], labels: list[tuple[Label, ...]]) -> list[LabelledSentence]:
    return [
        LabelledSentence(text, given, f"doc-{i}", "", f"line {i}", {})
        for i, (text, given) in enumerate(zip(texts, labels, strict=True))
    ]


def test_flipped_labels_are_found(data: Path, tiny_dir: Path) -> None:
    rows = read_labelled(data)
    features = audit_features(ModelDir.open(tiny_dir), [row.text for row in rows])
    measured = noise_test(rows, features, flip=0.1, share=0.15)
    assert measured.flipped == 20
    assert measured.recall > 0.9
    by_chance = noise_test(
        rows, features[np.random.default_rng(0).permutation(len(rows))], flip=0.1, share=0.15
    )
    assert by_chance.recall < 0.5


def test_the_sheet_lists_what_looks_wrong_most_suspicious_first(audited: tuple[Path, str]) -> None:
    sheet = openpyxl.load_workbook(audited[0] / SHEET).active
    header, *lines = sheet.iter_rows(values_only=True)
    column = {name: i for i, name in enumerate(header)}
    suspicion = [line[column["suspicion"]] for line in lines]
    assert suspicion == sorted(suspicion, reverse=True)
    first = lines[0]
    assert first[column["given"]] == "call_to_action"
    assert first[column["suggested"]] == "denial"
    assert first[column["text"]].startswith("=HYPERLINK")
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert len(lines) >= 20


def test_what_is_corrected_in_the_sheet_changes_the_labels(
    audited: tuple[Path, str], data: Path, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(audited[0] / SHEET)
    sheet = book.active
    column = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, column["corrected"], "denial|accusation")
    sheet.cell(3, column["corrected"], "none")
    third = sheet.cell(3, column["id"]).value
    book.save(tmp_path / "filled.xlsx")
    corrections = read_corrections(tmp_path / "filled.xlsx")
    rows = read_labelled(data)
    changed = corrected(rows, corrections)
    assert {row.key for row, new in zip(rows, changed, strict=True) if row.labels != new.labels} <= set(
        corrections
    )
    assert changed[-1].labels == (Label.DENIAL, Label.ACCUSATION)
    assert next(row for row in changed if row.key == third).labels == ()
    assert len(corrections) == 2


def test_the_csv_says_the_same_and_corrects_nothing_as_it_comes(audited: tuple[Path, str]) -> None:
    assert read_corrections(audited[0] / CSV) == {}
    assert read_corrections(audited[0] / SHEET) == {}


def test_the_page_escapes_what_it_quotes_and_fetches_nothing(audited: tuple[Path, str]) -> None:
    page = (audited[0] / PAGE).read_text(encoding="utf-8")
    assert "&lt;script&gt;alert" in page
    assert "<script" not in page
    assert "Content-Security-Policy" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "labels flipped on purpose" in page


def test_the_command_says_what_to_do_next(audited: tuple[Path, str], data: Path) -> None:
    output, said = audited
    assert f"python -m training.train --train {data} --corrections {output / SHEET}" in said
    assert "20 labels flipped on purpose" in said
    assert f"{data}, line 200: call_to_action, or denial?" in said


def test_a_share_says_how_many_are_listed(data: Path, tiny_dir: Path, tmp_path: Path) -> None:
    output = tmp_path / "audit"
    done = command_line(audit, str(data), "--model", str(tiny_dir), "--output", str(output), "--top", "0.01")
    assert done.exit_code == 0, done.output
    assert "2 are listed" in done.output
    assert openpyxl.load_workbook(output / SHEET).active.max_row == 3


def test_an_output_that_is_there_is_not_touched(data: Path, tiny_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    done = command_line(audit, str(data), "--model", str(tiny_dir), "--output", str(tmp_path))
    assert isinstance(done.exception, OutputExistsError)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_model_that_learned_from_the_data_is_named(data: Path, tiny_dir: Path) -> None:
    opened = ModelDir.open(tiny_dir)
    assert learned_from(opened, [str(data), "some/hub-id"]) == []
    origin = {"data": {"train": {"files": [{"file": "old.jsonl", "sha256": file_sha256(data)}]}}}
    taught = replace(opened, metadata=replace(opened.metadata, provenance=origin))
    assert learned_from(taught, [str(data), "some/hub-id"]) == [str(data)]
    went_on = replace(
        opened, metadata=replace(opened.metadata, provenance={"base_model": {"origin": origin}})
    )
    assert learned_from(went_on, [str(data)]) == [str(data)], "the model before it had learned from them"
    measured_on = replace(
        opened, metadata=replace(opened.metadata, provenance={"data": {"dev": {"sha256": file_sha256(data)}}})
    )
    assert learned_from(measured_on, [str(data)]) == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (rows_of(["He lied ."] * 20, [()] * 20), "20 sentences are too few"),
        (rows_of(["He lied ."] * 60, [()] * 60), "all are none"),
        (
            [replace(row, doc="one") for row in rows_of(["He lied ."] * 60, [(), (Label.DENIAL,)] * 30)],
            "all are of one document",
        ),
    ],
)
def test_data_that_cannot_judge_itself_is_refused(
    rows: list[LabelledSentence], problem: str, tiny_dir: Path
) -> None:
    features = audit_features(ModelDir.open(tiny_dir), [row.text for row in rows])
    with pytest.raises(LabelledDataError, match=problem):
        suspicions(rows, features)


def test_sentences_without_a_word_in_common_are_refused(tiny_dir: Path) -> None:
    with pytest.raises(LabelledDataError, match="no words in common"):
        audit_features(ModelDir.open(tiny_dir), ["?", "!"])


def test_classes_that_are_absent_or_in_one_document_are_no_obstacle(tiny_dir: Path, data: Path) -> None:
    rows = [row for row in read_labelled(data) if Label.ACCUSATION not in row.labels]
    rare = replace(rows[0], labels=(Label.ACCUSATION, Label.DENIAL))
    judged = suspicions(
        [rare, *rows[1:]], audit_features(ModelDir.open(tiny_dir), [row.text for row in rows])
    )
    assert len(judged) == len(rows)
    assert all(0 <= suspicion.score <= 1 for suspicion in judged)


def test_more_folds_than_a_class_has_sentences_are_no_obstacle(tiny_dir: Path) -> None:
    words = ("accused", "denied", "urged", "signed", "thanks")
    texts = [f"Osmani {words[i % 5]} Kesh {i} ." for i in range(60)]
    rows = rows_of(texts, [LABELS[i % 5 : i % 5 + 1] for i in range(60)])
    assert len(suspicions(rows, audit_features(ModelDir.open(tiny_dir), texts), folds=15)) == 60


def test_a_model_without_its_float_weights_is_refused(tiny_dir: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(tiny_dir, tmp_path / "bare")
    (bare / "model.safetensors").unlink()
    with pytest.raises(ModelFileMissingError):
        encoder_features(ModelDir.open(bare), ["He lied ."])


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_a_suggestion_obeys_the_codebook(probabilities: list[float]) -> None:
    suggested = suggestion(np.array(probabilities))
    assert len(set(suggested)) == len(suggested)
    if Label.FACTUAL_REPORT in suggested:
        assert suggested == (Label.FACTUAL_REPORT,)
    best = int(np.argmax(probabilities))
    assert suggested[:1] == (() if best == len(LABELS) else (LABELS[best],))


@given(st.integers(1, 40), st.floats(0, 1), st.integers(0, 9))
def test_flips_change_as_many_labels_as_asked_and_no_other(n: int, share: float, seed: int) -> None:
    labels = [(), (Label.DENIAL,), (Label.DENIAL, Label.ACCUSATION)] * n
    rows = rows_of(["He lied ."] * n, labels[:n])
    noisy, flipped = flip_labels(rows, share, seed)
    assert len(flipped) == max(1, round(share * n))
    for i, (before, after) in enumerate(zip(rows, noisy, strict=True)):
        assert (not set(before.labels) & set(after.labels) and before.labels != after.labels) == (
            i in flipped
        )
    assert sum(counts(noisy).values()) == n
    assert set(counts(noisy)) == set(CLASSES)
