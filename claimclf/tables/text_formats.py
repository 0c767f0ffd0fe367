"""The rows of a decoded file, by its format; what cannot be read becomes a bad row, and the next is read."""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from dataclasses import replace
from pathlib import Path
from string import whitespace
from typing import TYPE_CHECKING, Any

from claimclf.errors import UnreadableFileError
from claimclf.tables.columns import repeated
from claimclf.tables.rows import BadRow, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from claimclf.tables.reading import Source

_LONGEST = 64 << 20  # characters of a line or a cell
_BEGINNING = 1 << 16  # characters of JSON Lines that show which columns there are
_RAW_SHOWN = 2000
# How much is read again, at most, of a file with broken records: so many times what was read of it, ...
_TIMES_AGAIN = 4
_SMALL_FILE = 1 << 20  # ... which counts as so many characters at the least
_SAYS_DELIMITER = re.compile(r'"?sep=([^\w"\r\n\0])"?[\r\n]*', re.IGNORECASE)
_LONE_BYTE = re.compile("[\udc80-\udcff]")


def _text(source: Source, file: TextIO) -> Iterator[Row | BadRow]:
    """One row: the whole text."""
    source.columns = ("text",)
    text = file.read()
    yield _row(source, 1, {"text": text}, text, [text])


def _lines(source: Source, file: TextIO) -> Iterator[Row | BadRow]:
    source.columns = ("text",)
    for number, line in _numbered_lines(file):
        text = line.rstrip("\r\n")
        yield _row(source, number, {"text": text}, text, [text])


def _json_lines(source: Source, file: TextIO) -> Iterator[Row | BadRow]:
    """A row an object. Any of them may lack a column, so the columns are those of all in the beginning."""
    lines = _numbered_lines(file)
    beginning, characters = [], 0
    while characters < _BEGINNING and (numbered := next(lines, None)) is not None:
        beginning.append(numbered)
        characters += len(numbered[1])
    first = list(_json_objects(source, beginning))
    names = (name for row in first if isinstance(row, Row) for name in row.fields)
    source.columns = tuple(dict.fromkeys(names))
    yield from (replace(row, columns=source.columns) if isinstance(row, Row) else row for row in first)
    yield from _json_objects(source, lines)


def _json_objects(source: Source, lines: Iterable[tuple[int, str]]) -> Iterator[Row | BadRow]:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield _bad(source, number, f"is not JSON ({error})", line)
            continue
        if not isinstance(fields, dict):
            yield _bad(source, number, "is not a JSON object", line)
            continue
        yield _row(source, number, fields, line, [line])


def _csv(source: Source, file: TextIO) -> Iterator[Row | BadRow]:
    csv.field_size_limit(_LONGEST)
    first, number, delimiter = header_line(file, "\t" if source.format == "tsv" else None)
    lines = _RecordLines(first, number, file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header = source.columns = _header(source, reader, number)
    while True:
        line = lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _broken(lines, f"is not {source.format}", error)
            yield _bad(source, line, problem, lines.raw())
            continue
        if not cells:
            continue
        if len(cells) != len(header):
            problem = f"has {len(cells)} cells where the header has {len(header)}"
            yield _bad(source, line, problem, lines.raw())
            continue
        yield _row(source, line, dict(zip(header, cells, strict=True)), lines.raw(), cells)


def _broken(lines: _RecordLines, problem: str, error: csv.Error) -> str:
    """What is wrong with the record whose lines these are; those after the first are read again."""
    first, last = lines.number - len(lines.record) + 1, lines.number
    if first == last and not lines.ended:
        return f"{problem} ({error})"
    problem = f"has a quotation mark that is not closed (line {last}: {error})"
    return problem if lines.read_again() else f"{problem}; lines {first + 1} to {last} are lost with it"


class _RecordLines:
    """The lines of a file, those of the record that is being read kept, to be read again where it is none.

    Attributes:
        record: the lines of the record so far.
        number: of the last of them.
        ended: whether the file ended within the record.
    """

    def __init__(self, first: str, number: int, file: TextIO) -> None:
        self._file = file
        self._ahead = deque([first])
        self._characters = 0  # of the record
        self._read = len(first)
        self._given_back = 0
        self.record: list[str] = []
        self.number = number - 1
        self.ended = False

    def __iter__(self) -> _RecordLines:
        return self

    def __next__(self) -> str:
        if self._characters > _LONGEST:
            raise csv.Error(f"longer than {_LONGEST:,} characters")
        if self._ahead:
            line = self._ahead.popleft()
        else:
            line = self._file.readline(_LONGEST)
            self._read += len(line)
        if not line:
            self.ended = True
            raise StopIteration
        self.record.append(line)
        self.number += 1
        self._characters += len(line)
        return line

    def begin(self) -> int:
        """A record begins; the number of its first line."""
        self.record.clear()
        self._characters = 0
        self.ended = False
        return self.number + 1

    def read_again(self) -> bool:
        """Gives the lines after the first back, to be read as records; False where too much was."""
        given_back = self._given_back + self._characters - len(self.record[0])
        if given_back > _TIMES_AGAIN * max(self._read, _SMALL_FILE):
            return False
        self._given_back = given_back
        self._ahead.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1
        del self.record[1:]
        return True

    def raw(self) -> str:
        """The record as it stands in the file."""
        return "".join(self.record)


def _header(source: Source, reader: Iterator[list[str]], number: int) -> tuple[str, ...]:
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise UnreadableFileError(
            Path(source.name), f"line {number} is not a header ({error})", "Name the columns in it."
        ) from error
    twice = repeated(names)
    if twice is not None:
        raise UnreadableFileError(
            Path(source.name), f"two columns are called {twice!r}", "Rename one of them."
        )
    return tuple(names)


def header_line(file: TextIO, usual: str | None) -> tuple[str, int, str]:
    r"""The line that names the columns of a csv or tsv file, its number, and what stands between the names.

    It is the first line that is not blank, below one that says what stands between cells (``sep=;``, for
    Excel) where there is one.

    Args:
        file: at its beginning.
        usual: what stands between cells where no line says so; None: see `delimiter_of`.

    >>> from io import StringIO
    >>> header_line(StringIO("sep=|\n\nid|text\n"), None)
    ('id|text\n', 3, '|')
    """
    named, number = "", 0
    while line := file.readline(_LONGEST):
        number += 1
        said = None if named else _SAYS_DELIMITER.fullmatch(line)
        if said:
            named = said[1]
        elif line.strip(f"{whitespace},;{named}"):
            return line, number, named or usual or delimiter_of(line)
    return "", number + 1, named or usual or ","


def delimiter_of(header: str) -> str:
    """Whichever of comma, semicolon and tab is the only one in a header; comma where that does not tell.

    >>> delimiter_of("id;text;note, if any")
    ','
    """
    bare = re.sub(r'"[^"]*"', "", header)
    found = [delimiter for delimiter in ",;\t" if delimiter in bare]
    return found[0] if len(found) == 1 else ","


def _numbered_lines(file: TextIO) -> Iterator[tuple[int, str]]:
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        yield number, line


def _row(source: Source, line: int, fields: dict[str, Any], raw: str, read: Iterable[str]) -> Row | BadRow:
    """The row, unless bytes of what was read are not of the encoding that the file is read in."""
    if any(_LONE_BYTE.search(text) for text in read):
        return _bad(source, line, f"holds bytes that are not {_plain(source.encoding)}; see --encoding", raw)
    return Row(source.name, line, fields, source.columns)


def _bad(source: Source, line: int, problem: str, raw: str) -> BadRow:
    shown = (
        raw.rstrip("\r\n")[:_RAW_SHOWN].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    )
    return BadRow(source.name, line, problem, shown)


def _plain(encoding: str | None) -> str:
    return "UTF-8" if encoding == "utf-8-sig" else str(encoding)


READERS: dict[str, Callable[[Source, TextIO], Iterator[Row | BadRow]]] = {
    "text": _text,
    "lines": _lines,
    "csv": _csv,
    "tsv": _csv,
    "jsonl": _json_lines,
}
