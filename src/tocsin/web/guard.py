"""What every request passes before any route: names, sizes, rates, forgery, and the headers of every answer.

Plain ASGI, so that a stream stays a stream and the intake loses no time. The intake (``/in/…``) has a budget of its own
and none of the rules made for browsers; its secret is its lock.
"""

import asyncio
import ipaddress
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders

from tocsin.core.errors import TocsinError
from tocsin.listen.uploads import MOST_BYTES as MOST_UPLOAD
from tocsin.store import writing
from tocsin.store.sessions import touch
from tocsin.web.budgets import asker_of
from tocsin.web.settings import MOST_AT_ONCE
from tocsin.web.watch import Meters
from tocsin.web.who import CSRF_HEADER, House, bearer_of, cookie_name, csrf_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

INTAKE = "/in/"
PROBES = frozenset({"/health", "/ready"})  # asked by machines under any name; they say yes or no
log = structlog.get_logger("tocsin.web")
MOST_BYTES = 8 << 20
UPLOAD = "/api/imports"  # files come here: larger, and over slow lines, but never idle for long; see docs/limits.md
UPLOAD_S = 3_600.0
MOST_TARGET = 8_192  # bytes of path and query
BODY_S = 30.0
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
TOUCH_S = 300.0
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
HTTPS_ONLY = "max-age=31536000; includeSubDomains"


class _Refuse(Exception):
    def __init__(self, status: int, code: str, title: str, wait_s: float = 0) -> None:
        self.status, self.code, self.title, self.wait_s = status, code, title, wait_s


class Guard:
    """ASGI in front of everything.

    Parameters
    ----------
    app : ASGI application
    house : callable
        Gives the house at the time.
    meters : Meters
        Count every answer.
    """

    def __init__(self, app: App, house: Callable[[], House], meters: Meters) -> None:
        self.app, self._house, self._meters = app, house, meters
        self._busy = 0
        self._busy_of: Counter[str] = Counter()
        self._touched: dict[str, float] = {}
        self._touching = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._meters.at_work.inc()
        try:
            await self._guarded(scope, receive, noted)
        finally:
            self._meters.at_work.dec()
            self._note(scope, status, time.perf_counter() - start)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count an answer and log it: the pattern of its route, never the address it was asked at."""
        intake = scope["path"].startswith(INTAKE)
        route = "/in/{gateway}" if intake else str(getattr(scope.get("route"), "path", "none"))
        self._meters.note(scope["method"], route, status, seconds)
        if not intake and (status >= 400 or scope["method"] not in SAFE):
            told = {"method": scope["method"][:7], "route": route, "status": status, "ms": round(seconds * 1000)}
            if self._house().serve.log_who and "tocsin.who" in scope:
                told["who"] = scope["tocsin.who"]  # as in the trail: never a name
            log.info("answered", **told)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        home = self._house()
        headers = Headers(scope=scope)
        _behind_proxies(scope, headers, home)
        https = scope.get("scheme") == "https"
        try:
            if scope["path"].startswith(INTAKE):
                wait = home.budgets.intake.take(asker_of(_address(scope)))
                if wait:
                    raise _Refuse(429, "too_many", "this address brings more than it may: send it again", wait)
                await self.app(scope, receive, send)
                return
            if scope["path"] not in PROBES:
                self._admit(scope, headers, home)
        except _Refuse as no:
            await _answer(send, no, https, scope["method"] == "HEAD")
            return
        await self._through(scope, receive, send, headers, https)
        await self._note_use(scope, home)

    def _admit(self, scope: Scope, headers: Headers, home: House) -> None:
        host = headers.get("host", "")
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        # A page elsewhere that points its name at this machine must not read the mission through the browser.
        if not home.serve.answers_to(name):
            raise _Refuse(421, "host", "this door does not answer to that name: set hosts under [serve]")
        address = _address(scope)
        if not home.serve.is_local and scope.get("scheme") != "https" and not _is_loopback(address):
            raise _Refuse(403, "https", "this door is open over https only: come through the proxy")
        if len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b"")) > MOST_TARGET:
            raise _Refuse(414, "too_long", "the address is too long")
        told = headers.get("content-length", "0")
        if not told.isascii() or not told.isdecimal():
            raise _Refuse(400, "bad_input", "the length of the request cannot be read")
        if int(told) > _most(scope):
            raise _Refuse(413, "too_large", f"a request may hold {_most(scope) / 2**20:.0f} MiB")
        wait = home.budgets.web.take(asker_of(address))
        if wait:
            raise _Refuse(429, "too_many", "that is more than one address may ask: try again in a moment", wait)
        if self._busy >= MOST_AT_ONCE or self._busy_of[asker_of(address)] >= home.serve.at_once:
            raise _Refuse(503, "busy", "the door is busy: try again in a moment", 2)
        if scope["method"] not in SAFE:
            _same_origin(scope, headers)

    async def _through(self, scope: Scope, receive: Receive, send: Send, headers: Headers, https: bool) -> None:
        loop = asyncio.get_running_loop()
        most, uploads = _most(scope), _is_upload(scope)
        deadline = loop.time() + (UPLOAD_S if uploads else BODY_S)
        taken, over, counted, started = 0, False, True, False
        refused: _Refuse | None = None

        async def limited() -> Message:
            nonlocal taken, over, refused
            if over:
                return await receive()
            try:
                async with asyncio.timeout_at(min(deadline, loop.time() + BODY_S)):
                    message = await receive()
            except TimeoutError:
                refused = _Refuse(408, "timeout", "the request did not come to its end")
                raise refused from None
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                over = not message.get("more_body")
                if taken > most:
                    refused = _Refuse(413, "too_large", f"a request may hold {most / 2**20:.0f} MiB")
                    raise refused
            return message

        async def sealed(message: Message) -> None:
            nonlocal counted, started
            if refused is not None and not started:
                return  # a route that made an answer of its own out of our refusal
            if message["type"] == "http.response.start":
                started = True
                answer = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
                if https:
                    answer.setdefault("Strict-Transport-Security", HTTPS_ONLY)
                if answer.get("content-type", "").startswith("text/event-stream") and counted:
                    counted = False  # a live stream stays open for a shift and asks nothing more
                    self._done(whose)
            await send(message)

        whose = asker_of(_address(scope))
        self._busy += 1
        self._busy_of[whose] += 1
        try:
            await self.app(scope, limited, sealed)
        except _Refuse as no:
            refused = no
        finally:
            if counted:
                self._done(whose)
        if refused is not None and not started:
            await _answer(send, refused, https, scope["method"] == "HEAD")

    def _done(self, whose: str) -> None:
        self._busy -= 1
        self._busy_of[whose] -= 1
        if self._busy_of[whose] <= 0:
            del self._busy_of[whose]

    async def _note_use(self, scope: Scope, home: House) -> None:
        """Write down now and then that a session is in use; nobody waits for it."""
        token = scope.get("tocsin.seen")
        if not token or token.startswith("tcs_"):
            return
        now = asyncio.get_running_loop().time()
        if now - self._touched.get(token, -TOUCH_S) < TOUCH_S or not self._touching.acquire(blocking=False):
            return
        self._touched = {k: v for k, v in self._touched.items() if now - v < TOUCH_S}
        self._touched[token] = now
        await asyncio.to_thread(self._touch, home, token)

    def _touch(self, home: House, token: str) -> None:
        try:
            with writing(home.engine) as connection:
                touch(connection, token, home.now())
        except TocsinError:
            pass  # an import holds the records; the next request tries again
        finally:
            self._touching.release()


def _is_upload(scope: Scope) -> bool:
    return bool(scope["method"] == "POST" and scope["path"] == UPLOAD)


def _most(scope: Scope) -> int:
    """Bytes that the body of a request may have."""
    return MOST_UPLOAD if _is_upload(scope) else MOST_BYTES


def _behind_proxies(scope: Scope, headers: Headers, home: House) -> None:
    """Put the asker's own address and scheme in place of the proxy's, where the proxy is one we trust."""
    trusted = home.serve.trusted_proxies
    address = _address(scope)
    if not trusted or not _within(address, trusted):
        return
    chain = [part.strip() for value in headers.getlist("x-forwarded-for") for part in value.split(",")]
    for hop in reversed(chain):
        address = hop
        if not _within(hop, trusted):
            break
    try:
        scope["client"] = (str(ipaddress.ip_address(address)), 0)
    except ValueError:
        scope["client"] = ("0.0.0.0", 0)  # noqa: S104  a name for "nobody knows", not a place to listen
    if headers.get("x-forwarded-proto", "").strip().lower() == "https":
        scope["scheme"] = "https"


def _same_origin(scope: Scope, headers: Headers) -> None:
    """Refuse a change that a page elsewhere makes through somebody's browser.

    What a browser says about where a request is from must say that it is from here. With a session in a cookie
    something must say so: the browser, or the token that only our pages know.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    own = f"{scope.get('scheme', 'http')}://{headers.get('host', '')}"
    # Our pages send no referrer, and browsers then call the origin of a form "null"; but they still say the site.
    hidden = origin == "null" and site == "same-origin"
    if (site is not None and site != "same-origin") or (origin is not None and origin != own and not hidden):
        raise _Refuse(403, "forgery", "the request came from another page: open ours and try again")
    if bearer_of(headers.get("authorization", "")):
        return
    session = _cookie(headers, cookie_name(scope.get("scheme", "http")))
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not session or kind in FORMS[:2]:  # our forms carry the token inside, and their routes look at it
        return
    if site is None and origin is None and headers.get(CSRF_HEADER, "") != csrf_of(session):
        raise _Refuse(403, "forgery", "a change needs the token of the session in X-CSRF-Token (see GET /api/me)")


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("", 0))[0])


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _within(address: str, networks: tuple[Any, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


async def _answer(send: Send, no: _Refuse, https: bool, head: bool) -> None:
    body = json.dumps({"type": f"urn:tocsin:{no.code}", "title": no.title, "status": no.status}).encode()
    headers = {**HEADERS, "Content-Type": "application/problem+json", "Content-Length": str(len(body))}
    if https:
        headers["Strict-Transport-Security"] = HTTPS_ONLY
    if no.wait_s:
        headers["Retry-After"] = str(max(1, round(no.wait_s)))
    raw = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": no.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if head else body})
