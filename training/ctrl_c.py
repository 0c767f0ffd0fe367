"""Ctrl-C stops a training run wherever it falls.

Python raises `KeyboardInterrupt` in whatever runs at that moment. Where that is a finalizer, and `datasets`
has some, it prints the exception and forgets it: training would go on to its end, hours later.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from transformers import TrainerControl, TrainerState, TrainingArguments


class HeedCtrlC(TrainerCallback):
    """Raises again, at the next step, a Ctrl-C that came to nothing."""

    def __init__(self) -> None:
        self._pressed = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this lasts, Ctrl-C is noted too, unless the process ignores it or handles it otherwise."""
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return
        signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After each batch that is learned from."""
        self._raise_again()

    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After each batch that is evaluated."""
        self._raise_again()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._pressed = True
        signal.default_int_handler(number, frame)

    def _raise_again(self) -> None:
        if self._pressed:
            raise KeyboardInterrupt
