from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf import Label
from claimclf.errors import LabelledDataError
from tests.conftest import labelled_records, write_jsonl
from training.data import (
    NONE,
    LabelledSentence,
    primaries,
    primary_shares,
    read_labelled,
    read_texts,
    split_by_document,
    targets,
    to_learn_from,
    without,
)


def row(text: str = "He left.", *labels: Label, doc: str = "d") -> LabelledSentence:
    return LabelledSentence(text, labels, doc, "")


def test_a_file_comes_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(
        '\ufeff{"text": "They lie, and we deny it.", "labels": ["accusation", "denial"], "doc": "a"}\r\n'
        '\n{"text": "Good\u2028day.", "labels": []}\n',
        encoding="utf-8",
    )
    first, second = read_labelled(path)
    assert first == LabelledSentence(
        "They lie, and we deny it.", (Label.ACCUSATION, Label.DENIAL), doc="a", stratum=""
    )
    assert (second.text, second.labels) == ("Good\u2028day.", ())
    assert second.doc.endswith("line 3"), "without a doc, a sentence is its own document"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"labels": []}', "no column 'text or sentence'"),
        ('{"text": 3, "labels": []}', "no text"),
        ('{"text": "  ", "labels": []}', "no text"),
        ('{"text": "a"}', "no column 'labels or label'"),
        ('{"text": "a", "labels": {"denial": 1}}', "neither a list nor text"),
        ('{"text": "a", "labels": ["acusation"]}', "Did you mean accusation?"),
        ('{"text": "a", "labels": [null]}', "unknown label None"),
        ('{"text": "a", "labels": ["denial", "denial"]}', "cannot go together"),
        ('{"text": "a", "labels": ["denial", "factual_report"]}', "factual_report stands alone"),
    ],
)
def test_a_bad_line_is_named_with_its_problem(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "fine", "labels": []}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(LabelledDataError, match=r"data\.jsonl, line 2") as raised:
        read_labelled(path)
    assert problem in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_an_empty_or_undecodable_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    with pytest.raises(LabelledDataError, match="E501"):
        read_labelled(path)


def test_targets_mark_every_label_and_primaries_the_first() -> None:
    rows = [row("a", Label.DENIAL, Label.ACCUSATION), row("b"), row("c", Label.FACTUAL_REPORT)]
    assert targets(rows).tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert primaries(rows).tolist() == [1, NONE, 3]


def test_the_primary_act_has_two_thirds_and_taught_sentences_nothing() -> None:
    rows = [row("a", Label.DENIAL, Label.ACCUSATION), row("b"), row("c", Label.FACTUAL_REPORT)]
    shares = primary_shares([*rows, replace(rows[0], scores=(0.1, 0.9, 0.1, 0.1))])
    expected = [[1 / 3, 2 / 3, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]
    np.testing.assert_allclose(shares, expected, rtol=1e-6)
    smoothed = primary_shares(rows, smoothing=0.1)
    np.testing.assert_allclose(smoothed.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(smoothed[1], [0.02, 0.02, 0.02, 0.02, 0.92], rtol=1e-6)


def test_what_pandas_writes_for_nothing_names_no_document_and_no_stratum(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "He left.", "labels": NaN, "doc": NaN, "stratum": NaN}\n' * 2)
    rows = read_labelled(path)
    assert [(row.doc, row.stratum) for row in rows] == [(f"{path}, line {n}", "") for n in (1, 2)]


def test_a_split_shares_no_document_and_loses_no_sentence(tmp_path: Path) -> None:
    rows = read_labelled(write_jsonl(tmp_path / "train.jsonl", labelled_records()))
    train, held_out = split_by_document(rows, 0.2, seed=3)
    assert not {r.doc for r in train} & {r.doc for r in held_out}
    assert sorted(r.text for r in train + held_out) == sorted(r.text for r in rows)
    assert 0.1 < len(held_out) / len(rows) < 0.3
    assert {r.primary for r in held_out} == {0, 1, 2, 3, NONE}
    assert split_by_document(rows, 0.2, seed=3)[1] == held_out
    assert split_by_document(rows, 0.2, seed=4)[1] != held_out


def test_no_text_is_on_both_sides_of_a_split() -> None:
    rows = [row(f"Text {i}.", list(Label)[i % 4], doc=f"{i} {copy}") for i in range(40) for copy in "ab"]
    train, held_out = split_by_document(rows, 0.2, seed=1)
    assert not {r.key for r in train} & {r.key for r in held_out}
    assert {r.key for r in train + held_out} == {r.key for r in rows}
    with pytest.raises(LabelledDataError, match="every text stands in two parts"):
        split_by_document([row("He left.", Label.DENIAL, doc=name) for name in "abcd"], 0.5, seed=0)


def test_too_few_documents_to_split_is_an_error() -> None:
    with pytest.raises(LabelledDataError, match="2 documents"):
        split_by_document([row(doc="a"), row(doc="b")], 0.1, seed=0)


def test_as_many_sentences_of_each_class_are_split_in_fewer_parts() -> None:
    rows = [row(f"{i}", *list(Label)[i % 5 : i % 5 + 1], doc=f"{i}") for i in range(40)]
    train, held_out = split_by_document(rows, 0.1, seed=0)
    assert (len(train), len(held_out)) == (35, 5)
    assert {r.primary for r in held_out} == {0, 1, 2, 3, NONE}


def test_no_two_sentences_of_a_class_cannot_be_split() -> None:
    rows = [row("a", Label.DENIAL, doc="a"), row("b", Label.ACCUSATION, doc="b")]
    with pytest.raises(LabelledDataError, match="accusation 1, denial 1, call_to_action 0"):
        split_by_document(rows, 0.5, seed=0)


def test_neither_texts_nor_documents_to_report_on_are_learned_from() -> None:
    dev = [row("he left.", doc="a")]
    rows = [row("He  LEFT!", doc="b"), row("She stayed.", doc="a"), row("She stayed.", doc="b")]
    assert to_learn_from(rows, dev, "dev.csv") == [rows[2]]
    with pytest.raises(LabelledDataError, match=r"text or document of every sentence is in dev\.csv"):
        to_learn_from(rows[:2], dev, "dev.csv")


def test_sentences_of_the_dev_set_leave_the_training_set() -> None:
    kept = without([row("He  LEFT!"), row("She stayed.")], [row("he left.")])
    assert [r.text for r in kept] == ["She stayed."]


@given(st.text(min_size=1))
def test_any_text_survives_json_lines(text: str) -> None:
    line = json.dumps({"text": text, "labels": []})
    parsed = json.loads(line)
    assert parsed["text"] == text
    assert len(row(text).key) == 16


@pytest.mark.parametrize(("name", "opened"), [("a.jsonl", open), ("a.jsonl.gz", gzip.open)])
def test_texts_are_read_plain_or_gzipped(tmp_path: Path, name: str, opened: Any) -> None:
    with opened(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write('{"text": "He left."}\n{"text": "Ça va.", "labels": []}\n')
    assert list(read_texts(tmp_path / name)) == ["He left.", "Ça va."]


@pytest.mark.parametrize("content", [b'{"text": "a"}\n{"labels": []}\n', b'{"text": "a"}\nx\n'])
def test_a_line_without_a_text_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(LabelledDataError, match="line 2"):
        list(read_texts(tmp_path / "a.jsonl"))


def test_a_file_that_only_claims_to_be_gzipped_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(b"plain")
    with pytest.raises(LabelledDataError, match="cannot be read"):
        list(read_texts(tmp_path / "a.jsonl.gz"))


def test_a_document_may_be_called_zero(tmp_path: Path) -> None:
    records = [{"text": f"Sentence {i}.", "labels": [], "doc": 0} for i in range(2)]
    assert {r.doc for r in read_labelled(write_jsonl(tmp_path / "a.jsonl", records))} == {"0"}
