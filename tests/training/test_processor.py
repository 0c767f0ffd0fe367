from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import Inputs
from training import processor
from training.config import TrainingConfig
from training.finetune import fine_tune
from training.training_data import TrainingData

AVX2 = {"avx2": True, "avx512_bf16": False, "architecture": "x86_64"}
ZEN4 = {"avx2": True, "avx512_bf16": True, "avx512_vnni": True, "architecture": "x86_64"}


def give(monkeypatch: pytest.MonkeyPatch, capabilities: Mapping[str, Any]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)


@pytest.mark.parametrize(("capabilities", "expected"), [(AVX2, False), (ZEN4, True), ({"bf16": True}, True)])
def test_bfloat16_is_used_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: Mapping[str, Any], *, expected: bool
) -> None:
    give(monkeypatch, capabilities)
    assert processor.has_bfloat16() is expected


def test_a_torch_that_cannot_tell_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not processor.has_bfloat16()


def test_instructions_are_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    give(monkeypatch, ZEN4)
    assert processor.instructions() == "AVX512 with int8 and bfloat16"
    give(monkeypatch, AVX2)
    assert processor.instructions() == "AVX512"


@pytest.mark.parametrize("capabilities", [AVX2, ZEN4], ids=["without", "with"])
def test_training_casts_to_bfloat16_only_where_it_is_native(
    capabilities: Mapping[str, Any], inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, capabilities)
    cast: set[bool] = set()
    plain = torch.nn.Linear.forward

    def watched(self: torch.nn.Linear, values: torch.Tensor) -> torch.Tensor:
        if self.training:
            cast.add(torch.is_autocast_enabled("cpu"))
        return plain(self, values)

    monkeypatch.setattr(torch.nn.Linear, "forward", watched)
    config = TrainingConfig.from_yaml(inputs.config).with_values({**inputs.files, "epochs": 1})
    data = TrainingData.read(config)
    fine_tune(config, inputs.base_model, data.train, data.validation, tmp_path, resume=False)
    assert cast == {bool(capabilities["avx512_bf16"])}
