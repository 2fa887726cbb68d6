"""The encoder in NumPy: the same numbers as the layers give, without torch."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64

from gemel.text import TOKENS

__all__ = ["NumpyEncoder"]


class NumpyEncoder:
    """Embedding, LSTM one way or both ways, pooling, normalisation, for right-padded ids.

    Args:
        weights: arrays named as in the model folder.
        masked: whether padding is left out of the mean.
        pooling: "mean" or "max".
    """

    def __init__(
        self, weights: Mapping[str, np.ndarray], *, masked: bool = True, pooling: str = "mean"
    ):
        self.masked = masked
        self.pooling = pooling
        self.embedding = weights["embedding.weight"]
        self.ngrams = weights.get("ngrams.weight")
        ways = ["lstm", "lstm_backwards"][: 1 + ("lstm_backwards.bias" in weights)]
        self.ways = [_Cell(weights, way) for way in ways]
        self.dim = sum(cell.units for cell in self.ways)

    def __call__(
        self,
        ids: Int64[np.ndarray, "batch time"],
        ngrams: Int64[np.ndarray, "ngrams"] | None = None,
        starts: Int64[np.ndarray, "composed_and_1"] | None = None,
    ) -> Float32[np.ndarray, "batch dim"]:
        """Encode a batch to unit vectors.

        Args:
            ids: padded ids.
            ngrams, starts: of the words to compose; see `gemel.text.spell`.
        """
        words = (ids != TOKENS.padding) if self.masked else np.ones_like(ids, bool)
        composed = self._composed(ngrams, starts)
        # Pooling does not ask for the order of what it pools, so the second LSTM's outputs may
        # stay turned round.
        turned = [ids, _turned_round(ids, words)] if len(self.ways) > 1 else [ids]
        pooled = np.concatenate(
            [
                self._pooled(cell, part, composed, words)
                for cell, part in zip(self.ways, turned, strict=True)
            ],
            axis=1,
        )
        length = np.sqrt(np.maximum(np.square(pooled).sum(axis=1, keepdims=True), 1e-24))
        vectors: Float32[np.ndarray, "batch dim"] = pooled / length
        return vectors

    def _pooled(
        self,
        cell: "_Cell",
        ids: Int64[np.ndarray, "batch time"],
        composed: Float32[np.ndarray, "composed depth"],
        words: Bool[np.ndarray, "batch time"],
    ) -> Float32[np.ndarray, "batch units"]:
        """Run one LSTM over the words, and pool what it gives."""
        batch, units = len(ids), cell.units
        h = np.zeros((batch, units), np.float32)
        c = np.zeros((batch, units), np.float32)
        highest = self.pooling == "max"
        pool = np.full((batch, units), -np.inf if highest else 0, np.float32)
        for inputs, counts in zip(self._inputs(cell, ids, composed), words.T, strict=True):
            gates = np.tanh(inputs + h @ cell.recurrent)
            i, f, g, o = (gates[:, gate * units : (gate + 1) * units] for gate in range(4))
            c = 0.5 * ((1 + f) * c + (1 + i) * g)
            h = 0.5 * (1 + o) * np.tanh(c)
            if highest:
                np.maximum(pool, h, out=pool, where=counts[:, None])
            else:
                pool += h * counts[:, None]
        if highest:
            pool[~words.any(axis=1)] = 0
            return pool
        mean: Float32[np.ndarray, "batch units"]
        mean = pool / np.maximum(words.sum(axis=1, keepdims=True), 1).astype(np.float32)
        return mean

    def _composed(
        self,
        ngrams: Int64[np.ndarray, "ngrams"] | None,
        starts: Int64[np.ndarray, "composed_and_1"] | None,
    ) -> Float32[np.ndarray, "composed depth"]:
        """Give the vectors of a batch's composed words."""
        if ngrams is None or starts is None or not len(ngrams):
            return np.zeros((0, self.embedding.shape[1]), np.float32)
        return np.stack([self._compose(ngrams[a:b]) for a, b in itertools.pairwise(starts)])

    def _inputs(
        self,
        cell: "_Cell",
        ids: Int64[np.ndarray, "batch time"],
        composed: Float32[np.ndarray, "composed depth"],
    ) -> Iterator[Float32[np.ndarray, "batch gates"]]:
        """Yield what the words add to the gates, step by step."""
        known = len(self.embedding)
        # By time first, so that every step reads one block of memory; and so many steps at once
        # that a question without end does not fill it.
        steps = max(1, _PLACES // len(ids)) if len(ids) else 1
        for start in range(0, ids.shape[1], steps):
            part = ids[:, start : start + steps].T
            vectors = self.embedding[np.minimum(part, known - 1)]
            unknown = part >= known
            vectors[unknown] = composed[part[unknown] - known]
            yield from vectors @ cell.input + cell.bias

    def _compose(self, ngrams: Int64[np.ndarray, "_"]) -> Float32[np.ndarray, "depth"]:
        """Sum n-grams; those of an endless word by their counts, so that memory has an end."""
        table: Any = self.ngrams
        if len(ngrams) > len(table):
            counts = np.bincount(ngrams, minlength=len(table)).astype(np.float32)
            total = counts @ table
        else:
            total = table[ngrams].sum(axis=0)
        composed: Float32[np.ndarray, "depth"] = total / np.float32(np.sqrt(len(ngrams)))
        return composed


_PLACES = 8192
"""Words of a batch, padding included, whose vectors are there at one time."""


class _Cell:
    """The weights of one LSTM, as its steps use them."""

    def __init__(self, weights: Mapping[str, np.ndarray], name: str):
        self.units = units = len(weights[f"{name}.bias"]) // 4
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: halving three of the gates' rows beforehand leaves
        # one tanh for all four.
        half = np.full(4 * units, 0.5, np.float32)
        half[2 * units : 3 * units] = 1
        self.input = np.ascontiguousarray((weights[f"{name}.weight_ih"] * half[:, None]).T)
        self.recurrent = np.ascontiguousarray((weights[f"{name}.weight_hh"] * half[:, None]).T)
        self.bias = weights[f"{name}.bias"] * half


def _turned_round(
    ids: Int64[np.ndarray, "batch time"], words: Bool[np.ndarray, "batch time"]
) -> Int64[np.ndarray, "batch time"]:
    """Put each row's words in the opposite order; padding stays where it is."""
    forwards = np.arange(ids.shape[1])[None]
    backwards = words.sum(axis=1, keepdims=True) - 1 - forwards
    return np.take_along_axis(ids, np.where(backwards >= 0, backwards, forwards), axis=1)
