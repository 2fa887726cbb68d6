"""Access control: keys, rates, hosts, origins and request limits."""

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gemel.errors import GemelError
from gemel.service.limits import Limits
from gemel.service.refusals import STATUSES, Refusal, busy, refuse
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
        """Report whose key came with a request.

        Args:
            authorization: the header of that name.
            write: whether the request changes something.

        Raises:
            Refusal: none did, no valid key, one that may not do this, or one that came too often.
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
        # To look a hash up in a dictionary tells no one how far a guess was right.
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
            raise refuse("bad_key", "no one has this key, or it was revoked; ask for another")
        if self.paused < _PAUSED:
            self.paused += 1
            try:
                await asyncio.sleep(_PAUSE)
            finally:
                self.paused -= 1
        raise _too_many("too many wrong keys", wait)

    async def _read(self, since: float) -> None:
        """Read all keys, unless a user has begun to after a time; who waits reads none again."""
        if self._read_at > since:
            return
        async with self._reading:
            if self._read_at <= since:
                began = self._clock()
                self._good = await asyncio.to_thread(self._store.good_keys)
                self._read_at = began


def _too_many(what: str, wait: float) -> Refusal:
    return Refusal("too_many", f"{what}; wait a moment", retry_after=max(1, round(wait + 0.5)))


_LOG = logging.getLogger("gemel.service")
_READING = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/", "/health", "/ready")
"""Paths that need no key: what a browser shows before it has one, and what watches the service."""
_PAGE = "/page/"
_WRITING = ("/questions", "/review")
"""Paths where another method than GET changes something."""
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _CONTENT_POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
_PART = 1 << 16
"""Bytes of a body that are sent at a time; a larger answer is a large one."""
_SENDING = 16
"""Times `Limits.answer`: bytes of large answers that may be being sent."""
_UNCACHED = (b"cache-control", b"no-store")
_ASK_AGAIN = (b"cache-control", b"no-cache")
"""Of the page's files, so that no old one meets a new one after an upgrade."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """Who is let in."""

    keys: bool = False
    """Whether every request needs a key."""
    hosts: Collection[str] = ()
    """Names in a request's Host; any, if empty. Without keys they keep other sites' names that
    lead to this machine out."""
    origins: Collection[str] = ()
    """Other sites whose pages may ask, as https://forum.example; with a key, if keys are needed."""


class Guard:
    """An ASGI application that lets through to another what may pass.

    Args:
        app: what answers.
        fast: answers a POST of a path and a body, if it can; see `answer_quickly`.
        explain: gives the refusal for an error that gemel raises on purpose.
        door: who is let in.
        keyring: knows the keys.
        limits: how much.
        watch: receives every answer: method, path, status, seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        quickly: Callable[[str, bytes], Awaitable[Response | None]],
        explain: Callable[[GemelError], Refusal],
        door: Door,
        keyring: Keyring,
        limits: Limits,
        watch: Callable[[Scope, int, float], None],
    ):
        self._app, self._door, self._keyring, self._limits = app, door, keyring, limits
        self._quickly, self._explain, self._watch = quickly, explain, watch
        self.answering = 0
        """Requests that are being answered."""
        self._sending = 0
        """Bytes of large answers that are being sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # who serves it leaves the body out
        began, status, size, is_dropped = time.perf_counter(), 0, 0, False
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        added = self._added_headers(scope, headers)

        async def reply(message: Message) -> None:
            nonlocal status, size, is_dropped
            if message["type"] == "http.response.start":
                size = _large_size(message)
                if self._sending + size > _SENDING * self._limits.answer:
                    size, is_dropped, status = 0, True, STATUSES["busy"]
                    await self._send_busy(added, send)
                    return
                self._sending += size
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *added]
            if not is_dropped:
                await _send_in_parts(message, send)

        self.answering += 1
        try:
            try:
                await self._answer(scope, headers, receive, reply)
            except (Refusal, GemelError) as error:
                refusal = error if isinstance(error, Refusal) else self._explain(error)
                await refusal.response()(scope, receive, reply)
            except Exception:
                incident = secrets.token_hex(4)
                _LOG.exception("incident %s: %s %r", incident, scope["method"], scope["path"])
                if not status:
                    what = f"something went wrong here; the service's log has it as {incident}"
                    failed = Refusal("internal", what, more={"incident": incident})
                    await failed.response()(scope, receive, reply)
        finally:
            self.answering -= 1
            self._sending -= size
            self._watch(scope, status, time.perf_counter() - began)

    async def _send_busy(self, added: list[tuple[bytes, bytes]], send: Send) -> None:
        response = busy("too many large answers are being sent").response()
        headers = [*response.raw_headers, *added]
        start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": response.body})

    async def _answer(
        self, scope: Scope, headers: MutableMapping[bytes, str], receive: Receive, send: Send
    ) -> None:
        self._require_host(headers)
        if self.answering - self._keyring.paused > self._limits.requests:
            raise busy(f"{self._limits.requests} requests are being answered already")
        path, method = scope["path"], scope["method"]
        if method == "OPTIONS" and b"access-control-request-method" in headers:
            await self._preflight(headers, send)
            return
        if method not in _READING:
            self._require_same_site(headers)
        state = scope.setdefault("state", {})
        state["reviewer"] = None
        authorization = headers.get(b"authorization", "")
        is_open = path in _OPEN or path.startswith(_PAGE)
        if not is_open and (self._door.keys or authorization):
            write = method not in _READING and path.startswith(_WRITING)
            key = await self._keyring.require(authorization, write=write)
            state["reviewer"] = key.name
        body = await self._read(headers, receive)
        if body and "json" not in headers.get(b"content-type", "").partition(";")[0]:
            raise refuse(
                "not_json", "expected JSON: send the header Content-Type: application/json"
            )
        quick = await self._quickly(path, body) if method == "POST" else None
        if quick is not None:
            scope["quick"] = path
            await quick(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)

    def _require_host(self, headers: MutableMapping[bytes, str]) -> None:
        host = _name_in(headers.get(b"host", ""))
        if self._door.hosts and host not in self._door.hosts:
            raise refuse(
                "wrong_host",
                f"this service is not called {host!r:.80}; gemel serve --allow-host lets a name in",
            )

    def _require_same_site(self, headers: MutableMapping[bytes, str]) -> None:
        """Let no other site's page in: browsers report from where a request comes."""
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site", "none")
        if origin is None and site in ("none", "same-origin"):
            return
        if origin is not None and origin in self._door.origins:
            return
        here = headers.get(b"host", "")
        if here and origin is not None and origin.partition("://")[2] == here:
            return
        raise refuse(
            "cross_site",
            f"a page of another site, {origin or 'unknown'!s:.80}, may not ask this service; "
            "gemel serve --allow-origin lets one in",
        )

    def _added_headers(
        self, scope: Scope, headers: MutableMapping[bytes, str]
    ) -> list[tuple[bytes, bytes]]:
        added = list(_HEADERS)
        added.append(_ASK_AGAIN if scope["path"].startswith(_PAGE) else _UNCACHED)
        origin = headers.get(b"origin")
        if self._door.origins:
            added.append((b"vary", b"Origin"))
        if origin is not None and origin in self._door.origins:
            added.append((b"access-control-allow-origin", origin.encode("latin-1")))
        return added

    async def _preflight(self, headers: MutableMapping[bytes, str], send: Send) -> None:
        if headers.get(b"origin", "") not in self._door.origins:
            raise refuse("cross_site", "a page of another site may not ask this service")
        allowed = [
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (b"access-control-allow-headers", b"authorization, content-type"),
            (b"access-control-max-age", b"600"),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": allowed})
        await send({"type": "http.response.body", "body": b""})

    async def _read(self, headers: MutableMapping[bytes, str], receive: Receive) -> bytes:
        """Take the body, if it is not too large and comes soon enough."""
        most = self._limits.body
        too_large = refuse(
            "too_large", f"the request has more than {most:,} bytes; send less at a time"
        )
        length = headers.get(b"content-length", "0")
        if length.isdigit() and int(length) > most:
            raise too_large
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._limits.patience):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise refuse("slow", "the request was broken off")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise too_large
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise refuse(
                "slow",
                f"the request was not whole after {self._limits.patience} seconds; send it faster",
            ) from None


def _large_size(start: Message) -> int:
    """Return the length of a body that is sent in parts; 0 of a smaller one, or of a file."""
    length = next((value for name, value in start["headers"] if name == b"content-length"), b"0")
    return int(length) if int(length) > _PART else 0


async def _send_in_parts(message: Message, send: Send) -> None:
    """Send a large body part by part, as the receiver takes it, not all into its buffer."""
    body = message.get("body", b"")
    if len(body) <= _PART:
        await send(message)
        return
    for start in range(0, len(body), _PART):
        more = start + _PART < len(body) or message.get("more_body", False)
        await send({**message, "body": body[start : start + _PART], "more_body": more})


def _name_in(host: str) -> str:
    """Return the name that is in a Host, without the port; none where there is no such."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return the body once, and then whatever comes."""
    given = False

    async def again() -> dict[str, Any]:
        nonlocal given
        if given:
            return dict(await receive())
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
