"""How processes that learn together hear of each other's failures, without waiting for the dead."""

import contextlib
import time

from torch.distributed import Store  # type: ignore[attr-defined]

from gemel.errors import TrainingError

_HERE = "here"
_FAILED = "failed"
_PAUSE = 0.05
"""Seconds between two looks."""


class OthersGoneError(TrainingError):
    """Another process of a training has ended, and so must this one.

    Args:
        reason: how that was seen.
        is_told: whether the other one has told why itself.
    """

    def __init__(self, reason: str, *, is_told: bool = False):
        super().__init__(
            f"another process of this training has ended before its time ({reason}); --resume goes "
            "on from the last checkpoint"
        )
        self.reason = reason
        self.is_told = is_told


class Meeting:
    """The places at which all processes wait for each other, until all are there or one has failed.

    Args:
        store: what all of them write to and read.
        rank: which of them this is.
        count: how many they are.
    """

    def __init__(self, store: Store, rank: int, count: int):
        self.store = store
        self.rank = rank
        self.count = count
        self.number = 0

    def meet(self, patience: float | None = None) -> None:
        """Wait until all are here.

        Args:
            patience: seconds to wait; for ever if None.

        Raises:
            OthersGoneError: one has failed before it got here, or is not here in time.
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
        """Meet for the last time; the first one, that may keep the store, goes last.

        Args:
            patience: seconds that the first one waits for the others to go.
        """
        self.meet()
        if self.rank:
            self._tell(_HERE)
        else:
            self._wait([self._key(rank) for rank in range(1, self.count)], patience)

    def tell_failure(self) -> None:
        """Let the others know that this one does not come."""
        with contextlib.suppress(RuntimeError):
            self._tell(_FAILED)

    def has_first_failed(self, patience: float) -> bool:
        """Return whether the first process does not come either.

        Args:
            patience: seconds to wait for its word.
        """
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
