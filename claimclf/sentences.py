"""Text to sentence spans.

The boundaries are found by sentencex (Wikimedia's rule-based segmenter). It keeps a quotation of several
sentences in one piece, but one quotation may report, accuse and call, so it is shown the text with every
quotation mark blanked by a space; the marks are then given back to the sentence they belong to.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import sentencex

from claimclf.tokenization import replace_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]

# Double marks always; single ones, which are also apostrophes, unless letters stand on both sides.
_QUOTATION_MARK = re.compile(r"""["“”„‟«»‹›]|(?<!\w)['‘’‚]|['‘’](?!\w)""")
_OPENING_MARKS = "“„‟«‹‘‚"
_CLOSING_MARKS = "”»›"
_APOSTROPHE = "’"
# sentencex does not know these abbreviations; it knows "..." but not "…" as an end, and takes only a line
# without any space for a blank one.
_TITLE = re.compile(r"\b(?:Ms|Amb|Atty|Dir|Secy)\.(?=\s)")
_ELLIPSIS_AT_END = re.compile(r"…(?=\s+[^\W_a-z])")
_SPACES_ALONE_IN_A_LINE = re.compile(r"(?<=\n)[^\S\n]+(?=\n)")
# "Is that so?" Mr Smith asked. The clause after the closing mark belongs to the quotation's sentence.
_REPORTING_CLAUSE = re.compile(
    r"""[!?…]["'”’»›]
    (?![^\S\n]*\n[^\S\n]*\n)\s+           # not over a blank line
    (?:(?-i:[a-z])                          # "Never!" he said
     |(?:[\w.’'-]+,?\s){1,6}?(?:said|says|asked|asks|added|told|replied|answered|shouted|wrote|cried|demanded
        |declared|insisted|warned|exclaimed|tweeted|posted|chanted|concluded|continued)\b)""",
    re.IGNORECASE | re.VERBOSE,
)


def split_sentences(text: str) -> list[Span]:
    """The sentences of an English text as character spans (start, end), end exclusive.

    Quotations are split inside; spans are in order, do not overlap, hold no white space at their ends, and
    leave nothing out but white space. Linear in the length of the text.

    >>> text = 'He said: "They lie. Stop it!" Then he left.'
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['He said: "They lie.', 'Stop it!"', 'Then he left.']
    """
    return list(_joined_reporting_clauses(text, _trimmed(text, _boundaries(text))))


def _boundaries(text: str) -> Iterator[int]:
    """Offsets at which a sentence starts, with quotation marks on the right side of each."""
    masked = _masked(text)
    previous = 0
    for boundary in sentencex.get_sentence_boundaries("en", masked):
        gap_end = gap_start = boundary["start_index"]
        while gap_start > previous and masked[gap_start - 1].isspace():
            gap_start -= 1
        yield _boundary_in_gap(text, gap_start, gap_end)
        previous = gap_end


def _masked(text: str) -> str:
    """The text as sentencex is to see it, character for character as long."""
    masked = _QUOTATION_MARK.sub(" ", replace_lone_surrogates(text))
    masked = _TITLE.sub(lambda title: title[0][:-1] + "x", masked)
    masked = _ELLIPSIS_AT_END.sub(".", masked)
    return _SPACES_ALONE_IN_A_LINE.sub(lambda spaces: "\n" * len(spaces[0]), masked)


def _boundary_in_gap(text: str, gap_start: int, gap_end: int) -> int:
    """Between two sentences stand white space and quotation marks: the closing ones end the first."""
    boundary = gap_start
    for offset in range(gap_start, gap_end):
        if text[offset] in _CLOSING_MARKS or (
            text[offset] == _APOSTROPHE and not text[offset + 1 : offset + 2].isalnum()
        ):
            boundary = offset + 1
    while boundary < gap_end and not text[boundary].isspace() and text[boundary] not in _OPENING_MARKS:
        boundary += 1
    return boundary


def _trimmed(text: str, starts: Iterator[int]) -> Iterator[Span]:
    """Spans from start to start without the white space at either end; blank ones left out."""
    bounds = [*starts, len(text)]
    for start, end in pairwise(bounds):
        piece = text[start:end]
        content = piece.strip()
        if content:
            first = start + len(piece) - len(piece.lstrip())
            yield first, first + len(content)


def _joined_reporting_clauses(text: str, spans: Iterator[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in spans:
        if current and _REPORTING_CLAUSE.match(text, current[1] - 2, span[1]):
            current = (current[0], span[1])
            continue
        if current:
            yield current
        current = span
    if current:
        yield current
