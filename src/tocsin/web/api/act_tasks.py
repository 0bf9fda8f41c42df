"""Tasks and responders over HTTP."""

import datetime as dt
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from tocsin.act import responders
from tocsin.act.rules import rules_of
from tocsin.act.tasks import NewTask, Outcome, Step, TaskState, give, hand_on, move, move_many
from tocsin.act.tasks.actions import MOST_AT_ONCE
from tocsin.act.tasks.reads import TaskFilter, get_task, list_tasks
from tocsin.act.triage.proposal import Means, Owner, Tier
from tocsin.core.codes import Classification, Component, Tlp
from tocsin.store import reading
from tocsin.web.api.act import Instant, Seen, Text
from tocsin.web.api.listen import PROBLEMS, Body, Degrees, Id, Key, Number, Word, change
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/tasks", tags=["act"], responses=PROBLEMS)
who = APIRouter(prefix="/api/responders", tags=["act"], responses=PROBLEMS)
State = Literal["given", "acknowledged", "started", "arrived", "done", "cancelled"]
Next = Literal["acknowledged", "started", "arrived", "done", "cancelled"]


class GivenTask(Body):
    """A task: what, by whom, by when."""

    what: Annotated[Word, Field(min_length=3)]
    tier: Tier
    component: Component
    due_at: Instant
    alert: Number | None = None
    owner: Word | None = None
    responder: Word = ""
    responder_owner: Owner = Owner.CIVILIAN
    answer_by: Instant | None = None
    tlp: Tlp | None = None
    classification: Classification | None = None
    why_lower: Word = ""

    def task(self) -> NewTask:
        """As the room wants it."""
        return NewTask(
            self.what, self.tier, self.component, self.due_at, self.alert, self.owner, self.responder,
            self.responder_owner, self.answer_by, tlp=self.tlp, classification=self.classification,
            why_lower=self.why_lower,
        )  # fmt: skip


class Moved(Body):
    """Where a task comes to; `outcome` with done only."""

    to: Next
    changed: Seen
    outcome: Outcome | None = None
    note: Text = ""


class ManyMoved(Body):
    """The same step for many tasks, with the counters as they were seen."""

    to: Next
    tasks: Annotated[dict[Number, Seen], Field(min_length=1, max_length=MOST_AT_ONCE)]
    outcome: Outcome | None = None
    note: Text = ""


class HandedOn(Body):
    """Who does it instead."""

    changed: Seen
    owner: Word
    due_at: Instant | None = None


class Known(Body):
    """A unit's readiness (name as in the deployment list), or a partner or post that is in no list."""

    name: Annotated[Word, Field(min_length=1)]
    owner: Owner
    means: tuple[Means, ...] = ()
    lon: Degrees | None = None
    lat: Degrees | None = None
    area: Word | None = None
    ready_hours: Degrees | None = None
    available: bool = True
    account: Word | None = None


@router.get("", summary="Tasks, with what their clocks say")
def tasks(
    at: At,
    actor: Asker,
    state: Annotated[list[State] | None, Query(description="Default: those that are open.")] = None,
    owner: Word | None = None,
    alert: Annotated[Number | None, Query()] = None,
    component: Component | None = None,
    overdue: bool = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    after: Annotated[Number | None, Query(description="`next` of the page before.")] = None,
) -> dict[str, Any]:
    """Of those the asker may see, by number."""
    now = at.now()
    wanted = TaskFilter(
        owner=owner, alert_id=alert, component=component.value if component else None,
        overdue_at=now if overdue else None, after=after, most=limit, **({"states": tuple(state)} if state else {}),
    )  # fmt: skip
    with reading(at.engine) as connection:
        rows = list_tasks(connection, actor, wanted, now)
    return {"rows": rows, "next": str(rows[-1]["id"]) if len(rows) == limit else None}


@router.get("/{id}", summary="One task with its history")
def one_task(at: At, actor: Asker, id: Id) -> dict[str, Any]:
    """As far as the asker may see it."""
    with reading(at.engine) as connection:
        return get_task(connection, actor, id, at.now())


@router.post("", summary="Give a task: its owner is paged at once")
def give_task(at: At, actor: Asker, given: GivenTask, key: Key = None) -> JSONResponse:
    """The first task of an alert decides on it."""
    rules = rules_of(at.mission)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": give(connection, rules, actor, given.task(), now), "changed": 1}

    return change(at, actor, "tasks.give", key, given, work)


@router.post("/step", summary="The same step for many tasks")
def step_many(at: At, actor: Asker, given: ManyMoved, key: Key = None) -> JSONResponse:
    """Those that cannot stay as they are, with the reason."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        step = Step(TaskState(given.to), given.outcome, given.note)
        done = move_many(connection, actor, list(given.tasks.items()), step, now)
        return {"tasks": [{"id": d.id, "changed": d.changed, "problem": d.problem} for d in done]}

    return change(at, actor, "tasks.step_many", key, given, work)


@router.post("/{id}/step", summary="Acknowledge, start, arrive, finish or cancel")
def step_one(at: At, actor: Asker, id: Id, given: Moved, key: Key = None) -> JSONResponse:
    """A step may pass over others."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        step = Step(TaskState(given.to), given.outcome, given.note)
        return {"id": id, "changed": move(connection, actor, id, given.changed, step, now)}

    return change(at, actor, "tasks.step", key, {"id": id, **given.model_dump()}, work)


@router.post("/{id}/hand-on", summary="Give a task to somebody else")
def hand_on_task(at: At, actor: Asker, id: Id, given: HandedOn, key: Key = None) -> JSONResponse:
    """They are paged; its ladder begins anew."""
    rules = rules_of(at.mission)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        new = hand_on(connection, rules, actor, id, given.changed, given.owner, now, given.due_at)
        return {"id": id, "changed": new}

    return change(at, actor, "tasks.hand_on", key, {"id": id, **given.model_dump(mode="json")}, work)


@who.get("", summary="Who could act beside the deployment list")
def list_known(at: At, actor: Asker) -> list[dict[str, Any]]:
    """Readiness of units, partners, posts of the host state."""
    with reading(at.engine) as connection:
        return responders.list_responders(connection, actor)


@who.put("", summary="Set what is known of a responder")
def put_known(at: At, actor: Asker, given: Known, key: Key = None) -> JSONResponse:
    """The newer replaces the older."""
    new = responders.NewResponder(
        given.name, given.owner, given.means, given.lon, given.lat, given.area, given.ready_hours,
        given.available, given.account,
    )  # fmt: skip

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": responders.put(connection, actor, new, now)}

    return change(at, actor, "responders.put", key, given, work)
