"""The encoder in NumPy: the numbers of the layers, without torch."""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float32, Int64

from gemel.compiled import find_library
from gemel.inference.backend import MakeLSTM
from gemel.text import TokenTable

_NGRAMS = 65_536
"""N-grams in memory at a time."""


def compose(
    ngrams: Float32[np.ndarray, "buckets depth"], spelled: TokenTable
) -> Float32[np.ndarray, "words depth"]:
    """Return composed word vectors: sum of n-grams over the square root of their number."""
    library = find_library()
    if library is None:
        vectors = _sum_rows(ngrams, spelled)
    else:
        vectors = np.zeros((len(spelled), ngrams.shape[1]), np.float32)
        sizes = len(spelled), ngrams.shape[1]
        library.call("gemel_sum_rows", sizes, ngrams, spelled.ids, spelled.starts, vectors)
    vectors /= np.sqrt(spelled.lengths).astype(np.float32)[:, None]
    return vectors


def _sum_rows(
    ngrams: Float32[np.ndarray, "buckets depth"], spelled: TokenTable
) -> Float32[np.ndarray, "words depth"]:
    vectors = np.empty((len(spelled), ngrams.shape[1]), np.float32)
    starts = spelled.starts
    word = 0
    while word < len(spelled):
        end = int(np.searchsorted(starts, starts[word] + _NGRAMS, side="right")) - 1
        rows = spelled.ids[starts[word] : starts[max(end, word + 1)]]
        if end > word:
            np.add.reduceat(ngrams[rows], starts[word:end] - starts[word], out=vectors[word:end])
        else:  # an endless word: by their counts, so that memory has an end
            end = word + 1
            counts = np.bincount(rows, minlength=len(ngrams)).astype(np.float32)
            vectors[word] = counts @ ngrams
        word = end
    return vectors


_ALIKE = 256
"""Rows padded to one length, where padding counts."""


class NumpyEncoder:
    """Embedding, LSTM in one or both directions, pooling, normalisation.

    Args:
        weights: arrays named as in the model folder.
        make_lstm: makes an LSTM.
        masked: mask padding in the mean.
        pooling: "mean" or "max".
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        make_lstm: MakeLSTM,
        *,
        masked: bool = True,
        pooling: str = "mean",
    ):
        self.masked = masked
        self.embedding = weights["embedding.weight"]
        self.ngrams = weights.get("ngrams.weight")
        ways = ["lstm", "lstm_backwards"][: 1 + ("lstm_backwards.bias" in weights)]
        self.ways = [make_lstm(weights, way, pooling == "max") for way in ways]
        self.dim = sum(way.units for way in self.ways)

    def __call__(self, table: TokenTable) -> Float32[np.ndarray, "rows dim"]:
        """Encode a table's rows to unit vectors; rows without words are zero."""
        if self.masked:
            return self._encode(table)
        vectors = np.zeros((len(table), self.dim), np.float32)
        for rows in _alike(table):
            vectors[rows] = self._encode(_filled_up(table, rows))
        return vectors

    def _encode(self, table: TokenTable) -> Float32[np.ndarray, "rows dim"]:
        used, words = _used(table)
        vectors = self._vectors(used, table)
        # Pooling does not ask for the order of what it pools.
        turned = [words, words.turned_round()] if len(self.ways) > 1 else [words]
        pooled = [way(each, vectors) for way, each in zip(self.ways, turned, strict=True)]
        together = np.concatenate(pooled, axis=1) if len(pooled) > 1 else pooled[0]
        squares = np.einsum("nd,nd->n", together, together)
        together /= np.sqrt(np.maximum(squares, 1e-24))[:, None]
        return together

    def _vectors(
        self, used: Int64[np.ndarray, "words"], table: TokenTable
    ) -> Float32[np.ndarray, "words depth"]:
        """Return the vectors of ids, looked up or composed."""
        known = int(np.searchsorted(used, len(self.embedding)))
        vectors = np.empty((len(used), self.embedding.shape[1]), np.float32)
        vectors[:known] = self.embedding[used[:known]]
        if known < len(used) and table.spellings is not None and self.ngrams is not None:
            spelled = table.spellings.gather(used[known:] - table.known)
            vectors[known:] = compose(self.ngrams, spelled)
        return vectors


def _used(table: TokenTable) -> tuple[Int64[np.ndarray, "words"], TokenTable]:
    """Return the ids that a table uses, ascending, and the table with their indices."""
    is_used = np.zeros(int(table.ids.max(initial=0)) + 1, bool)
    is_used[table.ids] = True
    places = np.cumsum(is_used, dtype=np.int32) - 1
    return np.flatnonzero(is_used), TokenTable(places[table.ids], table.starts)


def _alike(table: TokenTable) -> Iterator[Int64[np.ndarray, "some"]]:
    """Yield rows of similar length, in batches of the notebook's size."""
    order = np.argsort(table.lengths, kind="stable")
    for start in range(0, len(order), _ALIKE):
        yield order[start : start + _ALIKE]


def _filled_up(table: TokenTable, rows: Int64[np.ndarray, "some"]) -> TokenTable:
    """Return rows padded to the longest, with padding as a word."""
    ids = table.pad(rows)
    starts = np.arange(len(ids) + 1) * ids.shape[1]
    return TokenTable(ids.ravel().astype(np.int32), starts, table.known, table.spellings)
