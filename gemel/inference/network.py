"""The encoder in NumPy: the same numbers as the layers give, without torch."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from gemel.text import TOKENS

__all__ = ["NumpyEncoder"]


class NumpyEncoder:
    """Embedding, LSTM, mean over words, normalisation, for right-padded ids.

    Args:
        weights: arrays named as in the model folder.
        masked: whether padding is left out of the mean.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], *, masked: bool = True):
        self.masked = masked
        self.embedding = weights["embedding.weight"]
        self.ngrams = weights.get("ngrams.weight")
        self.dim = self.embedding.shape[1]
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: halving three of the gates' rows beforehand leaves
        # one tanh for all four.
        half = np.full(4 * self.dim, 0.5, np.float32)
        half[2 * self.dim : 3 * self.dim] = 1
        self.input = np.ascontiguousarray((weights["lstm.weight_ih"] * half[:, None]).T)
        self.recurrent = np.ascontiguousarray((weights["lstm.weight_hh"] * half[:, None]).T)
        self.bias = weights["lstm.bias"] * half

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
        batch, dim = len(ids), self.dim
        words = (ids != TOKENS.padding) if self.masked else np.ones_like(ids, bool)
        h = np.zeros((batch, dim), np.float32)
        c = np.zeros((batch, dim), np.float32)
        total = np.zeros((batch, dim), np.float32)
        for inputs, counts in zip(self._inputs(ids, ngrams, starts), words.T, strict=True):
            gates = np.tanh(inputs + h @ self.recurrent)
            i, f, g, o = (gates[:, gate * dim : (gate + 1) * dim] for gate in range(4))
            c = 0.5 * ((1 + f) * c + (1 + i) * g)
            h = 0.5 * (1 + o) * np.tanh(c)
            total += h * counts[:, None]
        mean = total / np.maximum(words.sum(axis=1, keepdims=True), 1).astype(np.float32)
        length = np.sqrt(np.maximum(np.square(mean).sum(axis=1, keepdims=True), 1e-24))
        vectors: Float32[np.ndarray, "batch dim"] = mean / length
        return vectors

    def _inputs(
        self,
        ids: Int64[np.ndarray, "batch time"],
        ngrams: Int64[np.ndarray, "ngrams"] | None,
        starts: Int64[np.ndarray, "composed_and_1"] | None,
    ) -> Iterator[Float32[np.ndarray, "batch gates"]]:
        """Yield what the words add to the gates, step by step."""
        known = len(self.embedding)
        composed = np.zeros((0, self.dim), np.float32)
        if ngrams is not None and starts is not None and len(ngrams):
            composed = np.stack([self._compose(ngrams[a:b]) for a, b in itertools.pairwise(starts)])
        # By time first, so that every step reads one block of memory; and so many steps at once
        # that a question without end does not fill it.
        steps = max(1, _PLACES // len(ids)) if len(ids) else 1
        for start in range(0, ids.shape[1], steps):
            part = ids[:, start : start + steps].T
            vectors = self.embedding[np.minimum(part, known - 1)]
            unknown = part >= known
            vectors[unknown] = composed[part[unknown] - known]
            yield from vectors @ self.input + self.bias

    def _compose(self, ngrams: Int64[np.ndarray, "_"]) -> Float32[np.ndarray, "dim"]:
        """Sum n-grams; those of an endless word by their counts, so that memory has an end."""
        table: Any = self.ngrams
        if len(ngrams) > len(table):
            counts = np.bincount(ngrams, minlength=len(table)).astype(np.float32)
            total = counts @ table
        else:
            total = table[ngrams].sum(axis=0)
        composed: Float32[np.ndarray, "dim"] = total / np.float32(np.sqrt(len(ngrams)))
        return composed


_PLACES = 8192
"""Words of a batch, padding included, whose vectors are there at one time."""
