"""The LSTM in NumPy, over a tree of shared prefixes."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32

from gemel.text import Level, TokenTable, prefix_levels


def halve_gates(
    weights: Mapping[str, np.ndarray], name: str
) -> tuple[
    Float32[np.ndarray, "depth gates"],
    Float32[np.ndarray, "units gates"],
    Float32[np.ndarray, "gates"],
]:
    """Return an LSTM's input and recurrent weights, and bias, with three gates halved.

    sigmoid(x) = (1 + tanh(x / 2)) / 2, so one tanh serves all four gates.

    Args:
        weights: arrays named as in the model folder.
        name: name of the LSTM.
    """
    bias = weights[f"{name}.bias"]
    half = np.full(len(bias), 0.5, np.float32)
    half[len(bias) // 2 : 3 * len(bias) // 4] = 1
    input_, recurrent = (
        np.ascontiguousarray((weights[f"{name}.weight_{which}"] * half[:, None]).T)
        for which in ("ih", "hh")
    )
    return input_, recurrent, bias * half


_NODES = 256
"""Nodes computed at a time, to fit in cache."""


class NumpyLSTM:
    """One direction of an LSTM, with pooling.

    Args:
        weights: arrays named as in the model folder.
        name: name of the LSTM.
        highest: pool by maximum instead of mean.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], name: str, *, highest: bool):
        self.input, self.recurrent, self.bias = halve_gates(weights, name)
        self.units = len(self.recurrent)
        self.highest = highest

    def __call__(
        self, table: TokenTable, vectors: Float32[np.ndarray, "tokens depth"]
    ) -> Float32[np.ndarray, "rows units"]:
        """Return the pooled outputs of a table's rows; zeros for rows without words.

        Args:
            table: questions.
            vectors: vector of each id.
        """
        inputs = vectors @ self.input + self.bias
        pooled = np.zeros((len(table), self.units), np.float32)
        state = _LSTMState.first(self.units, self.highest)
        for level in prefix_levels(table):
            state = self._read_level(level, inputs, state)
            pooled[level.rows] = state.pool[level.nodes]
        if not self.highest:
            pooled /= np.maximum(table.lengths, 1).astype(np.float32)[:, None]
        return pooled

    def _read_level(
        self, level: Level, inputs: Float32[np.ndarray, "tokens gates"], before: "_LSTMState"
    ) -> "_LSTMState":
        """Compute the next level of the tree."""
        after = _LSTMState.empty(len(level.tokens), self.units)
        for start in range(0, len(level.tokens), _NODES):
            part = slice(start, start + _NODES)
            self._step(level, part, inputs, before, after)
        return after

    def _step(
        self,
        level: Level,
        part: slice,
        inputs: Float32[np.ndarray, "tokens gates"],
        before: "_LSTMState",
        after: "_LSTMState",
    ) -> None:
        parents, units = level.parents[part], self.units
        # Children of one node share the product.
        is_first = np.ones(len(parents), bool)
        is_first[1:] = parents[1:] != parents[:-1]
        product = before.h[parents[is_first]] @ self.recurrent
        gates = inputs[level.tokens[part]]
        gates += product[np.cumsum(is_first) - 1]
        np.tanh(gates, out=gates)
        i, f, g, o = (gates[:, gate * units : (gate + 1) * units] for gate in range(4))
        c = 0.5 * ((1 + f) * before.c[parents] + (1 + i) * g)
        h = 0.5 * (1 + o) * np.tanh(c)
        after.c[part], after.h[part] = c, h
        pool = before.pool[parents]
        after.pool[part] = np.maximum(pool, h) if self.highest else pool + h


class _LSTMState:
    """State and pooled outputs at each node."""

    def __init__(self, h: np.ndarray, c: np.ndarray, pool: np.ndarray):
        self.h, self.c, self.pool = h, c, pool

    @classmethod
    def first(cls, units: int, highest: bool) -> "_LSTMState":
        zeros = np.zeros((1, units), np.float32)
        return cls(zeros, zeros, np.full_like(zeros, -np.inf) if highest else zeros)

    @classmethod
    def empty(cls, nodes: int, units: int) -> "_LSTMState":
        h, c, pool = (np.empty((nodes, units), np.float32) for _ in range(3))
        return cls(h, c, pool)
