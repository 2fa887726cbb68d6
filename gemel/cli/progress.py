"""Progress of long work: a live line on a terminal, plain lines elsewhere."""

import time
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gemel.cli.console import Output, notes_console

if TYPE_CHECKING:
    from gemel.training import EpochSummary, StepSummary

_EVERY = 15.0
"""Seconds between lines where there is no terminal."""


# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="_Live")


class _Live:
    """A progress bar, on a terminal."""

    def __init__(self, console: Console, doing: str):
        self.console = console
        self.spoken = time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[news]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=Output.quiet or not console.is_terminal,
        )
        self.task = self.bar.add_task(doing, total=None, news="")

    def __enter__(self: _Itself) -> _Itself:
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def is_due(self, now: float) -> bool:
        """Return whether a line is due, and start the next interval if so."""
        due = not self.console.is_terminal and now - self.spoken > _EVERY
        if due:
            self.spoken = now
        return due

    def note(self, text: str) -> None:
        """Print a line, unless notes are off."""
        if not Output.quiet:
            self.console.print(text, highlight=False, markup=False, soft_wrap=True)


class WorkProgress(_Live):
    """Progress of work in stages: a context manager, called as `progress(stage, done, total)`."""

    def __init__(self, console: Console | None = None):
        super().__init__(console or notes_console(), "reading")

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show progress."""
        news = f"{done:,}" if total is None else f"{done:,}/{total:,}"
        self.bar.update(self.task, description=stage, completed=done, total=total, news=news)
        if self.is_due(time.monotonic()):
            self.note(f"{stage}: {news.replace('/', ' of ')}")


class TrainingProgress(_Live):
    """A training reporter for the console: a context manager."""

    def __init__(self, console: Console, epochs: int):
        super().__init__(console, "training")
        self.epochs = epochs
        self.loss: float | None = None
        self.pairs = 0
        self.started = self.spoken
        self.best = ""

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.console.print(
            f"warning: {text}", style="bold yellow", highlight=False, markup=False, soft_wrap=True
        )

    def begin(self, step: int, epoch: int) -> None:
        """Start the clock, and the bar where training continues."""
        self.started, self.pairs = time.monotonic(), 0
        self.bar.reset(self.task, completed=step, total=None)

    def step(self, summary: "StepSummary") -> None:
        """Move the bar, or print a line."""
        now = time.monotonic()
        epoch, batch, batches = summary.epoch, summary.batch, summary.batches
        loss = summary.loss
        self.loss = loss if self.loss is None else 0.98 * self.loss + 0.02 * loss
        self.pairs += summary.pairs
        speed = self.pairs / (now - self.started) if now > self.started else 0.0
        news = f"loss {self.loss:.4f}  {speed:,.0f} pairs/s"
        self.bar.update(
            self.task,
            total=self.epochs * batches,
            completed=(epoch - 1) * batches + batch,
            description=f"epoch {epoch}/{self.epochs}",
            news=news + self.best,
        )
        if self.is_due(now):
            self.note(f"epoch {epoch}/{self.epochs}  batch {batch:,}/{batches:,}  {news}")

    def epoch(self, summary: "EpochSummary") -> None:
        """Print a line for the epoch."""
        self.spoken = time.monotonic()
        self.started, self.pairs = self.spoken, 0
        if summary.is_best:
            self.best = f"  best validation {summary.validation_average_precision:.3f}"
        self.note(
            f"epoch {summary.epoch}/{summary.epochs}  loss {summary.loss:.4f}  "
            f"{summary.pairs_per_second:,.0f} pairs/s  validation: "
            f"average precision {summary.validation_average_precision:.4f}, "
            f"accuracy {summary.validation_accuracy:.4f}{'  (best)' if summary.is_best else ''}"
        )
