"""The command line: ``claimclf predict``, ``report``, ``info``, ``verify``, ``demo``."""

from __future__ import annotations

import io
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from claimclf.errors import ClaimclfError, OptionError
from claimclf.files import refuse_taken_file, write_whole
from claimclf.labels import LABELS
from claimclf.model_dir import DEFAULT_MODEL, ModelDir
from claimclf.options import (
    AsJson,
    Encoding,
    Files,
    Force,
    Format,
    InputFormat,
    Model,
    ModelArgument,
    OnError,
    TextColumn,
)
from claimclf.tables.output_files import OutputFiles
from claimclf.tables.reading import TEXT, Source, open_sources
from claimclf.tables.text_outputs import JsonLinesOutput
from claimclf.tables.writing import check_ending
from claimclf.terminal import (
    document_table,
    print_json,
    run_job,
    say,
    show_differences,
    show_model,
    show_rows,
    show_texts,
    warn,
)
from claimclf.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from claimclf.classifier import ClaimClassifier

SAMPLE_ARTICLE = Path(__file__).parent / "sample_article.txt"
EXIT_REJECTED = 3

app = typer.Typer(
    help="What does each sentence do: accuse, deny, call to action, report fact, or none of these?",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done; 1 an error that the message explains; 2 wrong usage; 3 done, but some rows "
    "could not be used; 130 interrupted.",
)


def main() -> None:
    """The ``claimclf`` command. Exit codes are those of its help."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows "?"
    try:
        app()
    except ClaimclfError as error:
        say(str(error), "red")
        sys.exit(1)


def _print_version(value: bool) -> None:  # noqa: FBT001 - the signature typer calls
    if value:
        typer.echo(f"claimclf {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: FBT002 - an option, never passed by position
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command(
    epilog="`claimclf predict article.txt`\n\n"
    "`cat article.txt | claimclf predict --json`\n\n"
    "`claimclf predict quotes.csv --text-column quote -o labelled.csv`\n\n"
    "`claimclf predict articles/*.txt -o sentences.parquet`\n\n"
    "`claimclf predict big.jsonl --documents --on-error skip -o out.jsonl`; after Ctrl-C, the same with "
    "`--resume`"
)
def predict(  # noqa: PLR0913 - as many options as it needs
    files: Files = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Make this .csv, .tsv, .jsonl or .parquet file instead of a table."
        ),
    ] = None,
    model: Model = DEFAULT_MODEL,
    text_column: TextColumn = None,
    documents: Annotated[
        bool,
        typer.Option("--documents", help="Split each text of a table into sentences, a row each."),
    ] = False,
    input_format: Format = None,
    encoding: Encoding = None,
    on_error: Annotated[
        OnError, typer.Option(help="At a row that cannot be used: stop, or list it in OUTPUT.rejects.jsonl.")
    ] = OnError.STOP,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped run was.")] = False,
    force: Force = False,
    prefix: Annotated[str, typer.Option(help="Before the names of the columns that are added.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="An object a text, or a row of a table, on standard output.")
    ] = False,
) -> None:
    """Label every sentence of texts, or every row of tables.

    A table keeps all its columns, and gets: label, confidence, labels, and a score for each label. In text
    files, and in tables with --documents, each sentence is a row, with its paragraph and place in the text.
    """
    if output is None and (resume or force):
        raise OptionError("resume" if resume else "force", value=True, allowed="it with -o FILE")
    if output is not None:
        check_ending(output)
    ours = OutputFiles(output).left if output is not None and resume else None
    sources = _sources(files, input_format, encoding, ours)
    texts = sources[0].format == TEXT
    skip = on_error is OnError.SKIP
    classifier = _classifier(model)
    if output is None:
        from claimclf.tables.labelling import Labeller

        labeller = Labeller(
            classifier,
            JsonLinesOutput.predicted,
            text_column=text_column,
            documents=documents,
            name_files=documents or len(sources) > 1,
            prefix=prefix,
            warn=warn,
        )
        show = show_texts if texts else show_rows
        rejected = show(sources, labeller, as_json=as_json, skip=skip)
    else:
        from claimclf.tables.job import Job

        job = Job(
            sources,
            classifier,
            output,
            text_column=text_column,
            documents=documents or texts,
            prefix=prefix,
            skip_bad_rows=skip,
            warn=warn,
        )
        rejected = run_job(job, resume=resume, force=force, as_json=as_json).rejected
    if rejected:
        raise typer.Exit(EXIT_REJECTED)


@app.command(
    epilog="`claimclf report article.txt -o page.html`\n\n"
    "`claimclf report articles/*.txt -o week.html --title 'The week'`\n\n"
    "`claimclf report articles.csv --text-column body -o page.html`"
)
def report(  # noqa: PLR0913 - as many options as it needs
    files: Files = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to make, .html.")],
    title: Annotated[str | None, typer.Option(help="Of the page; else the name of the first file.")] = None,
    model: Model = DEFAULT_MODEL,
    text_column: TextColumn = None,
    input_format: Format = None,
    encoding: Encoding = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a page to look at and to correct: one offline file, sentences highlighted by what they do.

    Each text file is an article, and so is each row of a table. Corrections made on the page are exported as
    a file that training takes.
    """
    from claimclf.highlight import Article, page
    from claimclf.tables.labelling import texts_of

    if output.suffix.lower() not in (".html", ".htm"):
        raise OptionError("output", output.name, "a name that ends in .html")
    refuse_taken_file(output, force=force)
    sources = _sources(files, input_format, encoding)
    named = [
        (source.name if source.format == TEXT else f"{source.name}, line {row.line}", text)
        for source in sources
        for row, text in texts_of(source, text_column, warn=warn)
    ]
    documents = _classifier(model).predict_documents([text for _, text in named])
    articles = [Article(name, document) for (name, _), document in zip(named, documents, strict=True)]
    write_whole(output, page(articles, title or Path(sources[0].name).name))
    if as_json:
        counts: Counter[Any] = Counter()
        for document in documents:
            counts.update(document.counts())
        by_name = {str(label or "none"): counts[label] for label in (*LABELS, None)}
        print_json({"output": str(output), "articles": len(articles), "sentences": by_name})
    else:
        say(f"{len(articles)} articles, {sum(map(len, documents))} sentences. The page is {output}")


@app.command(epilog="`claimclf info`\n\n`claimclf info runs/newsroom --json`")
def info(model: ModelArgument = DEFAULT_MODEL, *, as_json: AsJson = False) -> None:
    """Say what a model is: its labels and thresholds, what it was made from, its hashes."""
    model_dir = ModelDir.open(model)
    metadata = model_dir.metadata
    if as_json:
        known = {
            **asdict(metadata),
            "path": str(model_dir.path),
            "fingerprint": model_dir.fingerprint,
            "labels": {label.value: label.definition for label in LABELS},
            "sha256": dict(model_dir.sha256),
        }
        print_json(known)
        return
    show_model(model_dir)


@app.command(epilog="`claimclf verify runs/newsroom`")
def verify(model: ModelArgument = DEFAULT_MODEL, *, as_json: AsJson = False) -> None:
    """Check that every file of a model is what its claimclf.json says, and that it runs.

    Exit code 1 where a file is missing, altered, or of a kind that can run code.
    """
    from claimclf.classifier import ClaimClassifier

    model_dir = ModelDir.open(model)
    ClaimClassifier(model_dir, threads=1).predict("The minister denied the allegations.")
    name, files = model_dir.metadata.name, len(model_dir.sha256)
    if as_json:
        print_json({"name": name, "fingerprint": model_dir.fingerprint, "files": files, "ok": True})
    else:
        typer.echo(f"{name}: {files} files are what claimclf.json says, and it runs.")


@app.command("verify-results", epilog="`claimclf verify-results labelled.csv --text-column quote`")
def verify_results(
    file: Annotated[str, typer.Argument(help="What `claimclf predict -o` wrote.")],
    *,
    model: Model = DEFAULT_MODEL,
    text_column: TextColumn = None,
    prefix: Annotated[str, typer.Option(help="Before the names of the columns with results.")] = "",
    as_json: AsJson = False,
) -> None:
    """Compute a file of results again and report any difference, to the last bit.

    Exit code 1 where there is one, or where another model or version made the file.
    """
    from claimclf.tables.verifying import differences

    source, *others = _sources([file], None, None)
    if others:
        raise OptionError("file", file, f"the name of one file: of that pattern are {1 + len(others)}")
    rows, different = 0, []
    for difference in differences(source, _classifier(model), text_column=text_column, prefix=prefix):
        rows += 1
        if difference is not None:
            different.append(difference)
    if as_json:
        print_json({"rows": rows, "different": [asdict(difference) for difference in different]})
    else:
        show_differences(rows, different, prefix=prefix)
    if different:
        raise typer.Exit(1)


@app.command()
def demo(*, as_json: AsJson = False) -> None:
    """Label a sample article, written for this purpose, that comes with the package."""
    from claimclf.api import predict_document

    document = predict_document(SAMPLE_ARTICLE.read_text(encoding="utf-8"))
    if as_json:
        print_json(document.to_dict())
        return
    Console().print(document_table(document, title="A sample article, sentence by sentence"))


def _sources(
    files: list[str] | None,
    input_format: InputFormat | None,
    encoding: str | None,
    leave_out: Callable[[str], bool] | None = None,
) -> list[Source]:
    kind = input_format and input_format.value
    sources = open_sources(files or [], format_=kind, encoding=encoding, leave_out=leave_out)
    for source in sources:
        if encoding is None and source.encoding not in (None, "utf-8-sig", "utf-16", "utf-32"):
            warn(f"{source.name} is not UTF-8: read as {source.encoding}. Say otherwise with --encoding.")
        if source.left_out:
            titles = ", ".join(map(repr, source.left_out))
            warn(f"{source.name}: only the first visible sheet is read, not {titles}.")
    return sources


def _classifier(model: str) -> ClaimClassifier:
    from claimclf.api import default_classifier
    from claimclf.classifier import ClaimClassifier

    return default_classifier() if model == DEFAULT_MODEL else ClaimClassifier.from_pretrained(model)
