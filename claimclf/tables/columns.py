"""The columns of a table: which one holds the texts, and which name stands twice."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

from claimclf.errors import ColumnError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TEXT_COLUMNS = (
    *(
        "text",
        "sentence",
        "quote",
        "quotation",
        "statement",
        "content",
        "tweet",
        "utterance",
        "post",
        "message",
    ),
    *("claim", "body", "headline", "texte", "phrase", "satz", "texto", "frase"),
)


def text_column(present: Sequence[str], asked: str | None, place: str) -> str:
    """The name of the column that holds the texts: the one asked for, or the first of the usual names.

    Case and surrounding spaces do not matter, except between two names that differ in nothing else.

    Raises:
        ColumnError: there is none; the error names the nearest, and those that are there.

    >>> text_column(["id", "Quote"], None, "mine.csv")
    'Quote'
    """
    by_plain_name = {name.strip().lower(): name for name in reversed(present)}
    if asked is not None:
        if asked in present:
            return asked
        if asked.strip().lower() in by_plain_name:
            return by_plain_name[asked.strip().lower()]
        nearest = difflib.get_close_matches(asked.lower(), by_plain_name, n=1)
        raise ColumnError(place, asked, present, by_plain_name[nearest[0]] if nearest else None)
    usual = next((name for name in TEXT_COLUMNS if name in by_plain_name), None)
    if usual is not None:
        return by_plain_name[usual]
    if len(present) == 1:
        return present[0]
    raise ColumnError(place, None, present, None)


def is_usual(name: str) -> bool:
    """Whether a column of this name usually holds texts.

    >>> is_usual("Quote "), is_usual("id|quote|who")
    (True, False)
    """
    return name.strip().lower() in TEXT_COLUMNS


def repeated(names: Iterable[str]) -> str | None:
    """The first of some names that is there more than once.

    >>> repeated(["id", "text", "text"])
    'text'
    """
    return next((name for name, times in Counter(names).items() if times > 1), None)
