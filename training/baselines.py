"""What a transformer must beat: five baselines that predict as the classifier does.

Those that learn are calibrated on held-out sentences as the transformer is, and their thresholds are fitted
there too, even where the transformer's are left at a half: they are given every chance.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from claimclf.decision import Calibration, decide
from claimclf.errors import BaselineUnavailableError, LabelledDataError
from claimclf.labels import LABELS, Label
from claimclf.prediction import Prediction, Scores
from training import cues
from training.calibrate import fit
from training.columns import NONE_NAME
from training.data import CLASSES, NONE, primaries, targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.data import LabelledSentence


class System(Protocol):
    """Anything that labels sentences: the classifier, or a baseline."""

    def predict(self, texts: Sequence[str], /) -> list[Prediction]:
        """A prediction a text, in the same order."""
        ...


class Majority:
    """Gives every sentence the most frequent class; its scores are the shares of the labels."""

    def __init__(self, train: Sequence[LabelledSentence]) -> None:
        classes = np.bincount(primaries(train), minlength=NONE + 1) / len(train)
        shares = targets(train).mean(axis=0).tolist()
        self._prediction = _prediction(int(classes.argmax()), float(classes.max()), shares)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The same prediction for every text."""
        return [self._prediction] * len(texts)


class CueWords:
    """The cue words of `training.cues`; how often each of their verdicts is right is counted in train."""

    def __init__(self, train: Sequence[LabelledSentence]) -> None:
        verdicts = np.array([self._class_of(cues.acts(row.text)) for row in train])
        gold, gold_sets = primaries(train), targets(train)
        self._predictions: dict[int, tuple[float, list[float]]] = {}
        for verdict in range(NONE + 1):
            here = verdicts == verdict
            # One sentence more, right or wrong by halves: a verdict that train never saw is no certainty.
            right = (float((gold[here] == verdict).sum()) + 0.5) / (here.sum() + 1)
            scores = (gold_sets[here].sum(axis=0) + 0.5) / (here.sum() + 1)
            self._predictions[verdict] = (right, scores.tolist())

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """What the cue words say of each text."""
        return [self._predict_one(cues.acts(text)) for text in texts]

    def _predict_one(self, acts: tuple[Label, ...]) -> Prediction:
        confidence, scores = self._predictions[self._class_of(acts)]
        return Prediction(acts[0] if acts else None, confidence, Scores(tuple(scores)), acts)

    @staticmethod
    def _class_of(acts: tuple[Label, ...]) -> int:
        return LABELS.index(acts[0]) if acts else NONE


class Linear:
    """Features of a text and one logistic regression a label.

    Where no sentence that it learns from has a label, or all have it, there is nothing to regress on: every
    text gets the log-odds of half a sentence among one more than there are.

    Raises:
        LabelledDataError: there are too few sentences to learn from.
    """

    def __init__(
        self,
        features: Pipeline,
        train: Sequence[LabelledSentence],
        validation: Sequence[LabelledSentence],
        *,
        seed: int,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self._pipeline = make_pipeline(
            features, OneVsRestClassifier(LogisticRegression(C=4.0, max_iter=1000, random_state=seed))
        )
        gold = targets(train)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Label .* is present in all")  # see below
                self._pipeline.fit([row.text for row in train], gold)
        except ValueError as error:
            problem = f"{len(train)} sentences are too few to learn from ({error})"
            raise LabelledDataError("The training data", problem, "Give more sentences.") from error
        having = gold.sum(axis=0)
        self._same_for_all = (having == 0) | (having == len(train))
        self._log_odds = np.log((having + 0.5) / (len(train) - having + 0.5))
        self._calibration: Calibration = fit(
            self.logits([row.text for row in validation]), validation, seed=seed, weights=weights
        )

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), 4): log-odds of each label."""
        log_odds = self._pipeline.decision_function(list(texts))
        return np.asarray(np.where(self._same_for_all, self._log_odds, log_odds), dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """A prediction a text, as `claimclf.ClaimClassifier.predict` gives."""
        return [decide(row, self._calibration) for row in self.logits(texts).tolist()] if len(texts) else []


def tfidf_features() -> Pipeline:
    """TF-IDF of word and character n-grams."""
    return make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True),
        )
    )


def static_features(base_model: Path) -> Pipeline:
    """The mean of the base encoder's frozen token embeddings: what its words say without their order."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base_model)
    table = AutoModel.from_pretrained(base_model).get_input_embeddings().weight.detach().float().numpy()

    def mean_embedding(texts: Sequence[str]) -> NDArray[np.float32]:
        ids = tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=512)["input_ids"]
        return np.stack([table[row].mean(axis=0) if row else np.zeros(table.shape[1]) for row in ids])

    return make_pipeline(FunctionTransformer(mean_embedding), StandardScaler())


class ZeroShot:
    """A zero-shot pipeline: does the sentence entail that it accuses, denies …?

    Yin et al. 2019, Benchmarking Zero-shot Text Classification. Thresholds and temperatures are fitted on a
    few hundred held-out sentences, its only contact with the labels.
    """

    _HYPOTHESES: ClassVar[Mapping[Label, str]] = {
        Label.ACCUSATION: "accuses or criticises somebody of doing wrong",
        Label.DENIAL: "denies or rejects an allegation",
        Label.CALL_TO_ACTION: "calls on somebody to do something",
        Label.FACTUAL_REPORT: "reports a fact or an event",
    }
    _CALIBRATED_ON = 300

    def __init__(self, model: str, validation: Sequence[LabelledSentence], *, seed: int) -> None:
        from transformers import pipeline

        try:
            self._pipeline = pipeline("zero-shot-classification", model=model, device="cpu")
        except (OSError, ValueError) as error:
            raise BaselineUnavailableError("zero-shot", f"no NLI model at {model!r} ({error})") from error
        chosen = np.random.default_rng(seed).permutation(len(validation))[: self._CALIBRATED_ON]
        rows = [validation[i] for i in chosen]
        self._calibration = fit(self.logits([row.text for row in rows]), rows, seed=seed)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), 4): log-odds that a text entails what each label says."""
        label_of = {hypothesis: label for label, hypothesis in self._HYPOTHESES.items()}
        answers = self._pipeline(
            list(texts), list(label_of), hypothesis_template="This sentence {}.", multi_label=True
        )
        scores = np.zeros((len(texts), len(LABELS)))
        for row, answer in enumerate(answers):
            for hypothesis, score in zip(answer["labels"], answer["scores"], strict=True):
                scores[row, LABELS.index(label_of[hypothesis])] = score
        clipped = np.clip(scores, 1e-6, 1 - 1e-6)
        return np.log(clipped / (1 - clipped)).astype(np.float32)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """A prediction a text, as `claimclf.ClaimClassifier.predict` gives."""
        return [decide(row, self._calibration) for row in self.logits(texts).tolist()] if len(texts) else []


def _prediction(index: int, confidence: float, scores: Sequence[float]) -> Prediction:
    label = None if CLASSES[index] == NONE_NAME else LABELS[index]
    return Prediction(label, confidence, Scores(tuple(scores)), (label,) if label else ())
