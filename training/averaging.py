"""Evaluates and keeps an exponential moving average of the weights instead of the weights themselves.

The average of the last few hundred steps lies nearer the middle of the minimum than the last step does
(Izmailov et al. 2018, Averaging Weights Leads to Wider Optima), which here is worth several points of F1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import AveragedModel
from transformers import TrainerCallback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PreTrainedModel, TrainerControl, TrainerState, TrainingArguments

_AVERAGE_FILE = "average.safetensors"


class KeepBestAverage(TrainerCallback):
    """Averages after every step, puts the average in place for each evaluation, and saves the best one.

    Args:
        model: the model that is trained.
        decay: of the average, a step, in [0, 1); less over the first steps, so that short runs average too.
            0 keeps the weights as they are.
        metric: the key of the evaluation's figures that decides; higher is better.
        best: the directory where the best average so far is kept, in Hugging Face layout.
    """

    def __init__(self, model: PreTrainedModel, *, decay: float, metric: str, best: Path) -> None:
        self._model = model
        self._average = AveragedModel(model, avg_fn=_moving_average(decay))
        self._metric = metric
        self._best = best
        self._best_value = float("-inf")
        self._trained: dict[str, torch.Tensor] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Takes up the average of the checkpoint that training resumes from."""
        if state.global_step:
            checkpoint = f"{args.output_dir}/checkpoint-{state.global_step}/{_AVERAGE_FILE}"
            self._average.load_state_dict(load_file(checkpoint))
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
        self._trained = {name: weight.detach().clone() for name, weight in self._model.state_dict().items()}
        self._model.load_state_dict(self._average.module.state_dict())

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Keeps the average if it is the best yet, and puts the trained weights back."""
        if (value := kwargs["metrics"][self._metric]) > self._best_value:
            self._best_value = value
            self._model.save_pretrained(self._best)
        if self._trained is not None:
            self._model.load_state_dict(self._trained)
            self._trained = None

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Puts the average beside the checkpoint, for resuming."""
        checkpoint = f"{args.output_dir}/checkpoint-{state.global_step}/{_AVERAGE_FILE}"
        save_file({k: v.contiguous() for k, v in self._average.state_dict().items()}, checkpoint)


def _moving_average(
    decay: float,
) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor | int], torch.Tensor]:
    def average(averaged: torch.Tensor, current: torch.Tensor, steps: torch.Tensor | int) -> torch.Tensor:
        return averaged.lerp(current, 1.0 - min(decay, (1 + int(steps)) / (10 + int(steps))))

    return average
