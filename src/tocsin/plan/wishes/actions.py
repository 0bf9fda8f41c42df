"""Asking for a plan, and keeping what came of it."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import TooMany
from tocsin.plan.actions import Planned
from tocsin.plan.wishes.model import Wanted
from tocsin.plan.wishes.tables import plan_wish
from tocsin.store import finish_run, run_of
from tocsin.store.policy import Actor, demand

MOST_OPEN = 5  # each takes a processor for up to a minute, one after the other


def ask(connection: sa.Connection, actor: Actor, asked: Wanted, now: dt.datetime) -> int:
    """Write a wish down; a `Planner` takes it up.

    Raises
    ------
    BadInput
        If a value of it cannot be.
    Forbidden
        If the actor may not plan.
    TooMany
        If many are waiting already.
    """
    demand(actor, "create", "plan")
    demand(actor, "read", "deployment")
    asked.check()
    c = plan_wish.c
    waiting = sa.select(sa.func.count()).where(c.state.in_(("waiting", "working")), c.beat_at > now - SILENT)
    if connection.execute(waiting).scalar_one() >= MOST_OPEN:
        raise TooMany("{n} plans are being drawn up already: wait for one of them", n=MOST_OPEN, wait_s=30)
    values = {"asked_by": actor.id, "asked_at": now, "beat_at": now, "objective": asked.objective}
    made = sa.insert(plan_wish).values(**values, demands=asked.plain(), state="waiting", step="")
    key = connection.execute(made).inserted_primary_key
    return int(key[0]) if key else 0


SILENT = dt.timedelta(seconds=60)  # after this long without a sign, nobody works on it any more


def keep(connection: sa.Connection, id: int, planned: Planned, now: dt.datetime, kind: str = "posture") -> None:
    """Write down what came of a wish, as a run like any other of its kind."""
    if run_of(connection, planned.run) is None:
        finish_run(connection, planned.run, kind, planned.inputs, planned.summary, now)
    note(connection, id, now, state="done", run=planned.run, ended_at=now, step="")


def note(connection: sa.Connection, id: int, now: dt.datetime, **values: Any) -> None:
    """How far a wish has come."""
    connection.execute(sa.update(plan_wish).where(plan_wish.c.id == id).values(beat_at=now, **values))
