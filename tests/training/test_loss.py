from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from claimclf import ClaimClassifier
from tests.conftest import write_jsonl
from tests.training.conftest import Inputs
from training.data import read_labelled
from training.loss import Loss
from training.metrics import Outcomes, measure

LOGITS = torch.tensor([[2.0, -1.0, 0.5, -3.0], [-2.0, -2.0, -1.0, 0.5], [-1.0, -2.0, -3.0, -4.0]])
TARGETS = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
SHARES = torch.tensor([[1.0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]])


def labels(shares: torch.Tensor = SHARES) -> torch.Tensor:
    return torch.cat([TARGETS, shares], dim=1)


def test_by_itself_it_is_binary_cross_entropy() -> None:
    loss = Loss()({"logits": LOGITS}, labels())
    assert loss.item() == pytest.approx(binary_cross_entropy_with_logits(LOGITS, TARGETS).item())


def test_the_primary_label_competes_with_the_others_and_with_none() -> None:
    plain, with_primary = Loss(), Loss(primary_weight=2.0)
    five = torch.cat([LOGITS, torch.zeros(3, 1)], dim=1)
    added = with_primary({"logits": LOGITS}, labels()) - plain({"logits": LOGITS}, labels())
    assert added.item() == pytest.approx(2.0 / 4 * cross_entropy(five, torch.tensor([0, 3, 4])).item())


def test_a_second_act_does_not_have_to_give_way_to_the_primary_one() -> None:
    both = torch.tensor([[2 / 3, 1 / 3, 0, 0, 0]])
    loss = Loss(primary_weight=1.0)
    label = torch.cat([torch.tensor([[1.0, 1, 0, 0]]), both], dim=1)
    given, withheld = (
        loss({"logits": torch.tensor([[3.0, second, -3, -3]])}, label) for second in (2.3, -2.3)
    )
    assert given < withheld


def test_nothing_is_learned_of_a_primary_label_that_nobody_knows() -> None:
    unknown = labels(torch.zeros_like(SHARES))
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


def test_a_model_learns_by_both_from_changed_sentences_and_from_teachers(
    inputs: Inputs, tmp_path: Path
) -> None:
    rows = read_labelled(inputs.train)
    scores = {"accusation": 0.1, "denial": 0.9, "call_to_action": 0.1, "factual_report": 0.1}
    denials = [row for row in rows if row.labels and row.labels[0] == "denial"]
    taught = [{"text": f"Again: {row.text}", "scores": scores, "doc": f"new {row.doc}"} for row in denials]
    inputs.run(
        tmp_path / "model",
        primary_loss=1.0,
        consistency=0.5,
        label_smoothing=0.1,
        perturbed_share=0.5,
        taught=[str(write_jsonl(tmp_path / "taught.jsonl", taught))],
    )
    dev = read_labelled(inputs.dev)
    predictions = ClaimClassifier.from_pretrained(tmp_path / "model").predict([row.text for row in dev])
    assert measure(Outcomes.of(dev, predictions)).macro_f1 > 0.9
