"""The door: whatever a user passes becomes a list of strings here, or an error that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from claimclf.errors import NotAStringError, NotTextsError

# How arrays of other libraries give their values as plain Python objects: pyarrow; polars; numpy and pandas.
_TO_LIST = ("to_pylist", "to_list", "tolist")


def as_texts(texts: Any) -> list[str]:
    """The strings of a list, tuple, pandas or polars Series, numpy or pyarrow array, or other sequence.

    Raises:
        NotTextsError: not a sequence: bytes, a dict, a set, a generator, a table, a number …
        NotAStringError: one of the texts is not a string.
    """
    return list(checked(_values(texts)))


def checked(texts: Iterable[Any], first_position: int = 0) -> Iterator[str]:
    """The same texts, each known to be a string.

    Raises:
        NotAStringError: when a text that is not one is reached.
    """
    for position, text in enumerate(texts, first_position):
        if not isinstance(text, str):
            raise NotAStringError(text, position)
        yield text


def refuse_table(texts: Any) -> None:
    """Does nothing where there are no columns, whose names would be taken for texts.

    Raises:
        NotTextsError: a dict, or a table of pandas, polars, pyarrow or `datasets`.
    """
    kind = type(texts)  # a pandas Series has its index labels for attributes
    if isinstance(texts, Mapping) or hasattr(kind, "columns") or hasattr(kind, "column_names"):
        raise NotTextsError(texts, 'Pass the texts alone, for example table["text"].')


def _values(texts: Any) -> Iterable[Any]:
    if isinstance(texts, (list, tuple)):
        return texts
    if isinstance(texts, (bytes, bytearray, memoryview)):
        raise NotTextsError(texts, 'Decode it first, for example with .decode("utf-8").')
    refuse_table(texts)
    if isinstance(texts, (Iterator, Set)):
        raise NotTextsError(texts, "Use predict_iter for an iterator, and a list where order matters.")
    for method in _TO_LIST:
        if hasattr(type(texts), method):
            values = getattr(texts, method)()
            if isinstance(values, list):
                return values
    if isinstance(texts, Sequence):
        return texts
    raise NotTextsError(texts, "Pass one string, or a list of strings.")
