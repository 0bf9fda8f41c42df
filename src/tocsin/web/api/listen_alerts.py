"""Alerts over HTTP: the queue, one alert, splitting and merging. What is decided about them is act's."""

import datetime as dt
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from tocsin.listen.alerts import handling, reads
from tocsin.listen.alerts.summing import Rank
from tocsin.store import reading
from tocsin.web.api.listen import (
    LARGEST,
    PROBLEMS,
    After,
    Body,
    Box,
    Id,
    Key,
    Limit,
    Number,
    Rows,
    When,
    Word,
    box,
    change,
    instant,
    rank_of,
    rows,
)
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/alerts", tags=["alerts"], responses=PROBLEMS)
Ranking = Annotated[Rank, Depends(rank_of)]
Changed = Annotated[int, Field(ge=0, le=LARGEST, description="The alert's counter `changed` as you saw it.")]
State = Literal["open", "acknowledged", "decided", "closed", "merged", "dismissed"]


class Split(Body):
    """Which reports leave, and the counter of the alert as it was seen."""

    reports: Annotated[list[Number], Field(min_length=1, max_length=handling.MOST)]
    changed: Changed


class Merge(Body):
    """Which alert's reports come in, and both counters as they were seen."""

    other: Number
    changed: Changed
    other_changed: Changed


@router.get("", summary="The queue of alerts")
def list_alerts(
    at: At,
    actor: Asker,
    state: Annotated[list[State] | None, Query(description="Default: those that are not over.")] = None,
    threat: Word | None = None,
    area: Word | None = None,
    level: Literal["1", "2", "3", "4"] | None = None,
    component: Literal["civilian", "military", "police", "partner"] | None = None,
    practice: bool | None = None,
    since: When = None,
    until: When = None,
    bbox: Box = None,
    order: Literal["priority", "heard_at"] = "priority",
    limit: Limit = 50,
    after: After = None,
) -> Rows:
    """Alerts that the asker may see, the most urgent first, a page at a time."""
    wanted = reads.AlertFilter(
        tuple(state) if state else reads.OPEN, threat, area, level, component, practice, instant(since),
        instant(until), box(bbox), order,
    )  # fmt: skip
    with reading(at.engine) as connection:
        return rows(reads.list_alerts(connection, actor, wanted, limit, after))


@router.get("/counts", summary="How many reports and alerts are in each state")
def counts(at: At, actor: Asker) -> dict[str, dict[str, int]]:
    """Of those the asker may see."""
    with reading(at.engine) as connection:
        return reads.count_states(connection, actor)


@router.get("/{id}", summary="One alert")
def read_alert(at: At, actor: Asker, id: Id) -> dict[str, Any]:
    """One alert with its reports and its history, as far as the asker may see them."""
    with reading(at.engine) as connection:
        return reads.read_alert(connection, actor, id)


@router.post("/{id}/split", summary="Take reports out into a new alert")
def split(at: At, actor: Asker, rank: Ranking, id: Id, given: Split, key: Key = None) -> JSONResponse:
    """Split an alert; gives the new one's number."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        done, new = handling.split(connection, actor, id, given.changed, given.reports, rank, now)
        return {"undo": done.bulk, "reports": list(done.reports), "alerts": list(done.alerts), "new": new}

    return change(at, actor, "alerts.split", key, {"id": id, **given.model_dump()}, work)


@router.post("/{id}/merge", summary="Put another alert's reports into this one")
def merge(at: At, actor: Asker, rank: Ranking, id: Id, given: Merge, key: Key = None) -> JSONResponse:
    """Merge two alerts."""

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        done = handling.merge(connection, actor, id, given.changed, given.other, given.other_changed, rank, now)
        return {"undo": done.bulk, "reports": list(done.reports), "alerts": list(done.alerts)}

    return change(at, actor, "alerts.merge", key, {"id": id, **given.model_dump()}, work)
