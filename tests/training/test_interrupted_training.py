"""Training that is killed, interrupted, or out of disk, and goes on; and training in several processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from claimclf.errors import ConfigurationError, DiskFullError, OutputExistsError
from tests.conftest import labelled_records, write_jsonl
from tests.training.conftest import Inputs, command_line
from training import averaging, finetune, processes
from training.averaging import KeepBestAverage
from training.checkpoints import checkpoint_to_take_up, last_whole_checkpoint
from training.config import TrainingConfig
from training.finetune import fine_tune
from training.run_directory import CONFIG_FILE, LOG_FILE, free_output, open_work, work_directory
from training.train import train
from training.training_data import TrainingData

_PATIENCE = 240  # seconds, for a machine that is busy
# What a shell starts in the background, tests included, ignores Ctrl-C; what a user starts does not.
_HEEDING_CTRL_C = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("training.train", run_name="__main__", alter_sys=True)
"""
# Each of several processes trains at one go, then stopped and taken up, as an epoch begins and within it.
_IN_SEVERAL = """
import json, sys
from pathlib import Path
from training import finetune
from training.averaging import KeepBestAverage
from training.config import TrainingConfig
from training.data import read_labelled
from training.processes import processes

folder = Path(sys.argv[1])
config = TrainingConfig.from_yaml(folder / "config.yaml")
train, validation = (read_labelled(folder / f"{part}.jsonl") for part in ("train", "validation"))
batches, collated, moved = [], finetune.Collator.__call__, KeepBestAverage.on_step_end

def watched(collator, features):
    batches.append([row["input_ids"] for row in features])
    return collated(collator, features)

def run(name, stop=None):
    def stopped(*given, **named):
        moved(*given, **named)
        if given[2].global_step == stop:
            raise KeyboardInterrupt
    KeepBestAverage.on_step_end = stopped
    work, base = folder / name, Path(config.base_model)
    work.mkdir(exist_ok=True)
    try:
        finetune.fine_tune(config, base, train, validation, work, resume=True)
    except KeyboardInterrupt:
        pass

finetune._STEPS_BETWEEN_CHECKPOINTS = 2
finetune.Collator.__call__ = watched
run("whole")
of_a_half = [batch for batch in batches if len(batch) == config.batch_size // 2]  # others are evaluated
(folder / f"{processes().process_index}.json").write_text(json.dumps(of_a_half))
for stop in (5, 7, None):
    run("stopped", stop)
"""


def hashes(model_dir: Path) -> dict[str, str]:
    """Of all files but the log: it tells means of fifty steps, of fewer where a run was taken up."""
    of_files = json.loads((model_dir / "claimclf.json").read_text(encoding="utf-8"))["sha256"]
    return {name: digest for name, digest in of_files.items() if name != LOG_FILE}


def whole_checkpoints(output: Path) -> set[str]:
    return {path.parent.name for path in work_directory(output).glob("checkpoint-*/average.safetensors")}


def start(options: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HEEDING_CTRL_C, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def stop_when(condition: Callable[[], bool], process: subprocess.Popen[str], how: signal.Signals) -> str:
    """What the process had printed when it was stopped."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.005)
    process.send_signal(how)
    return process.communicate(timeout=_PATIENCE)[0]


def test_killed_and_interrupted_and_resumed_it_is_the_same_model_bit_for_bit(
    trained_dir: Path, inputs: Inputs, tmp_path: Path
) -> None:
    output = tmp_path / "model"
    options = [*inputs.options, "--output", str(output)]

    killed = start(options)
    stop_when(lambda: bool(whole_checkpoints(output)), killed, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    assert not output.exists()

    before = whole_checkpoints(output)
    interrupted = start([*options, "--resume"])
    said = stop_when(lambda: bool(whole_checkpoints(output) - before), interrupted, signal.SIGINT)
    assert interrupted.returncode == 130, said
    assert "Run the same command again with --resume" in said
    assert "Traceback" not in said
    assert not output.exists()

    finished = start([*options, "--resume"])
    said, _ = finished.communicate(timeout=_PATIENCE)
    assert finished.returncode == 0, said
    assert hashes(output) == hashes(trained_dir)
    assert not work_directory(output).exists()


def test_an_epoch_stopped_in_its_middle_goes_on_with_the_sentences_it_has_not_seen(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "_STEPS_BETWEEN_CHECKPOINTS", 3)
    config = TrainingConfig.from_yaml(inputs.config).with_values({**inputs.files, "epochs": 3})
    data = TrainingData.read(config)
    an_epoch = -(-len(data.train) // config.batch_size)
    assert an_epoch > 7
    moved = KeepBestAverage.on_step_end

    def weights(work: Path, stops: list[int]) -> dict[str, torch.Tensor]:
        """Of a run that is stopped after these steps, the steps between being lost, and taken up."""
        work.mkdir()
        for stop in stops:

            def stopped(*given: Any, at: int = stop, **named: Any) -> None:
                moved(*given, **named)
                if given[2].global_step == at:
                    raise KeyboardInterrupt

            monkeypatch.setattr(KeepBestAverage, "on_step_end", stopped)
            with pytest.raises(KeyboardInterrupt):
                fine_tune(config, inputs.base_model, data.train, data.validation, work, resume=True)
        monkeypatch.setattr(KeepBestAverage, "on_step_end", moved)
        model, _ = fine_tune(config, inputs.base_model, data.train, data.validation, work, resume=True)
        return model.state_dict()

    whole = weights(tmp_path / "whole", [])
    # In the middle, and in the middle of what was taken up there; after an epoch's end, and so on.
    stopped = weights(tmp_path / "stopped", [5, 8, an_epoch + 1, an_epoch + 6, 2 * an_epoch + 5])
    for name, weight in whole.items():
        assert torch.equal(stopped[name], weight), name


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("moment", ["on_step_end", "on_prediction_step"])
def test_a_ctrl_c_that_a_finalizer_swallows_stops_training_all_the_same(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def finalizes(*_: object, **__: object) -> None:
        Finalized()

    config = TrainingConfig.from_yaml(inputs.config).with_values({**inputs.files, "epochs": 1})
    data = TrainingData.read(config)
    monkeypatch.setattr(KeepBestAverage, moment, finalizes)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fine_tune(config, inputs.base_model, data.train, data.validation, tmp_path, resume=False)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_two_processes_train_what_one_does_and_one_of_them_writes(inputs: Inputs, tmp_path: Path) -> None:
    base = shutil.copytree(inputs.base_model, tmp_path / "base")
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config["attention_probs_dropout_prob"] = 0.0
    (base / "config.json").write_text(json.dumps(config), encoding="utf-8")
    runs = tmp_path / "runs"
    # One epoch: rounding differs among processes, and many steps would make much of it.
    options = [*inputs.options, *("--base-model", str(base), "--dropout", "0", "--no-bf16", "--epochs", "1")]
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    for name, modules in (("one", []), ("two", launcher)):
        command = [sys.executable, "-m", *modules, "training.train", *options, "--output", str(runs / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("The model is in") == 1
        assert done.stdout.count("epoch 1 of 1") == 1
    one, two = (load_file(runs / name / "model.safetensors") for name in ("one", "two"))
    for name, weight in one.items():
        assert torch.allclose(two[name].float(), weight.float(), atol=2e-3), name
    assert sorted(path.name for path in runs.iterdir()) == ["one", "two"]


def test_several_processes_see_every_sentence_once_an_epoch_and_go_on_as_they_began(
    inputs: Inputs, tmp_path: Path
) -> None:
    settings = {"base_model": str(inputs.base_model), "epochs": 2, "batch_size": 16, "dropout": 0.2}
    config = TrainingConfig.from_yaml(inputs.config).with_values({**settings, "window_length": 64})
    (tmp_path / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    of_many_lengths = [
        {**record, "text": f"{record['text']} " + "what will Kesh say ? " * (i % 7)}
        for i, record in enumerate(labelled_records()[:74])
    ]
    write_jsonl(tmp_path / "train.jsonl", of_many_lengths[:64])
    write_jsonl(tmp_path / "validation.jsonl", of_many_lengths[64:])
    (tmp_path / "script.py").write_text(_IN_SEVERAL, encoding="utf-8")
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, "-m", *launcher, str(tmp_path / "script.py"), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    one, other = (json.loads((tmp_path / f"{process}.json").read_text()) for process in range(2))
    for epoch in (slice(0, 4), slice(4, 8)):
        seen = Counter(tuple(sentence) for batch in (*one[epoch], *other[epoch]) for sentence in batch)
        assert len(seen) == 64
        assert set(seen.values()) == {1}
    whole, stopped = (
        load_file(tmp_path / run / "checkpoint-8" / "average.safetensors") for run in ("whole", "stopped")
    )
    for name, weight in whole.items():
        assert torch.equal(stopped[name], weight), name


@pytest.mark.parametrize(
    ("written", "problem", "cure"),
    [
        (2, "by a run in 2 processes, not in 1", "torchrun --nproc-per-node 2, or remove"),
        (0, "by an earlier version", "Remove"),
    ],
)
def test_a_checkpoint_of_other_processes_or_of_an_earlier_version_is_refused(
    inputs: Inputs, tmp_path: Path, written: int, problem: str, cure: str
) -> None:
    checkpoint = tmp_path / "checkpoint-100"
    checkpoint.mkdir()
    for name in ("average", *(f"order-{process}" for process in range(written))):
        (checkpoint / f"{name}.safetensors").touch()
    config = TrainingConfig.from_yaml(inputs.config)
    with pytest.raises(ConfigurationError, match=problem) as raised:
        fine_tune(config, inputs.base_model, [], [], tmp_path, resume=True)
    assert cure in str(raised.value)
    (checkpoint / "order-0.safetensors").touch()
    (checkpoint / "order-1.safetensors").unlink(missing_ok=True)
    assert checkpoint_to_take_up(tmp_path) == checkpoint


def test_a_batch_is_shared_evenly_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "processes", lambda: SimpleNamespace(num_processes=3))
    assert processes.sentences_a_device(33) == 33
    with pytest.raises(ConfigurationError, match="Use a multiple of 3"):
        processes.sentences_a_device(32)
    monkeypatch.setattr(processes, "processes", lambda: SimpleNamespace(num_processes=1))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert processes.sentences_a_device(32) == 8


def test_a_full_disk_is_named_and_training_goes_on_from_there(
    trained_dir: Path, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [*inputs.options, "--output", str(tmp_path / "model")]
    saved = []

    def full_at_the_third(weights: dict[str, torch.Tensor], path: Path) -> None:
        saved.append(path)
        if len(saved) == 3:
            Path(path).write_bytes(b"half")
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        save_file(weights, path)

    monkeypatch.setattr(averaging, "save_file", full_at_the_third)
    done = command_line(train, *options)
    assert isinstance(done.exception, DiskFullError), done.output
    assert "Run the same command again with --resume" in str(done.exception)
    monkeypatch.undo()

    done = command_line(train, *options, "--resume")
    assert done.exit_code == 0, done.output
    assert hashes(tmp_path / "model") == hashes(trained_dir)
    again = command_line(train, *options, "--resume")
    assert again.exit_code == 0
    assert "is complete" in again.output


def test_ctrl_c_says_how_to_go_on_and_a_changed_run_is_refused(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [*inputs.options, "--output", str(tmp_path / "model")]

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KeepBestAverage, "on_step_end", interrupted)
    assert command_line(train, *options).exit_code == 130
    assert isinstance(command_line(train, *options).exception, OutputExistsError)
    changed = command_line(train, *options, "--resume", "--epochs", "9").exception
    assert isinstance(changed, ConfigurationError)
    assert "was begun with another epochs" in str(changed)


def test_a_checkpoint_that_was_not_finished_is_removed(tmp_path: Path) -> None:
    for step in (20, 100):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert last_whole_checkpoint(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    for step in (20, 100, 120):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if step < 120:
            (tmp_path / f"checkpoint-{step}" / "average.safetensors").touch()
    assert last_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-100"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-100", "checkpoint-20"]


def test_what_no_training_step_reads_may_change_when_a_run_is_taken_up(tmp_path: Path) -> None:
    begun = TrainingConfig()
    afterwards = {"allowed_flips": 0.5, "calibration_weights": {"random": 1.0}, "fit_thresholds": False}
    later = begun.with_values({**afterwards, "data_statement": "Made up.", "window_overlap": 16})
    work = open_work(tmp_path / "model", begun, resume=False)
    assert open_work(tmp_path / "model", later, resume=True) == work
    assert TrainingConfig.from_yaml(work / CONFIG_FILE) == later
    with pytest.raises(ConfigurationError, match="was begun with another dropout, bf16"):
        open_work(tmp_path / "model", later.with_values({"dropout": 0.3, "bf16": False}), resume=True)


def test_what_a_killed_run_left_of_its_model_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".model-abc").mkdir()
    (tmp_path / ".other-abc").mkdir()
    open_work(tmp_path / "model", TrainingConfig(), resume=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other-abc", "model.work"]


def test_an_output_that_nobody_named_is_the_first_that_is_free(tmp_path: Path) -> None:
    assert free_output("mine", tmp_path) == tmp_path / "mine"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine-2").mkdir()
    assert free_output("mine", tmp_path) == tmp_path / "mine-3"
