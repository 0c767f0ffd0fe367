"""A training run in several processes, as ``torchrun`` or ``accelerate launch`` starts them.

Without a launcher there is one process, and it is the main one. On CPUs they talk through gloo.
"""

from __future__ import annotations

import torch
from accelerate import PartialState

from claimclf.errors import ConfigurationError


def processes() -> PartialState:
    """This process and its place among the others."""
    return PartialState(cpu=not torch.cuda.is_available())


def sentences_a_device(batch_size: int) -> int:
    """The batch that the Trainer is told of, for the batch of a step.

    It shares a batch among processes by itself; a lone process with several GPUs it gives one for each.

    Raises:
        ConfigurationError: a step cannot be shared out evenly.
    """
    alone = processes().num_processes == 1
    number = max(1, torch.cuda.device_count()) if alone else processes().num_processes
    if batch_size % number:
        raise ConfigurationError(
            f"batch_size: {batch_size} sentences cannot be shared evenly by {number} processes or devices.",
            f"Use a multiple of {number}.",
        )
    return batch_size // number if alone else batch_size
