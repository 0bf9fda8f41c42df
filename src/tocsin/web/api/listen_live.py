"""Live queues: server-sent events that say which reports, alerts and notices changed. Rights hold for every event.

An event names a thing and its state, never its words: who receives it asks for the thing, as their rights allow. Events
come at least once; one that comes twice says the same. They work across processes, because they are read from the
records: one question a quarter of a second for all who listen, and when something changed one more for each view, where
a view is what people with the same rights see.
"""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Hashable
from dataclasses import dataclass, field
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from tocsin.listen.alerts import reads
from tocsin.listen.alerts.tables import alert, alert_change, notice, report, report_change
from tocsin.store import reading
from tocsin.store.policy import Actor, allowed, only_readable, view_of
from tocsin.store.sessions import actor_of
from tocsin.web.api.listen import PROBLEMS
from tocsin.web.who import Asker, At, House, token_of

router = APIRouter(prefix="/api", tags=["live"], responses=PROBLEMS)
EVERY_S = 0.25
QUIET_S = 15.0
AGAIN_S = 10.0  # how often it is asked anew who listens, and with what rights
LATE_S = 5.0  # how long after a change others are looked for that become visible later than their numbers say
OVERLAP = 100  # numbers looked at again for that
MOST = 5_000  # changes of one table in one ring
KEPT = 240  # rings a listener may be behind before it asks the records itself
TABLES = (report, report_change, alert_change, notice)
OF = (("report", report.c.id), ("report", report_change.c.report_id), ("alert", alert_change.c.alert_id),
      ("notice", notice.c.id))  # fmt: skip
Marks = tuple[int, ...]
Changed = dict[str, set[int]]


@dataclass
class Ring:
    """What changed within one quarter of a second, and how it is told to those who see the same."""

    number: int
    marks: Marks
    changed: Changed
    told: dict[Hashable, str] = field(default_factory=dict)


class Trail:
    """Goes through what changed, from some marks on."""

    def __init__(self, at: Marks) -> None:
        self.at = at
        self._lately: list[set[int]] | None = None

    def changed(self, connection: sa.Connection) -> tuple[Changed, bool]:
        """Things that changed above the marks, or below them and not seen before; and whether there is more."""
        found: Changed = {"report": set(), "alert": set(), "notice": set()}
        lately, at, more = [], list(self.at), False
        for n, (table, (name, column)) in enumerate(zip(TABLES, OF, strict=True)):
            query = sa.select(table.c.id, column.label("thing")).where(table.c.id > at[n] - OVERLAP)
            rows = connection.execute(query.order_by(table.c.id).limit(MOST)).all()
            seen = None if self._lately is None else self._lately[n]
            found[name].update(r.thing for r in rows if r.id > at[n] or (seen is not None and r.id not in seen))
            at[n] = max([at[n], *(r.id for r in rows[-1:])])
            lately.append({r.id for r in rows if r.id > at[n] - 2 * OVERLAP})
            more = more or len(rows) == MOST
        self.at, self._lately = tuple(at), lately
        return found, more


class Bell:
    """What changed lately: asked for at most four times a second by a whole process, and while somebody listens."""

    def __init__(self, house: Callable[[], House]) -> None:
        self._house = house
        self._at = self._changed = float("-inf")
        self._asking: asyncio.Lock | None = None
        self._telling: asyncio.Lock | None = None
        self._one = threading.Lock()  # who goes away leaves a question behind that is still being asked
        self._trail: Trail | None = None
        self._listeners = 0
        self._last = Ring(0, (0,) * len(TABLES), {})
        self._rings: deque[Ring] = deque(maxlen=KEPT)

    def come(self) -> None:
        """Somebody begins to listen; what changed before the first one came is not told."""
        if self._listeners == 0:
            self._trail = None
            self._at = float("-inf")
        self._listeners += 1

    def go(self) -> None:
        """Somebody ends."""
        self._listeners -= 1

    async def newest(self) -> Ring:
        """The newest ring, at most a quarter of a second old."""
        self._asking = self._asking or asyncio.Lock()
        async with self._asking:
            if time.monotonic() - self._at >= EVERY_S:
                await asyncio.to_thread(self._ask)
        return self._last

    def since(self, number: int) -> list[Ring] | None:
        """Rings after one; None if some of them are forgotten."""
        if self._rings and self._rings[0].number > number + 1:
            return None
        return [r for r in self._rings if r.number > number]

    async def words(self, ring: Ring, actor: Actor) -> str:
        """A ring as events, as this actor may see it."""
        view = view_of(actor, "report", "alert", "notice")
        if view not in ring.told:
            self._telling = self._telling or asyncio.Lock()
            async with self._telling:
                if view not in ring.told:
                    ring.told[view] = await asyncio.to_thread(self._tell, ring, actor)
        return ring.told[view]

    def _ask(self) -> None:
        now, trail = time.monotonic(), self._trail
        with self._one, reading(self._house().engine) as connection:
            query = sa.select(*(sa.select(sa.func.coalesce(sa.func.max(t.c.id), 0)).scalar_subquery() for t in TABLES))
            marks = tuple(int(v) for v in connection.execute(query).one())
            if trail is None:
                self._trail = trail = Trail(marks)
                changed, _ = trail.changed(connection)  # numbers up to here count as seen
                self._ring(Ring(self._last.number + 1, marks, changed))
            elif marks != trail.at or now - self._changed < LATE_S:
                if marks != trail.at:
                    self._changed = now
                changed, _ = trail.changed(connection)
                if any(changed.values()):
                    self._ring(Ring(self._last.number + 1, trail.at, changed))
        self._at = now

    def _ring(self, ring: Ring) -> None:
        self._last = ring
        self._rings.append(ring)

    def _tell(self, ring: Ring, actor: Actor) -> str:
        with reading(self._house().engine) as connection:
            return events(connection, actor, ring.changed, ring.marks)


def events(connection: sa.Connection, actor: Actor, changed: Changed, marks: Marks) -> str:
    """What changed as events, as this actor may see it."""
    found = [
        (name, row)
        for name, table in (("report", report), ("alert", alert))
        for row in reads.readable_ids(connection, actor, table, sorted(changed[name])).values()
    ]
    if changed["notice"] and allowed(actor, "read", "notice"):
        query = sa.select(notice.c.id, notice.c.kind, notice.c.object_id).where(notice.c.id.in_(changed["notice"]))
        found += [("notice", dict(row)) for row in connection.execute(only_readable(query, notice, actor)).mappings()]
    at = _word(marks)
    return "".join(f"event: {kind}\nid: {at}\ndata: {json.dumps(row, default=str)}\n\n" for kind, row in found)


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
    stream = _stream(request, request.app.state.bell, at, actor, _marks(last), seconds)
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _stream(
    request: Request, bell: Bell, house: House, actor: Actor, start: Marks | None, seconds: float
) -> AsyncGenerator[str, None]:
    token = token_of(request)
    begun = spoken = asked = time.monotonic()
    bell.come()
    try:
        ring = await bell.newest()
        number, at, behind = ring.number, ring.marks, None if start is None else Trail(start)
        yield f"retry: 2000\nid: {_word(ring.marks if start is None else start)}\n\n"
        while True:
            now = time.monotonic()
            if now - asked >= AGAIN_S:
                found = await asyncio.to_thread(_who, house, token)
                if found is None:
                    return  # signed out, or the account was closed
                actor, asked = found, now
            ring = await bell.newest()
            rings = bell.since(number)
            if behind is None and rings is None:
                behind = Trail(at)
            if behind is not None:
                number = ring.number
                words, more = await asyncio.to_thread(_catch_up, house, actor, behind)
                at, behind = behind.at, behind if more else None
            else:
                words = "".join([await bell.words(r, actor) for r in rings or ()])
                number, at = ring.number, ring.marks
            if words:
                spoken = now
                yield words
            if behind is not None:
                continue
            if now - begun >= seconds or getattr(request.app.state, "ending", False):
                return
            if now - spoken >= QUIET_S:
                spoken = now
                yield ": still here\n\n"
            await asyncio.sleep(EVERY_S)
    finally:
        bell.go()


def _catch_up(house: House, actor: Actor, trail: Trail) -> tuple[str, bool]:
    with reading(house.engine) as connection:
        changed, more = trail.changed(connection)
        return events(connection, actor, changed, trail.at), more


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
