"""What to label next: sentences the model is unsure of, no two alike, and some at random."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import normalize

from claimclf.labels import LABELS, Label
from training.calibrate import tempered
from training.near_duplicates import THRESHOLD, shingles, similarities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from claimclf.decision import Calibration

    Floats = NDArray[np.float64]

RANDOM = "random"
UNCERTAIN = "uncertain"
RANDOM_SHARE = 0.2

_REPORT = LABELS.index(Label.FACTUAL_REPORT)
_SHORTLIST = 10  # uncertain sentences looked at for each one chosen, Zhdanov's beta
_TOPICS = 50  # dimensions of what sentences are compared by
_MARGIN_WEIGHT = 0.5
_FAR = 30.0  # log-odds beyond which a decision is not in doubt


@dataclass(frozen=True)
class Choice:
    """A sentence chosen for labelling.

    Attributes:
        index: its place among the candidates.
        stratum: `RANDOM` or `UNCERTAIN`: how it was chosen. Shares may be estimated from random ones only.
    """

    index: int
    stratum: str


def choose(
    texts: Sequence[str],
    logits: NDArray[np.float32],
    calibration: Calibration,
    n: int,
    *,
    seed: int,
    random_share: float = RANDOM_SHARE,
    labelled: Sequence[str] = (),
) -> list[Choice]:
    """The sentences to label next, in an order of which any beginning is a fair mix.

    A share is drawn at random. The rest follows Zhdanov 2019, Diverse mini-batch Active Learning: of the
    sentences nearest to another decision, ten for each one wanted, k-means weighted by uncertainty makes as
    many clusters as sentences are wanted, and the one nearest to each centre is taken. The sentences nearest
    to another decision are taken from each label's threshold alike, so that the rare labels get their part.
    Of near-identical sentences, one is taken; none that is near-identical to a labelled one.

    Args:
        texts: the candidates.
        logits: shape (len(texts), 4), of a model that did not learn from them.
        calibration: that model's.
        n: how many to choose; fewer come back where there are not so many different ones.
        seed: of the random share, the clusters and the order.
        random_share: share of `n` that is drawn at random.
        labelled: sentences that are labelled already.
    """
    rng = np.random.default_rng(seed)
    unseen = _Unseen(texts, labelled)
    at_random = unseen.take(rng.permutation(len(texts)).tolist(), round(n * random_share))
    wanted = n - len(at_random)
    margins = margins_of(logits, calibration)
    ranked = nearest_to_each_threshold(margins)
    shortlist = ranked[: _SHORTLIST * wanted]
    uncertain = unseen.take([*_diverse(shortlist, texts, margins, wanted, seed), *ranked], wanted)
    chosen = [Choice(i, RANDOM) for i in at_random] + [Choice(i, UNCERTAIN) for i in uncertain]
    return [chosen[i] for i in rng.permutation(len(chosen))]


def margins_of(logits: NDArray[np.float32], calibration: Calibration) -> Floats:
    """Shape (n, 4): how far the calibrated log-odds of each label lie above its threshold."""
    margins = tempered(logits, calibration.temperatures) - logit(np.array(calibration.thresholds))
    return np.asarray(np.clip(margins, -_FAR, _FAR))


def distances_to_thresholds(margins: Floats) -> Floats:
    """Shape (n, 4): how much the log-odds of each label must move to change what `claimclf.decision` gives.

    Infinite for factual_report where another act is given, because it stands alone.

    >>> distances_to_thresholds(np.array([[2.0, -1.0, -3.0, 0.5], [-2.0, -1.0, -3.0, 0.5]])).tolist()
    [[2.0, 1.0, 3.0, inf], [2.0, 1.0, 3.0, 0.5]]
    """
    distances = np.abs(margins)
    distances[np.delete(margins, _REPORT, axis=1).max(axis=1) >= 0, _REPORT] = np.inf
    return distances


def nearest_to_each_threshold(margins: Floats) -> list[int]:
    """All indices: the sentence nearest to each label's threshold, then those second nearest, and so on."""
    distances = distances_to_thresholds(margins)
    ranks = distances.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return [int(i) for i in np.lexsort((distances.min(axis=1), ranks.min(axis=1)))]


def _diverse(
    shortlist: Sequence[int], texts: Sequence[str], margins: Floats, clusters: int, seed: int
) -> list[int]:
    """The shortlist anew: the nearest to each cluster's centre, then the second nearest, and so on."""
    if len(shortlist) <= clusters:
        return list(shortlist)
    here = margins[list(shortlist)]
    features = _features([texts[i] for i in shortlist], here, seed)
    weights = 2 * expit(-distances_to_thresholds(here).min(axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of fewer different sentences than clusters
        means = KMeans(clusters, n_init=1, random_state=seed).fit(features, sample_weight=weights)
    to_centre = np.linalg.norm(features - means.cluster_centers_[means.labels_], axis=1)
    turn = np.empty(len(shortlist), dtype=np.int64)
    for cluster in range(clusters):
        members = np.flatnonzero(means.labels_ == cluster)
        turn[members[to_centre[members].argsort(kind="stable")]] = np.arange(len(members))
    return [shortlist[i] for i in np.lexsort((-weights, turn))]


def _features(texts: Sequence[str], margins: Floats, seed: int) -> Floats:
    """What a sentence is about, and which decision about it is open."""
    words = make_pipeline(
        HashingVectorizer(n_features=1 << 16, norm=None, alternate_sign=False),
        TfidfTransformer(sublinear_tf=True),
    )
    counts = words.fit_transform(texts)
    with np.errstate(invalid="ignore"):  # of texts without a word in them
        topics = TruncatedSVD(min(_TOPICS, len(texts) - 1), random_state=seed).fit_transform(counts)
    return np.hstack([normalize(topics), _MARGIN_WEIGHT * np.tanh(margins / 2)])


class _Unseen:
    """Takes sentences that resemble none of those taken before, and none that is labelled."""

    def __init__(self, texts: Sequence[str], labelled: Sequence[str]) -> None:
        self._candidates = shingles(texts)
        self._labelled = shingles(labelled)
        self._closed = np.zeros(len(texts), dtype=bool)

    def take(self, order: Iterable[int], most: int) -> list[int]:
        """The first few in an order that are new."""
        taken: list[int] = []
        for index in order:
            if len(taken) == most:
                break
            if not self._closed[index] and self._is_new(index):
                taken.append(index)
        return taken

    def _is_new(self, index: int) -> bool:
        """Closes the sentence and all those near-identical to it; says whether it may be taken."""
        sentence = self._candidates[[index]]
        self._closed |= similarities(self._candidates, sentence) >= THRESHOLD
        self._closed[index] = True
        return not (similarities(self._labelled, sentence) >= THRESHOLD).any()
