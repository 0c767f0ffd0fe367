from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import tiny_model
from training.averaging import KeepBestAverage
from training.optimizer import layered_adamw


def test_each_layer_learns_slower_than_the_one_above_and_all_are_trained() -> None:
    model = tiny_model(50)
    optimizer = layered_adamw(model, learning_rate=1.0, layer_decay=0.5, weight_decay=0.1)
    group_of = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    rates = {name: group_of[id(p)]["lr"] for name, p in model.named_parameters()}
    assert rates["classifier.weight"] == rates["bert.pooler.dense.weight"] == 1.0
    assert rates["bert.encoder.layer.1.output.dense.weight"] == 0.5
    assert rates["bert.encoder.layer.0.attention.self.query.bias"] == 0.25
    assert rates["bert.embeddings.word_embeddings.weight"] == 0.125


def test_biases_and_normalisation_do_not_decay() -> None:
    model = tiny_model(50)
    optimizer = layered_adamw(model, learning_rate=1.0, layer_decay=1.0, weight_decay=0.1)
    for group in optimizer.param_groups:
        assert group["weight_decay"] == (0.1 if group["params"][0].ndim > 1 else 0.0)


@pytest.mark.parametrize(("decay", "expected"), [(0.0, 4.0), (0.999, 3.3)])
def test_the_average_follows_the_weights(decay: float, expected: float, tmp_path) -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    callback = KeepBestAverage(model, decay=decay, metric="eval_macro_f1", best=tmp_path)
    for value in (2.0, 3.0, 4.0):
        torch.nn.init.constant_(model.weight, value)
        callback.on_step_end(None, None, None)
    # The first step is copied; then the decay is min(decay, (1 + n) / (10 + n)) after n steps.
    after_two = 2.0 + (3.0 - 2.0) * (1 - min(decay, 2 / 11))
    after_three = after_two + (4.0 - after_two) * (1 - min(decay, 3 / 12))
    assert callback._average.module.weight.item() == pytest.approx(after_three)
    assert after_three == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("kept", [0.0, 0.25])
def test_what_is_evaluated_and_saved_lies_between_the_start_and_the_average(kept: float, tmp_path) -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 1.0)
    best = tmp_path / "best.safetensors"
    callback = KeepBestAverage(model, decay=0.0, kept=kept, metric="eval_macro_f1", best=best)
    torch.nn.init.constant_(model.weight, 3.0)
    callback.on_step_end(None, None, None)
    callback.on_epoch_end(None, None, None)
    evaluated = model.weight.item()
    callback.on_evaluate(
        None, SimpleNamespace(is_world_process_zero=True), None, metrics={"eval_macro_f1": 0.5}
    )
    assert evaluated == load_file(best)["weight"].item() == kept * 1.0 + (1 - kept) * 3.0
    assert model.weight.item() == 3.0  # training goes on from where it was
