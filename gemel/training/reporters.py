"""What a person hears while a twin learns."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

__all__ = ["EpochSummary", "Reporter", "Silent"]


@dataclass(frozen=True, kw_only=True)
class EpochSummary:
    """What one epoch came to."""

    epoch: int
    """Which one, from 1."""
    epochs: int
    """Of how many."""
    loss: float
    """Mean loss of its batches."""
    validation_average_precision: float
    """Of the similarities of the validation pairs."""
    validation_accuracy: float
    """With the threshold best for it."""
    mean_similarity: float
    """Mean cosine of different validation questions; near 1 the twin has collapsed."""
    pairs_per_second: float
    """While training, validation not counted."""
    is_best: bool
    """Whether no epoch before had a higher average precision."""


@runtime_checkable
class Reporter(Protocol):
    """Is told what happens, in order."""

    def say(self, text: str) -> None:
        """Hear one line of plain news."""

    def warn(self, text: str) -> None:
        """Hear of something that is probably wrong."""

    def step(self, epoch: int, step: int, steps: int, loss: float, pairs: int) -> None:
        """Hear that a batch is done: number `step` of `steps`, `pairs` pairs, with this loss."""

    def epoch(self, summary: EpochSummary) -> None:
        """Hear that an epoch is done."""


class Silent:
    """A reporter that keeps it all to itself."""

    def say(self, text: str) -> None:
        """Do nothing."""

    def warn(self, text: str) -> None:
        """Do nothing."""

    def step(self, epoch: int, step: int, steps: int, loss: float, pairs: int) -> None:
        """Do nothing."""

    def epoch(self, summary: EpochSummary) -> None:
        """Do nothing."""
