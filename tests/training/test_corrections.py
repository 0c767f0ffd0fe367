"""Labels by sentence id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claimclf import Label
from claimclf.errors import LabelledDataError
from tests.conftest import write_jsonl
from training.columns import Columns
from training.corrections import corrected, read_corrections, read_test_set
from training.data import LabelledSentence

if TYPE_CHECKING:
    from pathlib import Path


def row(text: str, *labels: Label) -> LabelledSentence:
    return LabelledSentence(text, labels, "d", "")


def test_corrections_replace_the_labels_of_the_sentences_they_name(tmp_path: Path) -> None:
    rows = [row("He left."), row("They lie!", Label.FACTUAL_REPORT)]
    path = write_jsonl(tmp_path / "c.jsonl", [{"id": row("they LIE").key, "labels": ["accusation"]}])
    first, second = corrected(rows, read_corrections(path))
    assert first == rows[0]
    assert (second.text, second.labels) == ("They lie!", (Label.ACCUSATION,))


def test_labels_by_id_may_have_names_of_ones_own(tmp_path: Path) -> None:
    own = {"nein": "denial", "sonst": "none"}
    key = row("they lie").key
    for field in ("labels", "corrected"):
        path = write_jsonl(tmp_path / f"{field}.jsonl", [{"id": key, field: "nein"}])
        assert read_corrections(path, own) == {key: (Label.DENIAL,)}
    texts = write_jsonl(tmp_path / "texts.jsonl", [{"text": "They lie!"}])
    (found,) = read_test_set(path, Columns(label_map=own), sentences=[texts])
    assert found.labels == (Label.DENIAL,)
    with pytest.raises(LabelledDataError, match="--label-map"):
        read_corrections(path)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"labels": []}', "no id"),
        ('{"id": 7, "labels": []}', "no id"),
        ('{"id": "a"}', "no column 'labels or label'"),
        ('{"id": "a", "labels": ["denail"]}', "Did you mean denial?"),
        ('{"id": "a", "labels": ["denial", "factual_report"]}', "cannot go together"),
    ],
)
def test_a_bad_correction_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "c.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(LabelledDataError, match=r"c\.jsonl, line 1") as raised:
        read_corrections(tmp_path / "c.jsonl")
    assert problem in str(raised.value)


def test_a_test_set_may_be_labels_by_id_of_sentences_elsewhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts = {"one": ("He left.", "They lie!"), "two": ("THEY LIE", "It rains.", "Gone.")}
    sources = [
        write_jsonl(
            tmp_path / f"{name}.jsonl", [{"text": text, "labels": ["denial"], "doc": "d"} for text in some]
        )
        for name, some in texts.items()
    ]
    assert [one.labels for one in read_test_set(sources[0])] == [(Label.DENIAL,)] * 2
    path = tmp_path / "labels.jsonl"
    said = {"they lie": ["accusation"], "it rains": [], "never said": []}
    write_jsonl(path, [{"id": row(text).key, "labels": labels} for text, labels in said.items()])
    found = read_test_set(path, sentences=sources)
    assert found == [row("They lie!", Label.ACCUSATION), row("It rains.")]
    assert "no sentence has 1 of the 3 ids" in caplog.text
    write_jsonl(path, [{"id": row("never said").key, "labels": []}])
    with pytest.raises(LabelledDataError, match="labels no sentence there"):
        read_test_set(path, sentences=sources)
