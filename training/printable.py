"""Sentences as any terminal, spreadsheet and page can hold them."""

from __future__ import annotations

import re

from claimclf.tokenization import replace_lone_surrogates

# Control characters, which a terminal would obey and a spreadsheet cannot hold; U+FFFE and U+FFFF likewise.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def printable(text: str) -> str:
    """The text with spaces for control characters and line breaks, and U+FFFD for lone surrogates.

    >>> printable("She said:" + chr(10) + "no" + chr(27) + "[2J")
    'She said: no [2J'
    """
    return _UNPRINTABLE.sub(" ", replace_lone_surrogates(text))


def excerpt(text: str, longest: int = 70) -> str:
    """A text of which the end is cut off where it is too long for a line.

    >>> excerpt("The minister met the press.", longest=13)
    'The minister…'
    """
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
