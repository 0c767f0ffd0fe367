"""Chooses what to label next: ``python -m training.select POOL --model DIR --n 200 --output tasks.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from claimclf.classifier import ClaimClassifier
from claimclf.decision import decide
from claimclf.errors import LabelledDataError
from claimclf.model_dir import DEFAULT_MODEL
from training.columns import NONE_NAME, Columns
from training.command import run
from training.labelling_tasks import (
    TO_LABEL,
    LabellingTask,
    config_path,
    refuse_unwritable,
    write_tasks,
)
from training.options import DocColumn, Split, TextColumn
from training.pool import PoolSample, read_known, sample_pool, sentence_key
from training.selection import RANDOM, RANDOM_SHARE, UNCERTAIN, choose


def select(
    pool: Annotated[
        list[str], typer.Argument(help="Unlabelled sentences: .jsonl, .csv, .tsv, .parquet, a data set …")
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(help="What to make: .json for Label Studio; .csv, .xlsx or .jsonl to fill in by hand."),
    ],
    model: Annotated[str, typer.Option(help="A model directory, or a shipped model's name.")] = DEFAULT_MODEL,
    n: Annotated[int, typer.Option("--n", min=1, help="How many sentences to choose.")] = 200,
    labelled: Annotated[
        list[str] | None,
        typer.Option(help="Sentences that are labelled already, never chosen again; may be repeated."),
    ] = None,
    random_share: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Share drawn at random: the only part that shares may be estimated from."
        ),
    ] = RANDOM_SHARE,
    candidates: Annotated[
        int,
        typer.Option(
            min=1, help="A random sample of so many sentences is scored; of a larger pool the rest is not."
        ),
    ] = 20_000,
    text_column: TextColumn = None,
    doc_column: DocColumn = None,
    split: Split = None,
    seed: Annotated[int, typer.Option(help="Of the sample, the random share and the order.")] = 0,
) -> None:
    """Choose which unlabelled sentences to label next.

    Those nearest to another decision of the model, no two alike, and some at random. The pool is read once,
    in bounded memory, and a random sample of it is scored: some minutes for a million sentences.
    """
    refuse_unwritable(output)
    classifier = ClaimClassifier.from_pretrained(model)
    columns = Columns(text=text_column, doc=doc_column)
    known = read_known(labelled or (), columns)
    sample = sample_pool(
        pool,
        columns,
        size=max(candidates, n),
        seed=seed,
        known={sentence_key(text) for text in known},
        split=split,
    )
    if not sample.sentences:
        raise LabelledDataError(
            ", ".join(pool), "holds no sentence that is not labelled already", "Give further sentences."
        )
    console = Console(stderr=True, highlight=False)
    console.print(_read(sample))
    tasks = _tasks(classifier, sample, n, seed=seed, random_share=random_share, known=known)
    write_tasks(output, tasks, classifier.metadata.name)
    console.print(_table(tasks))
    console.print(_next_steps(output, len(tasks), n), markup=False, soft_wrap=True)


def _tasks(
    classifier: ClaimClassifier,
    sample: PoolSample,
    n: int,
    *,
    seed: int,
    random_share: float,
    known: list[str],
) -> list[LabellingTask]:
    texts = [sentence.text for sentence in sample.sentences]
    logits = classifier.logits(texts)
    calibration = classifier.metadata.calibration
    choices = choose(texts, logits, calibration, n, seed=seed, random_share=random_share, labelled=known)
    return [
        LabellingTask(
            sample.sentences[choice.index],
            choice.stratum,
            decide(logits[choice.index].tolist(), calibration),
        )
        for choice in choices
    ]


def _read(sample: PoolSample) -> str:
    left_out = [
        f"{number:,} {why}"
        for number, why in ((sample.known, "labelled already"), (sample.unusable, "without a text"))
        if number
    ]
    aside = f" ({', '.join(left_out)})" if left_out else ""
    return f"{sample.read:,} sentences read{aside}; {len(sample.sentences):,} different ones to be scored."


def _table(tasks: list[LabellingTask]) -> Table:
    """How many sentences were chosen, and how, by what the model suggests for them."""
    table = Table("suggested", title=f"{len(tasks)} sentences chosen", title_justify="left")
    for stratum in (UNCERTAIN, RANDOM):
        table.add_column(stratum, justify="right")
    names = [task.prediction.label.value if task.prediction.label else NONE_NAME for task in tasks]
    for name in sorted(set(names)):
        strata = [task.stratum for task, own in zip(tasks, names, strict=True) if own == name]
        table.add_row(name, *(str(strata.count(stratum)) for stratum in (UNCERTAIN, RANDOM)))
    return table


def _next_steps(output: Path, chosen: int, wanted: int) -> str:
    lines = []
    if chosen < wanted:
        lines.append(f"Only {chosen} differ enough from one another and from the labelled ones.")
    if output.suffix == ".json":
        lines.append(
            f"Label Studio: paste {config_path(output)} under Settings, Labeling Interface, Code; import "
            f"{output}. Export as JSON."
        )
    else:
        lines.append(
            f"In {output}, put labels where {TO_LABEL!r} stands: accusation|call_to_action for two acts, the "
            f"main one first; {NONE_NAME} for none of the four."
        )
    return "\n".join([*lines, "What comes back is training data: python -m training.train --train …"])


if __name__ == "__main__":
    run(select)
