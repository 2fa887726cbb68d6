"""Log lines of what may happen thousands of times a second: counted, a line a minute."""

import logging
import time
from collections.abc import Callable

_LOG = logging.getLogger("gemel.service")
_EVERY = 60.0
"""Seconds between two lines on one thing."""


class Tally:
    """Logs the first of a kind at once, and then how many more came in each minute.

    Args:
        clock: gives seconds, and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._since: dict[str, float] = {}

    def count(self, what: str) -> None:
        """Count one.

        Args:
            what: the plural, as `malformed requests`; one of a few.
        """
        if what not in self._since:
            self._since[what], self._counts[what] = self._clock(), 0
            _LOG.warning("%s: one has come; more are counted, with a line a minute", what)
            return
        self._counts[what] += 1

    def tell(self) -> None:
        """Log what a minute has brought; to be called now and then."""
        now = self._clock()
        for what, since in list(self._since.items()):
            if now - since < _EVERY:
                continue
            count = self._counts[what]
            if count:
                _LOG.warning("%s: %s in the last %.0f seconds", what, f"{count:,}", now - since)
                self._since[what], self._counts[what] = now, 0
            else:
                del self._since[what], self._counts[what]
