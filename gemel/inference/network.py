"""The encoder in NumPy: the same numbers as the layers give, without torch."""

import itertools
from collections.abc import Mapping
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
        batch, time = ids.shape
        dim = self.dim
        words = (ids != TOKENS.padding) if self.masked else np.ones_like(ids, bool)
        # By time first, so that every step reads one block of memory.
        inputs = self._vectors(ids.T, ngrams, starts) @ self.input + self.bias
        h = np.zeros((batch, dim), np.float32)
        c = np.zeros((batch, dim), np.float32)
        total = np.zeros((batch, dim), np.float32)
        for step in range(time):
            gates = np.tanh(inputs[step] + h @ self.recurrent)
            i, f, g, o = (gates[:, gate * dim : (gate + 1) * dim] for gate in range(4))
            c = 0.5 * ((1 + f) * c + (1 + i) * g)
            h = 0.5 * (1 + o) * np.tanh(c)
            total += h * words[:, step, None]
        mean = total / np.maximum(words.sum(axis=1, keepdims=True), 1).astype(np.float32)
        length = np.sqrt(np.maximum(np.square(mean).sum(axis=1, keepdims=True), 1e-24))
        vectors: Float32[np.ndarray, "batch dim"] = mean / length
        return vectors

    def _vectors(
        self,
        ids: Int64[np.ndarray, "time batch"],
        ngrams: Int64[np.ndarray, "ngrams"] | None,
        starts: Int64[np.ndarray, "composed_and_1"] | None,
    ) -> Float32[np.ndarray, "time batch dim"]:
        known = len(self.embedding)
        vectors: Float32[np.ndarray, "time batch dim"]
        vectors = self.embedding[np.minimum(ids, known - 1)]
        if ngrams is None or starts is None or not len(ngrams):
            return vectors
        words = np.stack([self._compose(ngrams[a:b]) for a, b in itertools.pairwise(starts)])
        composed = ids >= known
        vectors[composed] = words[ids[composed] - known]
        return vectors

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
