"""Layers that reduce an axis: mean and maximum."""

import torch
from jaxtyping import Float
from torch import Tensor

from gemel.layers.base import Layer, Mask


class _Pooling(Layer):
    def __init__(self, axis: int = -1):
        super().__init__()
        self.axis = axis

    def check(self, *inputs: Tensor) -> None:
        if not -inputs[0].ndim <= self.axis < inputs[0].ndim:
            self.refuse(f"cannot pool along axis {self.axis}", inputs)

    def bind(self, depth: int | None) -> int | None:
        return None if self.axis == -1 else depth

    def next_mask(self, inputs: tuple[Tensor, ...], mask: Mask | None) -> Mask | None:
        return None if self._is_time(inputs[0]) else mask

    def _words(self, x: Tensor, mask: Mask | None) -> Tensor | None:
        """Return the mask with as many axes as `x`, if it matters here."""
        if mask is None or not self._is_time(x):
            return None
        if mask.shape != x.shape[:2]:
            self.refuse(f"takes a mask of shape {tuple(x.shape[:2])}", (x, mask))
        return mask.reshape(*mask.shape, *(1,) * (x.ndim - 2))

    def _is_time(self, x: Tensor) -> bool:
        return self.axis % x.ndim == 1


class Mean(_Pooling):
    """The mean along `axis`; along the time axis (1) over words only, if there is a mask.

    Source: `trax.layers.core.Mean`, which averages padding too.
    """

    def forward(
        self, x: Float[Tensor, "*shape"], mask: Mask | None = None
    ) -> Float[Tensor, "*less"]:
        """Average; a row of padding only gives zeros."""
        words = self._words(x, mask)
        if words is None:
            return x.mean(dim=self.axis)
        weights = words.to(x.dtype)
        return (x * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1)


class Max(_Pooling):
    """The maximum along `axis`; along the time axis (1) over words only, if there is a mask.

    Source: `trax.layers.core.Max`; as pooling, Conneau et al. (2017), InferSent.
    """

    def forward(
        self, x: Float[Tensor, "*shape"], mask: Mask | None = None
    ) -> Float[Tensor, "*less"]:
        """Take the maximum; a row of padding only gives zeros."""
        words = self._words(x, mask)
        if words is None:
            return x.amax(dim=self.axis)
        highest = x.masked_fill(~words, -torch.inf).amax(dim=1)
        return highest.masked_fill(~words.any(dim=1), 0)
