from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, f1_score

from claimclf import Label, Prediction, Scores
from training.data import NONE, LabelledSentence
from training.metrics import Outcomes, calibration_error, macro_f1, measure, reliability, risk_coverage

CLASSES = st.lists(st.tuples(st.integers(0, NONE), st.integers(0, NONE)), min_size=1, max_size=60)


@given(CLASSES)
def test_macro_f1_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    gold, primary = (np.array(column) for column in zip(*pairs, strict=True))
    expected = f1_score(gold, primary, labels=range(NONE), average="macro", zero_division=0.0)
    assert macro_f1(gold, primary) == pytest.approx(expected)


def test_figures_of_a_small_example() -> None:
    gold = [(Label.ACCUSATION,), (Label.DENIAL, Label.ACCUSATION), (), (Label.FACTUAL_REPORT,)]
    given_ = [(Label.ACCUSATION,), (Label.DENIAL,), (Label.ACCUSATION,), (Label.FACTUAL_REPORT,)]
    rows = [LabelledSentence(f"sentence {i}", labels, "d", "") for i, labels in enumerate(gold)]
    scores = Scores((1.0, 0.0, 0.0, 0.0))
    figures = measure(Outcomes.of(rows, [Prediction(labels[0], 0.9, scores, labels) for labels in given_]))

    accusation = figures.per_label["accusation"]
    assert (accusation.precision, accusation.recall, accusation.support) == (0.5, 1.0, 1)
    assert figures.macro_f1 == pytest.approx((2 / 3 + 1 + 0 + 1) / 4)
    assert figures.multilabel_macro_f1 == pytest.approx((0.5 + 1 + 0 + 1) / 4)
    assert figures.exact_match == 0.5
    assert accusation.calibration_error == pytest.approx(0.5)
    assert accusation.brier == pytest.approx(brier_score_loss([1, 1, 0, 0], [1.0, 1.0, 1.0, 1.0]))
    assert np.isnan(figures.per_label["call_to_action"].recall), "no sentence of the gold has it"
    assert figures.to_dict()["per_label"]["call_to_action"]["recall"] is None
    assert figures.accuracy == 0.75
    assert figures.sentences == 4


def test_calibration_error_is_the_mean_gap_weighted_by_bin() -> None:
    gold = np.array([1, 0, 0, 0], dtype=np.float32)
    scores = np.array([0.95, 0.95, 0.05, 0.05])
    assert calibration_error(gold, scores) == pytest.approx(0.5 * 0.45 + 0.5 * 0.05)


def test_a_score_of_one_falls_into_the_last_bin() -> None:
    assert calibration_error(np.ones(3, dtype=np.float32), np.ones(3)) == 0.0


def outcomes(gold: list[int], primary: list[int], confidence: list[float]) -> Outcomes:
    nothing = np.zeros((len(gold), NONE))
    return Outcomes(
        np.array(gold),
        np.array(primary),
        nothing.astype(np.float32),
        nothing.astype(np.float32),
        nothing,
        np.array(confidence),
    )


def test_the_risk_falls_where_the_model_knows_what_it_does_not_know() -> None:
    coverage, risk = risk_coverage(outcomes([0, 0, 0, 0], [0, 0, 1, 1], [0.9, 0.8, 0.2, 0.1]))
    assert coverage.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert risk.tolist() == pytest.approx([0, 0, 0, 1 / 3, 1 / 2])


def test_equal_confidence_is_kept_or_left_together() -> None:
    coverage, risk = risk_coverage(outcomes([0, 0, 0], [1, 0, 0], [0.5, 0.5, 0.5]))
    assert coverage.tolist() == [0, 1]
    assert risk.tolist() == pytest.approx([1 / 3, 1 / 3])


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=50))
def test_the_bins_of_a_reliability_diagram_hold_every_sentence(pairs: list[tuple[bool, float]]) -> None:
    gold, scores = (np.array(column) for column in zip(*pairs, strict=True))
    bins = reliability(gold.astype(np.float32), scores.astype(np.float64))
    assert sum(b.sentences for b in bins) == len(pairs)
    assert sum(b.score * b.sentences for b in bins) == pytest.approx(scores.sum())
    assert sum(b.rate * b.sentences for b in bins) == pytest.approx(gold.sum())


@given(CLASSES, st.sets(st.integers(0, NONE - 1), min_size=1))
def test_macro_f1_of_some_labels_is_scikit_learns(pairs: list[tuple[int, int]], labels: set[int]) -> None:
    gold, primary = (np.array(column) for column in zip(*pairs, strict=True))
    expected = f1_score(gold, primary, labels=sorted(labels), average="macro", zero_division=0.0)
    assert macro_f1(gold, primary, sorted(labels)) == pytest.approx(expected)
