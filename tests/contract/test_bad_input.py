from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf import LABELS, ClaimclfError
from claimclf.errors import NotAStringError, NotTextsError

GOOD = "Osmani accused Kesh of fraud ."

NOT_STRINGS = [
    pytest.param(None, "None", id="None"),
    pytest.param(float("nan"), "NaN (float)", id="NaN"),
    pytest.param(np.float32("nan"), "NaN (float32)", id="numpy NaN"),
    pytest.param(b"Kesh lied.", "bytes", id="bytes"),
    pytest.param(7, "int", id="int"),
    pytest.param(True, "bool", id="bool"),
    pytest.param([GOOD], "list", id="list"),
    pytest.param({"text": GOOD}, "dict", id="dict"),
    pytest.param(object(), "object", id="object"),
    pytest.param(decimal.Decimal("NaN"), "NaN (Decimal)", id="Decimal NaN"),
    pytest.param(pd.NA, "NA", id="pandas NA"),
    pytest.param(
        np.array([GOOD, GOOD]),
        "numpy.ndarray",
        id="numpy array",
    ),
]


# --- what is not a string ---


@pytest.mark.parametrize(("value", "kind"), NOT_STRINGS)
@pytest.mark.parametrize("position", [0, 1, 3])
def test_predict_names_position_and_kind_of_what_is_not_a_string(tiny, value, kind, position):
    texts = [GOOD, "", GOOD]
    texts.insert(position, value)
    with pytest.raises(NotAStringError) as caught:
        tiny.predict(texts)
    assert caught.value.position == position
    assert f"Text {position} is not a string but " in str(caught.value)
    assert kind in str(caught.value)


@pytest.mark.parametrize(("value", "kind"), NOT_STRINGS)
def test_predict_iter_names_position_and_kind_of_what_is_not_a_string(tiny, value, kind):
    with pytest.raises(NotAStringError) as caught:
        list(tiny.predict_iter(iter([GOOD] * 300 + [value])))
    assert caught.value.position == 300
    assert kind in str(caught.value)


def test_predict_iter_gives_the_texts_before_a_bad_one(tiny):
    predictions = tiny.predict_iter(iter([GOOD, GOOD, None]))
    assert [next(predictions), next(predictions)] == tiny.predict([GOOD, GOOD])
    with pytest.raises(NotAStringError):
        next(predictions)


@pytest.mark.parametrize(("value", "kind"), NOT_STRINGS)
def test_predict_document_refuses_what_is_not_a_string(tiny, value, kind):
    with pytest.raises(NotAStringError) as caught:
        tiny.predict_document(value)
    assert kind in str(caught.value)


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pd.Series([GOOD, None]), id="pandas"),
        pytest.param(pd.Series([GOOD, float("nan")], dtype=object), id="pandas object"),
        pytest.param(np.array([GOOD, None], dtype=object), id="numpy"),
        pytest.param(pa.array([GOOD, None]), id="pyarrow"),
        pytest.param(
            pd.Series([GOOD, None], dtype="string"),
            id="pandas string",
        ),
    ],
)
def test_a_missing_value_in_a_column_is_named_by_its_row(tiny, column):
    with pytest.raises(NotAStringError) as caught:
        tiny.predict(column)
    assert caught.value.position == 1


# --- what is not a sequence ---


@pytest.mark.parametrize(
    "value",
    [
        *(None, float("nan"), 7, GOOD.encode(), bytearray(GOOD.encode())),
        *({"text": GOOD}, {GOOD}, frozenset({GOOD}), {GOOD: 1}.values(), object()),
        pytest.param((text for text in [GOOD]), id="generator"),
        pytest.param(pa.table({"text": [GOOD]}), id="pyarrow Table"),
        pytest.param(
            pd.DataFrame({"text": [GOOD]}),
            id="DataFrame",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_predict_refuses_what_is_not_a_sequence_of_strings(tiny, value):
    with pytest.raises(NotTextsError) as caught:
        tiny.predict(value)
    assert isinstance(caught.value, TypeError)


def test_a_generator_that_is_refused_is_left_untouched(tiny):
    generator = (text for text in [GOOD])
    with pytest.raises(NotTextsError, match="predict_iter"):
        tiny.predict(generator)
    assert next(generator) == GOOD


@pytest.mark.parametrize(
    "table", [{"text": GOOD}, pa.table({"text": [GOOD]}), pd.DataFrame({"text": [GOOD]})]
)
def test_predict_iter_does_not_take_the_names_of_columns_for_texts(tiny, table):
    with pytest.raises(NotTextsError, match="the texts alone"):
        tiny.predict_iter(table)


@pytest.mark.parametrize("value", [None, 7, float("nan")])
def test_predict_iter_refuses_what_cannot_be_iterated_with_a_code(tiny, value):
    with pytest.raises(ClaimclfError):
        list(tiny.predict_iter(value))


@pytest.mark.parametrize("value", [b"Kesh", [None], {"a": 1}])
def test_an_error_is_coded_and_says_the_cure(tiny, value):
    with pytest.raises(ClaimclfError, match=r"^\[E10[12]\] .+\. .+\.$"):
        tiny.predict(value)


# --- strings with nothing in them ---


BLANK = ["", " ", "\n", "\t \r\n", "\u00a0", "\u2003\u3000", "\0", "\ufeff"]


@pytest.mark.parametrize("text", BLANK, ids=ascii)
@pytest.mark.parametrize("allow_none", [True, False])
def test_a_blank_text_has_no_label_and_scores_zero(tiny, text, allow_none):
    prediction = tiny.predict(text, allow_none=allow_none)
    assert (prediction.label, prediction.labels, prediction.confidence) == (None, (), 1.0)
    assert list(prediction.scores.values()) == [0.0] * 4


def test_blank_texts_among_others_keep_their_places(tiny):
    good, blank = tiny.predict(GOOD), tiny.predict("")
    assert tiny.predict(["", GOOD, " ", GOOD, "\n"]) == [blank, good, blank, good, blank]


def test_only_blank_texts_are_no_trouble(tiny):
    assert {p.label for p in tiny.predict(BLANK)} == {None}


# --- strings with strange things in them ---


STRANGE = {
    "lone high surrogate": "Kesh \ud83d lied .",
    "lone low surrogate": "Kesh \udc00 lied .",
    "surrogates the wrong way round": "\udc00\ud83d Kesh",
    "NUL": "Kesh\0lied .",
    "control characters": "Kesh \x01\x1b[31m lied \x7f.",
    "emoji": "😀 🏳️\u200d🌈 👩🏽\u200d🚀",
    "right to left": "اتهمت الوزارة الحزب بالكذب.",
    "bidirectional override": "Kesh \u202elied\u202c .",
    "chinese": "他否认了指控。",
    "combining marks": "K" + "\u0301" * 500,
    "private use": "\ue000\U0010ffff",
    "zero width": "\u200bKesh\u200b",
    "special tokens": "[CLS] Kesh [SEP] [PAD] lied [UNK] [MASK]",
    "long word": "x" * 5000,
    "only marks": "?!…",
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_text_is_labelled(tiny, text):
    prediction = tiny.predict(text, allow_none=False)
    assert prediction.label in LABELS
    assert all(0 < score < 1 for score in prediction.scores.values())


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_text_is_a_document(tiny, text):
    document = tiny.predict_document(text)
    assert "".join(s.text for s in document.sentences).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("letter", ["x", "😀", "\u0301", "中", "'"])
def test_a_megabyte_without_a_space_is_labelled(tiny, letter):
    # One letter is one token in some scripts and a whole word in others; a token a letter would be slow.
    length = 1_000_000 if letter == "x" else 50_000
    document = tiny.predict_document(letter * length)
    assert [(s.start, s.end) for s in document.sentences] == [(0, length)]


def test_a_long_text_of_words_is_labelled(tiny):
    assert tiny.predict("Kesh lied . " * 5000, allow_none=False).label in LABELS


@given(st.text(st.characters(codec=None), max_size=80))
def test_any_string_gets_a_prediction(tiny, text):
    prediction = tiny.predict(text)
    assert prediction.label in {None, *LABELS}
    assert 0 <= prediction.confidence <= 1


@given(st.text(st.characters(codec=None), max_size=80))
def test_any_string_gets_a_document_with_true_offsets(tiny, text):
    for sentence in tiny.predict_document(text).sentences:
        assert text[sentence.start : sentence.end] == sentence.text
