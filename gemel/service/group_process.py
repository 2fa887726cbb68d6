"""Duplicate groups of a corpus, computed in a separate process."""

import contextlib
import logging
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

import numpy as np
from jaxtyping import Int64

from gemel.api import open_index
from gemel.duplicates import Duplicates
from gemel.errors import GemelError
from gemel.store import StoreState

_LOG = logging.getLogger("gemel.service")
_NICE = 10
"""Niceness of the process, so that requests come first."""
_REPORT_INTERVAL = 0.2
"""Seconds between two progress reports."""
_REST = 4
"""Groups are reused for this many times the time it took to compute them."""


@dataclass(frozen=True)
class TaskProgress:
    """Progress of long work; the total may be unknown."""

    doing: str
    done: int
    of: int | None


@dataclass(frozen=True, eq=False)
class ComputedGroups:
    """Groups, and the state of the store that they were computed from."""

    duplicates: Duplicates
    keys: Int64[np.ndarray, "questions"]
    """Key of each question of `duplicates`."""
    state: StoreState
    at: float
    """Wall-clock time, for display only; the age is measured by a monotonic clock."""
    took: float
    """Seconds."""


@dataclass(frozen=True)
class _Status:
    groups: ComputedGroups | None = None
    since: float = 0.0
    """When the groups arrived, by the clock of `GroupProcess`."""
    progress: TaskProgress | None = None
    failed: str = ""


class GroupProcess:
    """Computes groups of a corpus on demand, and again when it has changed. Thread-safe."""

    def __init__(self, db: str, model: str, clock: Callable[[], float] = time.monotonic):
        self._db, self._model, self._clock = db, model, clock
        self._lock = threading.Lock()
        self._status = _Status()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._closed = False

    def ask(self, state: StoreState) -> ComputedGroups | None:
        """Return the latest groups, if any, and start to compute newer ones if due.

        They are due if the store's state is a newer one, unless the groups are so recent that
        nothing else would be computed.
        """
        with self._lock:
            groups = self._status.groups
            age = self._clock() - self._status.since
            if self._process is None and not self._closed and _is_due(groups, age, state):
                self._begin()
        return groups

    @property
    def progress(self) -> TaskProgress | None:
        """Progress of the running computation, if any."""
        return self._status.progress

    @property
    def failed(self) -> str:
        """Why the last computation failed; empty if it did not."""
        return self._status.failed

    def close(self) -> None:
        """Stop the running computation."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.join()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy held locks
        ours, theirs = context.Pipe(duplex=False)
        arguments = theirs, self._db, self._model
        self._process = context.Process(target=_compute, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        # The failure stays until a success, or clients that poll would miss it.
        self._status = replace(self._status, progress=TaskProgress("reading the questions", 0, 1))
        threading.Thread(target=self._listen, args=(ours,), daemon=True).start()

    def _listen(self, ours: Connection) -> None:
        """Receive messages of the process until it ends."""
        ended = replace(
            self._status, progress=None, failed="the process that computes the groups ended early"
        )
        with ours, contextlib.suppress(EOFError, OSError):
            while True:
                message = pickle.loads(ours.recv_bytes())  # noqa: S301 - from our own process
                if isinstance(message, TaskProgress):
                    self._status = replace(self._status, progress=message)
                elif isinstance(message, ComputedGroups):
                    ended = _Status(message, self._clock())
                else:
                    _LOG.warning("the groups: %s", message)  # it contains paths
                    failed = "the groups could not be computed; see the log of the service"
                    ended = replace(ended, failed=failed)
        with self._lock:
            if self._process is not None:
                self._process.join()
            self._process = None
            self._status = replace(ended, failed="") if self._closed else ended


def _is_due(groups: ComputedGroups | None, age: float, state: StoreState) -> bool:
    if groups is None:
        return True
    same = (groups.state.identity, groups.state.sequence) == (state.identity, state.sequence)
    return not same and age > _REST * groups.took


def _compute(theirs: Connection, db: str, model: str) -> None:
    """Compute groups and send them, or the message of an error."""
    os.nice(_NICE)
    reported = 0.0

    def send(message: object) -> None:
        theirs.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def progress(doing: str, done: int, of: int | None) -> None:
        nonlocal reported
        if time.monotonic() - reported > _REPORT_INTERVAL:
            reported = time.monotonic()
            send(TaskProgress(doing, done, of))

    began = time.monotonic()
    try:
        with open_index(db, model, create=False, neighbours="exact") as index:
            state = index.store.state()
            duplicates, keys = index.scan_duplicates(progress=progress)
        send(ComputedGroups(duplicates, keys, state, at=time.time(), took=time.monotonic() - began))
    except GemelError as error:
        send(str(error))
