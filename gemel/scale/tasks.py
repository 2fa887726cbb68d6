"""A task of a large run, and what becomes of it in the process that runs it."""

import functools
import pickle
import resource
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from gemel.errors import ScaleError
from gemel.inference import one_compute_thread

TRIES = 3
"""How many times a task is begun before it is given up, where the process that runs it dies."""

Result = TypeVar("Result")
Task: TypeAlias = Callable[[int], Result]
"""A function of a task's number that can be pickled: a `functools.partial` of a module's function.

It writes its result to files, each whole or not at all, and returns a few numbers at most; so it
may run twice without harm.
"""

# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="Workers")


@dataclass(frozen=True)
class Done:
    """A task that is finished."""

    number: int
    value: Any
    """What it returned."""
    peak_mb: int
    """The most memory, resident, in MiB, that the process which ran it has ever held so far."""


@runtime_checkable
class Workers(Protocol):
    """Processes that run tasks; as a context manager they are closed at the end."""

    count: int
    """Tasks that run at one time."""

    def run(self, task: Task[Any], numbers: Sequence[int], *, stage: str = "") -> Iterator[Done]:
        """Run a task for each of these numbers.

        An iterator that is left early, or that raises, ends the tasks that are under way.

        Args:
            task: what to run.
            numbers: what to run it for.
            stage: what errors call this work; the task's own name if none is given.

        Returns:
            What is done, as it is done, in any order.

        Raises:
            ScaleError: the process of a task died each time that it was tried.
            Exception: whatever a task raised.
        """
        ...

    def close(self) -> None:
        """End the processes; may be called twice."""
        ...

    def __enter__(self: _Itself) -> _Itself: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None: ...


def name_of(task: Task[Any]) -> str:
    """Call a task by the name of its function."""
    while isinstance(task, functools.partial):
        task = task.func
    return getattr(task, "__qualname__", type(task).__qualname__)


def compute(packed: bytes, number: int) -> bytes:
    """Run a task in this process, with one compute thread, so that its bytes are the same anywhere.

    Args:
        packed: the pickled task.
        number: what to run it for.

    Returns:
        What `unpack` makes a `Done` of, or the exception that the task raised.
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
    """Read what `compute` returned.

    Raises:
        Exception: the task's own, as it was, if it raised one.
    """
    read = pickle.loads(outcome)  # noqa: S301 - our own process's
    if isinstance(read, Exception):
        raise read
    done: Done = read
    return done


def peak_memory() -> int:
    """Return the most resident memory that this process has held so far, in MiB."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        held = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(held.split()[1]) // 1024
    except (OSError, StopIteration):
        # Also counts what the parent held when this process was made of it.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def given_up(number: int, stage: str, how: str) -> ScaleError:
    """Word the end of a task whose process died each time.

    Args:
        number: of the task.
        stage: what its work is called.
        how: its last process died.
    """
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
        told = ScaleError(f"task {number} failed: {type(error).__name__}: {error}")
        told.add_note(there)
        return pickle.dumps(told, pickle.HIGHEST_PROTOCOL)
    return packed
