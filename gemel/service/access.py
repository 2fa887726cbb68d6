"""Access: hosts, origins, keys, rates, and the size and number of requests.

Starlette's middlewares for hosts and CORS answer in plain text and with other codes than 421 and
204, so they are not used.
"""

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gemel.errors import GemelError
from gemel.service.answer_routes import answer_directly
from gemel.service.limits import LogLimiter
from gemel.service.responses import STATUSES, Refusal, busy, explain_error
from gemel.service.served_corpus import ServedCorpus
from gemel.store import KeyRecord, KeyStore, key_hash

_LOG = logging.getLogger("gemel.service")
_READING = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/", "/health", "/ready")
"""Paths without a key: the page, and monitoring."""
_PAGE = "/page/"
_WRITING = ("/questions", "/review")
"""Paths where other methods than GET need the scope `write`."""
_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
_PREFLIGHT_HEADERS = [
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
]
_NOT_STORED = (b"cache-control", b"no-store")
_REVALIDATED = (b"cache-control", b"no-cache")
"""For files of the page, so that an upgrade replaces all of them."""
_PART = 1 << 16
"""Bytes of a body that are sent at a time; a longer response is a large one."""
_SENDING = 16
"""Bytes of large responses being sent, in multiples of `Limits.answer`."""
_FRESH = 1.0
"""Seconds for which keys that were read are valid; a revoked key works that long."""
_LOOKS = 4
"""Reads of all keys a second because of unknown ones, which may be new."""
_GUESSES = 20
"""Wrong keys a second, of all clients, that are answered at once."""
_PAUSE = 0.3
"""Seconds by which answers to further wrong keys are delayed."""
_PAUSED = 256
"""Delayed answers at a time; further ones are sent at once."""


@dataclass(frozen=True, kw_only=True)
class AccessPolicy:
    """Requests that are accepted."""

    keys: bool = False
    """Whether every request needs a key."""
    hosts: Collection[str] = ()
    """Accepted names in the header Host; empty: all. Without keys they stop DNS rebinding."""
    origins: Collection[str] = ()
    """Other sites whose pages may send requests, such as https://forum.example."""


class Guard:
    """An ASGI application that passes on accepted requests.

    Args:
        app: answers requests that `answer_directly` does not.
        corpus: has keys and limits.
        policy: which requests are accepted.
        watch: gets scope, status and seconds of every response.
    """

    def __init__(
        self,
        app: ASGIApp,
        corpus: ServedCorpus,
        policy: AccessPolicy,
        watch: Callable[[Scope, int, float], None],
    ):
        self._app, self._corpus, self._policy, self._watch = app, corpus, policy, watch
        self._limits = corpus.limits
        self._keyring = Keyring(corpus.store, corpus.limits.rate, corpus.notes)
        self._answering = 0
        """Running requests."""
        self._sending = 0
        """Bytes of large responses being sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # uvicorn omits the body
        began, status, size, is_dropped = time.perf_counter(), 0, 0, False
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        added = self._added_headers(scope["path"], headers.get(b"origin"))

        async def reply(message: Message) -> None:
            nonlocal status, size, is_dropped
            if message["type"] == "http.response.start":
                size = _large_size(message)
                if self._sending + size > _SENDING * self._limits.answer:
                    size, is_dropped, status = 0, True, STATUSES["busy"]
                    response = busy("too many large answers are being sent").response()
                    response.raw_headers.extend(added)
                    await response(scope, receive, send)
                    return
                self._sending += size
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *added]
            if not is_dropped:
                await _send_in_parts(message, send)

        self._answering += 1
        try:
            try:
                await self._answer(scope, headers, receive, reply)
            except (Refusal, GemelError) as error:
                await explain_error(self._corpus.store, error).response()(scope, receive, reply)
            except Exception:
                incident = secrets.token_hex(4)
                _LOG.exception("incident %s: %s %r", incident, scope["method"], scope["path"])
                if not status:
                    what = f"unexpected error; see incident {incident} in the log of the service"
                    failed = Refusal("internal", what, more={"incident": incident})
                    await failed.response()(scope, receive, reply)
        finally:
            self._answering -= 1
            self._sending -= size
            self._watch(scope, status, time.perf_counter() - began)

    async def _answer(
        self, scope: Scope, headers: Mapping[bytes, str], receive: Receive, send: Send
    ) -> None:
        self._require_host(headers)
        if self._answering - self._keyring.paused > self._limits.requests:
            raise busy(f"{self._limits.requests} requests are being answered already")
        path, method = scope["path"], scope["method"]
        if method == "OPTIONS" and b"access-control-request-method" in headers:
            if headers.get(b"origin", "") not in self._policy.origins:
                raise Refusal("cross_site", "a page of another site may not ask this service")
            await send(
                {"type": "http.response.start", "status": 204, "headers": _PREFLIGHT_HEADERS}
            )
            await send({"type": "http.response.body", "body": b""})
            return
        if method not in _READING:
            self._require_same_site(headers)
        state = scope.setdefault("state", {})
        state["reviewer"] = None
        authorization = headers.get(b"authorization", "")
        is_open = path in _OPEN or path.startswith(_PAGE)
        if not is_open and (self._policy.keys or authorization):
            write = method not in _READING and path.startswith(_WRITING)
            key = await self._keyring.require(authorization, write=write)
            state["reviewer"] = key.name
        body = await self._read(headers, receive)
        if body and "json" not in headers.get(b"content-type", "").partition(";")[0]:
            raise Refusal(
                "not_json", "expected JSON: send the header Content-Type: application/json"
            )
        response = await answer_directly(self._corpus, path, body) if method == "POST" else None
        if response is not None:
            scope["direct"] = path
            await response(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)

    def _require_host(self, headers: Mapping[bytes, str]) -> None:
        try:
            host = urlsplit(f"//{headers.get(b'host', '')}").hostname or ""
        except ValueError:
            host = ""
        if self._policy.hosts and host not in self._policy.hosts:
            raise Refusal(
                "wrong_host",
                f"the host {host!r:.80} is not accepted; gemel serve --allow-host adds a name",
            )

    def _require_same_site(self, headers: Mapping[bytes, str]) -> None:
        """Refuse pages of other sites, which browsers name in the headers."""
        origin, host = headers.get(b"origin"), headers.get(b"host", "")
        if origin is None:
            is_accepted = headers.get(b"sec-fetch-site", "none") in ("none", "same-origin")
        else:
            is_own = bool(host) and origin.partition("://")[2] == host
            is_accepted = is_own or origin in self._policy.origins
        if not is_accepted:
            raise Refusal(
                "cross_site",
                f"a page of another site, {origin or 'unknown'!s:.80}, may not ask this service; "
                "gemel serve --allow-origin adds a site",
            )

    def _added_headers(self, path: str, origin: str | None) -> list[tuple[bytes, bytes]]:
        added = [*_HEADERS, _REVALIDATED if path.startswith(_PAGE) else _NOT_STORED]
        if self._policy.origins:
            added.append((b"vary", b"Origin"))
        if origin is not None and origin in self._policy.origins:
            added.append((b"access-control-allow-origin", origin.encode("latin-1")))
        return added

    async def _read(self, headers: Mapping[bytes, str], receive: Receive) -> bytes:
        """Return the body, within the limits of size and time."""
        most, seconds = self._limits.body, self._limits.patience
        too_large = Refusal(
            "too_large", f"the request has more than {most:,} bytes; send less at a time"
        )
        length = headers.get(b"content-length", "0")
        if length.isdigit() and int(length) > most:
            raise too_large
        parts, size = [], 0
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal("slow", "the request was broken off")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise too_large
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            what = f"the request was not whole after {seconds} seconds; send it faster"
            raise Refusal("slow", what) from None


def _large_size(start: Message) -> int:
    """Return the length of a body that is sent in parts; 0 for a smaller one or a file."""
    length = next((value for name, value in start["headers"] if name == b"content-length"), b"0")
    return int(length) if int(length) > _PART else 0


async def _send_in_parts(message: Message, send: Send) -> None:
    """Send a large body in parts, as the client reads it, instead of buffering all of it."""
    body = message.get("body", b"")
    if len(body) <= _PART:
        await send(message)
        return
    for start in range(0, len(body), _PART):
        more = start + _PART < len(body) or message.get("more_body", False)
        await send({**message, "body": body[start : start + _PART], "more_body": more})


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that returns a body first."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


class TokenBucket:
    """Allows `rate` requests a second by a monotonic clock, with bursts of twice as many."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic):
        self.rate, self._clock = rate, clock
        self._tokens, self._at = 2.0 * rate, clock()

    def take(self) -> float:
        """Take a token; return the seconds until the next one, 0 if there was one."""
        now = self._clock()
        self._tokens = min(2.0 * self.rate, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0


class Keyring:
    """Checks keys against a copy in memory that is at most a second old.

    Unknown keys cause few reads of the store, so guessing does not slow other clients. Used from
    one event loop.

    Args:
        store: has the keys.
        rate: requests a second for each key.
        notes: counts wrong keys.
    """

    def __init__(
        self,
        store: KeyStore,
        rate: int,
        notes: LogLimiter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._store, self._rate = store, rate
        self._notes, self._clock = notes or LogLimiter(), clock
        self._good: dict[bytes, KeyRecord] = {}
        self._read_at = -math.inf
        self._reading = asyncio.Lock()
        self._buckets: dict[str, TokenBucket] = {}
        self._guesses, self._looks = TokenBucket(_GUESSES, clock), TokenBucket(_LOOKS, clock)
        self.paused = 0
        """Delayed answers to wrong keys."""

    async def require(self, authorization: str, *, write: bool) -> KeyRecord:
        """Return the key in the header Authorization of a request.

        Raises:
            Refusal: the key is missing, wrong, not allowed to write, or used too often.
        """
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Refusal(
                "no_key",
                "this needs a key: send the header Authorization: Bearer KEY; the operator "
                "creates keys with gemel key add",
            )
        key = await self._find(text.strip())
        wait = self._buckets.setdefault(key.name, TokenBucket(self._rate, self._clock)).take()
        if wait:
            raise _too_many(f"the key {key.name} asks more than {self._rate} times a second", wait)
        if write and key.scope != "write":
            raise Refusal(
                "forbidden", f"the key {key.name} may only read; use a key of the scope write"
            )
        return key

    async def _find(self, text: str) -> KeyRecord:
        # Looking up a hash in a dictionary does not reveal how much of a guess was right.
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
            raise Refusal("bad_key", "the key is unknown or revoked; ask for another")
        if self.paused < _PAUSED:
            self.paused += 1
            try:
                await asyncio.sleep(_PAUSE)
            finally:
                self.paused -= 1
        raise _too_many("too many wrong keys", wait)

    async def _read(self, since: float) -> None:
        """Read all keys, unless a read began after `since`; concurrent callers share one read."""
        if self._read_at > since:
            return
        async with self._reading:
            if self._read_at <= since:
                began = self._clock()
                self._good = await asyncio.to_thread(self._store.good_keys)
                self._read_at = began


def _too_many(what: str, wait: float) -> Refusal:
    return Refusal("too_many", f"{what}; wait a moment", retry_after=max(1, round(wait + 0.5)))
