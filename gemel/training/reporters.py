"""What a person or a program hears while a network learns."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gemel.errors import GemelWarning


@dataclass(frozen=True, kw_only=True)
class StepSummary:
    """What one batch came to."""

    epoch: int
    """Which epoch, from 1."""
    batch: int
    """Which batch of it, from 1."""
    batches: int
    """Of how many."""
    step: int
    """Which batch since training began, from 1."""
    loss: float
    """Mean loss of its anchors."""
    pairs: int
    """Number of pairs in it."""
    learning_rate: float
    """Adam's step size."""
    gradient_norm: float
    """Length of the gradient, before it was clipped."""


@dataclass(frozen=True, kw_only=True)
class EpochSummary:
    """What one epoch came to."""

    epoch: int
    """Which one, from 1."""
    epochs: int
    """Of how many."""
    step: int
    """Batches since training began."""
    loss: float
    """Mean loss of its batches."""
    validation_average_precision: float
    """Of the similarities of the validation pairs."""
    validation_accuracy: float
    """With the threshold best for it."""
    mean_similarity: float
    """Mean cosine of different validation questions; near 1 the network has collapsed."""
    pairs_per_second: float
    """While training, validation not counted."""
    is_best: bool
    """Whether no epoch before had a higher average precision."""


@runtime_checkable
class Reporter(Protocol):
    """Receives what happens, in order."""

    def say(self, text: str) -> None:
        """Hear one line of plain news."""

    def warn(self, text: str) -> None:
        """Hear of something that is probably wrong."""

    def begin(self, step: int, epoch: int) -> None:
        """Hear that training begins, or continues behind batch number `step`, in this epoch."""

    def step(self, summary: StepSummary) -> None:
        """Hear that a batch is done."""

    def epoch(self, summary: EpochSummary) -> None:
        """Hear that an epoch is done."""


class Silent:
    """A reporter that keeps it all to itself."""

    def say(self, text: str) -> None:
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
    """A reporter that issues warnings as a `GemelWarning`, and drops the rest."""

    def warn(self, text: str) -> None:
        """Warn."""
        warnings.warn(text, GemelWarning, stacklevel=2)


class Several:
    """A reporter that tells others, in their order."""

    def __init__(self, reporters: Sequence[Reporter]):
        self.reporters = reporters

    def say(self, text: str) -> None:
        """Tell all."""
        for reporter in self.reporters:
            reporter.say(text)

    def warn(self, text: str) -> None:
        """Tell all."""
        for reporter in self.reporters:
            reporter.warn(text)

    def begin(self, step: int, epoch: int) -> None:
        """Tell all."""
        for reporter in self.reporters:
            reporter.begin(step, epoch)

    def step(self, summary: StepSummary) -> None:
        """Tell all."""
        for reporter in self.reporters:
            reporter.step(summary)

    def epoch(self, summary: EpochSummary) -> None:
        """Tell all."""
        for reporter in self.reporters:
            reporter.epoch(summary)
