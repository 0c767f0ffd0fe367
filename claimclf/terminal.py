"""What a person at a terminal sees: tables of sentences, a bar that shows how far a job is."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from claimclf.errors import BadRowError
from claimclf.labels import LABELS, Label
from claimclf.tables.rows import BadRow, Row
from claimclf.tables.text_outputs import json_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from claimclf.document import Document
    from claimclf.model_dir import ModelDir
    from claimclf.prediction import Prediction
    from claimclf.tables.job import Job
    from claimclf.tables.journal import Progress as JobProgress
    from claimclf.tables.labelling import Labeller
    from claimclf.tables.reading import Source
    from claimclf.tables.verifying import Difference

EXIT_INTERRUPTED = 130
_STYLES: dict[Label | None, str] = {
    Label.ACCUSATION: "bold red",
    Label.DENIAL: "bold magenta",
    Label.CALL_TO_ACTION: "bold yellow",
    Label.FACTUAL_REPORT: "cyan",
    None: "dim",
}
_WIDEST_ACTS = 23
_ROWS_AT_ONCE = 256
_DIFFERENCES_SHOWN = 10
_SKIP = "Mend it, or go on without such rows: --on-error skip"


def say(message: str, style: str = "") -> None:
    """A line to the person, not to the program that reads the output."""
    Console(stderr=True).print(Text(message, style=style), soft_wrap=True)


def warn(message: str) -> None:
    """What went otherwise than the person may think; the program goes on."""
    say(message, "yellow")


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


def show_texts(sources: Sequence[Source], labeller: Labeller, *, as_json: bool, skip: bool) -> int:
    """Prints the sentences of each text, after all texts were read; how many could not be used."""
    rows = list(chain.from_iterable(sources))
    usable = _usable(rows, labeller, skip=skip)
    for row in usable:
        document = labeller.classifier.predict_document(labeller.text(row))
        if as_json:
            print_json({"file": row.file, **document.to_dict()})
        else:
            Console().print(document_table(document, title=row.file))
    return len(rows) - len(usable)


def show_rows(sources: Sequence[Source], labeller: Labeller, *, as_json: bool, skip: bool) -> int:
    """Prints labelled rows as they come; how many could not be used."""
    rejected, header = 0, True
    rows = chain.from_iterable(sources)
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        usable = _usable(chunk, labeller, skip=skip)
        rejected += len(chunk) - len(usable)
        if as_json:
            for labelled in chain.from_iterable(labeller.label(usable)):
                print_json(labelled)
        else:
            Console().print(sentence_table(labeller.sentences(usable), header=header))
            header = False
    return rejected


def _usable(rows: Iterable[Row | BadRow], labeller: Labeller, *, skip: bool) -> list[Row]:
    usable = []
    for row in map(labeller.usable, rows):
        if isinstance(row, Row):
            usable.append(row)
        elif skip:
            say(f"{row.file}, line {row.line}, is left out: it {row.problem}.", "yellow")
        else:
            raise BadRowError(row.file, row.line, row.problem, _SKIP)
    return usable


def show_differences(rows: int, different: Sequence[Difference], *, prefix: str) -> None:
    """How many of so many rows differ when they are computed again, and the first of them."""
    for one in different[:_DIFFERENCES_SHOWN]:
        say(f"{one.place}: {one.column} is {one.written}, computed again {one.computed}", "yellow")
    labels = sum(one.column in (f"{prefix}label", f"{prefix}labels") for one in different)
    typer.echo(f"{rows:,} rows computed again, {len(different):,} different, {labels:,} in their label.")
    if different and all(one.is_rounding for one in different):
        say("Another version of onnxruntime, or another kind of processor, rounds otherwise.")


def show_model(model_dir: ModelDir) -> None:
    """What a model is, what it labels, and its files: a hash in one piece and its file a line."""
    facts = Table(title=Text(model_dir.metadata.name), title_justify="left", show_header=False)
    facts.add_column()
    facts.add_column(overflow="fold")
    for name, value in _facts(model_dir):
        facts.add_row(name, Text(str(value)))
    labels = Table("label", "from a score of", "the sentence …", title="Labels", title_justify="left")
    for label, threshold in zip(LABELS, model_dir.metadata.calibration.thresholds, strict=True):
        labels.add_row(label.value, f"{threshold:.2f}", label.definition)
    for table in (facts, labels):
        Console().print(table)
    Console().print("Files, by sha256", style="table.title")
    for name, sha256 in model_dir.sha256.items():
        typer.echo(f"{sha256}  {name}")


def _facts(model_dir: ModelDir) -> Iterator[tuple[str, Any]]:
    provenance = model_dir.metadata.provenance
    yield "language", model_dir.metadata.language
    yield "directory", model_dir.path
    yield "fingerprint", model_dir.fingerprint
    if "made" in provenance:
        yield "made", provenance["made"]
    if isinstance(base := provenance.get("base_model"), dict):
        yield "made from", base.get("name")
    for part, data in (provenance.get("data") or {}).items():
        if isinstance(data, dict) and "sentences" in data:
            yield f"data: {part}", f"{data['sentences']:,} sentences{_origin(data)}"


def _origin(data: dict[str, Any]) -> str:
    """Where sentences came from, in the words that follow their number."""
    if "part_of" in data:
        return f", a part of {data['part_of']}"
    names = [file["file"] for file in data.get("files", [data]) if "file" in file]
    return f" of {', '.join(names)}" if names else ""


def run_job(job: Job, *, resume: bool, force: bool, as_json: bool) -> JobProgress:
    """Runs a job with a bar, and tells what came of it.

    Raises:
        typer.Exit: it was interrupted, which was told.
    """
    try:
        with _job_bar(job.sources) as on_progress:
            done = job.run(resume=resume, force=force, on_progress=on_progress)
    except KeyboardInterrupt:
        done_so_far = (
            f"What is done is in {job.files.partial}; go on"
            if job.files.are_left()
            else "Nothing was done yet; begin again"
        )
        say(f"Stopped. {done_so_far} with the same command and --resume.", "yellow")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        counts = {"rows": done.rows, "rejected": done.rejected, "written": done.written}
        print_json({"output": str(job.output), **counts})
    else:
        rejects = f", {done.rejected:,} rejected (in {job.files.rejects})" if done.rejected else ""
        say(f"{done.rows:,} rows read{rejects}, {done.written:,} written to {job.output}")
    return done


@contextmanager
def _job_bar(sources: Sequence[Source]) -> Iterator[Callable[[JobProgress], None]]:
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
