"""Unlabelled sentences by the million: a uniform sample of the different ones, in one pass."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimclf.errors import LabelledDataError
from training.columns import GUESSED, Columns, doc_of, text_of
from training.data import LabelledSentence
from training.formats import read_records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from training.formats import Record


@dataclass(frozen=True)
class PoolSentence:
    """A sentence without labels.

    Attributes:
        id: what its record calls it; else `sentence_key` of its text.
        text: the sentence.
        doc: the document it comes from; without one, the line it stands in.
    """

    id: str
    text: str
    doc: str


@dataclass(frozen=True)
class PoolSample:
    """What one pass over a pool found.

    Attributes:
        sentences: the sample, in random order.
        read: records in the pool.
        known: those of them that are labelled already.
        unusable: those without a text.
    """

    sentences: list[PoolSentence]
    read: int
    known: int
    unusable: int


def sentence_key(text: str) -> str:
    """`training.data.LabelledSentence.key` of a text: the same for texts that differ only in form.

    >>> sentence_key("He left!") == sentence_key("he  left")
    True
    """
    return LabelledSentence(text, (), "", "").key


def sample_pool(
    sources: Sequence[str],
    columns: Columns = GUESSED,
    *,
    size: int,
    seed: int,
    known: Collection[str] = (),
    split: str | None = None,
) -> PoolSample:
    """A uniform sample, without replacement, of the different sentences of some files.

    Each sentence has a random rank, the hash of seed and key; the smallest ranks are kept (bottom-k sampling,
    Cohen & Kaplan 2007, Summarizing Data using Bottom-k Sketches). Memory holds the sample alone, a sentence
    that stands there often is as likely as any other, and the order of the files changes nothing.

    Args:
        sources: files of sentences, see `training.formats.read_records`.
        columns: what their columns are called.
        size: of the sample; all sentences where there are no more.
        seed: decides which.
        known: keys of sentences to leave out, see `sentence_key`.
        split: which split of a data set that has several.

    Raises:
        LabelledDataError: a file cannot be read, or none of the records has a text.
    """
    lowest = _LowestRanks(size, seed)
    read = labelled = unusable = 0
    problem: LabelledDataError | None = None
    for record in _records(sources, split):
        read += 1
        try:
            text = text_of(record, columns)
        except LabelledDataError as error:
            problem, unusable = problem or error, unusable + 1
            continue
        key = sentence_key(text)
        if key in known:
            labelled += 1
        elif lowest.admits(key):
            lowest.add(key, _sentence(record, text, key, columns))
    if problem is not None and unusable == read:
        raise problem
    return PoolSample(lowest.sentences(), read, labelled, unusable)


def read_known(sources: Sequence[str], columns: Columns = GUESSED) -> list[str]:
    """The texts of files that need no labelling any more; a column that is not there is guessed.

    Raises:
        LabelledDataError: a file cannot be read, or a record has no text.
    """
    return [
        text_of(record, columns if columns.text in record.fields else Columns())
        for record in _records(sources, None)
    ]


class _LowestRanks:
    """The sentences with the lowest ranks so far."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = f"{seed} ".encode()
        self._worst_first: list[tuple[int, str]] = []
        self._kept: dict[str, PoolSentence] = {}

    def admits(self, key: str) -> bool:
        """Whether a sentence of that key is new and would be kept."""
        if key in self._kept:
            return False
        return len(self._kept) < self._size or self._rank(key) < -self._worst_first[0][0]

    def add(self, key: str, sentence: PoolSentence) -> None:
        """Keeps a sentence that is admitted; the one with the highest rank makes room."""
        self._kept[key] = sentence
        heapq.heappush(self._worst_first, (-self._rank(key), key))
        if len(self._kept) > self._size:
            del self._kept[heapq.heappop(self._worst_first)[1]]

    def sentences(self) -> list[PoolSentence]:
        """What is kept, lowest rank first."""
        return [self._kept[key] for _, key in sorted(self._worst_first, reverse=True)]

    def _rank(self, key: str) -> int:
        return int.from_bytes(hashlib.blake2b(self._seed + key.encode(), digest_size=8).digest(), "big")


def _records(sources: Sequence[str], split: str | None) -> Iterable[Record]:
    for source in sources:
        yield from read_records(source, split=split)


def _sentence(record: Record, text: str, key: str, columns: Columns) -> PoolSentence:
    identifier = record.fields.get("id")
    return PoolSentence(key if identifier in (None, "") else str(identifier), text, doc_of(record, columns))
