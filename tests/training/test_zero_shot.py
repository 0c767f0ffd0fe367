"""The zero-shot baseline on a tiny NLI model, untrained: that it runs, not that it is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import BertForSequenceClassification

from tests.conftest import tiny_model, tiny_tokenizer
from tests.training.conftest import Inputs
from training.data import read_labelled
from training.systems import BaselineInputs


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nli")
    tokenizer = tiny_tokenizer()
    config = tiny_model(len(tokenizer)).config
    config.update({"id2label": {0: "contradiction", 1: "neutral", 2: "entailment"}})
    BertForSequenceClassification(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def test_it_scores_each_label_on_its_own(inputs: Inputs, nli: Path) -> None:
    texts = ["Osmani denied it .", "Verrin met Dolan on Monday ."]
    baseline = BaselineInputs(read_labelled(inputs.train), nli_model=str(nli)).make("zero-shot")
    logits = baseline.logits(texts)
    assert logits.shape == (2, 4)
    assert np.isfinite(logits).all()
    assert len(set(logits[0].tolist())) > 1
    assert baseline.logits(texts[1:])[0] == pytest.approx(logits[1], abs=1e-4)
    assert len(baseline.predict(texts)) == 2
