"""Text files of records: csv, tsv, JSON Lines and JSON, in the encodings that programs write."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from claimclf.errors import LabelledDataError
from claimclf.tables.columns import repeated
from claimclf.tables.encodings import probable_encoding
from claimclf.tables.text_formats import header_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE_AS_UTF8 = (
    'Save it as UTF-8: in Excel as "CSV UTF-8", or with: '
    "python -c \"import sys; open(sys.argv[2], 'w', encoding='utf-8', newline='').write("
    "open(sys.argv[1], encoding='{}', newline='').read())\" OLD NEW"
)

_QUOTE = (
    "A cell that begins with a quotation mark must end with one, and have those within it twice: "
    '"""He lied,"" she said."'
)


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines file, each with its place.

    Raises:
        LabelledDataError: a line is not a JSON object, or the file not text; the error says where.
    """
    with _opened(path) as file:
        yield from _json_objects(file, path)


def json_records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON file that holds a list of them, each with its place.

    Some programs give JSON Lines the same ending, so these are read as well.

    Raises:
        LabelledDataError: as `json_lines`.
    """
    with _opened(path) as file:
        while (first := file.read(1)).isspace():
            pass
        if first not in ("", "["):
            file.seek(0)
            yield from _json_objects(file, path)
            return
        file.seek(0)
        try:
            values = json.load(file)
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise LabelledDataError(
                str(path), f"not JSON ({error})", "Write one list of objects, or one object a line."
            ) from error
    for number, value in enumerate(values, 1):
        place = f"{path}, record {number}"
        yield place, _object(value, place)


def delimited(path: Path, delimiter: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a csv or tsv file below its header, each with its place. Rows of blank cells are none.

    Blank lines above the header are none, and neither is one that says what stands between cells (``sep=;``).

    Args:
        path: the file.
        delimiter: what stands between its cells where no line says so; None: whichever of ``,``, ``;`` and
            tab is the only one in the header; ``,`` where that does not tell.

    Raises:
        LabelledDataError: a row has not the cells of the header, or the file is not text; it says where.
    """
    csv.field_size_limit(1 << 30)
    with _opened(path) as file:
        first, line, delimiter = header_line(file, delimiter)
        above = line - 1
        reader = csv.reader(chain([first], file), delimiter=delimiter, strict=True)
        try:
            names = unique_names(next(reader, ()), f"{path}, line {line}")
            line = above + reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(names):
                    raise LabelledDataError(
                        f"{path}, line {line}",
                        f"has not the {len(names)} columns of the header",
                        f"Put cells that hold {delimiter!r} or a line break in double quotes.",
                    )
                if any(cells):
                    yield f"{path}, line {line}", dict(zip(names, cells, strict=True))
                line = above + reader.line_num + 1
        except csv.Error as error:
            raise LabelledDataError(f"{path}, line {line}", f"cannot be read ({error})", _QUOTE) from error


def unique_names(names: Any, place: str) -> list[str]:
    """The names of columns, without surrounding spaces.

    Raises:
        LabelledDataError: two columns have the same name.

    >>> unique_names(["text ", "labels", "", ""], "dev.csv, line 1")
    ['text', 'labels', '', '']
    """
    stripped = [str(name).strip() for name in names]
    twice = repeated(name for name in stripped if name)
    if twice is not None:
        raise LabelledDataError(place, f"two columns are called {twice!r}", "Rename one of them.")
    return stripped


def not_utf8(path: Path) -> LabelledDataError:
    """The error for a file that is not UTF-8: which encoding it probably has, and how to mend it."""
    with _binary(path) as file:
        guess = probable_encoding(file.read(1 << 20))
    return LabelledDataError(
        str(path),
        f"cannot be read as UTF-8; it is probably {guess}",
        _SAVE_AS_UTF8.format(guess),
    )


def _binary(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _opened(path: Path) -> TextIO:
    file = _binary(path)
    start = file.read(4)
    file.seek(0)
    if start.startswith(_UTF16_MARKS):
        return io.TextIOWrapper(file, encoding="utf-16", newline="")
    if b"\0" in start[:2] and len(start) > 1:
        file.close()
        raise not_utf8(path)
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _json_objects(file: TextIO, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            place = f"{path}, line {number}"
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise LabelledDataError(
                    place, f"not JSON ({error})", "Write one JSON object a line."
                ) from error
            yield place, _object(value, place)


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LabelledDataError(place, "not a JSON object", 'Write {"text": "…", "labels": ["denial"]}.')
    return value
