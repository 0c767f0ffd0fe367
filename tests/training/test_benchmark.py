from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.conftest import Inputs
from training import benchmark


def test_every_system_runs_on_the_same_sentences_in_turn() -> None:
    calls: list[tuple[str, int]] = []
    systems = {name: lambda texts, name=name: calls.append((name, len(texts))) for name in "ab"}
    seconds = benchmark.seconds_interleaved(systems, ["x"] * 50, repeats=2)
    assert calls == [("a", 32), ("b", 32), ("a", 50), ("b", 50), ("a", 50), ("b", 50)]
    assert {name: len(times) for name, times in seconds.items()} == {"a": 2, "b": 2}


def test_the_systems_have_the_same_weights(trained_dir: Path, inputs: Inputs) -> None:
    text = "Osmani accused Verrin of fraud ."
    ours, defaults, batched = (run([text]) for run in benchmark.systems(str(trained_dir), 1).values())
    top = max(defaults[0], key=lambda entry: entry["score"])
    assert ours[0].label == top["label"] == "accusation"
    assert [entry["score"] for entry in batched[0]] == pytest.approx([e["score"] for e in defaults[0]])


def test_the_command_reports_ratios(
    trained_dir: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "_FRESH_PROCESSES", {"bare interpreter": "pass"})
    benchmark.benchmark(inputs.dev, model=str(trained_dir), sentences=8, repeats=1, threads=1)
    printed = capsys.readouterr().out
    assert "8 distinct sentences" in printed
    assert "claimclf.predict" in printed
    assert "bare interpreter" in printed
