"""Compares two systems on the same sentences: ``python -m training.compare A B DATA``."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from claimclf.errors import OutputExistsError
from claimclf.labels import LABELS
from training.bootstrap import RESAMPLES, Estimate, estimates
from training.checks import check_test_set, warn
from training.columns import NONE_NAME, Columns, read_label_map
from training.command import run
from training.data import LabelledSentence, read_labelled
from training.metrics import Outcomes, macro_f1
from training.options import AsJson, DocColumn, LabelMap, LabelsColumn, Resamples, TextColumn
from training.systems import BASELINES, BaselineInputs, system
from training.terminal import points

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from claimclf.labels import Label
    from claimclf.prediction import Prediction

_SHOWN = 20


@dataclass(frozen=True)
class Parting:
    """A sentence on whose primary label two systems part."""

    sentence: LabelledSentence
    a: Prediction
    b: Prediction


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same sentences.

    Attributes:
        sentences: how many.
        differences: A minus B of macro-F1, accuracy and the F1 of each label, from one paired bootstrap: in
            every resample both are measured on the same documents.
        only_a_right: sentences whose primary label A gets right and B wrong.
        only_b_right: the other way round.
        mcnemar_p: exact two-sided p-value of McNemar's test (1947) that the two err equally often.
        partings: the sentences with different primary labels.
    """

    sentences: int
    differences: dict[str, Estimate]
    only_a_right: int
    only_b_right: int
    mcnemar_p: float
    partings: list[Parting]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types. Sentences are named by id, not quoted."""
        return {
            **{
                name: value for name, value in asdict(self).items() if name not in ("differences", "partings")
            },
            "differences": {name: estimate.to_dict() for name, estimate in self.differences.items()},
            "partings": [
                {
                    "id": parting.sentence.key,
                    "gold": _name(parting.sentence.labels),
                    "a": _name(parting.a.labels),
                    "b": _name(parting.b.labels),
                }
                for parting in self.partings
            ],
        }


def comparison(
    rows: Sequence[LabelledSentence],
    a: Sequence[Prediction],
    b: Sequence[Prediction],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compares the predictions of two systems for the same sentences, in the same order."""
    of_a, of_b = Outcomes.of(rows, a), Outcomes.of(rows, b)
    a_right, b_right = of_a.primary == of_a.gold, of_b.primary == of_b.gold

    def differences(here: NDArray[np.int64]) -> dict[str, float]:
        gold, by_a, by_b = of_a.gold[here], of_a.primary[here], of_b.primary[here]
        return {
            "macro_f1": macro_f1(gold, by_a) - macro_f1(gold, by_b),
            "accuracy": float(a_right[here].mean() - b_right[here].mean()),
            **{
                f"f1 {label}": macro_f1(gold, by_a, [i]) - macro_f1(gold, by_b, [i])
                for i, label in enumerate(LABELS)
            },
        }

    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    return Comparison(
        sentences=len(rows),
        differences=estimates(differences, [row.doc for row in rows], seed=seed, resamples=resamples),
        only_a_right=only_a,
        only_b_right=only_b,
        mcnemar_p=float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0,
        partings=[
            Parting(row, by_a, by_b)
            for row, by_a, by_b in zip(rows, a, b, strict=True)
            if by_a.label is not by_b.label
        ],
    )


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
    resamples: Resamples = RESAMPLES,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Say whether A is better than B on some sentences, how sure that is, and where they part."""
    if partings is not None and partings.exists():
        raise OutputExistsError(partings)
    columns = Columns(text_column, labels_column, doc_column, read_label_map(label_map))
    rows = read_labelled(data, columns)
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


def verdict(difference: Estimate, a: str, b: str) -> str:
    """What an interval says, in words."""
    if difference.low > 0:
        return f"{a} is better"
    if difference.high < 0:
        return f"{b} is better"
    return "too close to call"


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
            *(_name(labels) for labels in (part.sentence.labels, part.a.labels, part.b.labels)),
        )
    console.print(parting)


def _write_partings(path: Path, compared: Comparison) -> None:
    staging = path.with_name(path.name + ".new")
    with staging.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("place", "text", "gold", "a", "b", "confidence_a", "confidence_b"))
        for part in compared.partings:
            names = (_name(labels) for labels in (part.sentence.labels, part.a.labels, part.b.labels))
            confidences = (f"{p.confidence:.4f}" for p in (part.a, part.b))
            writer.writerow((part.sentence.place, part.sentence.text, *names, *confidences))
    staging.replace(path)


def _name(labels: Sequence[Label]) -> str:
    return "|".join(label.value for label in labels) or NONE_NAME


if __name__ == "__main__":
    run(compare)
