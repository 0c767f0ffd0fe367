"""Finds likely label errors: ``python -m training.audit DATA... --model DIR --output DIR``."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from claimclf.model_dir import DEFAULT_MODEL, ModelDir, file_sha256, new_directory, refuse_taken
from training.base_model import trainings
from training.columns import Columns, read_label_map
from training.command import run
from training.correction_sheet import names, write_csv, write_xlsx
from training.data import read_labelled
from training.label_errors import FOLDS, audit_features, suspicions
from training.label_noise import NoiseTest, noise_test, top
from training.options import DocColumn, LabelMap, LabelsColumn, Split, TextColumn
from training.printable import excerpt, printable
from training.report import audit_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.label_errors import Suspicion

SHEET, CSV, PAGE = "label_errors.xlsx", "label_errors.csv", "label_errors.html"

_LEAST_LISTED = 20
_SHOWN = 5
_NOISE_SHARE = 0.15


def audit(
    data: Annotated[list[str], typer.Argument(help="Labelled sentences, in any known format.")],
    *,
    output: Annotated[Path, typer.Option(help="The directory to make: a spreadsheet and a page.")],
    model: Annotated[
        str,
        typer.Option(help="A model directory, or a shipped model's name. Not one that learned from DATA."),
    ] = DEFAULT_MODEL,
    share: Annotated[
        float | None,
        typer.Option(
            "--top",
            min=0.0,
            max=1.0,
            help="List this share of the sentences, the most suspicious; without it, those that confident "
            f"learning takes for errors, and {_LEAST_LISTED} at least.",
        ),
    ] = None,
    flip: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.5,
            help="Measure the audit too: flip this share of the labels, three times, and report how many of "
            f"the flipped are among the {_NOISE_SHARE:.0%} most suspicious.",
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Of the cross-validation.")] = FOLDS,
    text_column: TextColumn = None,
    labels_column: LabelsColumn = None,
    doc_column: DocColumn = None,
    label_map: LabelMap = None,
    split: Split = None,
    seed: Annotated[int, typer.Option(help="Of the folds and the flips.")] = 0,
) -> None:
    """Find likely label errors, most suspicious first.

    Each sentence is judged by what can be learned from the labels of the other documents. The spreadsheet has
    a column to correct them in; with it, training reads the corrections.
    """
    refuse_taken(output)
    opened = ModelDir.open(model)
    columns = Columns(text_column, labels_column, doc_column, read_label_map(label_map))
    rows = [row for source in data for row in read_labelled(source, columns, split=split)]
    console = Console(highlight=False)
    for source in learned_from(opened, data):
        warning = (
            f"{opened.metadata.name} learned from {source}: it has learned its label errors, and hides them."
        )
        console.print(warning, style="bold yellow", markup=False, soft_wrap=True)
    with Console(stderr=True).status("Reading the sentences"):
        features = audit_features(opened, [row.text for row in rows])
    with Console(stderr=True).status("Judging each sentence by the others"):
        judged = suspicions(rows, features, folds=folds, seed=seed)
    measured = None
    if flip:
        with Console(stderr=True).status("Flipping labels, and looking for them"):
            measured = noise_test(rows, features, flip=flip, share=_NOISE_SHARE, folds=folds, seed=seed)
    listed = _listed(judged, share)
    with new_directory(output) as directory:
        write_xlsx(directory / SHEET, listed)
        write_csv(directory / CSV, listed)
        page = audit_page(", ".join(Path(source).name for source in data), judged, listed, measured)
        (directory / PAGE).write_text(page, encoding="utf-8")
    _print(console, judged, listed, measured)
    console.print(_next_step(data, output), markup=False, soft_wrap=True)


def learned_from(model_dir: ModelDir, data: Sequence[str]) -> list[str]:
    """The files that a model learned from, as far as its provenance tells: a changed copy goes unnoticed.

    Those that the models before it learned from are among them.

    Args:
        model_dir: the model, opened.
        data: files; what is none, such as a hub id, is passed over.
    """
    steps = trainings(model_dir.metadata.provenance)
    learned = json.dumps([step.get("data", {}).get("train") for step in steps])
    return [source for source in data if Path(source).is_file() and file_sha256(Path(source)) in learned]


def _listed(judged: Sequence[Suspicion], share: float | None) -> list[Suspicion]:
    if share is not None:
        return list(judged[: top(len(judged), share)])
    likely = [suspicion for suspicion in judged if suspicion.likely]
    others = [suspicion for suspicion in judged if not suspicion.likely]
    return [*likely, *others[: max(0, _LEAST_LISTED - len(likely))]]


def _print(
    console: Console, judged: Sequence[Suspicion], listed: Sequence[Suspicion], measured: NoiseTest | None
) -> None:
    likely = sum(suspicion.likely for suspicion in judged)
    console.print(
        f"{len(judged)} sentences; the labels of {likely} look like errors. {len(listed)} are listed."
    )
    pairs = Counter((names(s.sentence.labels), names(s.suggested)) for s in listed)
    table = Table("given", "suggested", title="Listed, most frequent first", title_justify="left")
    table.add_column("sentences", justify="right")
    for (given, suggested), number in pairs.most_common(_SHOWN):
        table.add_row(given, suggested, str(number))
    console.print(table)
    for suspicion in listed[:_SHOWN]:
        sentence = suspicion.sentence
        line = f"    {sentence.place}: {names(sentence.labels)}, or {names(suspicion.suggested)}?"
        console.print(printable(f"{line} {excerpt(sentence.text)}"), markup=False, soft_wrap=True)
    if measured is not None:
        console.print(f"\n{measured}", markup=False, soft_wrap=True)


def _next_step(data: Sequence[str], output: Path) -> str:
    trained = " ".join(f"--train {source}" for source in data)
    return (
        f"\nRead {output / PAGE}. In {output / SHEET}, fill in 'corrected' where a label is wrong; "
        f"where it is right, leave it blank.\n"
        f"Then: python -m training.train {trained} --corrections {output / SHEET}"
    )


if __name__ == "__main__":
    run(audit)
