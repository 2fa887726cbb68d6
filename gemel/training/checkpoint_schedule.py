"""Write checkpoints at intervals and on request to stop."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gemel.config import TrainOptions
from gemel.errors import TrainingStopped
from gemel.files import remove_leftovers
from gemel.training.checkpoint import Checkpoint, save_checkpoint
from gemel.training.state_broadcast import broadcast_state
from gemel.training.trainer import Trainer
from gemel.training.training_identity import TrainingIdentity

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Hold back the first Ctrl-C, SIGTERM or SIGHUP, so that training can stop cleanly.

    A second one has its usual effect. Outside the main thread nothing is held back.

    Yields:
        A function that returns whether a stop was requested.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked = threading.Event()
    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def hear(number: int, frame: Any) -> None:
        asked.set()
        _put_back(before)

    for number in before:
        signal.signal(number, hear)
    try:
        yield asked.is_set
    finally:
        _put_back(before)


def _put_back(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        # None: it was set outside of Python, and cannot be set again from here.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


class CheckpointSchedule:
    """Checkpoints of one training; of several processes only rank 0 writes.

    Args:
        path: the file.
        identity: identity of the training.
        options: interval, and whether to resume.
    """

    def __init__(self, path: Path, identity: TrainingIdentity, options: TrainOptions):
        self.path = path
        self.identity = identity
        self.options = options

    def run(self, trainer: Trainer) -> None:
        """Train to the end, from the checkpoint if there is one.

        Raises:
            TrainingStopped: Ctrl-C or SIGTERM, in any process; the checkpoint is written.
            ConfigError, DataError, FolderError: see `Checkpoint.restore`.
            TrainingError: the checkpoint cannot be written, or another process has failed.
        """
        if trainer.ranks.is_first:
            self._begin(trainer)
        broadcast_state(trainer, self.identity)
        with stop_requests() as is_asked:
            trainer.run(self._after_step(trainer), is_asked)
        # What follows may fail, and should not cost the training.
        self._save(trainer)

    def _begin(self, trainer: Trainer) -> None:
        remove_leftovers(self.path.parent)
        if self.options.resume and self.path.exists():
            Checkpoint(self.path).restore(trainer, self.identity)
            trainer.reporter.note(f"{self.path}: continuing in {_place(trainer)}")
        elif self.options.resume:
            trainer.reporter.note(f"{self.path}: no checkpoint yet; beginning at the beginning")

    def _save(self, trainer: Trainer) -> None:
        if trainer.ranks.is_first:
            save_checkpoint(self.path, trainer, self.identity)

    def _after_step(self, trainer: Trainer) -> Callable[[], None]:
        written = time.monotonic()

        def after_step() -> None:
            nonlocal written
            stop = trainer.is_to_stop
            if stop or time.monotonic() - written >= self.options.checkpoint_every:
                self._save(trainer)
                written = time.monotonic()
            if stop:
                # No one ends before it is written: the end of one is the end of all.
                trainer.ranks.wait()
                raise TrainingStopped(
                    f"stopped in {_place(trainer)}; {self.path} holds all of it: "
                    "type the same command with --resume to continue"
                )

        return after_step


def _place(trainer: Trainer) -> str:
    state = trainer.state
    return f"epoch {state.epoch} behind batch {state.batch:,} of {len(trainer.batches):,}"
