"""Labelled files read to the end, whatever is wrong with their lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from claimclf.errors import LabelledDataError
from training.checks import Finding, Place
from training.data import read_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from training.columns import Columns
    from training.data import LabelledSentence

_MESSAGE = re.compile(r"(?P<problem>.*\.) (?P<cure>.*)", re.DOTALL)
_GIVEN = re.compile(r"""'.*'|".*"|\[.*\]|\{.*\}|\(.*\)|\b\d+\b""", re.DOTALL)
_SENTENCE_WORDS = 4
_MOST = 0.5
_LONGEST_DETAIL = 200


@dataclass(frozen=True)
class Unreadable:
    """A line, or a whole file, that cannot be read.

    Attributes:
        at: file and line.
        problem: what is wrong.
        cure: what to do about it.
    """

    at: str
    problem: str
    cure: str

    @classmethod
    def of(cls, source: str, error: LabelledDataError) -> Unreadable:
        """The parts of an error's message, ``[code] place: problem. cure``."""
        message = str(error).removeprefix(f"[{error.code}] ")
        # Places name the path as pathlib writes it: "./a.csv" is "a.csv".
        file = next((name for name in (source, str(Path(source))) if message.startswith(name)), "")
        place, _, rest = message.removeprefix(file).partition(": ")
        parts = _MESSAGE.fullmatch(rest)
        if parts is None:
            return cls(source, message, "")
        return cls(file + place, parts["problem"], parts["cure"])

    @property
    def kind(self) -> str:
        """The problem without what is of this line alone: equal for lines with the same fault."""
        return _GIVEN.sub("…", self.problem)


@dataclass(frozen=True)
class LabelledFile:
    """A file of labelled sentences.

    Attributes:
        source: its path, or the name of the data set.
        use: ``train`` or ``dev``.
        rows: the sentences of the lines that can be read, without their other columns.
        unreadable: the other lines.
        stopped: whether the last of these kept everything after it from being read.
    """

    source: str
    use: str
    rows: Sequence[LabelledSentence]
    unreadable: Sequence[Unreadable]
    stopped: bool = False

    @property
    def name(self) -> str:
        """What to call it in a table: the end of its path."""
        return Path(self.source).name

    @classmethod
    def read(cls, source: str, use: str, columns: Columns, *, split: str | None = None) -> LabelledFile:
        """Reads all that can be read of a file; raises nothing for what cannot."""
        rows: list[LabelledSentence] = []
        unreadable: list[Unreadable] = []
        stopped = False
        try:
            for row in read_each(source, columns, split=split):
                if isinstance(row, LabelledDataError):
                    unreadable.append(Unreadable.of(source, row))
                else:
                    rows.append(replace(row, columns={}))
        except LabelledDataError as error:
            unreadable.append(Unreadable.of(source, error))
            stopped = True
        if not rows and not unreadable:
            unreadable.append(
                Unreadable(source, "holds no sentence.", "Give a file with one sentence a line.")
            )
        return cls(source, use, rows, unreadable, stopped)


def check_files(files: Sequence[LabelledFile]) -> list[Finding]:
    """What cannot be read of some files, one finding a kind of fault."""
    kinds: dict[str, list[Unreadable]] = {}
    for file in files:
        for line in file.unreadable[: -1 if file.stopped else None]:
            kinds.setdefault(line.kind, []).append(line)
    return [
        *(_stop(file.unreadable[-1]) for file in files if file.stopped),
        *_swapped(files),
        *(_fault(kind, lines) for kind, lines in kinds.items()),
    ]


def _stop(line: Unreadable) -> Finding:
    problem = f"{line.at}: {line.problem} Nothing from there on was read or checked."
    return Finding(LabelledDataError.code, problem, line.cure, (Place(line.at),))


def _fault(kind: str, lines: Sequence[Unreadable]) -> Finding:
    """Lines with the same fault; what each says of its own is the detail of its place."""
    same = len({(line.problem, line.cure) for line in lines}) == 1
    details = (None if same else _clipped(f"{line.problem} {line.cure}") for line in lines)
    return Finding(
        LabelledDataError.code,
        f"Lines that cannot be read ({(lines[0].problem if same else kind).rstrip('.')}): {len(lines)}.",
        lines[0].cure if same else "What to do about each stands beside it.",
        tuple(Place(line.at, detail=detail) for line, detail in zip(lines, details, strict=True)),
    )


def _swapped(files: Sequence[LabelledFile]) -> Iterator[Finding]:
    """Files whose labels read like sentences."""
    for file in files:
        lines = [line for line in file.unreadable if _holds_a_sentence(line)]
        total = len(file.rows) + len(file.unreadable)
        if len(lines) > _MOST * total:
            yield Finding(
                "W520",
                f"{file.name}: labels that read like sentences: {len(lines)} of {total}.",
                "See whether the columns are swapped; name them with --text-column and --labels-column.",
                tuple(Place(line.at) for line in lines),
            )


def _holds_a_sentence(line: Unreadable) -> bool:
    given = " ".join(_GIVEN.findall(line.problem))
    return line.kind.startswith("unknown label") and len(given.split()) >= _SENTENCE_WORDS


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"
