"""What is known of events at a time, whatever the order, release and country of the files that told it."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import NOW
from tests.listen import ged
from tocsin.assess.actions import make_panel
from tocsin.assess.ground import land_of
from tocsin.core.mission import Mission, load
from tocsin.core.time import parse_month
from tocsin.listen.events.model import Events
from tocsin.listen.events.reads import known_events, vintage
from tocsin.listen.imports import import_file
from tocsin.listen.missions import make
from tocsin.store import open_store, reading, writing


def bring(mission: Mission, path: Path, **options):
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            return import_file(connection, mission, path, NOW, **options)
    finally:
        engine.dispose()


def known(mission: Mission, as_of: str, gw: int | None = 482) -> Events:
    engine = open_store(mission.store_url)
    try:
        with reading(engine) as connection:
            return known_events(connection, vintage(connection, parse_month(as_of), gw), parse_month(as_of))
    finally:
        engine.dispose()


LAST = {"date_start": "2018-12-30", "date_end": "2018-12-30"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_order_of_import_does_not_change_what_a_release_knew(
    order: tuple[int, int], tmp_path: Path, small_mission: Mission
) -> None:
    old = [ged.row(1, best=3), ged.row(2, best=5), ged.row(3, best=7, **LAST)]
    new = [ged.row(1, best=3), ged.row(2, best=50), ged.row(4, best=1, date_start="2019-05-01", date_end="2019-05-01")]
    files = [
        ged.write(tmp_path / "GEDEvent_v19_1.csv", old),
        ged.write(tmp_path / "GEDEvent_v20_1.csv", new),
    ]
    for i in order:
        done = bring(small_mission, files[i])
        assert done.counts.read == 3
    assert sorted(known(small_mission, "2018-12").best.tolist()) == [3, 5, 7], "as release 19.1 had it"
    assert sorted(known(small_mission, "2019-12").best.tolist()) == [1, 3, 50], "as release 20.1 has it"


def covered(mission: Mission, as_of: str, first: str) -> list[str]:
    engine = open_store(mission.store_url)
    with reading(engine) as connection:
        seen = vintage(connection, parse_month(as_of), 482)
    engine.dispose()
    first_month = parse_month(first)
    from tocsin.core.time import month_text

    found = seen.covered(482, first_month, parse_month("2021-12"))
    return [month_text(first_month + int(i)) for i in np.flatnonzero(found)]


def test_an_event_that_runs_into_the_new_year_does_not_make_that_year_covered(
    tmp_path: Path, small_mission: Mission
) -> None:
    rows = [ged.row(1), ged.row(2, date_start="2018-12-29", date_end="2019-01-02")]
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))
    assert covered(small_mission, "2018-12", "2018-12") == ["2018-12"], "zero in 2019 would be made up"


def test_a_month_that_was_not_over_when_the_file_came_out_is_not_covered(
    tmp_path: Path, small_mission: Mission
) -> None:
    import datetime as dt

    rows = [ged.row(1, date_start="2020-01-05", date_end="2020-01-05"),
            ged.row(2, date_start="2020-03-05", date_end="2020-03-05")]  # fmt: skip
    path = ged.write(tmp_path / "so far.csv", rows)
    bring(small_mission, path, published=dt.date(2020, 3, 9), layout="ucdp-candidate")
    assert covered(small_mission, "2020-02", "2019-06") == ["2020-01", "2020-02"]


def test_candidate_months_after_a_yearly_release_leave_a_hole_where_one_is_missing(
    tmp_path: Path, small_mission: Mission
) -> None:
    december = ged.row(2, date_start="2019-12-01", date_end="2019-12-01")
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v20_1.csv", [ged.row(1), december]))
    for month in (1, 2, 4, 5, 6):
        day = f"2020-{month:02d}-03"
        bring(small_mission, ged.write(tmp_path / f"GEDEvent_v20_0_{month}.csv",
                                       [ged.row(100 + month, date_start=day, date_end=day)]))  # fmt: skip
    assert covered(small_mission, "2020-06", "2019-12") == ["2019-12", "2020-01", "2020-02", "2020-04", "2020-05",
                                                           "2020-06"]  # fmt: skip
    assert len(known(small_mission, "2020-06")) == 7


def test_a_death_is_counted_once_when_the_yearly_release_moves_it_in_time_and_country(
    tmp_path: Path, small_mission: Mission
) -> None:
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v20_0_3.csv", [ged.row(7, date_start="2020-03-30", best=4,
                                                                             date_end="2020-03-30")]))  # fmt: skip
    yearly = [ged.row(1, date_start="2020-12-01", date_end="2020-12-01", best=1),
              ged.row(7, date_start="2020-04-01", date_end="2020-04-01", best=6, country_id=625)]  # fmt: skip
    done = bring(small_mission, ged.write(tmp_path / "GEDEvent_v21_1.csv", yearly))
    assert (done.counts.added, done.counts.updated) == (1, 1)
    assert sorted(known(small_mission, "2020-12").best.tolist()) == [1, 6]
    assert known(small_mission, "2020-03").best.tolist() == [4], "in March 2020 it was known as it was then"


def test_cells_of_a_country_no_file_speaks_of_have_no_data_in_an_area_of_several_countries(tmp_path: Path) -> None:
    area = tmp_path / "border.geojson"  # half Central African Republic, half Democratic Republic of the Congo
    ring = [[22, 3.5], [23, 3.5], [23, 6], [22, 6], [22, 3.5]]
    features = [
        {"type": "Feature", "properties": {"iso3": code, "name": code},
         "geometry": {"type": "Polygon", "coordinates": [[[x, y - 1 if code == "COD" else y] for x, y in ring]]}}
        for code in ("CAF", "COD")
    ]  # fmt: skip
    area.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    make(tmp_path / "m", str(area), "Border", ())
    mission = load(tmp_path / "m")
    assert mission.iso3 == "", "an area of two countries is not the first one's"
    bring(mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", [ged.row(1, longitude=22.3, latitude=5.3)]))
    engine = open_store(mission.store_url)
    with reading(engine) as connection:
        month = parse_month("2018-06")
        land = land_of(connection, mission, month)
        panel, facts = make_panel(connection, land, vintage(connection, month, land.ground.gw), month)
    engine.dispose()
    known_cells = np.isfinite(panel.counts["civilians"]).any(axis=0)
    assert set(land.ground.country_of_cell.tolist()) == {482, 490}
    assert known_cells.tolist() == (land.ground.country_of_cell == 482).tolist()
    assert facts["months_without_data"] == 0


@pytest.mark.parametrize("text", [
    '{"type": "FeatureCollection", "features": 3}',
    '{"type": "Feature", "properties": "west", "geometry": {"type": "Point", "coordinates": [1, 1]}}',
    '{"type": "Polygon", "coordinates": [[[NaN,1],[2,1],[2,2],[NaN,1]]]}',
    "[" * 100_000,
])  # fmt: skip
def test_a_hostile_area_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    from tocsin.core.errors import BadFile

    path = tmp_path / "area.geojson"
    path.write_text(text)
    with pytest.raises(BadFile, match=r"geometry|GeoJSON"):
        make(tmp_path / "m", str(path), None, ())
    assert not (tmp_path / "m").exists()


def test_a_list_of_cells_from_a_spreadsheet_is_read_and_a_wrong_one_refused(tmp_path: Path) -> None:
    from tocsin.core.errors import BadFile
    from tocsin.core.mission import read_cells

    path = tmp_path / "cells.csv"
    path.write_bytes("\ufeffgid\r\n135758\r\n".encode())
    assert read_cells(path).tolist() == [135758]
    for wrong in (b"gid\n99999999999999999999\n", b"g\xefd\n1\n", b"name\nx\n", b"gid\n1.5\n"):
        path.write_bytes(wrong)
        with pytest.raises(BadFile):
            read_cells(path)
