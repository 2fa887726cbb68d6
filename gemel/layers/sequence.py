"""Layers along the time axis: LSTM, its cell, and the bidirectional LSTM."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from gemel.layers.base import Layer, Mask, new_parameter

_EVEN_ROWS, _MANY_ROWS = 64, 256
"""From 256 rows on, zeros are added up to a multiple of 64: oneDNN splits a batch by its divisors,
and 601 rows take half as long again as 640."""


class LSTMCell(Layer):
    """One step of the LSTM: (x, state) to (h, state), where state is c and h concatenated.

    Weights as in PyTorch: `weight_ih` (4 * n_units, depth), `weight_hh` (4 * n_units, n_units),
    `bias` (4 * n_units), gates in the order input, forget, new, output.

    Source: `trax.layers.rnn.LSTMCell`; Glorot-uniform weights, forget bias 1 (Jozefowicz et al.,
    2015; Trax adds 1 to all four gates).
    """

    def __init__(self, n_units: int):
        super().__init__(n_in=2, n_out=2, name=f"LSTMCell_{n_units}")
        self.n_units = n_units
        self.weight_ih = new_parameter(4 * n_units, None)
        self.weight_hh = nn.Parameter(torch.empty(4 * n_units, n_units))
        self.bias = nn.Parameter(torch.zeros(4 * n_units))
        with torch.no_grad():
            self.bias[n_units : 2 * n_units] = 1

    def check(self, *inputs: Any) -> None:
        """See `Layer`."""
        if inputs[1].shape[-1:] != (2 * self.n_units,):
            self.refuse(f"takes a state of depth {2 * self.n_units}", inputs)

    def forward(
        self,
        x: Float[Tensor, "batch depth"],
        state: Float[Tensor, "batch two_dim"],
        mask: None = None,
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch two_dim"]]:
        """Take one step in time."""
        self.bind(x.shape[-1])
        c, h = state.chunk(2, dim=-1)
        gates = F.linear(x, self.weight_ih, self.bias) + F.linear(h, self.weight_hh)
        i, f, g, o = gates.chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, torch.cat([c, h], dim=-1)

    def bind(self, depth: int | None) -> int:
        """See `Layer`."""
        if depth is not None and isinstance(self.weight_ih, nn.UninitializedParameter):
            self.weight_ih.materialize((4 * self.n_units, depth))
            # Trax keeps one matrix for [x, h]: its Glorot range is that of the whole.
            limit = math.sqrt(6 / (depth + 5 * self.n_units))
            nn.init.uniform_(self.weight_ih, -limit, limit)
            nn.init.uniform_(self.weight_hh, -limit, limit)
        elif depth is not None and self.weight_ih.shape[1] != depth:
            self.refuse(f"was made for inputs of depth {self.weight_ih.shape[1]}", (depth,))
        return self.n_units


class _Sequential(Layer):
    def __init__(self, n_units: int):
        super().__init__(name=f"{type(self).__name__}_{n_units}")
        self.n_units = n_units

    def check(self, *inputs: Any) -> None:
        if inputs[0].ndim != 3:
            self.refuse("takes (batch, time, depth)", inputs)


class LSTM(_Sequential):
    """Long short-term memory over the time axis, from left to right, starting at zero.

    The depth of input and output (`n_units`) may differ, unlike Trax's. Padding is on the right, so
    that no mask is needed.

    Source: Hochreiter and Schmidhuber (1997) with forget gates; `trax.layers.rnn.LSTM`.
    """

    def __init__(self, n_units: int):
        super().__init__(n_units)
        self.cell = LSTMCell(n_units)

    def forward(
        self, x: Float[Tensor, "batch time depth"], mask: Mask | None = None
    ) -> Float[Tensor, "batch time dim"]:
        """Return h after every step."""
        self.cell.bind(x.shape[-1])
        if x.shape[0] == 0 or x.shape[1] == 0:
            return x.new_zeros(*x.shape[:2], self.n_units)
        rows = x.shape[0]
        if rows >= _MANY_ROWS:
            x = F.pad(x, (0, 0, 0, 0, 0, -rows % _EVEN_ROWS))
        zeros = x.new_zeros(1, x.shape[0], self.n_units)
        cell = self.cell
        weights = [cell.weight_ih, cell.weight_hh, cell.bias, torch.zeros_like(cell.bias)]
        outputs, _, _ = torch.lstm(
            x, (zeros, zeros), weights, True, 1, 0.0, self.training, False, True
        )
        return outputs[:rows]

    def bind(self, depth: int | None) -> int:
        """See `Layer`."""
        return self.cell.bind(depth)


class BidirectionalLSTM(_Sequential):
    """Two LSTMs, from left to right and from right to left, concatenated.

    The second begins at a question's last word, not at the padding behind it, so that a question's
    vector does not depend on its batch. `n_units` is the depth of each.

    Source: Graves and Schmidhuber (2005).
    """

    def __init__(self, n_units: int):
        super().__init__(n_units)
        self.forwards = LSTM(n_units)
        self.backwards = LSTM(n_units)

    def forward(
        self, x: Float[Tensor, "batch time depth"], mask: Mask | None = None
    ) -> Float[Tensor, "batch time two_dim"]:
        """Return h of both after every step."""
        places = _mirrored(x, mask)
        rows = torch.arange(len(x), device=x.device)[:, None]
        backwards = self.backwards(x[rows, places])[rows, places]
        return torch.cat([self.forwards(x), backwards], dim=-1)

    def bind(self, depth: int | None) -> int:
        """See `Layer`."""
        return self.forwards.bind(depth) + self.backwards.bind(depth)


def _mirrored(
    x: Float[Tensor, "batch time depth"], mask: Mask | None
) -> Int[Tensor, "batch_or_1 time"]:
    """Return the places of each row with its words in reverse order; padding is unchanged."""
    forwards = torch.arange(x.shape[1], device=x.device)[None]
    if mask is None:
        return forwards.flip(1)
    backwards = mask.sum(dim=1, keepdim=True) - 1 - forwards
    return torch.where(backwards >= 0, backwards, forwards)
