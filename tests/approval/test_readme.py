"""The README shows what the shipped model does and how well, not what one did once."""

from __future__ import annotations

import re
from pathlib import Path

import claimclf
from claimclf.model_dir import DEFAULT_MODEL, ModelDir

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_figures_in_the_readme_are_those_of_the_shipped_model() -> None:
    measured = ModelDir.open(DEFAULT_MODEL).metadata.provenance["measured"]
    assert f"On {measured['sentences']} sentences" in README
    for name in ("int8", "TF-IDF + logistic regression"):
        figures = measured["systems"][name]
        assert f"{100 * figures['macro_f1']:.1f}" in README
        for label in figures["per_label"].values():
            row = " / ".join(f"{100 * label[key]:.1f}" for key in ("precision", "recall", "f1"))
            assert row in README


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
