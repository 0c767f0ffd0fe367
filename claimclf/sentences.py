"""Text to sentence spans.

The boundaries are found by sentencex (Wikimedia's rule-based segmenter). It keeps a quotation of several
sentences in one piece, but one quotation may report, accuse and call, so it is shown the text with every
quotation mark blanked by a space; the marks are then given back to the sentence they belong to.
"""

from __future__ import annotations

import re
from heapq import merge
from itertools import chain, groupby, pairwise
from typing import TYPE_CHECKING

import sentencex

from claimclf.tokenization import replace_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

Span = tuple[int, int]

# Double marks always; single ones, which are also apostrophes, unless letters stand on both sides.
_QUOTATION_MARK = re.compile(r"""["“”„‟«»‹›]|(?<!\w)['‘’‚`]|['‘’`](?!\w)""")
_OPENING_MARKS = "“„‟«‹‘‚"
_CLOSING_MARKS = "”»›"
_APOSTROPHE = "’"
# A quotation within a paragraph whose low opening mark makes the closing one of a mark that opens elsewhere.
_LOW_QUOTATION = re.compile(r"„[^„“”\n]*(?:\n(?!\s*\n)[^„“”\n]*)*“|(?<!\w)‚[^‚‘\n]*(?:\n(?!\s*\n)[^‚‘\n]*)*‘")
# Straight marks, which do not say whether they open or close, and what stands between two paragraphs.
_STRAIGHT_MARK = re.compile(r"""\n\s*\n|``|''|["`]|(?<!\w)'|'(?!\w)""")
# What sentencex does not know. Abbreviations before a name, in a transcript's capitals before capitals,
# before a number or a word that goes on, and days before a date; the second initial of J.-P.; the letter of
# a question and of its answer at the start of a line.
_ABBREVIATION = re.compile(
    r"""(?:\b(?:
        (?:Ms|Amb|Atty|Dir|Secy|Cllr|Ft|Insp|Supt|Det|Cmdr|Cpl|Pvt|Messrs|Mme|Hon|Pres)(?=\.\s)
       |(?:MR|MRS|MS|DR|SEN|REP|GOV|GEN|COL|CAPT|LT|SGT|AMB|PROF|REV)(?=\.\s+[A-Z]{2})
       |(?:[Aa]pprox|[Ii]ncl|[Ee]xcl|[Pp]aras?|[Ss]ect?|[Vv]ols?|Arts?|Inst|[Dd]ept|Div|[Ee]st|[Tt]el|[Ee]xt
          |[Rr]egs?|[Gg]ovt|lbs?|pct|cf|ca|Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)(?=\.\s+[a-z0-9§])
       |(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)(?=\.\s+(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))
      )|(?<=\.-)[A-Z](?=\.\s+[A-Z])|^[QA](?=\.\s)
       |(?<=[\s\d])[ap]\.m(?=\.\s+(?:[AECMP][SD]?T|A?[CEW]E?[SD]?T|AKST|BST|GMT|HST|IST|JST|MSK|SAST|UTC
          |(?:Eastern|Central|Mountain|Pacific)(?=[.,]|\s(?:[Tt]ime|[Dd]aylight|[Ss]tandard|on)\b)
          |(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?!['’])
          |(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s\d+)\b)
    )\.""",
    re.VERBOSE | re.MULTILINE,
)
# pro-U.S., then-Gov. Rask, mid-Jan. 2020: sentencex knows the second part where a space stands before it.
_HYPHEN_BEFORE_ABBREVIATION = re.compile(
    r"""(?:(?<=\w)|(?<=\b[A-Z]\.))[-‐‑–—/](?=[A-Z]\.[A-Z]|(?:
        (?:Adm|Brig|Capt|Cmdr|Col|Cpl|Drs?|Gen|Gov|Lt|Maj|Mrs?|Prof|Pvt|Reps?|Rev|Sens?|Sgt|St)\.\s
       |(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.\s+[a-z\d]))""",
    re.VERBOSE,
)
# J.D. Vance, but not: She has a J.D. Harvard hired her. The other initials are degrees and times more often.
_INITIALS = re.compile(
    r"""(?<!\ba\s)(?<!\ban\s)(?<!\bhis\s)(?<!\bher\s)(?<!\btheir\s)
    (?:\bJ\.\s?D|(?<=[a-z.!?:;\s]\s)(?:M\.[AD]|B\.[AS]|[AP]\.\sM))
    (?=\.\s+(?!(?:An?|The|This|These|That|Those|There|Here|He|She|It|They|We|I|You|His|Her|Its|Their|Our|My
        |In|On|At|By|For|From|With|After|Before|Since|When|While|As|If|But|And|So|Then|Now|Later|No|Not|Most|Many
        |What|Who|Why|How|Where|Mr|Mrs|Ms|Dr)\b)[A-Z][a-z])\.""",
    re.VERBOSE,
)
# "...and they lie", "I don't know . . . Maybe."
_ELLIPSIS_BEFORE_WORD = re.compile(r"(?<!\.)\.{2,}(?=[a-z0-9])")
_SPACE_IN_ELLIPSIS = re.compile(r"(?<=\.)[^\S\n](?=\.(?:\s|$))")
# sentencex counts in bytes, and panics over a space of several after an initial: "What could I . . . do?"
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")
_LINE_BREAK = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_ODD_LINE_BREAK = re.compile(r"\r(?!\r?\n)|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_LINE_OPENERS = "\"'“‘«„(["
_BULLET = re.compile(r"[^\S\n]*[•·▪●○*–—-][^\S\n]+(?=\S)")
# sentencex knows "..." but not "…" as an end, and takes only a line without any space for a blank one.
_ELLIPSIS_AT_END = re.compile(r"…(?=\s+[^\W_a-z])")
_SPACES_ALONE_IN_A_LINE = re.compile(r"(?<=\n)[^\S\n]+(?=\n)")
# (He denies it.) Police doubt that. sentencex does not look into brackets; "(see Annex B.)" and "(R-Ariz.)"
# end nothing.
_BRACKET_AT_END = re.compile(
    r"""(?:(?<![^\W\d_])(?!(?:
            Ala|Alta|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|Man|Mass|Md|Mich|Minn|Miss|Mo|Mont|Neb|Nev
           |Okla|Ont|Ore|Pa|Que|Sask|Tenn|Tex|Va|Vt|Wash|Wis|Wyo|Co|Con|Corp|Dem|Inc|Jr|Lab|Lib|Ltd|Pty|Pvt|Rep|Sr
           |[Rr]et|[Rr]etd|approx|eds?|est|etc)\.)
        [^\W\d_]{2,}\.|[!?])
    ["'”’»]?[)\]](?=\s+["'“‘«(\[]?[^\W\d_a-z])""",
    re.VERBOSE,
)
# "Is that so?" Mr Smith asked. The clause after the closing mark belongs to the quotation's sentence.
_REPORTING_CLAUSE = re.compile(
    r"""[.!?…]["'`”’»›“‘]{1,2}
    (?![^\S\n]*\n[^\S\n]*\n)\s+           # not over a blank line
    (?:(?-i:[a-z])                          # "Never!" he said
     |(?<![.]["'”’»›]\s)(?!nobody\b|no\s+one\b|none\b)       # "Why?" Nobody answered.
      (?:[\w.’'-]+,?\s){1,6}?(?:said|says|asked|asks|added|told|replied|answered|shouted|wrote|cried|demanded
        |declared|insisted|warned|exclaimed|tweeted|posted|chanted|concluded|continued)\b
        (?!\s+(?:that|he|she|it|they|we|there)\b))    # "Why?" The man said he knew nothing.
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DOTS_ALONE = re.compile(r"""[\s.…"'`“”„‟«»‹›‘’‚]{1,20}""")
# Who? has split up. What did he know? and when? Was it murder?—nobody knows. He called it "a lie.".
_GOES_ON = re.compile(r"""[!?][^\S\n]+[a-z]|[.!?…][—–]|["'”’»›]\.(?!\w)""")

# Characters that sentencex is shown at once, and how many of them show only what follows.
_WINDOW = 3_000
_CONTEXT = 1_000


def split_sentences(text: str) -> list[Span]:
    """The sentences of an English text as character spans (start, end), end exclusive.

    Quotations are split inside; spans are in order, do not overlap, hold no white space at their ends, and
    leave nothing out but white space. Linear in the length of the text.

    >>> text = 'He said: "They lie. Stop it!" Then he left.'
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['He said: "They lie.', 'Stop it!"', 'Then he left.']
    """
    lines = _ODD_LINE_BREAK.sub("\n", text)
    return list(_joined(lines, _trimmed(lines, _boundaries(lines))))


def paragraph_numbers(text: str, spans: Sequence[Span]) -> list[int]:
    r"""The paragraph that each sentence stands in, from 0.

    A blank line parts paragraphs; so does any line break between sentences where no sentence holds one, that
    is, where lines are not wrapped.

    >>> text = "One. Two.\nThree."
    >>> paragraph_numbers(text, split_sentences(text))
    [0, 0, 1]
    """
    wrapped = any(_LINE_BREAK.search(text, start, end) for start, end in spans)
    numbers: list[int] = []
    for (_, previous_end), (start, _) in pairwise([(0, 0), *spans]):
        breaks = len(_LINE_BREAK.findall(text, previous_end, start))
        parted = bool(numbers) and breaks > wrapped
        numbers.append(numbers[-1] + parted if numbers else 0)
    return numbers


def _boundaries(text: str) -> Iterator[int]:
    """Offsets at which a sentence starts, with quotation marks on the right side of each."""
    masked = _masked(text)
    closing = {
        *_closing_between_spaces(text),
        *(quotation.end() - 1 for quotation in _LOW_QUOTATION.finditer(text)),
    }
    previous = 0
    for gap_end in merge(_ends_of_lines(text), _ends_of_brackets(text), _starts_by_sentencex(masked)):
        gap_start = gap_end
        while gap_start > previous and masked[gap_start - 1].isspace():
            gap_start -= 1
        yield _boundary_in_gap(text, gap_start, gap_end, closing)
        previous = gap_end


def _starts_by_sentencex(masked: str) -> Iterator[int]:
    """Offsets of sentences, found window by window: sentencex takes the square of a paragraph's length.

    Each window begins with the last sentence of which the one before it was sure.
    """
    yield 0
    start = 0
    while start < len(masked):
        window = masked[start : start + _WINDOW]
        last = start + _WINDOW >= len(masked)
        sure = len(window) if last else len(window) - _CONTEXT
        found = [offset for offset in _starts_in_window(window) if 0 < offset <= sure]
        yield from (start + offset for offset in found)
        if last:
            return
        start += found[-1] if found else window.rfind(" ", 1, sure) + 1 or sure


def _starts_in_window(window: str) -> list[int]:
    try:
        boundaries = sentencex.get_sentence_boundaries("en", window)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Rust; it is no Exception, and cannot be imported
            raise
        return []
    return [boundary["start_index"] for boundary in boundaries]


def _ends_of_brackets(text: str) -> Iterator[int]:
    for match in _BRACKET_AT_END.finditer(text):
        yield match.end()


def _ends_of_lines(text: str) -> Iterator[int]:
    """Offsets of lines that begin a sentence though the line before had room for their first word.

    Such a break was set on purpose, after a headline or a by-line; one that only wraps the text comes where
    the next word does not fit. A line that begins in lower case goes on.
    """
    offset = 0
    for blank, block in groupby(text.splitlines(keepends=True), key=str.isspace):
        lines = list(block)
        width = max(len(line.rstrip()) for line in lines)
        for line, following in pairwise(lines):
            offset += len(line)
            if blank:
                continue
            bullet = _BULLET.match(following)
            first_word = following[bullet.end() if bullet else 0 :].split(maxsplit=1)[0]
            first_letter = first_word.lstrip(_LINE_OPENERS)[:1]
            fits = bullet or len(line.rstrip()) + 1 + len(first_word) <= width
            listed = bullet and (line.rstrip().endswith((":", ";")) or _BULLET.match(line))
            if fits and first_letter.isalnum() and (listed or not first_letter.islower()):
                yield offset
        offset += len(lines[-1])


def _closing_between_spaces(text: str) -> Iterator[int]:
    """Offsets of straight marks with spaces on both sides, as tokenizers leave them, that close a quotation.

    A mark closes when its paragraph holds an odd number of its kind before it, or no other one at all.
    """
    marks: list[re.Match[str]] = []
    for match in chain(_STRAIGHT_MARK.finditer(text), [None]):
        if match and not match[0].isspace():
            marks.append(match)
            continue
        for kind in ('"', "'"):
            alike = [mark for mark in marks if (mark[0] == '"') == (kind == '"')]
            for number, mark in enumerate(alike):
                around = text[mark.start() - 1 : mark.start()] + text[mark.end() : mark.end() + 1]
                if around.isspace() and len(around) == 2 and (number % 2 or len(alike) == 1):
                    yield from range(*mark.span())
        marks.clear()


def _masked(text: str) -> str:
    """The text as sentencex is to see it, character for character as long."""
    masked = _QUOTATION_MARK.sub(" ", replace_lone_surrogates(text))
    masked = _WIDE_SPACE.sub(" ", masked)
    masked = _HYPHEN_BEFORE_ABBREVIATION.sub(" ", masked)
    masked = _INITIALS.sub(lambda found: found[0][:-1] + "x", masked)
    masked = _SPACE_IN_ELLIPSIS.sub(".", masked)
    masked = _ELLIPSIS_BEFORE_WORD.sub(lambda dots: "," * len(dots[0]), masked)
    masked = _ABBREVIATION.sub(lambda found: found[0][:-1] + "x", masked)
    masked = _ELLIPSIS_AT_END.sub(".", masked)
    return _SPACES_ALONE_IN_A_LINE.sub(lambda spaces: "\n" * len(spaces[0]), masked)


def _boundary_in_gap(text: str, gap_start: int, gap_end: int, closing: Set[int]) -> int:
    """Between two sentences stand white space and quotation marks: the closing ones end the first."""
    boundary = gap_start
    for offset in range(gap_start, gap_end):
        if (
            text[offset] in _CLOSING_MARKS
            or (text[offset] == _APOSTROPHE and not text[offset + 1 : offset + 2].isalnum())
            or offset in closing
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


def _marks_at_end(text: str, end: int) -> int:
    return 2 if text[end - 2 : end] in ("''", "``") else 1


def _joined(text: str, spans: Iterator[Span]) -> Iterator[Span]:
    """The spans, those that sentencex parted within a sentence put together again."""
    current: Span | None = None
    for span in spans:
        if current and (
            (_DOTS_ALONE.fullmatch(text, *current) and "\n" not in text[current[1] : span[0]])
            or _REPORTING_CLAUSE.match(text, current[1] - _marks_at_end(text, current[1]) - 1, span[1])
            or _GOES_ON.match(text, current[1] - 1, span[0] + 1)
        ):
            current = (current[0], span[1])
            continue
        if current:
            yield current
        current = span
    if current:
        yield current
