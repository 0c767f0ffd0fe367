"""What is odd about the texts themselves: language, length, and what files do to characters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ftfy.badness import is_bad
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from claimclf.model_dir import TOKENIZER
from claimclf.sentences import split_sentences
from claimclf.tokenization import WindowTokenizer
from training.checks import Finding, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from claimclf.model_dir import ModelDir
    from training.data import LabelledSentence

    _Look = Callable[[str], str | None]

_SURE = 0.8
_BYTES_TO_TELL = 30  # about five words, in any script
_FEW_WORDS = 3
_WORD = re.compile(r"\w+")
_MARKUP = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]+\d?);|</?[a-z][^<>]*>", re.IGNORECASE)
_REPLACEMENT = "\ufffd"
_FOR_A_REASON = "\t\n\r\u200c\u200d"  # joiners make the letters of Persian and Hindi, and emoji


def check_texts(rows: Sequence[LabelledSentence], model: ModelDir) -> list[Finding]:
    """What makes texts hard to learn from for a model that is to be trained from another.

    Args:
        rows: the sentences.
        model: whose language and window they should fit.
    """
    return [*_language(rows, model), *_lengths(rows, model), *_characters(rows)]


def _language(rows: Sequence[LabelledSentence], model: ModelDir) -> Iterator[Finding]:
    own = model.metadata.language.partition("-")[0].lower()
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def foreign(text: str) -> str | None:
        if len(text.encode("utf-8", "replace")) < _BYTES_TO_TELL:
            return None
        language, probability = identifier.classify(text)
        return language if language != own and probability >= _SURE else None

    if places := _places(rows, foreign):
        languages = Counter(place.detail for place in places).most_common()
        yield Finding(
            "W513",
            f"Texts that seem to be in another language than the model's ({own}): {len(places)} "
            f"({', '.join(f'{language} {times}' for language, times in languages)}).",
            "Take them out, or train from a model of their language; single sentences are told apart with "
            "errors, so look first.",
            places,
        )


def _lengths(rows: Sequence[LabelledSentence], model: ModelDir) -> Iterator[Finding]:
    window = model.metadata.window
    # One window long enough for any text: its length is the number of tokens.
    tokenizer = WindowTokenizer(model.file(TOKENIZER), replace(window, length=1 << 30, overlap=0))
    tokens = [sum(map(len, tokenizer.windows(row.text))) for row in rows]
    beyond = [(row, count) for row, count in zip(rows, tokens, strict=True) if count > window.length]
    if beyond:
        yield Finding(
            "W514",
            f"Texts longer than the {window.length} tokens of the model's window: {len(beyond)}, "
            f"the longest of {max(tokens)}.",
            "Training reads their first window only: split them into sentences.",
            tuple(Place(row.place, detail=f"{count} tokens") for row, count in beyond),
        )
    if places := _places(rows, _sentences):
        yield Finding(
            "W516",
            f"Texts that seem to hold several sentences: {len(places)}.",
            "Give each sentence a line and labels of its own: the model labels one sentence at a time.",
            places,
        )
    if places := _places(rows, _few_words):
        yield Finding(
            "W515",
            f"Texts of fewer than {_FEW_WORDS} words: {len(places)}.",
            "See whether they are sentences, and whether the right column was read (--text-column).",
            places,
        )


def _characters(rows: Sequence[LabelledSentence]) -> Iterator[Finding]:
    if places := _places(rows, _wrong_encoding):
        yield Finding(
            "W517",
            f"Texts that were read in the wrong encoding somewhere on their way: {len(places)}.",
            "Export them again as UTF-8; ftfy.fix_text mends most of what cannot be exported again.",
            places,
        )
    if places := _places(rows, _markup):
        yield Finding(
            "W518",
            f"Texts that hold HTML: {len(places)}.",
            "Take the tags out and write the characters themselves (html.unescape).",
            places,
        )
    if places := _places(rows, _control_characters):
        yield Finding(
            "W519",
            f"Texts that hold characters that do not show: {len(places)}.",
            "Take them out: the same words then are the same text.",
            places,
        )


def _places(rows: Sequence[LabelledSentence], look: _Look) -> tuple[Place, ...]:
    """Where a look at the text saw something, and what."""
    return tuple(Place(row.place, detail=seen) for row in rows if (seen := look(row.text)) is not None)


def _sentences(text: str) -> str | None:
    sentences = len(split_sentences(text))
    return f"{sentences} sentences" if sentences > 1 else None


def _few_words(text: str) -> str | None:
    # A text without spaces, as in Chinese, may be one long "word".
    words = _WORD.findall(text)
    few = len(words) < _FEW_WORDS and len(text.encode("utf-8", "replace")) < _BYTES_TO_TELL
    return f"{len(words)} words" if few else None


def _wrong_encoding(text: str) -> str | None:
    if text.isascii():
        return None
    if _REPLACEMENT in text:
        return "U+FFFD"
    return "mojibake" if is_bad(text) else None


def _markup(text: str) -> str | None:
    found = _MARKUP.search(text)
    return None if found is None else found[0]


def _control_characters(text: str) -> str | None:
    if text.isprintable():
        return None
    odd = (
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") and character not in _FOR_A_REASON
    )
    first = next(odd, None)
    return None if first is None else f"U+{ord(first):04X}"
