from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimclf import LABELS
from claimclf.decision import IDENTITY, Temperature, decide
from claimclf.errors import ConfigurationError
from training.calibrate import fit, primary_of, tempered
from training.data import NONE, LabelledSentence

LOGIT = st.floats(-8, 8, width=32)
THRESHOLD = st.floats(0.05, 0.95)


def simulated(
    temperature: float, stratum: str = "random", n: int = 3000
) -> tuple[np.ndarray, list[LabelledSentence]]:
    """Logits that are `temperature` times too large for the labels that are drawn from them."""
    rng = np.random.default_rng(7)
    true_log_odds = rng.normal(-1.5, 2.0, size=(n, len(LABELS)))
    given_ = rng.random(true_log_odds.shape) < 1 / (1 + np.exp(-true_log_odds))
    rows = [
        LabelledSentence(
            f"sentence {i}",
            tuple(label for label, is_given in zip(LABELS, row, strict=True) if is_given),
            f"doc {i // 3}",
            stratum,
        )
        for i, row in enumerate(given_)
    ]
    return (true_log_odds * temperature).astype(np.float32), rows


def test_the_temperature_that_spoilt_the_logits_is_found() -> None:
    calibration = fit(*simulated(temperature=2.5, n=12_000), seed=0, fit_thresholds=False)
    assert np.array(calibration.temperatures) == pytest.approx(2.5, rel=0.15)


def test_what_spoilt_each_side_of_a_half_is_found() -> None:
    logits, rows = simulated(temperature=1.0, n=12_000)
    calibration = fit(np.where(logits > 0, 3.0, 0.8) * logits, rows, seed=0, fit_thresholds=False)
    for temperature in calibration.temperatures:
        assert temperature == pytest.approx((0.8, 3.0), rel=0.15)


def test_a_handful_without_an_error_makes_nothing_certain() -> None:
    logits, rows = simulated(1.0, n=300)
    logits[:] = -np.abs(logits)
    logits[:5, 0] = 2.0
    rows = [replace(row, labels=LABELS[:1] if i < 5 else ()) for i, row in enumerate(rows)]
    above = fit(logits, rows, seed=0, fit_thresholds=False).temperatures[0].above
    assert 1 / (1 + np.exp(-2.0 / above)) == pytest.approx(6 / 7, abs=1e-3)


def test_a_side_on_which_nothing_lies_has_the_temperature_of_the_other() -> None:
    logits, rows = simulated(2.0, n=300)
    for temperature in fit(-np.abs(logits), rows, seed=0, fit_thresholds=False).temperatures:
        assert temperature.above == temperature.below


@given(
    st.lists(st.tuples(LOGIT, LOGIT, LOGIT, LOGIT), min_size=1, max_size=5),
    st.tuples(*[st.builds(Temperature, st.floats(0.1, 10), st.floats(0.1, 10))] * 4),
)
def test_many_at_once_are_tempered_as_each_alone(
    logits: list[tuple[float, ...]], temperatures: tuple[Temperature, ...]
) -> None:
    alone = [[t.of(z) for t, z in zip(temperatures, row, strict=True)] for row in logits]
    assert tempered(np.array(logits), temperatures).tolist() == alone


def test_a_text_without_a_word_changes_no_temperature() -> None:
    logits, rows = simulated(2.0, n=300)
    blank = LabelledSentence("\u200b", (), "blank", "")
    blanks = np.full((1, len(LABELS)), -np.inf, dtype=np.float32)
    assert fit(np.concatenate([logits, blanks]), [*rows, blank], seed=0, fit_thresholds=False) == (
        fit(logits, rows, seed=0, fit_thresholds=False)
    )
    with pytest.raises(ConfigurationError, match="has a word"):
        fit(blanks, [blank], seed=0)


def test_thresholds_are_probabilities_and_repeatable() -> None:
    logits, rows = simulated(1.0, n=300)
    first, second = (fit(logits, rows, seed=5, resamples=3) for _ in range(2))
    assert first == second
    assert all(0 < threshold < 1 for threshold in first.thresholds)


def test_thresholds_that_are_not_fitted_are_a_half_and_temperatures_stay() -> None:
    logits, rows = simulated(2.0, n=300)
    fitted = fit(logits, rows, seed=5, resamples=3)
    even = fit(logits, rows, seed=5, resamples=3, fit_thresholds=False)
    assert even.thresholds == (0.5,) * len(LABELS) != fitted.thresholds
    assert (even.temperatures, even.none_temperature) == (fitted.temperatures, fitted.none_temperature)


def test_strata_without_a_weight_do_not_count() -> None:
    logits, rows = simulated(1.0, n=300)
    misleading, hard = simulated(0.2, stratum="hard", n=300)
    alone = fit(logits, rows, seed=0, resamples=2)
    mixed = fit(
        np.concatenate([logits, misleading]), rows + hard, seed=0, weights={"random": 1.0}, resamples=2
    )
    assert mixed == alone
    assert fit(np.concatenate([logits, misleading]), rows + hard, seed=0, resamples=2) != alone


def test_weights_shift_the_temperature_towards_the_heavy_stratum() -> None:
    logits, rows = simulated(1.0, n=600)
    hot, hard = simulated(3.0, stratum="hard", n=600)
    temperatures = [
        fit(
            np.concatenate([logits, hot]),
            rows + hard,
            seed=0,
            weights={"random": 1.0, "hard": weight},
            resamples=1,
        ).temperatures[0]
        for weight in (0.1, 10.0)
    ]
    assert temperatures[0] < temperatures[1]


def test_weights_that_name_no_stratum_of_the_data_are_an_error() -> None:
    logits, rows = simulated(1.0, n=30)
    with pytest.raises(ConfigurationError, match="rnadom"):
        fit(logits, rows, seed=0, weights={"rnadom": 1.0})


@settings(max_examples=200)
@given(
    st.lists(st.tuples(LOGIT, LOGIT, LOGIT, LOGIT), min_size=1, max_size=10),
    st.tuples(THRESHOLD, THRESHOLD, THRESHOLD, THRESHOLD),
)
def test_the_search_decides_as_the_library_does(
    logits: list[tuple[float, ...]], thresholds: tuple[float, ...]
) -> None:
    calibration = replace(IDENTITY, thresholds=thresholds)
    together = primary_of(np.array(logits, dtype=np.float64), np.array(thresholds))
    for row, primary in zip(logits, together, strict=True):
        margins = sorted(z - np.log(t / (1 - t)) for z, t in zip(row, thresholds, strict=True))
        if min(abs(margin) for margin in margins) < 1e-9 or min(np.diff(margins)) < 1e-9:
            continue  # a tie: either answer is right
        label = decide(row, calibration).label
        assert (NONE if label is None else LABELS.index(label)) == primary


def test_weights_do_not_matter_where_no_sentence_has_a_stratum() -> None:
    logits, rows = simulated(1.0, stratum="", n=60)
    assert fit(logits, rows, seed=0, weights={"random": 3.0}, resamples=2) == fit(
        logits, rows, seed=0, resamples=2
    )
