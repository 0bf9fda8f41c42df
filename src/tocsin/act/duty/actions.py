"""Who is on call, and ladders that climb until somebody answers: the calculations of `triage.escalation`, kept.

A ladder's state, its page and the message that carries it are stored in one transaction, so a rung is paged once
whatever is killed in between; rows that another worker holds are passed over.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from tocsin.act.notify.actions import enqueue
from tocsin.act.notify.model import Channel, Message, Purpose, Recipient
from tocsin.act.rules import Rules
from tocsin.act.tables import (
    duty_away,
    duty_holder,
    duty_shift,
    duty_substitute,
    escalation,
    notification,
    page,
    silence,
)
from tocsin.act.triage.escalation import Page, Rota, Shift, Silence, State, Storm, advance, answer
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, NotFound
from tocsin.core.words import Translator
from tocsin.store.audit import Entry, check_reason, record
from tocsin.store.policy import Actor, Thing, demand

WRITTEN_EVERY = dt.timedelta(minutes=1)
DUTY = Thing(tlp=Tlp.AMBER, classification=Classification.UNCLASSIFIED)


def add_shift(
    connection: sa.Connection,
    actor: Actor,
    role: str,
    person: str,
    first_at: dt.datetime,
    last_at: dt.datetime,
    now: dt.datetime,
) -> int:
    """Put a person on call for a role, from and to (not included)."""
    demand(actor, "create", "duty", "*", DUTY)
    _check_window(first_at, last_at)
    if not role.strip() or not person:
        raise BadInput("a shift needs a role and a person")
    query = sa.insert(duty_shift).values(
        role=role.strip(), person=person, first_at=first_at, last_at=last_at, made_by=actor.id
    )
    id: int = connection.execute(query.returning(duty_shift.c.id)).scalar_one()
    record(connection, now, Entry(actor.id, "duty.shift", "duty", str(id), details={"person": person}))
    return id


def remove_shift(connection: sa.Connection, actor: Actor, id: int, now: dt.datetime) -> None:
    """Take a shift away."""
    demand(actor, "change", "duty", "*", DUTY)
    if connection.execute(sa.delete(duty_shift).where(duty_shift.c.id == id)).rowcount == 0:
        raise NotFound("there is no shift {id}", id=id)
    record(connection, now, Entry(actor.id, "duty.shift_gone", "duty", str(id)))


def set_holder(connection: sa.Connection, actor: Actor, role: str, person: str, now: dt.datetime) -> None:
    """Who holds a role when no shift says otherwise."""
    demand(actor, "change", "duty", "*", DUTY)
    connection.execute(sa.delete(duty_holder).where(duty_holder.c.role == role))
    connection.execute(sa.insert(duty_holder).values(role=role, person=person))
    record(connection, now, Entry(actor.id, "duty.holder", "account", person))


def set_substitutes(
    connection: sa.Connection, actor: Actor, person: str, others: Sequence[str], now: dt.datetime
) -> None:
    """Who stands in for a person, first asked first."""
    demand(actor, "change", "duty", "*", DUTY)
    if person in others or len(set(others)) != len(others):
        raise BadInput("nobody stands in for themselves, and each substitute is named once")
    connection.execute(sa.delete(duty_substitute).where(duty_substitute.c.person == person))
    rows = [{"person": person, "rank": n, "substitute": other} for n, other in enumerate(others, start=1)]
    if rows:
        connection.execute(sa.insert(duty_substitute), rows)
    record(connection, now, Entry(actor.id, "duty.substitutes", "account", person, details={"n": len(rows)}))


def set_away(
    connection: sa.Connection,
    actor: Actor,
    person: str,
    first_at: dt.datetime,
    last_at: dt.datetime,
    now: dt.datetime,
) -> int:
    """A person cannot be paged in a window; their substitutes are."""
    demand(actor, "change", "duty", "*", DUTY)
    _check_window(first_at, last_at)
    query = sa.insert(duty_away).values(person=person, first_at=first_at, last_at=last_at)
    id: int = connection.execute(query.returning(duty_away.c.id)).scalar_one()
    record(connection, now, Entry(actor.id, "duty.away", "account", person))
    return id


def add_silence(
    connection: sa.Connection,
    actor: Actor,
    first_at: dt.datetime,
    last_at: dt.datetime,
    below_priority: float,
    why: str,
    now: dt.datetime,
) -> int:
    """A window (maintenance, an exercise) in which alerts below a priority page nobody. At most a day."""
    demand(actor, "create", "duty", "*", DUTY)
    _check_window(first_at, last_at)
    if last_at - first_at > dt.timedelta(days=1) or not 0 < below_priority <= 50:
        raise BadInput("a silence lasts a day at most and never holds back a priority of 50 or more")
    reason = check_reason(why)
    values = {"below_priority": below_priority, "why": reason, "made_by": actor.id}
    query = sa.insert(silence).values(first_at=first_at, last_at=last_at, **values).returning(silence.c.id)
    id: int = connection.execute(query).scalar_one()
    record(connection, now, Entry(actor.id, "duty.silence", "duty", str(id), reason))
    return id


def end_silence(connection: sa.Connection, actor: Actor, id: int, now: dt.datetime) -> None:
    """Let pages through again from now on."""
    demand(actor, "change", "duty", "*", DUTY)
    query = sa.update(silence).where(silence.c.id == id, silence.c.last_at > now).values(last_at=now)
    if connection.execute(query).rowcount == 0:
        raise NotFound("there is no silence {id} that still holds", id=id)
    record(connection, now, Entry(actor.id, "duty.silence_end", "duty", str(id)))


def _check_window(first_at: dt.datetime, last_at: dt.datetime) -> None:
    if first_at.tzinfo is None or last_at.tzinfo is None or not first_at < last_at:
        raise BadInput("a window needs a begin and a later end, both with a zone")


def rota_at(connection: sa.Connection, now: dt.datetime, owner: str | None = None) -> Rota:
    """Who is on call at an instant. The roles `owner` and `substitute` stand for one person and who stands in."""
    s, a = duty_shift.c, duty_away.c
    shifts = tuple(
        Shift(r.role, r.person, r.first_at, r.last_at)
        for r in connection.execute(sa.select(duty_shift).where(s.first_at <= now, s.last_at > now))
    )
    away = frozenset(connection.execute(sa.select(a.person).where(a.first_at <= now, a.last_at > now)).scalars())
    others: dict[str, tuple[str, ...]] = {}
    query = sa.select(duty_substitute).order_by(duty_substitute.c.person, duty_substitute.c.rank)
    for row in connection.execute(query):
        others[row.person] = (*others.get(row.person, ()), row.substitute)
    holders = {r.role: r.person for r in connection.execute(sa.select(duty_holder))}
    if owner is not None:
        holders["owner"] = owner
        holders |= {"substitute": next(p for p in others[owner] if p not in away)} if any(
            p not in away for p in others.get(owner, ())) else {}  # fmt: skip
    return Rota(shifts, others, away, holders)


@dataclass(frozen=True)
class Cause:
    """What a ladder is about: `subject` tells one happening from another (alert:12, task:3, pulse:screen:…)."""

    subject: str
    rule: str
    priority: float
    reports: int = 1
    alert_id: int | None = None
    task_id: int | None = None
    owner: str | None = None


def raise_ladder(connection: sa.Connection, rules: Rules, cause: Cause, now: dt.datetime) -> str:
    """Open a ladder, or let the one about the same happening grow: a storm pages one person once.

    Returns
    -------
    str
        Id of the ladder.
    """
    if cause.rule not in rules.ladders:
        raise BadInput("the mission's rules know no ladder '{name}'", name=cause.rule)
    c = escalation.c
    query = sa.select(escalation).where(c.subject == cause.subject).order_by(c.opened_at.desc(), c.id.desc()).limit(1)
    row = connection.execute(query.with_for_update()).mappings().one_or_none()
    old = {} if row is None else {cause.subject: _state(row)}
    storm = Storm(old, rules.storm, rules.rise).report(cause.subject, cause.priority, now)
    new = replace(storm.ladders[cause.subject], reports=max(cause.reports, 1))
    if row is None or new.id != row["id"]:
        values = {"subject": cause.subject, "alert_id": cause.alert_id, "task_id": cause.task_id, "rule": cause.rule,
                  "owner": cause.owner}  # fmt: skip
        connection.execute(sa.insert(escalation).values(**values, **_columns(new)))
    else:
        more = {"owner": cause.owner} if cause.owner is not None and row["answered_by"] is None else {}
        connection.execute(sa.update(escalation).where(c.id == row["id"]).values(**_columns(new), **more))
    return new.id


def answer_ladders(connection: sa.Connection, subjects: Sequence[str], person: str, now: dt.datetime) -> int:
    """Somebody takes it: ladders about these subjects stop, and pages still waiting to be sent are dropped.

    Returns
    -------
    int
        How many were open.
    """
    c = escalation.c
    query = sa.select(escalation).where(c.subject.in_(subjects), c.answered_at.is_(None)).with_for_update()
    rows = connection.execute(query).mappings().all()
    for row in rows:
        state = answer(_state(row), person, now)
        connection.execute(sa.update(escalation).where(c.id == row["id"]).values(**_columns(state)))
    if rows:
        ids = [row["id"] for row in rows]
        # A message that also speaks of another ladder stays.
        others = sa.select(page.c.notification_id).join(escalation, escalation.c.id == page.c.escalation_id)
        still = others.where(escalation.c.answered_at.is_(None))
        mine = sa.select(page.c.notification_id).where(page.c.escalation_id.in_(ids))
        n = notification.c
        connection.execute(
            sa.update(notification)
            .where(n.id.in_(mine), n.id.not_in(still), n.state == "waiting")
            .values(state="dropped", problem="answered")
        )
    return len(rows)


def advance_ladders(connection: sa.Connection, rules: Rules, _: Translator, now: dt.datetime) -> int:
    """Look at every open ladder and page whom it is time to page.

    Returns
    -------
    int
        Pages written.
    """
    c = escalation.c
    query = (
        sa.select(escalation).where(c.answered_at.is_(None), c.unheard.is_(False))
        .order_by(c.priority.desc(), c.opened_at, c.id).with_for_update(skip_locked=True)
    )  # fmt: skip
    silences = [
        Silence(r.first_at, r.last_at, r.below_priority)
        for r in connection.execute(sa.select(silence).where(silence.c.first_at <= now, silence.c.last_at > now))
    ]
    rotas: dict[str | None, Rota] = {}
    rows = connection.execute(query).mappings().all()
    lost = _lost(connection) if rows else set()
    count = 0
    for row in rows:
        ladder = rules.ladders.get(row["rule"])
        if ladder is None:
            continue  # a rule that the mission took away: what was opened under it waits for a person
        if row["owner"] not in rotas:
            rotas[row["owner"]] = rota_at(connection, now, row["owner"])
        state = _state(row)
        if 0 < state.step <= len(ladder.steps) and (state.id, state.step - 1) in lost:
            state = replace(state, waited=max(state.waited, ladder.steps[state.step - 1].wait))
        moved, pages = advance(state, now, ladder, rotas[row["owner"]], silences)
        # What only waits is written once a minute: the time since is counted from there all the same.
        if pages or moved.step != state.step or moved.unheard or abs(now - row["seen_at"]) >= WRITTEN_EVERY:
            connection.execute(sa.update(escalation).where(c.id == row["id"]).values(**_columns(moved)))
        for each in pages:
            _write_page(connection, rules, _, row, each, now)
            count += 1
    return count


def _lost(connection: sa.Connection) -> set[tuple[str, int]]:
    """Pages of open ladders that could not be brought to their person by any way: nobody needs to be waited for."""
    n, p = notification.c, page.c
    over = ("failed", "dropped")
    query = (
        sa.select(p.escalation_id, p.step, n.key).join(notification, p.notification_id == n.id)
        .join(escalation, escalation.c.id == p.escalation_id)
        .where(escalation.c.answered_at.is_(None), n.state.in_(over))
    )  # fmt: skip
    found = set()
    for id, step, key in connection.execute(query).all():
        further = sa.select(n.state).where(n.key.startswith(f"{key}/", autoescape=True))
        if all(state in over for state in connection.execute(further).scalars()):
            found.add((id, step))
    return found


def _write_page(
    connection: sa.Connection, rules: Rules, _: Translator, row: sa.RowMapping, one: Page, now: dt.datetime
) -> None:
    """A page and the message that carries it; pages to one person close together are one message."""
    n, p = notification.c, page.c
    recent = (
        sa.select(n.id, n.state, n.tries, n.key, p.at, escalation.c.priority)
        .join(page, p.notification_id == n.id).join(escalation, escalation.c.id == p.escalation_id)
        .where(p.person == one.person, p.at > now - rules.together, p.at <= now, escalation.c.id != one.ladder)
        .order_by(p.at.desc(), n.id.desc()).limit(1)
    )  # fmt: skip
    last = connection.execute(recent).one_or_none()
    practice = _practice(connection, row)
    waiting = last is not None and last.state == "waiting" and last.tries == 0
    if last is not None and waiting:
        id: int | None = last.id
        number, top = _carried(connection, last.id)
        body = _(
            "Tocsin: {n} matters wait for you, the most urgent with priority {value} of 100. Answer in the program.",
            n=number + 1, value=_.number(max(top, row["priority"])),
        )  # fmt: skip
        connection.execute(sa.update(notification).where(n.id == last.id).values(body=_marked(_, body, practice)))
    else:
        due = now
        if last is not None and row["priority"] < last.priority + rules.rise:
            due = last.at + rules.together
        id = enqueue(connection, Message(
            f"page:{one.ladder}/{one.step}", Purpose.PAGE, Recipient.ACCOUNT, one.person,
            _marked(_, _page_text(_, row, one), practice), _("Tocsin: a matter waits for you"),
            (Channel.SMS, Channel.EMAIL), _.language, True, practice, alert_id=row["alert_id"], task_id=row["task_id"],
            due_at=due,
        ), now)  # fmt: skip
    connection.execute(sa.insert(page).values(
        escalation_id=one.ladder, step=one.step, role=one.role, person=one.person, reports=one.reports, at=now,
        notification_id=id,
    ))  # fmt: skip


def _carried(connection: sa.Connection, id: int) -> tuple[int, float]:
    query = sa.select(sa.func.count(), sa.func.max(escalation.c.priority)).select_from(
        page.join(escalation, escalation.c.id == page.c.escalation_id)
    )
    count, top = connection.execute(query.where(page.c.notification_id == id)).one()
    return int(count), float(top or 0.0)


def _page_text(_: Translator, row: sa.RowMapping, one: Page) -> str:
    """No place, no kind, no name: a text message is read by whoever holds the telephone."""
    value = _.number(row["priority"])
    if row["task_id"] is not None:
        return _("Tocsin: task {id} waits for an answer, priority {value} of 100. Answer in the program.",
                 id=row["task_id"], value=value)  # fmt: skip
    if row["alert_id"] is not None:
        return _.ngettext(
            "Tocsin: alert {id}, priority {value} of 100, {n} report. Answer in the program.",
            "Tocsin: alert {id}, priority {value} of 100, {n} reports. Answer in the program.",
            one.reports, id=row["alert_id"], value=value,
        )  # fmt: skip
    return _("Tocsin: a screen, link or server gives no sign of life. See who is on duty and whether the program runs.")


def _marked(_: Translator, body: str, practice: bool) -> str:
    word = _("EXERCISE")
    return f"{word} {body} {word}" if practice and not body.startswith(word) else body


def _practice(connection: sa.Connection, row: sa.RowMapping) -> bool:
    from tocsin.act.tables import task
    from tocsin.listen.alerts.tables import alert

    table, id = (task, row["task_id"]) if row["task_id"] is not None else (alert, row["alert_id"])
    if id is None:
        return False
    return bool(connection.execute(sa.select(table.c.practice).where(table.c.id == id)).scalar_one_or_none())


def _state(row: Any) -> State:
    return State(
        row["id"], row["priority"], row["opened_at"], row["seen_at"], row["step"],
        dt.timedelta(seconds=row["waited_s"]), row["reports"], row["answered_by"], row["answered_at"],
        tuple(row["skipped"]), tuple(row["paged"]), row["unheard"],
    )  # fmt: skip


def _columns(state: State) -> dict[str, Any]:
    return {
        "id": state.id, "priority": state.priority, "opened_at": state.opened_at, "seen_at": state.seen_at,
        "step": state.step, "waited_s": state.waited.total_seconds(), "reports": state.reports,
        "answered_by": state.answered_by, "answered_at": state.answered_at, "skipped": list(state.skipped),
        "paged": list(state.paged), "unheard": state.unheard,
    }  # fmt: skip


def answer_one(connection: sa.Connection, actor: Actor, id: str, now: dt.datetime) -> int:
    """Answer a ladder by its id; gives how many stopped (0: answered before).

    Raises
    ------
    NotFound
    Forbidden
        If the actor may neither run the duty nor was paged by it.
    """
    row = connection.execute(sa.select(escalation).where(escalation.c.id == id)).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such ladder")
    if actor.id not in row["paged"]:
        demand(actor, "change", "duty", "*", DUTY)
    count = answer_ladders(connection, [row["subject"]], actor.id, now)
    record(connection, now, Entry(actor.id, "duty.answer", "ladder", id, details={"n": count}))
    return count
