from __future__ import annotations

from pathlib import Path

import pytest

from claimclf.errors import OptionError
from claimclf.labels import Label
from tests.conftest import write_jsonl
from training.benchmark_data import read_test_sets, without_held_out
from training.config import TrainingConfig
from training.data import read_labelled
from training.pool import sentence_key

LIED, DENIED, MET = "Osmani lied.", "Verrin denied it.", "They met on Monday."


def test_labels_by_id_are_measured_beside_labelled_sentences(tmp_path: Path) -> None:
    labelled = write_jsonl(tmp_path / "dev.jsonl", [{"text": LIED, "labels": ["accusation"]}])
    by_id = write_jsonl(tmp_path / "ids.jsonl", [{"id": sentence_key(DENIED), "labels": ["denial"]}])
    texts = write_jsonl(tmp_path / "texts.jsonl", [{"text": DENIED, "doc": "a"}, {"text": MET, "doc": "a"}])
    found = read_test_sets([str(labelled)], [str(by_id)], [str(texts)])
    assert list(found) == [str(labelled), str(by_id)]
    assert [row.text for row in found[str(labelled)]] == [LIED]
    assert [(row.text, row.labels) for row in found[str(by_id)]] == [(DENIED, (Label.DENIAL,))]
    assert list(read_test_sets([], [str(by_id)], [str(texts)])) == [str(by_id)]


def test_for_want_of_files_the_own_test_set_is_measured_on() -> None:
    (source,) = read_test_sets([], [], [])
    assert Path(source).parts[-3:] == ("training", "data", "test.jsonl")


def test_files_whose_figures_could_not_be_told_apart_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_jsonl(tmp_path / folder / "dev.jsonl", [{"text": LIED, "labels": ["accusation"]}])
    with pytest.raises(OptionError, match=r"dev\.jsonl"):
        read_test_sets([str(tmp_path / "a" / "dev.jsonl"), str(tmp_path / "b" / "dev.jsonl")], [], [])


def test_labels_by_id_without_sentences_are_refused(tmp_path: Path) -> None:
    by_id = write_jsonl(tmp_path / "ids.jsonl", [{"id": sentence_key(DENIED), "labels": ["denial"]}])
    with pytest.raises(OptionError, match="--sentences"):
        read_test_sets([], [str(by_id)], [])


def test_baselines_learn_from_no_document_that_the_model_did_not(tmp_path: Path) -> None:
    rows = read_labelled(
        write_jsonl(
            tmp_path / "train.jsonl",
            [
                {"text": LIED, "labels": ["accusation"], "doc": "named here"},
                {"text": "He is a thief.", "labels": ["accusation"], "doc": "named here"},
                {"text": DENIED, "labels": ["denial"], "doc": "named elsewhere"},
                {"text": "She left.", "labels": ["factual_report"], "doc": "learned from"},
            ],
        )
    )
    texts = write_jsonl(tmp_path / "texts.jsonl", [{"text": MET, "doc": "named elsewhere"}])
    held_out = write_jsonl(tmp_path / "held.jsonl", [{"id": sentence_key(text)} for text in (LIED, MET)])
    left = without_held_out(rows, str(held_out), [str(texts)])
    assert [row.text for row in left] == ["She left."]
    assert without_held_out(rows, TrainingConfig().held_out, []) == rows
