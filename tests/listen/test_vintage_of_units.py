"""Units, people and places too: what comes later does not change an earlier month, and nobody stands in two places."""

import datetime as dt
from pathlib import Path

import numpy as np

from tests.conftest import NOW
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.listen.deployments.reads import posture
from tocsin.listen.imports import import_file
from tocsin.listen.people.reads import people_of_cells
from tocsin.listen.places.reads import gazetteer
from tocsin.store import open_store, reading, writing

HEAD = "name,kind,latitude,longitude,strength,from,until\n"


def bring(mission: Mission, path: Path, text: str, published: str):
    path.write_text(text)
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            return import_file(connection, mission, path, NOW, published=dt.date.fromisoformat(published))
    finally:
        engine.dispose()


def stand(mission: Mission, month: str) -> list[tuple[str, float, int | None]]:
    engine = open_store(mission.store_url)
    try:
        with reading(engine) as connection:
            units = posture(connection, parse_month(month), mission.cells()).units
    finally:
        engine.dispose()
    return sorted((u.name, u.lon, u.strength) for u in units)


def test_a_unit_that_moved_stands_only_where_it_came_to(tmp_path: Path, small_mission: Mission) -> None:
    text = HEAD + "Alpha,base,6,20.2,100,2018-01,\nBravo,tob,6,21.2,30,2018-01,\nAlpha,base,6,21.7,100,2018-07,\n"
    bring(small_mission, tmp_path / "units.csv", text, "2018-01-05")
    assert stand(small_mission, "2018-06") == [("Alpha", 20.2, 100), ("Bravo", 21.2, 30)]
    assert stand(small_mission, "2018-07") == [("Alpha", 21.7, 100), ("Bravo", 21.2, 30)]


def test_a_correction_published_later_does_not_change_an_earlier_month(tmp_path: Path, small_mission: Mission) -> None:
    bring(small_mission, tmp_path / "a.csv", HEAD + "Alpha,base,6,20.2,100,2018-01,\n", "2018-01-05")
    before = stand(small_mission, "2018-03")
    done = bring(small_mission, tmp_path / "b.csv", HEAD + "Alpha,base,6,20.2,60,2018-01,\n", "2019-01-05")
    assert done.counts.updated == 1
    assert stand(small_mission, "2018-03") == before
    assert stand(small_mission, "2019-01") == [("Alpha", 20.2, 60)]


def test_a_later_count_of_people_does_not_change_an_earlier_month(tmp_path: Path, small_mission: Mission) -> None:
    gids = small_mission.cells()

    def people(month: str) -> float:
        engine = open_store(small_mission.store_url)
        try:
            with reading(engine) as connection:
                return float(np.nansum(people_of_cells(connection, small_mission, gids, parse_month(month)).people))
        finally:
            engine.dispose()

    for year, each in ((2018, 10), (2020, 99)):
        rows = "".join(f"{gid},{each}\n" for gid in gids)
        bring(small_mission, tmp_path / f"p{year}.csv", "priogrid_gid,population\n" + rows, f"{year}-01-01")
    assert people("2017-01") == people("2019-06") == 160, "before the first file, the first file"
    assert people("2020-06") == 99 * 16


def test_a_corrected_place_is_taken_and_counted(tmp_path: Path, small_mission: Mission) -> None:
    path = tmp_path / "places.csv"
    bring(small_mission, path, "pcode,name,lon,lat,population\nP1,Old,20.5,5.5,10\nP2,Same,20.6,5.5,10\n", "2018-01-01")
    done = bring(
        small_mission, path, "pcode,name,lon,lat,population\nP1,New,20.5,5.5,10\nP2,Same,20.6,5.5,10\n", "2019-01-01"
    )
    assert (done.counts.updated, done.counts.unchanged, done.counts.added) == (1, 1, 0)
    engine = open_store(small_mission.store_url)
    with reading(engine) as connection:
        names = gazetteer(connection).names
    engine.dispose()
    assert "New" in names
    assert "Old" not in names
