from __future__ import annotations

import json
import pickle

import pytest

from claimclf.labels import LABELS, Label


def test_order_is_the_one_of_every_model_and_table():
    assert [str(label) for label in LABELS] == ["accusation", "denial", "call_to_action", "factual_report"]


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_its_own_string(label):
    assert label == label.value
    assert f"{label}" == str(label) == label.value
    assert {label: 1}[label.value] == 1


def test_a_label_is_plain_json():
    assert json.dumps({Label.DENIAL: [Label.ACCUSATION]}) == '{"denial": ["accusation"]}'


@pytest.mark.parametrize("label", LABELS)
def test_a_label_survives_pickling_as_the_same_object(label):
    assert pickle.loads(pickle.dumps(label)) is label


@pytest.mark.parametrize("label", LABELS)
def test_a_definition_is_one_line_of_its_own(label):
    assert label.definition
    assert "\n" not in label.definition
    assert sum(other.definition == label.definition for other in LABELS) == 1


@pytest.mark.parametrize("name", ["none", "Denial", "A", ""])
def test_an_unknown_label_is_refused(name):
    with pytest.raises(ValueError, match="not a valid Label"):
        Label(name)
