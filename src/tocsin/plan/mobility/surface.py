"""How fast one can move in every cell of a raster: roads, water, closures, barriers and danger laid over the land.

Files of a mission's ground are read by `tocsin.plan.mobility.ground`; here they are shapely geometries and arrays.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from tocsin.core.errors import BadInput
from tocsin.plan.mobility.fields import Fields, Floats, Grid
from tocsin.plan.mobility.speeds import Mode

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Road:
    """A stretch of road: its line (lon, lat), its class (a key of the mode's `road_kmh`) and when it is closed.

    `closed` holds pairs of first and last day (inclusive); `seasons` those in which it can be used at all. `bridge`:
    while it is open it crosses barriers, which stay closed beside it.
    """

    line: Any
    road_class: str = "trunk"
    closed: tuple[tuple[dt.date, dt.date], ...] = ()
    seasons: tuple[str, ...] = ("dry", "wet")
    bridge: bool = False

    def open_on(self, day: dt.date | None, season: str) -> bool:
        """Whether it can be used on a day (or, without a day, in a season)."""
        shut = day is not None and any(first <= day <= last for first, last in self.closed)
        return season in self.seasons and not shut


@dataclass(frozen=True)
class Terrain:
    """What lies in the mission's area, before any way of moving is chosen.

    Parameters
    ----------
    grid : Grid
    roads : sequence of Road
    water : sequence of shapely polygons
        Lakes and wide rivers: barred to ground modes, open to boats.
    barriers : sequence of shapely lines
        Rivers, front lines, berms: cannot be crossed on the ground, except at `crossings` and on roads that are said
        to have a bridge there (a crossing).
    crossings : sequence of (lon, lat)
    land_kmh : ndarray, shape (rows, cols), optional
        A user's own cross-country speed for the mode and season (from land cover, say); 0 bars. Replaces the mode's.
    climb_m : ndarray, shape (rows, cols), optional
        Elevation. Leave it out when slopes are already in `land_kmh`: they must not count twice.
    """

    grid: Grid
    roads: Sequence[Road] = ()
    water: Sequence[Any] = ()
    barriers: Sequence[Any] = ()
    crossings: Sequence[tuple[float, float]] = ()
    land_kmh: Floats | None = None
    climb_m: Floats | None = None


@dataclass(frozen=True)
class Danger:
    """Insecurity on the way: a raster of danger (0 to 1) that slows, and beyond `forbid` bars; checkpoints cost time.

    A cell of danger d is passed at 1 - `slowing` d of the speed. Each checkpoint (lon, lat, hours) slows its cell so
    that crossing it takes that much longer.
    """

    level: Floats
    slowing: float = 0.5
    forbid: float = 1.01
    checkpoints: tuple[tuple[float, float, float], ...] = ()


def line_cells(grid: Grid, line: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns a line passes through (every quarter of a cell is looked at)."""
    rows: list[npt.NDArray[np.int64]] = []
    cols: list[npt.NDArray[np.int64]] = []
    for part in shapely.get_parts(line):
        points = shapely.get_coordinates(shapely.segmentize(part, grid.step / 4))
        r = np.floor((grid.north - points[:, 1]) / grid.step).astype(np.int64)
        c = np.floor((points[:, 0] - grid.west) / grid.step).astype(np.int64)
        inside = (r >= 0) & (r < grid.rows) & (c >= 0) & (c < grid.cols)
        rows.append(r[inside])
        cols.append(c[inside])
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(rows), np.concatenate(cols)


def speed_raster(
    terrain: Terrain, mode: Mode, season: str, day: dt.date | None = None, danger: Danger | None = None
) -> Floats:
    """Speed in every cell, km/h; 0 where one cannot pass.

    Order: open land, then water and barriers bar it, then open roads are laid on top (a road does not cross a barrier
    without a crossing or a bridge), then danger and checkpoints slow what is left.
    """
    grid = terrain.grid
    shape = (grid.rows, grid.cols)
    kmh = np.full(shape, mode.off_road_kmh.get(season, 0.0))
    if terrain.land_kmh is not None:
        kmh = np.asarray(terrain.land_kmh, dtype=np.float64).copy()
        if kmh.shape != shape or not np.all(np.isfinite(kmh) & (kmh >= 0)):
            raise BadInput("the land-speed raster must hold a speed of zero or more in every cell of the grid")
    wet = np.zeros(shape, dtype=bool)
    x, y = np.meshgrid(grid.lons, grid.lats)
    for polygon in terrain.water:
        shapely.prepare(polygon)
        wet |= shapely.contains_xy(polygon, x, y)
    kmh[wet] = mode.water_kmh.get(season, 0.0)
    barred = np.zeros(shape, dtype=bool)
    for line in terrain.barriers:
        barred[line_cells(grid, line)] = True
    for lon, lat in terrain.crossings:
        barred[grid.cell(lon, lat)] = False
    if mode.water_kmh:
        barred[:] = False  # a boat is on the river, not stopped by it
    for road in terrain.roads:
        speeds = mode.road_kmh.get(road.road_class)
        if speeds and road.open_on(day, season):
            at = line_cells(grid, road.line)
            kmh[at] = np.maximum(kmh[at], speeds[season])
            if road.bridge:
                barred[at] = False
    kmh[barred] = 0.0
    if danger is not None:
        level = np.asarray(danger.level, dtype=np.float64)
        if level.shape != shape or not np.all((level >= 0) & (level <= 1)):
            raise BadInput("danger must be a number from 0 to 1 in every cell of the grid")
        if not 0 <= danger.slowing <= 1:
            raise BadInput("danger slows by a share from 0 to 1")
        kmh = kmh * (1 - danger.slowing * level)
        kmh[level >= danger.forbid] = 0.0
        width = grid.size_km()[1]
        for lon, lat, wait in danger.checkpoints:
            at_cell = grid.cell(lon, lat)
            if kmh[at_cell] > 0:
                kmh[at_cell] = width / (width / kmh[at_cell] + wait)
    return kmh


def fields_of(
    terrain: Terrain,
    mode: Mode,
    season: str,
    day: dt.date | None = None,
    danger: Danger | None = None,
    cutoff_hours: float = np.inf,
) -> Fields:
    """The travel-time engine of one mode and season on this terrain."""
    kmh = speed_raster(terrain, mode, season, day, danger)
    return Fields(
        terrain.grid,
        kmh,
        terrain.climb_m,
        uphill=mode.uphill,
        downhill=mode.downhill,
        cutoff_hours=cutoff_hours,
    )


def roads_from_geojson(document: Mapping[str, Any], class_of: str = "class", default: str = "trunk") -> list[Road]:
    """Roads of a GeoJSON FeatureCollection; the road class stands in the property `class_of`.

    Raises
    ------
    BadInput
        If it is not a FeatureCollection or a feature's geometry cannot be read.
    """
    from shapely.geometry import shape

    if document.get("type") != "FeatureCollection":
        raise BadInput("roads must be a GeoJSON FeatureCollection")
    found = []
    for number, feature in enumerate(document.get("features", []), start=1):
        try:
            line = shape(feature["geometry"])
        except Exception as problem:
            raise BadInput("road {number} has no usable geometry", number=number) from problem
        if line.geom_type in ("LineString", "MultiLineString"):
            known = str((feature.get("properties") or {}).get(class_of) or default)
            found.append(Road(line, "trunk" if known == "motorway" else known))
    return found


def unit_hours(
    places: Sequence[tuple[float, float]],
    start_hours: Sequence[float],
    fields: Fields,
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
) -> Floats:
    """Hours from units of one mode to points: start-up time plus travel, shape (n_units, n_points).

    The same shape as `tocsin.plan.mobility.hours`, for use in its place.
    """
    made = fields.fields(places)
    rows = [fields.at(f, lon, lat) + s for f, s in zip(made, start_hours, strict=True)]
    return np.array(rows) if rows else np.empty((0, np.size(lon)))
