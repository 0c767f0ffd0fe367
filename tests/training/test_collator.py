from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import AutoTokenizer

from tests.training.conftest import Inputs
from training.collator import AGAIN, Collator
from training.config import TrainingConfig
from training.data import LabelledSentence
from training.finetune import _to_learn


@pytest.fixture(scope="module")
def collator(inputs: Inputs) -> Collator:
    return Collator(AutoTokenizer.from_pretrained(inputs.base_model))


def test_sentences_are_padded_to_the_longest_and_only_what_the_model_takes_is_kept(
    collator: Collator,
) -> None:
    batch = collator(
        [
            {"input_ids": [5, 6, 7], "labels": [0.0, 1.0], "length": 3},
            {"input_ids": [8], "labels": [1.0, 0.0], "length": 1},
        ]
    )
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[0, 1], [1, 0]]
    assert set(batch) == {"input_ids", "attention_mask", "labels"}


def test_all_second_readings_follow_all_first_ones_with_the_same_labels(collator: Collator) -> None:
    batch = collator(
        [
            {"input_ids": [5, 6], AGAIN: [5, 6, 7], "labels": [0.0]},
            {"input_ids": [8, 9], AGAIN: [8], "labels": [1.0]},
        ]
    )
    first, second = batch["input_ids"].chunk(2)
    assert first[:, :2].tolist() == [[5, 6], [8, 9]]
    assert second[0].tolist() == [5, 6, 7]
    assert second[1, 0] == 8
    assert batch["attention_mask"].sum(dim=1).tolist() == [2, 2, 3, 1]
    torch.testing.assert_close(*batch["labels"].chunk(2))


def test_where_sentences_are_read_twice_only_the_second_reading_is_changed(inputs: Inputs) -> None:
    tokenizer = AutoTokenizer.from_pretrained(inputs.base_model)
    rows = [LabelledSentence("Kenya denied the report.", (), "d", "")] * 20
    plain = tokenizer(rows[0].text)["input_ids"]
    config = TrainingConfig(renamed_share=0.5, perturbed_share=0.5)
    once = _to_learn(rows, tokenizer, config, seed=config.seed)
    assert AGAIN not in once.column_names
    assert any(ids != plain for ids in once["input_ids"])
    twice = _to_learn(rows, tokenizer, replace(config, consistency=1.0), seed=config.seed)
    assert all(ids == plain for ids in twice["input_ids"])
    assert twice[AGAIN][:] == once["input_ids"][:]
