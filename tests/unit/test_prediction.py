from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError, replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf.labels import LABELS, Label
from claimclf.prediction import SCHEMA_VERSION, Prediction, Scores

SCORES = Scores((0.25, 0.75, 0.5, 0.0))
PREDICTION = Prediction(Label.DENIAL, 0.75, SCORES, (Label.DENIAL, Label.CALL_TO_ACTION))
NONE = Prediction(None, 0.875, Scores((0.0, 0.125, 0.0, 0.0)), ())
VALIDATOR = jsonschema.Draft202012Validator(Prediction.json_schema())


def test_scores_map_each_label_in_label_order():
    assert list(SCORES.items()) == list(zip(LABELS, (0.25, 0.75, 0.5, 0.0), strict=True))


def test_scores_are_found_by_label_and_by_its_name():
    assert SCORES[Label.CALL_TO_ACTION] == SCORES["call_to_action"] == 0.5


@pytest.mark.parametrize("key", ["none", "", None, 0])
def test_scores_have_no_other_keys(key):
    assert key not in SCORES
    with pytest.raises(KeyError):
        SCORES[key]


def test_scores_equal_a_dict_that_says_the_same():
    assert dict(SCORES) == SCORES


def test_scores_equal_their_like_and_hash_alike():
    same = Scores(tuple(SCORES.values()))
    assert same == SCORES
    assert hash(same) == hash(SCORES)
    assert same != NONE.scores


@pytest.mark.parametrize("attribute", ["label", "confidence", "scores", "labels"])
def test_a_prediction_cannot_be_changed(attribute):
    with pytest.raises(FrozenInstanceError):
        setattr(PREDICTION, attribute, None)


def test_scores_cannot_be_changed():
    with pytest.raises(TypeError):
        SCORES[Label.DENIAL] = 1.0


@pytest.mark.parametrize("prediction", [PREDICTION, NONE])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_copy_is_equal(prediction, copied):
    assert copied(prediction) == prediction


def test_predictions_can_be_counted_in_a_set():
    assert {PREDICTION, replace(PREDICTION), NONE} == {PREDICTION, NONE}


@pytest.mark.parametrize(
    ("prediction", "shown"),
    [
        (PREDICTION, "Prediction(denial 0.75 + call_to_action)"),
        (NONE, "Prediction(none 0.88)"),
        (replace(PREDICTION, labels=(Label.DENIAL,)), "Prediction(denial 0.75)"),
    ],
)
def test_repr_reads_at_a_glance(prediction, shown):
    assert repr(prediction) == shown


def test_repr_of_scores_names_every_label():
    assert repr(SCORES) == "{accusation: 0.250, denial: 0.750, call_to_action: 0.500, factual_report: 0.000}"


def test_to_dict_is_plain_json_types():
    assert PREDICTION.to_dict() == {
        "schema_version": SCHEMA_VERSION,
        "label": "denial",
        "confidence": 0.75,
        "scores": {"accusation": 0.25, "denial": 0.75, "call_to_action": 0.5, "factual_report": 0.0},
        "labels": ["denial", "call_to_action"],
        "receipt": "",
    }
    assert type(PREDICTION.to_dict()["label"]) is str
    assert {type(name) for name in PREDICTION.to_dict()["scores"]} == {str}


def test_to_dict_says_null_where_there_is_no_label():
    assert json.loads(json.dumps(NONE.to_dict()))["label"] is None


def test_the_json_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(Prediction.json_schema())


probabilities = st.floats(0, 1)


@given(
    st.sampled_from([None, *LABELS]),
    probabilities,
    st.tuples(*[probabilities] * len(LABELS)),
    st.lists(st.sampled_from(LABELS), unique=True).map(tuple),
)
def test_every_prediction_is_valid_under_the_json_schema(label, confidence, scores, labels):
    document = Prediction(label, confidence, Scores(scores), labels).to_dict()
    VALIDATOR.validate(json.loads(json.dumps(document, allow_nan=False)))


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": SCHEMA_VERSION + 1},
        {"label": "opinion"},
        {"confidence": 1.5},
        {"confidence": "high"},
        {"scores": {"denial": 0.5}},
        {"labels": ["denial", "denial"]},
        {"mood": "grim"},
    ],
)
def test_the_json_schema_refuses_anything_else(change):
    assert not VALIDATOR.is_valid({**PREDICTION.to_dict(), **change})


@pytest.mark.parametrize("field", ["schema_version", "label", "confidence", "scores", "labels"])
def test_the_json_schema_wants_every_field(field):
    document = PREDICTION.to_dict()
    del document[field]
    assert not VALIDATOR.is_valid(document)
