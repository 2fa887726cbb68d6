"""The state of a training: progress and loss curve."""

from dataclasses import dataclass, field

import numpy as np

from gemel.training.reporters import EpochSummary

_POINTS = 400
"""So many at most: then every two become one."""


class LossCurve:
    """Mean losses of as many steps each.

    Args:
        stride: steps a point represents; it doubles when the points become too many.
        losses: the points.
        total: sum of the losses that wait for a point of their own.
        waiting: how many they are.
    """

    def __init__(
        self,
        stride: int = 1,
        losses: list[float] | None = None,
        total: float = 0.0,
        waiting: int = 0,
    ):
        self.stride = stride
        self.losses = losses if losses is not None else []
        self.total = total
        self.waiting = waiting

    def add(self, loss: float) -> None:
        """Take the loss of the next step in."""
        self.total += loss
        self.waiting += 1
        if self.waiting < self.stride:
            return
        self.losses.append(self.total / self.stride)
        self.total, self.waiting = 0.0, 0
        if len(self.losses) == _POINTS:
            pairs = zip(self.losses[::2], self.losses[1::2], strict=True)
            self.losses = [(one + two) / 2 for one, two in pairs]
            self.stride *= 2


@dataclass(kw_only=True)
class TrainingState:
    """The state of a training besides network and optimizer."""

    epoch: int = 1
    """The epoch under way, from 1."""
    batch: int = 0
    """Batches of it that are done."""
    step: int = 0
    """Batches done since training began."""
    loss: float = 0.0
    """Sum of the losses of the epoch's pairs so far."""
    pairs: int = 0
    """The epoch's pairs so far."""
    seconds: float = 0.0
    """Time that they took."""
    elapsed: float = 0.0
    """Time that all epochs took so far, with their validation."""
    curve: LossCurve = field(default_factory=LossCurve)
    """Loss over the steps."""
    history: list[EpochSummary] = field(default_factory=list)
    """The epochs that are done."""
    best: dict[str, np.ndarray] = field(default_factory=dict)
    """Weights of the best of them."""

    @property
    def best_epoch(self) -> EpochSummary:
        """The epoch with the highest average precision, the first of equals."""
        return max(self.history, key=lambda summary: summary.validation_average_precision)

    def next_epoch(self) -> None:
        """Turn to the next epoch."""
        self.epoch += 1
        self.batch = self.pairs = 0
        self.loss = self.seconds = 0.0
