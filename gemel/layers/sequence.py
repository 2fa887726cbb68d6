"""Layers that run along the time axis: the LSTM, its cell, and the mean."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gemel.layers.base import Layer, Mask, new_parameter

__all__ = ["LSTM", "LSTMCell", "Mean"]


class LSTMCell(Layer):
    """One step of the LSTM: (x, state) in, (h, state) out, where state is [c, h] side by side.

    The weights lie as PyTorch's do: `weight_ih` (4 * n_units, depth), `weight_hh`
    (4 * n_units, n_units), `bias` (4 * n_units), gates in the order input, forget, new, output.

    Args:
        n_units: numbers in the state's h, and in its c.

    Raises:
        LayerError: when called with a state that is not 2 * n_units deep.

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
        """Refuse a state that does not hold c and h."""
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
        """Make the weights for inputs of this depth."""
        if depth is not None and isinstance(self.weight_ih, nn.UninitializedParameter):
            self.weight_ih.materialize((4 * self.n_units, depth))
            # Trax keeps one matrix for [x, h]: its Glorot range is that of the whole.
            limit = math.sqrt(6 / (depth + 5 * self.n_units))
            nn.init.uniform_(self.weight_ih, -limit, limit)
            nn.init.uniform_(self.weight_hh, -limit, limit)
        elif depth is not None and self.weight_ih.shape[1] != depth:
            self.refuse(f"was made for inputs of depth {self.weight_ih.shape[1]}", (depth,))
        return self.n_units


class LSTM(Layer):
    """Long short-term memory over the time axis, from left to right, starting at zero.

    With padding on the right no mask is needed here: what comes after a word cannot change it.

    Args:
        n_units: depth of the output; that of the input may differ (Trax's may not).

    Raises:
        LayerError: when called with anything but (batch, time, depth).

    Source: Hochreiter and Schmidhuber (1997) with forget gates; `trax.layers.rnn.LSTM`.
    """

    def __init__(self, n_units: int):
        super().__init__(name=f"LSTM_{n_units}")
        self.n_units = n_units
        self.cell = LSTMCell(n_units)

    def check(self, *inputs: Any) -> None:
        """Refuse anything but three axes."""
        if inputs[0].ndim != 3:
            self.refuse("takes (batch, time, depth)", inputs)

    def forward(
        self, x: Float[Tensor, "batch time depth"], mask: Mask | None = None
    ) -> Float[Tensor, "batch time dim"]:
        """Give h after every step."""
        self.cell.bind(x.shape[-1])
        if x.shape[0] == 0 or x.shape[1] == 0:
            return x.new_zeros(*x.shape[:2], self.n_units)
        zeros = x.new_zeros(1, x.shape[0], self.n_units)
        cell = self.cell
        weights = [cell.weight_ih, cell.weight_hh, cell.bias, torch.zeros_like(cell.bias)]
        outputs, _, _ = torch.lstm(
            x, (zeros, zeros), weights, True, 1, 0.0, self.training, False, True
        )
        return outputs

    def bind(self, depth: int | None) -> int:
        """Make the cell's weights for inputs of this depth."""
        return self.cell.bind(depth)


class Mean(Layer):
    """The mean along an axis; along the time axis (1) over words only, where there is a mask.

    Args:
        axis: the axis to average away.

    Source: `trax.layers.core.Mean`, which averages padding too.
    """

    def __init__(self, axis: int = -1):
        super().__init__()
        self.axis = axis

    def check(self, *inputs: Any) -> None:
        """Refuse an input without that axis."""
        if not -inputs[0].ndim <= self.axis < inputs[0].ndim:
            self.refuse(f"cannot average along axis {self.axis}", inputs)

    def forward(
        self, x: Float[Tensor, "*shape"], mask: Mask | None = None
    ) -> Float[Tensor, "*less"]:
        """Average; a row of nothing but padding gives zeros."""
        if mask is None or self._axis_of(x.ndim) != 1:
            return x.mean(dim=self.axis)
        if mask.shape != x.shape[:2]:
            self.refuse(f"takes a mask of shape {tuple(x.shape[:2])}", (x, mask))
        weights = mask.to(x.dtype).reshape(*mask.shape, *(1,) * (x.ndim - 2))
        return (x * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1)

    def bind(self, depth: int | None) -> int | None:
        """Give the depth, unless it is the axis that goes."""
        return None if self.axis == -1 else depth

    def next_mask(self, inputs: tuple[Tensor, ...], mask: Mask | None) -> Mask | None:
        """Give none once the time axis is gone."""
        return None if self._axis_of(inputs[0].ndim) == 1 else mask

    def _axis_of(self, ndim: int) -> int:
        return self.axis % ndim
