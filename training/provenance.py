"""Where a model comes from: what it was made from, how, and by which versions."""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from claimclf.model_dir import file_sha256
from claimclf.version import __version__
from training.calibrate import calibration_rows
from training.processor import instructions
from training.training_data import CORPUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.base_model import BaseModel
    from training.config import TrainingConfig
    from training.data import LabelledSentence
    from training.training_data import TrainingData

_PACKAGES = (
    "torch",
    "transformers",
    "datasets",
    "scikit-learn",
    "onnx",
    "onnxruntime",
    "tokenizers",
    "numpy",
)


def provenance(
    config: TrainingConfig,
    base_model: BaseModel,
    data: TrainingData,
) -> dict[str, Any]:
    """Configuration, base model, data and versions, as plain JSON types.

    Args:
        config: of the run, complete.
        base_model: what it started from.
        data: the sentences.
    """
    return {
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "config": config.to_dict(),
        "base_model": base_model.to_dict(),
        "data": {
            "train": {
                "files": _files(config),
                **_counts(data.train),
            },
            "validation": {
                "part_of": "train",
                "split": "by document",
                "calibrated_on": len(calibration_rows(data.validation, config.calibration_weights)),
                **_counts(data.validation),
            },
            "dev": {"file": data.dev_name, "sha256": config.data_sha256.get(config.dev)},
        },
        "code": {"claimclf": __version__, "commit": _commit()},
        "environment": environment(),
    }


def _files(config: TrainingConfig) -> list[dict[str, Any]]:
    """What a model learned from: name and hash of each file, the project's own corpus among them."""
    named = [*config.train, *config.unlabelled, *config.taught, *config.corrections]
    files = [{"file": Path(name).name, "sha256": config.data_sha256.get(name)} for name in named if name]
    if config.mix:
        files.append({"file": "/".join(CORPUS.parts[-3:]), "sha256": file_sha256(CORPUS)})
    return files


def environment() -> dict[str, str]:
    """Versions and machine: what decides the last digits of what is made or measured here."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "instructions": instructions(),
        "threads": str(torch.get_num_threads()),
        **{package: version(package) for package in _PACKAGES},
    }


def _counts(rows: Sequence[LabelledSentence]) -> dict[str, Any]:
    labels = Counter("+".join(row.labels) or "none" for row in rows)
    return {
        "sentences": len(rows),
        "documents": len({row.doc for row in rows}),
        "labels": dict(labels.most_common()),
    }


def _commit() -> str | None:
    """The commit of the checkout, with a mark when the working tree differs from it; None outside git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
