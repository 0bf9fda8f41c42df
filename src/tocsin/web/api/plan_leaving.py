"""Leaving over HTTP: in which order to close bases, and the watch on what was left; asked for, read, taken as a map."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from tocsin.core.errors import NotFound
from tocsin.core.words import translator
from tocsin.plan.drawdown import actions, contingency
from tocsin.plan.drawdown.gapmap import gap_map
from tocsin.plan.drawdown.order import SECOND
from tocsin.plan.printed import said
from tocsin.plan.wishes import AskedLeave, AskedWatch, list_leaving
from tocsin.plan.wishes.leaving import MOST_HOURS, MOST_KEPT, MOST_LEARNED, MOST_SECONDS, MOST_STEPS
from tocsin.store import reading, run_of, writing
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor, demand
from tocsin.web.api.listen import PROBLEMS, Body, Key, Word
from tocsin.web.api.plan_parts import RUN
from tocsin.web.api.plan_patrols import Name
from tocsin.web.api.plan_wishes import AskedLine, put
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/api/plan/leaving", tags=["plan"], responses=PROBLEMS)
RunId = Annotated[str, Path(pattern=RUN, description="Run of the order or the watch.")]
Limit = Annotated[float, Field(gt=0, le=MOST_HOURS, allow_inf_nan=False)]
Step = Annotated[int, Field(ge=1, le=600)]
Steps = Annotated[dict[Name, Step], Field(max_length=MOST_KEPT, default_factory=dict)]
Cost = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Leaving(Body):
    """An order of closing to find. Months count from 1, the first after the month planned from.

    `not_before` says from which month what must be in place is ready, `by` by which a base must be closed; `contracts`
    (month a contract ends) and `costs` (a month, in any one currency) are only compared with.
    """

    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 6
    keep: Annotated[int, Field(ge=0, le=MOST_KEPT)] = 0
    limit_hours: Limit = 6.0
    not_before: Steps
    by: Steps
    contracts: Steps
    costs: Annotated[dict[Name, Cost], Field(max_length=MOST_KEPT, default_factory=dict)]
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS, allow_inf_nan=False)] = 30.0


class Watching(Body):
    """A watch on each area since the month of leaving (the usual: as long ago as the watch is stated for)."""

    left: Annotated[str | None, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = None
    baseline: Annotated[int, Field(ge=6, le=MOST_LEARNED)] = 24
    months: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 24
    false_alarm: Annotated[float, Field(ge=0.01, le=0.5)] = 0.1
    limit_hours: Limit = 6.0
    floor: Annotated[float, Field(gt=0, le=1)] = 0.5


class LeavingLine(AskedLine):
    """An order or a watch asked for. `state` is waiting, working, done, refused or stopped."""

    objective: Literal["drawdown", "contingency"]


class GapCell(BaseModel):
    """A cell that loses reach or has none: expected deaths a month, people (null: not known), hours (null: nobody)."""

    gid: int
    lon: float
    lat: float
    area: str | None
    near: str
    deaths_a_month: float
    people: float | None
    nearest_hours: float | None


class Need(BaseModel):
    """What must be in place before a step; `there_now` is null where the mission keeps no list: ask."""

    who: str
    need: str = ""
    what: str
    where: list[str]
    there_now: list[str] | None


class Closes(BaseModel):
    """A base that closes."""

    unit: str
    strength: int | None


class LeavingStep(BaseModel):
    """One month: what closes, what stays within reach, who loses it, and what must be in place before."""

    step: int
    month: str
    season: str
    closes: list[Closes]
    open: int
    protection: float
    out_of_reach: float
    deaths_a_month_losing_reach: float
    people_losing_reach: float | None
    loses_reach: list[GapCell]
    in_place_before: list[Need]


class OtherOrder(BaseModel):
    """The same closings in another order: `by` is greedy, cost, size or contract; `kept_more` what ours keeps more."""

    by: str = ""
    order: str
    value: float
    curve: list[float]
    kept_more: float


class BaseLine(BaseModel):
    """A base and the step it closes in; null: it stays."""

    unit: str
    lon: float
    lat: float
    step: int | None


class OrderMade(BaseModel):
    """An order of closing; `value` over all months, and no order has more than `bound`."""

    kind: Literal["drawdown"] = "drawdown"
    run: str
    as_of: str
    limit_hours: float
    over: str
    bases: int
    stay_to_the_end: list[str]
    kept: list[str]
    units: list[BaseLine]
    expected_deaths_a_month: float
    before: float
    value: float
    bound: float
    gap: float
    proven: bool
    price_of_order: float
    steps: list[LeavingStep]
    compared: list[OtherOrder]
    residual: list[GapCell]
    assumes: list[str]
    worse: list[str]
    method: str


class LateSeen(BaseModel):
    """How late a rise is seen: mean months and the share seen within `months`, each with one standard error."""

    ratio: float
    months: int
    within: float
    within_error: float
    mean: float
    mean_error: float


class BackBase(BaseModel):
    """Where a temporary base would come back."""

    gid: int
    near: str
    lon: float
    lat: float


class Back(BaseModel):
    """The least that would come back; shares of the area's expected deaths within reach (null: none expected)."""

    bases: list[BackBase]
    share_before: float | None
    share_after: float | None
    restores_floor: bool
    proven: bool = False


class WatchedArea(BaseModel):
    """An area: what is quiet, what came, whether the watch alarms, and how often and how late it errs."""

    area: str
    quiet_a_month: float
    last_month: int
    last_3_months: int
    statistic: float
    threshold: float
    alarm: bool
    first_alarm: str | None
    events_next_month_that_raise_it: int | None
    false_alarm: float
    false_alarm_between: tuple[float, float] | None = None
    delays: list[LateSeen]
    protected_share: float | None
    back: Back | None


class WatchMade(BaseModel):
    """A watch on each area since leaving."""

    kind: Literal["contingency"] = "contingency"
    run: str
    as_of: str
    left: str
    baseline_from: str
    months: int
    false_alarm_asked: float
    limit_hours: float
    floor: float
    areas: list[WatchedArea]
    assumes: list[str]
    worse: list[str]
    method: str


@router.get("", summary="Orders of closing and watches asked for, the newest first")
def lines(at: At, asker: Asker) -> list[LeavingLine]:
    """With how far each has come."""
    with reading(at.engine) as connection:
        return [LeavingLine(**one) for one in list_leaving(connection, asker, at.now())]


@router.post("/order", summary="Ask for an order of closing bases")
def order(request: Request, at: At, asker: Asker, given: Leaving, key: Key = None) -> JSONResponse:
    """It is looked for beside the server; look for it in the list."""
    return put(request, at, asker, "plan.drawdown", AskedLeave(**given.model_dump()), given, key)


@router.post("/watch", summary="Ask for a watch on what was left")
def watch(request: Request, at: At, asker: Asker, given: Watching, key: Key = None) -> JSONResponse:
    """It is worked out beside the server; look for it in the list."""
    return put(request, at, asker, "plan.contingency", AskedWatch(**given.model_dump()), given, key)


@router.get("/{run}", summary="What came of it: an order month by month, or a watch area by area")
def made(at: At, asker: Asker, run: RunId, lang: Word | None = None) -> OrderMade | WatchMade:
    """Sentences are in the language asked for, or the mission's."""
    words = translator(lang or at.mission.language)
    found = _run(at, asker, run)
    told = {**found, "worse": [words(line) for line in found["worse"]]}
    if "steps" in found:
        return OrderMade.model_validate(
            {**told, "assumes": said(found["assumes"], actions.ASSUMES, words, second=SECOND)}
        )
    return WatchMade.model_validate(
        {**told, "assumes": said(found["assumes"], contingency.ASSUMES, words, **contingency.CAME)}
    )


@router.get("/{run}/map", summary="An order of closing as a map (GeoJSON)", response_class=Response)
def gaps(at: At, asker: Asker, run: RunId) -> Response:
    """Bases with their step, cells that lose reach, and those out of reach at the end. Who took it is written down."""
    found = _run(at, asker, run)
    if "steps" not in found:
        raise NotFound("a watch has no map: open its areas in the list")
    body = json.dumps(gap_map(found), ensure_ascii=False, allow_nan=False)
    with writing(at.engine) as connection:
        record(connection, at.now(), Entry(asker.id, "plan.map", "plan", run))
    name = f'attachment; filename="drawdown-{run}.geojson"'
    return Response(body, media_type="application/geo+json", headers={"Content-Disposition": name})


def _run(at: House, asker: Actor, run: str) -> dict[str, Any]:
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    with reading(at.engine) as connection:
        found = run_of(connection, run)
    if found is None or not ({"steps", "residual"} <= set(found) or {"areas", "false_alarm_asked"} <= set(found)):
        raise NotFound("there is no such order or watch: ask for one in the form")
    return found
