"""What can be read only once: standard input, pipes, devices."""

from __future__ import annotations

import io
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import ExitStack

STDIN = "-"


def is_stream(name: str) -> bool:
    """Whether a name is standard input, or that of a pipe or a device."""
    if name == STDIN:
        return True
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):  # it is not there, or the name cannot be one
        return False
    return not (S_ISREG(mode) or S_ISDIR(mode))


class Rewound(io.RawIOBase):
    """A stream from its beginning, although that was read already.

    Args:
        head: its beginning.
        rest: gives what follows.
        ended: whether nothing follows; at a terminal, to ask would be to wait for a second end of input.
        opened: closed together with it.
    """

    def __init__(self, head: bytes, rest: Any, *, ended: bool, opened: ExitStack) -> None:
        self._head = head
        self._rest = rest
        self._ended = ended
        self._opened = opened

    def readable(self) -> bool:
        """See `io.IOBase.readable`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase.readinto`."""
        part = self._head[: len(buffer)]
        self._head = self._head[len(part) :]
        if not part and not self._ended:
            part = self._rest.read1(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """See `io.IOBase.close`."""
        self._opened.close()
        super().close()
