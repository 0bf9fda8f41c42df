"""What an alert's way is over HTTP: who could go, acknowledged, decided, closed, its sources told; and the figures."""

import datetime as dt
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, Field

from tocsin.act.figures import figures
from tocsin.act.respond import actions as respond
from tocsin.act.respond import reads
from tocsin.act.respond.telling import texts_of
from tocsin.act.rules import rules_of
from tocsin.act.tasks.model import Outcome, Reason
from tocsin.core.errors import BadInput, TocsinError
from tocsin.core.words import translator
from tocsin.listen.alerts.reads import read_alert
from tocsin.store import reading
from tocsin.web.api.listen import LARGEST, PROBLEMS, Body, Degrees, Id, Key, Number, Word, Words, change, instant
from tocsin.web.who import Asker, At

MOST_AT_ONCE = 500
router = APIRouter(prefix="/api/alerts", tags=["act"], responses=PROBLEMS)
counting = APIRouter(prefix="/api/figures", tags=["act"], responses=PROBLEMS)


def zoned(value: dt.datetime) -> dt.datetime:
    """An instant in UTC; one without a zone is UTC."""
    try:
        found = instant(value)
    except BadInput as problem:
        raise ValueError(str(problem)) from problem
    assert found is not None  # noqa: S101 - it was given
    return found


Seen = Annotated[int, Field(ge=0, le=LARGEST, description="The counter `changed` as you saw it.")]
Instant = Annotated[dt.datetime, AfterValidator(zoned), Field(description="ISO 8601; without a zone it is UTC.")]
Text = Annotated[Words, Field(max_length=2000)]


class Taken(Body):
    """The counter of the alert as it was seen."""

    changed: Seen


class Many(Body):
    """Alerts with the counters as they were seen."""

    alerts: Annotated[dict[Number, Seen], Field(min_length=1, max_length=MOST_AT_ONCE)]


class Decided(Taken):
    """Why nothing is done; empty when tasks were given."""

    nothing_because: Reason | None = None


class Assessed(Taken):
    """The chance (0 to 1) that the host state's own forces are the perpetrator."""

    chance: Annotated[Degrees, Field(ge=0, le=1)]


class Close(Taken):
    """What became of it."""

    outcome: Outcome
    lesson: Text = ""
    unanswered_why: Reason | None = None
    tell: bool = True


class Reopened(Taken):
    """Why a closing is taken back."""

    why: Word


@router.get("/{id}/priority", summary="Why an alert has its priority, in a sentence")
def priority(at: At, actor: Asker, id: Id, lang: Word | None = None) -> dict[str, Any]:
    """The sentence in a language, and its factors."""
    with reading(at.engine) as connection:
        row = read_alert(connection, actor, id)
    sentence = reads.priority_sentence(row, translator(lang or at.mission.language))
    return {"priority": row["priority"], "level": row["level"], "sentence": sentence, "why": row["priority_why"]}


@router.get("/{id}/proposal", summary="Who could do something before the harm, in all three tiers")
def proposal(at: At, actor: Asker, id: Id, most: Annotated[int, Query(ge=1, le=10)] = 3) -> dict[str, Any]:
    """Options with hours, margin, reasons and what each could make worse."""
    with reading(at.engine) as connection:
        choice = reads.proposal_for(
            connection, at.mission, rules_of(at.mission), actor, id, at.now(), travel_of(at), most
        )
    return reads.proposal_json(choice)


def travel_of(at: Any) -> reads.Travel | None:
    """Travel over the terrain where the house knows it, else straight."""
    return getattr(at, "travel", None)


@router.post("/{id}/acknowledge", summary="Take an alert: its ladder stops")
def acknowledge(at: At, actor: Asker, id: Id, given: Taken, key: Key = None) -> JSONResponse:
    """A second one changes nothing; what came in since the alert was seen does not stand in the way."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": id, "changed": respond.acknowledge(connection, actor, id, now)}

    return change(at, actor, "act.acknowledge", key, {"id": id, **given.model_dump()}, work)


@router.post("/acknowledge", summary="Take many alerts")
def acknowledge_many(at: At, actor: Asker, given: Many, key: Key = None) -> JSONResponse:
    """Those that cannot be taken stay as they are, with the reason."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        done: list[dict[str, Any]] = []
        for id in sorted(given.alerts):
            try:
                with connection.begin_nested():
                    done.append({"id": id, "changed": respond.acknowledge(connection, actor, id, now)})
            except TocsinError as problem:
                done.append({"id": id, "problem": str(problem)})
        return {"alerts": done}

    return change(at, actor, "act.acknowledge_many", key, given, work)


@router.post("/{id}/decide", summary="Note what was decided, or why nothing is done")
def decide(at: At, actor: Asker, id: Id, given: Decided, key: Key = None) -> JSONResponse:
    """Giving a task decides by itself."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        new = respond.decide(connection, actor, id, given.changed, now, given.nothing_because)
        return {"id": id, "changed": new}

    return change(at, actor, "act.decide", key, {"id": id, **given.model_dump()}, work)


@router.post("/{id}/host-state", summary="Assess whether the host state's forces are the perpetrator")
def host_state(at: At, actor: Asker, id: Id, given: Assessed, key: Key = None) -> JSONResponse:
    """From the mission's threshold on, nothing goes through them and the other ladder is climbed."""
    rules = rules_of(at.mission)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        new = respond.suspect_host_state(connection, rules, actor, id, given.changed, given.chance, now)
        return {"id": id, "changed": new}

    return change(at, actor, "act.host_state", key, {"id": id, **given.model_dump()}, work)


@router.get("/{id}/telling", summary="What its sources would read")
def telling(at: At, actor: Asker, id: Id, outcome: Outcome) -> list[dict[str, Any]]:
    """By language: the words, how many read them, and whether a speaker has checked them."""
    with reading(at.engine) as connection:
        return reads.telling_preview(connection, actor, id, outcome, texts_of(at.mission), at.mission.language)


@router.post("/{id}/close", summary="Close an alert with outcome and lesson, and tell its sources")
def close(at: At, actor: Asker, id: Id, given: Close, key: Key = None) -> JSONResponse:
    """Says how many sources get a message, and which must be told in person."""
    rules, texts = rules_of(at.mission), texts_of(at.mission)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        done = respond.close(
            connection, rules, actor, id, given.changed, given.outcome, now, texts, lesson=given.lesson,
            unanswered_why=given.unanswered_why, tell=given.tell, language=at.mission.language,
        )  # fmt: skip
        in_person = [{"source": source, "why": why} for source, why in done.in_person]
        return {"id": id, "changed": done.changed, "told": done.told, "in_person": in_person}

    return change(at, actor, "act.close", key, {"id": id, **given.model_dump()}, work)


@router.post("/{id}/tell", summary="Tell the sources of a closed alert who were not told yet")
def tell(at: At, actor: Asker, id: Id, key: Key = None) -> JSONResponse:
    """Nobody gets the same message twice."""
    rules, texts = rules_of(at.mission), texts_of(at.mission)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        told, personally = respond.tell_sources(connection, rules, actor, id, now, texts, at.mission.language)
        return {"told": told, "in_person": [{"source": s, "why": why} for s, why in personally]}

    return change(at, actor, "act.tell", key, {"id": id}, work)


@router.post("/{id}/told", summary="A source was told in person")
def told(at: At, actor: Asker, id: Id, key: Key = None) -> JSONResponse:
    """Counts like a message."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        respond.told_in_person(connection, actor, id, now)
        return {"id": id}

    return change(at, actor, "act.told", key, {"id": id}, work)


@router.post("/{id}/reopen", summary="Take a closing back")
def reopen(at: At, actor: Asker, id: Id, given: Reopened, key: Key = None) -> JSONResponse:
    """With a reason that is kept in the audit trail."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": id, "changed": respond.reopen(connection, actor, id, given.changed, given.why, now)}

    return change(at, actor, "act.reopen", key, {"id": id, **given.model_dump()}, work)


@counting.get("", summary="Figures of a period, small counts hidden")
def count(
    at: At,
    actor: Asker,
    first: Annotated[dt.date, Query(alias="from", description="First day, UTC.")],
    last: Annotated[dt.date, Query(alias="to", description="Day after the last.")],
) -> dict[str, Any]:
    """Null is a count that could point at a person, or nothing to divide."""
    with reading(at.engine) as connection:
        return figures(connection, actor, first, last).to_json()
