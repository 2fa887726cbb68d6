"""The duplicate groups of a corpus, made in a process of their own, so that requests do not wait."""

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
from gemel.duplicates import Duplicates, find_duplicates
from gemel.errors import GemelError
from gemel.store import StoreState
from gemel.text import Progress as TextProgress

_LOG = logging.getLogger("gemel.service")
_NICE = 10
"""How far the process steps back behind those who answer."""
_EVERY = 0.2
"""Seconds between two words on how far it is."""
_REST = 4
"""Of the time that groups took, how many times as long they are good before they are made again."""


@dataclass(frozen=True)
class Progress:
    """How far a long work is."""

    doing: str
    done: int
    of: int | None
    """None if unknown."""


@dataclass(frozen=True, eq=False)
class Grouped:
    """Groups, and of what."""

    duplicates: Duplicates
    keys: Int64[np.ndarray, "questions"]
    """The key of each question of `duplicates`."""
    state: StoreState
    """Of the store when its questions were read."""
    at: float
    """Seconds since 1970, to be shown; their age is measured by another clock."""
    took: float
    """Seconds."""


@dataclass(frozen=True)
class _Standing:
    grouped: Grouped | None = None
    since: float = 0.0
    """When the groups came, by the clock of `Grouping`."""
    progress: Progress | None = None
    failed: str = ""


class Grouping:
    """Makes the groups of a corpus when they are asked for, and newer ones when it has changed.

    Any number of threads may ask.

    Args:
        db: the corpus.
        model: the folder of the model that judges.
        clock: gives seconds; it never goes back, even if the time of day is set.
    """

    def __init__(self, db: str, model: str, clock: Callable[[], float] = time.monotonic):
        self._db, self._model, self._clock = db, model, clock
        self._lock = threading.Lock()
        self._standing = _Standing()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._closed = False

    def ask(self, state: StoreState) -> Grouped | None:
        """Return the groups that are there, None if there are none yet; see that there will be.

        Args:
            state: of the store now. Where it is another than that of the groups, new ones are made,
                unless the last are so young that nothing else would be done any more.
        """
        with self._lock:
            there = self._standing.grouped
            age = self._clock() - self._standing.since
            if self._process is None and not self._closed and _is_due(there, age, state):
                self._begin()
            return there

    @property
    def progress(self) -> Progress | None:
        """How far newer groups are; None if none are being made."""
        return self._standing.progress

    @property
    def failed(self) -> str:
        """Why the last attempt gave none; empty if it gave some."""
        return self._standing.failed

    def close(self) -> None:
        """Stop what is being made."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.join()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that are held
        ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_make, args=(theirs, self._db, self._model), daemon=True
        )
        self._process.start()
        theirs.close()
        # What failed stays until it is mended: who looks once a second would never see it.
        self._standing = replace(self._standing, progress=Progress("reading the questions", 0, 1))
        threading.Thread(target=self._listen, args=(ours,), daemon=True).start()

    def _listen(self, ours: Connection) -> None:
        """Take what the process sends until it ends."""
        failed = "the process that makes the groups ended before it was done"
        grouped, since = self._standing.grouped, self._standing.since
        with ours, contextlib.suppress(EOFError, OSError):
            while True:
                told = pickle.loads(ours.recv_bytes())  # noqa: S301 - our own process's
                if isinstance(told, Progress):
                    self._standing = replace(self._standing, progress=told)
                elif isinstance(told, Grouped):
                    grouped, since, failed = told, self._clock(), ""
                else:
                    _LOG.warning("the groups: %s", told)  # it names places
                    failed = "the groups could not be made; the service's log has the reason"
        with self._lock:
            if self._process is not None:
                self._process.join()
            self._process = None
            failed = "" if self._closed else failed
            self._standing = _Standing(grouped=grouped, since=since, failed=failed)


def _is_due(there: Grouped | None, age: float, state: StoreState) -> bool:
    if there is None:
        return True
    same = (there.state.identity, there.state.sequence) == (state.identity, state.sequence)
    return not same and age > _REST * there.took


def _make(theirs: Connection, db: str, model: str) -> None:
    """Make groups and send them; what goes wrong is sent in words."""
    os.nice(_NICE)

    spoken = 0.0

    def tell(told: object) -> None:
        theirs.send_bytes(pickle.dumps(told, pickle.HIGHEST_PROTOCOL))

    def progress(doing: str, done: int, of: int | None) -> None:
        nonlocal spoken
        if time.monotonic() - spoken > _EVERY:
            spoken = time.monotonic()
            tell(Progress(doing, done, of))

    try:
        tell(_group(db, model, progress))
    except GemelError as error:
        tell(str(error))


def _group(db: str, model: str, progress: TextProgress) -> Grouped:
    began = time.monotonic()
    with open_index(db, model, create=False, neighbours="exact") as index:
        state = index.store.state()
        kept = [question for lot in index.store.scan(metadata=0) for question in lot]
        duplicates = find_duplicates(
            index.engine,
            [question.id for question in kept],
            [question.text for question in kept],
            progress=progress,
        )
    return Grouped(
        duplicates=duplicates,
        keys=np.array([question.key for question in kept], np.int64),
        state=state,
        at=time.time(),
        took=time.monotonic() - began,
    )
