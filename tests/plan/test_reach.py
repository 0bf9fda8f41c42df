"""Who gets where in time, one unit moved by hand, plans side by side: checked against great circles and paper."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from tests.conftest import NOW

from tocsin.core import lattice
from tocsin.core.errors import BadFile, BadInput, NoData, NotFound, SetupProblem
from tocsin.core.geometry import distance_km
from tocsin.core.time import parse_month
from tocsin.plan.actions import largest_places
from tocsin.plan.mobility.speeds import DEFAULTS
from tocsin.plan.reach import reach, write_reach
from tocsin.plan.situation import situation


def road(path: Path, *points: tuple[float, float], **properties: object) -> Path:
    feature = {"type": "Feature", "properties": {"class": "trunk", **properties},
               "geometry": {"type": "LineString", "coordinates": points}}  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


@pytest.fixture
def roads(tocsin, tmp_path):
    """One trunk road from Alpha due east."""
    file = road(tmp_path / "roads.geojson", (20.05, 5.255), (21.95, 5.255))
    tocsin("plan", "ground", "add", "roads", file, "--known", "2015-01-01", "--licence", "ODbL")


def within_straight(here, points, units, limit, radius=200.0):
    """Best hours by hand (great circle at 20 km/h; an hour's start for a base, half for a TOB) and share of risk."""
    x, y = points
    best = np.full(len(x), np.inf)
    for kind, lon, lat in units:
        away = distance_km(lon, lat, x, y)
        if kind == "helicopter":
            time = np.where(away <= radius, 1 + away / 200, np.inf)
        else:
            time = {"base": 1.0, "tob": 0.5}[kind] + away / 20
        best = np.minimum(best, time)
    return best, float(here.risk[best <= limit].sum() / here.risk.sum())


def test_ground_add_and_list(tocsin, roads, tmp_path):
    (layer,) = tocsin("plan", "ground", "list")["ground"]
    assert (layer["kind"], layer["known_on"], layer["features"]) == ("roads", "2015-01-01", 1)
    assert layer["source"] == "roads.geojson, ODbL"
    assert "Ground" in tocsin("plan", "ground", "list", as_json=False)


def test_ground_refuses_in_words_and_keeps_nothing(tocsin, tmp_path):
    line = road(tmp_path / "r.geojson", (20, 5.2), (21, 5.2))
    assert "no layer of the ground" in tocsin("plan", "ground", "add", "rails", line, fails=BadInput)
    assert "write YYYY-MM-DD" in tocsin("plan", "ground", "add", "roads", line, "--known", "May", fails=BadInput)
    away = road(tmp_path / "far.geojson", (200, 5.2), (201, 5.2))
    assert "feature 1" in tocsin("plan", "ground", "add", "roads", away, fails=BadFile)
    assert "is not a file" in tocsin("plan", "ground", "add", "roads", tmp_path / "none", fails=BadInput)
    assert tocsin("plan", "ground", "list")["ground"] == []
    assert "as the crow flies" in tocsin("plan", "ground", "list", as_json=False)


def test_reach_needs_ground(tocsin, tmp_path):
    told = tocsin("plan", "reach", tmp_path / "out.geojson", fails=NoData)
    assert "ground add roads" in told
    assert not (tmp_path / "out.geojson").exists()


def test_hours_along_a_straight_road_are_distance_over_speed(records, planned, tocsin, roads):
    found = reach(records, planned, NOW, units=["Alpha"])
    assert (found.names, found.left_out, found.season) == (["Alpha"], [], "dry")
    row, start = found.grid.cell(20.25, 5.255)
    assert 1.0 <= found.field[row, start] <= 1.1, "an hour to get ready, and the way from the gate to the road"
    for lon in (20.75, 21.25, 21.75):
        col = found.grid.cell(lon, 5.255)[1]
        km = distance_km(found.grid.lons[start], found.grid.lats[row], found.grid.lons[col], found.grid.lats[row])
        took = found.field[row, col] - found.field[row, start]
        assert took == pytest.approx(km / 40.0, rel=0.005), "trunk road, 40 km/h when dry"
    up = found.grid.cell(20.25, 5.755)[0]
    km = distance_km(20.25, found.grid.lats[row], 20.25, found.grid.lats[up])
    took = found.field[up, start] - found.field[row, start]
    assert took == pytest.approx(km / 8.0, rel=0.02), "bush, 8 km/h when dry"


def test_a_wing_flies_over_everything_and_watchers_are_left_out(records, planned, tocsin, roads):
    found = reach(records, planned, NOW, units=["Wing", "Watch"])
    assert (found.names, found.left_out) == (["Wing"], ["Watch"])
    lon, lat = np.meshgrid(found.grid.lons, found.grid.lats)
    away = distance_km(20.25, 5.25, lon, lat)
    assert found.field == pytest.approx(np.where(away <= 200, 1 + away / 200, np.inf), rel=1e-5)
    everybody = reach(records, planned, NOW)
    assert (everybody.field <= found.field).all(), "more units never come later"
    with pytest.raises(NotFound, match="there is no unit 'Zulu'; there are for example: Alpha"):
        reach(records, planned, NOW, units=["Zulu"])


def test_isochrones_nest_and_agree_with_the_raster(tocsin, roads, records, planned, tmp_path):
    told = tocsin("plan", "reach", tmp_path / "iso.geojson", "--hours", "6", "--hours", "2", "--unit", "Alpha")
    assert told["units"] == ["Alpha"]
    assert told["share_of_raster_within"]["2"] < told["share_of_raster_within"]["6"] < 1
    areas = {f["properties"]["hours"]: shape(f["geometry"])
             for f in json.loads((tmp_path / "iso.geojson").read_text())["features"]}  # fmt: skip
    assert sorted(areas) == [2.0, 6.0]
    assert areas[6.0].covers(areas[2.0])
    assert areas[2.0].covers(shapely.Point(20.255, 5.255))
    found = reach(records, planned, NOW, units=["Alpha"])
    lon, lat = np.meshgrid(found.grid.lons, found.grid.lats)
    inside = shapely.contains_xy(areas[6.0], lon.ravel(), lat.ravel()).reshape(found.field.shape)
    assert np.mean(inside == (found.field <= 6)) > 0.995, "only cells on the edge may differ"


def test_rasters_hold_the_hours(tocsin, roads, records, planned, tmp_path):
    tocsin("plan", "reach", tmp_path / "hours.asc", "--unit", "Alpha")
    lines = (tmp_path / "hours.asc").read_text().splitlines()
    head = {k.lower(): float(v) for k, v in (line.split() for line in lines[:6])}
    found = reach(records, planned, NOW, units=["Alpha"])
    values = np.loadtxt(lines[6:])
    assert values.shape == found.field.shape == (head["nrows"], head["ncols"])
    far = np.isinf(found.field)
    assert values[~far] == pytest.approx(found.field[~far], abs=0.01)
    assert (values[far] == head["nodata_value"]).all()
    rasterio = pytest.importorskip("rasterio")
    write_reach(found, tmp_path / "hours.tif", [6])
    with rasterio.open(tmp_path / "hours.tif") as out:
        assert out.crs.to_epsg() == 4326
        assert out.tags()["units"] == "hours"
        row, col = found.grid.cell(21.25, 5.255)
        assert out.index(found.grid.lons[col], found.grid.lats[row]) == (row, col)
        assert out.read(1)[row, col] == pytest.approx(found.field[row, col])
        assert (out.read(1)[far] == out.nodata).all()


def test_a_geotiff_without_the_extra_says_what_to_install(tocsin, roads, tmp_path, monkeypatch):
    import builtins

    whole = builtins.__import__

    def without(name, *rest, **more):
        if name.split(".")[0] == "rasterio":
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "geofiles" in tocsin("plan", "reach", tmp_path / "x.tif", fails=SetupProblem)


def test_reach_refuses_odd_wishes(tocsin, roads, tmp_path):
    assert ".geojson, .tif or .asc" in tocsin("plan", "reach", tmp_path / "x.png", fails=BadInput)
    assert "above zero" in tocsin("plan", "reach", tmp_path / "x.geojson", "--hours", "0", fails=BadInput)
    assert "above zero" in tocsin("plan", "reach", tmp_path / "x.geojson", "--hours", "nan", fails=BadInput)
    assert list(tmp_path.glob("x.*")) == []


def test_the_season_of_the_month_slows_the_road(records, planned, tocsin, roads):
    wet = reach(records, planned, NOW, as_of=parse_month("2018-07"), units=["Alpha"])
    dry = reach(records, planned, NOW, units=["Alpha"])
    row, col = dry.grid.cell(21.75, 5.255)
    assert wet.season == "wet"
    near = dry.grid.cell(20.45, 5.255)[1]
    slower = (wet.field[row, col] - wet.field[row, near]) / (dry.field[row, col] - dry.field[row, near])
    assert slower == pytest.approx(40 / 25, rel=0.01)


def test_a_moved_unit_as_on_paper(tocsin, records, planned):
    told = tocsin("plan", "move", "Bravo", "21.75,5.25", "--hours", "4")
    here = situation(records, planned, NOW)
    points = largest_places(records, here.gids)
    stay = [("base", 20.25, 5.25), ("helicopter", 20.25, 5.25)]
    before, now = within_straight(here, points, [*stay, ("tob", 21.75, 6.75)], 4)
    after, then = within_straight(here, points, [*stay, ("tob", 21.75, 5.25)], 4)
    assert told["over"] == "straight line"
    assert told["covered"][0]["risk_share"] == pytest.approx(now)
    assert told["covered_after"][0]["risk_share"] == pytest.approx(then)
    assert {c["gid"] for c in told["gains"]} == set(here.gids[(before > 4) & (after <= 4)].tolist())
    assert {c["gid"] for c in told["loses"]} == set(here.gids[(before <= 4) & (after > 4)].tolist())
    assert [c["risk"] for c in told["gains"]] == sorted((c["risk"] for c in told["gains"]), reverse=True)


@pytest.mark.parametrize("limit", [1.6, 3.5])
def test_the_next_best_move_is_the_best_of_all_moves_tried_by_hand(tocsin, records, planned, limit):
    """At 3.5 hours a temporary base, half an hour quicker to start, gets to the next cells and a base does not."""
    own = planned.folder / "speeds.toml"
    own.write_text(DEFAULTS.read_text().replace("radius_km = 200.0", "radius_km = 60.0"))
    told = tocsin("plan", "move", "Bravo", "21.75,5.25", "--hours", limit)
    assert told["next_best"]
    units = {"Alpha": ("base", 20.25, 5.25), "Wing": ("helicopter", 20.25, 5.25), "Bravo": ("tob", 21.75, 5.25)}
    here = situation(records, planned, NOW)
    total = here.risk.sum()
    x, y = largest_places(records, here.gids)

    def worth(changed):
        return within_straight(here, (x, y), list(changed.values()), limit, radius=60.0)[1] * total

    now = worth(units)
    gains = {
        (name, int(gid)): worth({**units, name: (units[name][0], float(x[i]), float(y[i]))}) - now
        for name in ("Alpha", "Bravo")
        for i, gid in enumerate(here.gids)
    }
    best = told["next_best"][0]
    assert best["gain"] == pytest.approx(max(gains.values()))
    for move in told["next_best"]:
        assert gains[move["unit"], move["gid"]] == pytest.approx(move["gain"]), move


def test_moving_a_unit_where_it_stands_changes_nothing(tocsin):
    told = tocsin("plan", "move", "Bravo", "Bravo")
    assert told["gains"] == told["loses"] == []
    assert told["covered"] == told["covered_after"]


def test_a_move_that_cannot_be_is_refused_in_words(tocsin):
    assert "there is no unit 'Zulu'" in tocsin("plan", "move", "Zulu", "21,6", fails=NotFound)
    assert "outside the mission" in tocsin("plan", "move", "Alpha", "30.0,6.0", fails=BadInput)
    assert "give longitude,latitude" in tocsin("plan", "move", "Alpha", "200,6", fails=BadInput)
    assert "no unit or place is called" in tocsin("plan", "move", "Alpha", "Nowhere", fails=NotFound)
    for hours in ("0", "nan", "inf"):
        assert "above zero" in tocsin("plan", "move", "Alpha", "21,6", "--hours", hours, fails=BadInput)


def test_plans_side_by_side(tocsin):
    none = tocsin("plan", "--additional", 0, "--moves", 0, "--hours", "1.6")
    some = tocsin("plan", "--additional", 1, "--moves", 1, "--hours", "1.6")
    first, second = tocsin("plan", "compare", none["run"], some["run"])["plans"]
    assert (first["adds"], first["moves"]) == (0, 0)
    assert first["value"] == first["before"] == second["before"] == pytest.approx(some["before"])
    assert second["value"] == pytest.approx(some["value"])
    assert second["value"] > first["value"]
    assert second["adds"] + second["moves"] == len(some["moves"]) >= 1
    assert "Plans" in tocsin("plan", "compare", none["run"], some["run"], as_json=False)
    assert "two to four" in tocsin("plan", "compare", some["run"], fails=BadInput)
    assert "two to four" in tocsin("plan", "compare", some["run"], some["run"], fails=BadInput)
    assert "there is no plan" in tocsin("plan", "compare", some["run"], "abc", fails=NotFound)
    assert "there is no plan" in tocsin("plan", "compare", some["run"], some["assess_run"], fails=NotFound)


def test_one_more_second_best_and_the_bound_are_what_other_plans_say(tocsin):
    options = ["--hours", "1.6", "--moves", 0]
    one, two = (tocsin("plan", *options, "--additional", k) for k in (1, 2))
    more = {m["what"]: m["brings"] for m in one["one_more"]}
    assert more["one more temporary base"] == pytest.approx(two["value"] - one["value"])
    assert one["second_best"]["without"] == one["moves"][0]["gid"]
    assert one["second_best"]["value"] <= one["value"] <= one["bound"] + 1e-9
    assert one["lifelines"] == []
    assert one["lifelines_note"] == "no roads are known"
    assert 0.0 <= one["association"]["better"] <= 1.0
    assert one["association"]["low_90"] <= one["association"]["change"] <= one["association"]["high_90"]


def test_the_only_road_is_named_as_a_lifeline(tocsin, roads):
    told = tocsin("plan", "--additional", 0, "--moves", 0, "--hours", 6)
    (line,) = told["lifelines"]
    assert line["ends"] == [[20.05, 5.255], [21.95, 5.255]]
    far = int(lattice.gid_at(21.75, 5.25))
    assert isinstance(line["lost"], list)
    assert line["risk"] > 0
    assert far in line["lost"] or told["covered"][1]["cells"] == 16


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--additional", -1), "below zero"),
        (("--moves", -1), "below zero"),
        (("--hours", "nan"), "above zero"),
        (("--hours", "inf"), "above zero"),
        (("--hours", "0"), "above zero"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(tocsin, options, why):
    assert why in tocsin("plan", *options, fails=BadInput)


def test_night_and_a_full_load_ground_the_wing_or_shorten_its_way(records, planned, tocsin, roads):
    day = reach(records, planned, NOW, units=["Wing"])
    loaded = reach(records, planned, NOW, units=["Wing"], payload=1.0)
    night = reach(records, planned, NOW, units=["Wing"], night=True)
    lon, lat = np.meshgrid(day.grid.lons, day.grid.lats)
    away = distance_km(20.25, 5.25, lon, lat)
    assert np.array_equal(np.isfinite(loaded.field), away <= 0.6 * 200)
    assert np.isinf(night.field).all()
    with_base = reach(records, planned, NOW, night=True)
    assert np.array_equal(with_base.field, reach(records, planned, NOW, units=["Alpha", "Bravo"]).field)
    assert "share from 0 to 1" in tocsin("plan", "--payload", "1.5", fails=BadInput)


def test_a_plan_at_night_counts_no_wing_and_a_loaded_one_less(tocsin):
    none = ("--additional", 0, "--moves", 0, "--hours", "1.9")
    day, loaded, night = (tocsin("plan", *none, *more) for more in ((), ("--payload", 1), ("--night",)))
    assert day["before"] > loaded["before"] >= night["before"] > 0
    assert (night["night"], loaded["payload"]) == (True, 1.0)
    assert len({day["run"], loaded["run"], night["run"]}) == 3


def test_a_missions_own_speeds_are_used_and_their_faults_named(tocsin, planned):
    none = ("--additional", 0, "--moves", 0, "--hours", "1.9")
    before = tocsin("plan", *none)
    own = planned.folder / "speeds.toml"
    own.write_text(DEFAULTS.read_text().replace("dry = 200.0, wet = 200.0", "dry = 20.0, wet = 200.0"))
    after = tocsin("plan", *none)
    assert after["run"] != before["run"]
    assert after["before"] < before["before"]
    own.write_text(DEFAULTS.read_text().replace("dry = 200.0, wet", "dry = -2, wet"))
    assert "mode helicopter: straight_kmh (dry) is -2" in tocsin("plan", *none, fails=BadFile)
