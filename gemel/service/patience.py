"""Connections that never come to the point are hung up on."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["patient_protocol"]


def patient_protocol(patience: float) -> type[HttpToolsProtocol]:
    """Give uvicorn's protocol, with an end to how long it waits for a request's headers.

    Args:
        patience: seconds.
    """

    class PatientProtocol(HttpToolsProtocol):
        """Hangs up on who opens a connection, or begins a request, and does not go on."""

        _hang_up: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._wait()

        def on_headers_complete(self) -> None:
            self._go_on()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._go_on()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._go_on()
            self._hang_up = self.loop.call_later(patience, self._close)

        def _go_on(self) -> None:
            if self._hang_up is not None:
                self._hang_up.cancel()
                self._hang_up = None

        def _close(self) -> None:
            transport: Any = self.transport
            transport.abort()

    return PatientProtocol
