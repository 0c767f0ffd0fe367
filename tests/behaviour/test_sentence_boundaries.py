"""The splitter against paragraphs that were written to be hard, with the boundaries a careful reader sets.

``hard_paragraphs.txt``: after a line ``=== kind`` stands a paragraph; ``‖`` follows the last character of
each of its sentences but the last.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from claimclf.sentences import split_sentences

_BOUNDARY = "‖"
_PARAGRAPHS = Path(__file__).parent / "hard_paragraphs.txt"


def paragraphs():
    """Each paragraph's kind, text and gold boundaries: the offsets where its sentences but the last end."""
    for block in re.split(r"^=== ", _PARAGRAPHS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        kind, marked = block.split("\n", 1)
        pieces = marked.rstrip("\n").split(_BOUNDARY)
        lengths = [len(piece) for piece in pieces[:-1]]
        yield kind, "".join(pieces), {sum(lengths[: n + 1]) for n in range(len(lengths))}


def boundaries(text):
    return {end for _, end in split_sentences(text)[:-1]}


def f1(found):
    hits = sum(len(gold & got) for _, _, gold, got in found)
    return 2 * hits / sum(len(gold) + len(got) for _, _, gold, got in found)


@pytest.fixture(scope="module")
def found():
    return [(kind, text, gold, boundaries(text)) for kind, text, gold in paragraphs()]


def test_the_paragraphs_are_many_and_of_many_kinds(found):
    kinds = Counter(kind for kind, *_ in found)
    assert len(found) >= 60
    assert len(kinds) >= 15
    assert all(not text[at - 1].isspace() for _, text, gold, _ in found for at in gold)


def test_boundaries_are_those_of_a_careful_reader(found):
    wrong = [
        f"{kind}: {'missing' if at in gold else 'wrong'} between {text[:at][-30:]!r} and {text[at:][:20]!r}"
        for kind, text, gold, got in found
        for at in sorted(gold ^ got)
    ]
    assert f1(found) >= 0.98, "\n".join(wrong)
