"""Asking an application as a browser does, streams included: what comes in half a second, and then we hang up."""

import asyncio
import atexit
import functools
import io
import zipfile
from dataclasses import dataclass
from typing import Any

from tocsin.web.who import COOKIE


@dataclass(frozen=True)
class Said:
    """An answer; `text` is everything a person could read in it."""

    status: int
    kind: str
    body: bytes
    cut: bool

    @property
    def text(self) -> str:
        """The answer as text, with archives and PDF opened."""
        if self.kind.startswith("application/pdf"):
            import pypdf

            return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(self.body)).pages)
        if self.body[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(self.body)) as archive:
                return "\n".join(archive.read(n).decode("utf-8", "replace") for n in archive.namelist())
        return self.body.decode("utf-8", "replace")


def ask(
    app: Any, method: str, path: str, token: str = "", body: bytes = b"", query: str = "", form: bool = False
) -> Said:
    """One request, straight into the application: as a program, or as a browser that sends one of our own forms."""
    return _runner().run(_ask(app, method, path, token, body, query, form))


@functools.cache
def _runner() -> asyncio.Runner:
    """One loop for all requests: a loop a request costs more than most requests, its threads above all."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


async def _ask(app: Any, method: str, path: str, token: str, body: bytes, query: str, form: bool) -> Said:
    headers = [(b"host", b"127.0.0.1"), (b"last-event-id", b"0.0.0.0")]  # live streams tell everything since the start
    if form:
        headers += [
            (b"accept", b"text/html"), (b"content-type", b"application/x-www-form-urlencoded"),
            (b"sec-fetch-site", b"same-origin"), (b"cookie", f"{COOKIE}={token}".encode()),
        ]  # fmt: skip
    else:
        headers += [(b"accept", b"application/json"), (b"content-type", b"application/json")]
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 4000), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    sent, gone = False, asyncio.Event()
    said: dict[str, Any] = {"status": 0, "kind": "", "body": b""}

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            said["status"] = message["status"]
            said["kind"] = dict(message["headers"]).get(b"content-type", b"").decode()
            if said["kind"].startswith("text/event-stream"):
                asyncio.get_running_loop().call_later(0.4, gone.set)
        else:
            said["body"] += message.get("body", b"")

    task = asyncio.ensure_future(app(scope, receive, send))
    done, _ = await asyncio.wait({task}, timeout=60)
    if not done:
        gone.set()
        task.cancel()
        await asyncio.wait({task}, timeout=5)
    elif task.exception() is not None and not said["status"]:
        raise task.exception()  # type: ignore[misc]
    return Said(said["status"], said["kind"], said["body"], not done)
