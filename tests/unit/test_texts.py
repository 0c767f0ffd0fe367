from __future__ import annotations

import array
import decimal
from collections import UserList, deque

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from claimclf.errors import NotAStringError, NotTextsError
from claimclf.texts import as_texts, checked

TEXTS = ["Kesh lied.", "Dolan left.", "Go home!"]

SEQUENCES = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "deque": deque(TEXTS),
    "UserList": UserList(TEXTS),
    "numpy str": np.array(TEXTS),
    "numpy object": np.array(TEXTS, dtype=object),
    "pandas Series": pd.Series(TEXTS),
    "pandas Series with an index of its own": pd.Series(TEXTS, index=[7, 3, 5]),
    "pandas Series with labels like names of methods": pd.Series(
        TEXTS, ["columns", "column_names", "to_pylist"]
    ),
    "pandas string": pd.Series(TEXTS, dtype="string"),
    "pandas category": pd.Series(TEXTS, dtype="category"),
    "pandas Index": pd.Index(TEXTS),
    "pyarrow Array": pa.array(TEXTS),
    "pyarrow large string": pa.array(TEXTS, type=pa.large_string()),
    "pyarrow dictionary": pa.array(TEXTS).dictionary_encode(),
    "pyarrow ChunkedArray": pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
}


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES.keys())
def test_any_sequence_of_strings_becomes_the_list_of_them(sequence):
    assert as_texts(sequence) == TEXTS


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES.keys())
def test_every_text_comes_out_as_str(sequence):
    assert all(isinstance(text, str) for text in as_texts(sequence))


NOT_TEXTS = {
    "None": None,
    "NaN": float("nan"),
    "int": 7,
    "bytes": b"Kesh lied.",
    "bytearray": bytearray(b"Kesh lied."),
    "memoryview": memoryview(b"Kesh lied."),
    "dict": {"text": "Kesh lied."},
    "dict keys": {"Kesh lied.": 1}.keys(),
    "set": {"Kesh lied."},
    "frozenset": frozenset({"Kesh lied."}),
    "generator": (text for text in TEXTS),
    "iterator": iter(TEXTS),
    "map": map(str.upper, TEXTS),
    "pyarrow Table": pa.table({"text": TEXTS}),
    "pyarrow RecordBatch": pa.record_batch({"text": TEXTS}),
    "numpy scalar array": np.array("Kesh lied."),
    "pyarrow scalar": pa.scalar("Kesh lied."),
    "object": object(),
}


@pytest.mark.parametrize("value", NOT_TEXTS.values(), ids=NOT_TEXTS.keys())
def test_what_is_not_a_sequence_of_strings_is_refused(value):
    with pytest.raises(NotTextsError, match=r"^\[E102\] Expected a string or a sequence of strings, not "):
        as_texts(value)


def test_a_data_frame_is_refused_with_the_way_to_its_column():
    with pytest.raises(NotTextsError, match=r'table\["text"\]'):
        as_texts(pd.DataFrame({"text": TEXTS}))


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        (b"Kesh lied.", "decode"),
        ({"text": "Kesh lied."}, r'table\["text"\]'),
        (iter(TEXTS), "predict_iter"),
        (7, "list of strings"),
    ],
)
def test_the_error_says_what_to_pass_instead(value, cure):
    with pytest.raises(NotTextsError, match=cure):
        as_texts(value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "None"),
        (float("nan"), r"NaN \(float\)"),
        (np.float64("nan"), r"NaN \(float64\)"),
        (pd.NaT, r".*\bNaTType"),
        (7, "int"),
        (b"Kesh lied.", "bytes"),
        (["Kesh lied."], "list"),
        (pa.scalar("Kesh lied."), r"pyarrow\.lib\.StringScalar"),
        pytest.param(pd.NA, r".*\bNAType"),
        pytest.param(
            np.array([1, 2]),
            r"numpy\.ndarray",
        ),
        pytest.param(
            pd.Series(["Kesh", "lied"]),
            r".*\bSeries",
        ),
        pytest.param(
            decimal.Decimal("sNaN"),
            r".*\bDecimal",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_error_names_position_and_kind(value, kind):
    with pytest.raises(NotAStringError, match=rf"Text 2 is not a string but {kind}") as caught:
        as_texts(["Kesh lied.", "Dolan left.", value])
    assert caught.value.position == 2


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(pd.Series(["Kesh lied.", None]), id="pandas Series"),
        pytest.param(np.array(["Kesh lied.", None], dtype=object), id="numpy object"),
        pytest.param(pa.array(["Kesh lied.", None]), id="pyarrow Array"),
        pytest.param(pa.chunked_array([["Kesh lied."], [None]], type=pa.string()), id="pyarrow ChunkedArray"),
        pytest.param(
            pd.Series(["Kesh lied.", None], dtype="string"),
            id="pandas string",
        ),
    ],
)
def test_a_missing_value_in_a_column_is_named_by_its_position(values):
    with pytest.raises(NotAStringError) as caught:
        as_texts(values)
    assert caught.value.position == 1


@pytest.mark.parametrize(
    "values",
    [range(3), array.array("d", [0.5]), np.array([b"Kesh"]), np.array([["Kesh", "lied"]]), [["Kesh"]]],
    ids=["range", "array", "numpy bytes", "numpy 2-d", "nested list"],
)
def test_a_sequence_of_something_else_is_refused_at_its_first_item(values):
    with pytest.raises(NotAStringError) as caught:
        as_texts(values)
    assert caught.value.position == 0


def test_an_error_about_a_text_is_a_type_error():
    with pytest.raises(TypeError):
        as_texts([None])
    with pytest.raises(TypeError):
        as_texts(None)


def test_checking_is_lazy():
    texts = checked(["Kesh lied.", None])
    assert next(texts) == "Kesh lied."
    with pytest.raises(NotAStringError):
        next(texts)


def test_checking_counts_from_the_position_given():
    with pytest.raises(NotAStringError) as caught:
        list(checked(["Kesh lied.", None], first_position=40))
    assert caught.value.position == 41
