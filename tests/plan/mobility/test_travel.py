import datetime as dt
import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile, BadInput
from tocsin.listen.deployments import Unit
from tocsin.plan.mobility import (
    Danger,
    Fields,
    Grid,
    Road,
    Terrain,
    ascii_grid,
    default_speeds,
    fields_of,
    hours,
    isochrones,
    lifelines,
    read_speeds,
    speed_raster,
    unit_hours,
)
from tocsin.plan.mobility.speeds import DEFAULTS


def plane(n, m=None, step=1.0):
    return Grid(0.0, n * step, step, n, m or n, plane=True)


def test_constant_speed_on_paper():
    times = Fields(plane(7), np.full((7, 7), 2.0)).field(3.5, 3.5)
    assert times[3, 3] == 0
    assert times[3, 5] == pytest.approx(1.0)  # 2 km at 2 km/h
    assert times[2, 2] == pytest.approx(np.sqrt(2) / 2)
    assert times[1, 2] == pytest.approx(np.sqrt(5) / 2)  # a knight's move


def test_worst_error_against_the_exact_solutions():
    n = 201
    rows, cols = np.mgrid[0:n, 0:n]
    away = np.hypot(rows - 100, cols - 100)
    away[100, 100] = np.nan
    constant = Fields(plane(n), np.full((n, n), 5.0)).field(100.5, 100.5)
    assert np.nanmax(np.abs(constant - away / 5) / (away / 5)) <= 0.0275
    # speed rising to the north: v = v0 + g y
    y, ys = n - 0.5 - rows, n - 0.5 - 100.0
    v0, g = 5.0, 0.05
    exact = np.arccosh(1 + g**2 * away**2 / (2 * (v0 + g * y) * (v0 + g * ys))) / g
    found = Fields(plane(n), v0 + g * y).field(100.5, 100.5)
    assert np.nanmax(np.abs(found - exact) / exact) <= 0.0275


def test_drive_then_walk():
    n, fast, slow = 201, 40.0, 5.0
    kmh = np.full((n, n), slow)
    kmh[100] = fast
    times = Fields(plane(n), kmh).field(0.5, 100.5)
    angle = np.arccos(slow / fast)
    x, y = 180.0, 60.0  # where the off-road leg is long beside the width of the road
    exact = x / fast + y * np.sin(angle) / slow
    assert times[100 - 60, 180] == pytest.approx(exact, rel=0.0275)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_symmetric_monotone_triangle_and_scaling(seed):
    rng = np.random.default_rng(seed)
    n = 24
    kmh = rng.uniform(1, 30, (n, n))
    kmh[rng.random((n, n)) < 0.15] = 0
    places = [(float(x), float(y)) for x, y in rng.integers(0, n, (3, 2)) + 0.5]
    for lon, lat in places:
        kmh[plane(n).cell(lon, lat)] = 10
    fields = Fields(plane(n), kmh)
    a, b, c = fields.fields(places)
    (ra, ca), (rb, cb), (rc, cc) = (plane(n).cell(*p) for p in places)
    assert a[rb, cb] == pytest.approx(b[ra, ca], rel=1e-5)
    assert a[rc, cc] <= (a[rb, cb] + b[rc, cc]) * (1 + 1e-5)
    np.testing.assert_allclose(fields.nearest(places), np.minimum(np.minimum(a, b), c), rtol=1e-6)
    np.testing.assert_array_equal(Fields(plane(n), kmh / 2).field(*places[0]), a * 2)
    faster = Fields(plane(n), kmh * rng.uniform(1, 2, (n, n))).field(*places[0])
    assert np.all(faster <= a * (1 + 1e-5))


def test_cutoff_is_exact_and_nothing_lies_beyond():
    kmh = np.full((1, 100), 60.0)
    full = Fields(plane(1, 100), kmh).field(0.5, 0.5)
    cut = Fields(plane(1, 100), kmh, cutoff_hours=1.0).field(0.5, 0.5)
    assert np.isfinite(cut).sum() == 61  # 60 km at 60 km/h: 60 minutes means 60
    np.testing.assert_array_equal(cut[:, :61], full[:, :61])


def test_neither_little_room_nor_the_way_steps_are_worked_out_changes_a_field(monkeypatch):
    rng = np.random.default_rng(5)
    kmh = rng.uniform(1, 60, (30, 40))
    kmh[rng.random((30, 40)) < 0.2] = 0
    kmh[15, 20] = 5
    plain = Fields(plane(30, 40), kmh).field(20.5, 14.5)
    level = Fields(plane(30, 40), kmh, np.full((30, 40), 700.0)).field(20.5, 14.5)
    np.testing.assert_allclose(level, plain, rtol=1e-5)
    monkeypatch.setattr("tocsin.plan.mobility.fields.LEAST_ROOM", 1)
    np.testing.assert_array_equal(Fields(plane(30, 40), kmh).field(20.5, 14.5), plain)


def test_uphill_differs_from_downhill():
    climb = np.repeat(np.arange(20.0)[None, :] * 50, 3, axis=0)  # 5 % to the east
    fields = Fields(plane(3, 20), np.full((3, 20), 4.0), climb, uphill=3.5, downhill=2.0)
    up, down = fields.field(0.5, 1.5)[1, 19], fields.field(19.5, 1.5)[1, 0]
    assert up == pytest.approx(19 / 4 * np.exp(3.5 * 0.05), rel=1e-5)
    assert down == pytest.approx(19 / 4 * np.exp(2.0 * 0.05), rel=1e-5)


def test_a_barrier_holds_whatever_its_angle_until_it_has_a_crossing():
    grid = plane(30)
    mode = default_speeds()[UnitKind.BASE].mode
    for line in ([(0, 0), (30, 30)], [(0, 3), (30, 17)], [(15.2, 0), (15.7, 30)]):
        terrain = Terrain(grid, barriers=[shapely.LineString(line)])
        assert np.isinf(fields_of(terrain, mode, "dry").field(2.5, 28.5)[28, 28])
    crossed = Terrain(grid, barriers=[shapely.LineString(line)], crossings=[(15.4, 15.0)])
    assert np.isfinite(fields_of(crossed, mode, "dry").field(2.5, 28.5)[28, 28])


def test_roads_close_by_date_and_season_and_water_bars_all_but_boats():
    grid = plane(9)
    road = Road(
        shapely.LineString([(0, 4.5), (9, 4.5)]),
        "track",
        ((dt.date(2024, 7, 1), dt.date(2024, 7, 31)),),
        ("dry", "wet"),
    )
    lake = shapely.box(3, 0, 6, 3)
    terrain = Terrain(grid, roads=[road], water=[lake])
    wheeled = default_speeds()[UnitKind.BASE].mode
    open_ = speed_raster(terrain, wheeled, "dry", dt.date(2024, 6, 30))
    shut = speed_raster(terrain, wheeled, "dry", dt.date(2024, 7, 31))
    assert (open_[4] == 20).all()
    assert (shut[4] == 8).all()
    assert (open_[6:, 3:6] == 0).all()
    from dataclasses import replace

    boat = replace(wheeled, off_road_kmh={}, road_kmh={}, water_kmh={"dry": 15.0, "wet": 18.0})
    assert (speed_raster(terrain, boat, "wet")[6:, 3:6] == 18).all()
    assert speed_raster(terrain, wheeled, "wet")[0, 0] < open_[0, 0]


def test_danger_slows_and_forbids_and_a_checkpoint_takes_its_time():
    grid = plane(1, 10)
    terrain = Terrain(grid, land_kmh=np.full((1, 10), 10.0))
    mode = default_speeds()[UnitKind.BASE].mode
    level = np.zeros((1, 10))
    plain = fields_of(terrain, mode, "dry").field(0.5, 0.5)[0, 9]
    wait = Danger(level, checkpoints=((5.5, 0.5, 0.5),))
    assert fields_of(terrain, mode, "dry", danger=wait).field(0.5, 0.5)[0, 9] == pytest.approx(plain + 0.5, rel=1e-5)
    level[0, 5] = 1.0
    assert np.isinf(fields_of(terrain, mode, "dry", danger=Danger(level, forbid=0.9)).field(0.5, 0.5)[0, 9])


def test_kept_fields_isochrones_and_text():
    grid = Grid(20.0, 5.0, 0.1, 10, 10)
    fields = Fields(grid, np.full((10, 10), 10.0))
    one = fields.field(20.05, 4.95)
    assert fields.field(20.05, 4.95) is one
    np.testing.assert_array_equal(fields.between([(20.05, 4.95), (20.5, 4.5)], grid.lons, grid.lats)[0], np.diag(one))
    found = isochrones(grid, one, [1.2, 100])
    assert [f["properties"]["hours"] for f in found["features"]] == [1.2, 100]
    assert shapely.from_geojson(json.dumps(found["features"][1]["geometry"])).area == pytest.approx(1.0)
    assert ascii_grid(grid, one).splitlines()[0] == "ncols 10"
    times = unit_hours([(20.05, 4.95)], [1.0], fields, [20.05, 99.0], [4.95, 0.0])
    assert times.tolist() == [[1.0, np.inf]]


def test_a_helicopter_stays_at_night_and_flies_less_far_loaded():
    unit = [Unit("h", UnitKind.HELICOPTER, 20.0, 5.0, 10)]
    assert np.isinf(hours(unit, [20.1], [5.0], 463, night=True)).all()
    assert np.isfinite(hours(unit, [21.5], [5.0], 463)).all()  # 166 km
    assert np.isinf(hours(unit, [21.5], [5.0], 463, payload=1.0)).all()


def test_bad_speeds_are_refused(tmp_path):
    with pytest.raises(BadInput, match="row 1, column 2"):
        Fields(plane(2), [[1, -1], [1, 1]])
    text = DEFAULTS.read_text()
    for change, says in (
        (text.replace("straight_kmh = { dry = 20.0, wet = 8.0 }", "straight_kmh = { dry = 20.0 }"), "wet season"),
        (text.replace("dry = 20.0, wet = 8.0 }\noff", "dry = -20.0, wet = 8.0 }\noff"), "zero or more"),
        (text.replace("[kinds.tob]", "[kinds.nothing]"), "kind tob"),
        ("no = toml = here", "TOML"),
    ):
        path = tmp_path / "speeds.toml"
        path.write_text(change)
        with pytest.raises(BadFile, match=says):
            read_speeds(path)


def test_the_road_that_everything_hangs_on_is_named():
    grid = plane(9, 30)
    north = Road(shapely.LineString([(0, 7.5), (30, 7.5)]))
    south = Road(shapely.LineString([(0, 1.5), (30, 1.5)]))
    terrain = Terrain(grid, [north, south], barriers=[shapely.LineString([(0, 4.5), (30, 4.5)])])
    mode = default_speeds()[UnitKind.BASE].mode
    given = (terrain, mode, "dry", [(0.5, 7.5), (0.5, 1.5)], [0.0, 0.0])
    lines = lifelines(*given, [29.5, 29.5, 1.5], [7.5, 1.5, 7.5], np.array([1.0, 5.0, 9.0]), 1.0)
    assert [(line.road, line.lost) for line in lines] == [(1, (1,)), (0, (0,))]  # 29 km off the road take 3.6 h
