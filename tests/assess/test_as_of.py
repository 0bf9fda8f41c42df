"""What was known when: whatever comes later, the past does not move."""

import datetime as dt
import random
from pathlib import Path

import pytest

from tests.conftest import NOW
from tests.listen import ged
from tests.listen.test_odd_values import ACLED
from tocsin.assess.actions import assess
from tocsin.core.errors import NoData
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.listen.imports import import_file
from tocsin.store import open_store, writing

JUNE = parse_month("2018-06")


def bring(mission: Mission, path: Path, **options) -> None:
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            import_file(connection, mission, path, NOW, **options)
    finally:
        engine.dispose()


def forecast_bytes(mission: Mission, as_of: int) -> tuple[bytes, bytes]:
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            done = assess(connection, mission, NOW, as_of)
    finally:
        engine.dispose()
    files = done.forecast_file(mission), done.panel_file(mission)
    content = tuple(f.read_bytes() for f in files)
    for f in files:
        f.unlink()
    return content[0], content[1]


def some_events(year: int, seed: int, first_id: int) -> list[list[str]]:
    dice = random.Random(seed)
    rows = []
    for i in range(120):
        day = dt.date(year, 1, 1) + dt.timedelta(days=dice.randrange(365))
        rows.append(
            ged.row(
                first_id + i, date_start=day, date_end=day, best=dice.randrange(30),
                where_prec=dice.choice([1, 2, 4, 6]),
                longitude=20 + dice.random() * 1.99, latitude=5 + dice.random() * 1.99, adm_1="West",
                type_of_violence=dice.choice([1, 2, 3]), deaths_civilians=dice.randrange(5), country_id=482,
            )
        )  # fmt: skip
    return rows


def test_later_events_releases_and_withdrawals_do_not_change_an_earlier_forecast(
    tmp_path: Path, small_mission: Mission
) -> None:
    early = some_events(2017, 1, 1) + some_events(2018, 2, 1_000)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", early))
    before = forecast_bytes(small_mission, JUNE)
    # A later release revises half of the past, drops a tenth of it, and adds a year.
    dice = random.Random(3)
    best = ged.HEADER.index("best")
    revised = []
    for row in early:
        if dice.random() < 0.1:
            continue
        row = list(row)
        if dice.random() < 0.5:
            row[best] = str(int(row[best]) + 7)
        revised.append(row)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v20_1.csv", revised + some_events(2019, 4, 5_000)))
    assert forecast_bytes(small_mission, JUNE) == before
    assert forecast_bytes(small_mission, parse_month("2019-06"))[0] != before[0]


def test_what_happens_after_the_as_of_month_is_not_seen_even_in_one_file(
    tmp_path: Path, small_mission: Mission
) -> None:
    rows = some_events(2017, 1, 1) + some_events(2018, 2, 1_000)
    start = ged.HEADER.index("date_start")
    past = [r for r in rows if r[start] <= "2018-06-30"]
    future = [r for r in rows if r[start] > "2018-06-30"]
    last = ged.row(9_999, date_start="2018-12-31", date_end="2018-12-31", best=0, deaths_civilians=0)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", past + future + [last]))
    whole = forecast_bytes(small_mission, JUNE)
    other = tmp_path / "other"
    from tocsin.core.mission import load
    from tocsin.listen.missions import make

    make(other, str(small_mission.folder / "area.geojson"), "Square", (6, 7, 8))
    twin = load(other)
    bring(twin, ged.write(tmp_path / "GEDEvent_v19_1 b.csv", [*past, last]), release="19.1")
    import duckdb

    for mine, theirs in zip(whole, forecast_bytes(twin, JUNE), strict=True):
        (tmp_path / "a.parquet").write_bytes(mine)
        (tmp_path / "b.parquet").write_bytes(theirs)
        query = f"SELECT * FROM '{tmp_path}/{{}}.parquet' ORDER BY ALL"
        assert duckdb.sql(query.format("a")).fetchall() == duckdb.sql(query.format("b")).fetchall()


def test_a_month_no_file_covers_is_told_with_what_there_is(tmp_path: Path, small_mission: Mission) -> None:
    with pytest.raises(NoData, match="holds no events"):
        forecast_bytes(small_mission, JUNE)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", some_events(2018, 2, 1)))
    with pytest.raises(NoData, match="newest data end in 2018-12"):
        forecast_bytes(small_mission, parse_month("2019-01"))
    with pytest.raises(NoData, match="no imported file covers 2016-01"):
        forecast_bytes(small_mission, parse_month("2016-01"))


def test_one_event_in_all_of_history_gives_a_forecast(tmp_path: Path, small_mission: Mission) -> None:
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", [ged.row(1)]))
    assert forecast_bytes(small_mission, JUNE)[0]


def test_two_sources_that_disagree_are_never_added_up(tmp_path: Path, small_mission: Mission) -> None:
    events = some_events(2017, 1, 1) + some_events(2018, 2, 999)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", events))
    before = forecast_bytes(small_mission, JUNE)
    line = "{id},{day},1,Violence against civilians,A,3,B,7,5.25,20.25,1,900,Civilian targeting,140\n"
    days = [f"{year}-{month:02d}-04" for year in (2018, 2019) for month in range(1, 13)]
    acled = tmp_path / "acled.csv"
    acled.write_text(ACLED + "".join(line.format(id=f"CEN{n}", day=day) for n, day in enumerate(days)))
    bring(small_mission, acled)
    assert forecast_bytes(small_mission, JUNE) == before
    # Where UCDP does not speak, the other does, alone.
    engine = open_store(small_mission.store_url)
    try:
        with writing(engine) as connection:
            done = assess(connection, small_mission, NOW, parse_month("2019-06"))
    finally:
        engine.dispose()
    assert (done.summary["source"], done.summary["events"]) == ("acled", 18)


def test_a_million_deaths_in_one_row_and_an_event_of_the_future(tmp_path: Path, small_mission: Mission) -> None:
    rows = [*some_events(2018, 2, 1), ged.row(5_000, best=1_000_000, deaths_civilians=1_000_000, country_id=482)]
    rows.append(ged.row(5_001, date_start="2190-01-01", date_end="2190-01-02", country_id=482))
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))
    engine = open_store(small_mission.store_url)
    try:
        with writing(engine) as connection:
            done = assess(connection, small_mission, NOW, parse_month("2018-12"))
    finally:
        engine.dispose()
    assert done.summary["events"] == 121
    assert 0 < done.summary["top"][0]["mean"] <= 12 * 1_000_000
