"""A lock shared by readers and exclusive for a writer."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator


class SharedLock:
    """A fair lock: granted in order of request; not reentrant."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._sharers = 0
        self._taken = False

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it with other readers."""
        with self._turn(lambda: not self._taken):
            self._sharers += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharers -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold it exclusively."""
        with self._turn(lambda: not (self._taken or self._sharers)):
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()

    @contextlib.contextmanager
    def _turn(self, free: Callable[[], bool]) -> Iterator[None]:
        """Wait for earlier requests and until it is free."""
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is me and free())
                yield
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()
