"""Several runs and the mean of their weights, which is the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from claimclf.errors import ConfigurationError
from tests.training.conftest import Inputs
from training import averaged_runs
from training.averaged_runs import fine_tune_averaged, mean
from training.averaging import KeepBestAverage
from training.config import TrainingConfig
from training.finetune import fine_tune
from training.run_directory import LOG_FILE
from training.training_data import TrainingData

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def config(inputs: Inputs) -> TrainingConfig:
    return TrainingConfig.from_yaml(inputs.config).with_values(
        {**inputs.files, "epochs": 2, "averaged_runs": 2, "perturbed_share": 0.5}
    )


@pytest.fixture(scope="module")
def data(config: TrainingConfig) -> TrainingData:
    return TrainingData.read(config)


def averaged(
    config: TrainingConfig, data: TrainingData, inputs: Inputs, work: Path, *, resume: bool = False
) -> Weights:
    work.mkdir(exist_ok=True)
    model, _ = fine_tune_averaged(config, inputs.base_model, data.train, data.validation, work, resume=resume)
    return model.state_dict()


def of_runs(work: Path) -> list[Weights]:
    return [load_file(work / f"run-{number}" / "best.safetensors") for number in (1, 2)]


def entries(work: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (work / LOG_FILE).read_text().splitlines()]


def measured(work: Path) -> list[dict[str, Any]]:
    return [entry for entry in entries(work) if "eval_macro_f1" in entry]


def assert_same(one: Weights, other: Weights) -> None:
    assert one.keys() == other.keys()
    for name, weight in one.items():
        assert torch.equal(other[name], weight), name


def test_the_model_is_the_mean_of_runs_that_learned_differently(
    config: TrainingConfig, data: TrainingData, inputs: Inputs, tmp_path: Path
) -> None:
    model = averaged(config, data, inputs, tmp_path)
    first, second = of_runs(tmp_path)
    assert not torch.equal(first["classifier.weight"], second["classifier.weight"])
    for name, weight in model.items():
        torch.testing.assert_close(weight, (first[name] + second[name]) / 2)


def test_the_first_run_is_the_one_that_is_made_alone_and_the_second_has_the_next_seed(
    config: TrainingConfig, data: TrainingData, inputs: Inputs, tmp_path: Path
) -> None:
    averaged(config, data, inputs, tmp_path / "both")
    alone = averaged(config.with_values({"averaged_runs": 1}), data, inputs, tmp_path / "alone")
    assert_same(of_runs(tmp_path / "both")[0], alone)
    (tmp_path / "next").mkdir()
    model, _ = fine_tune(
        config, inputs.base_model, data.train, data.validation, tmp_path / "next", resume=False, run=1
    )
    assert_same(of_runs(tmp_path / "both")[1], model.state_dict())


def test_all_runs_begin_alike_outputs_included(
    config: TrainingConfig, data: TrainingData, inputs: Inputs, tmp_path: Path
) -> None:
    hardly = config.with_values({"learning_rate": 1e-8, "average_decay": 0.0, "weight_decay": 0.0})
    averaged(hardly, data, inputs, tmp_path)
    first, second = of_runs(tmp_path)
    assert first["classifier.weight"].abs().max() > 1e-3
    for name, weight in first.items():
        torch.testing.assert_close(weight, second[name], atol=1e-5, rtol=0)


def test_stopped_in_the_second_run_it_goes_on_there_and_makes_the_same_model(
    config: TrainingConfig,
    data: TrainingData,
    inputs: Inputs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = averaged(config, data, inputs, tmp_path / "whole")
    log = measured(tmp_path / "whole")
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("run 1 of 2, epoch") == said.count("run 2 of 2, epoch") == 2
    assert said.count("mean of the 2 runs: macro-F1") == 1

    moved = KeepBestAverage.on_step_end
    an_epoch = -(-len(data.train) // config.batch_size)
    steps = 0

    def stopped(*given: Any, **named: Any) -> None:
        nonlocal steps
        moved(*given, **named)
        steps += 1
        if steps == 3 * an_epoch + 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(KeepBestAverage, "on_step_end", stopped)
    with pytest.raises(KeyboardInterrupt):
        averaged(config, data, inputs, tmp_path / "stopped")
    assert steps == 3 * an_epoch + 2
    assert not (tmp_path / "stopped" / LOG_FILE).exists()
    steps = 10 * an_epoch
    assert_same(averaged(config, data, inputs, tmp_path / "stopped", resume=True), whole)
    assert steps == 11 * an_epoch, "the second epoch of the second run, and nothing else"
    assert measured(tmp_path / "stopped") == log
    assert_same(averaged(config, data, inputs, tmp_path / "stopped", resume=True), whole)
    assert steps == 11 * an_epoch, "nothing was left to learn"


def test_the_log_tells_the_losses_of_each_run_and_how_good_the_mean_is(
    config: TrainingConfig, data: TrainingData, inputs: Inputs, tmp_path: Path
) -> None:
    averaged(config, data, inputs, tmp_path)
    figures = measured(tmp_path)
    assert [entry["run"] for entry in figures] == [1, 1, 2, 2, "mean"]
    assert 0 < figures[-1]["eval_loss"] < 1
    assert not any(name.endswith("time") for name in figures[-1])


def test_made_by_the_command_its_directory_tells_of_both_runs(inputs: Inputs, tmp_path: Path) -> None:
    inputs.run(tmp_path / "model", epochs=1, averaged_runs=2)
    origin = json.loads((tmp_path / "model" / "claimclf.json").read_text())["provenance"]
    assert origin["config"]["averaged_runs"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_mean_keeps_whole_numbers() -> None:
    one, other = ({"w": torch.tensor([w]), "steps": torch.tensor(3)} for w in (1.0, 4.0))
    assert mean([one, other, other])["w"].tolist() == [3.0]
    assert mean([one, other])["steps"].tolist() == 3


def test_no_run_is_no_model() -> None:
    with pytest.raises(ConfigurationError, match="averaged_runs: 0 is not possible"):
        TrainingConfig().with_values({"averaged_runs": 0})


def test_a_single_run_is_not_measured_again(
    config: TrainingConfig,
    data: TrainingData,
    inputs: Inputs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(averaged_runs, "held_out_figures", lambda *_: pytest.fail("measured"))
    averaged(config.with_values({"averaged_runs": 1, "epochs": 1}), data, inputs, tmp_path)
    assert not any("run" in entry for entry in entries(tmp_path))
