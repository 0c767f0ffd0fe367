"""Compares two systems on the same sentences: ``python -m training.compare A B DATA``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from claimclf.files import refuse_taken_file
from training.bootstrap import RESAMPLES
from training.checks import check_test_set, warn
from training.columns import Columns, read_label_map
from training.command import run
from training.comparison import Comparison, comparison, label_names, verdict
from training.corrections import read_test_set
from training.data import read_labelled
from training.options import AsJson, DocColumn, LabelMap, LabelsColumn, Resamples, Sentences, TextColumn
from training.systems import BASELINES, BaselineInputs, system
from training.terminal import points

_SHOWN = 20


def compare(
    a: Annotated[str, typer.Argument(help=f"A model, or a baseline: {', '.join(BASELINES)}.")],
    b: Annotated[str, typer.Argument(help="What to compare it with, likewise.")],
    data: Annotated[str, typer.Argument(help="Labelled sentences, as for training.evaluate.")],
    *,
    train: Annotated[str | None, typer.Option(help="What baselines learn from, labelled.")] = None,
    base_model: Annotated[str | None, typer.Option(help="Encoder of `static`: a hub id or path.")] = None,
    nli_model: Annotated[str | None, typer.Option(help="NLI model of `zero-shot`: hub id or path.")] = None,
    partings: Annotated[Path | None, typer.Option(help="A .csv to write every parting to.")] = None,
    text_column: TextColumn = None,
    labels_column: LabelsColumn = None,
    doc_column: DocColumn = None,
    label_map: LabelMap = None,
    sentences: Sentences = None,
    resamples: Resamples = RESAMPLES,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Say whether A is better than B on some sentences, how sure that is, and where they part."""
    if partings is not None:
        refuse_taken_file(partings)
    columns = Columns(text_column, labels_column, doc_column, read_label_map(label_map))
    rows = read_test_set(data, columns, sentences=sentences or ())
    learned = read_labelled(train, columns) if train else []
    warn(check_test_set(Path(data).name, rows, learned))
    inputs = BaselineInputs(learned, base_model=base_model, nli_model=nli_model)
    texts = [row.text for row in rows]
    predictions = [system(name, inputs).predict(texts) for name in (a, b)]
    compared = comparison(rows, *predictions, seed=seed, resamples=resamples)
    if as_json:
        typer.echo(json.dumps({"a": a, "b": b, **compared.to_dict()}, indent=2, allow_nan=False))
    else:
        _print(Console(), Path(a).name, Path(b).name, compared)
    if partings is not None:
        _write_partings(partings, compared)


def _print(console: Console, a: str, b: str, compared: Comparison) -> None:
    table = Table("", title=f"{a} minus {b}, {compared.sentences} sentences, points", title_justify="left")
    table.add_column("difference and 95 % interval", justify="right")
    table.add_column("")
    for name, difference in compared.differences.items():
        table.add_row(name.replace("_", " "), points(difference), verdict(difference, a, b))
    console.print(table)
    console.print(
        f"Only {a} is right on {compared.only_a_right} sentences, only {b} on {compared.only_b_right}; "
        f"McNemar's exact test: p = {compared.mcnemar_p:.2g}."
    )
    parting = Table("sentence", "gold", a, b, title=f"They part on {len(compared.partings)} sentences")
    for part in compared.partings[:_SHOWN]:
        # The sentence may hold square brackets, which rich would read as its own.
        parting.add_row(
            part.sentence.text.replace("[", r"\["),
            *(label_names(labels) for labels in (part.sentence.labels, part.a.labels, part.b.labels)),
        )
    console.print(parting)


def _write_partings(path: Path, compared: Comparison) -> None:
    staging = path.with_name(path.name + ".new")
    with staging.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("place", "text", "gold", "a", "b", "confidence_a", "confidence_b"))
        for part in compared.partings:
            names = (label_names(labels) for labels in (part.sentence.labels, part.a.labels, part.b.labels))
            confidences = (f"{p.confidence:.4f}" for p in (part.a, part.b))
            writer.writerow((part.sentence.place, part.sentence.text, *names, *confidences))
    staging.replace(path)


if __name__ == "__main__":
    run(compare)
