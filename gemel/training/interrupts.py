"""Ctrl-C, a closed terminal, a system that shuts down: a question between two batches."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Hold back the first Ctrl-C, SIGTERM or SIGHUP, so that what is under way can be ended whole.

    A second one does what it always does. Outside of the main thread, where signals do not come,
    nothing is held back.

    Yields:
        A function that tells whether somebody has asked to stop.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked = threading.Event()
    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def hear(number: int, frame: Any) -> None:
        asked.set()
        _put_back(before)

    for number in before:
        signal.signal(number, hear)
    try:
        yield asked.is_set
    finally:
        _put_back(before)


def _put_back(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        # None: it was set outside of Python, and cannot be set again from here.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
