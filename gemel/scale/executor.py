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
from abc import abstractmethod
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
_GRACE = 2.0
"""Seconds for a process to remove partial files before it is killed."""
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
_LOG = logging.getLogger("gemel.scale")

Result = TypeVar("Result")
Task: TypeAlias = Callable[[int], Result]
"""A picklable function of a task's number that writes files atomically, so that it may run
twice."""

# In place of typing.Self, which beartype rejects on a method.
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

    def close(self) -> None:
        """End the processes; may be called twice."""

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

    Returns a pickled `Done`, or the pickled exception that the task raised.
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
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) // 1024
    except (OSError, StopIteration):
        # Also counts memory of the parent before the fork.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _pack(error: Exception, number: int) -> bytes:
    there = "".join(traceback.format_exception(error)).rstrip()
    try:
        error.add_note(f"In the process of task {number}:\n{there}")
        packed = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
        pickle.loads(packed)  # noqa: S301 - else the reader would fail
    except Exception:
        failure = ScaleError(f"task {number} failed: {type(error).__name__}: {error}")
        failure.add_note(there)
        return pickle.dumps(failure, pickle.HIGHEST_PROTOCOL)
    return packed


class WorkerPool(Workers):
    """Workers that run each task again whose process died, after the others."""

    def run(self, task: Task[Any], numbers: Sequence[int], *, stage: str = "") -> Iterator[Done]:
        """See `Workers`."""
        packed = pickle.dumps(task, pickle.HIGHEST_PROTOCOL)
        waiting, deaths = deque(numbers), Counter[int]()
        busy: dict[Any, int] = {}
        outcomes: list[bytes] = []
        try:
            while waiting or busy or outcomes:
                while waiting and len(busy) < self.count:
                    number = waiting.popleft()
                    busy[self._begin(packed, number)] = number
                yield from map(unpack, outcomes)
                outcomes = []
                for handle, outcome in self._wait(busy) if busy else ():
                    number = busy.pop(handle)
                    if isinstance(outcome, bytes):
                        outcomes.append(outcome)
                        continue
                    deaths[number] += 1
                    if deaths[number] == TRIES:
                        raise ScaleError(
                            f"{stage or name_of(task)}: the process of task {number} died {TRIES} "
                            f"times, of {outcome} at last. If memory was short, use fewer "
                            "processes or smaller shards. What is done stays"
                        )
                    _LOG.warning("task %d runs again: its process died of %s", number, outcome)
                    waiting.append(number)
        finally:
            self._cancel(list(busy))

    @abstractmethod
    def _begin(self, packed: bytes, number: int) -> Any:
        """Start a pickled task, and return a handle of it."""

    @abstractmethod
    def _wait(self, busy: dict[Any, int]) -> Iterator[tuple[Any, bytes | str]]:
        """Wait, and yield ended tasks with the result of `compute`, or how the process died."""

    @abstractmethod
    def _cancel(self, handles: list[Any]) -> None:
        """End running tasks."""


class LocalWorkers(WorkerPool):
    """Processes of this machine with one compute thread each; by default one a core.

    Raises:
        ConfigError: fewer than one process.
    """

    def __init__(self, processes: int | None = None):
        if processes is not None:
            processes = require_whole("processes", processes, 1, MOST_THREADS)
        self.count = processes or available_cores()
        self._idle: list[_Worker] = []

    def _begin(self, packed: bytes, number: int) -> "_Worker":
        worker = self._idle.pop() if self._idle else _Worker()
        worker.begin(packed, number)
        return worker

    def _wait(self, busy: "dict[_Worker, int]") -> "Iterator[tuple[_Worker, bytes | str]]":
        ready = set(wait([worker.pipe for worker in busy]))
        for worker in [worker for worker in busy if worker.pipe in ready]:
            try:
                outcome = worker.outcome()
            except (EOFError, OSError):
                yield worker, worker.bury()
                continue
            if outcome:
                self._idle.append(worker)
                yield worker, outcome

    def _cancel(self, handles: "list[_Worker]") -> None:
        _end(handles)

    def close(self) -> None:
        """See `Workers`."""
        idle, self._idle = self._idle, []
        _end(idle)


class _Worker:
    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that are held
        self.pipe, theirs = context.Pipe()
        # At exit of this process, daemons are ended and not waited for.
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _inherited():
            self.process.start()
        theirs.close()
        self.has_started = False

    def begin(self, packed: bytes, number: int) -> None:
        with contextlib.suppress(OSError):  # it is dead, as `outcome` will report
            self.pipe.send_bytes(pickle.dumps((packed, number), pickle.HIGHEST_PROTOCOL))

    def outcome(self) -> bytes:
        """Receive nothing when it starts, then the outcome of its task; EOFError if it is dead."""
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
def _inherited() -> Iterator[None]:
    """Let new processes inherit one compute thread, before NumPy is imported, and no Ctrl-C."""
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
