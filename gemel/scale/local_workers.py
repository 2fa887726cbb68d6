"""Tasks in processes of this machine.

Each process has a pipe of its own to this one, so that it is known which task a killed process had,
and no lock is shared that it could take along.
"""

import contextlib
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from gemel.config import MOST_THREADS, require_whole
from gemel.errors import ScaleError
from gemel.inference import available_cores
from gemel.scale.tasks import TRIES, Done, Task, compute, given_up, name_of, unpack

_LOG = logging.getLogger("gemel.scale")

_GRACE = 2.0
"""Seconds in which a process that should end may remove what it has half written."""
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="LocalWorkers")


class LocalWorkers:
    """Processes of this machine that run tasks, each with one compute thread.

    They start with the first tasks and stay until they are closed. If this process dies, they end.

    Args:
        processes: tasks that run at one time; None for as many as there are cores.

    Raises:
        ConfigError: fewer than one process.
    """

    def __init__(self, processes: int | None = None):
        if processes is not None:
            processes = require_whole("processes", processes, 1, MOST_THREADS)
        self.count = processes or available_cores()
        self._idle: list[_Worker] = []

    def run(self, task: Task[Any], numbers: Sequence[int], *, stage: str = "") -> Iterator[Done]:
        """Run a task for each number, as `gemel.scale.tasks.Workers` gives.

        A task whose process dies runs again when the others have begun, in a new process.

        Raises:
            ScaleError: the process of a task died each of the times that it was tried.
            Exception: whatever a task raised.
        """
        packed = pickle.dumps(task, pickle.HIGHEST_PROTOCOL)
        waiting, deaths = deque(numbers), Counter[int]()
        busy: list[_Worker] = []
        outcomes: list[bytes] = []
        try:
            while waiting or busy or outcomes:
                while waiting and len(busy) < self.count:
                    busy.append(self._idle.pop() if self._idle else _Worker())
                    busy[-1].begin(packed, waiting.popleft())
                yield from map(unpack, outcomes)
                outcomes = []
                ready = set(wait([worker.pipe for worker in busy])) if busy else set()
                for worker in [worker for worker in busy if worker.pipe in ready]:
                    try:
                        outcome = worker.outcome()
                    except (EOFError, OSError):
                        busy.remove(worker)
                        deaths[worker.number] += 1
                        how = worker.bury()
                        if deaths[worker.number] == TRIES:
                            raise given_up(worker.number, stage or name_of(task), how) from None
                        _LOG.warning(
                            "task %d runs again: its process died of %s", worker.number, how
                        )
                        waiting.append(worker.number)
                        continue
                    if outcome:
                        busy.remove(worker)
                        self._idle.append(worker)
                        outcomes.append(outcome)
        finally:
            _end(busy)

    def close(self) -> None:
        """End the processes; may be called twice."""
        idle, self._idle = self._idle, []
        _end(idle)

    def __enter__(self: _Itself) -> _Itself:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()


class _Worker:
    """A process, and the task that it has."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that are held
        self.pipe, theirs = context.Pipe()
        # Where this process exits without closing anything, daemons are ended and not waited for.
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _handed_down():
            self.process.start()
        theirs.close()
        self.number = -1
        self.has_started = False

    def begin(self, packed: bytes, number: int) -> None:
        """Return it a task."""
        self.number = number
        with contextlib.suppress(OSError):  # it is dead, as who waits for its outcome will hear
            self.pipe.send_bytes(pickle.dumps((packed, number), pickle.HIGHEST_PROTOCOL))

    def outcome(self) -> bytes:
        """Read what it sent: nothing when it starts, then what becomes of its task.

        Raises:
            EOFError, OSError: it is dead.
        """
        told = self.pipe.recv_bytes()
        self.has_started = True
        return told

    def bury(self) -> str:
        """Report how it died."""
        _end([self])
        code = self.process.exitcode
        how = f"exit status {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        if not self.has_started:
            how += (
                " before it had started: a script that runs this needs"
                " `if __name__ == '__main__':` around what it does"
            )
        return how


def _end(workers: Iterable[_Worker]) -> None:
    workers = list(workers)
    for worker in workers:
        worker.process.terminate()
    by = time.monotonic() + _GRACE
    try:
        for worker in workers:
            worker.process.join(max(0.0, by - time.monotonic()))
    finally:
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.join()
            worker.pipe.close()


@contextlib.contextmanager
def _handed_down() -> Iterator[None]:
    """Set what a process takes over when it is made: one compute thread, no Ctrl-C.

    A terminal sends Ctrl-C to all; the processes are this one's to end. The number of threads has
    to be there before NumPy is, or its threads are made.
    """
    resource_tracker.ensure_running()  # the first start of one would let Ctrl-C through again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _work(pipe: Connection) -> None:
    """Run tasks until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_follow_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        pipe.send_bytes(b"")
        while True:
            packed, number = pickle.loads(pipe.recv_bytes())  # noqa: S301 - our own process's
            pipe.send_bytes(compute(packed, number))


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # not at once, so that half-written files are removed


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        raise ScaleError("this is not a process of a large run")
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)
