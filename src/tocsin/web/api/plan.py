"""Plan over HTTP: the newest plan as it was drawn up, with the units it rests on."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tocsin.assess.ground import land_of
from tocsin.core.errors import NoData
from tocsin.core.time import parse_month
from tocsin.listen.places.reads import gazetteer
from tocsin.plan.actions import units_of
from tocsin.store import reading
from tocsin.store.policy import allowed, demand
from tocsin.store.runs import latest_run
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/plan", tags=["plan"])


class UnitPoint(BaseModel):
    """A unit where it stands; null strength is unknown."""

    name: str
    kind: str
    lon: float
    lat: float
    strength: int | None


class Cover(BaseModel):
    """Shares (0 to 1) within some hours, before and after the plan's moves; null where nothing is known."""

    hours: float
    risk: float | None
    risk_after: float | None
    people: float | None
    people_after: float | None


class PlanMove(BaseModel):
    """One recommended change; `gain` is expected killed that come within reach on top of the moves before it."""

    what: str
    unit: str
    kind: str
    origin: str | None
    origin_lon: float | None
    origin_lat: float | None
    gid: int
    place: str
    area: str
    lon: float
    lat: float
    gain: float


class Loss(BaseModel):
    """A place that is reached later, or no longer."""

    gid: int
    place: str
    area: str
    expected: float
    before_hours: float | None
    after_hours: float | None
    lost: bool


class Ratio(BaseModel):
    """Troops against people and expected killed of an area; null where unknown."""

    area: str
    troops: int | None
    people: float | None
    expected: float | None
    per_1000_people: float | None
    per_death: float | None


class NewestPlan(BaseModel):
    """The newest plan. `units` is null for who may not see where units stand."""

    run: str
    as_of: str
    season: str
    limit_hours: float
    horizon: int
    target: str
    proven: bool
    units: list[UnitPoint] | None
    cover: list[Cover]
    moves: list[PlanMove]
    losses: list[Loss]
    ratios: list[Ratio]
    assumes: list[str]


@router.get("/newest")
def newest(at: At, asker: Asker) -> NewestPlan:
    """Coverage before and after, the moves, who loses, and the ratios."""
    demand(asker, "read", "plan")
    with reading(at.engine) as connection:
        found = latest_run(connection, "plan")
        if found is None:
            raise NoData("there is no plan yet: import units, then run `tocsin plan`")
        made = found[1]
        month = parse_month(made["as_of"])
        names = gazetteer(connection)
        units = None
        if allowed(asker, "read", "deployment"):
            stand = units_of(connection, land_of(connection, at.mission, month), month).units
            units = [
                UnitPoint(name=u.name, kind=u.kind.value, lon=u.lon, lat=u.lat, strength=u.strength) for u in stand
            ]

    def name(lon: float, lat: float) -> str:
        near = names.nearest(lon, lat)
        return near.name if near else ""

    after = {c["limit_hours"]: c for c in made["covered_after"]}
    return NewestPlan(
        run=found[0], as_of=made["as_of"], season=made["season"], limit_hours=made["limit_hours"],
        horizon=made["horizon"], target=made["target"], proven=made["gap"] == 0, units=units,
        cover=[
            Cover(
                hours=c["limit_hours"], risk=c["risk_share"], people=c["people_share"],
                risk_after=after[c["limit_hours"]]["risk_share"], people_after=after[c["limit_hours"]]["people_share"],
            )
            for c in made["covered"]
        ],
        moves=[_move(m, name) for m in made["moves"]],
        losses=[
            Loss(
                gid=w["gid"], place=name(w["lon"], w["lat"]), area=w["area"] or "", expected=round(w["risk"], 2),
                before_hours=w["hours_before"], after_hours=w["hours_after"], lost=w["loses_reach"],
            )
            for w in made["worse"]
        ],
        ratios=[
            Ratio(
                area=r["area"], troops=r["troops"], people=r["people"], expected=r["risk"],
                per_1000_people=r["troops_per_1000_people"], per_death=r["troops_per_expected_death"],
            )
            for r in made["ratios"]
        ],
        assumes=made["assumes"],
    )  # fmt: skip


def _move(m: dict[str, Any], name: Any) -> PlanMove:
    left = m["from"] or (None, None)
    return PlanMove(
        what=m["what"], unit=m["unit"], kind=m["kind"], origin=name(*m["from"]) if m["from"] else None,
        origin_lon=left[0], origin_lat=left[1], gid=m["gid"], place=name(m["lon"], m["lat"]), area=m["area"] or "",
        lon=m["lon"], lat=m["lat"], gain=round(m["gain"], 2),
    )  # fmt: skip
