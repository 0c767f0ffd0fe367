"""Measures a model on labelled sentences: ``python -m training.evaluate MODEL DATA``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from claimclf.classifier import ClaimClassifier
from claimclf.model_dir import new_directory, refuse_taken
from training.bootstrap import RESAMPLES
from training.checks import check_test_set, warn
from training.columns import Columns, read_label_map
from training.command import run
from training.corrections import read_test_set
from training.data import read_labelled
from training.evaluation import evaluation
from training.options import (
    AsJson,
    DocColumn,
    LabelMap,
    LabelsColumn,
    Resamples,
    Sentences,
    Split,
    TextColumn,
)
from training.report import evaluation_page
from training.terminal import evaluation_tables


def evaluate(
    model: Annotated[str, typer.Argument(help="A model directory, or a shipped model's name.")],
    data: Annotated[
        str, typer.Argument(help="Labelled sentences: .jsonl, .csv, .tsv, .parquet, a data set or hub id.")
    ],
    *,
    report: Annotated[
        Path | None, typer.Option(help="A directory to write index.html and metrics.json to.")
    ] = None,
    slice_by: Annotated[
        list[str] | None, typer.Option("--slice", help="A column to slice by; may be repeated.")
    ] = None,
    train: Annotated[
        str | None, typer.Option(help="What the model learned from, to count sentences that are in both.")
    ] = None,
    text_column: TextColumn = None,
    labels_column: LabelsColumn = None,
    doc_column: DocColumn = None,
    label_map: LabelMap = None,
    sentences: Sentences = None,
    split: Split = None,
    backend: Annotated[str, typer.Option(help="onnx (int8) or torch (float32).")] = "onnx",
    resamples: Resamples = RESAMPLES,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure a model on labelled sentences, with the thresholds it ships with.

    Every figure comes with a 95 % bootstrap interval over documents.
    """
    if report is not None:
        refuse_taken(report)
    columns = Columns(text_column, labels_column, doc_column, read_label_map(label_map))
    rows = read_test_set(data, columns, sentences=sentences or (), split=split)
    learned = read_labelled(train, columns, split=split) if train else []
    findings = check_test_set(Path(data).name, rows, learned)
    warn(findings)
    classifier = ClaimClassifier.from_pretrained(model, backend=backend)
    measured = evaluation(
        f"{classifier.metadata.name} ({backend})",
        rows,
        classifier.predict([row.text for row in rows]),
        source=data,
        slice_by=slice_by or (),
        seed=seed,
        resamples=resamples,
    )
    if as_json:
        typer.echo(json.dumps(measured.to_dict(), indent=2, allow_nan=False))
    else:
        console = Console()
        for table in evaluation_tables(measured):
            console.print(table)
    if report is not None:
        with new_directory(report) as directory:
            page = evaluation_page(measured, findings)
            (directory / "index.html").write_text(page, encoding="utf-8")
            metrics = json.dumps(measured.to_dict(), indent=2, allow_nan=False) + "\n"
            (directory / "metrics.json").write_text(metrics, encoding="utf-8")
        Console(stderr=True).print(f"The report is {report / 'index.html'}")


if __name__ == "__main__":
    run(evaluate)
