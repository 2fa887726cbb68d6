"""Write checkpoints at intervals and on request to stop."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gemel.config import require_number
from gemel.errors import TrainingStopped
from gemel.files import remove_leftovers
from gemel.training.checkpoint import Checkpoint, save_checkpoint
from gemel.training.state_broadcast import bring_abreast
from gemel.training.trainer import Trainer
from gemel.training.training_identity import Identity

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Hold back the first Ctrl-C, SIGTERM or SIGHUP, so that what is under way can be ended whole.

    A second one does what it always does. Outside of the main thread, where signals do not come,
    nothing is held back.

    Yields:
        A function that tells whether a user has asked to stop.
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


class Keeper:
    """The checkpoint of one training; of several processes only the first one touches the file.

    Args:
        path: the file to write.
        identity: what the training is one of.
        every: seconds between two checkpoints; 0 writes one after every batch.
        resume: whether to continue from the file, if there is one.
    """

    def __init__(self, path: Path, identity: Identity, *, every: float, resume: bool):
        self.path = path
        self.identity = identity
        self.every = require_number("checkpoint_every, in seconds,", every, 0, math.inf)
        self.resume = resume

    def run(self, trainer: Trainer) -> None:
        """Train to the end, from the checkpoint if there is one to continue from.

        Raises:
            TrainingStopped: Ctrl-C or SIGTERM, in any process; the checkpoint is written.
            ConfigError, DataError, FolderError: see `Checkpoint.restore`.
            TrainingError: the checkpoint cannot be written, or another process has gone.
        """
        if trainer.ranks.is_first:
            self._begin(trainer)
        bring_abreast(trainer, self.identity)
        with stop_requests() as is_asked:
            trainer.run(self._after_step(trainer), is_asked)
        # What follows may fail, and should not cost the training.
        self._save(trainer)

    def _begin(self, trainer: Trainer) -> None:
        remove_leftovers(self.path.parent)
        if self.resume and self.path.exists():
            Checkpoint(self.path).restore(trainer, self.identity)
            trainer.reporter.say(f"{self.path}: continuing in {_place(trainer)}")
        elif self.resume:
            trainer.reporter.say(f"{self.path}: no checkpoint yet; beginning at the beginning")

    def _save(self, trainer: Trainer) -> None:
        if trainer.ranks.is_first:
            save_checkpoint(self.path, trainer, self.identity)

    def _after_step(self, trainer: Trainer) -> Callable[[], None]:
        written = time.monotonic()

        def after_step() -> None:
            nonlocal written
            stop = trainer.is_to_stop
            if stop or time.monotonic() - written >= self.every:
                self._save(trainer)
                written = time.monotonic()
            if stop:
                # No one ends before it is written: the end of one is the end of all.
                trainer.ranks.meet()
                raise TrainingStopped(
                    f"stopped in {_place(trainer)}; {self.path} holds all of it: "
                    "type the same command with --resume to continue"
                )

        return after_step


def _place(trainer: Trainer) -> str:
    state = trainer.state
    return f"epoch {state.epoch} behind batch {state.batch:,} of {len(trainer.batches):,}"
