"""Queues of reports and alerts, one of each with its history, as the actor may see them; pages by cursor."""

import base64
import binascii
import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, Forbidden, NotFound
from tocsin.listen.alerts.tables import alert, alert_change, report, report_change, source
from tocsin.store.policy import Actor, Thing, allowed, only_readable

MOST = 200
OPEN = ("open", "acknowledged", "decided")
# Columns of a report in a list: the words come with one report alone, or shortened.
_LIST = (
    "id", "gateway_id", "kind", "practice", "sent_at", "received_at", "source_id", "text", "threat", "imminence",
    "actor", "number", "language", "denied", "place", "lon", "lat", "radius_km", "placed_by", "area", "owner", "state",
    "dismissed_why", "alert_id", "conflict_with", "corrects", "answers", "called_back_at", "tlp", "classification",
)  # fmt: skip
_HIDDEN = ("delivery", "content_hash")
_POINT = ("lon", "lat", "radius_km", "place")


@dataclass(frozen=True)
class Page:
    """Rows, and the word that gives the rows after them; None when there are no more."""

    rows: Sequence[Mapping[str, Any]]
    next: str | None


@dataclass(frozen=True)
class ReportFilter:
    """Which reports; None is any."""

    state: tuple[str, ...] = ()
    kind: str | None = None
    threat: str | None = None
    area: str | None = None
    gateway_id: str | None = None
    alert_id: int | None = None
    source_id: str | None = None
    practice: bool | None = None
    conflict: bool | None = None
    call_back: bool | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    near: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts; None is any."""

    state: tuple[str, ...] = OPEN
    threat: str | None = None
    area: str | None = None
    level: str | None = None
    component: str | None = None
    practice: bool | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    near: tuple[float, float, float, float] | None = None
    order: str = "priority"


def list_reports(
    connection: sa.Connection, actor: Actor, wanted: ReportFilter, limit: int = 50, after: str | None = None,
    newest: bool = True,
) -> Page:  # fmt: skip
    """Reports by number, newest first (or oldest)."""
    c, where = report.c, _where_report(wanted)
    order = c.id.desc() if newest else c.id.asc()
    query = sa.select(*(c[n] for n in _LIST)).where(*where).order_by(order).limit(_limit(limit) + 1)
    if after is not None:
        (last,) = _cursor(after, int)
        query = query.where(c.id < last if newest else c.id > last)
    rows = [dict(r) for r in connection.execute(only_readable(query, report, actor)).mappings()]
    return _page(rows, limit, lambda r: [r["id"]])


def _where_report(f: ReportFilter) -> list[sa.ColumnElement[bool]]:
    c = report.c
    found: list[sa.ColumnElement[bool]] = []
    if f.state:
        found.append(c.state.in_(f.state) if len(f.state) > 1 else c.state == f.state[0])
    for column, value in (
        (c.kind, f.kind), (c.threat, f.threat), (c.area, f.area), (c.gateway_id, f.gateway_id),
        (c.alert_id, f.alert_id), (c.source_id, f.source_id), (c.practice, f.practice),
    ):  # fmt: skip
        if value is not None:
            found.append(column == value)
    if f.conflict is not None:
        found.append(c.conflict_with.is_not(None) if f.conflict else c.conflict_with.is_(None))
    if f.call_back is not None:
        found.append(c.kind == "missed_call")
        found.append(c.called_back_at.is_(None) if f.call_back else c.called_back_at.is_not(None))
    return found + _when_where(c, c.received_at, f.since, f.until, f.near)


def _when_where(
    c: Any, at: Any, since: dt.datetime | None, until: dt.datetime | None, near: tuple[float, ...] | None
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if since is not None:
        found.append(at >= since)
    if until is not None:
        found.append(at < until)
    if near is not None:
        west, south, east, north = near
        over = sa.or_(c.lon >= west, c.lon <= east) if west > east else c.lon.between(west, east)
        found += [over, c.lat.between(south, north)]
    return found


def _by_tenths(near: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """A box that holds the points whose tenths of a degree lie in `near`: asking again and again tells no more.

    >>> _by_tenths((20.0, 5.06, 20.3, 5.3))
    (19.95, 5.05, 20.35, 5.35)
    """
    west, south, east, north = near
    west, south = (round(math.ceil(10 * v - 1e-9) / 10 - 0.05, 2) for v in (west, south))
    east, north = (round(math.floor(10 * v + 1e-9) / 10 + 0.05, 2) for v in (east, north))
    return west, south, east, north


def list_alerts(
    connection: sa.Connection, actor: Actor, wanted: AlertFilter, limit: int = 50, after: str | None = None
) -> Page:
    """Alerts by priority (the most urgent first), or by time (``order="heard_at"``, newest first)."""
    if wanted.near is not None and not allowed(actor, "read", "alert", "point"):
        raise Forbidden("your role sees no exact points, so it cannot search by them: search by area")
    c = alert.c
    near = wanted.near
    if near is not None and len(actor.roles) > 1:  # one role may see exact points where the other sees alerts only
        near = _by_tenths(near)
    found = _when_where(c, c.heard_at, wanted.since, wanted.until, near)
    for column, value in (
        (c.threat, wanted.threat), (c.area, wanted.area), (c.level, wanted.level), (c.component, wanted.component),
        (c.practice, wanted.practice),
    ):  # fmt: skip
        if value is not None:
            found.append(column == value)
    if wanted.state:
        found.append(c.state.in_(wanted.state))
    if wanted.order not in ("priority", "heard_at"):
        raise BadInput("alerts are ordered by priority or heard_at")
    first: Any = c.priority if wanted.order == "priority" else c.heard_at
    columns = [k for k in c if k.name not in ("grade_why",)]
    query = sa.select(*columns).where(*found).order_by(first.desc(), c.id.desc()).limit(_limit(limit) + 1)
    if after is not None:
        value, last = _cursor(after, str, int)
        bound: Any = _float(value) if wanted.order == "priority" else _instant(value)
        query = query.where(sa.or_(first < bound, sa.and_(first == bound, c.id < last)))
    rows = [shown(dict(r), actor) for r in connection.execute(only_readable(query, alert, actor)).mappings()]
    return _page(rows, limit, lambda r: [str(r[wanted.order]), r["id"]])


def every_alert(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]]:
    """All alerts in whatever state, newest first, in one question: for downloads and other tools."""
    c = alert.c
    columns = [k for k in c if k.name not in ("grade_why", "priority_why", "lesson", "unanswered_why")]
    query = only_readable(sa.select(*columns).order_by(c.heard_at.desc(), c.id.desc()), alert, actor)
    return [shown(dict(r), actor) for r in connection.execute(query).mappings()]


def shown(row: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """An alert without its exact point for those who may not see that of this alert: to a tenth of a degree."""
    label = Tlp(row["tlp"]), Classification(row["classification"])
    if not allowed(actor, "read", "alert", "point", Thing(row["area"], None, row["component"], *label)):
        for name in ("lon", "lat"):
            if row.get(name) is not None:
                row[name] = round(row[name], 1)
        if row.get("radius_km") is not None:
            row["radius_km"] = max(row["radius_km"], 10.0)
    return row


def read_report(connection: sa.Connection, actor: Actor, report_id: int) -> dict[str, Any]:
    """One report with its candidates, what contradicts or corrects it, and its history where that may be seen."""
    columns = [k for k in report.c if k.name not in _HIDDEN]
    query = only_readable(sa.select(*columns).where(report.c.id == report_id), report, actor)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such report, or it is not for you")
    c = report.c
    others = sa.select(c.id, c.conflict_with, c.corrects, c.answers).where(
        sa.or_(c.conflict_with == report_id, c.corrects == report_id, c.answers == report_id)
    )
    beside = connection.execute(only_readable(others, report, actor)).mappings().all()
    return dict(row) | {
        "history": history(connection, actor, report_change, report_change.c.report_id == report_id),
        "beside": [dict(b) for b in beside],
    }


def read_alert(connection: sa.Connection, actor: Actor, alert_id: int) -> dict[str, Any]:
    """One alert with its reports (as far as the actor may see them) and its history."""
    query = only_readable(sa.select(alert).where(alert.c.id == alert_id), alert, actor)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such alert, or it is not for you")
    reports: Sequence[Mapping[str, Any]] = []
    if allowed(actor, "read", "report"):
        reports = list_reports(connection, actor, ReportFilter(alert_id=alert_id), MOST, newest=False).rows
    lines = history(connection, actor, alert_change, alert_change.c.alert_id == alert_id)
    return shown(dict(row), actor) | {"reports_list": list(reports), "history": lines}


def history(
    connection: sa.Connection, actor: Actor, table: sa.Table, where: sa.ColumnElement[bool]
) -> list[dict[str, Any]]:
    """Lines of history in order; none for who may not see them. The reader has seen the row itself before."""
    if not allowed(actor, "read", table.name):
        return []
    query = only_readable(sa.select(table).where(where).order_by(table.c.id).limit(500), table, actor)
    return [{k: v for k, v in r.items() if k != "before"} for r in connection.execute(query).mappings()]


def count_states(connection: sa.Connection, actor: Actor) -> dict[str, dict[str, int]]:
    """How many reports and alerts are in each state, of those the actor may see."""
    found: dict[str, dict[str, int]] = {}
    for name, table in (("reports", report), ("alerts", alert)):
        if not allowed(actor, "read", table.name):
            continue
        query = sa.select(table.c.state, sa.func.count().label("n")).group_by(table.c.state)
        found[name] = {r.state: r.n for r in connection.execute(only_readable(query, table, actor))}
    return found


def readable_ids(connection: sa.Connection, actor: Actor, table: sa.Table, ids: Sequence[int]) -> dict[int, Any]:
    """Of these reports or alerts, those the actor may see: for live events. Gives id → state and counter."""
    if not ids or not allowed(actor, "read", table.name):
        return {}
    columns = [table.c.id, table.c.state, *([table.c.changed, table.c.level] if table is alert else [])]
    query = only_readable(sa.select(*columns).where(table.c.id.in_(ids)), table, actor)
    return {r["id"]: dict(r) for r in connection.execute(query).mappings()}


def list_sources(connection: sa.Connection, actor: Actor, limit: int = 50, after: str | None = None) -> Page:
    """Sources without identity, by id."""
    query = sa.select(source).order_by(source.c.id).limit(_limit(limit) + 1)
    if after is not None:
        (last,) = _cursor(after, str)
        query = query.where(source.c.id > last)
    rows = [dict(r) for r in connection.execute(only_readable(query, source, actor)).mappings()]
    return _page(rows, limit, lambda r: [r["id"]])


def _limit(limit: int) -> int:
    if not 1 <= limit <= MOST:
        raise BadInput("a page has 1 to {most} rows", most=MOST)
    return limit


def _page(rows: list[dict[str, Any]], limit: int, key: Any) -> Page:
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _word(key(rows[-1])) if more and rows else None)


def _word(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _cursor(word: str, *kinds: type) -> list[Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        if not isinstance(found, list) or [type(v) for v in found] != list(kinds):
            raise ValueError
        if any(isinstance(v, int) and not 0 <= v < 2**63 for v in found) or "\x00" in str(found[0]):
            raise ValueError
    except (ValueError, binascii.Error, UnicodeError, RecursionError) as problem:
        raise BadInput("that is no page of ours: begin without `after`") from problem
    return found


def _float(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise BadInput("that is no page of ours: begin without `after`")
    return found


def _instant(text: Any) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError as problem:
        raise BadInput("that is no page of ours: begin without `after`") from problem
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
