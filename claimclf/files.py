"""Making a file: where it may be made, and all of it or nothing."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from claimclf.errors import DiskFullError, OutputExistsError, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def refuse_taken_file(path: Path, *, force: bool) -> None:
    """Does nothing where a file can be made, so that nobody waits to be told at the end.

    Raises:
        OutputExistsError: something is there already; with ``force``, a directory.
        UnreadableFileError: there is no directory to make it in.
    """
    if path.is_dir():
        raise OutputExistsError(path, "It is a directory: name a file in it.")
    if path.exists() and not force:
        raise OutputExistsError(path, "Choose another name, or overwrite it with --force.")
    if not path.parent.is_dir():
        raise UnreadableFileError(path.parent, "there is no such directory", "Make it first.")


def write_whole(path: Path, text: str, *, cure: str = "Free some, then run the same command again.") -> None:
    """Writes a file of text that appears complete or not at all, and is on the disk then.

    Raises:
        DiskFullError: no space is left; ``cure`` says what to do.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        if error.errno not in NO_SPACE:
            raise
        raise DiskFullError(path, cure) from error
