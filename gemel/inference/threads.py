"""One compute thread for the engine.

Its matrices are small, and on a busy machine several BLAS threads wait for each other. Measured on
2 busy cores: 757 questions/s with NumPy's default threads, 14,659 with one.
"""

import contextlib
import functools
import os
import threading

from threadpoolctl import ThreadpoolController


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _SharedLimit:
    """Limits the process's threads while any caller needs it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.limit = contextlib.ExitStack()

    def __enter__(self) -> None:
        with self.lock:
            if not self.inside:
                self.limit.enter_context(_controller().limit(limits=1))
            self.inside += 1

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.limit.close()


_SHARED = _SharedLimit()
# Looking for the loaded libraries takes milliseconds; they do not change.
_controller = functools.cache(ThreadpoolController)


def one_compute_thread() -> contextlib.AbstractContextManager[None]:
    """Limit NumPy's linear algebra to one thread; reentrant."""
    return _SHARED
