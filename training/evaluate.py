"""Measures a model on labelled sentences: ``python -m training.evaluate MODEL_DIR DATA``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from claimclf.classifier import ClaimClassifier
from claimclf.labels import LABELS
from training.command import run
from training.data import read_labelled
from training.metrics import measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.metrics import Figures

_OVERALL = {
    "macro-F1": "macro_f1",
    "multi-label macro-F1": "multilabel_macro_f1",
    "exact match": "exact_match",
}


def figures_table(title: str, systems: Mapping[str, Figures]) -> Table:
    """A column a system: precision, recall and F1 of each label, and the figures over all, in per cent."""
    table = Table(
        title=title, title_justify="left", caption="precision / recall / F1 of the primary label, %"
    )
    table.add_column("")
    for name in systems:
        table.add_column(name, justify="right")
    for label in LABELS:
        per_system = (figures.per_label[label.value] for figures in systems.values())
        table.add_row(
            label.value,
            *(f"{100 * f.precision:.1f} / {100 * f.recall:.1f} / {100 * f.f1:.1f}" for f in per_system),
        )
    table.add_section()
    for title_of_row, figure in _OVERALL.items():
        table.add_row(
            title_of_row, *(f"{100 * getattr(figures, figure):.1f}" for figures in systems.values())
        )
    return table


def evaluate(
    model: Annotated[str, typer.Argument(help="A model directory, or a shipped model's name.")],
    data: Annotated[Path, typer.Argument(help="Labelled sentences, .jsonl.")],
    *,
    backend: Annotated[str, typer.Option(help="onnx (int8) or torch (float32).")] = "onnx",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Measure a model on labelled sentences, with the thresholds it ships with."""
    rows = read_labelled(data)
    classifier = ClaimClassifier.from_pretrained(model, backend=backend)
    figures = measure(rows, classifier.predict([row.text for row in rows]))
    if as_json:
        typer.echo(json.dumps(figures.to_dict(), indent=2))
    else:
        title = f"{classifier.metadata.name} on {data.name}, {figures.sentences} sentences"
        Console().print(figures_table(title, {backend: figures}))


if __name__ == "__main__":
    run(evaluate)
