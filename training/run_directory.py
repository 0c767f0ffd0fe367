"""Where a training run works until its model is complete, and how a run that was stopped is taken up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimclf.errors import ConfigurationError, OutputExistsError
from claimclf.model_dir import METADATA, refuse_taken
from training.config import TrainingConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG_FILE = "config.yaml"
LOG_FILE = "log.jsonl"
METRICS_FILE = "metrics.json"
_CLOCK = ("_runtime", "_per_second", "_preparation_time", "total_flos")
_READ_AFTERWARDS = (  # the fields of a configuration that no training step reads
    "name",
    "language",
    "data_statement",
    "base_model_name",
    "window_overlap",
    "calibration_weights",
    "fit_thresholds",
    "allowed_flips",
    "baseline",
)


def free_output(name: str, parent: Path = Path("runs")) -> Path:
    """``runs/name``, or the first of ``runs/name-2``, ``runs/name-3`` … that is not taken."""
    number, output = 1, parent / name
    while output.exists():
        number += 1
        output = parent / f"{name}-{number}"
    return output


def work_directory(output: Path) -> Path:
    """Where a run keeps its checkpoints: beside the model directory, which must hold no pickles."""
    return output.with_name(output.name + ".work")


def is_finished(output: Path) -> bool:
    """Whether a run got as far as its model."""
    return (output / METADATA).is_file()


def open_work(output: Path, config: TrainingConfig, *, resume: bool) -> Path:
    """The directory to work in: a new one, or that of a stopped run, with the configuration of now.

    Args:
        output: where the model will be.
        config: of the run, complete with hashes.
        resume: whether a stopped run may be taken up.

    Raises:
        OutputExistsError: the output is taken, or a stopped run is there and `resume` is not set.
        ConfigurationError: the stopped run had other data, or another configuration in what its steps read:
            what is only read after them may change, so that nobody trains again for it.
    """
    refuse_taken(output)
    work = work_directory(output)
    if work.exists() and not resume:
        raise OutputExistsError(work, "Go on with it by --resume, or remove it to begin anew.")
    if (work / CONFIG_FILE).is_file():
        _refuse_changed(work / CONFIG_FILE, config)
    for stale in output.parent.glob(f".{output.name}-*"):
        shutil.rmtree(stale)  # what a run left that was killed while it wrote its model
    work.mkdir(parents=True, exist_ok=True)
    write(work / CONFIG_FILE, config.to_yaml())
    return work


def write(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    staging = path.with_name(path.name + ".new")
    staging.write_text(text, encoding="utf-8")
    staging.replace(path)


def log_lines(history: Sequence[dict[str, Any]]) -> str:
    """The Trainer's log as JSON Lines, without what depends on the clock: the same run has the same log.

    Unless it was interrupted: a loss is the mean of fifty steps, or of those since training was taken up.
    """
    return "".join(
        json.dumps({name: value for name, value in entry.items() if not name.endswith(_CLOCK)}) + "\n"
        for entry in history
    )


def _refuse_changed(path: Path, config: TrainingConfig) -> None:
    begun, now = TrainingConfig.from_yaml(path).to_dict(), config.to_dict()
    changed = [name for name in now if begun[name] != now[name] and name not in _READ_AFTERWARDS]
    if changed:
        raise ConfigurationError(
            f"{path.parent} was begun with another {', '.join(changed)}.",
            "Go on with the same, or remove it to begin anew.",
        )
