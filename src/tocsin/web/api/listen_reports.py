"""Reports over HTTP: the queue, one report, and what people do with them, one or by the hundred."""

import datetime as dt
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response
from fastapi import Body as FileBody
from fastapi.responses import JSONResponse
from pydantic import Field

from tocsin.core.errors import NotFound
from tocsin.listen.alerts import handling, media, reads, telling
from tocsin.listen.alerts.ground import area_at
from tocsin.listen.alerts.summing import Rank
from tocsin.store import reading, writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.web.api.listen import (
    PROBLEMS,
    After,
    Body,
    Box,
    Degrees,
    Id,
    Key,
    Limit,
    Number,
    Rows,
    When,
    Word,
    Words,
    box,
    change,
    instant,
    rank_of,
    rows,
)
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/reports", tags=["reports"], responses=PROBLEMS)
Ranking = Annotated[Rank, Depends(rank_of)]
Ids = Annotated[list[Number], Field(min_length=1, max_length=handling.MOST)]
State = Literal["new", "waiting", "joined", "dismissed"]


class Places(Body):
    """Where reports mean: a candidate by its place in the report's list (from 0), or a point."""

    ids: Ids
    candidate: Annotated[int | None, Field(ge=0, le=100)] = None
    lon: Degrees | None = None
    lat: Degrees | None = None
    radius_km: Annotated[float, Field(ge=0, le=500)] = 5.0
    name: Word = ""


class Corrections(Body):
    """What reports mean, as a person understands them; only what is given changes."""

    ids: Ids
    threat: Word | None = None
    imminence: Word | None = None
    actor: Word | None = None
    number: Annotated[float | None, Field(ge=0, lt=1e7, allow_inf_nan=False)] = None
    denied: bool | None = None


class Acceptance(Body):
    """Into which alert; null makes a new one of them."""

    ids: Ids
    alert_id: Number | None = None


class Dismissal(Body):
    """Why they are set aside."""

    ids: Ids
    why: Literal["false", "duplicate", "not_relevant", "test", "denied", "other"]


class CallBack(Body):
    """A missed call that was called back, and what was said, if somebody answered."""

    reached: bool
    text: Words = ""
    place: Word = ""


class Told(Body):
    """A report that a person writes down: from the radio room, or a liaison assistant's."""

    kind: Literal["radio", "liaison"] = "liaison"
    text: Annotated[Words, Field(min_length=1)]
    sender: Annotated[Word, Field(description="Telephone or call sign of who said it; put under seal at once.")] = ""
    place: Word = ""
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None
    sent_at: dt.datetime | None = None
    practice: bool = False


@router.get("", summary="The queue of reports")
def list_reports(
    at: At,
    actor: Asker,
    state: Annotated[list[State] | None, Query(max_length=10)] = None,
    kind: Word | None = None,
    threat: Word | None = None,
    area: Word | None = None,
    gateway: Word | None = None,
    alert: Annotated[Number | None, Query()] = None,
    source: Word | None = None,
    practice: bool | None = None,
    conflict: Annotated[bool | None, Query(description="Same id as an earlier one, and other content.")] = None,
    call_back: Annotated[bool | None, Query(description="Missed calls that nobody called back yet.")] = None,
    since: When = None,
    until: When = None,
    bbox: Box = None,
    limit: Limit = 50,
    after: After = None,
    order: Literal["newest", "oldest"] = "newest",
) -> Rows:
    """Reports that the asker may see, by filter, a page at a time."""
    wanted = reads.ReportFilter(
        tuple(state or ()), kind, threat, area, gateway, alert, source, practice, conflict, call_back,
        instant(since), instant(until), box(bbox),
    )  # fmt: skip
    with reading(at.engine) as connection:
        return rows(reads.list_reports(connection, actor, wanted, limit, after, order == "newest"))


@router.post("", summary="Write a report down", status_code=200)
def tell(at: At, actor: Asker, told: Told, key: Key = None) -> JSONResponse:
    """Keep a report that came by radio, on a visit or by telephone; it is read like any other."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        keys = open_keys(connection, key_folder(at.mission), now)
        said = telling.Words(**told.model_dump(exclude={"sent_at"}), sent_at=instant(told.sent_at))
        taken = telling.tell(connection, keys, actor, said, now, key)
        return {"report": taken.report_id, "repeated": taken.repeated}

    return change(at, actor, "reports.tell", key, told, work)


@router.get("/{id}", summary="One report")
def read_report(at: At, actor: Asker, id: Id) -> dict[str, Any]:
    """One report with the places it may mean, its history, and the reports that contradict, correct or answer it."""
    with reading(at.engine) as connection:
        return reads.read_report(connection, actor, id)


@router.get("/{id}/media/{number}", summary="A picture or recording of a report", response_class=Response)
def read_media(at: At, actor: Asker, id: Id, number: Annotated[int, Field(ge=0, le=1000)]) -> Response:
    """A file that came with a report; never shown by the browser in our name, always saved."""
    with reading(at.engine) as connection:
        files = reads.read_report(connection, actor, id)["attachments"] or []
        if number >= len(files) or not str(files[number]["where"]).startswith(media.MARK):
            raise NotFound("the report has no such file here")
        keys = open_keys(connection, key_folder(at.mission), at.now())
    content = media.give(at.mission.folder, keys, files[number]["where"])
    headers = {"Content-Disposition": f'attachment; filename="report-{id}-{number}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.post("/{id}/picture", summary="Add a picture to a report of yours")
def add_picture(at: At, actor: Asker, id: Id, content: Annotated[bytes, FileBody(media_type="image/jpeg")]
                ) -> dict[str, int]:  # fmt: skip
    """What a camera writes beside a picture is not kept."""
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), at.now())
        return {"pictures": telling.add_picture(connection, keys, at.mission.folder, actor, id, content)}


@router.post("/place", summary="Say where reports mean")
def place(at: At, actor: Asker, rank: Ranking, given: Places, key: Key = None) -> JSONResponse:
    """Place reports; the program then joins them to what else was said."""
    spot = handling.Spot(given.candidate, given.lon, given.lat, given.radius_km, given.name)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        area = area_at(at.mission.first_level_areas(), spot.lon, spot.lat)
        return _done(handling.place(connection, actor, given.ids, spot, area, rank, now))

    return change(at, actor, "reports.place", key, given, work)


@router.post("/correct", summary="Say what reports mean")
def correct(at: At, actor: Asker, rank: Ranking, given: Corrections, key: Key = None) -> JSONResponse:
    """Correct what the program understood."""
    values = given.model_dump(exclude={"ids"}, exclude_unset=True)

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return _done(handling.correct(connection, actor, given.ids, values, rank, now))

    return change(at, actor, "reports.correct", key, given, work)


@router.post("/accept", summary="Put reports into an alert")
def accept(at: At, actor: Asker, rank: Ranking, given: Acceptance, key: Key = None) -> JSONResponse:
    """Accept reports into an alert, or into a new one."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return _done(handling.accept(connection, actor, given.ids, given.alert_id, rank, now))

    return change(at, actor, "reports.accept", key, given, work)


@router.post("/dismiss", summary="Set reports aside")
def dismiss(at: At, actor: Asker, rank: Ranking, given: Dismissal, key: Key = None) -> JSONResponse:
    """Dismiss reports; they are kept and counted."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return _done(handling.dismiss(connection, actor, given.ids, given.why, rank, now))

    return change(at, actor, "reports.dismiss", key, given, work)


@router.post("/undo/{bulk}", summary="Take back what was done in one go")
def undo(at: At, actor: Asker, rank: Ranking, bulk: Word, key: Key = None) -> JSONResponse:
    """Take back a deed by the name that its answer gave (`undo`)."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        return _done(handling.undo(connection, actor, bulk, rank, now))

    return change(at, actor, "reports.undo", key, {"bulk": bulk}, work)


@router.post("/{id}/call-back", summary="Log that a missed call was called back")
def call_back(at: At, actor: Asker, id: Id, given: CallBack, key: Key = None) -> JSONResponse:
    """Log a call-back; what was said becomes a report of the same source that answers the call."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        keys = open_keys(connection, key_folder(at.mission), now)
        answer = telling.call_back(connection, keys, actor, id, given.reached, given.text, given.place, now)
        return {"report": id, "answer": answer}

    return change(at, actor, "reports.call_back", key, {"id": id, **given.model_dump()}, work)


def _done(done: handling.Done) -> dict[str, Any]:
    return {"undo": done.bulk, "reports": list(done.reports), "alerts": list(done.alerts)}
