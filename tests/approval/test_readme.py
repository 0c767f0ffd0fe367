"""The README shows what the shipped model does and how well, not what one did once."""

from __future__ import annotations

import re
from pathlib import Path

import claimclf
from claimclf.model_dir import DEFAULT_MODEL, ModelDir
from training.model_card import read_benchmark
from training.speed import OURS, PIPELINE, Speed

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BENCHMARK = read_benchmark(ROOT / "model_cards" / f"{DEFAULT_MODEL}.json")


def test_the_figures_in_the_readme_are_those_of_the_shipped_model() -> None:
    measured = ModelDir.open(DEFAULT_MODEL).metadata.provenance["measured"]
    assert f"On {measured['sentences']} sentences" in README
    for name in ("int8", "TF-IDF + logistic regression"):
        figures = measured["systems"][name]
        assert f"{100 * figures['macro_f1']:.1f}" in README
        for label in figures["per_label"].values():
            row = " / ".join(f"{100 * label[key]:.1f}" for key in ("precision", "recall", "f1"))
            assert row in README


def test_the_intervals_in_the_readme_are_those_of_the_benchmark() -> None:
    for evaluation in BENCHMARK["evaluations"]:
        if evaluation["system"] == "int8":
            f1 = evaluation["overall"]["macro_f1"]
            assert f"{100 * f1['value']:.1f} ({100 * f1['low']:.1f} to {100 * f1['high']:.1f})" in README


def test_the_speed_in_the_readme_is_that_of_the_benchmark() -> None:
    speed = Speed.from_dict(BENCHMARK["speed"])
    largest = max(timing.sentences for timing in speed.throughput)
    (ours,) = [t for t in speed.throughput if (t.system, t.sentences) == (OURS, largest)]
    ratios = speed.ratios()
    for figure in (
        f"{largest / ours.median:.0f} sentences a second",
        f"{ratios[PIPELINE, largest]:.1f} times as many",
        f"{ratios[f'{PIPELINE}, batches of 32', largest]:.1f} times as many as with `batch_size=32`",
        f"{ratios[f'{PIPELINE}, the same by length', largest]:.1f} times",
    ):
        assert figure in README, figure


def test_the_first_example_in_the_readme_runs() -> None:
    (example,) = re.findall(r"```python\n(import claimclf\n.*?)```", README, flags=re.DOTALL)
    sentences = example.split("claimclf.predict_iter")[0]
    names: dict[str, object] = {}
    exec(sentences, names)
    prediction = names["p"]
    assert isinstance(prediction, claimclf.Prediction)
    assert prediction.label is claimclf.Label.ACCUSATION


def test_the_table_in_the_readme_is_what_the_demo_says() -> None:
    approved = Path(__file__).with_name("sample_article.approved.txt").read_text(encoding="utf-8")
    labels = [line.split("\t")[0] for line in approved.splitlines()]
    shown = re.findall(r"^│ (\w+)(?: \+ \w+)* +│ +\d\.\d\d │", README, flags=re.MULTILINE)
    assert shown == labels
