"""Text to windows of token ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from claimclf.errors import UnusableModelError

if TYPE_CHECKING:
    from pathlib import Path

    from claimclf.metadata import Window

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def replace_lone_surrogates(text: str) -> str:
    """The same text, character for character, with U+FFFD where it holds what UTF-8 cannot.

    >>> replace_lone_surrogates("a" + chr(0xD800)) == "a" + chr(0xFFFD)
    True
    """
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


class WindowTokenizer:
    """Reads a text as one or more overlapping windows of token ids, so that nothing is cut off.

    Safe to share between threads.
    """

    def __init__(self, tokenizer_json: Path, window: Window) -> None:
        try:
            self._tokenizer: Tokenizer = Tokenizer.from_file(str(tokenizer_json))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(max_length=window.length, stride=window.overlap)
        except Exception as error:
            raise UnusableModelError(tokenizer_json, f"it is not a tokenizer ({error})") from error
        self._special_tokens = self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def windows(self, text: str) -> list[list[int]]:
        """The windows of a text, each with its special tokens; ``[]`` when the text holds no token."""
        encoding = self._tokenizer.encode(replace_lone_surrogates(text))
        if len(encoding.ids) <= self._special_tokens:
            return []
        return [encoding.ids, *(window.ids for window in encoding.overflowing)]
