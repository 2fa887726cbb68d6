"""How much the service takes from one asker, and how much it lets wait."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from gemel.config import require_whole
from gemel.errors import ConfigError

_COMPARED = 2
"""Texts of a comparison."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds; past each the answer is an error that names it, never growing memory."""

    body: int = 1_000_000
    """Bytes of a request."""
    text: int = 10_000
    """Characters of a question."""
    batch: int = 256
    """Questions of a request."""
    matches: int = 100
    """Matches that may be asked for."""
    metadata: int = 50
    """Names of metadata of a question."""
    answer: int = 4_000_000
    """Bytes of an answer with several questions: metadata that do not fit are omitted, and given to
    be; where the texts alone do not fit the answer is 413. Of answers above 64 kB no more than 16
    times as many bytes are being sent at a time; beyond, the answer is 503."""
    queue: int = 1024
    """Texts that wait to be computed; beyond, the answer is 503."""
    requests: int = 512
    """Requests that are being answered; beyond, the answer is 503."""
    connections: int = 800
    """Open connections; to one more the answer is 503, and it is closed. A process may open 1,024
    files, if its system does not let it have more."""
    rate: int = 100
    """Requests a second for each key, twice as many at one time; beyond, the answer is 429."""
    patience: int = 10
    """Seconds to wait for a request's headers, and then for its body."""
    drain: int = 30
    """Seconds that a stop gives to what was accepted."""

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            require_whole(f"limit {name}", value, 1, 10**9)
        if self.queue < _COMPARED:
            raise ConfigError(
                f"queue is {self.queue}: two questions to compare would never find space; make it "
                f"{_COMPARED} at least"
            )
        if self.batch > self.queue:
            raise ConfigError(
                f"batch is {self.batch} and queue {self.queue}: a request that is allowed would "
                "never find space; make the queue larger"
            )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Limits":
        """Make limits of some values.

        Raises:
            ConfigError: there is no such limit, or a value is none.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                near = get_close_matches(name, names, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ConfigError(f"no limit {name!r}: there are {', '.join(names)}{hint}")
        return cls(**values)
