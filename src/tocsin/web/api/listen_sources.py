"""Sources, gateways and notices over HTTP. Who a source is comes only for a stated reason, into the audit trail."""

import datetime as dt
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import Field

from tocsin.listen.alerts import gateways, notices, reads, sources
from tocsin.store import reading, writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.web.api.listen import PROBLEMS, After, Body, Id, Key, Limit, Reason, Rows, Word, change, rows
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api", responses=PROBLEMS)
SourceId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,40}$")]


class Description(Body):
    """What is known of a source without saying who it is; the usual place is kept to one decimal."""

    owner: Word | None = None
    area: Word | None = None
    language: Word | None = None
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None


class Why(Body):
    """A reason."""

    reason: Reason


class NewGateway(Body):
    """A gateway to open."""

    id: Word
    provider: Word
    secret: Annotated[Word, Field(description="Twilio's token, httpSMS's key; made by us for the others.")] = ""
    allowed: Annotated[list[Word], Field(max_length=50, default_factory=list)]
    country_code: Annotated[str, Field(max_length=4, pattern=r"^[0-9]*$")] = ""
    address: Word = ""
    heartbeat_minutes: Annotated[int | None, Field(ge=1, le=100_000)] = None
    sends: bool = False


class Rotation(Body):
    """How a gateway's secret changes."""

    secret: Word = ""
    keep_old: bool = True
    new_path: bool = False


@router.get("/sources", tags=["sources"], summary="Sources without their identity")
def list_sources(at: At, actor: Asker, limit: Limit = 50, after: After = None) -> Rows:
    """Area, language, record: never a name or number."""
    with reading(at.engine) as connection:
        return rows(reads.list_sources(connection, actor, limit, after))


@router.get("/sources/{id}", tags=["sources"], summary="One source without its identity")
def read_source(at: At, actor: Asker, id: SourceId) -> dict[str, Any]:
    """Area, language, record, and the letter it gives."""
    with reading(at.engine) as connection:
        return sources.read_source(connection, actor, id)


@router.post("/sources/{id}/describe", tags=["sources"], summary="Say what is known of a source")
def describe(at: At, actor: Asker, id: SourceId, given: Description, key: Key = None) -> JSONResponse:
    """Owner, area, language, usual place; only what is given changes."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        sources.describe(connection, actor, id, given.model_dump(exclude_unset=True), now)
        return {"source": id}

    return change(at, actor, "sources.describe", key, {"id": id, **given.model_dump(exclude_unset=True)}, work)


@router.post("/sources/{id}/identity", tags=["sources"], summary="Open a source's identity")
def identity(at: At, actor: Asker, id: SourceId, given: Why) -> dict[str, str]:
    """Who a source is: for one person's eyes, for a reason, written to the audit trail before it is shown."""
    now = at.now()
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), now)
        return sources.open_identity(connection, keys, actor, id, given.reason, now)


@router.post("/sources/{id}/erase", tags=["sources"], summary="Take a source's identity away")
def erase(at: At, actor: Asker, id: SourceId, given: Why, key: Key = None) -> JSONResponse:
    """Erase name and number; what was said stays and is counted."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return {"source": id, "erased": sources.erase_identity(connection, actor, id, given.reason, now)}

    return change(at, actor, "sources.erase", key, {"id": id, **given.model_dump()}, work)


@router.get("/gateways", tags=["gateways"], summary="Gateways and their counts")
def list_gateways(at: At, actor: Asker) -> dict[str, Any]:
    """Without anything secret."""
    with reading(at.engine) as connection:
        return {"rows": gateways.list_gateways(connection, actor)}


@router.post("/gateways", tags=["gateways"], summary="Open a gateway")
def add_gateway(at: At, actor: Asker, given: NewGateway) -> dict[str, Any]:
    """Gives the gateway's address and secret, this once."""
    now = at.now()
    settings = {"country_code": given.country_code, "address": given.address}
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), now)
        made = gateways.add(
            connection, keys, actor, given.id, given.provider, now, secret=given.secret, allowed=given.allowed,
            settings={k: v for k, v in settings.items() if v}, heartbeat_minutes=given.heartbeat_minutes,
            sends=given.sends,
        )  # fmt: skip
    return _opened(made)


@router.post("/gateways/{id}/rotate", tags=["gateways"], summary="Give a gateway a new secret")
def rotate_gateway(at: At, actor: Asker, id: Word, given: Rotation) -> dict[str, Any]:
    """The old secret holds beside the new one until the next change."""
    now = at.now()
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), now)
        made = gateways.rotate(
            connection, keys, actor, id, now, secret=given.secret, keep_old=given.keep_old, new_path=given.new_path
        )
    return _opened(made)


@router.post("/gateways/{id}/close", tags=["gateways"], summary="Close a gateway")
def close_gateway(at: At, actor: Asker, id: Word) -> dict[str, Any]:
    """It is refused from now on; its counts stay."""
    with writing(at.engine) as connection:
        gateways.close(connection, actor, id, at.now())
    return {"gateway": id}


@router.get("/notices", tags=["gateways"], summary="What the intake tells the people who run it")
def list_notices(at: At, actor: Asker, ended: bool = False) -> dict[str, Any]:
    """Silent gateways, refusals, a spool in use; with `ended` those that are over too."""
    with reading(at.engine) as connection:
        return {"rows": notices.list_notices(connection, actor, ended)}


@router.post("/notices/{id}/seen", tags=["gateways"], summary="Say that a notice was seen")
def see_notice(at: At, actor: Asker, id: Id) -> dict[str, Any]:
    """Who saw it, and when."""
    with writing(at.engine) as connection:
        notices.see(connection, actor, id, at.now())
    return {"notice": id}


def _opened(made: gateways.Opened) -> dict[str, Any]:
    path = f"/in/{made.id}/{made.path}" if made.path else ""
    return {"gateway": made.id, "provider": made.provider, "path": path, "secret": made.secret}
