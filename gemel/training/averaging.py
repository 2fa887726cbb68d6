"""Weights averaged over the steps: calmer than those of any one step."""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn


class Average:
    """The exponential moving average of parameters.

    The first steps count less than the decay says, so that what the parameters began as is soon
    forgotten: at step `t`, from 0, the average keeps at most `(1 + t) / (10 + t)` of itself.

    Args:
        parameters: what to average; the average begins as they stand.
        decay: share of the average that a step leaves, 0 to 1, exclusive.

    Source: Polyak and Juditsky (1992); the beginning as in TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float):
        self.parameters = [parameter.detach() for parameter in parameters]
        self.decay = decay
        self.values: list[Tensor] = [value.clone() for value in self.parameters]

    def update(self, step: int) -> None:
        """Take in the parameters as they stand behind this step, from 0."""
        kept = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, self.parameters, 1 - kept)

    def put(self) -> None:
        """Give the parameters the values of the average."""
        torch._foreach_copy_(self.parameters, self.values)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the parameters hold the average for a while, and then again what they held."""
        held = [value.clone() for value in self.parameters]
        self.put()
        try:
            yield
        finally:
            torch._foreach_copy_(self.parameters, held)
