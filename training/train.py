"""Makes a model from labelled sentences, measures it, and says whether it is better than the one before.

python -m training.train --train mine.csv --from claimclf-en-small --output runs/mine
"""

from __future__ import annotations

import errno
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from safetensors import SafetensorError

from claimclf.errors import ClaimclfError, DiskFullError
from claimclf.model_dir import DEFAULT_MODEL
from training.command import run
from training.config import starting_config
from training.config_options import with_config_options
from training.make_model import make_model
from training.run_directory import free_output, work_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended
_FULL = 1 << 26  # bytes: less than any checkpoint of an encoder


@with_config_options
def train(
    *,
    overrides: dict[str, Any],
    config: Annotated[
        Path | None, typer.Option(help="The configuration, YAML; every field of it is an option, too.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The model directory to make; runs/NAME where not given.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="The model to compare with; else that of --from, or the shipped one.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint of a stopped run.")] = False,
) -> None:
    """Make a model directory from labelled sentences, measure it, and compare it with the model before it.

    With --from and no --config, settings are those of training/configs/adapt.yaml.
    """
    settings = starting_config(config, overrides)
    output = output or free_output(settings.name)
    with _stopping_kindly(output):
        make_model(settings, output, against=against or settings.from_model or DEFAULT_MODEL, resume=resume)


@contextmanager
def _stopping_kindly(output: Path) -> Iterator[None]:
    """What a user is told of a run that stops before its end: how to go on."""
    again = "Run the same command again with --resume."
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True).print(f"\nStopped. {again}")
        raise typer.Exit(_INTERRUPTED) from None
    except (OSError, RuntimeError, SafetensorError) as error:
        if not isinstance(error, ClaimclfError) and _no_space(error, output):
            raise DiskFullError(work_directory(output), f"Free some, then: {again}") from error
        raise


def _no_space(error: Exception, output: Path) -> bool:
    """Torch and safetensors tell of a full disk in words of their own, or not at all."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    place = next(path for path in (output.absolute(), *output.absolute().parents) if path.is_dir())
    return "No space left" in str(error) or shutil.disk_usage(place).free < _FULL


if __name__ == "__main__":
    run(train)
