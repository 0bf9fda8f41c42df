"""How long and how large the head of a request may be: who trickles or never ends one is shown out.

The parser keeps what it was given of a head in memory and waits for its end for ever; bodies have their own limits
(`guard`, `intake`). OWASP ASVS 5.0.0, 15.1.3 and 15.2.2: nothing that is asked may use up the machine.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
HEAD_S = 20.0


class HeadLimits(HttpToolsProtocol):
    """One connection, whose heads come whole within `HEAD_S` seconds and `HEAD_BYTES` bytes, or not at all."""

    _waiting: asyncio.TimerHandle | None = None
    _bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller is there; it is to say something."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before a head is whole."""
        if self._waiting is not None:
            self._bytes += len(data)
        super().data_received(data)
        if self._waiting is not None and self._bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._come()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._bytes = 0
        self._waiting = self.loop.call_later(HEAD_S, self._end)

    def _come(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
