"""What a training run says while it runs: a bar on a terminal, and a line an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from transformers import TrainerCallback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import TrainerControl, TrainerState, TrainingArguments


class ShowProgress(TrainerCallback):
    """A bar with the time left, where there is a terminal; after each epoch, how good the model is.

    Args:
        metric: the key of the evaluation's figures that is shown.
        run: which of several runs this is, from 0.
        runs: how many there are.
    """

    def __init__(self, metric: str, *, run: int = 0, runs: int = 1) -> None:
        self._run = f"run {run + 1} of {runs}, " if runs > 1 else ""
        columns = (TextColumn(f"{self._run}step"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, transient=True)
        self._task = self._progress.add_task("")
        self._metric = metric

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Opens the bar."""
        self._progress.update(self._task, total=state.max_steps, completed=state.global_step)
        if state.is_world_process_zero and self._progress.console.is_terminal:
            self._progress.start()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Moves the bar."""
        self._progress.update(self._task, completed=state.global_step)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """A line an epoch."""
        if state.is_world_process_zero:
            self._progress.console.print(
                f"{self._run}epoch {state.epoch:.0f} of {args.num_train_epochs:.0f}: "
                f"{held_out_line(kwargs['metrics'], self._metric)}"
            )

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Closes the bar."""
        self._progress.stop()


def held_out_line(figures: Mapping[str, float], metric: str) -> str:
    """Of what a Trainer measured, `metric` and the loss, in words."""
    return f"macro-F1 {100 * figures[metric]:.1f}, loss {figures['eval_loss']:.3f} on held-out sentences"
