"""Limits of the service: requests, queues, connections, log lines."""

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from gemel.config import require_whole
from gemel.errors import ConfigError

_LOG = logging.getLogger("gemel.service")
_COMPARED = 2
_LOG_INTERVAL = 60.0
"""Seconds between two log lines about one kind of event."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits; a request beyond one gets an error that names it."""

    body: int = 1_000_000
    """Bytes of a request."""
    text: int = 10_000
    """Characters of a question."""
    batch: int = 256
    """Questions of a request."""
    matches: int = 100
    """Matches that a request may ask for."""
    metadata: int = 50
    """Metadata names of a question."""
    answer: int = 4_000_000
    """Bytes of a response with several questions: metadata that do not fit are omitted and marked
    as omitted; if the texts alone do not fit, the status is 413. Responses above 64 kB that are
    being sent may take 16 times as many bytes in all; beyond that the status is 503."""
    queue: int = 1024
    """Texts in the queue; beyond that the status is 503."""
    requests: int = 512
    """Concurrent requests; beyond that the status is 503."""
    connections: int = 800
    """Open connections; one more gets 503 and is closed. Most systems allow a process 1,024 open
    files."""
    rate: int = 100
    """Requests a second and key, twice as many in a burst; beyond that the status is 429."""
    patience: int = 10
    """Seconds to wait for the headers of a request, and for its body."""
    drain: int = 30
    """Seconds for running requests when the service stops."""

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            require_whole(f"limit {name}", value, 1, 10**9)
        if self.queue < _COMPARED:
            raise ConfigError(
                f"queue is {self.queue}: two questions to compare would never fit; make it "
                f"{_COMPARED} at least"
            )
        if self.batch > self.queue:
            raise ConfigError(
                f"batch is {self.batch} and queue {self.queue}: an allowed request would never "
                "fit; make the queue larger"
            )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Limits":
        """Make limits from values by name; raise a ConfigError for an unknown name."""
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                close = get_close_matches(name, names, 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise ConfigError(f"no limit {name!r}: there are {', '.join(names)}{hint}")
        return cls(**values)


class LogLimiter:
    """Logs the first event of a kind at once, and then the count of further ones each minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._counts: dict[str, tuple[float, int]] = {}
        """Start of the minute, and count in it, by kind."""

    def count(self, what: str) -> None:
        """Count an event; `what` is a plural, such as `malformed requests`."""
        if what in self._counts:
            since, count = self._counts[what]
            self._counts[what] = since, count + 1
        else:
            self._counts[what] = self._clock(), 0
            _LOG.warning("%s: first one; more are counted, with a line a minute", what)

    def flush(self) -> None:
        """Log the counts that are a minute old."""
        now = self._clock()
        for what, (since, count) in list(self._counts.items()):
            if now - since >= _LOG_INTERVAL and count:
                _LOG.warning("%s: %s in the last %.0f seconds", what, f"{count:,}", now - since)
                self._counts[what] = now, 0
            elif now - since >= _LOG_INTERVAL:
                del self._counts[what]
