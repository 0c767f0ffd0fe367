"""The inputs that are kept: a file a target, a line an input, as Python writes bytes."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEEDS = Path(__file__).parent / "seeds"


def read_seeds(target: str) -> list[bytes]:
    """The inputs of a target; none where it has no file yet."""
    path = _SEEDS / f"{target}.txt"
    return [ast.literal_eval(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_seeds(target: str, inputs: Iterable[bytes]) -> None:
    """Keeps inputs, each once, short ones first."""
    ordered = sorted(set(inputs), key=lambda content: (len(content), content))
    (_SEEDS / f"{target}.txt").write_text("".join(f"{content!r}\n" for content in ordered))
