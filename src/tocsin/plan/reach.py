"""Who gets where in time: isochrones of the posture, one unit moved by hand, plans side by side."""

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from scipy.sparse import csr_matrix

from tocsin.core import lattice
from tocsin.core.errors import BadInput, NoData, NotFound, SetupProblem
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import last_day, month_text
from tocsin.listen.deployments.model import Unit
from tocsin.plan.actions import MOST_HOURS, largest_places
from tocsin.plan.cover import best_hours, by_area, coverage, ratios
from tocsin.plan.mobility import Grid, Overland, Speeds, ascii_grid, hours, isochrones, responders, speeds_of
from tocsin.plan.mobility.fields import Hours
from tocsin.plan.mobility.ground import checkpoints_of, danger_of, grid_of, terrain_of
from tocsin.plan.posture import WhatIf
from tocsin.plan.situation import Situation, situation
from tocsin.store import run_of

Floats = npt.NDArray[np.float64]
MOST_PLANS = 4
AREA_FILES = (".geojson", ".json")


def overland_of(
    mission: Mission, gids: npt.NDArray[np.int64], month: int, danger: Floats | None = None
) -> Overland | None:
    """Travel over the ground as known at a month's end; None where nothing is known of it.

    `danger`, if given, is the chance of deaths in each cell by which legs are slowed; shape (n_cells,).
    """
    known = terrain_of(mission, gids, last_day(month))
    if known is None:
        return None
    stops = checkpoints_of(mission, gids, last_day(month))
    level = np.zeros(len(gids)) if danger is None else danger
    slow = danger_of(gids, level, stops) if stops or danger is not None else None
    return Overland(known[0], last_day(month), slow, MOST_HOURS)


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


@dataclass(frozen=True)
class Dragged:
    """One unit moved by hand: the documented summary and how long the calculation took, seconds."""

    summary: dict[str, Any]
    seconds: float


class Board:
    """A situation with its travel times at hand, so that moving one unit answers at once.

    Parameters
    ----------
    connection : Connection
        Read while the board is set up, not afterwards.
    mission : Mission
    here : Situation
    """

    def __init__(self, connection: sa.Connection, mission: Mission, here: Situation) -> None:
        self.here = here
        self._overland = overland_of(mission, here.gids, here.month)
        self._wet = mission.wet_months
        self.lon, self.lat = largest_places(connection, here.gids)
        self._speeds = speeds_of(mission)
        self._before = self._hours(here.units)
        self._able = responders(here.units, self._speeds)
        self._suggest: dict[float, _Suggest] = {}

    def _hours(self, units: Sequence[Unit]) -> Floats:
        measure = hours if self._overland is None else self._overland.hours
        return measure(units, self.lon, self.lat, self.here.month, wet_months=self._wet, speeds=self._speeds)

    def _ratios(self, units: Sequence[Unit]) -> list[dict[str, Any]]:
        here = self.here
        area = dict(zip(here.gids.tolist(), here.land.area_names, strict=True))
        able = [u for u, can in zip(units, self._able, strict=True) if can]
        stand = [area.get(int(lattice.gid_at(u.lon, u.lat)), "") or "" for u in able]
        names = [a or "" for a in here.land.area_names]
        return [dataclasses.asdict(r) for r in ratios(able, stand, names, here.risk, here.land.people.people)]

    def move(self, unit: str, to: str, limit_hours: float = 6.0, suggest: bool = True) -> Dragged:
        """What changes if one unit stands elsewhere: reach, who gains, who loses, and the ten best moves after it.

        Parameters
        ----------
        unit : str
        to : str
            ``lon,lat``, the name of a place or of another unit.
        limit_hours : float
        suggest : bool
            Whether to look for the best moves after it (`next_best`).

        Raises
        ------
        BadInput
            If the place lies outside the mission's cells, or the hours are not above zero.
        NotFound
            If there is no such unit or place.
        """
        if not 0 < limit_hours < np.inf:
            raise BadInput("hours must lie above zero, and somewhere end")
        here, able = self.here, self._able
        moving = here.unit(unit)
        lon, lat, name = here.point(to)
        if int(lattice.gid_at(lon, lat)) not in set(here.gids.tolist()):
            raise BadInput("{to} lies outside the mission's cells", to=to)
        row = here.units.index(moving)
        new_row = self._hours([dataclasses.replace(moving, lon=lon, lat=lat)])
        if suggest and limit_hours not in self._suggest:
            self._suggest[limit_hours] = _Suggest(
                here, self._overland, self.lon, self.lat, able, limit_hours, self._wet, self._speeds
            )
        begun = time.perf_counter()
        later_hours = self._before.copy()
        later_hours[row] = new_row[0]
        folk = here.land.people.people
        people = None if np.isnan(folk).all() else folk
        first, later = best_hours(self._before[able]), best_hours(later_hours[able])
        told = {
            "unit": moving.name,
            "to": {"name": name, "lon": lon, "lat": lat},
            "as_of": month_text(here.month),
            "season": here.season,
            "limit_hours": limit_hours,
            "over": "ground" if self._overland else "straight line",
            "covered": [dataclasses.asdict(c) for c in coverage(self._before[able], here.risk, people, (limit_hours,))],
            "covered_after": [
                dataclasses.asdict(c) for c in coverage(later_hours[able], here.risk, people, (limit_hours,))
            ],
            "gains": _cells(here, np.flatnonzero((first > limit_hours) & (later <= limit_hours)), first, later),
            "loses": _cells(here, np.flatnonzero((first <= limit_hours) & (later > limit_hours)), first, later),
            "by_area": by_area(here.land.area_names, here.risk, first, later, limit_hours),
            "ratios": self._ratios(here.units),
            "ratios_after": self._ratios(
                [dataclasses.replace(u, lon=lon, lat=lat) if i == row else u for i, u in enumerate(here.units)]
            ),
            "next_best": self._suggest[limit_hours].best(later_hours) if suggest else [],
        }
        return Dragged(told, time.perf_counter() - begun)


def what_if(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    unit: str,
    to: str,
    as_of: int | None = None,
    limit_hours: float = 6.0,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Dragged:
    """What changes if one unit stands elsewhere: `Board.move` on a situation read for it."""
    if not 0 < limit_hours < np.inf:
        raise BadInput("hours must lie above zero, and somewhere end")
    here = situation(connection, mission, now, as_of, operations, tell)
    return Board(connection, mission, here).move(unit, to, limit_hours)


class _Suggest:
    """The ten best moves of units on wheels to any cell, given everybody else; all other units stay where they are."""

    def __init__(
        self, here: Situation, overland: Overland | None, x: Floats, y: Floats, able: npt.NDArray[np.bool_],
        limit: float, wet_months: tuple[int, ...], table: Speeds,
    ) -> None:  # fmt: skip
        self._here, self._limit, self._able = here, limit, able
        # Units of one kind get equally far from a new place; of another kind they may start later.
        self._kinds: list[tuple[list[int], csr_matrix]] = []
        for kind in sorted({u.kind for u, can in zip(here.units, able, strict=True) if can}):
            mover = table[kind]
            if not mover.mode.road_kmh:
                continue
            if overland is None:
                probes = [Unit("", kind, float(a), float(b), 1) for a, b in zip(x, y, strict=True)]
                away = hours(probes, x, y, here.month, wet_months=wet_months, speeds=table)
            else:
                away = overland.travel(mover.mode, here.season, x, y, x, y) + mover.start_hours[here.season]
            rows = [i for i, u in enumerate(here.units) if able[i] and u.kind is kind]
            self._kinds.append((rows, csr_matrix((away <= limit).T.astype(np.int8))))

    def best(self, later: Floats) -> list[dict[str, Any]]:
        """Moves from the posture with these hours, each place once, by what they bring within reach."""
        from scipy.sparse import hstack

        here = self._here
        n = len(here.gids)
        found: dict[int, tuple[float, int]] = {}
        for rows, from_cells in self._kinds:
            others = [i for i in range(len(here.units)) if self._able[i] and i not in rows]
            held = (later[others] <= self._limit).any(axis=0) if others else np.zeros(n, dtype=bool)
            stand = csr_matrix((later[rows] <= self._limit).T.astype(np.int8))
            what = WhatIf(
                hstack([from_cells, stand], format="csr"), np.where(held, 0.0, here.risk), np.zeros(n),
                np.zeros(n, dtype=np.int64), np.zeros(n + len(rows), dtype=np.int64),
                list(range(n, n + len(rows))), [here.units[i].strength or 0 for i in rows],
            )  # fmt: skip
            for s in what.next_best(10 + len(rows)):
                if s.place < n and s.gain > found.get(s.place, (0.0, 0))[0]:
                    found[s.place] = (s.gain, rows[s.unit])
        told = []
        for place, (gain, row) in sorted(found.items(), key=lambda f: (-f[1][0], f[0]))[:10]:
            lon, lat = (float(v) for v in lattice.centre(here.gids[place]))
            told.append({"unit": here.units[row].name, "gid": int(here.gids[place]), "near": here.name_of(lon, lat),
                         "area": here.land.area_names[place] or None, "gain": gain})  # fmt: skip
        return told


def _cells(here: Situation, rows: npt.NDArray[np.int64], first: Floats, later: Floats) -> list[dict[str, Any]]:
    order = rows[np.argsort(-here.risk[rows], kind="stable")]
    return [
        {"gid": int(here.gids[i]), "area": here.land.area_names[i] or None, "risk": float(here.risk[i]),
         "hours_before": float(first[i]) if np.isfinite(first[i]) else None,
         "hours_after": float(later[i]) if np.isfinite(later[i]) else None}
        for i in order
    ]  # fmt: skip


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
        if plan is None or "moves" not in plan or "covered_after" not in plan:
            raise NotFound("there is no plan {run}; `tocsin plan --json` gives a plan's run", run=run)
        areas = plan.get("by_area", [])
        change = [(a["within_after"] - a["within"], a["area"]) for a in areas]
        found.append({
            "run": run, "as_of": plan["as_of"], "season": plan["season"], "limit_hours": plan["limit_hours"],
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
