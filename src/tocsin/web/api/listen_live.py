"""Live queues: server-sent events that say which reports, alerts and notices changed. Rights hold for every event.

An event names a thing and its state, never its words: who receives it asks for the thing, as their rights allow. Events
come at least once; one that comes twice says the same. They work across processes, because they are read from the
records: one question a quarter of a second for all who listen.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from tocsin.listen.alerts import reads
from tocsin.listen.alerts.tables import alert, alert_change, notice, report, report_change
from tocsin.store import reading
from tocsin.store.policy import Actor, allowed
from tocsin.store.sessions import actor_of
from tocsin.web.api.listen import PROBLEMS
from tocsin.web.who import Asker, At, House, token_of

router = APIRouter(prefix="/api", tags=["live"], responses=PROBLEMS)
EVERY_S = 0.25
QUIET_S = 15.0
AGAIN_S = 10.0  # how often it is asked anew who listens, and with what rights
OVERLAP = 100  # numbers looked at again: they may become visible later than higher ones
TABLES = (report, report_change, alert_change, notice)
Marks = tuple[int, ...]


class Bell:
    """Highest numbers of what can change, asked for at most four times a second by a whole process."""

    def __init__(self, house: Callable[[], House]) -> None:
        self._house = house
        self._marks: Marks = (0,) * len(TABLES)
        self._at = 0.0
        self._lock: asyncio.Lock | None = None

    async def marks(self) -> Marks:
        """As they are now, or were a quarter of a second ago."""
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if time.monotonic() - self._at >= EVERY_S:
                self._marks = await asyncio.to_thread(self._ask)
                self._at = time.monotonic()
        return self._marks

    def _ask(self) -> Marks:
        with reading(self._house().engine) as connection:
            query = sa.select(*(sa.select(sa.func.coalesce(sa.func.max(t.c.id), 0)).scalar_subquery() for t in TABLES))
            return tuple(int(v) for v in connection.execute(query).one())


class _Listener:
    """One who listens: where they are, and what they were told lately."""

    def __init__(self, house: House, actor: Actor, start: Marks) -> None:
        self.house, self.actor, self.at = house, actor, start
        self._told: deque[tuple[str, int]] = deque(maxlen=8 * OVERLAP)
        self._known: set[tuple[str, int]] = set()

    def news(self, marks: Marks, first: bool) -> list[tuple[str, dict[str, Any]]]:
        """What changed since the last time, as this person may see it."""
        reports: set[int] = set()
        alerts: set[int] = set()
        with reading(self.house.engine) as connection:
            for name, table, column, into in (
                ("r", report, report.c.id, reports),
                ("c", report_change, report_change.c.report_id, reports),
                ("a", alert_change, alert_change.c.alert_id, alerts),
            ):
                since = self.at[TABLES.index(table)]
                query = sa.select(table.c.id, column.label("thing")).where(table.c.id > since - OVERLAP)
                for row in connection.execute(query.order_by(table.c.id).limit(5000)):
                    if (name, row.id) not in self._known:
                        self._remember(name, row.id)
                        if not first or row.id > since:
                            into.add(row.thing)
            found = [
                (kind, dict(row))
                for kind, table, ids in (("report", report, reports), ("alert", alert, alerts))
                for row in reads.readable_ids(connection, self.actor, table, sorted(ids)).values()
            ]
            if marks[3] > self.at[3] and allowed(self.actor, "read", "notice"):
                query = sa.select(notice.c.id, notice.c.kind, notice.c.object_id).where(notice.c.id > self.at[3])
                found += [("notice", dict(row)) for row in connection.execute(query).mappings()]
        self.at = tuple(max(a, b) for a, b in zip(self.at, marks, strict=True))
        return found

    def _remember(self, name: str, id: int) -> None:
        if len(self._told) == self._told.maxlen:
            self._known.discard(self._told[0])
        self._told.append((name, id))
        self._known.add((name, id))


@router.get(
    "/live",
    summary="Live changes of the queues",
    response_class=StreamingResponse,
    responses={200: {"description": "Events `report`, `alert`, `notice`.", "content": {"text/event-stream": {}}}},
)
async def live(
    request: Request,
    at: At,
    actor: Asker,
    seconds: Annotated[float, Query(ge=0, le=3600, description="How long; the browser then comes again.")] = 3600,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> StreamingResponse:
    """Says which reports, alerts and notices changed, as they do; `Last-Event-ID` goes on where one left off."""
    bell: Bell = request.app.state.bell
    start = _marks(last)
    stream = _stream(request, bell, at, actor, await bell.marks() if start is None else start, seconds)
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _stream(
    request: Request, bell: Bell, house: House, actor: Actor, start: Marks, seconds: float
) -> AsyncGenerator[str, None]:
    who = _Listener(house, actor, start)
    token = token_of(request)
    begun = spoken = asked = time.monotonic()
    yield f"retry: 2000\nid: {_word(start)}\n\n"
    first = True
    while True:
        now = time.monotonic()
        if now - asked >= AGAIN_S:
            found = await asyncio.to_thread(_who, house, token)
            if found is None:
                return  # signed out, or the account was closed
            who.actor, asked = found, now
        marks = await bell.marks()
        if first or marks != who.at:
            news = await asyncio.to_thread(who.news, marks, first)
            first = False
            if news:
                spoken = now
            for kind, thing in news:
                yield f"event: {kind}\nid: {_word(who.at)}\ndata: {json.dumps(thing, default=str)}\n\n"
        if now - begun >= seconds:
            return
        if now - spoken >= QUIET_S:
            spoken = now
            yield ": still here\n\n"
        await asyncio.sleep(EVERY_S)


def _who(house: House, token: str) -> Actor | None:
    with reading(house.engine) as connection:
        return actor_of(connection, token, house.now(), house.serve.second_step)


def _word(marks: Marks) -> str:
    return ".".join(str(m) for m in marks)


def _marks(word: str | None) -> Marks | None:
    """Where somebody left off; from now on, when that cannot be read."""
    parts = (word or "").split(".")
    if len(parts) != len(TABLES) or not all(p.isascii() and p.isdecimal() and len(p) < 19 for p in parts):
        return None
    return tuple(int(p) for p in parts)
