"""Likely label errors, by cross-validated confident learning.

Northcutt, Jiang & Chuang 2021, Confident Learning: Estimating Uncertainty in Dataset Labels; the scores of
sentences with several labels after Thyagarajan et al. 2022, Identifying Incorrect Annotations in Multi-Label
Classification Data. Both as `cleanlab` has them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from claimclf.errors import LabelledDataError, MissingExtraError
from claimclf.labels import LABELS, Label
from training.baselines import tfidf_features
from training.data import CLASSES, NONE, counts, largest_class, primaries, targets
from training.encoder_features import encoder_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from claimclf.model_dir import ModelDir
    from training.data import LabelledSentence

FOLDS = 5
LEAST_SENTENCES = 50

_ALONE = (LABELS.index(Label.FACTUAL_REPORT), NONE)  # classes that stand alone in the codebook
_SECOND_ACT = 0.5  # the probability from which a second act is suggested


@dataclass(frozen=True)
class Suspicion:
    """How much a sentence's labels look like an error.

    Attributes:
        sentence: the sentence, with the labels it was given.
        suggested: the labels that the other sentences speak for, strongest first; ``()`` for none.
        score: 1 minus cleanlab's label quality, between 0 and 1; higher is more suspicious.
        probabilities: of each class, on its own, out of fold: from a model that saw other documents only.
        likely: among those that confident learning takes for errors.
    """

    sentence: LabelledSentence
    suggested: tuple[Label, ...]
    score: float
    probabilities: Mapping[str, float]
    likely: bool


def audit_features(model_dir: ModelDir, texts: Sequence[str]) -> csr_matrix:
    """What a sentence is judged by: TF-IDF, and the means of the hidden states and the logits of a model.

    They know nothing of the labels that are audited, as long as the model did not learn from them. Each kind
    has the same weight: rows of about unit length.

    Args:
        model_dir: the model, opened.
        texts: the sentences.

    Raises:
        LabelledDataError: the sentences have no words in common.
    """
    try:
        tfidf = tfidf_features().fit_transform(texts)
    except ValueError as error:
        raise LabelledDataError(
            "The data", f"the sentences have no words in common ({error})", "Give sentences of one language."
        ) from error
    dense = (
        StandardScaler().fit_transform(block) / np.sqrt(block.shape[1])
        for block in encoder_features(model_dir, texts)
    )
    return hstack([tfidf, *map(csr_matrix, dense)]).tocsr()


def suspicions(
    rows: Sequence[LabelledSentence], features: csr_matrix, *, folds: int = FOLDS, seed: int = 0
) -> list[Suspicion]:
    """Every sentence with how much its labels look like an error, most suspicious first.

    Args:
        rows: the labelled sentences.
        features: of each sentence, from `audit_features`.
        folds: each sentence is judged by what was learned from the other folds; no document is in two. Fewer
            are made where there are fewer documents, or fewer sentences of the most frequent label.
        seed: decides which documents go where.

    Raises:
        LabelledDataError: the sentences, documents or classes are too few to judge each by the others.
        MissingExtraError: cleanlab is not installed.
    """
    _check(rows)
    acts = targets(rows)
    given = np.column_stack([acts, ~acts.any(axis=1)]).astype(np.int64)
    present = np.flatnonzero(given.any(axis=0))
    probabilities = np.zeros(given.shape)
    probabilities[:, present] = _out_of_fold(rows, features, given[:, present], folds, seed)
    quality, likely = _confident_learning(given[:, present], probabilities[:, present])
    return [
        Suspicion(
            rows[i],
            suggestion(probabilities[i]),
            float(1 - quality[i]),
            dict(zip(CLASSES, probabilities[i].tolist(), strict=True)),
            bool(likely[i]),
        )
        for i in np.argsort(quality, kind="stable")
    ]


def suggestion(probabilities: NDArray[np.float64]) -> tuple[Label, ...]:
    """The labels that speak from probabilities of the classes, none last, each on its own.

    The most probable class; and where that is an act that may stand with others, those at least as likely as
    not.

    >>> suggestion(np.array([0.9, 0.6, 0.1, 0.7, 0.0]))
    (<Label.ACCUSATION: 'accusation'>, <Label.DENIAL: 'denial'>)
    >>> suggestion(np.array([0.1, 0.6, 0.1, 0.1, 0.7]))
    ()
    """
    strongest_first = np.argsort(-probabilities, kind="stable").tolist()
    first = strongest_first[0]
    if first == NONE:
        return ()
    more = [] if first in _ALONE else [i for i in strongest_first[1:] if i not in _ALONE]
    return (LABELS[first], *(LABELS[i] for i in more if probabilities[i] >= _SECOND_ACT))


def _check(rows: Sequence[LabelledSentence]) -> None:
    present = [name for name, sentences in counts(rows).items() if sentences]
    documents = len({row.doc for row in rows})
    for problem, cure in (
        (
            f"{len(rows)} sentences are too few" if len(rows) < LEAST_SENTENCES else "",
            f"Give at least {LEAST_SENTENCES}; fewer are quicker read than audited.",
        ),
        (
            "all are of one document" if documents == 1 else "",
            "Name the documents in a doc column, or leave it out.",
        ),
        (f"all are {present[0]}" if len(present) == 1 else "", "Add sentences of the other labels."),
    ):
        if problem:
            raise LabelledDataError("The data", f"no sentence can be judged by the others: {problem}", cure)


def _out_of_fold(
    rows: Sequence[LabelledSentence],
    features: csr_matrix,
    given: NDArray[np.int64],
    folds: int,
    seed: int,
) -> NDArray[np.float64]:
    """Shape of `given`: the probability of each class for each sentence, from the other folds."""
    documents = [row.doc for row in rows]
    folds = min(folds, len(set(documents)), largest_class(rows))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of classes that some fold lacks: their sentences are judged by what is there.
        warnings.filterwarnings("ignore", message="The least populated class|Label .* is present in all")
        splits = list(splitter.split(features, primaries(rows), documents))
        probabilities: NDArray[np.float64] = cross_val_predict(
            OneVsRestClassifier(LogisticRegression(max_iter=1000)),
            features,
            given,
            cv=splits,
            method="predict_proba",
        )
    return probabilities


def _confident_learning(
    given: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The quality of each sentence's labels, and whether they are likely wrong."""
    try:
        from cleanlab.multilabel_classification import get_label_quality_scores
        from cleanlab.multilabel_classification.filter import find_label_issues
    except ImportError as error:
        raise MissingExtraError("The audit", "train") from error
    labels: Any = [np.flatnonzero(row).tolist() for row in given]
    quality = get_label_quality_scores(labels, probabilities)
    with warnings.catch_warnings():
        # Of classes with a handful of sentences: their errors are ranked all the same.
        warnings.filterwarnings("ignore", message="May not flag all label issues")
        return quality, find_label_issues(labels, probabilities, n_jobs=1)
