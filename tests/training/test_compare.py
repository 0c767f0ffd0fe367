from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from scipy.stats import binomtest

from claimclf import Label, Prediction, Scores
from claimclf.errors import OutputExistsError, UnreadableFileError
from tests.training.conftest import Inputs
from training.bootstrap import Estimate
from training.compare import compare
from training.comparison import comparison, verdict
from training.data import LabelledSentence

SCORES = Scores((0.5, 0.5, 0.5, 0.5))
DENIES = Prediction(Label.DENIAL, 0.9, SCORES, (Label.DENIAL,))
ACCUSES = Prediction(Label.ACCUSATION, 0.8, SCORES, (Label.ACCUSATION,))
ROWS = [LabelledSentence(f"He denied it {i} times.", (Label.DENIAL,), str(i), "") for i in range(40)]


def test_the_better_of_two_is_found() -> None:
    a = [DENIES] * 38 + [ACCUSES] * 2
    b = [ACCUSES] * 20 + [DENIES] * 20
    compared = comparison(ROWS, a, b, resamples=200)
    assert (compared.only_a_right, compared.only_b_right) == (20, 2)
    assert compared.mcnemar_p == pytest.approx(binomtest(2, 22).pvalue)
    accuracy = compared.differences["accuracy"]
    assert accuracy.value == pytest.approx(18 / 40)
    assert 0 < accuracy.low < accuracy.value < accuracy.high
    assert verdict(accuracy, "a", "b") == "a is better"
    assert len(compared.partings) == 22


def test_a_system_against_itself_is_too_close_to_call() -> None:
    compared = comparison(ROWS, [DENIES] * 40, [DENIES] * 40, resamples=20)
    assert compared.mcnemar_p == 1.0
    assert compared.partings == []
    assert verdict(compared.differences["macro_f1"], "a", "b") == "too close to call"


def test_pairing_makes_the_interval_narrow() -> None:
    """Both err on the same half: unpaired intervals of the two accuracies would be wide."""
    same = [DENIES] * 20 + [ACCUSES] * 20
    one_better = [DENIES] * 21 + [ACCUSES] * 19
    difference = comparison(ROWS, one_better, same, resamples=300).differences["accuracy"]
    assert difference.high - difference.low < 0.12


def test_the_other_way_round_b_is_better() -> None:
    assert verdict(Estimate(-0.2, -0.3, -0.1), "a", "b") == "b is better"


def test_the_command_compares_a_model_with_a_baseline(
    trained_dir: Path, inputs: Inputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partings = tmp_path / "partings.csv"
    arguments = (str(trained_dir), "majority", str(inputs.dev))
    compare(*arguments, train=str(inputs.train), partings=partings, resamples=20)
    printed = capsys.readouterr().out
    for part in ("macro f1", "McNemar's exact test", "is better", "They part on"):
        assert part in printed
    with partings.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len({line["b"] for line in lines}) == 1, "the majority never changes"
    assert all(line["a"] != line["b"] for line in lines)
    with pytest.raises(OutputExistsError, match="Remove it or choose another path"):
        compare(*arguments, train=str(inputs.train), partings=partings)


def test_a_directory_that_is_not_there_is_named_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="there is no such directory"):
        compare("no-model", "majority", "no.jsonl", partings=tmp_path / "missing" / "partings.csv")


def test_the_command_gives_json_without_sentences(
    trained_dir: Path, inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    compare(
        str(trained_dir), "cue-words", str(inputs.dev), train=str(inputs.train), resamples=20, as_json=True
    )
    document = json.loads(capsys.readouterr().out)
    assert document["b"] == "cue-words"
    assert set(document["differences"]["macro_f1"]) == {"value", "low", "high"}
    assert all(set(parting) == {"id", "gold", "a", "b"} for parting in document["partings"])
