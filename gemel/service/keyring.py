"""Who asks: keys as they come with requests, and how often each may."""

import asyncio
import math
import time
from collections.abc import Callable

from gemel.service.refusals import Refusal, refuse
from gemel.service.tally import Tally
from gemel.store import KeyRecord, KeyStore, key_hash

_FRESH = 1.0
"""Seconds for which the keys that were read are taken as good; so long a revoked one lives on."""
_LOOKS = 4
"""Times a second that all keys are read again since an unknown one came: it may be new."""
_GUESSES = 20
"""Wrong keys a second, of all askers together, that are answered at once."""
_PAUSE = 0.3
"""Seconds that an answer to more of them takes."""
_PAUSED = 256
"""Answers that take so long at one time; more are given at once."""


class TokenBucket:
    """So many a second, and twice as many at one time.

    Args:
        rate: a second.
        clock: gives seconds, and never goes back.
    """

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic):
        self.rate, self._clock = rate, clock
        self._tokens, self._at = 2.0 * rate, clock()

    def take(self) -> float:
        """Take one; give the seconds until there is one again, 0 if there was one."""
        now = self._clock()
        self._tokens = min(2.0 * self.rate, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0


class Keyring:
    """Keeps all good keys in memory, and reads them again each second. Used from one event loop.

    An unknown key costs no look into the store, so guessing does not slow other askers.

    Args:
        store: has the keys.
        rate: requests a second for each.
        notes: counts wrong keys.
        clock: gives seconds, and never goes back.
    """

    def __init__(
        self,
        store: KeyStore,
        rate: int,
        notes: Tally | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._store, self._rate = store, rate
        self._notes, self._clock = notes or Tally(), clock
        self._good: dict[bytes, KeyRecord] = {}
        self._read_at = -math.inf
        self._reading = asyncio.Lock()
        self._buckets: dict[str, TokenBucket] = {}
        self._guesses, self._looks = TokenBucket(_GUESSES, clock), TokenBucket(_LOOKS, clock)
        self.paused = 0
        """Requests with a wrong key that wait for their answer."""

    async def require(self, authorization: str, *, write: bool) -> KeyRecord:
        """Say whose key came with a request.

        Args:
            authorization: the header of that name.
            write: whether the request changes something.

        Raises:
            Refusal: none did, nobody's, one that may not do this, or one that came too often.
        """
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise refuse(
                "no_key",
                "this needs a key: send the header Authorization: Bearer KEY; who keeps the "
                "corpus makes one with gemel key add",
            )
        key = await self._find(text.strip())
        wait = self._buckets.setdefault(key.name, TokenBucket(self._rate, self._clock)).take()
        if wait:
            raise _too_many(f"the key {key.name} asks more than {self._rate} times a second", wait)
        if write and key.scope != "write":
            raise refuse(
                "forbidden", f"the key {key.name} may only read; this takes one that may write"
            )
        return key

    async def _find(self, text: str) -> KeyRecord:
        # To look a hash up in a dictionary tells nobody how far a guess was right.
        digest, came = key_hash(text), self._clock()
        if digest is not None:
            await self._read(came - _FRESH)
            found = self._good.get(digest)
            if found is None and self._looks.take() == 0:
                await self._read(came)
                found = self._good.get(digest)
            if found is not None:
                return found
        self._notes.count("requests with a wrong key")
        wait = self._guesses.take()
        if not wait:
            raise refuse("bad_key", "nobody has this key, or it was revoked; ask for another")
        if self.paused < _PAUSED:
            self.paused += 1
            try:
                await asyncio.sleep(_PAUSE)
            finally:
                self.paused -= 1
        raise _too_many("too many wrong keys", wait)

    async def _read(self, since: float) -> None:
        """Read all keys, unless somebody has begun to after a time; who waits reads none again."""
        if self._read_at > since:
            return
        async with self._reading:
            if self._read_at <= since:
                began = self._clock()
                self._good = await asyncio.to_thread(self._store.good_keys)
                self._read_at = began


def _too_many(what: str, wait: float) -> Refusal:
    return Refusal("too_many", f"{what}; wait a moment", retry_after=max(1, round(wait + 0.5)))
