"""What several contract tests share: texts that get different predictions, and models to damage or tune."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

from claimclf import ClaimClassifier
from claimclf.decision import IDENTITY, Calibration

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Texts of many lengths, short to several windows long; no two the same."""
    sentence = "Osmani accused the ministry of fraud . Kesh denied that and urged a senator to stop now !"
    words = sentence.split()
    starts = range(len(words))
    return [
        " ".join((words * 3)[start : start + length]) for length in range(1, 40, 3) for start in starts[::4]
    ]


@pytest.fixture
def model_copy(tiny_dir: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may damage."""
    return shutil.copytree(tiny_dir, tmp_path / "copy")


@pytest.fixture(scope="session")
def reluctant(calibrated: Callable[[Calibration], ClaimClassifier]) -> ClaimClassifier:
    """The tiny model with thresholds that no score reaches."""
    out_of_reach = 1 - 1e-12
    return calibrated(replace(IDENTITY, thresholds=(out_of_reach,) * 4))
