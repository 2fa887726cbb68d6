"""Reporters of training events, and the logs: JSON Lines and TensorBoard."""

import abc
import contextlib
import dataclasses
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from gemel.errors import GemelWarning, MissingExtraError
from gemel.files import write_text


@dataclass(frozen=True, kw_only=True)
class StepSummary:
    """Summary of a batch."""

    epoch: int
    """From 1."""
    batch: int
    """Of the epoch, from 1."""
    batches: int
    """Of the epoch."""
    step: int
    """Batch of the training, from 1."""
    loss: float
    """Mean loss of the anchors."""
    pairs: int
    learning_rate: float
    gradient_norm: float
    """Before clipping."""


@dataclass(frozen=True, kw_only=True)
class EpochSummary:
    """Summary of an epoch."""

    epoch: int
    """From 1."""
    epochs: int
    step: int
    """Batches since the start."""
    loss: float
    """Mean loss of the batches."""
    validation_average_precision: float
    validation_accuracy: float
    """With the best threshold."""
    mean_similarity: float
    """Mean cosine of different validation questions; near 1: collapse."""
    pairs_per_second: float
    """Without validation."""
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


@dataclass(eq=False)
class Several:
    """Forwards events to several reporters, in order."""

    reporters: Sequence[Reporter] = ()

    def note(self, text: str) -> None:
        """See `Reporter`."""
        for reporter in self.reporters:
            reporter.note(text)

    def warn(self, text: str) -> None:
        """See `Reporter`."""
        for reporter in self.reporters:
            reporter.warn(text)

    def begin(self, step: int, epoch: int) -> None:
        """See `Reporter`."""
        for reporter in self.reporters:
            reporter.begin(step, epoch)

    def step(self, summary: StepSummary) -> None:
        """See `Reporter`."""
        for reporter in self.reporters:
            reporter.step(summary)

    def epoch(self, summary: EpochSummary) -> None:
        """See `Reporter`."""
        for reporter in self.reporters:
            reporter.epoch(summary)


class Silent(Several):
    """A reporter that does nothing."""


class WarningReporter(Silent):
    """Issues warnings as `GemelWarning`, and ignores other events."""

    def warn(self, text: str) -> None:
        """Issue a warning."""
        warnings.warn(text, GemelWarning, stacklevel=2)


LOG = "training.jsonl"
_EVERY = 20
"""Batches per log entry."""


class _Means(Silent, abc.ABC):
    def __init__(self) -> None:
        self._gathered: list[StepSummary] = []

    def step(self, summary: StepSummary) -> None:
        """See `Reporter`."""
        self._gathered.append(summary)
        if summary.step % _EVERY == 0:
            self._flush()

    def epoch(self, summary: EpochSummary) -> None:
        """Log the batches so far, then the epoch."""
        if self._gathered:
            self._flush()

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, []
        last, count = gathered[-1], len(gathered)
        values = {
            "epoch": last.epoch,
            "batches": count,
            "loss": sum(each.loss for each in gathered) / count,
            "learning_rate": last.learning_rate,
            "gradient_norm": sum(each.gradient_norm for each in gathered) / count,
        }
        self.means(last.step, values)

    @abc.abstractmethod
    def means(self, step: int, values: dict[str, Any]) -> None:
        """Log the means of the batches up to this step."""


class JsonLinesLog(_Means):
    """A log with a JSON object a line.

    On resume, later lines are removed, so that no batch is repeated.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def begin(self, step: int, epoch: int) -> None:
        """Remove the lines after the step and epoch to resume from."""
        lines: list[str] = []
        if step and self.path.exists():
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines(True)
        write_text(self.path, "".join(line for line in lines if _is_before(line, step, epoch)))

    def means(self, step: int, values: dict[str, Any]) -> None:
        """See `_Means`."""
        self._write({"step": step, **values})

    def epoch(self, summary: EpochSummary) -> None:
        """See `Reporter`."""
        super().epoch(summary)
        self._write(dataclasses.asdict(summary))

    def _write(self, values: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(values) + "\n")


def _is_before(line: str, step: int, epoch: int) -> bool:
    """Return whether a line is complete and before this step and epoch."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        values = json.loads(line)
        is_epoch = "validation_accuracy" in values
        return bool(values["step"] <= step and (values["epoch"] < epoch or not is_epoch))
    return False


class TensorBoardLog(_Means):
    """Event files for TensorBoard, an extra."""

    def __init__(self, folder: Path):
        super().__init__()
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError as error:
            raise MissingExtraError("a TensorBoard log", "tensorboard") from error
        self._new_writer = SummaryWriter
        self.folder = folder
        self.writer: Any = None

    def begin(self, step: int, epoch: int) -> None:
        """Hide entries after this step."""
        self.writer = self._new_writer(str(self.folder), purge_step=step + 1 if step else None)

    def means(self, step: int, values: dict[str, Any]) -> None:
        """See `_Means`."""
        for name in ("loss", "learning_rate", "gradient_norm"):
            self.writer.add_scalar(f"training/{name}", values[name], step)

    def epoch(self, summary: EpochSummary) -> None:
        """See `Reporter`."""
        super().epoch(summary)
        for name in ("validation_average_precision", "validation_accuracy", "mean_similarity"):
            scalar = f"validation/{name.removeprefix('validation_')}"
            self.writer.add_scalar(scalar, getattr(summary, name), summary.step)
        self.writer.flush()

    def close(self) -> None:
        """Close the files."""
        if self.writer is not None:
            self.writer.close()


@contextlib.contextmanager
def open_logs(folder: Path, reporter: Reporter) -> Iterator[list[Reporter]]:
    """Open the logs of a training: `training.jsonl`, and events if tensorboard is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    logs: list[Reporter] = [JsonLinesLog(folder / LOG)]
    with contextlib.ExitStack() as stack:
        try:
            events = TensorBoardLog(folder)
        except MissingExtraError as error:
            reporter.note(f"{folder / LOG}: the log ({error})")
        else:
            stack.callback(events.close)
            logs.append(events)
            reporter.note(f"{folder}: the log, for you ({LOG}) and for TensorBoard")
        yield logs
