from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from claimclf.metadata import Window
from claimclf.model_dir import TOKENIZER
from claimclf.tokenization import WindowTokenizer, replace_lone_surrogates

CLS, SEP = 2, 3
words = st.lists(
    st.sampled_from(["osmani", "kesh", "votes", "denied", "!", ".", "xyz", "😀"]), min_size=1, max_size=80
)
windows = st.integers(4, 24).flatmap(
    lambda length: st.builds(Window, st.just(length), st.integers(0, length - 3))
)


@pytest.fixture(scope="module")
def tokenizer_json(tiny_dir):
    return tiny_dir / TOKENIZER


def whole(tokenizer_json, text):
    return Tokenizer.from_file(str(tokenizer_json)).encode(text).ids


def test_a_short_text_is_one_window_as_the_tokenizer_reads_it(tokenizer_json):
    text = "Osmani accused Kesh of fraud."
    assert WindowTokenizer(tokenizer_json, Window(16, 4)).windows(text) == [whole(tokenizer_json, text)]


@given(words=words, window=windows)
def test_no_window_is_longer_than_the_model_reads(tokenizer_json, words, window):
    for ids in WindowTokenizer(tokenizer_json, window).windows(" ".join(words)):
        assert len(ids) <= window.length
        assert (ids[0], ids[-1]) == (CLS, SEP)


@given(words=words, window=windows)
def test_the_windows_stitched_together_are_the_whole_text(tokenizer_json, words, window):
    text = " ".join(words)
    first, *rest = (ids[1:-1] for ids in WindowTokenizer(tokenizer_json, window).windows(text))
    stitched = list(first)
    for ids in rest:
        assert ids[: window.overlap] == stitched[len(stitched) - window.overlap :]
        stitched += ids[window.overlap :]
    assert [CLS, *stitched, SEP] == whole(tokenizer_json, text)


@given(words=words, window=windows)
def test_every_window_but_the_last_is_full(tokenizer_json, words, window):
    *full, last = WindowTokenizer(tokenizer_json, window).windows(" ".join(words))
    assert {len(ids) for ids in full} <= {window.length}
    assert len(last) > 2


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0\u2003", "\0", "\0 \0"])
def test_a_text_without_a_token_has_no_window(tokenizer_json, text):
    assert WindowTokenizer(tokenizer_json, Window(16, 4)).windows(text) == []


@pytest.mark.parametrize(
    "text", ["\ud800 Kesh lied.", "Kesh \udfff lied.", "Kesh lied.\udc00\ud800", "😀\ud83d"]
)
def test_lone_surrogates_are_read_as_the_replacement_character(tokenizer_json, text):
    tokenizer = WindowTokenizer(tokenizer_json, Window(16, 4))
    assert tokenizer.windows(text) == tokenizer.windows(replace_lone_surrogates(text)) != []


@given(st.text(st.characters(codec=None)))
def test_replacing_surrogates_keeps_every_other_character_and_the_length(text):
    replaced = replace_lone_surrogates(text)
    assert len(replaced) == len(text)
    replaced.encode("utf-8")
    for before, after in zip(text, replaced, strict=True):
        assert after == ("\ufffd" if "\ud800" <= before <= "\udfff" else before)
