"""Plan over HTTP, by the optimiser: a plan asked for in a form, how far it has come, and where to find it."""

import datetime as dt
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from tocsin.plan.wishes import Asked, Planner, ask, list_wishes
from tocsin.plan.wishes.model import MOST_HOURS, MOST_SECONDS, Wanted
from tocsin.store import reading
from tocsin.store.policy import Actor
from tocsin.web.api.listen import PROBLEMS, Body, Key, change
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/api/plan/wishes", tags=["plan"], responses=PROBLEMS)
Objective = Literal["harm", "worst-draws", "worst-area", "equity", "cost", "flying-hours", "disruption"]


class Wished(Body):
    """A plan to draw up. `request` has the names of the file of `tocsin plan --request`."""

    objective: Objective = "harm"
    additional: Annotated[int, Field(ge=0, le=20)] = 3
    moves: Annotated[int, Field(ge=0, le=200)] = 3
    limit_hours: Annotated[float, Field(gt=0, le=MOST_HOURS, allow_inf_nan=False)] = 6.0
    season: Literal["", "dry", "wet"] = ""
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS, allow_inf_nan=False)] = 30.0
    request: Annotated[dict[str, Any], Field(default_factory=dict)]


class Trouble(BaseModel):
    """Why there is no plan; `demands` is a smallest set that cannot be met together, in the words of the request."""

    code: str
    title: str
    demands: list[str]


class Change(BaseModel):
    """One change of the plan that came of it."""

    what: str
    unit: str
    kind: str
    near: str | None
    area: str | None
    gid: int | None


class AskedLine(BaseModel):
    """Something asked for of the planner. `state` is waiting, working, done, refused or stopped; `run` what came."""

    id: int
    demands: dict[str, Any]
    state: str
    step: str
    run: str | None
    problem: Trouble | None
    asked_at: dt.datetime
    seconds: float | None
    mine: bool


class WishLine(AskedLine):
    """A plan asked for. `state` is waiting, working, done, refused or stopped; `run` names the plan that came of it."""

    objective: str
    changes: list[Change] | None


@router.get("", summary="Plans asked for, the newest first")
def wishes(at: At, asker: Asker) -> list[WishLine]:
    """With how far each has come."""
    with reading(at.engine) as connection:
        return [WishLine(**w) for w in list_wishes(connection, asker, at.now())]


@router.post("", summary="Ask for a plan under demands")
def wish(request: Request, at: At, asker: Asker, given: Wished, key: Key = None) -> JSONResponse:
    """It is drawn up beside the server; look for it in the list."""
    return put(request, at, asker, "plan.wish", Asked(**given.model_dump()), given, key)


def put(
    request: Request, at: House, asker: Actor, deed: str, asked: Wanted, given: Body, key: str | None
) -> JSONResponse:
    """Write down what is wanted, and have the planner beside this server take it up."""
    new: list[int] = []

    def work(connection: sa.Connection, now: dt.datetime) -> dict[str, Any]:
        new.append(ask(connection, asker, asked, now))
        return {"id": new[0]}

    told = change(at, asker, deed, key, given, work)
    state = request.app.state
    if getattr(state, "plans", getattr(state, "reads_reports", True)):
        planner: Planner = state.planner
        for id in new:
            planner.take(id)
    return told
