"""One real training run on synthetic sentences, shared by the tests that look at what it made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.conftest import labelled_records, write_jsonl
from training.config import TrainingConfig
from training.make_model import make_model

CONFIG = """
name: claimclf-tiny
seed: 5
epochs: 8
batch_size: 32
learning_rate: 0.005
average_decay: 0.9
window_length: 32
window_overlap: 8
validation_fraction: 0.2
allowed_flips: 0.2
data_statement: Synthetic sentences, made for tests.
"""


@dataclass(frozen=True)
class Inputs:
    """What a training run is given."""

    config: Path
    train: Path
    dev: Path
    base_model: Path
    rival: Path

    @property
    def files(self) -> dict[str, Any]:
        """The fields of the configuration that say what is read."""
        return {"train": [str(self.train)], "dev": str(self.dev), "base_model": str(self.base_model)}

    @property
    def options(self) -> list[str]:
        """The same for the command line, with the configuration."""
        return [
            *("--config", str(self.config), "--train", str(self.train), "--dev", str(self.dev)),
            *("--base-model", str(self.base_model), "--against", str(self.rival)),
        ]

    def run(self, output: Path, *, resume: bool = False, **changed: Any) -> None:
        settings = TrainingConfig.from_yaml(self.config).with_values({**self.files, **changed})
        make_model(settings, output, against=str(self.rival), resume=resume)


def command_line(command: Callable[..., None], *options: str) -> Result:
    """What a command does with options; an error of ours is its ``exception``."""
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, options)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory, base_model: Path, tiny_dir: Path) -> Inputs:
    folder = tmp_path_factory.mktemp("inputs")
    records = labelled_records()
    config = folder / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    train_data = write_jsonl(folder / "train.jsonl", records[:500] + records[-3:])
    dev = write_jsonl(
        folder / "dev.jsonl", [{**of_dev, "doc": f"dev-{of_dev['doc']}"} for of_dev in records[500:]]
    )
    return Inputs(config, train_data, dev, base_model, tiny_dir)


@pytest.fixture(scope="session")
def trained_dir(tmp_path_factory: pytest.TempPathFactory, inputs: Inputs) -> Path:
    """The model directory that ``training.train`` makes from `inputs`."""
    output = tmp_path_factory.mktemp("runs") / "tiny"
    inputs.run(output)
    return output
