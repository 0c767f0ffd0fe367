"""What fine-tuning minimises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from claimclf.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Loss:
    """Binary cross-entropy a label, and what is asked for besides; called by the Trainer.

    Attributes:
        primary_weight: of the cross-entropy of the primary label among five: the four, and "none" with a
            fixed log-odds of 0. So the labels compete, and a report is no longer a report where an act is.
        consistency: of the difference between the two readings of each sentence in a `Collator` batch, which
            dropout makes unlike (Wu et al. 2021, R-Drop: Regularized Dropout for Neural Networks), and
            changes that must not matter (Xie et al. 2020, Unsupervised Data Augmentation).
    """

    primary_weight: float = 0.0
    consistency: float = 0.0

    def __call__(self, outputs: Mapping[str, torch.Tensor], labels: torch.Tensor, **_: Any) -> torch.Tensor:
        """The loss of a batch, a scalar in float32.

        Args:
            outputs: ``logits``, shape (n, 4); with `consistency`, while learning, (2n, 4): both readings.
            labels: shape (n, 9), or (2n, 9): the target of each label, and the share of each of the five in
                the primary one, all 0 where nobody says.
        """
        logits = outputs["logits"].float()
        targets, shares = labels[:, : len(LABELS)], labels[:, len(LABELS) :]
        loss = binary_cross_entropy_with_logits(logits, targets)
        if self.primary_weight:
            five = torch.cat([logits, torch.zeros_like(logits[:, :1])], dim=1)
            among_five = -(shares * five.log_softmax(dim=1)).sum(dim=1).mean()
            loss = loss + self.primary_weight / len(LABELS) * among_five
        if self.consistency and logits.requires_grad:
            first, second = logits.chunk(2)
            loss = loss + self.consistency * _divergence(first, second)
        return loss


def _divergence(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The symmetric Kullback-Leibler divergence of the two readings of a label, a mean over all."""
    return ((first.sigmoid() - second.sigmoid()) * (first - second)).mean()
