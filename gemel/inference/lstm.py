"""An LSTM that reads a tree of questions, in NumPy."""

import itertools
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32

from gemel.inference.kernel import Kernel
from gemel.text import Level, TokenTable, prefix_levels

__all__ = ["NumpyLSTM"]

_FEW = 4
"""Rows that are read one by one: a tree of so few costs more than it saves."""
_NODES = 256
"""Nodes computed at one time, so that what they need stays near the processor."""


class NumpyLSTM:
    """One direction of reading, and the pooling of what it gives.

    Args:
        weights: arrays named as in the model folder.
        name: which of its LSTMs.
        highest: whether to keep of each number the highest over the words, not the mean.
        kernel: computes what NumPy would, sooner.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        name: str,
        *,
        highest: bool,
        kernel: Kernel | None = None,
    ):
        self.kernel = kernel
        self.units = units = len(weights[f"{name}.bias"]) // 4
        self.highest = highest
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: halving three of the gates' rows beforehand leaves
        # one tanh for all four.
        half = np.full(4 * units, 0.5, np.float32)
        half[2 * units : 3 * units] = 1
        self.input = np.ascontiguousarray((weights[f"{name}.weight_ih"] * half[:, None]).T)
        self.recurrent = np.ascontiguousarray((weights[f"{name}.weight_hh"] * half[:, None]).T)
        self.bias = weights[f"{name}.bias"] * half

    def __call__(
        self, table: TokenTable, vectors: Float32[np.ndarray, "tokens depth"]
    ) -> Float32[np.ndarray, "rows units"]:
        """Read the rows of a table and pool the outputs of each; without words, to zeros.

        Args:
            table: questions.
            vectors: of each of its ids.
        """
        inputs = vectors @ self.input + self.bias
        if self.kernel and len(table) <= _FEW:
            pooled = self._read_few(self.kernel, table, inputs)
        else:
            pooled = self._read_tree(table, inputs)
        if not self.highest:
            pooled /= np.maximum(table.lengths, 1).astype(np.float32)[:, None]
        return pooled

    def _read_few(
        self, kernel: Kernel, table: TokenTable, inputs: Float32[np.ndarray, "tokens gates"]
    ) -> Float32[np.ndarray, "rows units"]:
        """Read row after row."""
        pooled = np.full((len(table), self.units), -np.inf if self.highest else 0, np.float32)
        state = np.zeros((len(table), 2, self.units), np.float32)
        product = np.empty(4 * self.units, np.float32)
        for row, (start, end) in enumerate(itertools.pairwise(table.starts.tolist())):
            h, c = state[row]
            tokens = table.ids[start:end]
            kernel.read(
                tokens, inputs, self.recurrent, product, h, c, pooled[row], highest=self.highest
            )
        pooled[table.lengths == 0] = 0
        return pooled

    def _read_tree(
        self, table: TokenTable, inputs: Float32[np.ndarray, "tokens gates"]
    ) -> Float32[np.ndarray, "rows units"]:
        """Read level by level what many rows begin with."""
        pooled = np.zeros((len(table), self.units), np.float32)
        state = _State.first(self.units, self.highest)
        for level in prefix_levels(table):
            state = self._read_level(level, inputs, state)
            pooled[level.rows] = state.pool[level.nodes]
        return pooled

    def _read_level(
        self, level: Level, inputs: Float32[np.ndarray, "tokens gates"], before: "_State"
    ) -> "_State":
        """Read the next word of all nodes."""
        after = _State.empty(len(level.tokens), self.units)
        for start in range(0, len(level.tokens), _NODES):
            part = slice(start, start + _NODES)
            self._step(level, part, inputs, before, after)
        return after

    def _step(
        self,
        level: Level,
        part: slice,
        inputs: Float32[np.ndarray, "tokens gates"],
        before: "_State",
        after: "_State",
    ) -> None:
        parents, units = level.parents[part], self.units
        # Children of one node share the product.
        is_first = np.ones(len(parents), bool)
        is_first[1:] = parents[1:] != parents[:-1]
        product = before.h[parents[is_first]] @ self.recurrent
        siblings = np.cumsum(is_first, dtype=np.int32) - 1
        if self.kernel:
            self.kernel.step(
                level.tokens[part],
                parents,
                siblings,
                inputs,
                product,
                before.c,
                before.pool,
                after.h[part],
                after.c[part],
                after.pool[part],
                highest=self.highest,
            )
            return
        gates = inputs[level.tokens[part]]
        gates += product[siblings]
        np.tanh(gates, out=gates)
        i, f, g, o = (gates[:, gate * units : (gate + 1) * units] for gate in range(4))
        c = 0.5 * ((1 + f) * before.c[parents] + (1 + i) * g)
        h = 0.5 * (1 + o) * np.tanh(c)
        after.c[part], after.h[part] = c, h
        pool = before.pool[parents]
        after.pool[part] = np.maximum(pool, h) if self.highest else pool + h


class _State:
    """What the LSTM knows at each node, and the pool of what it gave on the way there."""

    def __init__(self, h: np.ndarray, c: np.ndarray, pool: np.ndarray):
        self.h, self.c, self.pool = h, c, pool

    @classmethod
    def first(cls, units: int, highest: bool) -> "_State":
        zeros = np.zeros((1, units), np.float32)
        return cls(zeros, zeros, np.full_like(zeros, -np.inf) if highest else zeros)

    @classmethod
    def empty(cls, nodes: int, units: int) -> "_State":
        h, c, pool = (np.empty((nodes, units), np.float32) for _ in range(3))
        return cls(h, c, pool)
