"""A classifier that mixes answers up, loses them or keeps memory must be found out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf.errors import OptionError, OutputExistsError
from training import under_load as measuring
from training.load import load
from training.under_load import Latencies, Memory, streaming, under_load

TEXTS = ["Osmani accused Kesh of fraud .", "Kesh denied it .", "A senator must stop now !"]


@pytest.fixture
def alone(tiny):
    return {text: tiny.predict(text) for text in TEXTS}


class Spoiled:
    """Goes wrong at every fifth answer."""

    def __init__(self, classifier, wrong):
        self.classifier, self.wrong, self.asked = classifier, wrong, 0

    def predict(self, text):
        self.asked += 1
        return self.classifier.predict(text) if self.asked % 5 else self.wrong(text)


def no_answer(text):
    raise RuntimeError(text)


def test_right_answers_are_counted(tiny, alone):
    got = under_load(tiny, alone, threads=4, seconds=0.5)
    assert got.wrong == 0
    assert got.answers > 20
    assert list(got.milliseconds.values()) == sorted(got.milliseconds.values())


@pytest.mark.parametrize("wrong", [no_answer, lambda text: None])
def test_wrong_answers_and_none_at_all_are_found(tiny, alone, wrong):
    got = under_load(Spoiled(tiny, wrong), alone, threads=1, seconds=0.3)
    assert got.wrong == got.answers // 5 > 0


def test_answers_to_another_question_are_found(tiny, alone):
    assert len(set(alone.values())) == len(TEXTS)
    got = under_load(Spoiled(tiny, lambda text: alone[TEXTS[0]]), alone, threads=1, seconds=0.3)
    assert 0 < got.wrong < got.answers / 5


@given(st.lists(st.floats(1e-6, 1000), min_size=1), st.floats(1, 100))
def test_percentiles_are_those_of_numpy(seconds, percentile):
    took = Latencies()
    half = Latencies()
    for number, one in enumerate(seconds):
        (took if number % 2 else half).add(one)
    took.add_all(half)
    exact = np.percentile(seconds, percentile, method="inverted_cdf")
    assert exact * 0.999 <= took.percentile(percentile) <= exact * 1.021
    assert took.longest == max(seconds)


def test_memory_that_grows_in_a_stream_is_found(tiny, monkeypatch):
    resident = iter(range(1_000_000, 9_000_000, 5000))
    monkeypatch.setattr(measuring, "_resident", lambda: next(resident))
    assert streaming(tiny, TEXTS, 3000).memory.grows
    monkeypatch.setattr(measuring, "_resident", lambda: 1_000_000)
    assert not streaming(tiny, TEXTS, 300).memory.grows


@pytest.mark.parametrize(("first", "second", "grows"), [(100, 105, False), (100, 106, True), (0, 0, False)])
def test_growth_is_over_five_per_cent(first, second, grows):
    assert Memory(first, second).grows == grows


def test_the_command_says_and_writes_what_it_measured(tiny_dir, tmp_path, capsys):
    output = tmp_path / "load.json"
    load(str(tiny_dir), threads="1,3", seconds=0.5, stream=500, data=None, output=output)
    printed = capsys.readouterr().out
    assert "under load" in printed
    assert "500 sentences" in printed
    measured = json.loads(output.read_text())
    assert [one["threads"] for one in measured["loads"]] == [1, 3]
    assert all(one["answers"] > 0 and one["wrong"] == 0 for one in measured["loads"])
    assert measured["stream"]["sentences"] == 500


def test_what_is_there_is_not_overwritten(tmp_path):
    output = tmp_path / "load.json"
    output.touch()
    with pytest.raises(OutputExistsError, match="Remove it or choose another path"):  # there is no --force
        load("no-model", threads="1", data=None, output=output)


@pytest.mark.parametrize("threads", ["", "0", "1,x", "-1"])
def test_impossible_numbers_of_threads(tiny_dir, threads):
    with pytest.raises(OptionError):
        load(str(tiny_dir), threads=threads)
