"""Reporters of training events."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gemel.errors import GemelWarning


@dataclass(frozen=True, kw_only=True)
class StepSummary:
    """Summary of a batch."""

    epoch: int
    """Epoch, from 1."""
    batch: int
    """Batch of the epoch, from 1."""
    batches: int
    """Batches of the epoch."""
    step: int
    """Batch of the training, from 1."""
    loss: float
    """Mean loss of the anchors."""
    pairs: int
    """Pairs in the batch."""
    learning_rate: float
    """Learning rate."""
    gradient_norm: float
    """Norm of the gradient before clipping."""


@dataclass(frozen=True, kw_only=True)
class EpochSummary:
    """Summary of an epoch."""

    epoch: int
    """Epoch, from 1."""
    epochs: int
    """Number of epochs."""
    step: int
    """Batches since the start."""
    loss: float
    """Mean loss of the batches."""
    validation_average_precision: float
    """Of the validation pairs."""
    validation_accuracy: float
    """With the best threshold."""
    mean_similarity: float
    """Mean cosine of different validation questions; near 1: collapse."""
    pairs_per_second: float
    """Training speed, without validation."""
    is_best: bool
    """Whether it has the highest average precision so far."""


@runtime_checkable
class Reporter(Protocol):
    """Receives events in order."""

    def note(self, text: str) -> None:
        """Receive a note."""

    def warn(self, text: str) -> None:
        """Receive a warning."""

    def begin(self, step: int, epoch: int) -> None:
        """Receive the start: training starts, or resumes after batch `step` in this epoch."""

    def step(self, summary: StepSummary) -> None:
        """Receive a batch."""

    def epoch(self, summary: EpochSummary) -> None:
        """Receive an epoch."""


class Silent:
    """A reporter that does nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def warn(self, text: str) -> None:
        """Do nothing."""

    def begin(self, step: int, epoch: int) -> None:
        """Do nothing."""

    def step(self, summary: StepSummary) -> None:
        """Do nothing."""

    def epoch(self, summary: EpochSummary) -> None:
        """Do nothing."""


class WarningReporter(Silent):
    """Issues warnings as `GemelWarning`, and ignores other events."""

    def warn(self, text: str) -> None:
        """Issue a warning."""
        warnings.warn(text, GemelWarning, stacklevel=2)


@dataclass(eq=False)
class Several:
    """Forwards events to several reporters, in order."""

    reporters: Sequence[Reporter]

    def note(self, text: str) -> None:
        """Forward."""
        for reporter in self.reporters:
            reporter.note(text)

    def warn(self, text: str) -> None:
        """Forward."""
        for reporter in self.reporters:
            reporter.warn(text)

    def begin(self, step: int, epoch: int) -> None:
        """Forward."""
        for reporter in self.reporters:
            reporter.begin(step, epoch)

    def step(self, summary: StepSummary) -> None:
        """Forward."""
        for reporter in self.reporters:
            reporter.step(summary)

    def epoch(self, summary: EpochSummary) -> None:
        """Forward."""
        for reporter in self.reporters:
            reporter.epoch(summary)
