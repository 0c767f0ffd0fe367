"""Small changes to a sentence that leave what it does as it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    Perturbation = Callable[[str, random.Random], str | None]

_WORD = re.compile(r"[A-Za-z]{5,}")
_PLACES = ("VILNIUS", "Nairobi", "KARACHI", "Lima", "OSLO", "Hanoi", "ACCRA", "Belgrade", "TUNIS", "Ottawa")
_DATES = ("3 May 2021", "19 November 2024", "28 February 2023", "7 August 2025")


def swapped_letters(text: str, rng: random.Random) -> str | None:
    """Two neighbouring letters inside one word change places."""
    return _in_a_word(
        text,
        rng,
        lambda word, i: word[:i] + word[i + 1] + word[i] + word[i + 2 :] if word[i] != word[i + 1] else word,
    )


def missing_letter(text: str, rng: random.Random) -> str | None:
    """A letter inside one word is left out."""
    return _in_a_word(text, rng, lambda word, i: word[:i] + word[i + 1 :])


def doubled_letter(text: str, rng: random.Random) -> str | None:
    """A letter inside one word is typed twice."""
    return _in_a_word(text, rng, lambda word, i: word[:i] + word[i] + word[i:])


def lower_case(text: str, _: random.Random) -> str | None:
    """Everything in small letters."""
    return text.lower()


def upper_case(text: str, _: random.Random) -> str | None:
    """Everything in capitals."""
    return text.upper()


def headline_case(text: str, _: random.Random) -> str | None:
    """Every word with a capital."""
    return re.sub(r"(^|[\s\"“])([a-z])", lambda found: found[1] + found[2].upper(), text)


def curly_quotes(text: str, _: random.Random) -> str | None:
    """Straight double quotes become curly."""
    return _requoted(text, "“", "”")


def single_quotes(text: str, _: random.Random) -> str | None:
    """Straight double quotes become single."""
    return _requoted(text, "'", "'")


def angle_quotes(text: str, _: random.Random) -> str | None:
    """Straight double quotes become guillemets."""
    return _requoted(text, "«", "»")


def no_final_stop(text: str, _: random.Random) -> str | None:
    """The full stop at the end is gone."""
    return text[:-1] if text.endswith(".") else None


def ellipsis_at_end(text: str, _: random.Random) -> str | None:
    """The full stop at the end becomes three."""
    return text + ".." if text.endswith(".") else None


def date_at_end(text: str, rng: random.Random) -> str | None:
    """A date stands before the full stop, where a sentence without a quotation lets it."""
    if not text.endswith(".") or '"' in text:
        return None
    return f"{text[:-1]} on {rng.choice(_DATES)}."


def dateline(text: str, rng: random.Random) -> str | None:
    """An agency's place and date stand before the sentence."""
    return f"{rng.choice(_PLACES)}, {rng.choice(_DATES)} - {text}"


PERTURBATIONS: Mapping[str, Perturbation] = {
    "typos: two letters swapped": swapped_letters,
    "typos: a letter missing": missing_letter,
    "typos: a letter doubled": doubled_letter,
    "case: all lower": lower_case,
    "case: all upper": upper_case,
    "case: like a headline": headline_case,
    "quotes: curly": curly_quotes,
    "quotes: single": single_quotes,
    "quotes: angle": angle_quotes,
    "punctuation: no full stop": no_final_stop,
    "punctuation: ellipsis": ellipsis_at_end,
}
"""What can be done to any sentence; None where it does not apply."""

WITH_DATES: Mapping[str, Perturbation] = {"date: at the end": date_at_end, "date: a dateline": dateline}
"""What can be done to sentences that are known not to be about dates."""


def _in_a_word(text: str, rng: random.Random, change: Callable[[str, int], str]) -> str | None:
    """Changes one word of five letters or more, at a place that is neither its first nor its last letter."""
    words = list(_WORD.finditer(text))
    if not words:
        return None
    word = rng.choice(words)
    changed = change(word[0], rng.randrange(1, len(word[0]) - 2))
    return text[: word.start()] + changed + text[word.end() :] if changed != word[0] else None


def _requoted(text: str, opening: str, closing: str) -> str | None:
    if text.count('"') < 2 or text.count('"') % 2:
        return None
    parts = text.split('"')
    marks = [opening if i % 2 == 0 else closing for i in range(len(parts) - 1)]
    return parts[0] + "".join(mark + part for mark, part in zip(marks, parts[1:], strict=True))
