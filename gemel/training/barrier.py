"""A barrier of training processes that detects failed ones."""

import contextlib
import time

from torch.distributed import Store  # type: ignore[attr-defined]

from gemel.errors import TrainingError

_HERE = "here"
_FAILED = "failed"
_PAUSE = 0.05
"""Seconds between polls."""


class OthersGoneError(TrainingError):
    """Another process of the training has ended.

    Args:
        reason: how it was detected.
        is_told: whether the other process reported why.
    """

    def __init__(self, reason: str, *, is_told: bool = False):
        super().__init__(
            f"another process of this training has ended before its time ({reason}); --resume "
            "resumes from the last checkpoint"
        )
        self.reason = reason
        self.is_told = is_told


class Barrier:
    """A barrier at which all processes wait until all have arrived or one has failed.

    Args:
        store: key-value store of all processes.
        rank: this process.
        count: number of processes.
    """

    def __init__(self, store: Store, rank: int, count: int):
        self.store = store
        self.rank = rank
        self.count = count
        self.number = 0

    def wait(self, patience: float | None = None) -> None:
        """Wait until all processes have arrived.

        Args:
            patience: timeout in seconds; None: none.

        Raises:
            OthersGoneError: one has failed, or the timeout has passed.
        """
        keys = [self._key(rank) for rank in range(self.count)]
        try:
            self._tell(_HERE)
            came = self._wait(keys, patience)
            failed = came and any(self._read(key) != _HERE for key in keys)
        except RuntimeError as error:
            first, *_ = str(error).splitlines()
            raise OthersGoneError(first) from error
        if not came:
            raise OthersGoneError(f"not all of {self.count} came within {patience:g} s")
        if failed:
            raise OthersGoneError("it has failed", is_told=True)
        self.number += 1

    def part(self, patience: float) -> None:
        """Wait for the last time; rank 0, which may host the store, leaves last.

        Args:
            patience: seconds that rank 0 waits for the others.
        """
        self.wait()
        if self.rank:
            self._tell(_HERE)
        else:
            self._wait([self._key(rank) for rank in range(1, self.count)], patience)

    def tell_failure(self) -> None:
        """Signal that this process has failed."""
        with contextlib.suppress(RuntimeError):
            self._tell(_FAILED)

    def has_first_failed(self, patience: float) -> bool:
        """Return whether rank 0 has failed within `patience` seconds."""
        try:
            key = self._key(0)
            return self._wait([key], patience) and self._read(key) == _FAILED
        except RuntimeError:  # the store is gone, and with it the process that stored it
            return True

    def _wait(self, keys: list[str], patience: float | None) -> bool:
        # By looking again and again: a wait inside of the store hears no Ctrl-C.
        began = time.monotonic()
        while not self.store.check(keys):
            if patience is not None and time.monotonic() - began > patience:
                return False
            time.sleep(_PAUSE)
        return True

    def _tell(self, word: str) -> None:
        self.store.set(self._key(self.rank), word)

    def _read(self, key: str) -> str:
        return bytes(self.store.get(key)).decode()

    def _key(self, rank: int) -> str:
        return f"{self.number}/{rank}"
