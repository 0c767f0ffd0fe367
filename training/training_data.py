"""The sentences of a training run: those it learns from, chooses on, and reports on."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claimclf.errors import ConfigurationError
from claimclf.model_dir import file_sha256
from training.calibrate import calibration_rows
from training.corrections import corrected, read_by_id, read_corrections
from training.data import (
    apart_from,
    read_labelled,
    read_taught,
    split_by_document,
    to_learn_from,
    without,
)
from training.formats import read_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from claimclf.labels import Label
    from training.config import TrainingConfig
    from training.data import LabelledSentence

_LOG = logging.getLogger(__name__)
CORPUS = Path(__file__).parent / "data" / "train.jsonl"
CORPUS_TEST = Path(__file__).parent / "data" / "test.jsonl"


@dataclass(frozen=True)
class TrainingData:
    """The sentences of a training run; no document and no text is in two of the parts.

    Attributes:
        train: to learn from.
        validation: to choose the epoch on, and to fit temperatures and thresholds.
        dev: to report on; nothing is fitted on them.
        dev_name: what the dev sentences are called in a report.
        left_out: how many sentences were not learned from because their text or document is in dev.
        mixed: how many of the others are of the project's own corpus.
        taught: to learn from as well, with the scores of teachers.
    """

    train: list[LabelledSentence]
    validation: list[LabelledSentence]
    dev: list[LabelledSentence]
    dev_name: str
    left_out: int
    mixed: int
    taught: list[LabelledSentence]

    @classmethod
    def read(cls, config: TrainingConfig) -> TrainingData:
        """The sentences that a configuration names, split as it says.

        Raises:
            ConfigurationError: it names none, names unlabelled sentences without labels by id, holds out
                everything or nothing, weighs no stratum of what is held out, or a file is not the one whose
                hash it states.
            LabelledDataError: a file cannot be read, a line is not as it should be, or all is of dev.
        """
        if not config.train:
            raise ConfigurationError("There is nothing to learn from.", "Give --train a labelled file.")
        if config.unlabelled and not config.corrections:
            raise ConfigurationError(
                "Nothing labels the sentences of --unlabelled.", "Give --corrections a file of labels by id."
            )
        hashes(config)
        rows = [row for source in config.train for row in read_labelled(source, config.columns)]
        corrections: dict[str, tuple[Label, ...]] = {}
        for source in config.corrections:
            corrections |= read_corrections(Path(source), config.label_map)
        rows = corrected(rows, corrections)
        if config.dev:
            dev, dev_name = read_labelled(config.dev, config.columns), Path(config.dev).name
        else:
            rows, dev = split_by_document(rows, config.dev_fraction, config.seed)
            dev_name = f"a part of {', '.join(Path(source).name for source in config.train)}"
        rows += without(read_by_id(config.unlabelled, corrections, config.columns), rows)
        _warn_of_unused(corrections, [*rows, *dev])
        kept = to_learn_from(rows, dev, dev_name)
        mixed = _corpus_sample(len(kept), [*kept, *dev], config.seed) if config.mix else []
        train, validation = _split(kept, mixed, config)
        calibration_rows(validation, config.calibration_weights)  # refused here, not hours later
        taught = [row for source in config.taught for row in read_taught(source)]
        taught = apart_from(taught, [*validation, *dev])
        return cls(train, validation, dev, dev_name, len(rows) - len(kept), len(mixed), taught)


def _warn_of_unused(corrections: Mapping[str, object], rows: Sequence[LabelledSentence]) -> None:
    unused = len(corrections.keys() - {row.key for row in rows})
    if unused:
        _LOG.warning("--corrections: no sentence has %d of the %d ids.", unused, len(corrections))


def _split(
    rows: Sequence[LabelledSentence], mixed: Sequence[LabelledSentence], config: TrainingConfig
) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
    """What is learned from, and what is held out: of the rows and of the corpus, no document in both."""
    if config.held_out:
        return _split_as_named([*rows, *mixed], Path(config.held_out))
    parts = [
        split_by_document(part, config.validation_fraction, config.seed) for part in (rows, mixed) if part
    ]
    return [row for part in parts for row in part[0]], [row for part in parts for row in part[1]]


def _split_as_named(
    rows: Sequence[LabelledSentence], path: Path
) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
    """The sentences, but for those of the documents of which a file names one by id; and those."""
    keys = read_held_out(path)
    if missing := len(keys - {row.key for row in rows}):
        _LOG.warning(
            "%s: no sentence has %d of its %d ids; documents that only these name may be learned from.",
            path,
            missing,
            len(keys),
        )
    documents = {row.doc for row in rows if row.key in keys}
    train = [row for row in rows if row.doc not in documents]
    if not train or not documents:
        raise ConfigurationError(
            f"{path} holds out {'everything' if documents else 'nothing'}.",
            'Write one {"id": "…"} a line, of sentences to learn from whose documents are to be held out.',
        )
    held_out = [row for row in rows if row.doc in documents]
    return without(train, held_out), held_out


def read_held_out(path: Path) -> set[str]:
    """The ids, `LabelledSentence.key`, of the sentences that a file names whose documents are held out.

    Raises:
        LabelledDataError: the file cannot be read.
    """
    return {str(record.fields.get("id")) for record in read_records(path)}


def hashes(config: TrainingConfig) -> dict[str, str]:
    """The sha256 of each file of sentences that a configuration names, by its name there.

    Data sets and hub ids have none.

    Raises:
        ConfigurationError: a file is not the one whose hash the configuration states.
    """
    named = [
        *(*config.train, *config.unlabelled, *config.taught, *config.corrections),
        *(config.dev, config.held_out),
    ]
    found = {name: file_sha256(Path(name)) for name in named if name and Path(name).is_file()}
    for name, stated in config.data_sha256.items():
        if found.get(name, stated) != stated:
            raise ConfigurationError(
                f"{name} is not the file that the configuration states: its sha256 is {found[name]}.",
                "Give that file, or take data_sha256 out of the configuration.",
            )
    return found


def _corpus_sample(size: int, others: Sequence[LabelledSentence], seed: int) -> list[LabelledSentence]:
    """Whole documents of the project's own corpus, none of the others': as many sentences as asked or all."""
    documents: dict[str, list[LabelledSentence]] = {}
    for row in apart_from(read_labelled(CORPUS), others):
        documents.setdefault(row.doc, []).append(row)
    names = list(documents)
    random.Random(seed).shuffle(names)  # noqa: S311 - nothing secret
    sample: list[LabelledSentence] = []
    for name in names:
        if len(sample) >= size:
            break
        sample += documents[name]
    return sample
