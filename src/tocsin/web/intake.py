"""The door where gateways bring reports: ``/in/{gateway}/{secret}``. It answers yes only when a report is safe on disk.

Plain ASGI in front of the other routes, because it must take a thousand reports a second on one core: no sessions, no
schema, no thread a request. What is refused is counted and kept nowhere, and no answer, log line or error says who
sent it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from starlette.datastructures import Headers

from tocsin.core.errors import BadInput, Forbidden, NotFound, SetupProblem, TocsinError
from tocsin.listen.alerts import media
from tocsin.listen.alerts.addresses import sender_address
from tocsin.listen.alerts.committer import Committer, Ticket
from tocsin.listen.alerts.formats import READERS
from tocsin.listen.alerts.formats.values import MOST_BYTES
from tocsin.listen.alerts.gateways import Gateway, check, path_hash
from tocsin.listen.alerts.intake import Arrived
from tocsin.listen.alerts.model import Delivery, NotAReport
from tocsin.web import openrosa
from tocsin.web.intake_answers import Said, kept, nothing, refused
from tocsin.web.who import House

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Receipt = Callable[[str, str, Delivery], None]


class Beside(Protocol):
    """Work that begins and ends with the application."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


PREFIX = "/in/"
READ_S = 30.0
HTTPS_ONLY = b"max-age=31536000; includeSubDomains"
ASKED_BY_GET = frozenset({"generic", "smssync", "openrosa"})
log = logging.getLogger("tocsin.intake")


class _TooLarge(Exception):
    pass


class IntakeDoor:
    """ASGI in front of the application.

    Parameters
    ----------
    app : ASGI application
    house : callable
        Gives the house at the time.
    committer : Committer
    beside : Beside, optional
        Work of the same process: the reader of reports.
    receipt : callable, optional
        Called with gateway, provider and delivery when a delivery is good but no report: a delivery receipt of a
        message that went out, for whoever keeps those. Runs in a thread; what it raises is logged by name only.
    """

    def __init__(
        self,
        app: App,
        house: Callable[[], House],
        committer: Committer,
        beside: Beside | None = None,
        receipt: Receipt | None = None,
    ) -> None:
        self.app, self._house, self.committer, self.beside, self.receipt = app, house, committer, beside, receipt
        self._ready = False
        self._starting: asyncio.Lock | None = None
        self._nowhere = path_hash("nowhere")

    @property
    def house(self) -> House:
        """The house behind this door."""
        return self._house()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deliveries to the intake, everything else onwards."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            said = await self._said(scope, receive)
            await _send(send, said, scope["method"] == "HEAD", scope.get("scheme") == "https")
        elif scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched() -> MutableMapping[str, Any]:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start()
                except TocsinError as problem:  # reports can still come once the records can be read
                    log.error("the intake is not open yet: %s", problem)
                if self.beside is not None:
                    self.beside.start()
            elif message["type"] == "lifespan.shutdown":
                if self.beside is not None:
                    await asyncio.to_thread(self.beside.stop)
                await asyncio.to_thread(self.committer.stop)
                self._ready = False
            return message

        await self.app(scope, watched, send)

    async def _start(self) -> None:
        self._starting = self._starting or asyncio.Lock()
        async with self._starting:
            if not self._ready:
                await asyncio.to_thread(self.committer.start)
                self._ready = True

    async def _said(self, scope: Scope, receive: Receive) -> Said:
        provider = None
        try:
            if not self._ready:
                await self._start()
            pieces = scope["path"][len(PREFIX) :].split("/")
            way = self._way(pieces)
            provider = way.provider
            return await self._take(way, pieces[2:], scope, receive)
        except NotFound as problem:
            return refused(provider, problem, 404)
        except _TooLarge:
            return refused(provider, BadInput("the delivery is too large: send media apart from the text"), 413)
        except TimeoutError:
            return refused(provider, BadInput("the delivery did not come to its end"), 408)
        except TocsinError as problem:
            return refused(provider, problem)
        except Exception as problem:
            log.error("a delivery failed (%s)", type(problem).__name__)  # its values stay out of the log
            return refused(provider, SetupProblem("the delivery could not be taken: send it again"))

    def _way(self, pieces: list[str]) -> Gateway:
        """The gateway of an address; a wrong secret and no such gateway look and take the same."""
        id, secret = (pieces[0], pieces[1]) if len(pieces) > 1 else ("", "")
        way = self.committer.gateways.get(id)
        known = Gateway("", "", self._nowhere, ()).knows(secret) if way is None else way.knows(secret)
        if way is None or not known:
            self.committer.refuse(id, "refused")
            raise NotFound("there is nothing at this address")
        return way

    async def _take(self, way: Gateway, rest: list[str], scope: Scope, receive: Receive) -> Said:
        method = scope["method"]
        headers = Headers(scope=scope)
        phones = way.provider == "openrosa"
        if method not in ("POST", "GET", "HEAD") or (method != "POST" and way.provider not in ASKED_BY_GET):
            return Said(405, b"", headers={"Allow": "GET, POST" if way.provider in ASKED_BY_GET else "POST"})
        if rest and not phones and rest != [""]:
            raise NotFound("there is nothing at this address")
        body = b"" if method != "POST" else await _body(receive, headers, openrosa.MOST_BYTES if phones else MOST_BYTES)
        query = scope.get("query_string", b"").decode("latin-1")
        url = _url(way, scope, headers)
        delivery = Delivery(body, self.house.now(), headers, query, url)
        try:
            check(way, delivery, (scope.get("client") or ("", 0))[0])
        except Forbidden:
            if not (phones and "authorization" not in headers):  # a phone asks first without its password
                self.committer.refuse(way.id, "refused")
            raise
        if phones:
            if method != "POST" or rest[:1] not in (["submission"], [], [""]):
                return self._for_phones(method, rest, url)
            keys, folder = self.committer.keys, self.house.mission.folder
            xml, files = await openrosa.parts(headers, body, lambda content: media.keep(folder, keys, content))
            delivery = Delivery(xml, delivery.at, headers, query, url, files)
        try:
            received = READERS[way.provider](delivery)
        except NotAReport as problem:
            self.committer.heard(way.id)
            if self.receipt is not None:
                await asyncio.to_thread(self._receipt, way, delivery)
            return nothing(way.provider, problem.event)
        except BadInput:
            self.committer.refuse(way.id, "unreadable")
            raise
        items = [
            Arrived(way.id, got, delivery.at, sender_address(way.provider, got.sender, way.country_code))
            for got in received
        ]
        ticket = await self._safe(items)
        taken = ticket.taken or []
        repeated = sum(t.repeated for t in taken)
        return kept(way.provider, len(items) - repeated, repeated)

    async def _safe(self, items: list[Arrived]) -> Ticket:
        """Wait until reports are on the disk."""
        loop = asyncio.get_running_loop()
        ticket = Ticket(items, _Waker.of(loop), tag=loop.create_future())
        self.committer.submit(ticket)
        await ticket.tag
        if ticket.error is not None:
            raise ticket.error
        return ticket

    def _receipt(self, way: Gateway, delivery: Delivery) -> None:
        try:
            if self.receipt is not None:
                self.receipt(way.id, way.provider, delivery)
        except Exception as problem:
            log.error("a receipt could not be read (%s)", type(problem).__name__)

    def _for_phones(self, method: str, rest: list[str], url: str) -> Said:
        """What ODK Collect asks beside sending: which forms there are, and how much we take."""
        address = url.partition("?")[0]
        for piece in reversed([r for r in rest if r]):
            address = address.rstrip("/").removesuffix(piece)
        address = address.rstrip("/")
        folder = self.house.mission.folder
        if rest[:1] == ["formList"] and method == "GET":
            return openrosa.form_list(folder, address)
        if rest[:1] == ["forms"] and len(rest) == 2 and method == "GET":
            return openrosa.form(folder, rest[1])
        if method == "HEAD":
            return openrosa.head(address)
        raise NotFound("there is nothing at this address")


class _Waker:
    """Wakes the requests of one event loop, many at once."""

    _loops: dict[asyncio.AbstractEventLoop, "_Waker"] = {}  # noqa: RUF012

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "_Waker":
        if loop not in cls._loops:
            cls._loops = {k: v for k, v in cls._loops.items() if not k.is_closed()}
            cls._loops[loop] = cls(loop)
        return cls._loops[loop]

    def __call__(self, tickets: list[Ticket]) -> None:
        self.loop.call_soon_threadsafe(self._wake, tickets)

    @staticmethod
    def _wake(tickets: list[Ticket]) -> None:
        for ticket in tickets:
            if not ticket.tag.done():
                ticket.tag.set_result(None)


async def _body(receive: Receive, headers: Headers, most: int) -> bytes:
    """The whole body, if it is not too large and comes in time."""
    told = headers.get("content-length", "")
    if told.isascii() and told.isdecimal() and int(told) > most:
        raise _TooLarge
    parts, size = [], 0
    async with asyncio.timeout(READ_S):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise BadInput("the delivery was broken off")
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            if size > most:
                raise _TooLarge
            if not message.get("more_body"):
                return b"".join(parts) if len(parts) > 1 else part


def _url(way: Gateway, scope: Scope, headers: Headers) -> str:
    """Address as the gateway called it: from its settings, where a proxy hides it."""
    base = str(way.settings.get("address", "")).rstrip("/")
    base = base or f"{scope.get('scheme', 'http')}://{headers.get('host', '')}"
    query = scope.get("query_string", b"").decode("latin-1")
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    return f"{base}{path}" + (f"?{query}" if query else "")


async def _send(send: Send, said: Said, head: bool, https: bool) -> None:
    headers = [
        (b"content-type", said.media.encode()),
        (b"content-length", str(len(said.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        (b"referrer-policy", b"no-referrer"),
        *([(b"strict-transport-security", HTTPS_ONLY)] if https else []),
        *((k.lower().encode(), v.encode("latin-1", "replace")) for k, v in said.headers.items()),
    ]
    await send({"type": "http.response.start", "status": said.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else said.body})
