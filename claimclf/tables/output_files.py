"""The files of one output: itself, what it is while it grows, and what stands beside it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claimclf.errors import OutputExistsError
from claimclf.tables.parquet_output import sealed
from claimclf.tables.streams import is_stream

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class OutputFiles:
    """Where the files of an output stand, and what may be done with those that are there.

    The journal is the first that a run makes and the last that it removes: what has the name of another of
    them, without a journal, is not ours.

    Attributes:
        output: the file to make.
    """

    output: Path

    @property
    def partial(self) -> Path:
        """The output while it is not whole; of Parquet a directory."""
        return self.output.with_name(f"{self.output.stem}.partial{self.output.suffix}")

    @property
    def journal(self) -> Path:
        """Says how far the partial output is whole."""
        return self.output.with_name(f"{self.partial.name}.journal")

    @property
    def rejects(self) -> Path:
        """The rows that could not be used, a JSON object a line: file, line, problem, raw."""
        return self.output.with_name(f"{self.output.name}.rejects.jsonl")

    def include(self, name: str) -> bool:
        """Whether a name is that of one of these files, by whatever way, or of what is in one."""
        if is_stream(name):
            return False
        own = (self.output, self.partial, sealed(self.partial), self.journal, self.rejects)
        try:
            named = (Path(name), *Path(name).resolve().parents)
            return any(
                path.samefile(other)
                for path in own
                if os.path.exists(path)  # noqa: PTH110 - it never raises
                for other in named
            )
        except (OSError, ValueError):  # what cannot be looked at is told when it is opened
            return False

    def left(self, name: str) -> bool:
        """Whether a name is that of what a stopped run left, which a pattern for its inputs may match."""
        return self.are_left() and self.include(name)

    def are_left(self) -> bool:
        """Whether a run was stopped."""
        return os.path.exists(self.journal)  # noqa: PTH110 - it never raises

    def refuse_inputs(self, names: Iterable[str]) -> None:
        """Does nothing where no input would be lost.

        Raises:
            OutputExistsError: an input is one of these files.
        """
        for name in names:
            if self.include(name):
                cure = "It is an input, and would be lost: choose another output, or leave it out."
                raise OutputExistsError(Path(name), cure)

    def refuse_taken(self, *, force: bool) -> None:
        """Does nothing where a run can begin anew.

        Args:
            force: whether what is there may be overwritten; a directory that is not ours never is.

        Raises:
            OutputExistsError: what a stopped run left is there, or a file of the user's.
        """
        if self.are_left():
            if not force:
                cure = "An earlier run left it: go on with --resume, or begin anew with --force."
                raise OutputExistsError(self.journal, cure)
            return
        for path in (self.partial, sealed(self.partial)):
            if path.is_dir():
                cure = "The output would grow there: move it away, or choose another output."
                raise OutputExistsError(path, cure)
            if path.exists() and not force:
                cure = "The output would grow there: move it away, or overwrite it with --force."
                raise OutputExistsError(path, cure)
        if self.rejects.exists() and not force:
            cure = (
                "It lists the rejected rows of a run that ended: move it away, or overwrite it with --force."
            )
            raise OutputExistsError(self.rejects, cure)

    def clear(self) -> None:
        """Removes all but the output."""
        if self.partial.is_dir():
            shutil.rmtree(self.partial)
        for path in (self.partial, sealed(self.partial), self.rejects, self.journal):
            path.unlink(missing_ok=True)
