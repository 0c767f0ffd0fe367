"""What a person at a terminal sees: tables of sentences, a bar that shows how far a job is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from claimclf.labels import Label
from claimclf.tables.writing import json_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from claimclf.document import Document
    from claimclf.prediction import Prediction
    from claimclf.tables.job import Progress as JobProgress
    from claimclf.tables.reading import Source

_STYLES: dict[Label | None, str] = {
    Label.ACCUSATION: "bold red",
    Label.DENIAL: "bold magenta",
    Label.CALL_TO_ACTION: "bold yellow",
    Label.FACTUAL_REPORT: "cyan",
    None: "dim",
}
_WIDEST_ACTS = 23


def say(message: str, style: str = "") -> None:
    """A line to the person, not to the program that reads the output."""
    Console(stderr=True).print(Text(message, style=style), soft_wrap=True)


def document_table(document: Document, title: str) -> Table:
    """The document as a table: a row a sentence, coloured by what it does."""
    return sentence_table(((sentence.prediction, sentence.text) for sentence in document), title)


def sentence_table(
    sentences: Iterable[tuple[Prediction, str]], title: str | None = None, *, header: bool = True
) -> Table:
    """A row a sentence. Tables without a title have columns of the same widths, to stand under each other."""
    table = Table(
        title=Text(title) if title else None, title_justify="left", padding=(0, 1), show_header=header
    )
    table.add_column("does", width=None if title else _WIDEST_ACTS)
    table.add_column("conf.", justify="right")
    table.add_column("sentence", overflow="fold", ratio=None if title else 1)
    table.expand = not title
    for prediction, text in sentences:
        acts = " + ".join(prediction.labels) or "none"
        table.add_row(
            Text(acts, style=_STYLES[prediction.label]),
            f"{prediction.confidence:.2f}",
            Text(" ".join(text.split())),
        )
    return table


def print_json(value: Any) -> None:
    """One line of JSON on standard output, in UTF-8, whatever the terminal is."""
    typer.echo(json_line(value).encode("utf-8", "replace"))


def facts_table(facts: Iterable[tuple[str, Any]], title: str) -> Table:
    """Names and values."""
    table = Table(title=Text(title), title_justify="left", show_header=False)
    for name, value in facts:
        table.add_row(name, Text(str(value)))
    return table


@contextmanager
def job_bar(sources: Sequence[Source]) -> Iterator[Callable[[JobProgress], None]]:
    """A bar on standard error, where that is a terminal: share of the bytes, rows, rate, time left."""
    sizes = [source.size for source in sources]
    total = sum(size for size in sizes if size is not None) if None not in sizes else None
    bar = Progress(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not Console(stderr=True).is_terminal,
    )
    with bar:
        task = bar.add_task("", total=total, rows=0, rate=0.0)
        first: int | None = None

        def update(done: JobProgress) -> None:
            nonlocal first
            first = done.rows if first is None else first
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = (done.rows - first) / elapsed if elapsed else 0.0
            read = sum(source.position() for source in sources)
            bar.update(task, completed=read, rows=done.rows, rate=rate)

        yield update
