"""Fine-tunes, calibrates, exports and measures a model, in one command.

python -m training.train --config training/configs/small.yaml --train train.jsonl --dev dev.jsonl \
    --base-model sentence-transformers/all-MiniLM-L6-v2 --output runs/small
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from claimclf.classifier import ClaimClassifier
from claimclf.decision import IDENTITY
from claimclf.errors import ExportDisagreesError, OutputExistsError
from claimclf.model_dir import Metadata, Window, new_directory, seal
from training import calibrate
from training.augmentation import augmented
from training.base_model import BaseModel
from training.baselines import Linear, tfidf_features
from training.command import run
from training.config import TrainingConfig
from training.data import (
    LabelledSentence,
    corrected,
    read_corrections,
    read_labelled,
    split_by_document,
    without,
)
from training.export import export
from training.finetune import fine_tune
from training.metrics import Figures, Outcomes, measure
from training.provenance import provenance
from training.terminal import figures_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claimclf.prediction import Prediction

console = Console()


def train(
    *,
    config: Annotated[Path, typer.Option(help="The configuration, YAML.")],
    train_data: Annotated[
        list[Path], typer.Option("--train", help="Labelled sentences to learn from; may be repeated.")
    ],
    dev: Annotated[Path, typer.Option(help="Labelled sentences to report on; never fitted on.")],
    output: Annotated[Path, typer.Option(help="The model directory to make.")],
    base_model: Annotated[
        str | None, typer.Option(help="The encoder to start from: a hub id or a path; else the config's.")
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option(help="Labels by sentence id that replace those of --train, .jsonl.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
) -> None:
    """Make a model directory from labelled sentences, and measure it."""
    settings = TrainingConfig.from_yaml(config)
    base = BaseModel.find(base_model, settings)
    if output.exists():
        raise OutputExistsError(output)
    work = output.with_name(output.name + ".work")
    if work.exists() and not resume:
        raise OutputExistsError(work)  # checkpoints of a run that stopped: for --resume, or to be removed

    dev_rows = read_labelled(dev)
    labelled = [row for path in train_data for row in read_labelled(path)]
    sources = [*train_data, *([corrections] if corrections else [])]
    if corrections is not None:
        labelled = corrected(labelled, read_corrections(corrections))
    kept = without(labelled, dev_rows)
    train_rows, validation_rows = split_by_document(kept, settings.validation_fraction, settings.seed)
    console.print(
        f"{len(train_rows)} sentences to learn from, {len(validation_rows)} of other documents to choose the "
        f"epoch and, from them, to calibrate on, {len(dev_rows)} to report on; "
        f"{len(labelled) - len(kept)} left out because they are in {dev.name}."
    )

    learned_from = augmented(
        train_rows,
        perturbed_share=settings.perturbed_share,
        renamed_share=settings.renamed_share,
        seed=settings.seed,
    )
    model, tokenizer = fine_tune(settings, base.path, learned_from, validation_rows, work, resume=resume)
    with new_directory(output) as directory:
        export(model, tokenizer, directory)
        window = Window(settings.window_length, settings.window_overlap)
        seal(directory, Metadata(settings.name, settings.language, window, IDENTITY, {}))
        logits = ClaimClassifier.from_pretrained(directory).logits([row.text for row in validation_rows])
        calibration = calibrate.fit(
            logits, validation_rows, seed=settings.seed, weights=settings.calibration_weights
        )
        seal(directory, Metadata(settings.name, settings.language, window, calibration, {}))

        systems, flips = _measure(directory, settings, train_rows, validation_rows, dev_rows)
        console.print(figures_table(f"{settings.name} on {dev.name}, {len(dev_rows)} sentences", systems))
        console.print(f"int8 labels {flips} of {len(dev_rows)} sentences differently from float32.")
        if flips > settings.allowed_flips * len(dev_rows):
            raise ExportDisagreesError(flips, len(dev_rows), settings.allowed_flips)
        origin = provenance(settings, base, sources, dev, train_rows, validation_rows)
        origin["measured"] = {
            "on": dev.name,
            "sentences": len(dev_rows),
            "flips": flips,
            "systems": {name: figures.to_dict() for name, figures in systems.items()},
        }
        seal(directory, Metadata(settings.name, settings.language, window, calibration, origin))
    shutil.rmtree(work)
    console.print(f"The model is in {output}. Try: claimclf predict article.txt --model {output}")


def _measure(
    directory: Path,
    settings: TrainingConfig,
    train_rows: Sequence[LabelledSentence],
    validation_rows: Sequence[LabelledSentence],
    dev_rows: Sequence[LabelledSentence],
) -> tuple[dict[str, Figures], int]:
    """The figures of the model in int8 and float32 and of the baseline; the labels that int8 changes."""
    texts = [row.text for row in dev_rows]
    int8 = ClaimClassifier.from_pretrained(directory).predict(texts)
    float32 = ClaimClassifier.from_pretrained(directory, backend="torch").predict(texts)
    tfidf = Linear(
        tfidf_features(),
        train_rows,
        validation_rows,
        seed=settings.seed,
        weights=settings.calibration_weights,
    ).predict(texts)
    systems = {"int8": int8, "float32": float32, "TF-IDF + logistic regression": tfidf}
    return {name: measure(Outcomes.of(dev_rows, p)) for name, p in systems.items()}, _flips(int8, float32)


def _flips(a: Sequence[Prediction], b: Sequence[Prediction]) -> int:
    return sum(x.label is not y.label for x, y in zip(a, b, strict=True))


if __name__ == "__main__":
    run(train)
