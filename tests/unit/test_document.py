from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

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
    place = {"start": 0, "end": 10, "text": "Kesh lied."}
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
