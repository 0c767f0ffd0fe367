from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.augmentation import augmented, renamed
from training.data import LabelledSentence
from training.perturbations import PERTURBATIONS, WITH_DATES

TEXT = 'The minister said: "We never paid anybody for silence."'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("case: all lower", 'the minister said: "we never paid anybody for silence."'),
        ("case: like a headline", 'The Minister Said: "We Never Paid Anybody For Silence."'),
        ("quotes: curly", "The minister said: “We never paid anybody for silence.”"),
        ("quotes: single", "The minister said: 'We never paid anybody for silence.'"),
        ("quotes: angle", "The minister said: «We never paid anybody for silence.»"),
        ("punctuation: no full stop", None),
        ("date: at the end", None),
    ],
)
def test_a_perturbation_does_what_it_says(name: str, expected: str | None) -> None:
    assert {**PERTURBATIONS, **WITH_DATES}[name](TEXT, random.Random(0)) == expected


@given(st.text(), st.sampled_from(sorted({**PERTURBATIONS, **WITH_DATES})), st.integers(0, 9))
def test_any_text_can_be_perturbed(text: str, name: str, seed: int) -> None:
    perturb = {**PERTURBATIONS, **WITH_DATES}[name]
    assert perturb(text, random.Random(seed)) == perturb(text, random.Random(seed))


@pytest.mark.parametrize("kind", ["two letters swapped", "a letter missing", "a letter doubled"])
def test_a_typo_changes_one_word_and_keeps_its_ends(kind: str) -> None:
    for seed in range(50):
        changed = PERTURBATIONS[f"typos: {kind}"]("Nobody denied anything yesterday.", random.Random(seed))
        if changed is None:  # two equal letters were swapped
            continue
        pairs = zip(["Nobody", "denied", "anything", "yesterday."], changed.split(), strict=True)
        ((before, after),) = [(a, b) for a, b in pairs if a != b]
        assert (before[0], before.rstrip(".")[-1]) == (after[0], after.rstrip(".")[-1])


def test_a_country_becomes_another_throughout() -> None:
    seen = {renamed("Serbia said Serbian police and Serbs were safe.", random.Random(i)) for i in range(60)}
    assert "Kenya said Kenyan police and Kenyans were safe." in seen
    assert not {text for text in seen if "Serb" in text}


def test_two_countries_become_two() -> None:
    for seed in range(50):
        one, other = renamed("Serbia met Kosovo", random.Random(seed)).split(" met ")
        assert one != other


def test_parties_are_exchanged_and_common_words_left_alone() -> None:
    assert renamed("Democrats met a Republican.", random.Random(0)) == "Republicans met a Democrat."
    assert (
        renamed("She polished the turkey in china.", random.Random(0)) == "She polished the turkey in china."
    )


@given(st.lists(st.text(min_size=1), max_size=5))
def test_without_shares_nothing_changes(texts: list[str]) -> None:
    rows = [LabelledSentence(text, (), "d", "") for text in texts]
    assert augmented(rows, perturbed_share=0, renamed_share=0, seed=1) == rows


def test_labels_and_order_stay_and_the_seed_decides() -> None:
    rows = [LabelledSentence(f"Kenya denied report number {i}.", (), str(i), "") for i in range(200)]
    changed = augmented(rows, perturbed_share=0.3, renamed_share=0.3, seed=1)
    assert changed == augmented(rows, perturbed_share=0.3, renamed_share=0.3, seed=1)
    assert [row.doc for row in changed] == [row.doc for row in rows]
    different = sum(a.text != b.text for a, b in zip(rows, changed, strict=True))
    assert 60 < different < 140
