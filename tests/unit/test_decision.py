from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf.decision import (
    BLANK_LOGITS,
    IDENTITY,
    UNCHANGED,
    Calibration,
    Temperature,
    decide,
    probability_of_none,
)
from claimclf.labels import LABELS, Label

A, D, C, F = LABELS

logits = st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4)
temperatures = st.builds(Temperature, st.floats(0.05, 20), st.floats(0.05, 20))
four_temperatures = st.tuples(*[temperatures] * 4)
four_thresholds = st.tuples(*[st.floats(0.01, 0.99)] * 4)
calibrations = st.builds(Calibration, four_temperatures, four_thresholds, temperatures)


@pytest.mark.parametrize(
    ("given_logits", "labels"),
    [
        ([2, -2, -2, -2], (A,)),
        ([2, 3, -2, -2], (D, A)),
        ([1, 2, 3, -2], (C, D, A)),
        ([-2, -2, -2, 2], (F,)),
        ([-2, -2, -2, -2], ()),
    ],
)
def test_labels_are_the_acts_above_threshold_strongest_first(given_logits, labels):
    prediction = decide(given_logits, IDENTITY)
    assert prediction.labels == labels
    assert prediction.label == (labels[0] if labels else None)


def test_factual_report_stands_alone_however_strong():
    assert decide([0.1, -5, -5, 9], IDENTITY).labels == (A,)


def test_a_score_at_its_threshold_is_enough():
    assert decide([0, -1, -1, -1], IDENTITY).label is A
    assert decide([math.nextafter(0, -1), -1, -1, -1], IDENTITY).label is None


def test_each_label_has_its_own_threshold():
    calibration = replace(IDENTITY, thresholds=(0.9, 0.1, 0.5, 0.5))
    assert decide([2, -2, -9, -9], calibration).labels == (D,)


def test_strongest_is_the_furthest_above_its_own_threshold():
    calibration = replace(IDENTITY, thresholds=(0.9, 0.5, 0.5, 0.5))
    prediction = decide([2.5, 2.0, -9, -9], calibration)
    assert prediction.labels == (D, A)
    assert prediction.scores[A] > prediction.scores[D]


def test_each_label_has_its_own_temperature():
    below, above = (3.0, 2.0, 0.5, 1.0), (2.0, 0.5, 1.0, 4.0)
    calibration = replace(IDENTITY, temperatures=tuple(map(Temperature, below, above)))
    for logit, side in ((1, above), (-1, below)):
        expected = [1 / (1 + math.exp(-logit / t)) for t in side]
        assert list(decide([logit] * 4, calibration).scores.values()) == pytest.approx(expected)


@given(logits, four_temperatures, temperatures)
def test_no_temperature_moves_what_is_more_likely_than_not(log_odds, of_labels, of_none):
    calibration = replace(IDENTITY, temperatures=of_labels, none_temperature=of_none)
    assert set(decide(log_odds, calibration).labels) == set(decide(log_odds, IDENTITY).labels)


def test_confidence_is_the_score_of_the_label():
    prediction = decide([1, 2, -3, -3], IDENTITY)
    assert prediction.confidence == prediction.scores[D]


@given(st.lists(st.floats(-20, 20), min_size=4, max_size=4))
def test_at_temperature_one_none_is_the_product_of_the_complements(log_odds):
    expected = math.prod(1 / (1 + math.exp(z)) for z in log_odds)
    assert probability_of_none(log_odds, UNCHANGED) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("log_odds", "divisor"), [([-3, -4, -4, -2], 3.0), ([-3, -4, -4, 0], 0.5)])
def test_none_temperature_divides_the_log_odds_of_none(log_odds, divisor):
    sharp = probability_of_none(log_odds, UNCHANGED)
    expected = math.log(sharp / (1 - sharp)) / divisor
    scaled = probability_of_none(log_odds, Temperature(0.5, 3.0))
    assert math.log(scaled / (1 - scaled)) == pytest.approx(expected)


def test_confidence_in_none_uses_its_own_temperature():
    tepid = Temperature(3.0, 3.0)
    calibration = replace(IDENTITY, none_temperature=tepid)
    assert decide([-3, -4, -4, -2], calibration).confidence == probability_of_none([-3, -4, -4, -2], tepid)


@pytest.mark.parametrize(
    ("given_logits", "forced"), [([-3, -4, -4, -2], F), ([-3, -4, -1, -2], C), ([-1, -4, -1.5, -2], A)]
)
def test_without_none_the_label_nearest_its_threshold_is_given(given_logits, forced):
    assert decide(given_logits, IDENTITY).label is None
    prediction = decide(given_logits, IDENTITY, allow_none=False)
    assert prediction.label is forced
    assert prediction.confidence == prediction.scores[forced]


def test_a_blank_text_has_no_label_even_without_none():
    prediction = decide(BLANK_LOGITS, IDENTITY, allow_none=False)
    assert (prediction.label, prediction.labels) == (None, ())
    assert set(prediction.scores.values()) == {0.0}
    assert prediction.confidence == 1.0


@given(logits, calibrations, st.booleans())
def test_every_number_is_a_probability(given_logits, calibration, allow_none):
    prediction = decide(given_logits, calibration, allow_none=allow_none)
    assert all(0 <= p <= 1 for p in (prediction.confidence, *prediction.scores.values()))


@given(logits, calibrations)
def test_forcing_a_label_changes_only_sentences_without_one(given_logits, calibration):
    free = decide(given_logits, calibration)
    forced = decide(given_logits, calibration, allow_none=False)
    assert forced.label in LABELS
    assert forced.scores == free.scores
    if free.label is not None:
        assert forced == free


@given(logits, calibrations)
def test_the_label_is_always_the_first_of_the_labels(given_logits, calibration):
    prediction = decide(given_logits, calibration)
    assert prediction.label == next(iter(prediction.labels), None)
    assert Label.FACTUAL_REPORT not in prediction.labels[1:]
    assert len(set(prediction.labels)) == len(prediction.labels)


@given(logits, st.integers(0, 3), st.floats(0, 100))
def test_a_higher_logit_never_lowers_its_score(given_logits, column, rise):
    raised = [z + rise if i == column else z for i, z in enumerate(given_logits)]
    before, after = decide(given_logits, IDENTITY), decide(raised, IDENTITY)
    assert after.scores[LABELS[column]] >= before.scores[LABELS[column]]
    assert probability_of_none(raised, UNCHANGED) <= probability_of_none(given_logits, UNCHANGED)


@pytest.mark.parametrize("length", [0, 3, 5])
def test_logits_of_another_number_of_labels_are_refused(length):
    with pytest.raises(ValueError, match="zip"):
        decide([0.0] * length, IDENTITY)
