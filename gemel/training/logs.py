"""Training logs: JSON Lines and TensorBoard events."""

import abc
import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gemel.errors import MissingExtraError
from gemel.files import write_text
from gemel.training.reporters import EpochSummary, Reporter, Silent, StepSummary

LOG = "training.jsonl"
"""Name of the log."""
_EVERY = 20
"""Batches per log entry."""


class _Means(Silent, abc.ABC):
    """Averages batches."""

    def __init__(self) -> None:
        self._gathered: list[StepSummary] = []

    def step(self, summary: StepSummary) -> None:
        """Add a batch."""
        self._gathered.append(summary)
        if summary.step % _EVERY == 0:
            self._hand_on()

    def epoch(self, summary: EpochSummary) -> None:
        """Log the batches so far, then the epoch."""
        if self._gathered:
            self._hand_on()

    def _hand_on(self) -> None:
        gathered, self._gathered = self._gathered, []
        last = gathered[-1]
        self.means(
            last.step,
            {
                "epoch": last.epoch,
                "batches": len(gathered),
                "loss": sum(each.loss for each in gathered) / len(gathered),
                "learning_rate": last.learning_rate,
                "gradient_norm": sum(each.gradient_norm for each in gathered) / len(gathered),
            },
        )

    @abc.abstractmethod
    def means(self, step: int, values: dict[str, Any]) -> None:
        """Log the means of the batches up to this step."""


class JsonLinesLog(_Means):
    """A log with a JSON object a line.

    Args:
        path: the file. On resume, later lines are removed, so that no batch is repeated.
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
        """Write a line for some batches."""
        self._write({"step": step, **values})

    def epoch(self, summary: EpochSummary) -> None:
        """Write a line for an epoch."""
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
    """Event files for TensorBoard.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """

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
        """Write the curves of the batches."""
        for name in ("loss", "learning_rate", "gradient_norm"):
            self.writer.add_scalar(f"training/{name}", values[name], step)

    def epoch(self, summary: EpochSummary) -> None:
        """Write the curves of the validation pairs."""
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
