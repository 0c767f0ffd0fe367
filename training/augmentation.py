"""Changes training sentences in ways that leave their labels as they are: typos, marks, names.

What a behavioural suite says must not matter, a model learns not to mind.
"""

from __future__ import annotations

import csv
import random
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from training import perturbations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.data import LabelledSentence

_NAMES = Path(__file__).parent / "data" / "names.csv"
_PERTURBATIONS = (
    perturbations.swapped_letters,
    perturbations.missing_letter,
    perturbations.doubled_letter,
    perturbations.swapped_letters,
    perturbations.missing_letter,
    perturbations.doubled_letter,
    perturbations.no_final_stop,
    perturbations.curly_quotes,
    perturbations.single_quotes,
    perturbations.angle_quotes,
    perturbations.dateline,
    perturbations.date_at_end,
)


def augmented(
    rows: Sequence[LabelledSentence], *, perturbed_share: float, renamed_share: float, seed: int
) -> list[LabelledSentence]:
    """The sentences, some of them changed; as many, in the same order, with the same labels.

    Args:
        rows: the sentences.
        perturbed_share: share of them that get a typo, other quotation marks, a date or no full stop.
        renamed_share: share of them in which every country, party and faith is another, by name, adjective
            and people, and every country's capital goes with it.
        seed: of the choices.
    """
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    return [replace(row, text=_changed(row.text, perturbed_share, renamed_share, rng)) for row in rows]


def _changed(text: str, perturbed_share: float, renamed_share: float, rng: random.Random) -> str:
    if rng.random() < renamed_share:
        text = renamed(text, rng)
    if rng.random() < perturbed_share:
        text = rng.choice(_PERTURBATIONS)(text, rng) or text
    return text


def renamed(text: str, rng: random.Random) -> str:
    """The sentence with every country, party and faith it names replaced by another, the same one throughout.

    >>> renamed("Serbia and the Serbian army", random.Random(1)).count("Serbia")
    0
    """
    meaning, pattern = _meanings()
    others: dict[int, int] = {}

    def other_name(found: re.Match[str]) -> str:
        which, form = meaning[found[0]]
        if which not in others:
            taken = {which, *others.values()}
            others[which] = rng.choice([other for other in _of_its_kind(which) if other not in taken])
        name = _names()[others[which]][form]
        return name[0].upper() + name[1:] if found.start() == 0 else name

    return pattern.sub(other_name, text)


@cache
def _names() -> list[dict[str, str]]:
    """Of each country, party and faith its kind, name, adjective, people and, of a country, capital."""
    with _NAMES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _of_its_kind(which: int) -> list[int]:
    return [other for other, forms in enumerate(_names()) if forms["kind"] == _names()[which]["kind"]]


@cache
def _meanings() -> tuple[dict[str, tuple[int, str]], re.Pattern[str]]:
    """What each name means (of whom, and which form of it), and a pattern of all."""
    meaning = {
        name: (which, form)
        for form in ("capital", "people", "adjective", "name")  # where two are one word, the last counts
        for which, forms in enumerate(_names())
        for name in (forms[form], forms[form][:1].upper() + forms[form][1:])
        if name
    }
    longest_first = sorted(meaning, key=len, reverse=True)
    return meaning, re.compile(
        r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b(?! (?:Sea|City|Post|Republic))"
    )
