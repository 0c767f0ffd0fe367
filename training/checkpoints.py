"""Checkpoints within an epoch: on two cores one can take hours, and who is stopped should lose minutes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import synchronize_rng_states
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from claimclf.errors import ConfigurationError
from training.processes import processes

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

AVERAGE_FILE = "average.safetensors"
"""What a checkpoint gets last: with it, it is whole."""

_ORDER = "order"


class SaveWithinEpochs(TrainerCallback):
    """Saves after every so many steps too; an epoch taken up in its middle keeps the order of its sentences.

    The Trainer shuffles by the state of the random number generator at the epoch's beginning, which its own
    checkpoints do not hold: it would go on in another order, and see some sentences twice and others never.

    Args:
        every: how many steps lie between two checkpoints; the end of an epoch is one as well.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._taken_up: torch.Tensor | None = None
        self._order = torch.get_rng_state()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Reads from the checkpoint that training resumes from what its epoch was shuffled by."""
        if state.global_step:
            self._taken_up = load_file(_order_file(args, state))[_ORDER]

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Keeps what this epoch is shuffled by."""
        if self._taken_up is not None:
            torch.set_rng_state(self._taken_up)
            self._taken_up = None
        self._order = torch.get_rng_state()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Asks for a checkpoint; not after an epoch's last step, which is to be evaluated first."""
        if state.global_step % self._every == 0 and _within_epoch(args, state):
            control.should_save = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Gives every process the first one's state, so that all shuffle the next epoch alike.

        On a CPU dropout moves a state on, by as much as the sentences of a process are long. To do so as the
        next epoch begins would be too late: the Trainer then restores the states that a checkpoint holds.
        """
        if processes().num_processes > 1:
            synchronize_rng_states(["torch"])

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Adds to the checkpoint what its epoch is shuffled by, or the next one, where this one is over."""
        order = self._order if _within_epoch(args, state) else torch.get_rng_state()
        save_file({_ORDER: order}, _order_file(args, state))


def checkpoint_directory(args: TrainingArguments, state: TrainerState) -> Path:
    """Where the Trainer saves after this step."""
    return Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"


def checkpoint_to_take_up(work: Path) -> Path | None:
    """The newest whole checkpoint, where there is one.

    Raises:
        ConfigurationError: it was written by another number of processes, or by a version that did not keep
            the order of the sentences.
    """
    with processes().main_process_first():
        checkpoint = last_whole_checkpoint(work)
    if checkpoint is not None:
        _refuse_other_processes(checkpoint)
    return checkpoint


def last_whole_checkpoint(work: Path) -> Path | None:
    """The newest checkpoint that was written to its end; those that were not are removed.

    Checkpoints are named by their step, ``checkpoint-1200``.
    """
    checkpoints = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    whole = [path for path in checkpoints if (path / AVERAGE_FILE).is_file()]
    for path in checkpoints:
        if path not in whole:
            shutil.rmtree(path)
    return whole[-1] if whole else None


def _refuse_other_processes(checkpoint: Path) -> None:
    written, here = len(list(checkpoint.glob(_order_name("*")))), processes().num_processes
    if written == here:
        return
    if not written:
        raise ConfigurationError(
            f"{checkpoint} was written by an earlier version, which did not keep the order of the sentences.",
            f"Remove {checkpoint.parent} to begin anew.",
        )
    several = written > 1
    how = f"with torchrun --nproc-per-node {written}" if several else "without torchrun"
    raise ConfigurationError(
        f"{checkpoint} was written by a run in {written} process{'es' if several else ''}, not in {here}.",
        f"Go on {how}, or remove {checkpoint.parent} to begin anew.",
    )


def _within_epoch(args: TrainingArguments, state: TrainerState) -> bool:
    return state.global_step % (state.max_steps // int(args.num_train_epochs)) != 0


def _order_file(args: TrainingArguments, state: TrainerState) -> Path:
    return checkpoint_directory(args, state) / _order_name(args.process_index)


def _order_name(process: int | str) -> str:
    """Each process writes one: there are as many as there were processes."""
    return f"{_ORDER}-{process}.safetensors"
