"""The fictional country: same bytes for the same seed, and nothing in it that contradicts itself."""

import collections
import csv
import datetime as dt
import hashlib
import json
import re
from pathlib import Path

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from tocsin.core import areas
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.geometry import read_polygons
from tocsin.core.lattice import cells_touching, gid_at
from tocsin.core.time import parse_month
from tocsin.learn.exercise import FILES, Scenario, load, simulate, write
from tocsin.learn.exercise.media import GED_COLUMNS
from tocsin.learn.exercise.scenario import toml

PINNED = json.loads((Path(__file__).parent / "default_sha256.json").read_text())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def sums(paths: list[Path]) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exercise")
    write(Scenario(), folder)
    return folder


@pytest.fixture(scope="module")
def events(folder: Path) -> list[dict[str, str]]:
    return rows(folder / "events.csv")


@pytest.fixture(scope="module")
def outline(folder: Path) -> shapely.Polygon:
    features = json.loads((folder / "area.geojson").read_text())["features"]
    return next(shape(f["geometry"]) for f in features if f["properties"]["level"] == 0)


def test_default_scenario_gives_the_pinned_bytes(folder: Path) -> None:
    assert sums([folder / name for name in FILES]) == PINNED


def test_other_seeds_give_other_files(folder: Path, tmp_path: Path) -> None:
    other = sums(write(Scenario(seed=2), tmp_path))
    assert not {name for name in FILES if other[name] == PINNED[name]}


def test_sizes_are_those_of_a_mission(folder: Path, events: list[dict[str, str]], outline: shapely.Polygon) -> None:
    assert 800 <= len(events) <= 2000
    assert len(read_polygons(folder / "area.geojson")) == 13
    assert 150 <= len(rows(folder / "places.csv")) <= 250
    assert 120 <= len(cells_touching(outline)[0]) <= 160
    assert 20 <= len(rows(folder / "units.csv")) <= 30


def test_no_real_land_is_meant(outline: shapely.Polygon) -> None:
    assert not [c for c in areas.countries() if areas.country_polygon(c).intersects(outline)]
    assert "XTC" not in areas.countries()
    assert areas.country_of_gw(999) is None


def test_areas_share_the_country_without_gap_or_overlap(folder: Path, outline: shapely.Polygon) -> None:
    parts = [p for properties, p in read_polygons(folder / "area.geojson") if properties["level"] == 1]
    assert sum(p.area for p in parts) == pytest.approx(outline.area, abs=1e-9)
    assert shapely.union_all(parts).symmetric_difference(outline).area < 1e-9
    assert all(p.geom_type == "Polygon" for p in parts)


def test_events_have_the_layout_and_add_up(events: list[dict[str, str]], outline: shapely.Polygon) -> None:
    assert tuple(events[0]) == GED_COLUMNS
    assert len({e["id"] for e in events}) == len({e["relid"] for e in events}) == len(events)
    for e in events:
        dead = sum(int(e[c]) for c in ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown"))
        assert int(e["low"]) <= int(e["best"]) == dead <= int(e["high"])
        start, end = (dt.date.fromisoformat(e[c][:10]) for c in ("date_start", "date_end"))
        assert dt.date(2020, 1, 1) <= start <= end <= dt.date(2025, 12, 31)
        assert start.year == end.year == int(e["year"])
        assert int(gid_at(float(e["longitude"]), float(e["latitude"]))) == int(e["priogrid_gid"])
        assert e["type_of_violence"] != "3" or (e["side_b"] == "Civilians" and e["deaths_a"] == e["deaths_b"] == "0")
    points = shapely.points([(float(e["longitude"]), float(e["latitude"])) for e in events])
    assert shapely.covers(outline.buffer(1e-6), points).all()


def test_some_events_are_placed_or_dated_only_roughly(events: list[dict[str, str]]) -> None:
    rough = sum(int(e["where_prec"]) > 3 for e in events) / len(events)
    late = sum(int(e["date_prec"]) > 3 for e in events) / len(events)
    assert 0.08 < rough < 0.2
    assert 0.05 < late < 0.15
    assert {e["where_prec"] for e in events} == set("123456")
    assert {e["date_prec"] for e in events} == set("12345")


def test_published_columns_are_those_of_the_real_file(shared: Path) -> None:
    with next((shared / "ucdp_ged").glob("GEDEvent_v23_1_CAF*.csv")).open(encoding="utf-8") as opened:
        assert tuple(next(csv.reader(opened))) == GED_COLUMNS


def close_pairs(happenings: list, shift: int) -> int:
    """Pairs of attacks within 40 km of each other that lie 1 to 10 days apart, after moving one of them by `shift`."""
    attacks = [h for h in happenings if h.kind == "attack"]
    near = 0
    for a in attacks:
        for b in attacks:
            days = b.day - a.day - shift
            if 1 <= days <= 10 and (a.at[0] - b.at[0]) ** 2 + (a.at[1] - b.at[1]) ** 2 < (40 * 90) ** 2:
                near += 1
    return near


def test_violence_sets_off_violence() -> None:
    with_memory = simulate(Scenario(report_months=0)).happenings
    without = simulate(Scenario(report_months=0, triggering=0.0)).happenings
    soon, later = close_pairs(with_memory, 0), close_pairs(with_memory, 90)
    assert soon > 2 * later
    # Without triggering only the slow seasons and fronts are left.
    assert close_pairs(without, 0) < 1.4 * close_pairs(without, 90)


def test_rebels_attack_more_when_it_is_wet(folder: Path) -> None:
    truth = [t for t in rows(folder / "truth.csv") if t["kind"] == "attack" and t["actor_kind"] == "rebel"]
    wet = sum(int(t["date"][5:7]) in Scenario().wet_months for t in truth)
    assert wet > 1.3 * (len(truth) - wet)


def test_truth_names_every_event_once(folder: Path, events: list[dict[str, str]]) -> None:
    known = [t["event_id"] for t in rows(folder / "truth.csv") if t["event_id"]]
    assert sorted(known) == sorted(e["id"] for e in events)


def test_reports_point_at_the_truth(folder: Path) -> None:
    reports, truth = rows(folder / "reports.csv"), rows(folder / "truth_reports.csv")
    assert [r["report_id"] for r in reports] == [t["report_id"] for t in truth]
    assert [r["received_at"] for r in reports] == sorted(r["received_at"] for r in reports)
    happened = {t["happening"]: t for t in rows(folder / "truth.csv")}
    heard = collections.Counter()
    for report, fact in zip(reports, truth, strict=True):
        assert (report["text"] == "") == (report["channel"] == "missed_call")
        assert (fact["origin"] == "rumour") == (fact["happening"] == "")
        assert (fact["origin"] == "echo") == (fact["repeats"] != "")
        if fact["happening"]:
            assert report["received_at"][:10] >= happened[fact["happening"]]["date"]
            heard[fact["happening"]] += 1
    assert max(heard.values()) > 5
    assert {t["language"] for t in truth} == {"fr", "en", "ar", "sg", "ln"}
    assert {t["origin"] for t in truth} == {"witness", "echo", "rumour"}


def test_no_source_could_be_a_telephone_number(folder: Path) -> None:
    assert all(re.fullmatch(r"FP-\d{4}", p["source"]) for p in rows(folder / "focal_points.csv"))
    assert not re.search(r"\d{5}", "".join(r["text"] for r in rows(folder / "reports.csv")))


def test_units_and_moves_name_places_that_exist(folder: Path, outline: shapely.Polygon) -> None:
    names = {p["name"] for p in rows(folder / "places.csv")}
    assert len(names) == 200
    units = rows(folder / "units.csv")
    assert len({u["name"] for u in units}) == len(units)
    for unit in units:
        assert UnitKind(unit["kind"])
        assert int(unit["strength"]) > 0
        assert outline.covers(shapely.Point(float(unit["longitude"]), float(unit["latitude"])))
        assert not unit["until"] or parse_month(unit["from"]) <= parse_month(unit["until"])
    assert any(u["until"] for u in units)
    for move in rows(folder / "displacement.csv"):
        assert {move["origin"], move["destination"]} <= names
        assert move["origin"] != move["destination"]
        assert int(move["people"]) > 0


def test_roads_join_every_settlement(folder: Path, outline: shapely.Polygon) -> None:
    roads = json.loads((folder / "roads.geojson").read_text())["features"]
    assert {r["properties"]["class"] for r in roads} == {"trunk", "track"}
    ends = {r["properties"]["from"] for r in roads} | {r["properties"]["to"] for r in roads}
    assert ends == {p["name"] for p in rows(folder / "places.csv")}
    assert any(r["properties"]["wet_season"] == "closed" for r in roads)
    on_land = [outline.covers(shape(r["geometry"])) for r in roads]
    assert sum(on_land) >= 0.97 * len(roads)


def test_every_event_lies_in_a_cell_with_people(
    folder: Path, events: list[dict[str, str]], outline: shapely.Polygon
) -> None:
    people = {p["priogrid_gid"]: int(p["population"]) for p in rows(folder / "population.csv")}
    assert {e["priogrid_gid"] for e in events} <= set(people)
    assert {int(cell) for cell in people} == set(cells_touching(outline)[0].tolist())
    assert sum(people.values()) > sum(int(p["population"]) for p in rows(folder / "places.csv"))


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**40), triggering=st.sampled_from([0.0, 0.3, 0.6]), months=st.integers(1, 30))
def test_any_seed_gives_a_country_that_holds_together(seed: int, triggering: float, months: int) -> None:
    world = simulate(Scenario(seed=seed, triggering=triggering, months=months, report_months=1, settlements=60))
    ids = [e["id"] for e in world.events]
    assert len(set(ids)) == len(ids)
    for e in world.events:
        dead = [int(e[c]) for c in ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")]
        assert min(dead) >= 0
        assert int(e["low"]) <= sum(dead) == int(e["best"]) <= int(e["high"])
    land = shapely.Polygon(world.country.terrain.outline)
    assert land.is_valid
    assert all(land.covers(shapely.Point(h.at)) for h in world.happenings)
    for position, h in enumerate(world.happenings):
        assert h.victim != h.actor
        assert h.cause is None or h.cause != position
        if h.cause is not None and h.kind == "attack":
            assert world.happenings[h.cause].day < h.day


def test_a_scenario_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    asked = Scenario(seed=7, name='The "Isle"', triggering=0.3, wet_months=(6, 7))
    path.write_text(toml(asked), encoding="utf-8")
    assert load(path) == asked
    path.write_text("seed = 3\ntriggering = 0\n", encoding="utf-8")
    assert load(path) == Scenario(seed=3, triggering=0.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seeds = 3", "not a parameter"),
        ("seed = 'three'", "wrong type"),
        ("triggering = 1.0", "triggering is 1.0"),
        ("code = 'CAF'", "XAA to XZZ"),
        ("last_month = '2025-13'", "not a month"),
        ("[[actors]]\nname = 'A'", "missing"),
        ("[[actors]]\nname='A'\nkind='gang'\nevents_a_month=1\nreach_km=50\ncivilian_share=0.5", "gang"),
        ("actors = []", "exactly one actor of kind state"),
    ],
)
def test_a_wrong_scenario_is_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=says):
        load(path)


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadFile):
        load(tmp_path / "broken.toml")
