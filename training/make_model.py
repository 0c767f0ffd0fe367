"""A training run from its configuration to a sealed model directory."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from claimclf.classifier import ClaimClassifier
from claimclf.decision import IDENTITY
from claimclf.metadata import Metadata, Window
from claimclf.model_dir import new_directory, refuse_taken, seal
from training import calibrate
from training.averaged_runs import fine_tune_averaged
from training.base_model import BaseModel
from training.export import export
from training.measured import INT8, Against, Measured, old_skills
from training.processes import processes
from training.provenance import provenance
from training.run_directory import (
    CONFIG_FILE,
    LOG_FILE,
    METRICS_FILE,
    is_finished,
    open_work,
    work_directory,
    write,
)
from training.terminal import figures_table
from training.training_data import TrainingData, hashes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.config import TrainingConfig
    from training.data import LabelledSentence


def make_model(config: TrainingConfig, output: Path, *, against: str, resume: bool = False) -> None:
    """Fine-tunes, exports, calibrates, measures and compares; the directory appears complete or not at all.

    It also holds the run: ``config.yaml``, complete with hashes, from which the same model can be made again;
    ``log.jsonl``, the losses; ``metrics.json``, everything measured. Started by ``torchrun``, each process
    trains and the first does the rest.

    Args:
        config: what to make the model from, and how.
        output: the directory to make.
        against: the model to compare with, a name or directory.
        resume: go on from the last checkpoint of a run that was stopped.

    Raises:
        ClaimclfError: something that is needed is not there or not as stated; the subclass says what.
    """
    console = Console(quiet=not processes().is_main_process)
    if resume and is_finished(output):
        console.print(f"The model in {output} is complete.", soft_wrap=True)
        return
    refuse_taken(output)
    rival = ClaimClassifier.from_pretrained(against)
    with processes().main_process_first():
        base = BaseModel.find(config)
    data = TrainingData.read(config)
    config = config.with_values({"base_model_sha256": base.sha256, "data_sha256": hashes(config)})
    if processes().is_main_process:
        open_work(output, config, resume=resume)
    processes().wait_for_everyone()
    work = work_directory(output)
    console.print(_parts(data))
    learned_from = [*data.train, *data.taught]
    model, tokenizer = fine_tune_averaged(
        config, base.path, learned_from, data.validation, work, resume=resume
    )
    if not processes().is_main_process:
        return
    with new_directory(output) as directory:
        export(model, tokenizer, directory, samples=[row.text for row in data.train])
        for name in (CONFIG_FILE, LOG_FILE):
            shutil.copyfile(work / name, directory / name)
        metadata = _calibrated(directory, config, data.validation)
        measured = Measured.of(directory, config, data)
        console.print(figures_table(f"{config.name} on {data.dev_name}", measured.figures()))
        measured.refuse_flips(config.allowed_flips)
        comparisons = [
            Against.of(rival, data.dev_name, data.dev, measured.predictions[INT8]),
            *([old_skills(directory, rival)] if config.from_model else []),
        ]
        metrics = {**measured.to_dict(), "against": [compared.to_dict() for compared in comparisons]}
        write(directory / METRICS_FILE, json.dumps(metrics, indent=2, allow_nan=False) + "\n")
        origin = {**provenance(config, base, data), "measured": measured.summary()}
        seal(directory, replace(metadata, provenance=origin))
    shutil.rmtree(work)
    for compared in comparisons:
        console.print(compared.sentence(), soft_wrap=True, highlight=False)
    made = f"The model is in {output}. Try: claimclf predict article.txt --model {output}"
    console.print(made, soft_wrap=True)


def _parts(data: TrainingData) -> str:
    mixed = f" ({data.mixed} of the project's own corpus)" if data.mixed else ""
    taught = f" and {len(data.taught)} of teachers" if data.taught else ""
    return (
        f"{len(data.train)} sentences to learn from{mixed}{taught}, {len(data.validation)} of other "
        f"documents to choose the epoch and calibrate on, {len(data.dev)} to report on; "
        f"{data.left_out} left out because their text or document is in {data.dev_name}."
    )


def _calibrated(directory: Path, config: TrainingConfig, validation: Sequence[LabelledSentence]) -> Metadata:
    """Fits the calibration to what the int8 model says of held-out sentences; seals it in."""
    window = Window(config.window_length, config.window_overlap)
    seal(directory, Metadata(config.name, config.language, window, IDENTITY, {}))
    logits = ClaimClassifier.from_pretrained(directory).logits([row.text for row in validation])
    calibration = calibrate.fit(
        logits,
        validation,
        seed=config.seed,
        weights=config.calibration_weights,
        fit_thresholds=config.fit_thresholds,
    )
    metadata = Metadata(config.name, config.language, window, calibration, {})
    seal(directory, metadata)
    return metadata
