"""The server itself: uvicorn as we run it, and patience with slow clients, which has an end.

A request whose body is slow costs one coroutine and no thread; the guard and the intake keep its time. Here is what
happens before and after: a head that does not come to its end, and a reader who does not take the answer.
"""

import asyncio
import contextlib
import gc
import socket
import sys
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol
else:
    Protocol = AutoHTTPProtocol

HEAD_BYTES = 64 * 1024  # of a head that is not whole yet: the parser keeps it all in memory
HEAD_S = 20.0  # from the first byte, or the connection, to the end of the head
STALL_S = 30.0  # in which a reader must take at least this much of what waits
LEAST_BYTES = 8_192  # two kilobits a second, less than the slowest telephone


class Patient(Protocol):
    """A connection that is cut if a head does not come to its end or is too large, or if an answer is not taken."""

    _timer: asyncio.TimerHandle | None = None
    _bytes = 0
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._watch(begun=True)

    def data_received(self, data: bytes) -> None:
        """Wait from the first byte of a head, and no more once it is whole."""
        self._bytes += len(data)
        super().data_received(data)
        self._watch(begun=True)
        if self._timer is None:
            self._bytes = 0
        elif self._bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        super().connection_lost(exc)
        self._watch(begun=False)
        self._taken()

    def pause_writing(self) -> None:
        """More waits than the system's buffers hold: begin to look how it goes on."""
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        """It was taken."""
        super().resume_writing()
        self._taken()

    def timeout_keep_alive_handler(self) -> None:
        """The end of a connection that asks no more; what is left of the last answer has so long."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size() and self._stall is None:
            self._look()

    def _look(self) -> None:
        self._taken()
        left = self.transport.get_write_buffer_size()
        if left:
            self._stall = self.loop.call_later(STALL_S, self._stalled, left)

    def _stalled(self, before: int) -> None:
        self._stall = None
        if before - self.transport.get_write_buffer_size() < min(before, LEAST_BYTES):
            self.transport.abort()
        else:
            self._look()

    def _taken(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _watch(self, begun: bool) -> None:
        between = self.cycle is None or self.cycle.response_complete
        if begun and between and self._timer is None:
            self._timer = self.loop.call_later(HEAD_S, self._late)
        elif not (begun and between) and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class Server(uvicorn.Server):
    """A server whose live streams end when it is told to: a restart does not wait for them, and browsers come again."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, once what is being answered is answered."""
        state = getattr(self.config.app, "state", None)
        if state is not None:
            state.ending = True
        await super().shutdown(sockets)


def server(app: Any) -> uvicorn.Server:
    """The server for an application."""
    # No access log: addresses of gateways hold their secrets. Live streams are cut after some seconds.
    # Addresses and schemes of proxies are judged by our own guard, against the mission's settings.
    return Server(
        uvicorn.Config(
            app, log_level="warning", access_log=False, proxy_headers=False, server_header=False,
            timeout_keep_alive=15, timeout_graceful_shutdown=10, http=Patient,
        )
    )  # fmt: skip


def steady() -> None:
    """Make one process answer evenly: short turns for threads, and no long stops to look for garbage.

    Who answers must not wait 5 ms for each thread that reads or writes. A search through everything alive stops all
    of them for a quarter of a second in a busy door: what was made at the start is left out of it, and it is rarer.
    """
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def allow_many_connections() -> None:
    """As many open connections as the system grants, so that idle ones do not use up the few that are the default."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
