"""Who gets where in time: isochrones of the posture, and plans side by side."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.core.errors import BadInput, NoData, NotFound, SetupProblem
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import last_day, month_text
from tocsin.plan.actions import MOST_HOURS
from tocsin.plan.mobility import (
    Grid,
    Overland,
    ascii_grid,
    isochrones,
    responders,
    speeds_of,
)
from tocsin.plan.mobility.fields import Hours
from tocsin.plan.mobility.ground import checkpoints_of, danger_of, grid_of, terrain_of
from tocsin.plan.situation import situation
from tocsin.store import run_of

Floats = npt.NDArray[np.float64]
MOST_PLANS = 4
AREA_FILES = (".geojson", ".json")


def overland_of(
    mission: Mission, gids: npt.NDArray[np.int64], month: int, danger: Floats | None = None, closed: Sequence[Any] = ()
) -> Overland | None:
    """Travel over the ground as known at a month's end; None where nothing is known of it.

    `danger`, if given, is the chance of deaths in each cell by which legs are slowed; shape (n_cells,). `closed` are
    lines (shapely) that cannot be crossed on the ground, as rivers are.
    """
    known = terrain_of(mission, gids, last_day(month))
    if known is None:
        return None
    stops = checkpoints_of(mission, gids, last_day(month))
    level = np.zeros(len(gids)) if danger is None else danger
    slow = danger_of(gids, level, stops) if stops or danger is not None else None
    terrain = replace(known[0], barriers=[*known[0].barriers, *closed])
    return Overland(terrain, last_day(month), slow, MOST_HOURS)


@dataclass(frozen=True)
class Reached:
    """Hours in which somebody arrives, on a raster; `left_out` are units that cannot respond."""

    grid: Grid
    field: Hours
    names: list[str]
    left_out: list[str]
    month: int
    season: str


def reach(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    as_of: int | None = None,
    units: Sequence[str] = (),
    operations: tuple[str, ...] = (),
    night: bool = False,
    payload: float = 0.0,
    tell: Progress = silent,
) -> Reached:
    """Hours until the first of some units (all that respond if none is named) arrives, over the mission's ground.

    Raises
    ------
    NoData
        If nothing is known of the ground.
    NotFound
        If there is no such unit.
    """
    here = situation(connection, mission, now, as_of, operations, tell)
    overland = overland_of(mission, here.gids, here.month)
    if overland is None:
        raise NoData("no roads are known as of {month}: add them with `tocsin plan ground add roads FILE`",
                     month=month_text(here.month))  # fmt: skip
    chosen = [here.unit(name) for name in units] if units else here.units
    table, grid = speeds_of(mission).under(night, payload), grid_of(here.gids)
    able = [u for u, can in zip(chosen, responders(chosen, table), strict=True) if can]
    field = np.full((grid.rows, grid.cols), np.inf, dtype=np.float32)
    lon, lat = np.meshgrid(grid.lons, grid.lats)
    for kind in sorted({u.kind for u in able}):
        mover = table[kind]
        places = [(u.lon, u.lat) for u in able if u.kind is kind]
        start = mover.start_hours[here.season]
        if mover.mode.radius_km < 0:
            continue
        if mover.mode.road_kmh or mover.mode.off_road_kmh or mover.mode.water_kmh:
            inside = [p for p in places if _on(grid, *p)]
            if inside:
                surface = overland.fields(mover.mode, here.season)
                field = np.minimum(field, surface.nearest(inside, [start] * len(inside)))
        else:
            for x, y in places:
                away = overland.travel(mover.mode, here.season, np.array([x]), np.array([y]), lon.ravel(), lat.ravel())
                field = np.minimum(field, (away[0] + start).reshape(field.shape).astype(np.float32))
    left_out = [u.name for u in chosen if u not in able]
    return Reached(grid, field, [u.name for u in able], left_out, here.month, here.season)


def _on(grid: Grid, lon: float, lat: float) -> bool:
    try:
        grid.cell(lon, lat)
    except BadInput:
        return False
    return True


def write_reach(found: Reached, path: Path, limits: Sequence[float]) -> None:
    """Isochrones as GeoJSON, or the hours as GeoTIFF (extra ``geofiles``) or Esri ASCII grid, by the file's ending.

    Raises
    ------
    BadInput
        If the ending is none of these or a limit is not above zero.
    """
    check_reach_file(path, limits)
    suffix = path.suffix.lower()
    if suffix in AREA_FILES:
        path.write_text(json.dumps(isochrones(found.grid, found.field, sorted(limits))), encoding="utf-8")
    elif suffix == ".asc":
        path.write_text(ascii_grid(found.grid, found.field), encoding="ascii")
    else:
        _write_tiff(found, path)


def check_reach_file(path: Path, limits: Sequence[float]) -> None:
    """Refuse a file or limits that `write_reach` could not write, before any work is done for it.

    Raises
    ------
    BadInput
    """
    if not limits or not all(0 < limit < np.inf for limit in limits):
        raise BadInput("hours must lie above zero, and somewhere end")
    if path.suffix.lower() not in (*AREA_FILES, ".asc", ".tif", ".tiff"):
        raise BadInput("'{name}' must end with .geojson, .tif or .asc", name=path.name)


def _write_tiff(found: Reached, path: Path) -> None:
    try:
        import rasterio
        from rasterio.transform import from_origin
    except ImportError:
        raise SetupProblem("GeoTIFF needs the extra `geofiles` (pip install 'tocsin[geofiles]'); .asc works without"
                           ) from None  # fmt: skip
    grid = found.grid
    with rasterio.open(
        path, "w", driver="GTiff", height=grid.rows, width=grid.cols, count=1, dtype="float32", crs="EPSG:4326",
        nodata=-9999.0, transform=from_origin(grid.west, grid.north, grid.step, grid.step), compress="deflate",
    ) as out:  # fmt: skip
        out.write(np.where(np.isfinite(found.field), found.field, -9999.0).astype(np.float32), 1)
        out.update_tags(units="hours", season=found.season, month=month_text(found.month))


def compare_plans(connection: sa.Connection, runs: Sequence[str]) -> list[dict[str, Any]]:
    """Up to four plans on the same axes: reach, changes, proof, deaths associated with them, areas that gain or lose.

    Raises
    ------
    BadInput
        If there are not two to four.
    NotFound
        If there is no such plan.
    """
    if not 2 <= len(set(runs)) <= MOST_PLANS or len(set(runs)) != len(runs):
        raise BadInput("name two to four different plans by their run; `tocsin plan --json` gives it")
    found = []
    for run in runs:
        plan = run_of(connection, run)
        if plan is not None and "axes" in plan:  # for one objective: its own value is another measure
            plan = {**plan, **plan["axes"]}
        if plan is None or "moves" not in plan or "covered_after" not in plan:
            raise NotFound("there is no plan {run}; `tocsin plan --json` gives a plan's run", run=run)
        areas = plan.get("by_area", [])
        change = [(a["within_after"] - a["within"], a["area"]) for a in areas]
        found.append({
            "run": run, "objective": plan.get("objective"),
            "as_of": plan["as_of"], "season": plan["season"], "limit_hours": plan["limit_hours"],
            "over": "ground" if plan.get("ground") else "straight line",
            "adds": sum(m["what"] == "add" for m in plan["moves"]),
            "moves": sum(m["what"] == "move" for m in plan["moves"]),
            "before": plan["before"], "value": plan["value"], "bound": plan["bound"], "gap": plan["gap"],
            "covered_after": plan["covered_after"], "association": plan.get("association"),
            "cells_worse": len(plan["worse"]), "unreachable": len(plan["unreachable"]),
            "gains_most": max(change)[1] if change and max(change)[0] > 0 else None,
            "loses_most": min(change)[1] if change and min(change)[0] < 0 else None,
            "worst_off": min(((a["within_after"] / a["risk"], a["area"]) for a in areas if a["risk"] > 0),
                             default=(None, None))[1],
        })  # fmt: skip
    return found
