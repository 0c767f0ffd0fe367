"""Files that are read row by row: found, opened, decoded, unpacked, in bounded memory."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections import Counter
from contextlib import ExitStack, contextmanager, nullcontext
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimclf.errors import ClaimclfError, MissingExtraError, OptionError, UnreadableFileError
from claimclf.tables.columns import repeated
from claimclf.tables.encodings import encoding_of, refuse_documents
from claimclf.tables.rows import BadRow, Row
from claimclf.tables.streams import STDIN, Rewound, is_stream
from claimclf.tables.text_formats import READERS
from claimclf.tables.workbooks import other_sheets, worksheet_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

FORMATS = ("text", "lines", "csv", "tsv", "jsonl", "parquet", "xlsx")
TEXT = "text"
_BY_ENDING = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_GZIP = b"\x1f\x8b"  # how what is packed with it begins
_HEAD = 1 << 16
_PARQUET_ROWS = 1024


class Source:
    """A file or a stream whose rows are read by iterating over it, once. Make one with `open_source`.

    Attributes:
        name: its path; ``-`` for standard input.
        format: one of `FORMATS`.
        encoding: what it is decoded from; None for Parquet and workbooks.
        size: in bytes; None where that, or how much of it was read, is not known.
        columns: their names, known when the first row was read, or none is there; of JSON Lines those in its
            beginning.
        left_out: the titles of a workbook's other sheets, which are not read.
    """

    left_out: tuple[str, ...] = ()

    def __init__(
        self, name: str, format_: str, encoding: str | None, size: int | None, stream: Any = None
    ) -> None:
        self._stream = stream
        self.name = name
        self.format = format_
        self.encoding = encoding
        self.size = size
        self.columns: tuple[str, ...] = ()
        self._position: Callable[[], int] = lambda: 0
        self._last = 0

    def __iter__(self) -> Iterator[Row | BadRow]:
        """The rows, in order.

        Raises:
            UnreadableFileError: the file is not of its format or encoding at all, or can be read no further.
        """
        if self.format == "parquet":
            yield from _parquet(self)
            return
        if self.format == "xlsx":
            yield from _workbook(self)
            return
        with self._stream or _opened(self.name) as raw:
            self._position = raw.tell if raw.seekable() else lambda: 0
            unpacked = raw if self._stream else _unpacked(self.name, raw)
            wide = self.encoding is not None and self.encoding.startswith(("utf-16", "utf-32"))
            errors = "replace" if wide else "surrogateescape"
            file = io.TextIOWrapper(unpacked, encoding=self.encoding, errors=errors, newline="")
            try:
                yield from READERS[self.format](self, file)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise _cannot_be_unpacked(self.name, error) from error
            except UnicodeError as error:
                raise UnreadableFileError(
                    Path(self.name), f"cannot be read as {self.encoding} ({error})", "See --encoding."
                ) from error
            finally:
                self._last, self._position = self.position(), lambda: self._last
                file.detach()

    @property
    def schema(self) -> pa.Schema | None:
        """The types of its columns, of a Parquet file."""
        return _parquet_file(self.name).schema_arrow if self.format == "parquet" else None

    def position(self) -> int:
        """How many of its bytes were read; 0 of a stream."""
        return self._position()


def open_source(name: str, *, format_: str | None = None, encoding: str | None = None) -> Source:
    """A file to read once, after a look at its beginning. A stream stays open from here on.

    Args:
        name: a path, also of a pipe, or ``-`` for standard input. ``.gz`` is unpacked as it is read;
            Parquet and workbooks are not.
        format_: one of `FORMATS`; None goes by the ending, and what has no known one is one text.
        encoding: of the text; None finds out: a byte order mark, UTF-8, or a guess from the first 64 kB.

    Raises:
        UnreadableFileError: it is not there, or not of that format.
        OptionError: an unknown format or encoding.
        MissingExtraError: a Parquet file without pyarrow, or a workbook without openpyxl.
    """
    if format_ is not None and format_ not in FORMATS:
        raise OptionError("input_format", format_, ", ".join(FORMATS))
    path = Path(name)
    ending = Path(path.stem if _is_zipped(name) else path.name).suffix.lower()
    kind = format_ or _BY_ENDING.get(ending, TEXT)
    if ending == ".json" and format_ is None:
        cure = "If it holds one object a line, add: --input-format jsonl"
        raise UnreadableFileError(path, "a .json file may hold anything", cure)
    if kind in ("parquet", "xlsx") and is_stream(name):
        raise OptionError("input_format", kind, "it for files: a stream cannot be read from its end")
    if kind in ("parquet", "xlsx"):
        _refuse_packed(name)
    if kind == "parquet":
        return _parquet_source(name)
    if kind == "xlsx":
        return _workbook_source(name)
    once = is_stream(name)
    with ExitStack() as opened:
        raw = opened.enter_context(_standard_input() if name == STDIN else _opened(name))
        unpacked = _unpacked(name, raw)
        try:
            head = unpacked.read(_HEAD)
        except (OSError, EOFError, zlib.error) as error:
            raise _cannot_be_unpacked(name, error) from error
        found = encoding_of(name, head, encoding)
        if not once:
            return Source(name, kind, found, path.stat().st_size)
        ended = len(head) < _HEAD
        whole = Rewound(head, unpacked, ended=ended, opened=opened.pop_all())
        return Source(name, kind, found, None, io.BufferedReader(whole, _HEAD))


def open_sources(
    files: Sequence[str],
    *,
    format_: str | None = None,
    encoding: str | None = None,
    leave_out: Callable[[str], bool] | None = None,
) -> list[Source]:
    """The files of a command line, see `open_source`: patterns that the shell left as they are, too.

    Args:
        files: names and patterns; none is standard input.
        format_: see `open_source`.
        encoding: see `open_source`.
        leave_out: which names are not opened, where others remain.

    Raises:
        OptionError: texts and tables among each other, or a stream twice.
    """
    names = [name for file in files or [STDIN] for name in _expanded(file)]
    if leave_out is not None:
        names = [name for name in names if not leave_out(name)] or names
    twice = [name for name, times in Counter(names).items() if times > 1 and is_stream(name)]
    if twice:
        raise OptionError("files", twice[0], "a pipe or standard input once: it can be read only once")
    sources = [open_source(name, format_=format_, encoding=encoding) for name in names]
    if len({source.format == TEXT for source in sources}) > 1:
        odd = next(
            source.name for source in sources if (source.format == TEXT) != (sources[0].format == TEXT)
        )
        raise OptionError("files", odd, "only texts, or only tables, in one command")
    return sources


def _expanded(file: str) -> list[str]:
    if any(mark in file for mark in "*?[") and not os.path.exists(file):  # noqa: PTH110 - it never raises
        return sorted(glob(file)) or [file]  # noqa: PTH207 - it takes absolute patterns, too
    return [file]


def _is_zipped(name: str) -> bool:
    return name.lower().endswith(".gz")


def _unpacked(name: str, raw: Any) -> Any:
    return gzip.GzipFile(fileobj=raw) if _is_zipped(name) else raw


def _cannot_be_unpacked(name: str, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(
        Path(name), f"cannot be unpacked ({error})", "Copy it again, or pack it again with gzip."
    )


def _standard_input() -> AbstractContextManager[Any]:
    """The bytes of standard input, which stays open afterwards."""
    if sys.stdin is None:  # closed before Python began, as by the shell's `<&-`
        raise UnreadableFileError(Path(STDIN), "standard input is closed", "Name a file, or pipe one in.")
    return nullcontext(sys.stdin.buffer)


@contextmanager
def _opened(name: str) -> Iterator[Any]:
    """The bytes of a file."""
    path = Path(name)
    try:
        file = path.open("rb", buffering=_HEAD)
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be one
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, OSError) and os.path.isdir(path):  # noqa: PTH112 - it never raises
            raise UnreadableFileError(path, "this is a directory", _cure_for_directory(path)) from error
        raise UnreadableFileError(path, reason, "Check the path.") from error
    with file:
        yield file


def _cure_for_directory(path: Path) -> str:
    endings = Counter(file.suffix.lower() for file in path.iterdir() if file.is_file())
    usable = [ending for ending, _ in endings.most_common() if ending in (*_BY_ENDING, ".txt")]
    return f"Name the files in it: {path / '*'}{usable[0] if usable else '.txt'}"


def _refuse_packed(name: str) -> None:
    """Says that what is read from its end is not unpacked on the way."""
    with _opened(name) as raw:
        if raw.peek(2).startswith(_GZIP):
            problem = "is packed with gzip, and Parquet and workbooks are read as they are"
            raise UnreadableFileError(Path(name), problem, "Unpack it first, as with gunzip.")


def _workbook_source(name: str) -> Source:
    source = Source(name, "xlsx", None, None)
    source.left_out = other_sheets(name)
    return source


def _parquet_source(name: str) -> Source:
    with _opened(name) as raw:
        refuse_documents(name, b"" if raw.peek(4).startswith(b"PAR1") else raw.peek(4))
    twice = repeated(_parquet_file(name).schema_arrow.names)
    if twice is not None:
        raise UnreadableFileError(Path(name), f"two columns are called {twice!r}", "Rename one of them.")
    return Source(name, "parquet", None, Path(name).stat().st_size)


def _workbook(source: Source) -> Iterator[Row | BadRow]:
    def keep(names: Sequence[str]) -> None:
        source.columns = tuple(names)

    yield from worksheet_rows(source.name, on_columns=keep)


def _parquet(source: Source) -> Iterator[Row | BadRow]:
    with _readable_parquet(source.name), _parquet_file(source.name) as file:
        size, total, read = source.size or 0, max(1, file.metadata.num_rows), 0
        source._position = lambda: size * read // total  # noqa: SLF001 - the reader of this very source
        source.columns = tuple(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=_PARQUET_ROWS):
            for fields in batch.to_pylist():
                read += 1
                yield Row(source.name, read, fields)


def _parquet_file(name: str) -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("Parquet", "tables") from error
    with _readable_parquet(name):
        return pq.ParquetFile(name)


@contextmanager
def _readable_parquet(name: str) -> Iterator[None]:
    """Whatever pyarrow raises of a broken file becomes one error."""
    try:
        yield
    except ClaimclfError:
        raise
    except Exception as error:
        raise UnreadableFileError(
            Path(name), f"cannot be read as Parquet ({error})", "Write it again."
        ) from error
