from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from claimclf import ClaimClassifier
from tests.training.conftest import Inputs
from training.data import NONE, read_labelled
from training.loss import UNKNOWN_PRIMARY, Loss
from training.metrics import Outcomes, measure

LOGITS = torch.tensor([[2.0, -1.0, 0.5, -3.0], [-2.0, -2.0, -1.0, 0.5], [-1.0, -2.0, -3.0, -4.0]])
TARGETS = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
PRIMARY = torch.tensor([0, 3, NONE])


def labels(primary: torch.Tensor = PRIMARY) -> torch.Tensor:
    return torch.cat([TARGETS, primary[:, None].float()], dim=1)


def test_by_itself_it_is_binary_cross_entropy() -> None:
    loss = Loss()({"logits": LOGITS}, labels())
    assert loss.item() == pytest.approx(binary_cross_entropy_with_logits(LOGITS, TARGETS).item())


def test_the_primary_label_competes_with_the_others_and_with_none() -> None:
    plain, with_primary = Loss(), Loss(primary_weight=2.0)
    five = torch.cat([LOGITS, torch.zeros(3, 1)], dim=1)
    added = with_primary({"logits": LOGITS}, labels()) - plain({"logits": LOGITS}, labels())
    assert added.item() == pytest.approx(2.0 / 4 * cross_entropy(five, PRIMARY).item())


def test_nothing_is_learned_of_a_primary_label_that_nobody_knows() -> None:
    unknown = labels(torch.full_like(PRIMARY, UNKNOWN_PRIMARY))
    assert Loss(primary_weight=1.0)({"logits": LOGITS}, unknown) == Loss()({"logits": LOGITS}, unknown)


def test_two_readings_must_agree_while_learning_and_only_then() -> None:
    other = (LOGITS + torch.tensor([1.0, -1.0, 0.5, 0.0])).requires_grad_()
    same = torch.cat([LOGITS, LOGITS]).requires_grad_()
    apart = torch.cat([LOGITS, other])
    twice = labels().repeat(2, 1)
    plain, consistent = Loss(), Loss(consistency=3.0)
    assert consistent({"logits": same}, twice) == plain({"logits": same}, twice)
    p, q = LOGITS.sigmoid(), other.sigmoid()
    divergence = sum(
        a * (a / b).log() + (1 - a) * ((1 - a) / (1 - b)).log() for a, b in ((p, q), (q, p))
    ).mean()
    added = consistent({"logits": apart}, twice) - plain({"logits": apart}, twice)
    assert added.item() == pytest.approx(3.0 * divergence.item(), rel=1e-5)
    assert consistent({"logits": LOGITS}, labels()) == plain({"logits": LOGITS}, labels())


def test_a_model_learns_by_both(inputs: Inputs, tmp_path: Path) -> None:
    inputs.run(tmp_path / "model", primary_loss=1.0, consistency=0.5, label_smoothing=0.1)
    rows = read_labelled(inputs.dev)
    predictions = ClaimClassifier.from_pretrained(tmp_path / "model").predict([row.text for row in rows])
    assert measure(Outcomes.of(rows, predictions)).macro_f1 > 0.9
