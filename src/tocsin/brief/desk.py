"""What waits for a person this morning: new since they were here, open and late, without a lead, out of contact."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from tocsin.act.duty.reads import pulses
from tocsin.act.tables import task, warning
from tocsin.act.tasks.model import OPEN
from tocsin.listen.alerts.reads import AlertFilter, list_alerts
from tocsin.listen.alerts.tables import alert, report
from tocsin.store.looks import looked_since
from tocsin.store.policy import Actor, allowed, only_readable
from tocsin.store.tables import run

ACTIVE = ("open", "acknowledged", "decided")
OPEN_TASKS = tuple(s.value for s in OPEN)
MOST = 8
Where = sa.ColumnElement[bool]


@dataclass(frozen=True)
class LateCase:
    """An alert or task past a time it should have met: `what` of it (acknowledge, decide; answer, due) and `by` when.

    `name` is the alert's kind of threat, or what the task is to do.
    """

    kind: Literal["alert", "task"]
    id: int
    what: Literal["acknowledge", "decide", "answer", "due"]
    name: str
    place: str | None
    by: dt.datetime


@dataclass(frozen=True)
class Desk:
    """Counts and short lists, of what the person may see; None where their role shows none of it.

    Parameters
    ----------
    since : datetime or None
        End of the visit before this one; None for who is here for the first time.
    new : dict
        How many alerts, reports, tasks, warnings and plans came since; None for each that is not shown.
    open, late : dict
        How many alerts and tasks are open, and how many of them are past a time they should have met.
    late_cases : list of LateCase
        Those late the longest.
    no_lead : list or None
        Alerts that nobody has taken on (not acknowledged, and no task open), the most urgent first.
    no_lead_in_all : int or None
        How many such alerts there are.
    beating : int or None
        How many links and units give signs of life at all.
    silent : list or None
        Links and units whose sign of life has stopped, the longest first.
    """

    since: dt.datetime | None
    new: dict[str, int | None]
    open: dict[str, int | None]
    late: dict[str, int | None]
    late_cases: list[LateCase]
    no_lead: list[dict[str, Any]] | None
    no_lead_in_all: int | None
    beating: int | None
    silent: list[dict[str, Any]] | None


def desk(connection: sa.Connection, actor: Actor, now: dt.datetime) -> Desk:
    """What waits for a person."""
    since = looked_since(connection, actor, now)

    def count(kind: str, table: sa.Table, *where: sa.ColumnElement[bool]) -> int | None:
        if not allowed(actor, "read", kind):
            return None
        rows = only_readable(sa.select(table.c.id).where(*where), table, actor).subquery()
        return int(connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())

    def after(column: Any) -> sa.ColumnElement[bool]:
        return sa.false() if since is None else column > since

    a, t = alert.c, task.c
    active = a.state.in_(ACTIVE)
    late = sa.or_(
        sa.and_(a.acknowledged_at.is_(None), a.acknowledge_by < now), sa.and_(a.decided_at.is_(None), a.decide_by < now)
    )
    late_task = sa.or_(sa.and_(t.state == "given", t.answer_by < now), sa.and_(t.arrived_at.is_(None), t.due_at < now))
    taken = sa.exists().where(t.alert_id == a.id, t.state.in_(OPEN_TASKS))
    signs = pulses(connection, actor) if allowed(actor, "read", "pulse") else None
    plans = None
    if allowed(actor, "read", "plan"):
        made = sa.select(sa.func.count()).select_from(run)
        kinds = run.c.kind.in_(("plan", "posture"))
        plans = int(connection.execute(made.where(kinds, after(run.c.made_at))).scalar_one())
    return Desk(
        since,
        {
            "alerts": count("alert", alert, after(a.heard_at), a.state != "merged"),
            "reports": count("report", report, after(report.c.received_at)),
            "tasks": count("task", task, after(t.given_at)),
            "warnings": count("warning", warning, after(warning.c.made_at)),
            "plans": plans,
        },
        {"alerts": count("alert", alert, active), "tasks": count("task", task, t.state.in_(OPEN_TASKS))},
        {
            "alerts": count("alert", alert, active, late),
            "tasks": count("task", task, t.state.in_(OPEN_TASKS), late_task),
        },
        _late(connection, actor, now, sa.and_(active, late), sa.and_(t.state.in_(OPEN_TASKS), late_task)),
        _no_lead(connection, actor, now) if allowed(actor, "read", "alert") else None,
        count("alert", alert, active, a.acknowledged_at.is_(None), ~taken),
        None if signs is None else len(signs),
        None if signs is None else [p for p in signs if p["silent"]][:MOST],
    )


def _late(connection: sa.Connection, actor: Actor, now: dt.datetime, alerts: Where, tasks: Where) -> list[LateCase]:
    a, t = alert.c, task.c
    found: list[LateCase] = []
    if allowed(actor, "read", "alert"):
        columns = sa.select(a.id, a.threat, a.place, a.acknowledged_at, a.acknowledge_by, a.decide_by)
        query = columns.where(alerts).order_by(a.acknowledge_by, a.id).limit(MOST)
        for r in connection.execute(only_readable(query, alert, actor)):
            unheard = r.acknowledged_at is None and r.acknowledge_by < now
            by = r.acknowledge_by if unheard else r.decide_by
            found.append(LateCase("alert", r.id, "acknowledge" if unheard else "decide", r.threat or "", r.place, by))
    if allowed(actor, "read", "task"):
        rest = sa.select(t.id, t.what, t.place, t.state, t.answer_by, t.due_at)
        query = rest.where(tasks).order_by(t.due_at, t.id).limit(MOST)
        for r in connection.execute(only_readable(query, task, actor)):
            unheard = r.state == "given" and r.answer_by < now
            by = r.answer_by if unheard else r.due_at
            found.append(LateCase("task", r.id, "answer" if unheard else "due", r.what, r.place, by))
    return sorted(found, key=lambda one: one.by)[:MOST]


def _no_lead(connection: sa.Connection, actor: Actor, now: dt.datetime) -> list[dict[str, Any]]:
    taken = set(connection.execute(sa.select(task.c.alert_id).where(task.c.state.in_(OPEN_TASKS))).scalars())
    wanted = AlertFilter(state=ACTIVE)
    found: list[dict[str, Any]] = []
    next_page: str | None = None
    while True:
        page = list_alerts(connection, actor, wanted, 100, next_page)
        found += [_line(r, now) for r in page.rows if r["acknowledged_at"] is None and r["id"] not in taken]
        next_page = page.next
        if next_page is None or len(found) >= MOST:
            return found[:MOST]


SHOWN = ("id", "threat", "imminence", "place", "area", "level", "practice", "heard_at")


def _line(row: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    return {**{k: row[k] for k in SHOWN}, "late": row["acknowledge_by"] < now}
