"""Looks for inputs that break the library, led by what code they reach: ``python -m tests.fuzz.run TARGET``.

Needs ``pip install -e '.[fuzz]'`` (atheris). Begins with the seeds that were kept, and keeps the smallest set
that reaches as much as all inputs together. An input that breaks something is printed, to be mended and put
among the seeds; so is one that takes longer than ten seconds or more than 2 GB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tests.fuzz.corpus import read_seeds, write_seeds

_LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=2048"]
_CHILD = "--child"


def run(
    target: Annotated[str, typer.Argument(help="One of the targets.")],
    *,
    runs: Annotated[int, typer.Option(help="How many inputs to try.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the random changes.")] = 1,
) -> None:
    """Try inputs, and keep those that reach new code."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        found, smallest, program = room / "found", room / "smallest", room / "fuzz"
        for directory in (found, smallest):
            directory.mkdir()
        for number, content in enumerate(read_seeds(target)):
            (found / str(number)).write_bytes(content)
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m {__spec__.name} {_CHILD} {target} "$0" "$@"\n'
        )
        program.chmod(0o700)
        fuzzed = _call(program, f"-runs={runs}", f"-seed={seed}", f"-artifact_prefix={room}/", found)
        for path in room.glob("*-*"):
            print(f"breaks {target} ({path.name}):\n{path.read_bytes()!r}")  # noqa: T201
        if not fuzzed:
            _call(program, "-merge=1", smallest, found)
            write_seeds(target, [path.read_bytes() for path in smallest.iterdir()])
    raise typer.Exit(fuzzed)


def _call(program: Path, *options: str | Path) -> int:
    """A process of its own: libFuzzer ends the one it runs in, and starts the program anew to merge."""
    return subprocess.run([program, *_LIMITS, *options], check=False).returncode


def _fuzz(target: str, arguments: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["claimclf"]):
        from tests.conftest import make_tiny_model
        from tests.fuzz.targets import TARGETS
    memory = Path("/dev/shm")  # where there is one, quicker than a disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        model = Path(name, "tiny")
        make_tiny_model(model)
        atheris.Setup(arguments, TARGETS[target](model, Path(name)))
        atheris.Fuzz()


if __name__ == "__main__":
    if _CHILD in sys.argv:
        _fuzz(sys.argv[2], sys.argv[3:])
    else:
        typer.run(run)
