"""The LSTM in NumPy and in compiled code, over a tree of shared prefixes."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32, Shaped

from gemel.compiled import Library
from gemel.text import Level, TokenTable, prefix_levels, rows_alike

_NODES = 256
"""Nodes computed at a time, to fit in cache."""
_BLOCK, _WHOLE = 16, 32
"""Units computed together in compiled code; multiple that units are padded to."""
TILES = 3
"""Processor kind with tiles of bfloat16 (AMX); see `gemel_kinds`."""


class NumpyLSTM:
    """One direction of an LSTM, with pooling.

    Three gates are halved: sigmoid(x) = (1 + tanh(x / 2)) / 2, so one tanh serves all four.

    Args:
        weights: arrays named as in the model folder.
        name: name of the LSTM.
        highest: pool by maximum instead of mean.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], name: str, highest: bool):
        bias = weights[f"{name}.bias"]
        half = np.full(len(bias), 0.5, np.float32)
        half[len(bias) // 2 : 3 * len(bias) // 4] = 1
        self.input, self.recurrent = (
            np.ascontiguousarray((weights[f"{name}.weight_{which}"] * half[:, None]).T)
            for which in ("ih", "hh")
        )
        self.bias = bias * half
        self.units = len(bias) // 4
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
        state = np.zeros((3, 1, self.units), np.float32)
        if self.highest:
            state[2] = -np.inf
        for level in prefix_levels(table):
            before, state = state, np.empty((3, len(level.tokens), self.units), np.float32)
            for start in range(0, len(level.tokens), _NODES):
                self._step(level, slice(start, start + _NODES), inputs, before, state)
            pooled[level.rows] = state[2][level.nodes]
        if not self.highest:
            pooled /= np.maximum(table.lengths, 1).astype(np.float32)[:, None]
        return pooled

    def _step(
        self,
        level: Level,
        part: slice,
        inputs: Float32[np.ndarray, "tokens gates"],
        before: Float32[np.ndarray, "3 parents units"],
        after: Float32[np.ndarray, "3 nodes units"],
    ) -> None:
        """Compute h, c and the pooled outputs of some nodes of a level."""
        parents, units = level.parents[part], self.units
        # Children of one node share the product.
        is_first = np.ones(len(parents), bool)
        is_first[1:] = parents[1:] != parents[:-1]
        product = before[0][parents[is_first]] @ self.recurrent
        gates = inputs[level.tokens[part]]
        gates += product[np.cumsum(is_first) - 1]
        np.tanh(gates, out=gates)
        i, f, g, o = (gates[:, gate * units : (gate + 1) * units] for gate in range(4))
        c = 0.5 * ((1 + f) * before[1][parents] + (1 + i) * g)
        h = 0.5 * (1 + o) * np.tanh(c)
        pool = before[2][parents]
        after[0][part], after[1][part] = h, c
        after[2][part] = np.maximum(pool, h) if self.highest else pool + h


class CompiledLSTM(NumpyLSTM):
    """The same in compiled code; see `gemel_rows`.

    Args:
        weights, name, highest: see `NumpyLSTM`.
        library: compiled library.
        kind: processor kind, of `gemel_kinds`.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        name: str,
        highest: bool,
        library: Library,
        kind: int,
    ):
        super().__init__(weights, name, highest)
        self.library, self.kind = library, kind
        self.width = -(-self.units // _WHOLE) * _WHOLE
        whole = np.zeros((self.width, 4 * self.width), np.float32)
        whole[: self.units] = self._in_blocks(self.recurrent)
        by_block = whole.reshape(self.width, -1, 4 * _BLOCK).swapaxes(0, 1)
        self.recurrent = _in_tiles(by_block) if kind == TILES else np.ascontiguousarray(by_block)
        self.input, self.bias = self._in_blocks(self.input), self._in_blocks(self.bias)

    def __call__(
        self, table: TokenTable, vectors: Float32[np.ndarray, "tokens depth"]
    ) -> Float32[np.ndarray, "rows units"]:
        """See `NumpyLSTM`."""
        pooled = np.zeros((len(table), self.units), np.float32)
        self.library.call(
            "gemel_rows",
            (self.kind, self.highest, len(table), self.width, self.units),
            rows_alike(table),
            table.ids,
            table.starts,
            vectors @ self.input,
            self.recurrent,
            self.bias,
            pooled,
        )
        return pooled

    def _in_blocks(
        self, gates: Float32[np.ndarray, "*rows gates"]
    ) -> Float32[np.ndarray, "*rows filled"]:
        """Interleave the four gates in blocks of 16 units, padded."""
        rows = gates.shape[:-1]
        whole = np.zeros((*rows, 4, self.width), np.float32)
        whole[..., : self.units] = gates.reshape(*rows, 4, self.units)
        blocks = whole.reshape(*rows, 4, -1, _BLOCK).swapaxes(-3, -2)
        return np.ascontiguousarray(blocks.reshape(*rows, 4 * self.width))


def _in_tiles(weights: Float32[np.ndarray, "blocks width gates"]) -> Shaped[np.ndarray, "..."]:
    """Round weights to bfloat16 in the layout of tiles."""
    bits = np.ascontiguousarray(weights).view(np.uint32)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1) >> 16).astype(np.uint16)
    blocks, width, _ = weights.shape
    pairs = rounded.reshape(blocks, width // _WHOLE, _BLOCK, 2, 4, _BLOCK)
    return np.ascontiguousarray(pairs.transpose(0, 1, 4, 2, 5, 3))
