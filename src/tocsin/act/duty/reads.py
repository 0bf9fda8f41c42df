"""What screens ask of the duty: who is on call, what climbs, what to hand over."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from tocsin.act.duty.actions import _state, rota_at
from tocsin.act.rules import Rules
from tocsin.act.tables import duty_away, duty_shift, escalation, notification, page, pulse, silence
from tocsin.act.triage.escalation import handover
from tocsin.store.policy import Actor, demand, only_readable


def on_call(connection: sa.Connection, actor: Actor, rules: Rules, now: dt.datetime) -> list[dict[str, Any]]:
    """Each role of the ladders and who is to be paged for it now; person null = a gap."""
    demand(actor, "read", "duty")
    rota = rota_at(connection, now)
    roles = sorted(
        {s.role for v in rules.ladders.values() for s in v.steps} | {v.final_role for v in rules.ladders.values()}
    )
    return [{"role": r, "person": rota.on_call(r, now)} for r in roles if r not in ("owner", "substitute")]


def shifts(connection: sa.Connection, actor: Actor, first_at: dt.datetime, last_at: dt.datetime) -> dict[str, Any]:
    """Shifts, absences and silences that touch a window."""
    found = {}
    for name, table in (("shifts", duty_shift), ("away", duty_away), ("silences", silence)):
        query = sa.select(table).where(table.c.first_at < last_at, table.c.last_at > first_at).order_by(table.c.id)
        found[name] = [dict(r) for r in connection.execute(only_readable(query, table, actor)).mappings()]
    return found


def ladders(connection: sa.Connection, actor: Actor, open_only: bool = True, most: int = 200) -> list[dict[str, Any]]:
    """Ladders with their pages, most urgent first."""
    query = only_readable(sa.select(escalation), escalation, actor)
    if open_only:
        query = query.where(escalation.c.answered_at.is_(None))
    query = query.order_by(escalation.c.answered_at.is_(None).desc(), escalation.c.priority.desc(), escalation.c.id)
    rows = [dict(r) for r in connection.execute(query.limit(most)).mappings()]
    pages: dict[str, list[dict[str, Any]]] = {}
    asked = sa.select(page.c.escalation_id, page.c.step, page.c.role, page.c.person, page.c.at, page.c.notification_id)
    for one in connection.execute(
        only_readable(asked, page, actor).where(page.c.escalation_id.in_([r["id"] for r in rows])).order_by(page.c.id)
    ).mappings():
        pages.setdefault(one["escalation_id"], []).append(dict(one))
    return [{**r, "pages": pages.get(r["id"], [])} for r in rows]


def to_hand_over(connection: sa.Connection, actor: Actor, person: str) -> list[dict[str, Any]]:
    """What the next on call must be told of: ladders still open that this person was paged for."""
    demand(actor, "read", "duty")
    rows = connection.execute(sa.select(escalation).where(escalation.c.answered_at.is_(None))).mappings().all()
    by_id = {r["id"]: dict(r) for r in rows}
    return [by_id[s.id] for s in handover([_state(r) for r in rows], person)]


def pulses(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]]:
    """Signs of life, those that stopped first."""
    query = only_readable(sa.select(pulse), pulse, actor).where(pulse.c.ended_at.is_(None))
    rows = [dict(r) for r in connection.execute(query.order_by(pulse.c.silent_s.desc(), pulse.c.id)).mappings()]
    return [{**r, "silent": r["silent_s"] >= r["silent_after_s"]} for r in rows]


def outbox(connection: sa.Connection, actor: Actor, state: str | None = None, before: int | None = None,
           most: int = 100) -> list[dict[str, Any]]:  # fmt: skip
    """Messages that went out or wait, newest first; without whom they go to."""
    n = notification.c
    query = sa.select(n.id, n.purpose, n.channel, n.gateway_id, n.language, n.practice, n.urgent, n.alert_id, n.task_id,
                      n.warning_id, n.state, n.held, n.problem, n.tries, n.due_at, n.cost, n.made_at, n.sent_at,
                      n.delivered_at)  # fmt: skip
    query = only_readable(query, notification, actor)
    query = query.where(n.state == state) if state else query
    query = query.where(n.id < before) if before is not None else query
    return [dict(r) for r in connection.execute(query.order_by(n.id.desc()).limit(most)).mappings()]
