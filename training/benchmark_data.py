"""The sentences of a benchmark: those measured on, and those that baselines may learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from claimclf.errors import OptionError
from training.corrections import read_by_id, read_test_set
from training.training_data import CORPUS_TEST, read_held_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.data import LabelledSentence


def read_test_sets(
    data: Sequence[str], data_by_id: Sequence[str], sentences: Sequence[str]
) -> dict[str, list[LabelledSentence]]:
    """The sentences to measure on, by file: the project's own test set where no file is named.

    Args:
        data: files of labelled sentences.
        data_by_id: files of labels by sentence id.
        sentences: files with the sentences of the latter.

    Raises:
        OptionError: two files are called the same, or nothing has the sentences of labels by id.
        LabelledDataError: a file cannot be read, or has no labelled sentence.
    """
    if data_by_id and not sentences:
        raise OptionError("data_by_id", data_by_id[0], "it with --sentences, the files with its sentences")
    sources = [*data, *data_by_id] or [str(CORPUS_TEST)]
    names = [Path(source).name for source in sources]
    if twice := [name for name in names if names.count(name) > 1]:
        raise OptionError("data", twice[0], "files of different names: their figures are told apart by them")
    return {
        source: read_test_set(source, sentences=sentences if source in data_by_id else ())
        for source in sources
    }


def without_held_out(
    rows: Sequence[LabelledSentence], held_out: str, sentences: Sequence[str]
) -> list[LabelledSentence]:
    """What a model could learn from: rows of other documents than those that were held out from it.

    Args:
        rows: sentences that it was trained on, in part.
        held_out: as in `training.config.TrainingConfig`: a file that names a sentence of each, or "".
        sentences: files that may have the sentences named, where the rows do not.

    Raises:
        LabelledDataError: a file cannot be read.
    """
    if not held_out:
        return list(rows)
    keys = read_held_out(Path(held_out))
    named = [row for row in rows if row.key in keys] + read_by_id(sentences, dict.fromkeys(keys, ()))
    documents = {row.doc for row in named}
    return [row for row in rows if row.doc not in documents]
