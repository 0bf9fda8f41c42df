"""What the intake tells the people who run it: a gateway that fell silent, one that is refused again and again."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import NotFound
from tocsin.listen.alerts.tables import gateway, notice
from tocsin.store.policy import Actor, demand, only_readable

REFUSED = 20  # refusals since the last look that are worth telling


def watch(connection: sa.Connection, now: dt.datetime) -> None:
    """Begin and end notices about gateways; safe to call as often as one likes, from several processes.

    A gateway is silent when nothing came for longer than its heartbeat. A time of last hearing that lies ahead of us
    comes from a clock that was put back, and counts as now.
    """
    _one_at_a_time(connection)
    gone = {
        r.object_id: r for r in connection.execute(sa.select(notice).where(_open("gateway_silent")))
    }  # fmt: skip
    for way in connection.execute(sa.select(gateway)).all():
        heard = way.heard_at or way.made_at
        if heard > now + dt.timedelta(minutes=1):
            connection.execute(sa.update(gateway).where(gateway.c.id == way.id).values(heard_at=now))
            heard = now
        late = way.closed_at is None and way.heartbeat_minutes is not None
        late = late and now - heard > dt.timedelta(minutes=way.heartbeat_minutes)
        if late:
            minutes = int((now - heard).total_seconds() // 60)
            begin(connection, "gateway_silent", way.id, now, {"minutes": minutes})
        elif way.id in gone:
            end(connection, "gateway_silent", way.id, now)
        for kind, column in (("gateway_refusing", "refused"), ("gateway_unreadable", "unreadable")):
            _watch_count(connection, kind, way.id, int(getattr(way, column)), now)


def _watch_count(connection: sa.Connection, kind: str, id: str, count: int, now: dt.datetime) -> None:
    """Refusals are told when they grow by `REFUSED`, unreadable deliveries at once; both end after a quiet hour."""
    query = sa.select(notice).where(notice.c.kind == kind, notice.c.object_id == id).order_by(notice.c.id.desc())
    last = connection.execute(query.limit(1)).one_or_none()
    before = int(last.details.get("count", 0)) if last else 0
    if count - before >= (REFUSED if kind == "gateway_refusing" else 1):
        begin(connection, kind, id, now, {"count": count})
    elif last is not None and last.ended_at is None and now - last.last_at > dt.timedelta(hours=1):
        end(connection, kind, id, now)


def begin(connection: sa.Connection, kind: str, object_id: str, now: dt.datetime, details: Mapping[str, Any]) -> None:
    """Begin a notice, or bring an open one up to date."""
    values = {"last_at": now, "details": dict(details)}
    query = sa.update(notice).where(_open(kind), notice.c.object_id == object_id)
    if connection.execute(query.values(values)).rowcount == 0:
        line = values | {"kind": kind, "object_id": object_id, "began_at": now}
        connection.execute(sa.insert(notice).values(line))


def end(connection: sa.Connection, kind: str, object_id: str, now: dt.datetime) -> None:
    """It is over."""
    query = sa.update(notice).where(_open(kind), notice.c.object_id == object_id)
    connection.execute(query.values(ended_at=now, last_at=now))


def list_notices(connection: sa.Connection, actor: Actor, all_: bool = False) -> list[dict[str, Any]]:
    """Notices that still hold, newest first; with `all_` the last 200 whatever became of them."""
    query = only_readable(sa.select(notice).order_by(notice.c.id.desc()).limit(200), notice, actor)
    if not all_:
        query = query.where(notice.c.ended_at.is_(None))
    return [dict(row) for row in connection.execute(query).mappings()]


def see(connection: sa.Connection, actor: Actor, id: int, now: dt.datetime) -> None:
    """Say that somebody has seen a notice."""
    demand(actor, "change", "notice")
    query = sa.update(notice).where(notice.c.id == id, notice.c.seen_at.is_(None))
    if connection.execute(query.values(seen_at=now, seen_by=actor.id)).rowcount == 0:
        there = connection.execute(sa.select(notice.c.id).where(notice.c.id == id)).first()
        if there is None:
            raise NotFound("there is no such notice")


def _open(kind: str) -> sa.ColumnElement[bool]:
    return sa.and_(notice.c.kind == kind, notice.c.ended_at.is_(None))


def _one_at_a_time(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x746F6373)))
