"""Layers of a mission's ground: what is taken, what is refused, and when it is known."""

import datetime as dt
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.ground import known_ground, layers
from tocsin.core.mission import Mission
from tocsin.plan.mobility import default_speeds, speed_raster
from tocsin.plan.mobility.ground import (
    LAYERS,
    add_layer,
    checkpoints_of,
    danger_of,
    grid_of,
    terrain_of,
)

GIDS = np.sort(lattice.gid_at(*(v.ravel() for v in np.meshgrid([20.25, 20.75, 21.25], [5.25, 5.75]))))
DAY = dt.date(2018, 6, 30)
WHEELED = default_speeds()[UnitKind.BASE].mode


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    folder = tmp_path / "m"
    folder.mkdir()
    return Mission(folder, "M", "", (6, 7, 8), "")


def put(path: Path, geometry: str, coordinates: object, **properties: object) -> Path:
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": geometry, "coordinates": coordinates}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


EAST_WEST = [[20.0, 5.55], [21.5, 5.55]]


def test_a_road_a_river_and_a_bridge(tmp_path: Path, mission: Mission) -> None:
    assert terrain_of(mission, GIDS, DAY) is None
    river = put(tmp_path / "rivers.geojson", "LineString", [[20.75, 4.9], [20.75, 6.1]])
    add_layer(mission, "rivers", river, dt.date(2000, 1, 1))
    assert terrain_of(mission, GIDS, DAY) is None, "a river alone only forbids"
    add_layer(mission, "roads", put(tmp_path / "r.geojson", "LineString", EAST_WEST, **{"class": "track"}), DAY)
    terrain, used = terrain_of(mission, GIDS, DAY)
    assert [f.kind for f in used] == ["rivers", "roads"]
    kmh = speed_raster(terrain, WHEELED, "dry")
    row, bridge = terrain.grid.cell(20.75 + 1e-6, 5.55)
    assert kmh[row, 1] == WHEELED.road_kmh["track"]["dry"]
    assert kmh[row, bridge] > 0, "a road crosses a river unless it says that it has no bridge"
    assert kmh[row + 5, bridge] == 0
    assert kmh[row + 5, bridge - 5] == WHEELED.off_road_kmh["dry"]
    ford = put(tmp_path / "f.geojson", "LineString", EAST_WEST, bridge=False, wet_season="closed")
    add_layer(mission, "roads", ford, DAY)
    (newest,) = (f for f in known_ground(mission, DAY).values() if f.kind == "roads" and f.path.name > "roads")
    assert newest.known_on == DAY


def test_closed_in_the_rains_and_by_date(tmp_path: Path, mission: Mission) -> None:
    path = put(tmp_path / "r.geojson", "LineString", EAST_WEST, wet_season="closed", closed="2018-06-01/2018-07-31")
    add_layer(mission, "roads", path, dt.date(2000, 1, 1))
    terrain, _ = terrain_of(mission, GIDS, DAY)
    row, col = terrain.grid.cell(20.3, 5.55)
    track, bush = WHEELED.road_kmh["track"], WHEELED.off_road_kmh
    assert speed_raster(terrain, WHEELED, "dry")[row, col] == track["dry"]
    assert speed_raster(terrain, WHEELED, "wet")[row, col] == bush["wet"]
    assert speed_raster(terrain, WHEELED, "dry", dt.date(2018, 7, 1))[row, col] == bush["dry"]


def test_a_month_sees_only_what_was_known_by_its_end(tmp_path: Path, mission: Mission) -> None:
    old = put(tmp_path / "old.geojson", "LineString", EAST_WEST)
    new = put(tmp_path / "new.geojson", "LineString", [[20.0, 5.1], [21.5, 5.1]])
    add_layer(mission, "roads", new, dt.date(2018, 7, 1))
    assert terrain_of(mission, GIDS, DAY) is None
    add_layer(mission, "roads", old, dt.date(2018, 1, 1))
    then, _ = terrain_of(mission, GIDS, DAY)
    later, _ = terrain_of(mission, GIDS, dt.date(2018, 7, 1))
    assert then.roads[0].line.coords[0][1] == 5.55
    assert later.roads[0].line.coords[0][1] == 5.1
    assert [f.source for f in layers(mission)] == ["old.geojson", "new.geojson"]


@pytest.mark.parametrize(
    ("kind", "write", "says"),
    [
        ("roads", lambda p: p.write_text("not json"), "not a GeoJSON"),
        ("roads", lambda p: p.write_text('{"type": "FeatureCollection", "features": []}'), "holds no roads"),
        ("roads", lambda p: put(p, "Point", [20, 5]), "feature 1: it is a Point"),
        ("roads", lambda p: put(p, "LineString", [[500, 5], [20, 5]]), "outside the world"),
        ("roads", lambda p: put(p, "LineString", EAST_WEST, closed="2018-99-01/2018-10-01"), "feature 1"),
        ("roads", lambda p: put(p, "LineString", "x"), "feature 1"),
        ("checkpoints", lambda p: put(p, "Point", [20.5, 5.5], hours=-1), "between 0 and 240"),
        ("water", lambda p: put(p, "LineString", EAST_WEST), "water are Polygon"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(tmp_path: Path, mission: Mission, kind, write, says) -> None:
    path = tmp_path / "in.geojson"
    write(path)
    with pytest.raises(BadFile, match=says):
        add_layer(mission, kind, path, DAY)
    assert layers(mission) == []
    assert [f for f in (mission.folder / "ground").iterdir() if f.suffix != ".part"] == []


def test_other_refusals(tmp_path: Path, mission: Mission) -> None:
    with pytest.raises(BadInput, match="there are: roads"):
        add_layer(mission, "railways", tmp_path / "x", DAY)
    with pytest.raises(BadInput, match="not a file"):
        add_layer(mission, "roads", tmp_path / "x.geojson", DAY)
    bomb = tmp_path / "r.geojson.gz"
    bomb.write_bytes(gzip.compress(b"{" + b" " * 1000)[:-6])
    with pytest.raises(BadFile, match="not a GeoJSON"):
        add_layer(mission, "roads", bomb, DAY)
    (mission.folder / "ground").mkdir(exist_ok=True)
    (mission.folder / "ground" / "roads-x.geojson").write_text("{}")
    with pytest.raises(BadFile, match="add the layer again"):
        layers(mission)


def test_rasters_from_geotiff_and_lines_from_geopackage(tmp_path: Path, mission: Mission) -> None:
    import pyogrio.raw
    import rasterio
    import shapely
    from rasterio.transform import from_origin

    speed = tmp_path / "speed.tif"
    values = np.full((10, 15), 12.0, dtype=np.float32)
    values[:, 7] = -9999
    with rasterio.open(speed, "w", driver="GTiff", height=10, width=15, count=1, dtype="float32", crs="EPSG:4326",
                       nodata=-9999.0, transform=from_origin(20.0, 6.0, 0.1, 0.1)) as out:  # fmt: skip
        out.write(values, 1)
    assert add_layer(mission, "land-speed", speed, DAY).features == 140
    terrain, _ = terrain_of(mission, GIDS, DAY)
    kmh = speed_raster(terrain, WHEELED, "dry")
    assert kmh[terrain.grid.cell(20.05, 5.95)] == 12
    assert kmh[terrain.grid.cell(20.75, 5.55)] == 0, "where the raster says nothing nobody passes"
    lines = tmp_path / "roads.gpkg"
    line = shapely.to_wkb(np.array([shapely.LineString(EAST_WEST)], dtype=object))
    pyogrio.raw.write(lines, line, [np.array(["primary"], dtype=object)], ["highway"], geometry_type="LineString",
                      crs="EPSG:4326", driver="GPKG")  # fmt: skip
    add_layer(mission, "roads", lines, DAY)
    terrain, _ = terrain_of(mission, GIDS, DAY)
    assert terrain.roads[0].road_class == "trunk"
    bad = tmp_path / "neg.tif"
    with rasterio.open(bad, "w", driver="GTiff", height=2, width=2, count=1, dtype="float32", crs="EPSG:4326",
                       transform=from_origin(20.0, 6.0, 0.5, 0.5)) as out:  # fmt: skip
        out.write(np.full((2, 2), -3.0, dtype=np.float32), 1)
    with pytest.raises(BadFile, match="below zero"):
        add_layer(mission, "land-speed", bad, DAY)


def test_checkpoints_and_danger_slow(tmp_path: Path, mission: Mission) -> None:
    add_layer(mission, "checkpoints", put(tmp_path / "c.geojson", "Point", [20.3, 5.55], hours=2), DAY)
    add_layer(mission, "roads", put(tmp_path / "r.geojson", "LineString", EAST_WEST), DAY)
    stops = checkpoints_of(mission, GIDS, DAY)
    assert stops == ((20.3, 5.55, 2.0),)
    level = np.where(lattice.gid_at(21.25, 5.75) == GIDS, 1.0, np.nan)
    terrain, _ = terrain_of(mission, GIDS, DAY)
    danger = danger_of(GIDS, level, stops)
    plain, slowed = (speed_raster(terrain, WHEELED, "dry", None, d) for d in (None, danger))
    row, col = terrain.grid.cell(21.3, 5.8)
    assert slowed[row, col] == plain[row, col] / 2
    at = terrain.grid.cell(20.3, 5.55)
    width = terrain.grid.size_km()[1]
    assert width / slowed[at] == pytest.approx(width / plain[at] + 2)


def test_the_raster_is_as_fine_as_a_quarter_of_a_million_cells_allow() -> None:
    assert grid_of(GIDS).step == 0.01
    world = np.sort(
        lattice.gid_at(*(v.ravel() for v in np.meshgrid(np.arange(0.25, 40, 0.5), np.arange(0.25, 30, 0.5))))
    )
    coarse = grid_of(world)
    assert coarse.step == 0.1
    assert coarse.rows * coarse.cols <= 250_000
    assert len(LAYERS) == len(set(LAYERS))
