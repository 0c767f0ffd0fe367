from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claimclf import Label
from claimclf.errors import LabelledDataError, OptionError
from training.annotation_tools import Judgements
from training.columns import Columns, doc_of, is_labelled, labels_of, read_label_map, text_of
from training.data import read_labelled
from training.formats import Record


def record(**fields: Any) -> Record:
    return Record("a.csv, line 2", fields)


@pytest.mark.parametrize("name", ["text", "Sentence", " QUOTE ", "content", "Tweet", "statement", "Satz"])
def test_a_usual_name_of_the_text_is_found(name: str) -> None:
    assert text_of(record(id=1, **{name: "He left."}), Columns()) == "He left."


@pytest.mark.parametrize(
    "name", ["label", "Labels", "ACT", "gold label", "Gold-Label", "annotation", "code", "Category"]
)
def test_a_usual_name_of_the_labels_is_found(name: str) -> None:
    assert labels_of(record(text="No.", **{name: "Denial"}), Columns()) == (Label.DENIAL,)


@pytest.mark.parametrize("name", ["doc", "Document", "Doc ID", "document-id", "article_id"])
def test_a_usual_name_of_the_document_is_found(name: str) -> None:
    assert doc_of(record(text="No.", **{name: 7}), Columns()) == "7"


def test_of_two_usual_names_the_more_usual_is_taken() -> None:
    row = record(content="c", sentence="s", text="t", annotation="denial", labels="none")
    assert text_of(row, Columns()) == "t"
    assert labels_of(row, Columns()) == ()


def test_without_a_document_a_record_is_its_own() -> None:
    assert doc_of(record(text="No."), Columns()) == "a.csv, line 2"
    for missing in (None, "", float("nan")):
        assert doc_of(record(text="No.", doc=missing), Columns()) == "a.csv, line 2"


def test_a_named_column_is_taken_before_a_usual_one() -> None:
    row = record(text="t", Quote="q", labels="denial", code="accusation")
    assert text_of(row, Columns(text="Quote")) == "q"
    assert labels_of(row, Columns(labels="code")) == (Label.ACCUSATION,)


def test_a_named_column_need_not_be_written_the_same() -> None:
    row = record(**{"The Quote": "q", "the_quote": "other", "LABEL": "denial"})
    assert text_of(row, Columns(text="the quote")) == "q"
    assert text_of(row, Columns(text="the_quote")) == "other"
    assert labels_of(row, Columns(labels="label")) == (Label.DENIAL,)


def test_a_wrongly_named_column_is_an_error_that_names_the_nearest() -> None:
    row = record(Sentence="He left.", act="denial")
    with pytest.raises(
        LabelledDataError, match=r"no column 'sentense' \(there are: Sentence, act\)"
    ) as raised:
        text_of(row, Columns(text="sentense"))
    assert "Did you mean 'Sentence'? Say which column holds the sentences with --text-column." in str(
        raised.value
    )


def test_columns_that_cannot_be_guessed_are_listed_with_the_option() -> None:
    row = record(a="He left.", b="denial")
    with pytest.raises(LabelledDataError, match=r"there are: a, b\)\. .* --text-column"):
        text_of(row, Columns())
    with pytest.raises(LabelledDataError, match=r"there are: a, b\)\. .* --labels-column"):
        labels_of(row, Columns())


def test_one_column_a_label_is_read_where_there_is_no_column_of_labels() -> None:
    ticks = {"Accusation": "", "Denial": "x", "CTA": 1}
    mapped = Columns(label_map={"CTA": "call_to_action"})
    assert labels_of(record(text="No.", **ticks), mapped) == (Label.DENIAL, Label.CALL_TO_ACTION)
    assert labels_of(record(text="No.", **ticks), Columns()) == (Label.DENIAL,)
    assert labels_of(record(text="No.", labels="accusation", **ticks), mapped) == (Label.ACCUSATION,)


def test_names_that_mean_other_things_come_after_one_column_a_label() -> None:
    row = record(text="No.", category="politics", code="GB", denial=1, accusation=0)
    assert labels_of(row, Columns()) == (Label.DENIAL,)


def test_the_label_map_applies_to_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Text;Act\nResign!;CTA\nHm.;chatter\n", encoding="utf-8")
    rows = read_labelled(path, Columns(label_map=read_label_map(["CTA: call_to_action", "chatter: none"])))
    assert [row.labels for row in rows] == [(Label.CALL_TO_ACTION,), ()]
    with pytest.raises(LabelledDataError, match=r"line 2: unknown label 'CTA'"):
        read_labelled(path)


def test_a_label_map_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("CTA: call_to_action\n1: denial\n", encoding="utf-8")
    names = read_label_map([str(tmp_path / "names.yaml"), "other: none", "Yes: Factual report"])
    assert names == {"CTA": "call_to_action", "1": "denial", "other": "none", "Yes": "factual_report"}


@pytest.mark.parametrize(
    "entry",
    [
        "CTA",
        "CTA: calls",
        "- denial",
        "a: [denial]",
        ": :",
        "[a, b]: denial",
        "",
        "a: {",
        "x" * 5000,
        "no.yaml",
    ],
)
def test_a_label_map_that_maps_to_no_label_is_an_error(entry: str) -> None:
    with pytest.raises(OptionError, match="accusation, denial, call_to_action, factual_report, none"):
        read_label_map([entry])


def test_the_most_frequent_answer_of_several_annotators_counts() -> None:
    answers = Judgements((["denial"], "call to action, accusation", ["accusation", "call_to_action"]))
    assert labels_of(record(act=answers), Columns()) == (Label.CALL_TO_ACTION, Label.ACCUSATION)
    assert labels_of(record(act=Judgements(([], "none", ["denial"]))), Columns()) == ()


def test_annotators_who_disagree_evenly_are_an_error() -> None:
    answers = Judgements((["denial"], ["accusation", "denial"], []))
    with pytest.raises(
        LabelledDataError, match=r"line 2: 3 annotators disagree.*denial / accusation, denial / none"
    ):
        labels_of(record(labels=answers), Columns())


def test_answers_of_people_come_before_any_other_column_of_labels() -> None:
    row = record(label="accusation", speech=Judgements((["denial"],)))
    assert labels_of(row, Columns()) == (Label.DENIAL,)
    assert labels_of(row, Columns(labels="label")) == (Label.ACCUSATION,)


def test_of_several_questions_the_usual_name_is_taken_or_none() -> None:
    topic, act = Judgements((["sport"],)), Judgements((["denial"],))
    assert labels_of(record(topic=topic, Act=act), Columns()) == (Label.DENIAL,)
    with pytest.raises(LabelledDataError, match=r"there are: topic, speech\)"):
        labels_of(record(topic=topic, speech=act), Columns())
    assert labels_of(record(topic=topic, speech=act), Columns(labels="speech")) == (Label.DENIAL,)


def test_a_record_without_an_answer_is_not_labelled() -> None:
    assert is_labelled(record(labels=""), Columns())
    assert is_labelled(record(labels=Judgements(([],))), Columns())
    assert not is_labelled(record(labels=Judgements()), Columns())
    assert not is_labelled(Record("a", {"text": "He left."}, submitted=False), Columns())
    with pytest.raises(LabelledDataError, match="nobody labelled it"):
        labels_of(record(labels=Judgements()), Columns())
