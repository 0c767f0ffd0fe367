"""Training sets that grow, at random or by choice, and how good a model each of them makes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from claimclf.errors import LabelledDataError, OptionError
from training import calibrate
from training.data import primaries, split_by_document
from training.metrics import macro_f1
from training.selection import choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from claimclf.decision import Calibration
    from training.data import LabelledSentence
    from training.learners import Learner, Logits

DOCUMENTS = "documents"
RANDOM = "random"
SELECT = "select"
STRATEGIES = (DOCUMENTS, RANDOM, SELECT)


@dataclass(frozen=True)
class Growth:
    """How a training set grows.

    Attributes:
        strategy: `DOCUMENTS`, document after document in random order; `RANDOM`, sentences in random order;
            `SELECT`, the same at first, then what `training.selection.choose` names, asked of the model of
            the size before.
        sizes: sentences, ascending; each set holds those before it.
        seed: of the order and of all that is fitted.
        candidates: how many of the sentences not yet taken `SELECT` chooses from.
        validation_fraction: share of each set, in documents, that calibrates and chooses epochs; one document
            at the least.
        calibration_weights: as in `training.config.TrainingConfig`.
        fit_thresholds: likewise.
    """

    strategy: str
    sizes: tuple[int, ...]
    seed: int
    candidates: int
    validation_fraction: float
    calibration_weights: Mapping[str, float] | None = None
    fit_thresholds: bool = True

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise OptionError("strategy", self.strategy, " or ".join(STRATEGIES))


@dataclass(frozen=True)
class Measured:
    """A model of one size on the dev sentences.

    Attributes:
        strategy: how its training set grew.
        seed: of that.
        sentences: how many it was made from, those it was calibrated on included.
        macro_f1: of the primary label.
        primary: shape (dev sentences,), predicted label indices.
    """

    strategy: str
    seed: int
    sentences: int
    macro_f1: float
    primary: NDArray[np.int64]


def grow(
    growth: Growth, learner: Learner, rows: Sequence[LabelledSentence], dev: Sequence[LabelledSentence]
) -> Iterator[Measured]:
    """A model of each size, measured, one after another.

    Args:
        growth: the sizes, and how to get from one to the next.
        learner: what makes the models.
        rows: all sentences to learn from.
        dev: the sentences to measure on.

    Raises:
        LabelledDataError: a set has too few documents or sentences to split.
    """
    order = _order(rows, growth)
    gold = primaries(dev)
    for size, following in zip(growth.sizes, (*growth.sizes[1:], None), strict=True):
        logits, calibration = _model(growth, learner, [rows[i] for i in order[:size]])
        primary = _primary(logits([row.text for row in dev]), calibration)
        yield Measured(growth.strategy, growth.seed, size, macro_f1(gold, primary), primary)
        if growth.strategy == SELECT and following is not None:
            order = _chosen_next(growth, rows, order, size, following - size, (logits, calibration))


def _order(rows: Sequence[LabelledSentence], growth: Growth) -> NDArray[np.int64]:
    shuffled = np.random.default_rng(growth.seed).permutation(len(rows))
    if growth.strategy != DOCUMENTS:
        return shuffled
    rank: dict[str, int] = {}
    for i in shuffled:
        rank.setdefault(rows[i].doc, len(rank))
    return shuffled[np.argsort([rank[rows[i].doc] for i in shuffled], kind="stable")]


def _model(growth: Growth, learner: Learner, rows: Sequence[LabelledSentence]) -> tuple[Logits, Calibration]:
    documents = len({row.doc for row in rows})
    if documents == 1:
        raise LabelledDataError(
            "The training data",
            f"{len(rows)} sentences, all of one document, cannot be split in two parts",
            "Give larger --sizes, or more documents, or take sentences of all of them: --strategy random",
        )
    fraction = min(0.5, max(growth.validation_fraction, 1 / documents))  # small sets have few documents
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn's, of labels that small sets hardly have
        train, validation = split_by_document(rows, fraction, growth.seed)
        logits = learner(train, validation, growth.seed)
    calibration = calibrate.fit(
        logits([row.text for row in validation]),
        validation,
        seed=growth.seed,
        weights=growth.calibration_weights,
        fit_thresholds=growth.fit_thresholds,
    )
    return logits, calibration


def _primary(logits: NDArray[np.float32], calibration: Calibration) -> NDArray[np.int64]:
    log_odds = calibrate.tempered(logits, calibration.temperatures)
    return calibrate.primary_of(log_odds, np.array(calibration.thresholds))


def _chosen_next(
    growth: Growth,
    rows: Sequence[LabelledSentence],
    order: NDArray[np.int64],
    taken: int,
    wanted: int,
    model: tuple[Logits, Calibration],
) -> NDArray[np.int64]:
    """The order anew: after those taken, the chosen ones, then the rest."""
    logits, calibration = model
    candidates = order[taken : taken + growth.candidates]
    texts = [rows[i].text for i in candidates]
    labelled = [rows[i].text for i in order[:taken]]
    choices = choose(texts, logits(texts), calibration, wanted, seed=growth.seed, labelled=labelled)
    chosen = candidates[[choice.index for choice in choices]]
    rest = order[taken:][~np.isin(order[taken:], chosen)]
    return np.concatenate([order[:taken], chosen, rest])
