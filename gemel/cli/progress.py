"""What a person sees during long work: a live line on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from gemel.training import EpochSummary

__all__ = ["TrainingProgress", "WorkProgress"]

_EVERY = 15.0
"""Seconds between two lines where there is no terminal."""


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[news]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class WorkProgress:
    """Progress of work in stages, used as a context manager and called with what is done.

    Args:
        console: where to write.
    """

    def __init__(self, console: Console):
        self.console = console
        self.bar = _bar(console)
        self.task = self.bar.add_task("reading", total=None, news="")
        self.spoken = time.monotonic()

    def __enter__(self) -> "WorkProgress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Hear how much of a stage is done."""
        self.bar.update(
            self.task, description=stage, completed=done, total=total, news=f"{done:,}/{total:,}"
        )
        now = time.monotonic()
        if not self.console.is_terminal and now - self.spoken > _EVERY:
            self.spoken = now
            self.console.print(f"{stage}: {done:,} of {total:,}", highlight=False, markup=False)


class TrainingProgress:
    """A reporter for people, used as a context manager.

    Args:
        console: where to write.
        epochs: how many there will be.
    """

    def __init__(self, console: Console, epochs: int):
        self.console = console
        self.epochs = epochs
        self.loss: float | None = None
        self.pairs = 0
        self.started = self.spoken = time.monotonic()
        self.bar = _bar(console)
        self.task = self.bar.add_task("training", total=None, news="")

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print a line that stands out."""
        self.console.print(
            f"warning: {text}", style="bold yellow", highlight=False, markup=False, soft_wrap=True
        )

    def step(self, epoch: int, step: int, steps: int, loss: float, pairs: int) -> None:
        """Move the bar, or now and then print a line."""
        now = time.monotonic()
        if step == 1:
            self.started, self.pairs = now, 0
        self.loss = loss if self.loss is None else 0.98 * self.loss + 0.02 * loss
        self.pairs += pairs
        speed = self.pairs / (now - self.started) if now > self.started else 0.0
        news = f"loss {self.loss:.4f}  {speed:,.0f} pairs/s"
        self.bar.update(
            self.task,
            total=self.epochs * steps,
            completed=(epoch - 1) * steps + step,
            description=f"epoch {epoch}/{self.epochs}",
            news=news,
        )
        if not self.console.is_terminal and now - self.spoken > _EVERY:
            self.spoken = now
            self.say(f"epoch {epoch}/{self.epochs}  batch {step:,}/{steps:,}  {news}")

    def epoch(self, summary: "EpochSummary") -> None:
        """Print the epoch's line."""
        self.spoken = time.monotonic()
        self.say(
            f"epoch {summary.epoch}/{summary.epochs}  loss {summary.loss:.4f}  "
            f"{summary.pairs_per_second:,.0f} pairs/s  validation: "
            f"average precision {summary.validation_average_precision:.4f}, "
            f"accuracy {summary.validation_accuracy:.4f}{'  (best)' if summary.is_best else ''}"
        )
