"""Assess over HTTP: the risk of every cell and month, and one cell in full. Cells an actor may not see are left out."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
import shapely
import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel
from shapely.geometry import mapping

from tocsin.assess.drivers import between
from tocsin.assess.ground import Land
from tocsin.assess.reads import LEVELS, assessed_land, grid, heard_of, latest_assessed, may_see, reporting_for
from tocsin.brief.cell import cell_facts, position
from tocsin.brief.map import STEPS
from tocsin.core import lattice
from tocsin.core.errors import Forbidden, NoData
from tocsin.core.time import month_text
from tocsin.learn.record.here import here, newest_record, rows_near
from tocsin.listen.places.reads import gazetteer
from tocsin.listen.places.tables import place
from tocsin.store import reading
from tocsin.store.policy import only_readable
from tocsin.web.api.rests import Comparison, Covered, HeardHere, RestsOn, comparison, heard, rests_on
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/assess", tags=["assess"])
Numbers = list[float | None]


class CellName(BaseModel):
    """Where a cell is: `place` is the nearest named place, `km` and `bearing` lead from it to the cell's centre."""

    gid: int
    lon: float
    lat: float
    area: str
    place: str
    km: float | None
    bearing: float | None
    people: float | None


class Ahead(BaseModel):
    """One month's forecast of each cell, in the order of `cells`; null where nothing is forecast."""

    month: str
    mean: Numbers
    p_any: Numbers
    low_80: Numbers
    high_80: Numbers


class Behind(BaseModel):
    """One month's recorded deaths of each cell; null where no source looks, which is not zero."""

    month: str
    deaths: Numbers


class RiskMap(BaseModel):
    """The risk map: what was recorded and what is expected, cell by cell and month by month.

    `steps` are the upper ends of the shades, deaths a cell and month; `reporting` is empty where an older assessment
    did not keep it.
    """

    run: str
    as_of: str
    target: str
    targets: list[str]
    model: str
    models: list[str]
    source: str
    vintage: str
    reconstructed: bool
    steps: list[float]
    size_deg: float
    cells: list[CellName]
    hidden_cells: int
    history: list[Behind]
    forecast: list[Ahead]
    reporting: list[Covered]


class Fan(BaseModel):
    """A month's forecast of one cell; `quantiles` in the order of `levels`."""

    month: str
    mean: float | None
    p_any: float | None
    quantiles: Numbers


class Happened(BaseModel):
    """A recorded event in which civilians were killed."""

    day: dt.date
    place: str
    side_a: str
    side_b: str
    deaths: float
    headline: str
    source: str


class Reached(BaseModel):
    """Hours a unit needs; null hours: it cannot get there, null strength: unknown."""

    name: str
    kind: str
    strength: int | None
    hours: float | None


class Driver(BaseModel):
    """One reason, as facts: `kind` names it, `numbers` are its figures, `names` its actors."""

    kind: str
    numbers: dict[str, float]
    names: list[str]
    day: dt.date | None


class JudgedHere(BaseModel):
    """Forecasts of the newest backtest judged in a cell, or in the eight around it; null where there is nothing."""

    forecasts: int
    months_with_killing: int
    counted: float
    expected: float
    chance_when_killing: float | None
    chance_when_quiet: float | None


class RecordHere(BaseModel):
    """How good forecasts have been here, and around."""

    cell: JudgedHere
    around: JudgedHere


class CellPage(BaseModel):
    """One cell in full; `units` null: no unit is known; `record` null: no forecast of it has been judged.

    `rests_on` null: the assessment kept nothing of this model's forecasts.
    """

    cell: CellName
    as_of: str
    target: str
    model: str
    levels: list[float]
    history: list[Behind]
    forecast: list[Fan]
    reasons: list[Driver]
    rests_on: RestsOn | None
    heard: HeardHere
    events: list[Happened]
    units: list[Reached] | None
    neighbours: list[CellName]
    record: RecordHere | None


def _numbers(values: Any, digits: int = 3) -> Numbers:
    return [round(v, digits) if v == v else None for v in np.asarray(values, dtype=float).tolist()]


def names_of(connection: sa.Connection, land: Land, indices: Iterable[int]) -> list[CellName]:
    """Where cells are, by their indices in the land's order."""
    names = gazetteer(connection)
    gids = land.ground.gids
    lon, lat = lattice.centre(gids)
    found = []
    for i in indices:
        near = names.nearest(float(lon[i]), float(lat[i]))
        people = float(land.people.people[i])
        found.append(
            CellName(
                gid=int(gids[i]), lon=float(lon[i]), lat=float(lat[i]), area=land.area_names[i],
                place=near.name if near else "", km=round(near.distance_km, 1) if near else None,
                bearing=round(near.bearing) if near else None, people=round(people) if people == people else None,
            )
        )  # fmt: skip
    return found


@router.get("/map")
def risk_map(
    at: At, asker: Asker, target: str = "", model: str = "", months: Annotated[int, Query(ge=1, le=240)] = 36
) -> RiskMap:
    """Recorded deaths of the last months and the forecast of the months ahead, for every cell the asker may see."""
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        found = grid(at.mission, done, target, model)
        land = assessed_land(connection, at.mission, done)
        seen = np.flatnonzero(may_see(asker, land))
        cells = names_of(connection, land, seen.tolist())
        covered = reporting_for(asker, land, done)
    ahead = found.ahead
    first = max(0, len(found.recorded) - months)
    return RiskMap(
        run=found.run, as_of=done.summary["as_of"], target=found.target,
        targets=done.summary.get("targets") or ["civilians", "sb", "ns", "os"],
        model=found.model, models=done.summary["models"], source=done.summary["source"],
        vintage=done.summary["vintage"], reconstructed=done.summary["vintage_kind"] == "reconstructed",
        steps=list(STEPS), size_deg=lattice.SIZE_DEG, cells=cells, hidden_cells=len(found.gids) - len(seen),
        history=[
            Behind(month=month_text(found.first_month + k), deaths=_numbers(found.recorded[k, seen], 2))
            for k in range(first, len(found.recorded))
        ],
        forecast=[
            Ahead(
                month=month_text(found.as_of + 1 + k), mean=_numbers(ahead["mean"][k, seen]),
                p_any=_numbers(ahead["p_any"][k, seen]), low_80=_numbers(ahead["q10"][k, seen], 2),
                high_80=_numbers(ahead["q90"][k, seen], 2),
            )
            for k in range(len(ahead["mean"]))
        ],
        reporting=[Covered(**row) for row in covered],
    )  # fmt: skip


@router.get("/area")
def area(at: At, asker: Asker) -> dict[str, Any]:
    """The mission's outline and first-level areas, as GeoJSON (lon, lat)."""
    parts = [
        {"type": "Feature", "properties": {"level": 1, "code": a.code, "name": a.name}, "geometry": _shape(a.polygon)}
        for a in at.mission.first_level_areas()
    ]
    outline = at.mission.area()
    whole = {"level": 0, "code": at.mission.iso3, "name": at.mission.name}
    features = [] if outline is None else [{"type": "Feature", "properties": whole, "geometry": _shape(outline)}]
    return {"type": "FeatureCollection", "features": [*features, *parts]}


@router.get("/places")
def places(at: At, asker: Asker, most: Annotated[int, Query(ge=1, le=500)] = 60) -> dict[str, Any]:
    """The largest named places, as GeoJSON points (lon, lat), for the labels of a map; `rank` 1 is the largest."""
    with reading(at.engine) as connection:
        rows = connection.execute(
            only_readable(
                sa.select(place.c.name, place.c.lon, place.c.lat, place.c.population)
                .where(place.c.in_area)
                .order_by(sa.func.coalesce(place.c.population, -1).desc(), place.c.id)
                .limit(most),
                place,
                asker,
            )
        ).fetchall()
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": r.name, "rank": rank, "population": r.population},
                "geometry": {"type": "Point", "coordinates": [r.lon, r.lat]},
            }
            for rank, r in enumerate(rows, start=1)
        ],
    }


def _shape(polygon: Any) -> dict[str, Any]:
    return dict(mapping(shapely.set_precision(polygon, 1e-4)))  # some 10 m: finer than any line of the map


@router.get("/cells/{gid}")
def cell(at: At, asker: Asker, gid: int, target: str = "", model: str = "") -> CellPage:
    """One cell: its history, forecast, what that rests on, events, units and neighbours."""
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        found = grid(at.mission, done, target, model)
        land = assessed_land(connection, at.mission, done)
        i = position(found, gid)
        seen = may_see(asker, land)
        if not seen[i]:
            raise Forbidden("cell {gid} lies outside your areas", gid=gid)
        facts = cell_facts(connection, at.mission, land, found, gid)
        beside = [position(found, g) for g in facts.neighbours]
        named = names_of(connection, land, [i, *(k for k in beside if seen[k])])
    return CellPage(
        cell=named[0], as_of=done.summary["as_of"], target=found.target, model=found.model,
        levels=[float(f"0.{name[1:]}") for name in LEVELS],
        history=[
            Behind(month=month_text(found.first_month + k), deaths=_numbers(found.recorded[k, i : i + 1], 2))
            for k in range(len(found.recorded))
        ],
        forecast=[
            Fan(
                month=month_text(found.as_of + 1 + k), mean=_numbers(found.ahead["mean"][k, i : i + 1])[0],
                p_any=_numbers(found.ahead["p_any"][k, i : i + 1])[0],
                quantiles=_numbers([found.ahead[name][k, i] for name in LEVELS], 2),
            )
            for k in range(len(found.ahead["mean"]))
        ],
        reasons=[driver(r) for r in facts.reasons],
        rests_on=rests_on(done.reasons_file(at.mission), found, gid), heard=heard(heard_of(at.mission, done), i),
        events=[
            Happened(day=e.first_day, place=e.place, side_a=e.side_a, side_b=e.side_b, deaths=e.deaths,
                     headline=e.headline, source=e.source)
            for e in facts.events
        ],
        units=None if facts.units is None else [
            Reached(name=u.name, kind=u.kind, strength=u.strength,
                    hours=None if u.hours is None else round(u.hours, 2))
            for u in facts.units
        ],
        neighbours=named[1:],
        record=_record(at, gid, found.target, found.model),
    )  # fmt: skip


@router.get("/cells/{gid}/against/{other}")
def against(at: At, asker: Asker, gid: int, other: int, target: str = "", model: str = "") -> list[Comparison]:
    """Why here and not there: the difference of two cells' contrasts with the typical cell, for each month kept.

    Empty where the assessment kept nothing of this model's forecasts, or nothing is forecast in one of the cells.
    """
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        found = grid(at.mission, done, target, model)
        seen = may_see(asker, assessed_land(connection, at.mission, done))
    for one in (gid, other):
        if not seen[position(found, one)]:
            raise Forbidden("cell {gid} lies outside your areas", gid=one)
    file = done.reasons_file(at.mission)
    return [] if file is None else [comparison(c) for c in between(file, found.target, found.model, gid, other)]


def _record(at: Any, gid: int, target: str, model: str) -> RecordHere | None:
    try:
        told = here(rows_near(newest_record(at.mission), gid, target, model), gid, target, model)
    except NoData:
        return None
    return RecordHere(cell=JudgedHere(**told["cell"]), around=JudgedHere(**told["around"]))


def driver(reason: Any) -> Driver:
    """A reason as it goes out."""
    facts = vars(reason)
    return Driver(
        kind=type(reason).__name__,
        numbers={k: round(float(v), 2) for k, v in facts.items() if isinstance(v, int | float)},
        names=list(facts.get("actors", ())),
        day=facts.get("last_on"),
    )
