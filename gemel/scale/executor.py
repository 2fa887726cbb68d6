"""Tasks of a large run, and the processes of this machine that run them."""

import contextlib
import functools
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol, TypeAlias, TypeVar, runtime_checkable

from gemel.config import MOST_THREADS, require_whole
from gemel.errors import ScaleError
from gemel.inference import available_cores, one_compute_thread

TRIES = 3
"""Times that a task is started before a dying process ends the run."""

Result = TypeVar("Result")
Task: TypeAlias = Callable[[int], Result]
"""A picklable function of a task's number that writes files atomically, so that it may run
twice."""

# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="Workers")


@dataclass(frozen=True)
class Done:
    """A finished task."""

    number: int
    value: Any
    peak_mb: int
    """Peak resident memory of its process so far, in MiB."""


@runtime_checkable
class Workers(Protocol):
    """Processes that run tasks; a context manager that closes them."""

    count: int
    """Tasks that run at one time."""

    def run(self, task: Task[Any], numbers: Sequence[int], *, stage: str = "") -> Iterator[Done]:
        """Run a task for each number; an iterator that is left early ends the running tasks.

        Args:
            stage: name in errors; that of the task's function if empty.

        Returns:
            Finished tasks in order of completion.

        Raises:
            ScaleError: the process of a task died `TRIES` times.
            Exception: raised by a task.
        """
        ...

    def close(self) -> None:
        """End the processes; may be called twice."""
        ...

    def __enter__(self: _Itself) -> _Itself:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()


def name_of(task: Task[Any]) -> str:
    """Return the name of a task's function."""
    while isinstance(task, functools.partial):
        task = task.func
    return getattr(task, "__qualname__", type(task).__qualname__)


def compute(packed: bytes, number: int) -> bytes:
    """Run a pickled task with one compute thread, for results that are the same on any machine.

    Returns:
        A pickled `Done`, or the pickled exception that the task raised.
    """
    try:
        task = _read(packed)
        with one_compute_thread():
            value = task(number)
        return pickle.dumps(Done(number, value, peak_memory()), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return _pack(error, number)


@functools.lru_cache(maxsize=1)
def _read(packed: bytes) -> Task[Any]:
    # A process has many tasks of one stage, one after the other.
    task: Task[Any] = pickle.loads(packed)  # noqa: S301 - our own process's
    return task


def unpack(outcome: bytes) -> Done:
    """Read what `compute` returned, and raise its exception."""
    read = pickle.loads(outcome)  # noqa: S301 - our own process's
    if isinstance(read, Exception):
        raise read
    done: Done = read
    return done


def peak_memory() -> int:
    """Return the peak resident memory of this process, in MiB."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        held = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(held.split()[1]) // 1024
    except (OSError, StopIteration):
        # Also counts what the parent held when this process was made of it.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def given_up(number: int, stage: str, how: str) -> ScaleError:
    """Return the error of a task whose process died each time."""
    return ScaleError(
        f"{stage}: the process of task {number} died {TRIES} times, of {how} at last. If memory "
        "was short, use fewer processes or smaller shards. What is done stays"
    )


def _pack(error: Exception, number: int) -> bytes:
    there = "".join(traceback.format_exception(error)).rstrip()
    try:
        error.add_note(f"In the process of task {number}:\n{there}")
        packed = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
        pickle.loads(packed)  # noqa: S301 - what cannot be read would stop the reader
    except Exception:
        failure = ScaleError(f"task {number} failed: {type(error).__name__}: {error}")
        failure.add_note(there)
        return pickle.dumps(failure, pickle.HIGHEST_PROTOCOL)
    return packed


_LOG = logging.getLogger("gemel.scale")

_GRACE = 2.0
"""Seconds for a process to remove partial files before it is killed."""
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class LocalWorkers(Workers):
    """Processes of this machine with one compute thread each, from the first task until closed.

    Args:
        processes: tasks that run at one time; None for one a core.

    Raises:
        ConfigError: fewer than one process.
    """

    def __init__(self, processes: int | None = None):
        if processes is not None:
            processes = require_whole("processes", processes, 1, MOST_THREADS)
        self.count = processes or available_cores()
        self._idle: list[_Worker] = []

    def run(self, task: Task[Any], numbers: Sequence[int], *, stage: str = "") -> Iterator[Done]:
        """Run a task for each number; see `Workers.run`. A task that died runs again last."""
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


class _Worker:
    """A process and its task."""

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
        """Send it a task."""
        self.number = number
        with contextlib.suppress(OSError):  # it is dead, as who waits for its outcome will hear
            self.pipe.send_bytes(pickle.dumps((packed, number), pickle.HIGHEST_PROTOCOL))

    def outcome(self) -> bytes:
        """Receive nothing when it starts, then the outcome of its task.

        Raises:
            EOFError, OSError: it is dead.
        """
        received = self.pipe.recv_bytes()
        self.has_started = True
        return received

    def bury(self) -> str:
        """Return how it died."""
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
    """Set what a process inherits: one compute thread, before NumPy is imported, and no Ctrl-C."""
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
