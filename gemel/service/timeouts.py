"""uvicorn's HTTP protocol with timeouts, a limit on connections, and bounded requests."""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gemel.service.limits import Limits, LogLimiter
from gemel.service.responses import Refusal, busy

_HEAD = 65_536
"""Bytes of a request before its body."""
_WIRE = 8
"""Bytes on the wire, in multiples of the body: chunks are wrapped, and a client may still send
after its request was refused."""
_REFUSED = 64
"""Connections beyond the limit that get a 503; further ones are closed without a response."""
_REFUSED_SECONDS = 1.0
"""Time for a refused client to read its response."""
_IDLE = 4
"""Timeout of idle connections and of clients that do not read, in multiples of the timeout of a
request."""


class _Timer:
    """One call after a time, unless set again or stopped."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def set(self, seconds: float, do: Callable[[], None]) -> None:
        self.stop()
        self._handle = self._loop.call_later(seconds, do)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


def bounded_protocol(limits: Limits, events: LogLimiter) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol with timeouts and bounds; `events` counts what is rejected."""
    full = _as_bytes(busy(f"{limits.connections:,} connections are open already"))
    request_seconds, idle_seconds = limits.patience, _IDLE * limits.patience
    most = _WIRE * limits.body + _HEAD

    class BoundedProtocol(HttpToolsProtocol):
        """Closes connections whose client stalls while sending, between requests, or reading."""

        _answered: RequestResponseCycle | None = None
        """The request being answered; pipelined ones may wait."""
        _in_head = False
        _received = 0
        """Bytes since the request began."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._request_timer, self._read_timer = _Timer(self.loop), _Timer(self.loop)
            over = len(self.connections) - limits.connections
            self._is_refused = over > 0
            if not self._is_refused:
                self._request_timer.set(request_seconds, self._abort)
                return
            events.count("connections beyond the limit")
            if over > _REFUSED:
                self._abort()
                return
            # If closed at once, with a request unread, the response could be lost.
            transport.write(full)
            if transport.can_write_eof():
                transport.write_eof()
            self._request_timer.set(_REFUSED_SECONDS, self._abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._request_timer.stop()
            self._read_timer.stop()
            if self._answered is not None:
                self._answered.disconnected = True  # uvicorn informs only the last request
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._received > (_HEAD if self._in_head else most):
                self._abort()
                return
            self._received += len(data)
            if self._is_refused:
                return
            self._unset_keepalive_if_required()
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade:
                events.count("requests for another protocol")
            except httptools.HttpParserError:
                events.count("malformed requests")
                self.send_400_response("Invalid HTTP request received.")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head, self._received = True, 0
            self._request_timer.set(request_seconds, self._abort)

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._in_head:  # trailers are ignored
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_head = False
            self._request_timer.stop()
            super().on_headers_complete()

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
            self._answered = cycle
            super()._start_asgi_task(cycle, app)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.cycle.response_complete:  # no pipelined request follows
                self._request_timer.set(idle_seconds, self._abort)
                self._watch_reader(None)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch_reader(None)

        def resume_writing(self) -> None:
            self._read_timer.stop()
            super().resume_writing()

        def _watch_reader(self, before: int | None) -> None:
            left = self.transport.get_write_buffer_size()
            if before is not None and left >= before:
                self._abort()
            elif left:
                self._read_timer.set(idle_seconds, lambda: self._watch_reader(left))

        def _abort(self) -> None:
            transport: Any = self.transport
            transport.abort()

    return BoundedProtocol


def _as_bytes(refusal: Refusal) -> bytes:
    """Return a response that closes the connection, as bytes."""
    response = refusal.response()
    response.headers["Connection"] = "close"
    lines = [b"HTTP/1.1 %d Service Unavailable" % response.status_code]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])
