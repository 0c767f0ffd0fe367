"""Writes down what models say of unlabelled sentences, to learn from: ``python -m training.teach MODEL …``.

A student learns their scores beside the labels (Hinton et al. 2015, Distilling the Knowledge in a Neural
Network): several teachers err less than one, and sentences without labels are many. ``training.train
--taught`` takes what this writes.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from claimclf.classifier import ClaimClassifier
from claimclf.files import refuse_taken_file
from claimclf.labels import LABELS, Label
from training.columns import GUESSED, doc_of, text_of
from training.command import run
from training.formats import read_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_ACTS = [LABELS.index(label) for label in (Label.ACCUSATION, Label.DENIAL, Label.CALL_TO_ACTION)]
_LIKELY = 0.1
_BATCH = 1024


def teach(
    teachers: Annotated[list[str], typer.Argument(help="Models: names or directories.")],
    *,
    texts: Annotated[str, typer.Option(help="Unlabelled sentences, in any format of labelled ones.")],
    output: Annotated[Path, typer.Option(help="The .jsonl file to make.")],
    count: Annotated[int, typer.Option(min=1, help="How many sentences to write.")] = 60_000,
    ask: Annotated[int, typer.Option(min=1, help="How many to ask the first teacher about.")] = 200_000,
    backend: Annotated[str, typer.Option(help="onnx (int8) or torch (float32).")] = "onnx",
    seed: Annotated[int, typer.Option(help="Of the choice.")] = 13,
) -> None:
    """Score unlabelled sentences by the mean of some models.

    Most sentences report facts: of those that the first teacher was asked about, half of what is written are
    sentences in which another act is likely, as far as there are so many, and the rest a random sample.
    """
    refuse_taken_file(output)
    records = {text_of(record, GUESSED): doc_of(record, GUESSED) for record in read_records(texts)}
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    asked = rng.sample(list(records), min(ask, len(records)))
    first, *others = (ClaimClassifier.from_pretrained(name, backend=backend) for name in teachers)
    scores = _scores(first, asked)
    chosen = _chosen(scores, count, rng)
    asked, scores = [asked[number] for number in chosen], scores[chosen]
    mean = np.mean([scores, *(_scores(teacher, asked) for teacher in others)], axis=0)
    with output.open("x", encoding="utf-8") as file:
        for text, row in zip(asked, mean.tolist(), strict=True):
            named = {label.value: round(score, 4) for label, score in zip(LABELS, row, strict=True)}
            line = {"text": text, "doc": records[text], "scores": named}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    Console().print(f"{len(asked)} sentences with the scores of {len(teachers)} teachers are in {output}.")


def _scores(teacher: ClaimClassifier, texts: Sequence[str]) -> NDArray[np.float64]:
    """Shape (len(texts), 4): calibrated probabilities, in label order."""
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    console = Console(stderr=True)
    return np.array(
        [
            [prediction.scores[label] for label in LABELS]
            for batch in track(batches, teacher.metadata.name, console=console)
            for prediction in teacher.predict(batch)
        ]
    ).reshape(-1, len(LABELS))


def _chosen(scores: NDArray[np.float64], count: int, rng: random.Random) -> list[int]:
    """Half where an act is likely, half at random; all where there are no more."""
    likely = np.flatnonzero(scores[:, _ACTS].max(axis=1) > _LIKELY).tolist()
    acts = rng.sample(likely, min(count // 2, len(likely)))
    rest = sorted(set(range(len(scores))) - set(acts))
    return sorted([*acts, *rng.sample(rest, min(count - len(acts), len(rest)))])


if __name__ == "__main__":
    run(teach)
