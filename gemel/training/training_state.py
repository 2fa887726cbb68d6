"""Where a training stands."""

from dataclasses import dataclass, field

import numpy as np

from gemel.training.curve import LossCurve
from gemel.training.reporters import EpochSummary


@dataclass(kw_only=True)
class TrainingState:
    """All that a training knows beside the network and the optimizer; begins at the beginning."""

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
