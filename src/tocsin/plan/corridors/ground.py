"""The network of a mission: its area as a raster, with the roads it knows and the events of the past year on it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError

from tocsin.core import lattice
from tocsin.core.errors import BadFile, NotFound
from tocsin.core.mission import Mission
from tocsin.core.time import last_day
from tocsin.plan.corridors.model import Network
from tocsin.plan.corridors.network import grid_network
from tocsin.plan.mobility import Grid, Mode, Road, Terrain, roads_from_geojson, speed_raster
from tocsin.plan.mobility.ground import checkpoints_of, terrain_of
from tocsin.plan.situation import Situation, hazard_per_hour

MOST_CELLS = 24_000  # of the raster: keeps the search within seconds
HAZARD_KM = 25.0  # events within this of the convoy count as met
HAZARD_MONTHS = 12


def read_roads(path: Path) -> list[Road]:
    """Roads of a GeoJSON file; a property ``wet_season`` of ``closed`` keeps a road out of the rains.

    Raises
    ------
    NotFound
        If there is no such file.
    BadFile
        If it is not GeoJSON of lines.
    """
    if not path.exists():
        raise NotFound("there is no file {name}: give a GeoJSON file of roads", name=path.name)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        features = list(document["features"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise BadFile(
            "{name} cannot be read as a GeoJSON FeatureCollection ({why})", name=path.name, why=problem
        ) from problem
    found = []
    for number, feature in enumerate(features, start=1):
        try:
            kind = (feature.get("geometry") or {}).get("type")
            if kind in ("LineString", "MultiLineString"):
                road = roads_from_geojson({"type": "FeatureCollection", "features": [feature]})[0]
                shut = (feature.get("properties") or {}).get("wet_season") == "closed"
                found.append(Road(road.line, road.road_class, seasons=("dry",)) if shut else road)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, ShapelyError) as problem:
            raise BadFile(
                "{name}: feature {number} is no line ({why})", name=path.name, number=number, why=problem
            ) from problem
    if not found:
        raise BadFile("{name} holds no line: give roads as LineStrings", name=path.name)
    return found


def mission_grid(mission: Mission, gids: Any) -> tuple[Grid, Any]:
    """A raster over the mission's cells, as fine as `MOST_CELLS` allows, and which of its cells lie in the area."""
    squares = lattice.squares(gids)
    west, south, east, north = shapely.union_all(squares).bounds
    step = next(
        s for s in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
        if ((east - west) / s) * ((north - south) / s) <= MOST_CELLS or s == 10.0
    )  # fmt: skip
    grid = Grid(west, north, step, max(1, round((north - south) / step)), max(1, round((east - west) / step)))
    outline = mission.area()
    if outline is None:
        outline = shapely.union_all(squares)
    shapely.prepare(outline)
    x, y = np.meshgrid(grid.lons, grid.lats)
    return grid, shapely.contains_xy(outline, x, y)


Stop = tuple[float, float, float]


@dataclass(frozen=True)
class Passable:
    """What a convoy moves over.

    Parameters
    ----------
    network : Network
    over : str
        ``roads`` (of a file given), ``ground`` (what the mission knows) or ``straight line`` (nothing is known).
    layers : tuple of str
        Layers of the ground used.
    stops : tuple of (lon, lat, hours)
        Checkpoints that were counted: those given and those the mission knows of.
    cell_km : float
        Height of a cell of the raster.
    """

    network: Network
    over: str
    layers: tuple[str, ...]
    stops: tuple[Stop, ...]
    cell_km: float


def mission_network(
    mission: Mission,
    now: Situation,
    mode: Mode,
    season: str,
    roads: Sequence[Road] = (),
    closed: Sequence[Stop] = (),
    stops: Sequence[Stop] = (),
    straight: bool = False,
) -> Passable:
    """Network of the mission's area for one way of moving.

    With roads of a file, the convoy moves at its speed on them and across country between them; without, over the
    ground as the mission knew it (roads, rivers, crossings, checkpoints); where nothing is known, or when `straight`
    is asked for, every cell is passed at the mode's speed made good as the crow flies. Exposure is the expected number
    of events within `HAZARD_KM` of the convoy while it passes, at the rate of the past year.

    Parameters
    ----------
    closed : sequence of (lon, lat, km)
        Discs nobody may enter.
    stops : sequence of (lon, lat, hours)
        Checkpoints and what they cost, besides those the mission knows of.
    """
    from tocsin.core.geometry import distance_km

    grid, inside = mission_grid(mission, now.gids)
    day = last_day(now.month)
    known = None if roads or straight else terrain_of(mission, now.gids, day, grid)
    over = "straight line"
    layers: tuple[str, ...] = ()
    if roads:
        kmh, over = speed_raster(Terrain(grid, roads), mode, season), "roads"
    elif known is not None:
        kmh, over = speed_raster(known[0], mode, season, day), "ground"
        layers = tuple(f"{layer.kind} ({layer.source}, known {layer.known_on})" for layer in known[1])
    else:
        kmh = np.full(inside.shape, mode.straight_kmh[season])
    kmh[~inside] = 0.0
    x, y = np.meshgrid(grid.lons, grid.lats)
    south, east = grid.north - grid.rows * grid.step, grid.west + grid.cols * grid.step
    met = [s for s in checkpoints_of(mission, now.gids, day) if grid.west <= s[0] < east and south < s[1] <= grid.north]
    stops = (*stops, *met)
    for lon, lat, km in closed:
        kmh[distance_km(x, y, lon, lat) < km] = 0.0
    height = grid.size_km()[1]
    for lon, lat, wait in stops:
        row, col = grid.cell(lon, lat)
        if kmh[row, col] > 0:
            kmh[row, col] = height / (height / kmh[row, col] + wait)
    past = now.recent(HAZARD_MONTHS)
    hazard = hazard_per_hour(past, HAZARD_MONTHS, x.ravel(), y.ravel(), HAZARD_KM).reshape(x.shape)
    return Passable(grid_network(grid, kmh, hazard), over, layers, stops, height)
