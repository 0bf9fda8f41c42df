"""Giving tasks and moving them on: each change names what it saw, leaves a line of history, and moves its alert."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.act.duty.actions import Cause, answer_ladders, raise_ladder
from tocsin.act.notify import PROGRAM
from tocsin.act.rules import Rules
from tocsin.act.tables import escalation, ranking, responder, task, task_change
from tocsin.act.tasks.model import OPEN, STEPS, NewTask, Outcome, TaskState
from tocsin.act.triage.proposal import Owner
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, Conflict, Forbidden, NotFound, TocsinError
from tocsin.listen.alerts.actions import change_alert
from tocsin.listen.alerts.actions import thing_of as thing_of_alert
from tocsin.listen.alerts.tables import alert
from tocsin.store.audit import Entry, check_reason, record
from tocsin.store.labels import Label
from tocsin.store.policy import Actor, Thing, allowed, demand
from tocsin.store.tables import account

MOST_AT_ONCE = 500


def thing_of(row: Mapping[str, Any]) -> Thing:
    """A task as rights see it."""
    return Thing(row["area"], row["owner"], row["component"], Tlp(row["tlp"]), Classification(row["classification"]))


def host_state_chance(connection: sa.Connection, alert_id: int) -> float | None:
    """Assessed chance that the host state's forces are the perpetrator; None where nobody has assessed it."""
    query = sa.select(ranking.c.host_state_chance).where(ranking.c.alert_id == alert_id)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else float(found)


def is_sensitive(connection: sa.Connection, row: Mapping[str, Any], rules: Rules) -> bool:
    """Whether the host state's own forces are the likely perpetrator: reports name them, or the mission assessed it."""
    if row["actor"] == "state":
        return True
    chance = host_state_chance(connection, row["id"])
    return chance is not None and chance >= rules.host_state_chance


def give(connection: sa.Connection, rules: Rules, actor: Actor, new: NewTask, now: dt.datetime) -> int:
    """Give a task. Its ladder pages the owner at once and climbs when nobody acknowledges.

    Raises
    ------
    Forbidden
        If the actor may not, or the task would go through the host state although its forces are the likely
        perpetrator.
    BadInput, NotFound, Conflict
    """
    demand(actor, "create", "task")
    words = " ".join(new.what.split())
    if not 3 <= len(words) <= 500:
        raise BadInput("say in 3 to 500 letters what is to be done")
    if new.due_at.tzinfo is None or new.due_at <= now:
        raise BadInput("a task is due at a later time than now, with a zone")
    about: dict[str, Any] | None = None
    if new.alert_id is not None:
        found = connection.execute(sa.select(alert).where(alert.c.id == new.alert_id)).mappings().one_or_none()
        if found is None:
            raise NotFound("there is no alert {id}", id=new.alert_id)
        about = dict(found)
        demand(actor, "read", "alert", "*", thing_of_alert(about))
        if about["state"] in ("closed", "merged", "dismissed"):
            raise Conflict("alert {id} is {state}: it gets no more tasks", id=new.alert_id, state=about["state"])
    sensitive = about is not None and is_sensitive(connection, about, rules)
    owner_of = connection.execute(sa.select(responder.c.owner).where(responder.c.name == new.responder)).scalar()
    if sensitive and Owner.HOST_STATE in (new.responder_owner, owner_of):
        raise Forbidden("the host state's forces are the likely perpetrator: nothing about this goes through them")
    if new.owner is not None:
        known = sa.select(account.c.id).where(account.c.id == new.owner, account.c.closed_at.is_(None))
        if connection.execute(known).first() is None:
            raise NotFound("there is no open account {id} to give it to", id=new.owner)
    label = _label(connection, actor, new, about, now)
    answer_by = new.answer_by or min(now + rules.answer_task, new.due_at)
    values = {
        "alert_id": new.alert_id, "what": words, "owner": new.owner, "responder": new.responder,
        "responder_owner": str(owner_of or new.responder_owner.value), "component": new.component.value,
        "tier": new.tier.value, "area": new.area or (about["area"] if about else None),
        "place": new.place or (about["place"] if about else None), "practice": bool(about and about["practice"]),
        "state": TaskState.GIVEN.value, "given_at": now, "given_by": actor.id, "answer_by": answer_by,
        "due_at": new.due_at, "changed": 1, "tlp": label.tlp.value, "classification": label.classification.value,
    }  # fmt: skip
    id: int = connection.execute(sa.insert(task).values(**values).returning(task.c.id)).scalar_one()
    _history(connection, id, actor, "given", {"owner": new.owner, "tier": new.tier.value}, now)
    priority = float(about["priority"]) if about else rules.page_from
    rule = "task_sensitive" if sensitive else "task"
    raise_ladder(connection, rules, Cause(f"task:{id}", rule, priority, 1, new.alert_id, id, new.owner), now)
    if about is not None and about["decided_at"] is None and new.alert_id is not None:
        decided = {"decided_at": now, "decided_by": actor.id, "state": "decided"}
        if about["acknowledged_at"] is None:
            decided |= {"acknowledged_at": now, "acknowledged_by": actor.id}
        _move_alert(connection, actor, new.alert_id, decided, "decided", {"task": id}, now)
        answer_ladders(connection, subjects_of(new.alert_id), actor.id, now)
    record(connection, now, Entry(actor.id, "task.give", "task", str(id), details={"tier": new.tier.value}))
    return id


def subjects_of(alert_id: int) -> list[str]:
    """Ladders about an alert: the ordinary one and the one past the host state."""
    return [f"alert:{alert_id}", f"alert:{alert_id}:sensitive"]


def _label(
    connection: sa.Connection, actor: Actor, new: NewTask, about: dict[str, Any] | None, now: dt.datetime
) -> Label:
    """As strict as the alert's; lower only for who may lower it, with a reason, in the trail."""
    if about is None:
        return Label(new.tlp or Tlp.AMBER, new.classification or Classification.UNCLASSIFIED)
    base = Label(Tlp(about["tlp"]), Classification(about["classification"]))
    wanted = Label(new.tlp or base.tlp, new.classification or base.classification)
    if wanted | base != wanted:
        demand(actor, "lower", "alert", "label", thing_of_alert(about))
        reason = check_reason(new.why_lower)
        details = {
            "from": [base.tlp.value, base.classification.value],
            "to": [wanted.tlp.value, wanted.classification.value],
        }
        record(connection, now, Entry(actor.id, "task.label_lower", "alert", str(about["id"]), reason, details))
    return wanted


@dataclass(frozen=True)
class Step:
    """One step of a task: where it comes to, and for the last one what became of it."""

    to: TaskState
    outcome: Outcome | None = None
    note: str = ""


def move(
    connection: sa.Connection, actor: Actor, task_id: int, expected_changed: int | None, step: Step, now: dt.datetime
) -> int:
    """Acknowledge, start, arrive, finish or cancel a task.

    Returns
    -------
    int
        The task's new counter.

    Raises
    ------
    Conflict
        If somebody changed it since, or it cannot go there from where it is.
    """
    row = _locked(connection, task_id, expected_changed)
    thing = thing_of(row)
    if step.to is TaskState.CANCELLED:
        demand(actor, "change", "task", "*", thing)
    else:
        demand(actor, "change", "task", "progress", thing)
    if TaskState(row["state"]) not in STEPS.get(step.to, ()):
        raise Conflict("task {id} is {state}: it cannot become {to}", id=task_id, state=row["state"], to=step.to.value)
    if (step.to is TaskState.DONE) != (step.outcome is not None):
        raise BadInput("a task that is done has an outcome, and only then: {known}", known=", ".join(Outcome))
    if len(step.note) > 2000:
        raise BadInput("a note has 2,000 letters at most")
    values: dict[str, Any] = {"state": step.to.value}
    if row["acknowledged_at"] is None and step.to is not TaskState.CANCELLED:
        values |= {"acknowledged_at": now, "acknowledged_by": actor.id}
    if step.to in (TaskState.STARTED, TaskState.ARRIVED) and row["started_at"] is None:
        values["started_at"] = now
    if step.to is TaskState.ARRIVED:
        values["arrived_at"] = now
    if step.to in (TaskState.DONE, TaskState.CANCELLED):
        values |= {"done_at": now, "outcome": step.outcome.value if step.outcome else None}
    if step.note.strip():
        values["note"] = step.note.strip()
    new = _write(connection, row, values)
    details = {"outcome": step.outcome.value} if step.outcome else {}
    _history(connection, task_id, actor, step.to.value, details, now)
    there = step.to in (TaskState.ARRIVED, TaskState.DONE, TaskState.CANCELLED)
    answer_ladders(connection, _subjects(connection, task_id, overdue=there), actor.id, now)
    if step.to is TaskState.ARRIVED and row["alert_id"] is not None:
        query = sa.select(alert.c.arrived_at).where(alert.c.id == row["alert_id"])
        if connection.execute(query).scalar_one() is None:
            _move_alert(connection, actor, row["alert_id"], {"arrived_at": now}, "arrived", {"task": task_id}, now)
    record(connection, now, Entry(actor.id, f"task.{step.to.value}", "task", str(task_id), details=details))
    return new


def hand_on(
    connection: sa.Connection,
    rules: Rules,
    actor: Actor,
    task_id: int,
    expected_changed: int | None,
    owner: str,
    now: dt.datetime,
    due_at: dt.datetime | None = None,
) -> int:
    """Give a task to somebody else; they are paged, and its ladder begins anew."""
    row = _locked(connection, task_id, expected_changed)
    demand(actor, "change", "task", "*", thing_of(row))
    if row["state"] not in OPEN:
        raise Conflict("task {id} is {state}", id=task_id, state=row["state"])
    known = sa.select(account.c.id).where(account.c.id == owner, account.c.closed_at.is_(None))
    if connection.execute(known).first() is None:
        raise NotFound("there is no open account {id} to give it to", id=owner)
    values: dict[str, Any] = {"owner": owner, "state": TaskState.GIVEN.value, "acknowledged_at": None,
                              "acknowledged_by": None, "answer_by": now + rules.answer_task}  # fmt: skip
    if due_at is not None:
        if due_at <= now:
            raise BadInput("a task is due at a later time than now")
        values["due_at"] = due_at
    new = _write(connection, row, values)
    _history(connection, task_id, actor, "handed_on", {"owner": owner}, now)
    answer_ladders(connection, _subjects(connection, task_id, overdue=False), actor.id, now)
    rule, priority = _ladder_of(connection, rules, row)
    # A subject of its own, so that the former owner's answer does not count for the new one.
    cause = Cause(f"task:{task_id}:{new}", rule, priority, 1, row["alert_id"], task_id, owner)
    raise_ladder(connection, rules, cause, now)
    record(connection, now, Entry(actor.id, "task.hand_on", "task", str(task_id)))
    return new


@dataclass(frozen=True)
class Done:
    """What became of one of many: its new counter, or why it stayed as it was."""

    id: int
    changed: int | None = None
    problem: str | None = None


def move_many(
    connection: sa.Connection, actor: Actor, tasks: Sequence[tuple[int, int]], step: Step, now: dt.datetime
) -> list[Done]:
    """The same step for many tasks (id and counter seen); those that cannot stay as they are, with the reason."""
    if len(tasks) > MOST_AT_ONCE:
        raise BadInput("{n} tasks at once at most", n=MOST_AT_ONCE)
    found = []
    for id, seen in sorted(set(tasks)):
        try:
            with connection.begin_nested():
                found.append(Done(id, move(connection, actor, id, seen, step, now)))
        except TocsinError as problem:
            found.append(Done(id, problem=str(problem)))
    return found


def cancel_for_host_state(connection: sa.Connection, alert_id: int, now: dt.datetime) -> int:
    """Take back what was given to the host state before its forces became the likely perpetrator."""
    c = task.c
    query = sa.select(c.id).where(
        c.alert_id == alert_id, c.responder_owner == Owner.HOST_STATE.value, c.state.in_([s.value for s in OPEN])
    )
    ids = connection.execute(query).scalars().all()
    for id in ids:
        move(
            connection,
            PROGRAM,
            id,
            None,
            Step(TaskState.CANCELLED, note="the likely perpetrator is the host state"),
            now,
        )
    return len(ids)


def find_overdue(connection: sa.Connection, rules: Rules, now: dt.datetime) -> int:
    """Open a ladder for each task that should be there or finished by now and is not."""
    c = task.c
    waiting = [TaskState.ACKNOWLEDGED.value, TaskState.STARTED.value, TaskState.GIVEN.value]
    seen = sa.select(task_change.c.id).where(task_change.c.task_id == c.id, task_change.c.what == "overdue").exists()
    query = sa.select(task).where(c.state.in_(waiting), c.due_at <= now, ~seen).limit(200)
    rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
    for row in rows:
        rule, priority = _ladder_of(connection, rules, dict(row))
        cause = Cause(f"task:{row['id']}:due", rule, priority, 1, row["alert_id"], row["id"], row["owner"])
        raise_ladder(connection, rules, cause, now)
        _history(connection, row["id"], PROGRAM, "overdue", {}, now)
    return len(rows)


def _ladder_of(connection: sa.Connection, rules: Rules, row: Mapping[str, Any]) -> tuple[str, float]:
    """Ladder and priority of a task: its alert's."""
    if row["alert_id"] is None:
        return "task", rules.page_from
    about = dict(connection.execute(sa.select(alert).where(alert.c.id == row["alert_id"])).mappings().one())
    return "task_sensitive" if is_sensitive(connection, about, rules) else "task", float(about["priority"])


def _subjects(connection: sa.Connection, task_id: int, overdue: bool) -> list[str]:
    """Open ladders about a task; that of a task that is overdue goes on until somebody is there."""
    c = escalation.c
    found = connection.execute(sa.select(c.subject).where(c.task_id == task_id, c.answered_at.is_(None))).scalars()
    return [s for s in found if overdue or not s.endswith(":due")]


def _locked(connection: sa.Connection, task_id: int, expected_changed: int | None) -> dict[str, Any]:
    query = sa.select(task).where(task.c.id == task_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no task {id}", id=task_id)
    if expected_changed is not None and row["changed"] != expected_changed:
        raise Conflict("task {id} was changed by somebody else since you saw it: look again", id=task_id)
    return dict(row)


def _write(connection: sa.Connection, row: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    new = int(row["changed"]) + 1
    connection.execute(sa.update(task).where(task.c.id == row["id"]).values(**values, changed=new))
    return new


def _history(
    connection: sa.Connection, id: int, actor: Actor, what: str, details: Mapping[str, Any], now: dt.datetime
) -> None:
    line = {"task_id": id, "at": now, "who": actor.id, "what": what, "details": dict(details)}
    connection.execute(sa.insert(task_change).values(line))


def _move_alert(
    connection: sa.Connection, actor: Actor, id: int, values: Mapping[str, Any], what: str, details: dict[str, Any],
    now: dt.datetime,
) -> None:  # fmt: skip
    """Move the alert with its task: as the person where they may, else as the program, naming them."""
    row = connection.execute(sa.select(alert).where(alert.c.id == id)).mappings().one()
    may = allowed(actor, "change", "alert", "*", thing_of_alert(dict(row)))
    change_alert(connection, actor if may else PROGRAM, id, None, values, what, {**details, "by": actor.id}, now)
