"""Trains several times and takes the mean of the weights: one model, no slower than any of them.

What a run has by chance, from the order of its sentences or its dropout, the mean of several has less of
(Wortsman et al. 2022, Model Soups). All begin alike, outputs included, so that their weights stay near enough
to each other to have a mean that is a model.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console

from training.finetune import METRIC, fine_tune, held_out_figures
from training.processes import processes
from training.progress import held_out_line
from training.run_directory import LOG_FILE, log_lines, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from training.config import TrainingConfig
    from training.data import LabelledSentence


def fine_tune_averaged(
    config: TrainingConfig,
    start: Path,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    work: Path,
    *,
    resume: bool,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The mean of ``config.averaged_runs`` runs of `training.finetune.fine_tune`, and the tokenizer.

    Args:
        config: how to train.
        start: the directory of the model that every run starts from.
        train: the sentences to learn from.
        validation: sentences of other documents, to choose each run's epoch on.
        work: where the log is kept, and checkpoints: those of several runs in ``run-1``, ``run-2`` ….
        resume: go on from the last whole checkpoint of the run that was stopped.

    Raises:
        ConfigurationError: as `training.finetune.fine_tune`.
    """
    if config.averaged_runs == 1:
        return fine_tune(config, start, train, validation, work, resume=resume)
    works = [work / f"run-{number + 1}" for number in range(config.averaged_runs)]
    weights = []
    for number, run_work in enumerate(works):
        run_work.mkdir(exist_ok=True)
        model, tokenizer = fine_tune(config, start, train, validation, run_work, resume=resume, run=number)
        weights.append(model.state_dict())
    model.load_state_dict(mean(weights))
    figures = held_out_figures(model, tokenizer, config, validation, work)
    if processes().is_main_process:
        Console().print(f"mean of the {len(works)} runs: {held_out_line(figures, METRIC)}")
        write(work / LOG_FILE, log_lines([*_histories(works), {"run": "mean", **figures}]))
    return model, tokenizer


def mean(weights: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of each tensor over models of one kind; those of whole numbers are the first model's.

    >>> mean([{"weight": torch.tensor([1.0])}, {"weight": torch.tensor([2.0])}])
    {'weight': tensor([1.5000])}
    """
    first = weights[0]
    return {
        name: torch.stack([model[name] for model in weights]).mean(dim=0)
        if weight.is_floating_point()
        else weight
        for name, weight in first.items()
    }


def _histories(works: Sequence[Path]) -> list[dict[str, Any]]:
    return [
        {"run": number, **json.loads(line)}
        for number, work in enumerate(works, start=1)
        for line in (work / LOG_FILE).read_text(encoding="utf-8").splitlines()
    ]
