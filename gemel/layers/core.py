"""Layers of single tokens or vectors."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from gemel.layers.base import Layer, Mask, new_parameter


def normalize(x: Float[Tensor, "... dim"]) -> Float[Tensor, "... dim"]:
    """Scale vectors along the last axis to length 1; a zero vector stays zero, and finite."""
    return x * torch.rsqrt(x.square().sum(dim=-1, keepdim=True).clamp_min(1e-24))


class Embedding(Layer):
    """A table with a vector for every token id; other ids are an error (Trax clipped them).

    Args:
        vocab_size: rows of the table; ids are 0 to vocab_size - 1.
        d_feature: size of a vector.
        padding: id that fills up short rows; if given, later layers get a mask without it.

    Source: `trax.layers.core.Embedding`.
    """

    def __init__(self, vocab_size: int, d_feature: int, *, padding: int | None = None):
        super().__init__(name=f"Embedding_{vocab_size}_{d_feature}")
        if vocab_size < 1 or d_feature < 1:
            self.refuse("needs at least one row and one column", (vocab_size, d_feature))
        self.vocab_size = vocab_size
        self.d_feature = d_feature
        self.padding = padding
        self.weight = nn.Parameter(0.05 * torch.randn(vocab_size, d_feature))

    def check(self, *inputs: Any) -> None:
        """See `Layer`."""
        (ids,) = inputs
        if not isinstance(ids, Tensor) or ids.is_floating_point() or ids.dtype == torch.bool:
            self.refuse("takes a tensor of integer ids", inputs)
        if ids.numel():
            low, high = (int(end) for end in torch.aminmax(ids))
            if low < 0 or high >= self.vocab_size:
                found = low if low < 0 else high
                self.refuse(f"ids must be 0 to {self.vocab_size - 1}, one is {found}", inputs)

    def forward(
        self, ids: Int[Tensor, "..."], mask: Mask | None = None
    ) -> Float[Tensor, "... dim"]:
        """Look up ids of any shape; vectors are along a new last axis."""
        return F.embedding(ids, self.weight)

    def bind(self, depth: int | None) -> int | None:
        """Return `d_feature`, whatever the depth of the ids."""
        return self.d_feature

    def next_mask(self, inputs: tuple[Any, ...], mask: Any) -> Any:
        """Return the mask of what is not padding, unless there is one already."""
        return inputs[0] != self.padding if mask is None and self.padding is not None else mask


class Dense(Layer):
    """A matrix and a bias on the last axis, which becomes `n_units`.

    Source: `trax.layers.core.Dense`; Glorot-uniform weights.
    """

    def __init__(self, n_units: int):
        super().__init__(name=f"Dense_{n_units}")
        self.n_units = n_units
        self.weight = new_parameter(n_units, None)
        self.bias = nn.Parameter(torch.zeros(n_units))

    def forward(
        self, x: Float[Tensor, "*batch depth"], mask: Mask | None = None
    ) -> Float[Tensor, "*batch dim"]:
        """Compute x @ weight.T + bias."""
        self.bind(x.shape[-1])
        return F.linear(x, self.weight, self.bias)

    def bind(self, depth: int | None) -> int:
        """See `Layer`."""
        if depth is not None and isinstance(self.weight, nn.UninitializedParameter):
            self.weight.materialize((self.n_units, depth))
            nn.init.xavier_uniform_(self.weight)
        elif depth is not None and self.weight.shape[1] != depth:
            self.refuse(f"was made for inputs of depth {self.weight.shape[1]}", (depth,))
        return self.n_units


class Dropout(Layer):
    """In training, zero for a random share of the numbers (`rate`), the others scaled up.

    Source: Srivastava et al. (2014); `trax.layers.core.Dropout`.
    """

    def __init__(self, rate: float):
        super().__init__(name=f"Dropout_{rate:g}")
        if not 0 <= rate < 1:
            self.refuse("needs a rate of at least 0 and below 1", (rate,))
        self.rate = rate

    def forward(
        self, x: Float[Tensor, "*batch dim"], mask: Mask | None = None
    ) -> Float[Tensor, "*batch dim"]:
        """Drop numbers in training."""
        return F.dropout(x, self.rate, self.training)


class Fn(Layer):
    """A layer without weights that applies a function, printed as `name`, with `n_out` results.

    Its arguments are the inputs; it has no defaults and no variable number of them.

    Source: `trax.layers.base.Fn`.
    """

    def __init__(self, name: str, f: Callable[..., Any], n_out: int = 1):
        super().__init__(n_out=n_out, name=name)
        arguments = inspect.signature(f).parameters.values()
        positional = [x for x in arguments if x.kind <= x.POSITIONAL_OR_KEYWORD]
        if any(x.kind is x.VAR_POSITIONAL for x in arguments):
            self.refuse("takes no function with a variable number of arguments", (f,))
        if any(x.default is not x.empty for x in positional):
            self.refuse("takes no function with default arguments", (f,))
        self.n_in = len(positional)
        self.f = f

    def forward(self, *inputs: Any, mask: Any = None) -> Any:
        """Call the function."""
        return self.f(*inputs)

    def bind(self, depth: int | None) -> int | None:
        """Return None: the depth of the result is not known."""
        return None


class LogSoftmax(Layer):
    """The logarithm of the softmax along an axis. Source: `trax.layers.core.LogSoftmax`."""

    def __init__(self, axis: int = -1):
        super().__init__()
        self.axis = axis

    def forward(
        self, x: Float[Tensor, "*batch dim"], mask: Mask | None = None
    ) -> Float[Tensor, "*batch dim"]:
        """Compute x - log(sum(exp(x))) along the axis."""
        return F.log_softmax(x, dim=self.axis)


class Normalize(Layer):
    """Vectors of length 1 along the last axis; a zero vector stays zero, and finite."""

    def forward(
        self, x: Float[Tensor, "*batch dim"], mask: Mask | None = None
    ) -> Float[Tensor, "*batch dim"]:
        """Divide every vector by its length."""
        return normalize(x)
