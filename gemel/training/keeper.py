"""Keeps a training safe: writes checkpoints now and then, and when somebody asks it to stop."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gemel.errors import TrainingStopped
from gemel.training.checkpoint import Checkpoint, remove_leftovers, save_checkpoint
from gemel.training.identity import Identity
from gemel.training.interrupts import stop_requests
from gemel.training.trainer import Trainer

__all__ = ["Keeper"]


class Keeper:
    """The checkpoint of one training.

    Args:
        path: the file to write.
        identity: what the training is one of.
        every: seconds between two checkpoints; 0 writes one after every batch.
        resume: whether to go on from the file, if there is one.
    """

    def __init__(self, path: Path, identity: Identity, *, every: float, resume: bool):
        self.path = path
        self.identity = identity
        self.every = every
        self.resume = resume

    def run(self, trainer: Trainer) -> None:
        """Train to the end, from the checkpoint if there is one to go on from.

        Raises:
            TrainingStopped: Ctrl-C or SIGTERM; the checkpoint is written.
            ConfigError, DataError, FolderError: see `Checkpoint.restore`.
            TrainingError: the checkpoint cannot be written.
        """
        remove_leftovers(self.path)
        if self.resume and self.path.exists():
            Checkpoint(self.path).restore(trainer, self.identity)
            trainer.reporter.say(f"{self.path}: going on in {_place(trainer)}")
        elif self.resume:
            trainer.reporter.say(f"{self.path}: no checkpoint yet; beginning at the beginning")
        with self._watch(trainer) as after_step:
            trainer.run(after_step)
        # What follows may fail, and should not cost the training.
        save_checkpoint(self.path, trainer, self.identity)

    @contextlib.contextmanager
    def _watch(self, trainer: Trainer) -> Iterator[Callable[[], None]]:
        written = time.monotonic()

        def after_step() -> None:
            nonlocal written
            stop = is_asked()
            if stop or time.monotonic() - written >= self.every:
                save_checkpoint(self.path, trainer, self.identity)
                written = time.monotonic()
            if stop:
                raise TrainingStopped(
                    f"stopped in {_place(trainer)}; {self.path} holds all of it: "
                    "type the same command with --resume to go on"
                )

        with stop_requests() as is_asked:
            yield after_step


def _place(trainer: Trainer) -> str:
    state = trainer.state
    return f"epoch {state.epoch} behind batch {state.batch:,} of {len(trainer.batches):,}"
