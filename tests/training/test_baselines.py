from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from claimclf import LABELS, Label, Prediction
from claimclf.errors import BaselineUnavailableError, LabelledDataError
from tests.training.conftest import Inputs
from training.baselines import CueWords, Linear, Majority, System, static_features, tfidf_features
from training.data import LabelledSentence, read_labelled, split_by_document
from training.metrics import Outcomes, measure
from training.systems import BASELINES, BaselineInputs, system

Rows = list[LabelledSentence]


@pytest.fixture(scope="module")
def parts(inputs: Inputs) -> tuple[Rows, Rows]:
    return split_by_document(read_labelled(inputs.train), 0.2, seed=0)


def macro_f1(baseline: System, rows: Rows) -> float:
    return measure(Outcomes.of(rows, baseline.predict([row.text for row in rows]))).macro_f1


@pytest.mark.parametrize("features", ["tfidf", "static"])
def test_a_linear_baseline_learns_and_predicts_as_the_classifier_does(
    inputs: Inputs, parts: tuple[Rows, Rows], features: str
) -> None:
    of: dict[str, Callable[[], object]] = {
        "tfidf": tfidf_features,
        "static": lambda: static_features(inputs.base_model),
    }
    dev = read_labelled(inputs.dev)
    baseline = Linear(of[features](), *parts, seed=0)
    assert baseline.logits([row.text for row in dev]).shape == (len(dev), len(LABELS))
    assert macro_f1(baseline, dev) > 0.9
    assert baseline.predict([]) == []


def test_a_label_that_no_sentence_has_or_all_have_is_as_sure_as_their_number_allows() -> None:
    def rows(*extra: Label) -> Rows:
        acts = {"denied": (Label.DENIAL,), "rejected": (Label.DENIAL,), "repeated": (), "heard": ()}
        return [
            LabelledSentence(f"Verrin {act} the claim .", (*labels, *extra), act, "")
            for act, labels in [*acts.items()] * 3
        ]

    texts = ["Verrin denied the claim .", "Osmani left ."]
    none = Linear(tfidf_features(), rows(), rows(), seed=0).logits(texts)
    assert none[:, LABELS.index(Label.ACCUSATION)].tolist() == pytest.approx([np.log(0.5 / 12.5)] * 2)
    assert len(set(none[:, LABELS.index(Label.DENIAL)].tolist())) == 2
    every = Linear(tfidf_features(), rows(Label.ACCUSATION), rows(Label.ACCUSATION), seed=0).logits(texts)
    assert every[:, LABELS.index(Label.ACCUSATION)].tolist() == pytest.approx([np.log(12.5 / 0.5)] * 2)


def test_too_few_sentences_to_learn_from_are_an_error(parts: tuple[Rows, Rows]) -> None:
    with pytest.raises(LabelledDataError, match="2 sentences are too few to learn from"):
        Linear(tfidf_features(), parts[0][:2], parts[1], seed=0)


def test_the_majority_is_always_the_same(parts: tuple[Rows, Rows]) -> None:
    train, _ = parts
    one, other = Majority(train).predict(["He denied it.", ""])
    assert one == other
    most = max(LABELS, key=lambda label: sum(row.labels[:1] == (label,) for row in train))
    assert one.label is most
    assert one.confidence == pytest.approx(sum(row.labels[:1] == (most,) for row in train) / len(train))


def test_a_majority_of_none_gives_no_label() -> None:
    rows = [LabelledSentence(str(i), (), "d", "") for i in range(3)]
    assert Majority(rows).predict(["x"])[0].labels == ()


def test_cue_words_give_their_verdict_and_say_how_often_it_is_right(parts: tuple[Rows, Rows]) -> None:
    train = [
        LabelledSentence("He denied the claim.", (Label.DENIAL,), "a", ""),
        LabelledSentence("She denied the claim.", (Label.DENIAL,), "b", ""),
        LabelledSentence("They denied the claim.", (Label.ACCUSATION,), "c", ""),
    ]
    denial, question = CueWords(train).predict(["We deny that claim and urge calm.", "Why?"])
    assert denial.labels == (Label.DENIAL, Label.CALL_TO_ACTION)
    assert denial.confidence == denial.scores[Label.DENIAL] == pytest.approx(2.5 / 4)
    assert question.label is None
    assert question.confidence == 0.5, "a verdict never seen in train is even odds"


def test_every_baseline_keeps_the_protocol(inputs: Inputs) -> None:
    given = BaselineInputs(read_labelled(inputs.train), base_model=str(inputs.base_model))
    for name in set(BASELINES) - {"zero-shot"}:
        (prediction,) = system(name, given).predict(["Osmani denied that Verrin lied ."])
        assert isinstance(prediction, Prediction)
        assert 0 <= prediction.confidence <= 1
        assert all(0 <= score <= 1 for score in prediction.scores.values())


@pytest.mark.parametrize(
    ("name", "problem"),
    [("static", "--base-model"), ("zero-shot", "--nli-model"), ("svm", "known are majority")],
)
def test_a_baseline_that_cannot_be_made_says_what_it_needs(inputs: Inputs, name: str, problem: str) -> None:
    with pytest.raises(BaselineUnavailableError, match=problem):
        BaselineInputs(read_labelled(inputs.train)).make(name)


def test_without_sentences_no_baseline_is_made() -> None:
    with pytest.raises(BaselineUnavailableError, match="--train"):
        system("tfidf", BaselineInputs())


def test_an_nli_model_that_is_not_there_is_an_error(inputs: Inputs, tmp_path: Path) -> None:
    given = BaselineInputs(read_labelled(inputs.train), nli_model=str(tmp_path / "nowhere"))
    with pytest.raises(BaselineUnavailableError, match="no NLI model at"):
        given.make("zero-shot")
