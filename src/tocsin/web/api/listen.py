"""What the routes of reports and alerts share: how requests are read, changed things written, pages given."""

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Header, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.once import once
from tocsin.listen.alerts.reads import Page
from tocsin.listen.alerts.summing import Rank, not_ranked
from tocsin.store import writing
from tocsin.store.policy import Actor
from tocsin.web.who import House

LARGEST = 2**63 - 1
Number = Annotated[int, Field(ge=1, le=LARGEST)]
Id = Annotated[int, Path(ge=1, le=LARGEST, description="Number of the report or alert.")]
Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
Words = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Reason = Annotated[
    Word, Field(description="Why, in a few words or a case number; kept in the audit trail, so no name or number.")
]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=200, pattern=r"^[^\x00]*$",
           description="Any word of your own; the same request sent again with it does nothing twice."),
]  # fmt: skip
Limit = Annotated[int, Query(ge=1, le=200, description="Rows a page.")]
After = Annotated[Word | None, Query(description="`next` of the page before.")]
When = Annotated[dt.datetime | None, Query(description="ISO 8601 with a zone.")]
Box = Annotated[Word | None, Query(description="west,south,east,north in degrees; west may be larger than east.")]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


class Problem(BaseModel):
    """What is wrong, in one sentence that says what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    wrong: dict[str, str] | None = Field(default=None, description="A sentence for each wrong field, where it is told.")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": why, "content": {"application/problem+json": {}}}
    for code, why in (
        (400, "The request cannot be read."),
        (401, "Nobody is signed in."),
        (403, "The role does not allow it."),
        (404, "There is no such thing, or it is not for you."),
        (409, "Somebody was faster, or it contradicts what is known."),
        (422, "What was given is wrong."),
        (503, "The records are held by somebody else; try again."),
    )
}


class Body(BaseModel):
    """A request's body: nothing it does not know is let through in silence."""

    model_config = ConfigDict(extra="forbid")


class Rows(BaseModel):
    """A page."""

    rows: list[dict[str, Any]]
    next: str | None = Field(description="Give it as `after` for the page after this one; null when there is none.")


def rows(page: Page) -> Rows:
    """A page as it goes out."""
    return Rows(rows=[dict(r) for r in page.rows], next=page.next)


async def rank_of(request: Request) -> Rank:
    """How this house ranks alerts."""
    found: Rank = getattr(request.app.state, "rank", not_ranked)
    return found


def change(
    house: House,
    actor: Actor,
    name: str,
    key: str | None,
    body: Any,
    work: Callable[[sa.Connection, dt.datetime], dict[str, Any]],
) -> JSONResponse:
    """Do one change in one transaction, once a key."""
    now = house.now()
    asked = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
    with writing(house.engine) as connection:
        answer, again = once(connection, actor.id, name, key, asked, now, lambda: work(connection, now))
    return JSONResponse(answer, headers={"Idempotent-Replayed": "true"} if again else None)


def box(text: str | None) -> tuple[float, float, float, float] | None:
    """Four numbers of a bounding box."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(v) for v in text.split(","))
    except ValueError as problem:
        raise BadInput("a box is west,south,east,north in degrees") from problem
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        raise BadInput("a box is west,south,east,north in degrees")
    return west, south, east, north


def instant(value: dt.datetime | None) -> dt.datetime | None:
    """An instant with a zone; without one it is UTC."""
    if value is None:
        return None
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError as problem:
        raise BadInput("that time lies beyond all calendars") from problem
