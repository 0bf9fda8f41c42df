"""Warnings and contacts over HTTP."""

import datetime as dt
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from tocsin.act.notify import Channel
from tocsin.act.respond.actions import get as get_alert
from tocsin.act.rules import rules_of
from tocsin.act.warn import NewWarning, acknowledge, cancel, contacts, draft, reads, release, take_cap_ack
from tocsin.act.warn import Text as WarningText
from tocsin.act.warn.actions import change_draft, withdraw
from tocsin.act.warn.model import suggested
from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.alerts.actions import thing_of
from tocsin.store import reading
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.policy import demand
from tocsin.web.api.act import Instant, Seen
from tocsin.web.api.listen import PROBLEMS, Body, Degrees, Id, Key, Number, Word, Words, change
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/warnings", tags=["act"], responses=PROBLEMS)
people = APIRouter(prefix="/api/contacts", tags=["act"], responses=PROBLEMS)
MOST_BYTES = 100_000
Audience = Literal["focal_point", "liaison_assistant", "base", "humanitarian", "host_state", "broadcaster"]
Point = Annotated[tuple[Degrees, Degrees], Field(description="lon, lat")]


class Said(Body):
    """What people read in one language."""

    headline: Annotated[Words, Field(min_length=1, max_length=300)]
    description: Annotated[Words, Field(max_length=4000)] = ""
    instruction: Annotated[Words, Field(max_length=2000)] = ""
    sms: Annotated[Words, Field(max_length=300)] = ""

    def text(self) -> WarningText:
        """As the room wants it."""
        return WarningText(self.headline, self.description, self.instruction, self.sms)


class Drafted(Body):
    """A warning; it holds in a circle (lon, lat, radius in km) or in a polygon."""

    event: Word
    texts: Annotated[dict[Annotated[Word, Field(min_length=2, max_length=8)], Said], Field(min_length=1, max_length=20)]
    area_name: Word
    expires_at: Instant
    circle: tuple[Degrees, Degrees, Degrees] | None = None
    polygon: Annotated[tuple[Point, ...], Field(max_length=500)] = ()
    audiences: Annotated[tuple[Audience, ...], Field(min_length=1)] = ("focal_point", "liaison_assistant", "base")
    status: Literal["Actual", "Exercise", "Test"] = "Exercise"
    scope: Literal["Public", "Restricted", "Private"] = "Restricted"
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"] = "Unknown"
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] = "Unknown"
    certainty: Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"] = "Unknown"
    responses: tuple[Word, ...] = ("Monitor",)
    margin_km: Degrees = 10.0
    alert: Number | None = None
    area: Word | None = None
    follows: Number | None = None

    def warning(self) -> NewWarning:
        """As the room wants it."""
        return NewWarning(
            self.event, {k: t.text() for k, t in self.texts.items()}, self.area_name, self.expires_at, self.circle,
            self.polygon, self.audiences, self.status, self.scope, self.urgency, self.severity,
            self.certainty, self.responses, self.margin_km, self.alert, self.area,
        )  # fmt: skip


class Redrafted(Drafted):
    """A draft rewritten, with the counter as it was seen."""

    changed: Seen
    why: Word = ""


class Released(Body):
    """The counter of the preview that was read."""

    changed: Seen


class Cancelled(Body):
    """What people read about the end of it."""

    texts: Annotated[dict[Annotated[Word, Field(min_length=2, max_length=8)], Said], Field(min_length=1, max_length=20)]


class Heard(Body):
    """Who has said that they got it."""

    who: Annotated[Word, Field(min_length=1, max_length=80)]
    how: Literal["screen", "radio", "reply"]


class GivenContact(Body):
    """A contact; addresses by channel, the first is used first. The label never names a person."""

    kind: Audience
    label: Annotated[Word, Field(min_length=2, max_length=80)]
    addresses: Annotated[dict[Channel, Annotated[Word, Field(min_length=3)]], Field(min_length=1)]
    language: Annotated[Word, Field(min_length=2, max_length=8)] = "en"
    area: Word | None = None
    lon: Degrees | None = None
    lat: Degrees | None = None


class Why(Body):
    """A reason that is kept in the audit trail."""

    why: Word


@router.get("", summary="Warnings, newest first")
def warnings(
    at: At,
    actor: Asker,
    state: Annotated[list[Literal["draft", "released", "replaced", "cancelled", "withdrawn"]] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    before: Annotated[Number | None, Query(description="`next` of the page before.")] = None,
) -> dict[str, Any]:
    """Of those the asker may see, without their CAP documents."""
    with reading(at.engine) as connection:
        rows = reads.list_warnings(connection, actor, at.now(), tuple(state or ()), before, limit)
    return {"rows": rows, "next": str(rows[-1]["id"]) if len(rows) == limit else None}


@router.get("/suggested", summary="What an alert suggests for a warning")
def suggest(at: At, actor: Asker, alert: Annotated[Number, Query()]) -> dict[str, Any]:
    """Urgency, severity, certainty and circle; a person decides."""
    with reading(at.engine) as connection:
        row = get_alert(connection, alert)
        demand(actor, "read", "alert", "point", thing_of(row))
    return suggested(row)


@router.get("/{id}", summary="One warning and how far it got")
def one_warning(at: At, actor: Asker, id: Id) -> dict[str, Any]:
    """Messages by state, and acknowledgements."""
    with reading(at.engine) as connection:
        return reads.get_warning(connection, actor, id)


@router.get("/{id}/cap", summary="The CAP document that went out", response_class=Response)
def document(at: At, actor: Asker, id: Id) -> Response:
    """CAP 1.2 in our profile."""
    with reading(at.engine) as connection:
        row = reads.get_warning(connection, actor, id)
    if not row["document"]:
        raise NotFound("warning {id} is not out yet: its preview has the document", id=id)
    return Response(row["document"], media_type="application/cap+xml")


@router.get("/{id}/preview", summary="Exactly what each audience will read")
def preview(at: At, actor: Asker, id: Id) -> dict[str, Any]:
    """By audience, channel and language; and the CAP document."""
    with reading(at.engine) as connection:
        return reads.preview(connection, rules_of(at.mission), actor, id, at.now())


@router.post("", summary="Draft a warning, or the update of one that is out")
def draft_warning(at: At, actor: Asker, given: Drafted, key: Key = None) -> JSONResponse:
    """Nothing goes out before it is released."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": draft(connection, actor, given.warning(), now, given.follows), "changed": 1}

    return change(at, actor, "warnings.draft", key, given, work)


@router.post("/acks", summary="Take a CAP Ack")
async def cap_ack(at: At, actor: Asker, request: Request) -> JSONResponse:
    """The body is the CAP document; its sender is kept as a keyed hash."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise BadInput("that is longer than an Ack can be")

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        keys = open_keys(connection, key_folder(at.mission), now)
        return {"acknowledged": take_cap_ack(connection, keys, actor, body, now)}

    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(change, at, actor, "warnings.cap_ack", None, {}, work)


@router.put("/{id}", summary="Rewrite a draft")
def redraft(at: At, actor: Asker, id: Id, given: Redrafted, key: Key = None) -> JSONResponse:
    """A release that one person gave before is void."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        new = change_draft(connection, actor, id, given.changed, given.warning(), given.why, now)
        return {"id": id, "changed": new}

    return change(at, actor, "warnings.redraft", key, {"id": id, **given.model_dump(mode="json")}, work)


@router.post("/{id}/release", summary="Release a warning; a public one needs two people")
def release_warning(at: At, actor: Asker, id: Id, given: Released, key: Key = None) -> JSONResponse:
    """Says whether it is out."""
    rules = rules_of(at.mission)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"id": id, "out": release(connection, rules, actor, id, given.changed, now)}

    return change(at, actor, "warnings.release", key, {"id": id, **given.model_dump()}, work)


@router.post("/{id}/cancel", summary="Draft the cancellation of a warning")
def cancel_warning(at: At, actor: Asker, id: Id, given: Cancelled, key: Key = None) -> JSONResponse:
    """It goes to whoever got the warning, once released."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        texts = {k: t.text() for k, t in given.texts.items()}
        return {"id": cancel(connection, actor, id, texts, now), "changed": 1}

    return change(at, actor, "warnings.cancel", key, {"id": id, **given.model_dump()}, work)


@router.post("/{id}/withdraw", summary="Throw a draft away")
def withdraw_warning(at: At, actor: Asker, id: Id, key: Key = None) -> JSONResponse:
    """What is out is cancelled instead."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        withdraw(connection, actor, id, now)
        return {"id": id}

    return change(at, actor, "warnings.withdraw", key, {"id": id}, work)


@router.post("/{id}/acks", summary="Somebody has said that they got it")
def ack(at: At, actor: Asker, id: Id, given: Heard, key: Key = None) -> JSONResponse:
    """`who` is a contact's or account's id."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"new": acknowledge(connection, actor, id, given.who, given.how, now)}

    return change(at, actor, "warnings.ack", key, {"id": id, **given.model_dump()}, work)


@people.get("", summary="Contacts, without their addresses")
def list_contacts(at: At, actor: Asker) -> list[dict[str, Any]]:
    """Of those the asker may see."""
    with reading(at.engine) as connection:
        return contacts.list_contacts(connection, actor)


@people.post("", summary="Take a contact in")
def add_contact(at: At, actor: Asker, given: GivenContact, key: Key = None) -> JSONResponse:
    """Addresses go under seal."""
    new = contacts.NewContact(
        given.kind, given.label, given.addresses, given.language, given.area, given.lon, given.lat
    )  # fmt: skip

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        keys = open_keys(connection, key_folder(at.mission), now)
        return {"id": contacts.add(connection, keys, actor, new, now)}

    return change(at, actor, "contacts.add", key, given, work)


@people.post("/{id}/close", summary="A contact is to hear nothing more")
def close_contact(
    at: At, actor: Asker, id: Annotated[Word, Path(min_length=1)], given: Why, key: Key = None
) -> JSONResponse:
    """Its addresses are taken away."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        contacts.close(connection, actor, id, given.why, now)
        return {"id": id}

    return change(at, actor, "contacts.close", key, {"id": id, **given.model_dump()}, work)
