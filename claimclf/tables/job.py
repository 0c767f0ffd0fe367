"""Labelling files of any size into one: in bounded memory, and able to go on after a stop.

While it runs, the output is ``NAME.partial.ENDING``, valid and growing, with a journal beside it that says
how far it is whole; at the end it gets its name and the journal goes. A run that fails before its first rows
are whole leaves nothing. Rows that cannot be used are written to
``NAME.ENDING.rejects.jsonl`` with their place and the reason.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from claimclf.errors import BadRowError, ColumnTypeError, JournalError
from claimclf.files import refuse_taken_file, told_if_unwritable
from claimclf.tables.journal import GO_ON_LATER, Journal, Progress
from claimclf.tables.labelling import Labeller
from claimclf.tables.output_files import OutputFiles
from claimclf.tables.rows import BadRow, Row
from claimclf.tables.text_outputs import JsonLinesOutput, json_line
from claimclf.tables.writing import check_ending, is_left, open_output
from claimclf.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from claimclf.classifier import ClaimClassifier
    from claimclf.tables.reading import Source
    from claimclf.tables.writing import Output

_CHARACTERS_A_COMMIT = 1 << 20
_SKIP = (
    "Mend it, or go on without such rows, which are then listed beside the output: --resume --on-error skip"
)


@dataclass(frozen=True)
class Job:
    """What to label, how, and where the result goes.

    Attributes:
        sources: opened files, to be read in this order.
        classifier: what labels them.
        output: the file to make; its ending says the format.
        text_column: which column holds the texts; None for the usual names.
        documents: split each text into sentences, a row each.
        prefix: before the names of the columns that are added.
        skip_bad_rows: go on after a row that cannot be used, instead of stopping.
        warn: as of a `Labeller`.
    """

    sources: Sequence[Source]
    classifier: ClaimClassifier
    output: Path
    text_column: str | None = None
    documents: bool = False
    prefix: str = ""
    skip_bad_rows: bool = False
    warn: Callable[[str], None] = lambda _: None

    @property
    def files(self) -> OutputFiles:
        """The output and what stands beside it."""
        return OutputFiles(self.output)

    def run(
        self,
        *,
        resume: bool = False,
        force: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> Progress:
        """Labels everything.

        Args:
            resume: go on where an earlier run with the same files and options stopped, if there was one.
            force: overwrite what is there.
            on_progress: called after each part that was written.

        Raises:
            OutputExistsError: the output, what a stopped run left, or a file where the output would grow is
                there, and neither was said; or an input is one of these.
            JournalError: the stopped run had other files, options or another model, or what it left is gone.
            BadRowError: a row cannot be used, and bad rows are not skipped.
            ColumnError, ColumnClashError: no column holds the texts, or one is called like those added.
            ColumnTypeError: a column cannot be written as Parquet.
            DiskFullError: no space is left; the run can go on when there is some.
            UnwritableFileError: the output, or what stands beside it, cannot be written.
        """
        check_ending(self.output)
        self.files.refuse_inputs(source.name for source in self.sources)
        with self._writing():
            stopped = self._journal.read() if resume else None
            done = stopped or Progress()
            in_place = done.complete and not is_left(self.files.partial) and self.output.exists()
            if not in_place:
                refuse_taken_file(self.output, force=force)
            if not stopped:
                self.files.refuse_taken(force=force)
        rows = _Rows(self.sources)
        if rows.skip(done.rows) != done.digest or (done.complete and rows.next() is not None):
            problem = "the rows that the stopped run read are no longer the same"
            raise JournalError(self._journal.path, problem)
        if not in_place:
            with self._nothing_left_before_the_first_rows():
                done = self._go_on(rows, done, on_progress)
        with self._writing():
            self._journal.path.unlink()
        return done

    def _go_on(self, rows: _Rows, done: Progress, on_progress: Callable[[Progress], None]) -> Progress:
        schema = self.sources[0].schema if len(self.sources) == 1 else None
        with self._writing():
            if not done.rows:
                self._journal.write(done)
                self.files.rejects.unlink(missing_ok=True)
            output = open_output(self.files.partial, done.output, schema=schema)
        if not done.complete:
            try:
                done = self._label_all(rows, output, done, on_progress)
            except BaseException:
                with suppress(OSError, JournalError):  # what went wrong first is what counts
                    output.abandon((self._journal.read() or Progress()).output)
                raise
        with self._writing():
            output.finish(self.output)
        return done

    def _label_all(
        self, rows: _Rows, output: Output, done: Progress, on_progress: Callable[[Progress], None]
    ) -> Progress:
        with self._writing():
            rejects = _Rejects(self.files.rejects, done.rejects, stop=not self.skip_bad_rows)
        labeller = Labeller(
            self.classifier,
            output.predicted,
            text_column=self.text_column,
            documents=self.documents,
            name_files=self.documents or len(self.sources) > 1,
            prefix=self.prefix,
            warn=self.warn,
        )
        for chunk in rows.chunks(output.rows_a_commit):
            with self._writing():
                labelled = self._label(chunk, labeller, output, rejects, done)
                done = replace(
                    labelled,
                    rows=rows.read,
                    digest=rows.digest(),
                    output=output.commit(),
                    rejects=rejects.commit(),
                )
                self._journal.write(done)
            on_progress(done)
        known = next((source for source in self.sources if source.columns), None)
        if known is not None and not done.written:
            with self._writing():
                output.begin(labeller.example(known.name, known.columns))
                done = replace(done, output=output.commit())
        done = replace(done, complete=True)
        with self._writing():
            self._journal.write(done)
        return done

    def _label(
        self,
        chunk: Sequence[Row | BadRow],
        labeller: Labeller,
        output: Output,
        rejects: _Rejects,
        done: Progress,
    ) -> Progress:
        checked = [labeller.usable(row) for row in chunk]
        rejected = [row for row in checked if isinstance(row, BadRow)]
        rejects.add(rejected)
        good = [row for row in checked if isinstance(row, Row)]
        written: list[dict[str, Any]] = []
        for row, rows in zip(good, labeller.label(good), strict=True):
            problem = output.problem(rows[0]) if rows else None
            if problem is None:
                written += rows
            else:
                rejected.append(BadRow(row.file, row.line, problem, json_line(row.fields)))
                rejects.add(rejected[-1:])
        try:
            output.write(written)
        except ColumnTypeError as error:
            raise ColumnTypeError(f"{error.problem}; {_place(good)}") from error
        return replace(done, rejected=done.rejected + len(rejected), written=done.written + len(written))

    @cached_property
    def _journal(self) -> Journal:
        job = {
            "claimclf": __version__,
            "model": repr(self.classifier),
            "fingerprint": self.classifier.fingerprint,
            "files": [[source.name, source.format, source.encoding] for source in self.sources],
            "text_column": self.text_column,
            "documents": self.documents,
            "prefix": self.prefix,
        }
        return Journal(self.files.journal, job)

    @contextmanager
    def _nothing_left_before_the_first_rows(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with suppress(OSError, JournalError):  # what went wrong first is what counts
                left = self._journal.read()
                if left is not None and not left.rows:
                    self.files.clear()
            raise

    def _writing(self) -> AbstractContextManager[None]:
        return told_if_unwritable(self.output, GO_ON_LATER)


class _Rows:
    """The rows of some files, counted and digested as they are read."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._rows = chain.from_iterable(sources)
        self._hash = hashlib.blake2b(digest_size=16)
        self.read = 0

    def skip(self, rows: int) -> str:
        """Reads so many rows, and says their digest; what a run that goes on has labelled already."""
        for _ in range(rows):
            if self.next() is None:
                return "too few"
        return self.digest() if rows else ""

    def chunks(self, rows: int) -> Iterator[list[Row | BadRow]]:
        """The rows that are left, so many at once, or fewer of very long ones."""
        chunk: list[Row | BadRow] = []
        characters = 0
        while (row := self.next()) is not None:
            chunk.append(row)
            characters += len(row.raw) if isinstance(row, BadRow) else sum(map(_length, row.fields.values()))
            if len(chunk) == rows or characters >= _CHARACTERS_A_COMMIT:
                yield chunk
                chunk, characters = [], 0
        if chunk:
            yield chunk

    def digest(self) -> str:
        """Of all rows read so far."""
        return self._hash.hexdigest()

    def next(self) -> Row | BadRow | None:
        """The next row; None after the last."""
        row = next(self._rows, None)
        if row is not None:
            self.read += 1
            content = row.raw if isinstance(row, BadRow) else repr(row.fields)
            self._hash.update(f"{row.line} {content}\n".encode("utf-8", "surrogatepass"))
        return row


class _Rejects:
    """The file of rows that cannot be used, made when there is one; or the end of the run."""

    def __init__(self, path: Path, whole: int, *, stop: bool) -> None:
        self._path = path
        self._whole = whole
        self._stop = stop
        self._file = JsonLinesOutput(path, whole) if whole else None
        if not whole:
            path.unlink(missing_ok=True)  # what a run rejected whose rows were not whole when it stopped

    def add(self, rows: Sequence[BadRow]) -> None:
        if rows and self._stop:
            raise BadRowError(rows[0].file, rows[0].line, rows[0].problem, _SKIP)
        if rows:
            self._file = self._file or JsonLinesOutput(self._path, self._whole)
            self._file.write([asdict(row) for row in rows])

    def commit(self) -> int:
        return self._file.commit() if self._file else 0


def _place(rows: Sequence[Row]) -> str:
    first, last = rows[0], rows[-1]
    if first.file == last.file:
        return f"{first.file}, lines {first.line} to {last.line}"
    return f"{first.file}, line {first.line}, to {last.file}, line {last.line}"


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (str, bytes)) else 8
