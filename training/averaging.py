"""Evaluates and keeps an exponential moving average of the weights instead of the weights themselves.

The average of the last few hundred steps lies nearer the middle of the minimum than the last step does
(Izmailov et al. 2018, Averaging Weights Leads to Wider Optima), which here is worth several points of F1. And
where a model is gone on from, weights between its own and the new ones can serve both what it knew and what
is new (Wortsman et al. 2022, Robust Fine-tuning of Zero-shot Models).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import AveragedModel
from transformers import TrainerCallback

from training.checkpoints import AVERAGE_FILE, checkpoint_directory
from training.processes import processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel, TrainerControl, TrainerState, TrainingArguments


class KeepBestAverage(TrainerCallback):
    """Averages after every step, puts the average in place for each evaluation, and saves the best one.

    Args:
        model: the model that is trained.
        decay: of the average, a step, in [0, 1); less over the first steps, so that short runs average too.
            0 keeps the weights as they are.
        kept: the share of the weights that training starts from in those that are evaluated and saved, in
            [0, 1); the rest is the average's.
        metric: the key of the evaluation's figures that decides; higher is better.
        best: the safetensors file that holds the best weights so far.
    """

    def __init__(
        self, model: PreTrainedModel, *, decay: float, kept: float = 0.0, metric: str, best: Path
    ) -> None:
        self._model = model
        self._average = AveragedModel(model, multi_avg_fn=_moving_average(decay))
        self._kept = kept
        self._start = _copied(model) if kept else {}
        self._metric = metric
        self._best = best
        self._best_value = float("-inf")
        self._trained: dict[str, torch.Tensor] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Takes up the average of the checkpoint that training resumes from."""
        if state.global_step:
            self._average.load_state_dict(load_file(checkpoint_directory(args, state) / AVERAGE_FILE))
            evaluations = [entry[self._metric] for entry in state.log_history if self._metric in entry]
            self._best_value = max(evaluations, default=self._best_value)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Moves the average a step."""
        self._average.update_parameters(self._model)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Puts the average in place of the trained weights, for the evaluation that follows."""
        self._trained = _copied(self._model)
        averaged = self._average.module.state_dict()
        drawn_back = {
            name: averaged[name].lerp(weight, self._kept)
            for name, weight in self._start.items()
            if weight.is_floating_point()
        }
        self._model.load_state_dict({**averaged, **drawn_back})

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Keeps what was evaluated if it is the best yet, and puts the trained weights back."""
        if (value := kwargs["metrics"][self._metric]) > self._best_value:
            self._best_value = value
            if state.is_world_process_zero:
                _save(self._model.state_dict(), self._best)
        if self._trained is not None:
            self._model.load_state_dict(self._trained)
            self._trained = None

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Completes the checkpoint with the average; one without it was never finished."""
        processes().wait_for_everyone()  # each has its part of the checkpoint to write
        if state.is_world_process_zero:
            _save(self._average.state_dict(), checkpoint_directory(args, state) / AVERAGE_FILE)


def _copied(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


def _save(weights: dict[str, torch.Tensor], path: Path) -> None:
    """Whole or not at all: a run may be killed at any time."""
    staging = path.with_name(path.name + ".new")
    save_file({name: weight.contiguous() for name, weight in weights.items()}, staging)
    staging.replace(path)


def _moving_average(
    decay: float,
) -> Callable[[Any, Any, torch.Tensor | int], None]:
    """Moves all averages at once, in place: one by one takes a tenth of a training step on a CPU."""

    @torch.no_grad()
    def move(averaged: list[torch.Tensor], current: list[torch.Tensor], steps: torch.Tensor | int) -> None:
        share = 1.0 - min(decay, (1 + int(steps)) / (10 + int(steps)))
        torch._foreach_lerp_(averaged, current, share)

    return move
