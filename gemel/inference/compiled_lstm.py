"""An LSTM over a prefix tree, in compiled code."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32, Shaped

from gemel.compiled import Library
from gemel.inference.numpy_lstm import halve_gates
from gemel.text import TokenTable, rows_alike

_BLOCK, _WHOLE = 16, 32
"""Units computed together; multiple that units are padded to."""
TILES = 3
"""Processor kind with tiles of bfloat16 (AMX); see `gemel_kinds`."""


class CompiledLSTM:
    """One direction of an LSTM, with pooling; see `gemel_rows`.

    Args:
        weights: arrays named as in the model folder.
        name: name of the LSTM.
        highest: pool by maximum instead of mean.
        library: compiled library.
        kind: processor kind, of `gemel_kinds`.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        name: str,
        *,
        highest: bool,
        library: Library,
        kind: int,
    ):
        self.library = library
        self.kind = kind
        self.highest = highest
        self.units = len(weights[f"{name}.bias"]) // 4
        self.width = -(-self.units // _WHOLE) * _WHOLE
        input_, recurrent, bias = halve_gates(weights, name)
        self.input, self.bias = self._in_blocks(input_), self._in_blocks(bias)
        whole = np.zeros((self.width, 4 * self.width), np.float32)
        whole[: self.units] = self._in_blocks(recurrent)
        by_block = whole.reshape(self.width, -1, 4 * _BLOCK).swapaxes(0, 1)
        self.recurrent = _in_tiles(by_block) if kind == TILES else np.ascontiguousarray(by_block)

    def __call__(
        self, table: TokenTable, vectors: Float32[np.ndarray, "tokens depth"]
    ) -> Float32[np.ndarray, "rows units"]:
        """Return the pooled outputs of a table's rows; zeros for rows without words.

        Args:
            table: questions.
            vectors: vector of each id.
        """
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
