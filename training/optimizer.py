"""AdamW in which deeper layers learn more slowly.

The lower layers of a pretrained encoder hold general knowledge of the language that little labelled data
would only spoil (Howard & Ruder 2018, Universal Language Model Fine-tuning for Text Classification).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LAYER_NUMBER = re.compile(r"\.(?:layers?|h|blocks?)\.(\d+)\.")


def layered_adamw(
    model: PreTrainedModel, *, learning_rate: float, layer_decay: float, weight_decay: float
) -> torch.optim.AdamW:
    """AdamW with one learning rate a layer and no weight decay on biases and normalisation.

    Args:
        model: an encoder with a classification head.
        learning_rate: of the head; each layer below has ``layer_decay`` times that of the one above it, the
            embeddings the least.
        layer_decay: in (0, 1].
        weight_decay: AdamW's.
    """
    top = int(model.config.num_hidden_layers) + 1
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        groups.setdefault((_depth(name, top), parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": learning_rate * layer_decay ** (top - depth),
                "weight_decay": weight_decay if is_matrix else 0.0,
            }
            for (depth, is_matrix), parameters in groups.items()
        ],
        fused=True,
    )


def _depth(name: str, top: int) -> int:
    """0 for the embeddings, 1 for the layer above them, ``top`` for the head."""
    if number := _LAYER_NUMBER.search(name):
        return int(number.group(1)) + 1
    return 0 if "embed" in name else top
