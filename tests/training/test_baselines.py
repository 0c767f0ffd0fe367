from __future__ import annotations

from tests.training.conftest import Inputs
from training.baselines import TfidfBaseline
from training.data import read_labelled, split_by_document
from training.metrics import measure


def test_the_baseline_learns_and_predicts_as_the_classifier_does(inputs: Inputs) -> None:
    train, validation = split_by_document(read_labelled(inputs.train), 0.2, seed=0)
    dev = read_labelled(inputs.dev)
    baseline = TfidfBaseline(train, validation, seed=0)
    texts = [row.text for row in dev]
    assert baseline.logits(texts).shape == (len(dev), 4)
    assert measure(dev, baseline.predict(texts)).macro_f1 > 0.9
