"""Says what is wrong and thin in labelled data, before training: ``python -m training.check DATA...``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from claimclf.model_dir import DEFAULT_MODEL, ModelDir
from training.columns import Columns, read_label_map
from training.command import run
from training.data import CLASSES, counts
from training.labelled_files import LabelledFile, check_files
from training.options import AsJson, DocColumn, LabelMap, LabelsColumn, Split, TextColumn
from training.printable import excerpt, printable
from training.sample_checks import check_sample
from training.text_checks import check_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from training.checks import Finding, Place

_SCHEMA_VERSION = 1
_SHOWN = 5


def check(
    data: Annotated[list[str], typer.Argument(help="Labelled sentences to train from, in any known format.")],
    *,
    dev: Annotated[str | None, typer.Option(help="Labelled sentences to measure on.")] = None,
    model: Annotated[
        str, typer.Option(help="The model to train from: its language and window are what texts should fit.")
    ] = DEFAULT_MODEL,
    text_column: TextColumn = None,
    labels_column: LabelsColumn = None,
    doc_column: DocColumn = None,
    label_map: LabelMap = None,
    split: Split = None,
    every: Annotated[bool, typer.Option("--all", help="Show every place, not the first few.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong and what is thin in labelled data, before training.

    Exit code 1 where something cannot be read, 0 where there are only warnings, or none.
    """
    opened = ModelDir.open(model)
    columns = Columns(text_column, labels_column, doc_column, read_label_map(label_map))
    with Console(stderr=True).status("Reading and checking"):
        files = [LabelledFile.read(source, "train", columns, split=split) for source in data]
        if dev is not None:
            files.append(LabelledFile.read(dev, "dev", columns, split=split))
        findings = check_all(files, opened)
    if as_json:
        typer.echo(json.dumps(document(files, findings), indent=2, ensure_ascii=True))
    else:
        _print(files, findings, shown=None if every else _SHOWN)
    if any(finding.is_error for finding in findings):
        raise typer.Exit(1)


def check_all(files: Sequence[LabelledFile], model: ModelDir) -> list[Finding]:
    """All that is wrong or thin in some files, errors first."""
    train = [row for file in files if file.use == "train" for row in file.rows]
    dev = [row for file in files if file.use == "dev" for row in file.rows]
    dev_name = next((file.name for file in files if file.use == "dev"), "dev")
    findings = [
        *check_files(files),
        *check_sample(train, dev, dev_name=dev_name),
        *check_texts([*train, *dev], model),
    ]
    return sorted(findings, key=lambda finding: not finding.is_error)


def document(files: Sequence[LabelledFile], findings: Sequence[Finding]) -> dict[str, Any]:
    """What was found as plain JSON types, as ``training/schemas/check.json`` describes."""
    errors = sum(finding.is_error for finding in findings)
    return {
        "schema_version": _SCHEMA_VERSION,
        "files": [
            {
                "source": file.source,
                "use": file.use,
                "sentences": len(file.rows),
                "unreadable": len(file.unreadable),
                "primary_labels": counts(file.rows),
            }
            for file in files
        ],
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [
            {
                "code": finding.code,
                "level": "error" if finding.is_error else "warning",
                "problem": finding.problem,
                "cure": finding.cure,
                "places": [asdict(place) for place in finding.places],
            }
            for finding in findings
        ],
    }


def _print(files: Sequence[LabelledFile], findings: Sequence[Finding], shown: int | None) -> None:
    console = Console(highlight=False)
    console.print(_counts(files))
    texts = _texts(files, (place for finding in findings for place in finding.places[:shown]))
    for finding in findings:
        style = "bold red" if finding.is_error else "bold yellow"
        lines = [f"[{finding.code}] {finding.problem}", finding.cure]
        for place in finding.places[:shown]:
            lines += _lines(place, texts)
        if shown is not None and len(finding.places) > shown:
            lines.append(f"    and {len(finding.places) - shown} more: --all shows them")
        console.print()
        for number, line in enumerate(lines):
            console.print(printable(line), style=None if number else style, markup=False, soft_wrap=True)
    errors = sum(finding.is_error for finding in findings)
    console.print(f"\nErrors: {errors}. Warnings: {len(findings) - errors}.")


def _counts(files: Sequence[LabelledFile]) -> Table:
    table = Table("", title="Sentences by primary label", title_justify="left")
    for file in files:
        table.add_column(printable(f"{file.name} ({file.use})").replace("[", r"\["), justify="right")
    of_files = [counts(file.rows) for file in files]
    for name in CLASSES:
        table.add_row(name, *(str(found[name]) for found in of_files), end_section=name == CLASSES[-1])
    table.add_row("all", *(str(len(file.rows)) for file in files))
    table.add_row("unreadable", *(str(len(file.unreadable)) for file in files))
    return table


def _texts(files: Sequence[LabelledFile], places: Iterable[Place]) -> dict[str, str]:
    """The sentences that stand in some places."""
    wanted = {at for place in places for at in (place.at, place.beside)}
    return {row.place: row.text for file in files for row in file.rows if row.place in wanted}


def _lines(place: Place, texts: dict[str, str]) -> list[str]:
    """Where, what, and how the sentence begins; for a pair both sentences, one below the other."""
    detail = f" ({place.detail})" if place.detail else ""
    lines = [f"    {place.at}{detail}{_beginning(texts.get(place.at))}"]
    if place.beside is not None:
        lines.append(f"        beside {place.beside}{_beginning(texts.get(place.beside))}")
    return lines


def _beginning(text: str | None) -> str:
    return "" if text is None else f": {excerpt(text)}"


if __name__ == "__main__":
    run(check)
