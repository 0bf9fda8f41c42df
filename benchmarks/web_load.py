"""A shift at the door, from a process of its own: people who read, queues kept open, reports that come in, briefs.

Run by `bench_web`: ``python -m benchmarks.web_load < what.json``. Prints JSON. Times are of the whole answer.
"""

import asyncio
import json
import random
import sys
import time
from typing import Any

from benchmarks.intake_load import deliveries

PAGES = (
    ("/api/alerts?limit=50", 5), ("/api/reports?state=waiting&limit=50", 4), ("/api/alerts/counts", 3),
    ("/api/tasks", 2), ("/api/me", 1), ("/api/alerts/{alert}", 4),
)  # fmt: skip


class Told:
    """What was asked, how long each answer took, what went wrong."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}
        self.bad: list[str] = []
        self.events = 0
        self.dropped = 0

    def note(self, what: str, seconds: float, status: int, wanted: tuple[int, ...] = (200,)) -> None:
        self.spent.setdefault(what, []).append(seconds)
        if status not in wanted:
            self.bad.append(f"{what}: {status}")


class Line:
    """A connection that is kept open, as a browser does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        fresh = self.reader is None
        if self.reader is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        try:
            self.writer.write(request)
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        except (asyncio.IncompleteReadError, ConnectionError):
            if fresh:
                raise
            self.reader = None  # the server closed a line that was idle: a browser opens another one
            return await self.ask(request)
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
        body = await self.reader.readexactly(length)
        if b"connection: close" in head:
            self.writer.close()
            self.reader = None
        return int(head[9:12]), body


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def person(
    port: int, token: str, alerts: int, think_s: float, end: float, told: Told, dice: random.Random
) -> None:
    line = Line(port)
    await asyncio.sleep(dice.expovariate(1 / think_s))  # in the middle of a shift: nobody begins with the others
    names, weights = zip(*PAGES, strict=True)
    while time.perf_counter() < end:
        page = dice.choices(names, weights)[0]
        begin = time.perf_counter()
        try:
            status, _ = await line.ask(get(page.format(alert=dice.choice(alerts)), token))
            told.note(page, time.perf_counter() - begin, status)
        except (OSError, asyncio.IncompleteReadError) as problem:
            told.bad.append(f"read: {type(problem).__name__}")
            line = Line(port)
        await asyncio.sleep(dice.expovariate(1 / think_s))


async def queue(port: int, token: str, end: float, told: Told) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(get("/api/live", token))
    try:
        while (left := end - time.perf_counter()) > 0:
            line = await asyncio.wait_for(reader.readline(), left)
            if not line:
                told.dropped += 1
                break
            told.events += line.startswith(b"event:")
    except TimeoutError:
        pass
    writer.close()


async def incoming(port: int, requests: list[bytes], rate: float, start: float, told: Told) -> None:
    lines, waiting = [Line(port) for _ in range(8)], asyncio.Semaphore(8)

    async def one(due: float, request: bytes) -> None:
        await asyncio.sleep(max(0.0, start + due - time.perf_counter()))
        async with waiting:
            line = lines.pop()
            begin = time.perf_counter()
            status, _ = await line.ask(request)
            told.note("report", time.perf_counter() - begin, status, (200, 201, 202))
            lines.append(line)

    await asyncio.gather(*(one(n / rate, r) for n, r in enumerate(requests)))


async def brief(port: int, token: str, after: float, told: Told) -> None:
    await asyncio.sleep(after)
    begin = time.perf_counter()
    status, _ = await Line(port).ask(get("/brief.html", token))
    told.note("brief", time.perf_counter() - begin, status)


async def shift(what: dict[str, Any]) -> Told:
    told, port, tokens = Told(), what["port"], what["tokens"]
    requests = distinct(
        deliveries(
            int(what["rate"] * what["seconds"] * 1.2), what["path"], what["secret"], what["seed"], what["places"]
        )
    )
    start = time.perf_counter()
    end = start + what["seconds"]
    dice = random.Random(what["seed"])
    jobs = [person(port, t, what["alerts"], what["think_s"], end, told, random.Random(dice.random())) for t in tokens]
    jobs += [queue(port, t, end, told) for t in tokens[: what["queues"]]]
    jobs += [brief(port, t, what["seconds"] / 3, told) for t in tokens[: what["briefs"]]]
    jobs.append(incoming(port, requests[: int(what["rate"] * what["seconds"])], what["rate"], start, told))
    await asyncio.gather(*jobs)
    return told


def distinct(requests: list[bytes]) -> list[bytes]:
    """Each delivery once: what is counted here is what was lost, not what was doubled."""
    return list(dict.fromkeys(requests))


if __name__ == "__main__":
    result = asyncio.run(shift(json.loads(sys.stdin.read())))
    print(json.dumps({"spent": result.spent, "bad": result.bad, "events": result.events, "dropped": result.dropped}))
