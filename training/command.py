"""How every script of this package runs as a command: one line for an error that a user can mend."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import typer
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from claimclf.errors import ClaimclfError

if TYPE_CHECKING:
    from collections.abc import Callable


def run(command: Callable[..., None]) -> None:
    """Runs a function as the command its signature describes. Exit code 1 for an error, 2 for wrong usage."""
    logging.disable(logging.INFO)
    logging.getLogger().setLevel(logging.ERROR)  # of libraries
    logging.getLogger("training").setLevel(logging.WARNING)
    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        typer.run(command)
    except ClaimclfError as error:
        sys.exit(str(error))
