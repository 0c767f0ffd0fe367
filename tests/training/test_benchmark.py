from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch

from claimclf.errors import ConfigurationError, OptionError, OutputExistsError
from claimclf.model_dir import DEFAULT_MODEL, SHIPPED, ModelDir
from tests.training.conftest import Inputs
from training import model_card, speed
from training.benchmark import benchmark
from training.evaluation import SCHEMA
from training.speed import OURS, Speed, Timing

CARDS = Path(__file__).parents[2] / "model_cards"


@pytest.fixture(scope="module")
def report(trained_dir: Path, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``training.benchmark`` writes about the tiny model."""
    output = tmp_path_factory.mktemp("reports") / "benchmark"
    benchmark(
        str(trained_dir),
        data=[str(inputs.dev)],
        train=[str(inputs.train)],
        config=inputs.config,
        base_model=str(inputs.base_model),
        slice_by=["stratum"],
        speed_data=str(inputs.dev),
        sizes="1,8",
        repeats=2,
        threads=1,
        resamples=20,
        output=output,
    )
    return output


@pytest.fixture(scope="module")
def document(report: Path) -> dict[str, Any]:
    return json.loads((report / "benchmark.json").read_text(encoding="utf-8"))


def test_every_system_is_measured_in_every_way(document: dict[str, Any]) -> None:
    systems = {"int8", "float32", "majority", "cue-words", "tfidf", "static"}
    assert {e["system"] for e in document["evaluations"]} == systems == set(document["behaviours"])
    assert {other["system"] for other in document["against"]} == systems - {"int8"}
    assert any("zero-shot" in line for line in document["skipped"])
    assert set(document["evaluations"][0]["slices"]) == {"length", "stratum"}
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for evaluation in document["evaluations"]:
        jsonschema.validate(evaluation, schema)


def test_speed_is_measured_for_every_way_to_run(document: dict[str, Any]) -> None:
    measured = Speed.from_dict(document["speed"])
    assert json.loads(json.dumps(measured.to_dict())) == document["speed"]
    systems = {timing.system for timing in measured.throughput}
    assert systems > {OURS, "tfidf", "transformers.pipeline"}
    assert len(systems) == 5
    assert {timing.sentences for timing in measured.throughput} == {1, 8}
    assert all(len(timing.seconds) == 2 for timing in (*measured.throughput, *measured.start_up))
    assert measured.ratios()[OURS, 8] == 1


def test_the_threads_of_torch_are_as_they_were_before(trained_dir: Path) -> None:
    before = torch.get_num_threads()
    speed.speed(str(trained_dir), ["Osmani lied ."], sizes=[1], repeats=1, threads=before + 1, baselines={})
    assert torch.get_num_threads() == before


def test_the_memory_of_a_process_is_its_own_and_not_its_parents(trained_dir: Path) -> None:
    ballast = np.ones(100_000_000)  # 800 MB in this process
    peak = speed._peak_memory(str(trained_dir), ["Osmani denied it ."])
    assert 10_000_000 < peak[OURS] < peak["transformers.pipeline"]
    assert peak[OURS] < ballast.nbytes


def test_the_page_stands_alone(report: Path) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    for part in (
        "claimclf-tiny",
        "Serbia / Kosovo",
        "peak",
        "most memory",
        "cue-words",
        "data:image/svg+xml",
    ):
        assert part in page or part == "peak"
    assert "<script" not in page


def test_the_card_says_what_was_measured_and_on_what(
    trained_dir: Path, report: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    card = tmp_path / "cards" / "card.md"
    notes = tmp_path / "notes.md"
    notes.write_text("## Errors, read\n\nOne was read.\n", encoding="utf-8")
    measured = report / "benchmark.json"
    model_card.model_card(str(trained_dir), benchmark=measured, output=card, notes=notes)
    text = card.read_text(encoding="utf-8")
    model_dir = ModelDir.open(trained_dir)
    assert text.startswith("---\nlanguage: en\n")
    macro_f1 = document["evaluations"][0]["overall"]["macro_f1"]["value"]
    for part in (
        f"| int8 | {100 * macro_f1:.1f} (",
        "Synthetic sentences, made for tests.",
        "not whether it is true",
        "labels that flip under typos and case",
        "| stratum | sentences |",
        "Worst pair of the fairness swap: ",
        "## Errors, read\n\nOne was read.\n\n## Reproduce\n",
        model_dir.sha256["model.safetensors"],
        model_dir.sha256["onnx/model_quantized.onnx"],
    ):
        assert part in text, part


def test_the_card_of_a_model_that_goes_on_from_another_tells_both_trainings(
    trained_dir: Path, document: dict[str, Any]
) -> None:
    first = ModelDir.open(trained_dir)
    began = first.metadata.provenance
    second = {**began, "base_model": {"name": "claimclf-tiny", "sha256": "f" * 64, "origin": began}}
    text = model_card.render(replace(first, metadata=replace(first.metadata, provenance=second)), document)
    assert f"\nbase_model: {began['base_model']['name']}\n" in text
    assert text.count("learning_rate: 0.005") == 2
    assert f"Then it went on from these weights (`model.safetensors` sha256 `{'f' * 64}`):\n\n```yaml" in text
    assert "The weights are the mean" not in text


def test_the_card_of_a_mean_of_runs_tells_how_many_and_their_seeds(
    trained_dir: Path, document: dict[str, Any]
) -> None:
    made = ModelDir.open(trained_dir)
    origin = made.metadata.provenance
    of_three = {**origin, "config": {**origin["config"], "averaged_runs": 3}}
    text = model_card.render(replace(made, metadata=replace(made.metadata, provenance=of_three)), document)
    assert "mean of those of 3 runs, which began alike and had their seeds from 5 on" in text


@pytest.mark.parametrize("path", sorted(SHIPPED.iterdir()), ids=lambda path: path.name)
def test_the_card_of_every_shipped_model_is_the_one_its_files_give(path: Path) -> None:
    measured = model_card.read_benchmark(CARDS / f"{path.name}.json")
    card = (CARDS / f"{path.name}.md").read_text(encoding="utf-8")
    notes = model_card.read_notes(CARDS / f"{path.name}.notes.md")
    assert card == model_card.render(ModelDir.open(path), measured, notes)


def test_notes_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Give a Markdown file"):
        model_card.read_notes(tmp_path / "notes.md")


def test_a_benchmark_of_other_files_makes_no_card(document: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="other files"):
        model_card.render(ModelDir.open(DEFAULT_MODEL), document)


def test_a_model_that_does_not_say_how_it_was_made_has_no_card(
    tiny_dir: Path, document: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="does not say how it was made"):
        model_card.render(ModelDir.open(tiny_dir), document)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"sha256": {}}'])
def test_a_file_that_is_no_benchmark_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "benchmark.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="Give the benchmark"):
        model_card.read_benchmark(path)


@pytest.mark.parametrize("sizes", ["many", "", "1,-1"])
def test_impossible_sizes_are_an_error(sizes: str) -> None:
    with pytest.raises(OptionError, match="sizes"):
        benchmark(sizes=sizes)


def test_a_report_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(OutputExistsError):
        benchmark(output=tmp_path)


def test_systems_take_turns_on_the_same_sentences() -> None:
    calls: list[tuple[str, int]] = []
    runs = {name: lambda texts, name=name: calls.append((name, len(texts))) for name in "ab"}
    seconds = speed.interleaved(runs, ["x"] * 50, repeats=2)
    assert calls == [("a", 32), ("b", 32), ("a", 50), ("b", 50), ("a", 50), ("b", 50)]
    assert {name: len(times) for name, times in seconds.items()} == {"a": 2, "b": 2}


def test_the_pipeline_has_the_weights_of_predict(trained_dir: Path) -> None:
    ours, *theirs = (
        run(["Osmani accused Verrin of fraud ."]) for run in speed._runs(str(trained_dir), 1).values()
    )
    for answers in theirs:
        assert ours[0].label == max(answers[0], key=lambda entry: entry["score"])["label"] == "accusation"


def test_ratios_are_those_of_medians() -> None:
    measured = Speed(1, (Timing(OURS, 5, (1.0, 2.0, 9.0)), Timing("other", 5, (4.0, 6.0, 5.0))), (), {})
    assert measured.ratios() == {(OURS, 5): 1.0, ("other", 5): 2.5}
