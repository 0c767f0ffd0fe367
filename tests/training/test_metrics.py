from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from claimclf import Label, Prediction, Scores
from training.data import NONE, LabelledSentence
from training.metrics import calibration_error, macro_f1, measure

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
    figures = measure(rows, [Prediction(labels[0], 0.9, scores, labels) for labels in given_])

    accusation = figures.per_label["accusation"]
    assert (accusation.precision, accusation.recall, accusation.support) == (0.5, 1.0, 1)
    assert figures.macro_f1 == pytest.approx((2 / 3 + 1 + 0 + 1) / 4)
    assert figures.multilabel_macro_f1 == pytest.approx((0.5 + 1 + 0 + 1) / 4)
    assert figures.exact_match == 0.5
    assert figures.calibration_error["accusation"] == pytest.approx(0.5)
    assert figures.sentences == 4


def test_calibration_error_is_the_mean_gap_weighted_by_bin() -> None:
    gold = np.array([1, 0, 0, 0], dtype=np.float32)
    scores = np.array([0.95, 0.95, 0.05, 0.05])
    assert calibration_error(gold, scores) == pytest.approx(0.5 * 0.45 + 0.5 * 0.05)


def test_a_score_of_one_falls_into_the_last_bin() -> None:
    assert calibration_error(np.ones(3, dtype=np.float32), np.ones(3)) == 0.0
