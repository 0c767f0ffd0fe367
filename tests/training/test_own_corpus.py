"""The project's own sentences: in order, and none that is measured on is learned from."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest

from training.data import LabelledSentence, read_labelled
from training.training_data import CORPUS

FILES = ("train", "test", "articles", "articles_test")


@cache
def rows(name: str) -> list[LabelledSentence]:
    return read_labelled(CORPUS.with_name(f"{name}.jsonl"))


@pytest.mark.parametrize(("one", "other"), [*combinations(FILES, 2)])
def test_no_document_and_no_sentence_stands_in_two_files(one: str, other: str) -> None:
    assert not {row.doc for row in rows(one)} & {row.doc for row in rows(other)}
    assert not {row.key for row in rows(one)} & {row.key for row in rows(other)}


@pytest.mark.parametrize("name", FILES)
def test_every_sentence_stands_once_and_is_of_a_document_and_a_genre(name: str) -> None:
    assert len({row.key for row in rows(name)}) == len(rows(name))
    assert all(row.columns["doc"] and row.columns["genre"] for row in rows(name))


@pytest.mark.parametrize("name", FILES)
def test_every_label_is_there(name: str) -> None:
    primaries = {row.labels[0].value if row.labels else None for row in rows(name)}
    assert primaries == {"accusation", "denial", "call_to_action", "factual_report", None}
