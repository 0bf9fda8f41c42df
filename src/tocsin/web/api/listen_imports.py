"""Files brought on the screen: up in pieces, looked at, read otherwise, imported, and what could not be used."""

import asyncio
import datetime as dt
from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from tocsin.core.errors import BadInput, TooMany
from tocsin.listen.imports import LAYOUTS
from tocsin.listen.imports.columns import guess
from tocsin.listen.uploads import (
    MOST_BYTES,
    Importer,
    Shelf,
    bring,
    drop,
    list_uploads,
    look_again,
    rejects_of,
    take,
    upload_of,
)
from tocsin.listen.uploads.actions import KEPT, MOST_OPEN, check_room
from tocsin.listen.uploads.shelf import ENDINGS, Arriving, clean_name
from tocsin.store import reading, writing
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor, allowed, demand
from tocsin.web.api.listen import PROBLEMS, Body, Id, Word
from tocsin.web.who import Asker, At, House

MORE: dict[int | str, dict[str, Any]] = {
    413: {**PROBLEMS[422], "description": "The file is larger than we take."},
    429: {**PROBLEMS[422], "description": "Too many files are here that are not imported."},
}
router = APIRouter(prefix="/api/imports", tags=["listen"], responses=PROBLEMS | MORE)
PIECE = 1 << 20
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
MOST_ARRIVING = 2  # files of one person on their way in at a time: each holds a place at the door
Column = Annotated[str, Field(max_length=200)]


class LayoutLine(BaseModel):
    """A kind of file. `needed` and `further` are the columns that a person may name; without any, names are fixed."""

    name: str
    title: str
    needed: list[str]
    further: list[str]
    may: bool


class UploadTrouble(BaseModel):
    """Why a file cannot be used, in one sentence."""

    code: str
    title: str


class Would(BaseModel):
    """What an import does: read = added + updated + unchanged + rejected."""

    file: str
    layout: str
    release: str
    published_on: dt.date
    read: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    known_already: bool
    warnings: list[str]


class UploadLine(BaseModel):
    """A file that somebody brought. `state` is waiting, working, looked, taken, refused or stopped."""

    id: int
    name: str
    bytes: int
    sha256: str
    brought_at: dt.datetime
    ends_at: dt.datetime
    turn: int
    state: str
    wanted: str
    ended_at: dt.datetime | None
    taken: Would | None
    problem: UploadTrouble | None
    rows_read: int | None
    mine: bool


class SampleRow(BaseModel):
    """One of the first rows as it would be read, or why it cannot be."""

    line: int
    values: list[str | float | None]
    problem: str | None


class RejectedRow(BaseModel):
    """A row that cannot be used."""

    line: int
    reason: str


class Found(BaseModel):
    """What a file is, how it would be read, and what an import would do."""

    layout: str | None
    columns: list[str]
    examples: list[list[str]]
    chosen: dict[str, str]
    lacking: list[str]
    fields: list[str]
    samples: list[SampleRow]
    would: Would | None
    rejects: list[RejectedRow]


class Chosen(BaseModel):
    """How somebody said that a file is to be read."""

    layout: str | None
    columns: dict[str, str] | None
    release: str | None
    published_on: dt.date | None


class Upload(UploadLine):
    """A file with what was found in it."""

    chosen: Chosen
    looked: Found | None
    has_rejects: bool
    may_take: bool = Field(description="Whether the asker may import what is in it.")


class Imports(BaseModel):
    """Files brought, the newest first, and what may be brought."""

    uploads: list[UploadLine]
    layouts: list[LayoutLine]
    endings: list[str]
    most_bytes: int
    most_open: int
    kept_hours: int


class Again(Body):
    """How a file is to be read; what is left out is recognised or guessed."""

    layout: Word | None = None
    columns: Annotated[dict[Column, Column], Field(max_length=100)] | None = None
    release: Annotated[str, Field(max_length=20, pattern=r"^[0-9.]*$")] | None = None
    published_on: dt.date | None = None


class Take(Body):
    """Which reading of the file was seen: `turn` of what was shown."""

    turn: Annotated[int, Field(ge=0, le=2**31 - 1)]


class Begun(BaseModel):
    """A file to look for in the list; `new` is false where it was here already."""

    id: int
    new: bool


Guess = Annotated[Literal["units", "population", "places", "acled"], Query(description="A layout with free columns.")]


@router.get("", summary="Files brought, and what may be brought")
def imports(at: At, asker: Asker) -> Imports:
    """With how far each has come."""
    with reading(at.engine) as connection:
        found = list_uploads(connection, asker, Shelf.of(at.mission), at.now())
    layouts = [
        LayoutLine(name=of.name, title=of.title, needed=list(of.needed), further=list(of.further),
                   may=allowed(asker, "create", of.object))
        for of in LAYOUTS.values()
    ]  # fmt: skip
    return Imports(
        uploads=[UploadLine(**line) for line in found], layouts=layouts, endings=list(ENDINGS), most_bytes=MOST_BYTES,
        most_open=MOST_OPEN, kept_hours=int(KEPT.total_seconds() // 3600),
    )  # fmt: skip


FILE = {
    "requestBody": {
        "required": True, "description": "The file as it is.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}  # fmt: skip


@router.post("", summary="Bring a file", openapi_extra=FILE, response_model=Begun)
async def upload(
    request: Request,
    at: At,
    asker: Asker,
    name: Annotated[Word, Query(description="What the file is called; its ending says what it is.")] = "table.csv",
) -> JSONResponse:
    """It goes to the disk piece by piece and is then looked at; nothing of it is taken yet."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in FORMS:  # what another page's form could send in somebody's name
        raise BadInput("send the file as it is, as application/octet-stream and not as a form")
    told = request.headers.get("content-length", "")
    size = int(told) if told.isascii() and told.isdecimal() else None
    coming: Counter[str] = request.app.state.arriving
    if coming[asker.id] >= MOST_ARRIVING:
        raise TooMany("you are sending {n} files already: wait until one is here", n=MOST_ARRIVING, wait_s=10)
    coming[asker.id] += 1
    try:
        return await _arrive(request, at, asker, name, size)
    finally:
        coming[asker.id] -= 1


async def _arrive(request: Request, at: House, asker: Actor, name: str, size: int | None) -> JSONResponse:
    arriving = await asyncio.to_thread(_room, at, asker, name, size)
    try:
        waiting = bytearray()
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= PIECE:
                await asyncio.to_thread(arriving.add, bytes(waiting))
                waiting.clear()
        if waiting:
            await asyncio.to_thread(arriving.add, bytes(waiting))
        id, new = await asyncio.to_thread(_brought, at, asker, name, arriving)
    except ClientDisconnect as gone:
        await asyncio.to_thread(arriving.give_up)
        raise BadInput("the file did not come to its end: send it again") from gone
    except BaseException:
        await asyncio.to_thread(arriving.give_up)
        raise
    if new:
        begin(request, id, arriving.shelf)
    else:
        await asyncio.to_thread(arriving.give_up)
    return JSONResponse({"id": id, "new": new})


def _room(at: House, asker: Actor, name: str, size: int | None) -> Arriving:
    clean_name(name)
    with reading(at.engine) as connection:
        check_room(connection, asker, MOST_OPEN + 1)  # it may be one that is here already, sent again
    return Shelf.of(at.mission).begin(size)


def _brought(at: House, asker: Actor, name: str, arriving: Arriving) -> tuple[int, bool]:
    sha256 = arriving.close()
    with writing(at.engine) as connection:
        return bring(connection, asker, name, arriving, sha256, at.now())


@router.get("/{id}", summary="One file: what it is and what an import would do")
def one(at: At, asker: Asker, id: Id) -> Upload:
    """Look again while it is worked on."""
    with reading(at.engine) as connection:
        found = upload_of(connection, asker, Shelf.of(at.mission), id, at.now())
    looked = found["looked"] or {}
    layout = LAYOUTS.get(looked.get("layout") or "")
    return Upload(**found, may_take=layout is not None and allowed(asker, "create", layout.object))


@router.get("/{id}/guess", summary="Which columns would be taken for what, as a kind of file")
def guessed(at: At, asker: Asker, id: Id, layout: Guess) -> dict[str, str]:
    """By their names alone; nothing is read anew."""
    with reading(at.engine) as connection:
        found = upload_of(connection, asker, Shelf.of(at.mission), id, at.now())
    return guess(LAYOUTS[layout], (found["looked"] or {}).get("columns") or [])


@router.post("/{id}/look", summary="Have a file read in another way", response_model=Begun)
def look(request: Request, at: At, asker: Asker, id: Id, given: Again) -> JSONResponse:
    """Nothing is taken; look at the file again to see what an import would do."""
    with writing(at.engine) as connection:
        shelf = look_again(
            connection, asker, Shelf.of(at.mission), id, given.layout, given.columns, given.release,
            given.published_on, at.now(),
        )  # fmt: skip
    begin(request, id, shelf)
    return JSONResponse({"id": id, "new": False})


@router.post("/{id}/take", summary="Import a file as it was shown", response_model=Begun)
def take_in(request: Request, at: At, asker: Asker, id: Id, given: Take) -> JSONResponse:
    """As a whole or not at all, beside the server; look at the file again to see what came of it."""
    with writing(at.engine) as connection:
        shelf = take(connection, asker, Shelf.of(at.mission), id, given.turn, at.now())
    begin(request, id, shelf)
    return JSONResponse({"id": id, "new": False})


@router.post("/{id}/drop", summary="Throw a file away", response_model=Begun)
def throw_away(at: At, asker: Asker, id: Id, given: Take) -> JSONResponse:
    """It is gone from the server's disk; what was imported before stays."""
    shelf = Shelf.of(at.mission)
    with writing(at.engine) as connection:
        name = drop(connection, asker, shelf, id, given.turn, at.now())
    shelf.remove(name)
    return JSONResponse({"id": id, "new": False})


@router.get("/{id}/rejects", summary="Rows that cannot be used, with line and reason", response_class=Response)
def rejects(at: At, asker: Asker, id: Id) -> Response:
    """CSV; nothing in it is run by a spreadsheet. Who took it stands in the audit trail."""
    demand(asker, "read", "import")
    with reading(at.engine) as connection:
        path = rejects_of(connection, asker, at.mission, id)
    with writing(at.engine) as connection:
        record(connection, at.now(), Entry(asker.id, "import.rejects", "upload", str(id)))
    return FileResponse(
        path, media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="rejects-{id}.csv"'},
    )  # fmt: skip


def begin(request: Request, id: int, shelf: str) -> None:
    """Have the importer beside this server take it up."""
    state = request.app.state
    if getattr(state, "imports", getattr(state, "reads_reports", True)):
        importer: Importer = state.importer
        importer.add(id, shelf)
