"""What fine-tuning minimises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import Trainer

from claimclf.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN_PRIMARY = -100  # in place of the index of a primary label: learn nothing of it


@dataclass(frozen=True)
class Loss:
    """Binary cross-entropy a label, and what is asked for besides; called by the Trainer.

    Attributes:
        primary_weight: of the cross-entropy of the primary label among five: the four, and "none" with a
            fixed log-odds of 0. So the labels compete, and a report is no longer a report where an act is.
        consistency: of the difference between two readings of a batch, which dropout makes unlike (Wu et al.
            2021, R-Drop: Regularized Dropout for Neural Networks); for a `ReadsTwice`.
        smoothing: of the primary label, as `training.data.targets` smooths the labels.
    """

    primary_weight: float = 0.0
    consistency: float = 0.0
    smoothing: float = 0.0

    def __call__(self, outputs: Mapping[str, torch.Tensor], labels: torch.Tensor, **_: Any) -> torch.Tensor:
        """The loss of a batch, a scalar in float32.

        Args:
            outputs: ``logits``, shape (n, 4); with `consistency`, while learning, (2n, 4): both readings.
            labels: shape (n, 5), or (2n, 5): the target of each label, and the index of the primary one,
                four for none, `UNKNOWN_PRIMARY` where nobody says.
        """
        logits = outputs["logits"].float()
        targets, primary = labels[:, : len(LABELS)], labels[:, -1].long()
        loss = binary_cross_entropy_with_logits(logits, targets)
        if self.primary_weight:
            five = torch.cat([logits, torch.zeros_like(logits[:, :1])], dim=1)
            among_five = cross_entropy(
                five, primary, label_smoothing=self.smoothing, ignore_index=UNKNOWN_PRIMARY, reduction="sum"
            ) / len(primary)
            loss = loss + self.primary_weight / len(LABELS) * among_five
        if self.consistency and logits.requires_grad:
            first, second = logits.chunk(2)
            loss = loss + self.consistency * _divergence(first, second)
        return loss


class ReadsTwice(Trainer):
    """A Trainer that reads each batch twice while learning, the second time after the first."""

    def compute_loss(self, model: torch.nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """As the Trainer's, of a batch of twice the size."""
        if torch.is_grad_enabled():
            inputs = {name: torch.cat([value, value]) for name, value in inputs.items()}
        return super().compute_loss(model, inputs, *args, **kwargs)


def _divergence(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The symmetric Kullback-Leibler divergence of the two readings of a label, a mean over all."""
    return ((first.sigmoid() - second.sigmoid()) * (first - second)).mean()
