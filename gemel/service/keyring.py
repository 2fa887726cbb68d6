"""Who asks: keys as they come with requests, and how often each may."""

import asyncio
import hashlib
import time
from collections import OrderedDict

from gemel.search import KeyRecord, KeyStore
from gemel.service.refusals import Refusal, refuse

__all__ = ["Keyring", "TokenBucket"]

_KNOWN = 1.0
"""Seconds for which a key that was found is taken as good; so long a revoked one lives on."""
_MOST = 1000
"""Keys that are remembered."""
_GUESSES = 20
"""Wrong keys a second, of all askers together, that are looked up."""


class TokenBucket:
    """So many a second, and twice as many at one time.

    Args:
        rate: a second.
    """

    def __init__(self, rate: int):
        self.rate = rate
        self._tokens, self._at = 2.0 * rate, time.monotonic()

    def take(self) -> float:
        """Take one; give the seconds until there is one again, 0 if there was one."""
        now = time.monotonic()
        self._tokens = min(2.0 * self.rate, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0


class Keyring:
    """Looks keys up in the store, and remembers them for a moment. Used from one event loop.

    Args:
        store: has the keys.
        rate: requests a second for each.
    """

    def __init__(self, store: KeyStore, rate: int):
        self._store, self._rate = store, rate
        self._known: OrderedDict[bytes, tuple[KeyRecord, float]] = OrderedDict()
        self._buckets: dict[str, TokenBucket] = {}
        self._guesses = TokenBucket(_GUESSES)

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
        wait = self._buckets.setdefault(key.name, TokenBucket(self._rate)).take()
        if wait:
            raise _too_many(f"the key {key.name} asks more than {self._rate} times a second", wait)
        if write and key.scope != "write":
            raise refuse(
                "forbidden", f"the key {key.name} may only read; this takes one that may write"
            )
        return key

    async def _find(self, text: str) -> KeyRecord:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(digest)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        found = await asyncio.to_thread(self._store.find_key, text)
        if found is None:
            self._known.pop(digest, None)
            if wait := self._guesses.take():
                raise _too_many("too many wrong keys", wait)
            raise refuse("bad_key", "nobody has this key, or it was revoked; ask for another")
        self._known[digest] = found, time.monotonic() + _KNOWN
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found


def _too_many(what: str, wait: float) -> Refusal:
    return Refusal("too_many", f"{what}; wait a moment", retry_after=max(1, round(wait + 0.5)))
