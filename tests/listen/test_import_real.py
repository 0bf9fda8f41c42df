"""The real files, as published."""

import csv
import gzip
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tocsin.core import lattice
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.listen.deployments.reads import posture
from tocsin.listen.events.reads import known_events, vintage
from tocsin.listen.events.tables import event
from tocsin.listen.imports import import_file
from tocsin.listen.missions import make
from tocsin.listen.sources.model import Imported
from tocsin.store import open_store, reading, writing


@pytest.fixture
def car(tmp_path: Path) -> Mission:
    from tocsin.core.mission import load

    make(tmp_path / "car", "CAF", None, (5, 6, 7, 8, 9, 10))
    return load(tmp_path / "car")


@contextmanager
def opened(mission: Mission, door: Callable = reading) -> Iterator[sa.Connection]:
    engine = open_store(mission.store_url)
    try:
        with door(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def bring(mission: Mission, path: Path, **options) -> Imported:
    with opened(mission, writing) as connection:
        return import_file(connection, mission, path, NOW, **options)


FILES = ["GEDEvent_v23_1_CAF_1991_2020.csv", "GEDEvent_Sudan_2018_2023.csv", "GEDEvent_v26_0_1.csv"]


def test_every_event_file_is_read_whole_and_again_changes_nothing(car: Mission, shared: Path) -> None:
    for name, n in zip(FILES, (1_576, 795, 1_727), strict=True):
        first = bring(car, shared / "ucdp_ged" / name)
        assert (first.counts.read, first.counts.added, first.counts.rejected) == (n, n, 0), first
        again = bring(car, shared / "ucdp_ged" / name)
        assert (again.counts.read, again.counts.unchanged, again.known_already) == (n, n, True)
        copy = car.folder / f"copy of {name}"
        copy.write_text((shared / "ucdp_ged" / name).read_text(encoding="utf-8") + "\n", encoding="utf-8", newline="")
        other = bring(car, copy)
        assert (other.counts.read, other.counts.unchanged, other.counts.added) == (n, n, 0), "same rows, other file"
    assert bring(car, shared / "ucdp_ged" / FILES[2]).layout == "ucdp-candidate"


def test_our_arithmetic_gives_the_published_cell_of_every_precise_row(shared: Path) -> None:
    checked = 0
    for name in FILES:
        with (shared / "ucdp_ged" / name).open(encoding="utf-8", newline="") as text:
            rows = [r for r in csv.DictReader(text) if int(r["where_prec"]) <= 3]
        ours = lattice.gid_at([float(r["longitude"]) for r in rows], [float(r["latitude"]) for r in rows])
        assert np.array_equal(ours, [int(r["priogrid_gid"]) for r in rows])
        checked += len(rows)
    assert checked > 3_000


def test_deaths_add_up_to_the_published_total(car: Mission, shared: Path) -> None:
    bring(car, shared / "ucdp_ged" / FILES[0])
    with opened(car) as connection:
        assert connection.scalar(sa.select(sa.func.sum(event.c.best))) == 13_095
        assert connection.scalar(sa.select(sa.func.count()).where(event.c.kind == 3)) == 1_000


def rewritten(path: Path, folder: Path) -> list[Path]:
    """The same table in every container and form we say we read."""
    data = path.read_bytes()
    with path.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    made = [folder / "v23_1 a.csv.gz", folder / "v23_1 b.zip", folder / "v23_1 c.xlsx", folder / "v23_1 d.csv"]
    made[0].write_bytes(gzip.compress(data))
    with zipfile.ZipFile(made[1], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("GEDEvent_v23_1.csv", data)
        archive.writestr("readme.md", "nothing")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for r in rows:
        sheet.append(r)
    book.save(made[2])
    with made[3].open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows[1:])  # no header row
    return made


def test_the_same_table_in_every_container_is_the_same_events(car: Mission, shared: Path, tmp_path: Path) -> None:
    path = shared / "ucdp_ged" / FILES[0]
    bring(car, path)
    for other in rewritten(path, tmp_path):
        done = bring(car, other)
        assert (done.counts.read, done.counts.unchanged) == (1_576, 1_576), other.name


def test_dates_day_first_and_iso_are_the_same_days(car: Mission, shared: Path, tmp_path: Path) -> None:
    path = shared / "ucdp_ged" / "GEDEvent_Sudan_2018_2023.csv"
    bring(car, path)
    with path.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    for r in rows:
        for name in ("date_start", "date_end"):
            day, month, year = r[name].split("/")
            r[name] = f"{year}-{int(month):02d}-{int(day):02d} 00:00:00.000"
    other = tmp_path / "iso.csv"
    with other.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert bring(car, other).counts.unchanged == 795


def test_geo_pko_full_and_yearly(car: Mission, shared: Path) -> None:
    full = bring(car, shared / "geo_pko" / "Geo_PKO_v.2.1.csv.gz")
    assert (full.layout, full.counts.read) == ("geo-pko", 18_699)
    assert full.counts.rejected == 2
    rejects = (car.folder / str(full.rejects_file)).read_text(encoding="utf-8").splitlines()
    assert len(rejects) >= 3
    for name, layout in (("FrontMap", "front"), ("TTMap", "types"), ("TCCMap", "tcc")):
        done = bring(car, shared / "geo_pko" / f"{name}_v.2.3.csv")
        assert done.layout == f"geo-pko-{layout}"
        assert done.counts.rejected < 0.02 * done.counts.read
    with opened(car) as connection:
        stand = posture(connection, parse_month("2018-12"), car.cells(), ["MINUSCA"])
        later = posture(connection, parse_month("2023-12"), car.cells(), ["MINUSCA"])
    names = {u.name for u in stand.units}
    assert {"Bangui", "Bria", "Bambari", "Kaga Bandoro"} <= names or len(names) > 25
    assert stand.sources == ["geo-pko"]
    assert sum(u.strength or 0 for u in stand.units) > 5_000
    assert later.sources == ["geo-pko-front", "geo-pko-tcc", "geo-pko-types"]
    assert len({(u.name, round(u.lon, 3)) for u in later.units}) == len(later.units), "one unit a place after merging"


def test_candidate_events_that_reappear_in_the_yearly_release_count_once(car: Mission, tmp_path: Path) -> None:
    from tests.listen import ged

    monthly = ged.write(
        tmp_path / "GEDEvent_v18_0_3.csv",
        [ged.row(1, best=3), ged.row(2, best=7, code_status="Check deaths"), ged.row(3, best=1)],
    )
    yearly = ged.write(tmp_path / "GEDEvent_v19_1.csv", [ged.row(1, best=3), ged.row(2, best=4)])
    assert bring(car, monthly).counts.added == 3
    done = bring(car, yearly)
    assert (done.counts.unchanged, done.counts.updated) == (1, 1)
    march = parse_month("2018-03")
    with opened(car) as connection:
        then = known_events(connection, vintage(connection, march, 482), march)
        assert sorted(then.best.tolist()) == [1, 3, 7], "as of March 2018 only the monthly release was known"
        december = parse_month("2018-12")
        seen = vintage(connection, december, 482)
        assert seen.day.isoformat() == "2019-06-01"
        later = known_events(connection, seen, december)
        assert sorted(later.best.tolist()) == [3, 4], "the yearly release revised one and dropped one"


def test_acled_csv_and_json_and_its_deleted_list(car: Mission, tmp_path: Path) -> None:
    base = {
        "event_id_cnty": "CAF1", "event_date": "2024-05-06", "time_precision": 1, "event_type": "Battles",
        "sub_event_type": "Armed clash", "actor1": "Military Forces of CAR", "inter1": "State forces", "actor2": "X",
        "inter2": "Rebel group", "civilian_targeting": "", "iso": 140, "admin1": "Ouaka", "latitude": 5.7,
        "longitude": 20.6, "geo_precision": 1, "fatalities": 4, "timestamp": 1716000000, "admin2": "", "location": "B",
        "source": "Radio", "notes": "n",
    }  # fmt: skip
    killed = {**base, "event_id_cnty": "CAF2", "event_type": "Violence against civilians", "fatalities": 6,
              "civilian_targeting": "Civilian targeting", "time_precision": 3, "geo_precision": 3}  # fmt: skip
    api = tmp_path / "acled.json"
    api.write_text(json.dumps({"status": 200, "data": [base, killed]}))
    assert bring(car, api).layout == "acled"
    changed = tmp_path / "acled.csv"
    with changed.open("w", newline="") as out:
        writer = csv.DictWriter(out, base)
        writer.writeheader()
        writer.writerows([{**base, "fatalities": 5}, killed])
    done = bring(car, changed)
    assert (done.counts.updated, done.counts.unchanged) == (1, 1)
    may = parse_month("2024-05")
    with opened(car) as connection:
        known = known_events(connection, vintage(connection, may, 482), may)
    assert sorted(zip(known.kind.tolist(), known.best.tolist(), strict=True)) == [(1, 5), (3, 6)]
    assert known.where_prec.max() == 4
    gone = tmp_path / "deleted.csv"
    gone.write_text("event_id_cnty,deleted_timestamp\nCAF1,1717000000\nNOBODY,1717000000\n")
    done = bring(car, gone)
    assert (done.layout, done.counts.updated, done.counts.unchanged) == ("acled-deleted", 1, 1)
    with opened(car) as connection:
        known = known_events(connection, vintage(connection, may, 482), may)
    assert known.best.tolist() == [6]
