"""The pair head in NumPy: what two unit vectors say together."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32

__all__ = ["NumpyHead"]

_PAIRS = 4096
"""Pairs whose features are there at one time."""
_SPREAD = 6
"""Logits of -6 to 6, all between certain and certain, take three quarters of -1 to 1."""


class NumpyHead:
    """Judges pairs of vectors, exactly the same whichever stands first; see `PairHead`.

    Args:
        weights: arrays named as in the model folder.
    """

    def __init__(self, weights: Mapping[str, np.ndarray]):
        self.hidden = np.ascontiguousarray(weights["head.hidden.weight"].T)
        self.hidden_bias = weights["head.hidden.bias"]
        self.last = weights["head.last.weight"][0]
        self.last_bias = weights["head.last.bias"][0]

    def __call__(
        self, u: Float32[np.ndarray, "pairs dim"], v: Float32[np.ndarray, "pairs dim"]
    ) -> Float32[np.ndarray, "pairs"]:
        """Give each pair tanh(logit / 6), which is -1 to 1 as a cosine is.

        A vector and itself get 1: who asks the same question twice asks the same.
        """
        scores = np.empty(len(u), np.float32)
        for start in range(0, len(u), _PAIRS):
            part = slice(start, start + _PAIRS)
            scores[part] = np.tanh(self._logits(u[part], v[part]) / np.float32(_SPREAD))
        scores[(u == v).all(axis=1)] = 1
        return scores

    def _logits(
        self, u: Float32[np.ndarray, "pairs dim"], v: Float32[np.ndarray, "pairs dim"]
    ) -> Float32[np.ndarray, "pairs"]:
        dim = u.shape[1]
        features = np.empty((len(u), 2 * dim + 1), np.float32)
        product = u * v
        features[:, :dim] = np.abs(u - v) * np.float32(dim**0.5)
        features[:, dim : 2 * dim] = product * np.float32(dim)
        features[:, 2 * dim] = product.sum(axis=1)
        inner = np.maximum(features @ self.hidden + self.hidden_bias, 0)
        logits: Float32[np.ndarray, "pairs"] = inner @ self.last + self.last_bias
        return logits
