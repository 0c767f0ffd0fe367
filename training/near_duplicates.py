"""Texts that are nearly the same: an exact set-similarity join, in blocks of bounded size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack
from sklearn.feature_extraction.text import HashingVectorizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    _Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]

THRESHOLD = 0.8

_CHARACTERS = 5
_HASHES = 1 << 22  # two shingles of one text rarely share a hash among four million
_TEXTS_AT_ONCE = 20_000
_SHARED_AT_ONCE = 2_000_000
_PAIRS_AT_ONCE = 50_000
_SHARED = 8  # of their rarest shingles: one rare word in common, of four letters or more, is not enough
_ROUNDING = 1e-9  # 0.8 times 5 is 4, whatever floating point makes of it
_NOTHING = np.zeros((3, 0))


@dataclass(frozen=True)
class NearDuplicate:
    """A text and the one most like it.

    Attributes:
        text: index of the text.
        like: index, in what it was compared with, of the one most like it; the first of equals.
        similarity: of the two, from the threshold to 1.
    """

    text: int
    like: int
    similarity: float


def shingles(texts: Sequence[str]) -> csr_array:
    """The character 5-grams of texts, up to case, spacing and punctuation, as sparse rows of ones.

    Returns:
        shape (len(texts), 2 ** 22); a text of fewer than five characters has none.
    """
    vectorizer = HashingVectorizer(
        preprocessor=_normal,
        analyzer="char",
        ngram_range=(_CHARACTERS, _CHARACTERS),
        n_features=_HASHES,
        binary=True,
        norm=None,
        alternate_sign=False,
        dtype=np.float32,
    )
    blocks = [
        vectorizer.transform(texts[start : start + _TEXTS_AT_ONCE]).astype(np.int8)
        for start in range(0, len(texts), _TEXTS_AT_ONCE)
    ]
    return csr_array(vstack(blocks)) if blocks else csr_array((0, _HASHES), dtype=np.int8)


def similarities(texts: csr_array, one: csr_array) -> NDArray[np.float64]:
    """Jaccard's similarity of each text with one: shared shingles over all of both; 0 where neither has any.

    Args:
        texts: the `shingles` of the texts.
        one: those of the one, a single row.
    """
    shared = texts @ one.astype(np.int32).T  # in int8, as the shingles come, counts over 127 would overflow
    return _jaccard(np.asarray(shared.todense()).ravel(), np.diff(texts.indptr), one.nnz)


def near_duplicates(
    texts: csr_array, among: csr_array | None = None, *, threshold: float = THRESHOLD
) -> list[NearDuplicate]:
    """For each text that has any, the one most like it, of Jaccard similarity ``threshold`` or more.

    Exact: two sets so similar share some of their rarest shingles, so only texts that do are compared (prefix
    filtering; Bayardo et al. 2007, with longer prefixes as in Wang et al. 2012), and of those only texts of
    like size.

    Args:
        texts: the `shingles` of those to find near duplicates of.
        among: the `shingles` of where to look; None: among the texts that stand further up.
        threshold: from 0, exclusive, to 1.

    >>> said = "The mayor of Kesh denied on {} that he had ever taken a bribe from a builder."
    >>> texts = [said.format("Friday"), said.format("Monday"), "Thank you."]
    >>> [(found.text, found.like) for found in near_duplicates(shingles(texts))]
    [(1, 0)]
    """
    others = texts if among is None else among
    found = [_NOTHING]
    for rows, columns in _candidates(texts, others, threshold):
        first, second = rows, columns
        if among is None:
            first, second = np.maximum(rows, columns), np.minimum(rows, columns)
        found.append(_most_alike(first, second, _similarities(texts[first], others[second]), threshold))
    rows, columns, similarity = np.concatenate(found, axis=1)
    best = _most_alike(rows, columns, similarity, threshold)
    return [NearDuplicate(int(text), int(like), float(similarity)) for text, like, similarity in best.T]


def _normal(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def _ranks(texts: csr_array, others: csr_array) -> NDArray[np.int32]:
    """The place of every shingle in the order from the rarest to the most frequent."""
    frequency = np.bincount(others.indices, minlength=_HASHES)
    if texts is not others:
        frequency += np.bincount(texts.indices, minlength=_HASHES)
    rank = np.empty(_HASHES, np.int32)
    rank[np.argsort(frequency, kind="stable")] = np.arange(_HASHES, dtype=np.int32)
    return rank


def _prefixes(texts: csr_array, rank: NDArray[np.int32], threshold: float) -> csr_array:
    """The rarest shingles of each text: so many that one similar enough shares `_SHARED` of them."""
    ranked = csr_array((texts.data, rank[texts.indices], texts.indptr), shape=texts.shape)
    ranked.sort_indices()
    sizes = np.diff(texts.indptr)
    kept = np.minimum(sizes, sizes - _least_shared(sizes, threshold) + _SHARED)
    nth = np.arange(ranked.nnz) - np.repeat(ranked.indptr[:-1], sizes)
    indices = ranked.indices[nth < np.repeat(kept, sizes)]
    offsets = np.concatenate([[0], np.cumsum(kept)])
    return csr_array((np.ones(len(indices), np.int32), indices, offsets), shape=texts.shape)


def _least_shared(sizes: NDArray[np.int32], threshold: float) -> NDArray[np.int32]:
    """How many shingles a set shares at the least with one that is similar enough."""
    least: NDArray[np.int32] = np.ceil(threshold * sizes - _ROUNDING).astype(np.int32)
    return least


def _candidates(texts: csr_array, others: csr_array, threshold: float) -> Iterator[_Pairs]:
    """Pairs that may be similar enough; of a text and itself none, of the same two only one."""
    rank = _ranks(texts, others)
    sizes, other_sizes = np.diff(texts.indptr), np.diff(others.indptr)
    prefixes = _prefixes(texts, rank, threshold)
    other_prefixes = prefixes if texts is others else _prefixes(others, rank, threshold)
    for low, high in _size_ranges(int(sizes.max(initial=0))):
        rows = np.flatnonzero((sizes >= low) & (sizes <= high))
        largest = high if texts is others else high / threshold
        near = (other_sizes >= threshold * low - _ROUNDING) & (other_sizes <= largest + _ROUNDING)
        columns = np.flatnonzero(near)
        for first, shared in _shared(prefixes[rows], other_prefixes[columns]):
            i, j = rows[first + shared.coords[0]], columns[shared.coords[1]]
            small, large = np.sort([sizes[i], other_sizes[j]], axis=0)
            possible = small >= threshold * large - _ROUNDING
            possible &= shared.data >= np.minimum(_SHARED, _least_shared(small, threshold))
            if texts is others:
                possible &= (sizes[j] < sizes[i]) | ((sizes[j] == sizes[i]) & (j < i))
            pairs = np.flatnonzero(possible)
            for start in range(0, len(pairs), _PAIRS_AT_ONCE):
                part = pairs[start : start + _PAIRS_AT_ONCE]
                yield i[part], j[part]


def _size_ranges(largest: int) -> Iterator[tuple[int, int]]:
    """Ranges of sizes, both ends inclusive, each a tenth wide."""
    low = 1
    while low <= largest:
        high = low + low // 10
        yield low, high
        low = high + 1


def _shared(prefixes: csr_array, others: csr_array) -> Iterator[tuple[int, coo_array]]:
    """How many shingles the prefixes share, in blocks of bounded size, each with its first row."""
    postings = others.T.tocsr()
    costs = np.cumsum(prefixes @ np.diff(postings.indptr))
    start = 0
    while start < len(costs):
        spent = costs[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(costs, spent + _SHARED_AT_ONCE, side="right")))
        yield start, (prefixes[start:stop] @ postings).tocoo()
        start = stop


def _most_alike(
    texts: NDArray[Any], likes: NDArray[Any], similarity: NDArray[np.float64], threshold: float
) -> NDArray[np.float64]:
    """Of pairs that are similar enough, the best of each text: its index, the other's, their similarity."""
    order = np.lexsort((likes, -similarity, texts))
    order = order[similarity[order] >= threshold - _ROUNDING]
    _, first = np.unique(texts[order], return_index=True)
    best = order[first]
    return np.stack([texts[best], likes[best], similarity[best]])


def _similarities(texts: csr_array, others: csr_array) -> NDArray[np.float64]:
    """Jaccard's similarity of the sets in equal rows."""
    return _jaccard((texts * others).sum(axis=1), np.diff(texts.indptr), np.diff(others.indptr))


def _jaccard(
    shared: NDArray[Any], sizes: NDArray[np.int32], other_sizes: NDArray[np.int32] | int
) -> NDArray[np.float64]:
    similarity: NDArray[np.float64] = shared / np.maximum(sizes + other_sizes - shared, 1)
    return similarity
