from __future__ import annotations

import json
import sys
from dataclasses import FrozenInstanceError, replace

import jsonschema
import pytest

from claimclf import errors
from claimclf.decision import IDENTITY, decide
from claimclf.document import Document, Sentence
from claimclf.labels import Label

TEXT = "Kesh lied. Dolan left."
DOCUMENT = Document(
    TEXT,
    (
        Sentence(0, 10, TEXT[:10], decide([3, -3, -3, -3], IDENTITY)),
        Sentence(11, 22, TEXT[11:], decide([-3, -3, -3, 3], IDENTITY)),
    ),
)


def test_repr_tells_the_size_not_the_text():
    assert repr(DOCUMENT) == "Document(2 sentences, 22 characters)"


def test_to_dict_holds_text_and_labelled_offsets():
    document = json.loads(json.dumps(DOCUMENT.to_dict(), allow_nan=False))
    assert document["text"] == TEXT
    assert [(s["start"], s["end"], s["text"], s["label"]) for s in document["sentences"]] == [
        (0, 10, "Kesh lied.", "accusation"),
        (11, 22, "Dolan left.", "factual_report"),
    ]


def test_to_dict_states_the_schema_version():
    assert DOCUMENT.to_dict()["schema_version"] == 1


def test_a_sentence_as_dict_is_its_place_and_its_prediction():
    sentence = DOCUMENT.sentences[0]
    place = {"paragraph": 0, "start": 0, "end": 10, "text": "Kesh lied."}
    assert sentence.to_dict() == {**place, **sentence.prediction.to_dict()}


@pytest.mark.parametrize(
    ("target", "attribute"), [(DOCUMENT, "text"), (DOCUMENT, "sentences"), (DOCUMENT.sentences[0], "start")]
)
def test_documents_and_sentences_cannot_be_changed(target, attribute):
    with pytest.raises(FrozenInstanceError):
        setattr(target, attribute, None)


def test_an_empty_document_has_no_sentences():
    assert Document("", ()).to_dict() == {"schema_version": 1, "text": "", "sentences": []}


def test_documents_are_equal_by_value():
    assert Document(TEXT, DOCUMENT.sentences) == DOCUMENT
    assert DOCUMENT.sentences[0].prediction.label is Label.ACCUSATION


PARAGRAPHS = "Kesh lied.\n\nDolan left. Kesh stayed."


@pytest.fixture(scope="module")
def document(tiny):
    return tiny.predict_document(PARAGRAPHS)


def test_paragraphs_hold_their_sentences(document):
    assert [[s.text for s in paragraph] for paragraph in document.paragraphs] == [
        ["Kesh lied."],
        ["Dolan left.", "Kesh stayed."],
    ]


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("One ran. Two ran.\nThree ran.", [0, 0, 1]),  # a line is a paragraph
        ("One ran. Two\nran. Three\nran.", [0, 0, 0]),  # lines are wrapped
        ("One ran\nagain.\nTwo ran.\n\nThree ran.", [0, 0, 1]),
        ("One ran.\r\n\r\nTwo ran.", [0, 1]),
        ("\n\nOne ran.\n\n\n\nTwo ran.\n", [0, 1]),
    ],
)
def test_a_blank_line_or_an_unwrapped_line_is_a_paragraph(tiny, text, paragraphs):
    assert [sentence.paragraph for sentence in tiny.predict_document(text)] == paragraphs


def test_iterating_gives_the_sentences():
    assert list(DOCUMENT) == list(DOCUMENT.sentences)
    assert len(DOCUMENT) == 2


def test_counts_are_of_primary_labels_and_add_up():
    counts = DOCUMENT.counts()
    assert counts == {**dict.fromkeys((*Label, None), 0), Label.ACCUSATION: 1, Label.FACTUAL_REPORT: 1}
    assert sum(counts.values()) == len(DOCUMENT)


def test_filter_takes_a_label_its_name_or_none():
    two_acts = Document("x", (Sentence(0, 1, "x", decide([3, 2, -3, -3], IDENTITY)),))
    nothing = Document("x", (Sentence(0, 1, "x", decide([-9, -9, -9, -9], IDENTITY)),))
    assert two_acts.filter(Label.DENIAL) == two_acts.filter("denial") == two_acts.sentences
    assert two_acts.filter(None) == ()
    assert nothing.filter(None) == nothing.sentences


def test_filter_keeps_scores_of_some_height_of_the_label_asked_for():
    two_acts = Document("x", (Sentence(0, 1, "x", decide([3, 2, -3, -3], IDENTITY)),))
    accuses, denies = (two_acts.sentences[0].prediction.scores[label] for label in ("accusation", "denial"))
    assert accuses > denies
    assert two_acts.filter("denial", min_score=denies) == two_acts.sentences
    assert two_acts.filter("denial", min_score=accuses) == ()
    nothing = Document("x", (Sentence(0, 1, "x", decide([-9, -9, -9, -9], IDENTITY)),))
    confidence = nothing.sentences[0].prediction.confidence
    assert nothing.filter(None, min_score=confidence) == nothing.sentences
    assert nothing.filter(None, min_score=1) == ()


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), "0.5", None])
def test_filter_refuses_what_is_no_probability(score):
    with pytest.raises(errors.OptionError, match="from 0 to 1"):
        DOCUMENT.filter("denial", min_score=score)


def test_filter_names_the_labels_there_are():
    with pytest.raises(errors.OptionError, match=r"'denials'.*accusation, denial"):
        DOCUMENT.filter("denials")


def test_to_dict_is_valid_under_the_schema(document):
    jsonschema.validate(json.loads(json.dumps(document.to_dict())), Document.json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document.to_dict(), "more": 1}, Document.json_schema())


def test_to_frame_has_a_row_a_sentence_and_a_column_a_score(document):
    frame = document.to_frame()
    assert list(frame["text"]) == ["Kesh lied.", "Dolan left.", "Kesh stayed."]
    assert list(frame["paragraph"]) == [0, 1, 1]
    first = document.sentences[0].prediction
    assert frame.loc[0, "accusation"] == first.scores[Label.ACCUSATION]
    assert frame.loc[0, "labels"] == [label.value for label in first.labels]


def test_none_of_the_four_is_none_in_a_frame(document):
    sentences = [replace(s, prediction=replace(s.prediction, label=None)) for s in document.sentences[:1]]
    frame = Document(document.text, (*sentences, *document.sentences[1:])).to_frame()
    assert frame.loc[0, "label"] is None
    assert frame.loc[1, "label"] == document.sentences[1].prediction.label


def test_an_empty_document_gives_an_empty_frame_with_its_columns(document):
    empty, full = Document("", ()).to_frame(), document.to_frame()
    assert list(empty.columns)[:4] == ["paragraph", "start", "end", "text"]
    numbers = [name for name in empty.columns if name not in ("text", "label", "labels")]
    assert dict(empty[numbers].dtypes) == dict(full[numbers].dtypes)
    assert all(dtype.kind in "if" for dtype in empty[numbers].dtypes)


def test_to_frame_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(errors.MissingExtraError, match=r"claimclf\[tables\]"):
        DOCUMENT.to_frame()
