"""Connections that never come to the point, or never come to an end, are hung up on."""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gemel.service.limits import Limits
from gemel.service.refusals import Refusal, busy
from gemel.service.tally import Tally

_HEAD = 65_536
"""Bytes of a request before its body."""
_WIRE = 8
"""Of the bytes of a body, how many times as many may come with it: chunks are wrapped, and who has
been refused already may not have heard it yet."""
_REFUSED = 64
"""Connections beyond the limit that are told so; the others are closed without a word."""
_GOING = 1.0
"""Seconds in which one that was refused may take its answer."""
_IDLE = 4
"""Of the patience with a request, how many times as much there is with a connection that is left
idle, and with a reader who takes nothing."""


class _Alarm:
    """One thing to do later, unless it is put off or called off.

    Args:
        loop: runs it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float, do: Callable[[], None]) -> None:
        self.stop()
        self._timer = self._loop.call_later(seconds, do)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def patient_protocol(limits: Limits, notes: Tally | None = None) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol, with an end to what it waits for and to what it takes.

    Args:
        limits: how long a request's headers may take, how large its body may be, and how many
            connections there may be.
        notes: counts what is not served.
    """
    tally = notes or Tally()
    full = _refusal(busy(f"{limits.connections:,} connections are open already"))
    patience, idle = limits.patience, _IDLE * limits.patience
    most = _WIRE * limits.body + _HEAD

    class PatientProtocol(HttpToolsProtocol):
        """Hangs up on who does not continue: sending a request, ending it, or reading the answer."""

        _answered: RequestResponseCycle | None = None
        """The request whose turn it is; others may have come behind it."""
        _in_head = False
        _taken = 0
        """Bytes since the request began."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._asking, self._reading = _Alarm(self.loop), _Alarm(self.loop)
            over = len(self.connections) - limits.connections
            self._is_refused = over > 0
            if not self._is_refused:
                self._asking.set(patience, self._hang_up)
                return
            tally.count("connections beyond the limit")
            if over > _REFUSED:
                self._hang_up()
                return
            # Closed at once, with a request unread, the answer could be lost on its way.
            transport.write(full)
            if transport.can_write_eof():
                transport.write_eof()
            self._asking.set(_GOING, self._hang_up)

        def connection_lost(self, exc: Exception | None) -> None:
            self._asking.stop()
            self._reading.stop()
            if self._answered is not None:
                self._answered.disconnected = True  # uvicorn tells only the last that came
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._taken > (_HEAD if self._in_head else most):
                self._hang_up()
                return
            self._taken += len(data)
            if self._is_refused:
                return
            self._unset_keepalive_if_required()
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade:
                tally.count("requests for another protocol")
            except httptools.HttpParserError:
                tally.count("malformed requests")
                self.send_400_response("Invalid HTTP request received.")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head, self._taken = True, 0
            self._asking.set(patience, self._hang_up)

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._in_head:  # and not behind the body, where no one looks
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_head = False
            self._asking.stop()
            super().on_headers_complete()

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
            self._answered = cycle
            super()._start_asgi_task(cycle, app)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.cycle.response_complete:  # and no other request has come behind it
                self._asking.set(idle, self._hang_up)
                self._watch_reader(None)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch_reader(None)

        def resume_writing(self) -> None:
            self._reading.stop()
            super().resume_writing()

        def _watch_reader(self, before: int | None) -> None:
            left = self.transport.get_write_buffer_size()
            if before is not None and left >= before:
                self._hang_up()
            elif left:
                self._reading.set(idle, lambda: self._watch_reader(left))

        def _hang_up(self) -> None:
            transport: Any = self.transport
            transport.abort()

    return PatientProtocol


def _refusal(refusal: Refusal) -> bytes:
    """Return a refusal as the bytes of an answer after which the connection is closed."""
    response = refusal.response()
    response.headers["Connection"] = "close"
    lines = [b"HTTP/1.1 %d Service Unavailable" % response.status_code]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])
