from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.bootstrap import estimates, resampled


def test_whole_documents_are_drawn() -> None:
    documents = ["a", "b", "a", "c", "c", "c"]
    for sample in resampled(documents, 50, seed=1):
        drawn = np.bincount(sample, minlength=len(documents))
        for document in "abc":
            counts = {drawn[i] for i, name in enumerate(documents) if name == document}
            assert len(counts) == 1, "the sentences of a document come together"


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Documents of five equal sentences: an interval over sentences would be far too narrow."""
    rng = np.random.default_rng(0)
    documents = [str(i // 5) for i in range(200)]
    covered = 0
    for trial in range(200):
        values = np.repeat(rng.random(40) < 0.5, 5).astype(float)
        mean = estimates(lambda i, v=values: {"mean": v[i].mean()}, documents, seed=trial, resamples=200)[
            "mean"
        ]
        covered += mean.low <= 0.5 <= mean.high
    assert 0.88 <= covered / 200 <= 0.99


def test_an_undefined_figure_stays_undefined() -> None:
    figure = estimates(lambda _: {"recall": np.nan}, ["a", "b"], seed=0, resamples=10)["recall"]
    assert figure.to_dict() == {"value": None, "low": None, "high": None}


def test_the_seed_decides() -> None:
    values = np.arange(50.0)

    def low(seed: int) -> float:
        drawn = estimates(lambda i: {"m": values[i].mean()}, [*map(str, range(50))], seed=seed, resamples=20)
        return drawn["m"].low

    assert low(3) == low(3) != low(4)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=20), st.integers(0, 5))
def test_any_documents_can_be_resampled(documents: list[str], seed: int) -> None:
    (sample,) = resampled(documents, 1, seed)
    assert set(sample) <= set(range(len(documents)))
    assert len({documents[i] for i in sample}) <= len(set(documents))


def test_the_value_is_that_of_all_sentences() -> None:
    values = np.array([1.0, 2.0, 6.0])
    figure = estimates(lambda i: {"mean": values[i].mean()}, ["a", "b", "c"], seed=0)["mean"]
    assert figure.value == pytest.approx(3.0)
    assert figure.low <= figure.value <= figure.high


def test_of_a_single_document_sentences_are_drawn() -> None:
    values = np.arange(40.0)
    figure = estimates(lambda i: {"mean": values[i].mean()}, ["speech"] * 40, seed=0)["mean"]
    assert figure.low < figure.value - 1
    assert figure.high > figure.value + 1
