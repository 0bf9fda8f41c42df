"""What a mission may ask its forecasts to look at besides events: by hand, as known then, missing is NaN."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.listen.test_vintage_of_units import HEAD, bring
from tocsin.assess.features.ground import (
    capital_at,
    km_to,
    km_to_border,
    km_to_capital,
    presence_planes,
    season_planes,
)
from tocsin.assess.forecast.reasons import GROUPS, groups_of
from tocsin.assess.indicators import known_planes, unknown_words
from tocsin.assess.why import NAMES
from tocsin.core import areas
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile
from tocsin.core.geometry import distance_km
from tocsin.core.lattice import centre, gid_at
from tocsin.core.mission import ALSO, Mission, load
from tocsin.core.time import parse_month
from tocsin.listen.deployments import Unit
from tocsin.store import open_store, reading

ROW = gid_at(np.arange(18.25, 22, 0.5), np.full(8, 5.25))


def test_the_year_is_a_circle():
    found = season_planes(2, parse_month("2013-01"), 24)
    assert found["season sine"][[2, 11]].round(3).tolist() == [[1, 1], [0, 0]]
    assert found["season cosine"][[5, 11]].round(3).tolist() == [[-1, -1], [1, 1]]
    assert np.allclose(found["season sine"][:12], found["season sine"][12:])


def test_distances_by_hand():
    away = km_to(ROW, [shapely.box(20.25, 5, 20.75, 5.5), shapely.LineString([(10, 5.25), (11, 5.25)])])
    degree = 111.2 * np.cos(np.radians(5.25))
    assert away == pytest.approx(degree * np.array([2, 1.5, 1, 0.5, 0, 0, 0.5, 1]), abs=1e-6)
    assert np.isnan(km_to(ROW, [])).all()
    gw = np.array([482] * 6 + [0, 9999])
    lon, lat = centre(ROW)
    bangui = capital_at(areas.country("CAF"))
    assert bangui == pytest.approx((18.555, 4.361), abs=0.02)
    capital = km_to_capital(ROW, gw)
    assert capital[:6] == pytest.approx(distance_km(lon, lat, *bangui)[:6])
    assert np.isnan(capital[6:]).all(), "a cell of no known country has no capital"
    border = km_to_border(ROW, gw)
    around = [shapely.segmentize(p, 0.01) for p in areas.country_polygons(areas.country("CAF").neighbours)]
    points = shapely.get_coordinates(around)
    nearest = distance_km(lon[:, None], lat[:, None], points[:, 0], points[:, 1]).min(axis=1)
    assert border[:6] == pytest.approx(nearest[:6], rel=0.01)
    assert np.isnan(border[6:]).all()
    assert np.isnan(km_to_border(ROW[:1], np.array([areas.country("MDG").gw]))).all(), "an island has no such border"


def test_presence_is_counted_by_kind_here_and_next_door_and_unknown_is_not_none():
    def unit(kind: UnitKind, lon: float, *has: str) -> Unit:
        return Unit("a", kind, lon, 5.1, None, has=frozenset(has))

    stand = [unit(UnitKind.BASE, 19.1, "police"), unit(UnitKind.OBSERVER, 20.6), unit(UnitKind.FPU, 40.0)]
    found = presence_planes([None, stand], ROW)
    assert all(np.isnan(plane[0]).all() for plane in found.values())
    assert found["presence troops"][1].tolist() == [0, 1, 1, 1, 0, 0, 0, 0]
    assert found["presence police"][1].tolist() == [0, 1, 1, 1, 0, 0, 0, 0]
    assert found["presence observers"][1].tolist() == [0, 0, 0, 0, 1, 1, 1, 0]


def test_each_piece_is_as_it_was_known_at_the_end_of_the_month(tmp_path: Path, small_mission: Mission):
    mission = replace(small_mission, iso3="CAF", also=ALSO)
    first = parse_month("2018-01")

    def known() -> dict[str, np.ndarray]:
        engine = open_store(mission.store_url)
        try:
            with reading(engine) as connection:
                return known_planes(connection, mission, mission.cells(), first, first + 5)
        finally:
            engine.dispose()

    plain = known()
    assert list(plain) == ["season sine", "season cosine", "km to border", "km to capital"]
    assert unknown_words(mission, plain) == ["road", "presence"]

    def road(day: str, kind: str, lat: float) -> None:
        (mission.folder / "ground").mkdir(exist_ok=True)
        line = {"type": "LineString", "coordinates": [[19, lat], [23, lat]]}
        layer = {"about": {"kind": "roads", "known_on": day, "source": "", "features": 1, "sha256": day},
                 "features": [{"type": "Feature", "properties": {"class": kind}, "geometry": line}]}  # fmt: skip
        (mission.folder / "ground" / f"roads-{day}.geojson").write_text(json.dumps(layer))

    road("2018-03-31", "trunk", 5.25)
    bring(mission, tmp_path / "a.csv", HEAD + "Alpha,base,5.2,20.2,100,2018-02,\n", "2018-02-05")
    pko = "mission,year,month,location,latitude,longitude,no.troops\nMINUSCA,2017,11,There,5.3,20.3,100\n"
    bring(mission, tmp_path / "pko.csv", pko, "2017-12-05")
    before = known()
    ways = before["km to trunk road"]
    assert np.isnan(ways[:2]).all()
    lat = centre(mission.cells())[1]
    assert ways[2] == pytest.approx(np.abs(lat - 5.25) * 111.2, abs=1e-3)
    troops = before["presence troops"][:, 0]
    assert np.isnan(troops[0]), "the map of November is out in February; by then the mission's own list counts"
    assert troops[1:].tolist() == [1] * 5
    road("2018-07-01", "trunk", 6.75)
    bring(mission, tmp_path / "b.csv", HEAD + "Alpha,base,6.7,21.7,100,2018-07,\nBravo,tob,5.2,20.2,9,2018-07,\n",
          "2018-07-05")  # fmt: skip
    after = known()
    assert {n: p.tobytes() for n, p in after.items()} == {n: p.tobytes() for n, p in before.items()}
    road("2018-05-01", "track", 6.75)
    assert np.isnan(known()["km to trunk road"][4:]).all(), "a newer layer without a trunk road: not known"


def test_what_is_asked_for_is_a_known_word_and_a_group_of_its_own(small_mission: Mission):
    settings = small_mission.folder / "tocsin.toml"
    text = settings.read_text()
    settings.write_text(text + '\n[assess]\nalso = ["season", "road", "season"]\n')
    assert load(small_mission.folder).also == ("season", "road")
    for wrong in ('["weather"]', '"season"', "3", '[["season"]]'):
        settings.write_text(text + f"\n[assess]\nalso = {wrong}\n")
        with pytest.raises(BadFile, match="season, border, capital, road, presence"):
            load(small_mission.folder)
    names = ["season sine", "km to border", "presence troops", "road accidents"]
    assert [GROUPS[g] for g in groups_of(names)] == ["season", "ground", "presence", "indicators"]
    assert set(GROUPS) == set(NAMES)
