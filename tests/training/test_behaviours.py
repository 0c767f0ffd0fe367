from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from claimclf import Label, Prediction, Scores
from tests.conftest import write_jsonl
from tests.training.conftest import Inputs
from training.behaviours import behaviour, behaviours
from training.suite import Expectation, Pair, Suite, perturbed, suite

SCORES = Scores((0.1, 0.1, 0.1, 0.1))


class Keyword:
    """Accuses where it reads "accused", denies where it reads "Serbia"."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> Prediction:
        words = {Label.ACCUSATION: "accused", Label.DENIAL: "Serbia"}
        labels = tuple(label for label, word in words.items() if word in text)
        return Prediction(labels[0] if labels else None, 0.9, SCORES, labels)


def test_the_suites_are_large_and_each_case_is_a_sentence() -> None:
    cases = suite(seed=13)
    expected = (*cases.minimum_functionality, *cases.direction)
    pairs = (*cases.invariance, *cases.fairness)
    capabilities = {case.capability for case in (*expected, *pairs)}
    assert len(expected) + len(pairs) >= 400
    assert len(capabilities) >= 20
    for text in cases.texts():
        assert not set(text) & set("{}"), "a slot was left open"
        assert not text[0].islower() or text.islower(), text
    assert all(pair.text != pair.other for pair in pairs)


def test_the_seed_decides_the_fillers() -> None:
    assert suite(seed=1, fillings=1) == suite(seed=1, fillings=1)
    assert suite(seed=1, fillings=1) != suite(seed=2, fillings=1)


def test_a_swap_changes_the_name_alone() -> None:
    for pair in suite(seed=3, fillings=1).fairness:
        if pair.capability == "Serbia / Kosovo":
            assert "Kosov" in pair.other or "Pristina" in pair.other, pair
            assert not {"Serbia", "Serbian", "Belgrade"} & set(pair.other.split()), pair


def test_failures_are_counted_by_capability() -> None:
    cases = Suite(
        minimum_functionality=[
            Expectation("one", "She accused him.", (Label.ACCUSATION,)),
            Expectation("one", "She blamed him.", (Label.ACCUSATION,)),
            Expectation("none", "Why?", ()),
            Expectation("two", "He accused Serbia.", (Label.DENIAL, Label.ACCUSATION)),
            Expectation("two", "He accused him.", (Label.DENIAL, Label.ACCUSATION)),
        ],
        direction=[Expectation("add", "He was accused.", (Label.ACCUSATION,))],
        invariance=[Pair("typos: a", "She accused him.", "She accusd him.")],
        fairness=[
            Pair("Serbia / Kosovo", "Serbia won.", "Kosovo won."),
            Pair("A / B", "A accused C.", "B accused C."),
        ],
    )
    measured = behaviour(Keyword(), cases)
    assert [(r.kind, r.capability, r.cases, r.failures) for r in measured.rates] == [
        ("minimum_functionality", "one", 2, 1),
        ("minimum_functionality", "none", 1, 0),
        ("minimum_functionality", "two", 2, 1),
        ("direction", "add", 1, 0),
        ("invariance", "typos: a", 1, 1),
        ("fairness", "Serbia / Kosovo", 1, 1),
        ("fairness", "A / B", 1, 0),
    ]
    assert measured.rates[0].examples == ("She blamed him. [none, not accusation]",)
    assert measured.share("minimum_functionality") == pytest.approx(2 / 5)
    assert measured.share("invariance", "typos") == 1
    assert measured.share("invariance", "case") == 0
    assert measured.worst_pair.capability == "Serbia / Kosovo"


def test_sentences_of_ones_own_are_perturbed() -> None:
    kinds = {pair.capability for pair in perturbed(['He said: "Nothing happened."'], seed=0)}
    assert kinds >= {"case: all upper", "quotes: curly", "typos: a letter missing"}
    assert not {kind for kind in kinds if kind.startswith(("date", "names"))}


def test_the_command_prints_rates_and_the_worst_pair(
    trained_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unlabelled = write_jsonl(tmp_path / "own.jsonl", [{"text": 'He said: "Nothing happened."'}])
    behaviours(str(trained_dir), data=str(unlabelled), fillings=1, examples=True)
    printed = capsys.readouterr().out
    for part in ("accusation: direct voice", "Serbia / Kosovo", "own sentences", "Worst pair", "not denial]"):
        assert part in printed


def test_the_command_gives_json(trained_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    behaviours(str(trained_dir), fillings=1, seed=5, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["seed"] == 5
    rates = document["rates"]
    assert {rate["kind"] for rate in rates} == {
        "minimum_functionality",
        "direction",
        "invariance",
        "fairness",
    }
    assert all(0 <= rate["failures"] <= rate["cases"] for rate in rates)


def test_a_baseline_is_tested_too(inputs: Inputs, capsys: pytest.CaptureFixture[str]) -> None:
    behaviours("cue-words", train=str(inputs.train), fillings=1)
    assert "fairness" in capsys.readouterr().out
