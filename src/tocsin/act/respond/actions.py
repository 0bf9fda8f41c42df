"""An alert's way: ranked, acknowledged, decided on, closed with outcome and lesson, and its sources told."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.act.duty.actions import Cause, answer_ladders, raise_ladder
from tocsin.act.notify import PROGRAM, Channel, Message, Purpose, Recipient, enqueue
from tocsin.act.notify.actions import mark_told
from tocsin.act.respond.outlook import Outlook
from tocsin.act.respond.telling import Telling, words_for
from tocsin.act.rules import Rules
from tocsin.act.tables import escalation, ranking, task
from tocsin.act.tasks.actions import cancel_for_host_state, is_sensitive, subjects_of
from tocsin.act.tasks.model import OPEN, Outcome, Reason
from tocsin.act.triage.priority import Priority, prioritise
from tocsin.core.errors import BadInput, Conflict, NotFound
from tocsin.listen.alerts.actions import change_alert, thing_of
from tocsin.listen.alerts.grade import Credibility, Grade, Reliability
from tocsin.listen.alerts.model import Imminence, ThreatKind
from tocsin.listen.alerts.tables import alert, report, source
from tocsin.store.audit import Entry, check_reason, record
from tocsin.store.policy import Actor, demand

LIVE = ("open", "acknowledged", "decided")
# Threats whose survivors or witnesses are told in person only, never in writing.
IN_PERSON = frozenset({ThreatKind.SEXUAL_VIOLENCE.value})


def get(connection: sa.Connection, alert_id: int) -> dict[str, Any]:
    """The row of an alert.

    Raises
    ------
    NotFound
    """
    row = connection.execute(sa.select(alert).where(alert.c.id == alert_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no alert {id}", id=alert_id)
    return dict(row)


def priority_of(row: Mapping[str, Any], outlook: Outlook) -> Priority:
    """Priority of an alert from what is known of it and the forecast of its cell."""
    grade = Grade(
        Reliability(row["reliability"]), Credibility(row["credibility"]), row["truth"], row["independent"], 50.0, ()
    )
    kind = ThreatKind(row["threat"]) if row["threat"] else None
    soon = Imminence(row["imminence"]) if row["imminence"] else None
    forecast = outlook.at(row["lon"], row["lat"], row["heard_at"])
    return prioritise(kind, soon, grade, forecast, usual=outlook.usual)


def basis_of(row: Mapping[str, Any], outlook: Outlook) -> str:
    """Hash of the facts that a ranking rests on."""
    facts = [row[k] for k in ("threat", "imminence", "actor", "reliability", "credibility", "truth", "lon", "lat")]
    text = json.dumps([facts, outlook.run], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rank(
    connection: sa.Connection, rules: Rules, row: Mapping[str, Any], outlook: Outlook, now: dt.datetime
) -> Priority | None:
    """Rank an alert anew if what it rests on has changed, and open, move or grow its ladder.

    Returns
    -------
    Priority or None
        None if nothing it rests on has changed.
    """
    known = connection.execute(sa.select(ranking).where(ranking.c.alert_id == row["id"])).mappings().one_or_none()
    basis = basis_of(row, outlook)
    changed, made = int(row["changed"]), None
    if known is None or known["basis"] != basis:
        made = priority_of(row, outlook)
        acknowledge_by, decide_by = made.due(row["heard_at"])
        why = {
            "imminence": made.imminence, "harm": made.harm,
            "credibility": made.credibility, "grade": made.grade,
            "forecast": made.forecast, "run": outlook.run, "unknown": list(made.unknown),
        }  # fmt: skip
        values = {"priority": made.value, "level": made.level.name, "priority_why": why,
                  "acknowledge_by": acknowledge_by, "decide_by": decide_by}  # fmt: skip
        details = {"priority": made.value, "level": made.level.name}
        changed = change_alert(connection, PROGRAM, row["id"], None, values, "ranked", details, now)
    told = {"changed": changed, "basis": basis, "at": now}
    if known is None:
        connection.execute(sa.insert(ranking).values(alert_id=row["id"], **told))
    elif known["basis"] != basis or known["changed"] != changed:
        connection.execute(sa.update(ranking).where(ranking.c.alert_id == row["id"]).values(**told))
    _page(connection, rules, row, made.value if made else float(row["priority"]), now)
    return made


def _page(connection: sa.Connection, rules: Rules, row: Mapping[str, Any], priority: float, now: dt.datetime) -> None:
    """Open or grow the ladder of an alert; past the host state where its forces are the likely perpetrator."""
    ordinary, past = subjects_of(row["id"])
    sensitive = is_sensitive(connection, row, rules)
    if sensitive:
        cancel_for_host_state(connection, row["id"], now)
        answer_ladders(connection, [ordinary], "program", now)  # superseded by the other ladder
    subject = past if sensitive else ordinary
    if priority < rules.page_from:
        return
    if row["state"] != "open":
        # Taken already: only a ladder that exists can begin anew, when it becomes much more urgent.
        seen = sa.select(escalation.c.id).where(escalation.c.subject == subject)
        if connection.execute(seen).first() is None and not sensitive:
            return
    rule = "sensitive" if sensitive else "ordinary"
    raise_ladder(connection, rules, Cause(subject, rule, priority, max(row["reports"], 1), row["id"]), now)


def rank_changed(connection: sa.Connection, rules: Rules, outlook: Outlook, now: dt.datetime, most: int = 200) -> int:
    """Rank alerts that are new, changed, or were ranked on an older forecast; for the background worker.

    Returns
    -------
    int
        How many were looked at.
    """
    stale = sa.or_(ranking.c.alert_id.is_(None), ranking.c.changed != alert.c.changed)
    query = (
        sa.select(alert).outerjoin(ranking, ranking.c.alert_id == alert.c.id)
        .where(alert.c.state.in_(LIVE), stale).order_by(alert.c.priority.desc(), alert.c.id).limit(most)
        .with_for_update(of=alert, skip_locked=True)
    )  # fmt: skip
    rows = connection.execute(query).mappings().all()
    for row in rows:
        rank(connection, rules, dict(row), outlook, now)
    return len(rows)


def suspect_host_state(
    connection: sa.Connection, rules: Rules, actor: Actor, alert_id: int, expected_changed: int, chance: float,
    now: dt.datetime,
) -> int:  # fmt: skip
    """Set the assessed chance (0 to 1) that the host state's forces are the perpetrator; the ladder follows at once."""
    if not 0 <= chance <= 1:
        raise BadInput("a chance is a number from 0 to 1")
    details = {"chance": chance}
    new = change_alert(connection, actor, alert_id, expected_changed, {}, "perpetrator_assessed", details, now)
    query = sa.update(ranking).where(ranking.c.alert_id == alert_id).values(host_state_chance=chance)
    if connection.execute(query).rowcount == 0:  # not ranked yet: the worker will
        connection.execute(
            sa.insert(ranking).values(alert_id=alert_id, changed=0, basis="", at=now, host_state_chance=chance)
        )
    row = get(connection, alert_id)
    if row["state"] in LIVE:
        _page(connection, rules, row, float(row["priority"]), now)
    record(connection, now, Entry(actor.id, "alert.host_state", "alert", str(alert_id), details=details))
    return new


def acknowledge(connection: sa.Connection, actor: Actor, alert_id: int, now: dt.datetime) -> int:
    """Somebody takes an alert; its ladder stops. A second acknowledgement changes nothing.

    It does not ask what the alert looked like to who acknowledges: reports that came in meanwhile must not make a duty
    officer press twice while the ladder climbs on. What they changed stands in the history before it.

    Returns
    -------
    int
        The alert's counter.
    """
    row = get(connection, alert_id)
    _live(row)
    demand(actor, "change", "alert", "*", thing_of(row))
    answer_ladders(connection, subjects_of(alert_id), actor.id, now)
    if row["acknowledged_at"] is not None:
        return int(row["changed"])
    values = {"acknowledged_at": now, "acknowledged_by": actor.id, "state": "acknowledged"}
    new = change_alert(connection, actor, alert_id, None, values, "acknowledged", {}, now)
    record(connection, now, Entry(actor.id, "alert.acknowledge", "alert", str(alert_id)))
    return new


def decide(
    connection: sa.Connection,
    actor: Actor,
    alert_id: int,
    expected_changed: int | None,
    now: dt.datetime,
    nothing_because: Reason | None = None,
) -> int:
    """Note what was decided: tasks say so themselves; without one, why nothing is done for now."""
    row = get(connection, alert_id)
    _live(row)
    given = connection.execute(sa.select(task.c.id).where(task.c.alert_id == alert_id)).first()
    if given is None and nothing_because is None:
        raise BadInput("give a task, or say why nothing is done")
    values: dict[str, Any] = {"state": "decided"}
    if row["decided_at"] is None:
        values |= {"decided_at": now, "decided_by": actor.id}
    if row["acknowledged_at"] is None:
        values |= {"acknowledged_at": now, "acknowledged_by": actor.id}
    if nothing_because is not None:
        values["unanswered_why"] = nothing_because.value
    new = change_alert(connection, actor, alert_id, expected_changed, values, "decided", {}, now)
    answer_ladders(connection, subjects_of(alert_id), actor.id, now)
    record(connection, now, Entry(actor.id, "alert.decide", "alert", str(alert_id)))
    return new


@dataclass(frozen=True)
class Closed:
    """A closed alert: its counter, how many sources get a message, and which must be told in person, and why."""

    changed: int
    told: int
    in_person: tuple[tuple[str, str], ...]


def close(
    connection: sa.Connection,
    rules: Rules,
    actor: Actor,
    alert_id: int,
    expected_changed: int | None,
    outcome: Outcome,
    now: dt.datetime,
    texts: Mapping[str, Mapping[str, str | bool]],
    *,
    lesson: str = "",
    unanswered_why: Reason | None = None,
    tell: bool = True,
    language: str = "en",
) -> Closed:
    """Close an alert with outcome and lesson, and tell those who reported it.

    Parameters
    ----------
    lesson : str
        What to do better; no words of a source.
    unanswered_why : Reason, optional
        Why nothing was done; asked for when there was neither a task nor a reason before.
    tell : bool
        False: the sources are told in another way, or later with `tell_sources`.
    language : str
        For sources whose language is not known.

    Raises
    ------
    Conflict
        If it is closed, was changed since, or has open tasks.
    """
    row = get(connection, alert_id)
    _live(row)
    if connection.execute(
        sa.select(task.c.id).where(task.c.alert_id == alert_id, task.c.state.in_([s.value for s in OPEN]))
    ).first():
        raise Conflict("alert {id} has tasks that are not done: finish or cancel them first", id=alert_id)
    acted = connection.execute(sa.select(task.c.id).where(task.c.alert_id == alert_id, task.c.state == "done")).first()
    why = unanswered_why.value if unanswered_why else row["unanswered_why"]
    if acted is None and outcome is not Outcome.FALSE and not why:
        raise BadInput("nothing was done about alert {id}: say why, of {known}", id=alert_id, known=", ".join(Reason))
    if len(lesson) > 2000:
        raise BadInput("a lesson has 2,000 letters at most")
    values = {
        "state": "closed", "closed_at": now, "closed_by": actor.id, "outcome": outcome.value,
        "lesson": lesson.strip() or None, "unanswered_why": why if acted is None else None,
    }  # fmt: skip
    if row["acknowledged_at"] is None:
        values |= {"acknowledged_at": now, "acknowledged_by": actor.id}
    details = {"outcome": outcome.value}
    new = change_alert(connection, actor, alert_id, expected_changed, values, "closed", details, now)
    answer_ladders(connection, subjects_of(alert_id), actor.id, now)
    told, personally = (0, ()) if not tell else tell_sources(connection, rules, actor, alert_id, now, texts, language)
    record(connection, now, Entry(actor.id, "alert.close", "alert", str(alert_id), details=details))
    return Closed(new, told, personally)


def tell_sources(
    connection: sa.Connection,
    rules: Rules,
    actor: Actor,
    alert_id: int,
    now: dt.datetime,
    texts: Mapping[str, Mapping[str, str | bool]],
    language: str = "en",
) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Write a message to each who reported a closed alert, once, in their language and by the gateway they used.

    Returns
    -------
    int
        Messages written now.
    tuple of (source id, why)
        Who must be told in person: wants no messages, is gone, or must not be written to.
    """
    row = get(connection, alert_id)
    demand(actor, "change", "alert", "*", thing_of(row))
    if row["state"] != "closed" or not row["outcome"]:
        raise Conflict("alert {id} is not closed: tell the sources when the outcome is known", id=alert_id)
    query = (
        sa.select(source.c.id, source.c.language, source.c.opted_out_at, source.c.erased_at,
                  report.c.gateway_id, report.c.language.label("wrote"), report.c.practice)
        .join(report, report.c.source_id == source.c.id)
        .where(report.c.alert_id == alert_id).order_by(source.c.id, report.c.received_at.desc())
    )  # fmt: skip
    told, personally, seen = 0, [], set()
    private = row["threat"] in IN_PERSON or is_sensitive(connection, row, rules)
    for each in connection.execute(query):
        if each.id in seen:
            continue
        seen.add(each.id)
        why = "erased" if each.erased_at else "opted_out" if each.opted_out_at else "in_person" if private else ""
        if why:
            personally.append((each.id, why))
            continue
        text: Telling = words_for(texts, Outcome(row["outcome"]), each.language, each.wrote, language)
        message = Message(
            f"feedback:{alert_id}:{each.id}", Purpose.FEEDBACK, Recipient.SOURCE, each.id, text.words,
            channels=(Channel.SMS,), language=text.language, practice=bool(row["practice"]),
            gateway_id=each.gateway_id, alert_id=alert_id,
        )  # fmt: skip
        told += enqueue(connection, message, now) is not None
    return told, tuple(personally)


def told_in_person(connection: sa.Connection, actor: Actor, alert_id: int, now: dt.datetime) -> None:
    """A source was told by voice, by whoever keeps the contact."""
    demand(actor, "change", "alert", "*", thing_of(get(connection, alert_id)))
    mark_told(connection, alert_id, now)
    record(connection, now, Entry(actor.id, "alert.told", "alert", str(alert_id)))


def reopen(connection: sa.Connection, actor: Actor, alert_id: int, expected_changed: int, why: str,
           now: dt.datetime) -> int:  # fmt: skip
    """Take a closing back: the outcome was wrong, or it goes on."""
    row = get(connection, alert_id)
    if row["state"] != "closed":
        raise Conflict("alert {id} is {state}, not closed", id=alert_id, state=row["state"])
    reason = check_reason(why)
    values = {"state": "decided" if row["decided_at"] else "acknowledged", "closed_at": None, "closed_by": None,
              "outcome": None}  # fmt: skip
    new = change_alert(
        connection, actor, alert_id, expected_changed, values, "reopened", {"outcome": row["outcome"]}, now
    )
    record(connection, now, Entry(actor.id, "alert.reopen", "alert", str(alert_id), reason))
    return new


def _live(row: Mapping[str, Any]) -> None:
    if row["state"] not in LIVE:
        raise Conflict("alert {id} is {state}: look again", id=row["id"], state=row["state"])
