"""Changes training sentences in ways that leave their labels as they are: typos, marks, names of countries.

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

_COUNTRIES = Path(__file__).parent / "data" / "countries.csv"
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
        renamed_share: share of them in which every country is another, by name, adjective and people, and
            United States parties are exchanged.
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
    """The sentence with every country it names replaced by another, the same one throughout.

    >>> renamed("Serbia and the Serbian army", random.Random(1)).count("Serbia")
    0
    """
    countries, pattern = _countries()
    others: dict[int, int] = {}

    def other_name(found: re.Match[str]) -> str:
        country, form = countries[found[0]]
        if country < 0:
            return _PARTIES[found[0]]
        if country not in others:
            taken = {country, *others.values()}
            others[country] = rng.choice([c for c in range(len(_forms())) if c not in taken])
        return _forms()[others[country]][form]

    return pattern.sub(other_name, text)


_PARTIES = {
    "Democrats": "Republicans",
    "Republicans": "Democrats",
    "Democrat": "Republican",
    "Republican": "Democrat",
    "Democratic": "Republican",
}


@cache
def _forms() -> list[tuple[str, ...]]:
    """Name, adjective and people of each country."""
    with _COUNTRIES.open(encoding="utf-8", newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


@cache
def _countries() -> tuple[dict[str, tuple[int, int]], re.Pattern[str]]:
    """What each name means (which country, -1 for a party; which form of it), and a pattern of all."""
    meaning = {
        name: (country, form)
        for form in (2, 1, 0)  # where adjective and people are one word, the adjective counts
        for country, names in enumerate(_forms())
        for name in (names[form],)
    }
    meaning |= dict.fromkeys(_PARTIES, (-1, 0))
    longest_first = sorted(meaning, key=len, reverse=True)
    return meaning, re.compile(
        r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b(?! (?:Sea|City|Post))"
    )
