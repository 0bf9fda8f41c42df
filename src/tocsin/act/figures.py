"""The numbers a Security Council report asks for: alerts heard, how fast they were answered, who was told, what failed.

Exercises, and alerts that were merged into others, are left out. Counts are shown through `store.disclosure.suppress`:
a small one, and what would give it away, is None. A duration or share is None when it rests on fewer than five alerts,
or when the count behind a share could be worked out from it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.act.tables import task
from tocsin.act.tasks.model import Outcome
from tocsin.act.triage.priority import LEVELS
from tocsin.core.errors import BadInput
from tocsin.listen.alerts.tables import alert, report
from tocsin.store.disclosure import SMALLEST, suppress
from tocsin.store.policy import Actor, only_readable

# By what way people reached the mission; never who they are.
GROUPS: Mapping[str, str] = {
    "sms": "community", "missed_call": "community", "chat": "community", "form": "forms", "cap": "partners",
    "email": "partners", "radio": "radio room", "liaison": "liaison assistants",
}  # fmt: skip
ACTED = frozenset(
    {o.value for o in (Outcome.AVERTED, Outcome.DETERRED, Outcome.IN_TIME, Outcome.LATE, Outcome.REFERRED)}
)


@dataclass(frozen=True)
class Case:
    """One alert as counting sees it."""

    kind: str
    area: str
    group: str
    level: str
    heard_at: dt.datetime
    acknowledged_at: dt.datetime | None
    decided_at: dt.datetime | None
    arrived_at: dt.datetime | None
    told_at: dt.datetime | None
    closed: bool
    outcome: str | None
    why: str | None
    known_source: bool
    acted: bool


@dataclass(frozen=True)
class Delay:
    """Minutes from hearing to a step: median and 90th percentile over `n` alerts that came so far; None if too few."""

    n: int | None
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class Figures:
    """All figures of a period; None where showing one would point at somebody, or where there is nothing to divide."""

    first: str
    last: str
    alerts: int | None
    by_kind: dict[str, int | None]
    by_area: dict[str, int | None]
    by_group: dict[str, int | None]
    by_outcome: dict[str, int | None]
    delays: dict[str, Delay]
    answered: float | None
    told: float | None
    false_alarms: float | None
    in_time: dict[str, float | None]
    unanswered: dict[str, int | None]
    open: int | None
    smallest: int = SMALLEST

    def to_json(self) -> dict[str, Any]:
        """As `--json` and the API give it."""
        return asdict(self)


def count(cases: Sequence[Case], first: dt.date, last: dt.date) -> Figures:
    """All figures of the cases heard in a period.

    *Answered*: somebody acted (a task was done, or the outcome says so). *Told*: of the closed alerts with a known
    source, those where one was told. *False alarms*: of the closed ones with an outcome. *In time*: acknowledged
    (decided on) within the service level, of all; one that nobody has acknowledged yet counts as late.

    Examples
    --------
    >>> count([], dt.date(2026, 3, 1), dt.date(2026, 4, 1)).alerts
    0
    """
    closed = [c for c in cases if c.closed]
    judged = [c for c in closed if c.outcome]
    known = [c for c in closed if c.known_source]
    steps = {"acknowledge": "acknowledged_at", "decision": "decided_at", "arrival": "arrived_at", "feedback": "told_at"}
    limits = {v.name: v for v in LEVELS}
    acknowledged = [c for c in cases if c.acknowledged_at is not None]
    decided = [c for c in cases if c.decided_at is not None]
    fast = sum((c.acknowledged_at or c.heard_at) - c.heard_at <= limits[c.level].acknowledge for c in acknowledged)
    quick = sum((c.decided_at or c.heard_at) - c.heard_at <= limits[c.level].decide for c in decided)
    return Figures(
        first.isoformat(), last.isoformat(), _shown(len(cases)), _counts(c.kind for c in cases),
        _counts(c.area for c in cases), _counts(c.group for c in cases), _counts(c.outcome or "" for c in judged),
        {name: _delay([(getattr(c, field), c.heard_at) for c in cases]) for name, field in steps.items()},
        _share(sum(c.acted for c in cases), len(cases)), _share(sum(c.told_at is not None for c in known), len(known)),
        _share(sum(c.outcome == Outcome.FALSE for c in judged), len(judged)),
        {"acknowledge": _share(fast, len(cases)), "decision": _share(quick, len(cases))},
        _counts(c.why or "not_said" for c in closed if not c.acted and c.outcome != Outcome.FALSE),
        _shown(len(cases) - len(closed)),
    )  # fmt: skip


def _shown(number: int) -> int | None:
    return number if number == 0 or number >= SMALLEST else None


def _counts(names: Any) -> dict[str, int | None]:
    found = Counter(names)
    keys = sorted(found, key=lambda k: (-found[k], k))
    if not keys:
        return {}
    shown = suppress([found[k] for k in keys]).shown()[0]
    return {**dict(zip(keys, shown[:-1], strict=True)), "all": shown[-1]}


def _share(part: int, whole: int) -> float | None:
    if whole < SMALLEST or 0 < part < SMALLEST or 0 < whole - part < SMALLEST:
        return None
    return round(part / whole, 3)


def _delay(times: Sequence[tuple[dt.datetime | None, dt.datetime]]) -> Delay:
    minutes = [max((at - heard).total_seconds() / 60, 0.0) for at, heard in times if at is not None]
    if len(minutes) < SMALLEST:
        return Delay(0 if not minutes else None, None, None)
    return Delay(len(minutes), round(float(np.median(minutes)), 1), round(float(np.quantile(minutes, 0.9)), 1))


def figures(connection: sa.Connection, actor: Actor, first: dt.date, last: dt.date) -> Figures:
    """Figures of the alerts heard from a day to another (not included), UTC, of those the reader may see."""
    if not first < last:
        raise BadInput("the period ends on {last}, before it begins", last=last.isoformat())
    return count(cases_of(connection, actor, first, last), first, last)


def cases_of(connection: sa.Connection, actor: Actor, first: dt.date, last: dt.date) -> list[Case]:
    """The cases of a period."""
    begin, end = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in (first, last))
    a = alert.c
    query = sa.select(
        a.id,
        a.state,
        a.threat,
        a.area,
        a.level,
        a.heard_at,
        a.acknowledged_at,
        a.decided_at,
        a.arrived_at,
        a.told_at,
        a.outcome,
        a.unanswered_why,
    ).where(a.heard_at >= begin, a.heard_at < end, a.practice.is_(False), a.state.not_in(("merged", "dismissed")))
    rows = connection.execute(only_readable(query, alert, actor).order_by(a.id)).mappings().all()
    ids = [r["id"] for r in rows]
    ways: dict[int, str] = {}
    first_at: dict[int, dt.datetime] = {}
    sourced: set[int] = set()
    done: set[int] = set()
    for part in range(0, len(ids), 500):
        some = ids[part : part + 500]
        r = report.c
        call = report.alias("call")  # a missed call that was called back: people rang before anything was written
        heard = (
            sa.select(r.alert_id, r.kind, r.source_id, r.received_at, call.c.kind, call.c.received_at)
            .outerjoin(call, call.c.id == r.answers).where(r.alert_id.in_(some)).order_by(r.received_at, r.id)
        )  # fmt: skip
        for id, kind, source_id, at, called, rang_at in connection.execute(heard):
            ways.setdefault(id, GROUPS.get(called or kind, "other"))
            first_at[id] = min(first_at.get(id, at), rang_at or at)
            if source_id is not None:
                sourced.add(id)
        t = task.c
        acted = sa.select(t.alert_id).where(t.alert_id.in_(some), t.state.in_(("arrived", "done")))
        done |= set(connection.execute(acted).scalars())
    return [
        Case(
            r["threat"] or "unknown", r["area"] or "unknown", ways.get(r["id"], "other"), r["level"],
            min(r["heard_at"], first_at.get(r["id"], r["heard_at"])),
            r["acknowledged_at"], r["decided_at"], r["arrived_at"], r["told_at"], r["state"] == "closed", r["outcome"],
            r["unanswered_why"], r["id"] in sourced, r["outcome"] in ACTED or (r["id"] in done and not r["outcome"]),
        )
        for r in rows
    ]  # fmt: skip
