"""Making a file: where it may be made, and all of it or nothing."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from claimclf.errors import (
    ClaimclfError,
    DiskFullError,
    OutputExistsError,
    UnreadableFileError,
    UnwritableFileError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AGAIN = "run the same command again"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def told_if_unwritable(path: Path, again: str = _AGAIN) -> Iterator[None]:
    """What the system refuses while a file is made, told with the file's name and what to do.

    Args:
        path: of the file.
        again: what to do when the cause is gone.

    Raises:
        DiskFullError: no space is left.
        UnwritableFileError: anything else.
    """
    try:
        yield
    except ClaimclfError:
        raise
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise DiskFullError(path, f"Free some, then {again}.") from error
        where = f" ({error.filename})" if error.filename else ""
        problem = f"{error.strerror or error}{where}"
        raise UnwritableFileError(
            path, problem, f"Choose another place, or mend that and {again}."
        ) from error


def refuse_taken_file(path: Path, *, force: bool | None = None) -> None:
    """Does nothing where a file can be made, so that nobody waits to be told at the end.

    Args:
        path: of the file.
        force: whether a file there may be overwritten; None where the user has no ``--force`` to say so.

    Raises:
        OutputExistsError: something is there already; with ``force``, a directory.
        UnreadableFileError: there is no directory to make it in.
        UnwritableFileError: what is there may not be seen.
    """
    with told_if_unwritable(path):
        if path.is_dir():
            raise OutputExistsError(path, "It is a directory: name a file in it.")
        if path.exists() and force is None:
            raise OutputExistsError(path)
        if path.exists() and not force:
            raise OutputExistsError(path, "Choose another name, or overwrite it with --force.")
        if not path.parent.is_dir():
            raise UnreadableFileError(path.parent, "there is no such directory", "Make it first.")


def write_whole(path: Path, text: str) -> None:
    """See `replace_whole`.

    Raises:
        DiskFullError, UnwritableFileError: see `told_if_unwritable`.
    """
    with told_if_unwritable(path):
        replace_whole(path, text)


def replace_whole(path: Path, text: str) -> None:
    """Writes a file of text that appears complete or not at all, and is on the disk then.

    Until then it has a hidden name of ours, which is the same each time: what a kill leaves is overwritten.

    Raises:
        OSError: it cannot be written.
    """
    new = path.with_name(f".{path.name}.claimclf-new")
    try:
        with new.open("w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
