"""The duty over HTTP: who is on call, ladders, signs of life, and what went out."""

import datetime as dt
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from tocsin.act.duty import actions as duty
from tocsin.act.duty import pulses, reads
from tocsin.act.notify import Channel, Recipient, set_address
from tocsin.act.rules import rules_of
from tocsin.store import reading
from tocsin.store.keys import key_folder, open_keys
from tocsin.web.api.act import Instant
from tocsin.web.api.listen import PROBLEMS, Body, Degrees, Id, Key, Number, Word, change
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/duty", tags=["act"], responses=PROBLEMS)
life = APIRouter(prefix="/api/pulses", tags=["act"], responses=PROBLEMS)
out = APIRouter(prefix="/api/messages", tags=["act"], responses=PROBLEMS)
Name = Annotated[Word, Field(min_length=1, max_length=80)]


class GivenShift(Body):
    """A person on call for a role."""

    role: Name
    person: Name
    first_at: Instant
    last_at: Instant


class Holder(Body):
    """Who holds a role when no shift says otherwise."""

    role: Name
    person: Name


class Substitutes(Body):
    """Who stands in for a person, first asked first."""

    person: Name
    substitutes: Annotated[list[Name], Field(max_length=20)]


class Away(Body):
    """A window in which a person cannot be paged."""

    person: Name
    first_at: Instant
    last_at: Instant


class GivenSilence(Body):
    """A window in which alerts below a priority page nobody."""

    first_at: Instant
    last_at: Instant
    below_priority: Degrees = 35.0
    why: Word


class Answered(Body):
    """Which ladder is answered."""

    ladder: Name


class Reached(Body):
    """Where a page reaches me; it is put under seal."""

    channel: Channel
    address: Annotated[Word, Field(min_length=3)]


class Sign(Body):
    """A sign of life, and after how long without one somebody else hears of it."""

    kind: Literal["screen", "link"]
    name: Name
    silent_after_s: Annotated[int, Field(ge=10, le=86_400)] = 120


@router.get("/on-call", summary="Each role of the ladders and who is paged for it now")
def on_call(at: At, actor: Asker) -> list[dict[str, Any]]:
    """Null is a gap in the rota."""
    with reading(at.engine) as connection:
        return reads.on_call(connection, actor, rules_of(at.mission), at.now())


@router.get("/rota", summary="Shifts, absences and silences that touch a window")
def rota(
    at: At, actor: Asker, first: Annotated[Instant, Query(alias="from")], last: Annotated[Instant, Query(alias="to")]
) -> dict[str, Any]:
    """By number."""
    with reading(at.engine) as connection:
        return reads.shifts(connection, actor, first, last)


@router.post("/shifts", summary="Put a person on call")
def add_shift(at: At, actor: Asker, given: GivenShift, key: Key = None) -> JSONResponse:
    """From and to (not included)."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        id = duty.add_shift(connection, actor, given.role, given.person, given.first_at, given.last_at, now)
        return {"id": id}

    return change(at, actor, "duty.shift", key, given, work)


@router.delete("/shifts/{id}", summary="Take a shift away")
def remove_shift(at: At, actor: Asker, id: Id) -> JSONResponse:
    """Whoever was to be paged then is the holder of the role."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        duty.remove_shift(connection, actor, id, now)
        return {"id": id}

    return change(at, actor, "duty.remove_shift", None, {"id": id}, work)


@router.put("/holders", summary="Who holds a role when no shift says otherwise")
def set_holder(at: At, actor: Asker, given: Holder, key: Key = None) -> JSONResponse:
    """One person a role."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        duty.set_holder(connection, actor, given.role, given.person, now)
        return given.model_dump()

    return change(at, actor, "duty.holder", key, given, work)


@router.put("/substitutes", summary="Who stands in for a person")
def set_substitutes(at: At, actor: Asker, given: Substitutes, key: Key = None) -> JSONResponse:
    """In order; an empty list takes all away."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        duty.set_substitutes(connection, actor, given.person, given.substitutes, now)
        return given.model_dump()

    return change(at, actor, "duty.substitutes", key, given, work)


@router.post("/away", summary="A person cannot be paged in a window")
def set_away(at: At, actor: Asker, given: Away, key: Key = None) -> JSONResponse:
    """Their substitutes are paged."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": duty.set_away(connection, actor, given.person, given.first_at, given.last_at, now)}

    return change(at, actor, "duty.away", key, given, work)


@router.post("/silences", summary="Hold pages of alerts below a priority back for a while")
def add_silence(at: At, actor: Asker, given: GivenSilence, key: Key = None) -> JSONResponse:
    """A day at most, and never for a priority of 50 or more."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        id = duty.add_silence(
            connection, actor, given.first_at, given.last_at, given.below_priority, given.why, now
        )  # fmt: skip
        return {"id": id}

    return change(at, actor, "duty.silence", key, given, work)


@router.delete("/silences/{id}", summary="Let pages through again")
def end_silence(at: At, actor: Asker, id: Id) -> JSONResponse:
    """From now on."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        duty.end_silence(connection, actor, id, now)
        return {"id": id}

    return change(at, actor, "duty.end_silence", None, {"id": id}, work)


@router.get("/ladders", summary="Ladders with their pages, most urgent first")
def ladders(
    at: At, actor: Asker, every: Annotated[bool, Query(alias="all", description="Answered ones too.")] = False
) -> list[dict[str, Any]]:
    """Those still climbing, or all."""
    with reading(at.engine) as connection:
        return reads.ladders(connection, actor, open_only=not every)


@router.post("/ladders/answer", summary="Answer a ladder: it stops")
def answer(at: At, actor: Asker, given: Answered, key: Key = None) -> JSONResponse:
    """For ladders about a task that is overdue or a silent screen; alerts and tasks are acknowledged themselves."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"stopped": duty.answer_one(connection, actor, given.ladder, now)}

    return change(at, actor, "duty.answer", key, given, work)


@router.get("/handover", summary="What the next on call must be told of")
def handover(at: At, actor: Asker, person: Name | None = None) -> list[dict[str, Any]]:
    """Ladders still open that the person (default: who asks) was paged for."""
    with reading(at.engine) as connection:
        return reads.to_hand_over(connection, actor, person or actor.id)


@router.put("/me/address", summary="Where a page reaches me")
def my_address(at: At, actor: Asker, given: Reached) -> JSONResponse:
    """Sealed; nobody reads it back."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        keys = open_keys(connection, key_folder(at.mission), now)
        set_address(connection, keys, actor, Recipient.ACCOUNT, actor.id, given.channel, given.address, now)
        return {"channel": given.channel.value}

    return change(at, actor, "duty.my_address", None, {"channel": given.channel.value}, work)


@life.get("", summary="Signs of life, those that stopped first")
def signs(at: At, actor: Asker) -> list[dict[str, Any]]:
    """Screens, links, servers and workers."""
    with reading(at.engine) as connection:
        return reads.pulses(connection, actor)


@life.post("", summary="A screen or link is alive")
def sign(at: At, actor: Asker, given: Sign) -> JSONResponse:
    """Send one every half minute or so; sign off before closing."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": pulses.beat(connection, actor, given.kind, given.name, given.silent_after_s, now)}

    return change(at, actor, "pulses.sign", None, given, work)


@life.delete("/{id}", summary="A screen or link ends on purpose")
def sign_off(at: At, actor: Asker, id: Annotated[Word, Path(min_length=1)]) -> JSONResponse:
    """Nobody is missed."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        pulses.sign_off(connection, actor, id, now)
        return {"id": id}

    return change(at, actor, "pulses.sign_off", None, {"id": id}, work)


@out.get("", summary="Messages that went out or wait, newest first")
def messages(
    at: At,
    actor: Asker,
    state: Literal["waiting", "sending", "sent", "delivered", "failed", "dropped"] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    before: Annotated[Number | None, Query(description="`next` of the page before.")] = None,
) -> dict[str, Any]:
    """Without whom they go to."""
    with reading(at.engine) as connection:
        rows = reads.outbox(connection, actor, state, before, limit)
    return {"rows": rows, "next": str(rows[-1]["id"]) if len(rows) == limit else None}
