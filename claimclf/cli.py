"""The command line: ``claimclf predict article.txt``, ``claimclf demo``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from claimclf.document import Document
from claimclf.errors import ClaimclfError, UnreadableFileError
from claimclf.labels import Label
from claimclf.version import __version__

SAMPLE_ARTICLE = Path(__file__).parent / "sample_article.txt"

_STYLES: dict[Label | None, str] = {
    Label.ACCUSATION: "bold red",
    Label.DENIAL: "bold magenta",
    Label.CALL_TO_ACTION: "bold yellow",
    Label.FACTUAL_REPORT: "cyan",
    None: "dim",
}

app = typer.Typer(
    help="What does each sentence do: accuse, deny, call to action, report fact, or none of these?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)


def main() -> None:
    """The ``claimclf`` command. Exit codes: 0 done, 1 an error that the message explains, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows "?"
    try:
        app()
    except ClaimclfError as error:
        Console(stderr=True).print(Text(str(error), style="red"), soft_wrap=True)
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


@app.command()
def predict(
    files: Annotated[list[Path] | None, typer.Argument(help="UTF-8 text files; - or none: stdin.")] = None,
    *,
    model: Annotated[str | None, typer.Option(help="A shipped model's name or a model directory.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a file instead of a table.")
    ] = False,
) -> None:
    """Label every sentence of the given texts.

    `claimclf predict article.txt`   `cat article.txt | claimclf predict --json`
    """
    from claimclf.api import default_classifier
    from claimclf.classifier import ClaimClassifier

    texts = [(str(file), _read(file)) for file in files or [Path("-")]]
    classifier = ClaimClassifier.from_pretrained(model) if model else default_classifier()
    for name, text in texts:
        document = classifier.predict_document(text)
        if as_json:
            line = json.dumps({"file": name, **document.to_dict()}, ensure_ascii=False)
            typer.echo(line.encode("utf-8", "replace"))  # JSON is UTF-8, whatever the terminal is
        else:
            Console().print(document_table(document, title=name))


@app.command()
def demo() -> None:
    """Label a sample article, written for this purpose, that comes with the package."""
    from claimclf.api import predict_document

    document = predict_document(_read(SAMPLE_ARTICLE))
    Console().print(document_table(document, title="A sample article, sentence by sentence"))


def document_table(document: Document, title: str) -> Table:
    """The document as a table for the terminal: a row a sentence, coloured by what it does."""
    table = Table(title=Text(title), title_justify="left", show_lines=False, padding=(0, 1))
    table.add_column("does")
    table.add_column("conf.", justify="right")
    table.add_column("sentence", overflow="fold")
    for sentence in document.sentences:
        prediction = sentence.prediction
        acts = " + ".join(prediction.labels) or "none"
        table.add_row(
            Text(acts, style=_STYLES[prediction.label]),
            f"{prediction.confidence:.2f}",
            Text(" ".join(sentence.text.split())),
        )
    return table


def _read(file: Path) -> str:
    if str(file) == "-":
        data = sys.stdin.buffer.read()
    elif file.is_dir():
        raise UnreadableFileError(
            file, "this is a directory", "Name the files in it, for example with *.txt."
        )
    else:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise UnreadableFileError(file, error.strerror or str(error), "Check the path.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            file, f"not UTF-8 text (byte {error.start})", "Save it as UTF-8 text first."
        ) from error
