"""What a transformer must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union

from claimclf.decision import Calibration, decide
from training.calibrate import fit
from training.data import targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from claimclf.prediction import Prediction
    from training.data import LabelledSentence


class TfidfBaseline:
    """TF-IDF of word and character n-grams, one logistic regression a label.

    Calibrated on held-out sentences exactly as the transformer is, so that the two compare fairly.
    """

    def __init__(
        self,
        train: Sequence[LabelledSentence],
        validation: Sequence[LabelledSentence],
        *,
        seed: int,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self._pipeline = make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True),
            ),
            OneVsRestClassifier(LogisticRegression(C=4.0, max_iter=1000, random_state=seed)),
        )
        self._pipeline.fit([row.text for row in train], targets(train))
        self._calibration: Calibration = fit(
            self.logits([row.text for row in validation]), validation, seed=seed, weights=weights
        )

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), 4): log-odds of each label."""
        return np.asarray(self._pipeline.decision_function(texts), dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """A prediction a text, as `claimclf.ClaimClassifier.predict` gives."""
        return [decide(row, self._calibration) for row in self.logits(texts).tolist()]
