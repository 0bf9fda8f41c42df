"""Tasks for screens and exports, as far as the reader may see them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.act.tables import task, task_change
from tocsin.act.tasks.model import OPEN
from tocsin.core.errors import NotFound
from tocsin.listen.alerts.reads import history
from tocsin.store.policy import Actor, only_readable


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks: all that are open unless it says otherwise."""

    states: tuple[str, ...] = tuple(s.value for s in OPEN)
    owner: str | None = None
    alert_id: int | None = None
    component: str | None = None
    overdue_at: dt.datetime | None = None
    after: int | None = None
    most: int = 100


def list_tasks(connection: sa.Connection, actor: Actor, wanted: TaskFilter, now: dt.datetime) -> list[dict[str, Any]]:
    """Tasks by id, with what their clocks say: minutes to the answer and to the due time (negative: late)."""
    c = task.c
    query = sa.select(task).where(c.state.in_(wanted.states))
    for column, value in ((c.owner, wanted.owner), (c.alert_id, wanted.alert_id), (c.component, wanted.component)):
        query = query.where(column == value) if value is not None else query
    query = query.where(c.due_at <= wanted.overdue_at) if wanted.overdue_at is not None else query
    query = query.where(c.id > wanted.after) if wanted.after is not None else query
    query = only_readable(query, task, actor).order_by(c.id).limit(min(max(wanted.most, 1), 500))
    return [_clocks(dict(r), now) for r in connection.execute(query).mappings()]


def get_task(connection: sa.Connection, actor: Actor, id: int, now: dt.datetime) -> dict[str, Any]:
    """One task, with its history for those who may see it.

    Raises
    ------
    NotFound
        If there is none that the reader may see.
    """
    query = only_readable(sa.select(task).where(task.c.id == id), task, actor)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no task {id}", id=id)
    return {**_clocks(dict(row), now), "history": history(connection, actor, task_change, task_change.c.task_id == id)}


def _clocks(row: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    waiting = row["state"] == "given"
    done = row["done_at"] or row["arrived_at"]
    return {
        **row,
        "answer_minutes": round((row["answer_by"] - now).total_seconds() / 60, 1) if waiting else None,
        "due_minutes": None if done else round((row["due_at"] - now).total_seconds() / 60, 1),
    }
