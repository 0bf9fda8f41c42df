"""Alerts beside their own rate of reporting, displaced people and other indicators: as known then, missing a value."""

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.act.conftest import add_alert
from tests.assess.forecast.test_cells import GIDS
from tests.assess.test_as_of import JUNE, bring, forecast_bytes, some_events
from tests.listen import ged
from tocsin.assess.features.reported import LONGEST_VALID, Values, alert_planes, as_known
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.reasons import GROUPS, contrast, novel, typical
from tocsin.assess.indicators import known_planes, read_indicators
from tocsin.assess.panel import Panel
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.mission import Mission
from tocsin.store import open_store, reading, writing

HEAD = ("indicator", "priogrid_gid", "month", "value", "published")


def write(path: Path, *rows: tuple[object, ...], head: tuple[str, ...] = HEAD) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([head, *rows])
    return path


def test_alerts_count_beside_how_many_usually_come_from_there():
    busy, quiet, silent = GIDS[0], GIDS[4], GIDS[-1]
    month = np.r_[np.repeat(np.arange(1, 31), 20), 30, 30, 30, 12]
    gid = np.r_[np.repeat(busy, 600), quiet, quiet, quiet, quiet]
    found = alert_planes(month, gid, GIDS, 1, 30)
    at = [int(np.searchsorted(GIDS, g)) for g in (busy, quiet, silent)]
    beyond, usual = found["alerts beyond usual"], found["alerts usual"]
    assert beyond[29, at[0]] == pytest.approx(0)  # twenty again, as always: no news
    assert beyond[29, at[1]] == pytest.approx(np.log(4))  # three from a place that sent one in a year and a half
    assert usual[29, at[0]] == pytest.approx(np.log(21))
    assert np.isnan(beyond[:, at[2]]).all()  # never heard: unknown, not quiet
    assert np.isnan(beyond[:12, at[1]]).all()
    assert not np.isnan(beyond[12:, at[1]]).any()
    cut = month <= 20
    earlier = alert_planes(month[cut], gid[cut], GIDS, 1, 20)
    for name, plane in earlier.items():
        assert plane.tobytes() == found[name][:20].tobytes()


def test_an_indicator_is_seen_from_the_day_it_is_published_and_grows_old():
    def day(text: str) -> np.datetime64:
        return np.datetime64(text)

    values = Values(
        month=np.array([1, 3, 1, 2]),
        gid=np.array([GIDS[0]] * 3 + [GIDS[1]]),
        value=np.array([100.0, 300.0, 110.0, np.nan]),
        known_on=np.array([day("1980-02-10"), day("1980-05-31"), day("1980-04-01"), day("1980-03-01")]),
    )
    plane = as_known(values, GIDS, 1, 40)
    assert plane[:6, 0].tolist()[1:] == [100, 100, 110, 300, 300]
    assert np.isnan(plane[0, 0])
    assert plane[2 + LONGEST_VALID, 0] == 300
    assert np.isnan(plane[3 + LONGEST_VALID, 0])
    assert np.isnan(plane[:, 1:]).all()  # a blank is not a zero
    first = Values(values.month[:1], values.gid[:1], values.value[:1], values.known_on[:1])
    assert as_known(first, GIDS, 1, 3).tobytes() == plane[:3].tobytes()


@pytest.fixture(scope="module")
def warned() -> Panel:
    """Killing comes at random, a month after people fled; in some cells nobody counts them, and those are worse."""
    rng = np.random.default_rng(8)
    months, cells = 220, len(GIDS)
    fled = rng.random((months, cells)) < 0.06
    uncounted = np.arange(cells) % 4 == 0
    rate = np.full((months, cells), 0.005)
    rate[1:][fled[:-1]] = 0.5
    rate[:, uncounted] = 0.15
    plane = ((rng.random((months, cells)) < rate) * rng.geometric(0.1, (months, cells))).astype(np.float32)
    people = np.where(uncounted, np.nan, fled * 1000.0 + rng.random((months, cells))).astype(np.float32)
    return Panel(GIDS, 1, {"os": plane}, {}, {"displaced": people})


def test_the_trees_learn_from_what_people_tell_and_from_not_knowing(warned):
    past = warned.until(190)
    with_it = Cells(share=0.5).fit(past, "os")
    without = Cells(share=0.5).fit(replace(past, also={}), "os")

    def loss(fitted: object, planes: bool) -> float:
        total = 0.0
        for month in range(190, 219, 2):
            seen = warned.until(month) if planes else replace(warned.until(month), also={})
            p = np.clip(fitted.opinions(fitted.seeing(seen).now, 1)[1], 1e-6, 1 - 1e-6)
            hit = warned.counts["os"][month] > 0
            total -= np.log(np.where(hit, p, 1 - p)).sum()
        return total

    assert loss(with_it, True) < 0.97 * loss(without, False)
    unknown = with_it.now.copy()
    calm = with_it.now.copy()
    unknown[:, -1], calm[:, -1] = np.nan, 0.5
    assert with_it.opinions(unknown, 1)[1].mean() > 1.3 * with_it.opinions(calm, 1)[1].mean()
    with pytest.raises(BadInput, match="other indicators"):
        with_it.seeing(replace(warned, also={}))


def test_indicators_are_reasons_of_their_own_and_factors_still_multiply(warned):
    heard = np.where(np.isnan(warned.also["displaced"]), np.nan, 0.1).astype(np.float32)
    panel = replace(warned, also={"alerts usual": heard, **warned.also})
    fitted = Cells(share=0.5).fit(panel, "os")
    base = typical(fitted)
    parts = contrast(fitted, fitted.now, np.tile(base, (len(GIDS), 1)), 1)
    additive, boosted = fitted.opinions(base[None], 1)
    p = 0.5 * (additive + boosted)
    usual = -np.expm1(np.log1p(-p) * fitted.level(1))
    assert parts.sum(axis=1) == pytest.approx(np.log(fitted.chance(1) / usual), abs=1e-9)
    fled = int(np.nanargmax(fitted.now[:, -1]))
    assert fitted.now[fled, -1] > 500
    assert GROUPS[int(np.argmax(parts[fled]))] == "indicators"
    assert novel(fitted).shape == (len(GIDS), len(GROUPS))


def test_nothing_that_comes_later_moves_a_forecast(tmp_path: Path, small_mission: Mission):
    events = some_events(2017, 1, 1) + some_events(2018, 2, 999)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", events))
    gid = int(small_mission.cells()[0])
    folder = small_mission.folder / "indicators"
    at = {"lon": 20.2, "lat": 5.2, "practice": False}
    engine = open_store(small_mission.store_url)

    def known() -> dict[str, np.ndarray]:
        with reading(engine) as connection:
            return known_planes(connection, small_mission, small_mission.cells(), JUNE - 11, JUNE)

    try:
        assert known() == {}
        plain = forecast_bytes(small_mission, JUNE)
        with writing(engine) as connection:
            add_alert(connection, heard_at=dt.datetime(2018, 3, 5, tzinfo=dt.UTC), **at)
            add_alert(connection, heard_at=dt.datetime(2018, 5, 5, tzinfo=dt.UTC), lon=None, lat=None)
        write(
            folder / "a.csv",
            ("displaced", gid, "2018-02", 900, "2018-04-10"),
            ("Displaced", gid, "2018-03", "", "2018-05-01"),
        )
        before, made = known(), forecast_bytes(small_mission, JUNE)
        assert sorted(before) == ["alerts beyond usual", "alerts usual", "displaced"]
        displaced = before["displaced"][:, 0]
        assert np.isnan(displaced[:9]).all()
        assert displaced[9:].tolist() == [900, 900, 900]  # published in April, the blank of March says nothing
        with writing(engine) as connection:
            add_alert(connection, heard_at=dt.datetime(2018, 7, 1, tzinfo=dt.UTC), **at)
            add_alert(connection, heard_at=dt.datetime(2018, 5, 1, tzinfo=dt.UTC), **{**at, "practice": True})
            for label in ({"tlp": "RED"}, {"classification": "STRICTLY CONFIDENTIAL"}):  # not for all readers
                add_alert(connection, heard_at=dt.datetime(2018, 5, 1, tzinfo=dt.UTC), **at, **label)
        later = [(name, gid, "2018-05", 7, "2018-07-01") for name in ("displaced", "rain")]
        write(folder / "b.csv", *later)
        after = known()
        assert {name: plane.tobytes() for name, plane in after.items()} == {
            name: plane.tobytes() for name, plane in before.items()
        }
        assert forecast_bytes(small_mission, JUNE) == made
        assert made[1] == plain[1]  # the panel of events is what it was
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("displaced", "0", "2018-02", "1", "2018-03-01"), "the cell '0'"),
        (("displaced", "7", "2018-02", "many", "2018-03-01"), "the value 'many'"),
        (("displaced", "7", "2018-02", "inf", "2018-03-01"), "the value 'inf'"),
        (("displaced", "7", "02/2018", "1", "2018-03-01"), "the month '02/2018'"),
        (("displaced", "7", "2018-13", "1", "2018-03-01"), "line 2"),
        (("displaced", "7", "2018-02", "1", "soon"), "the day 'soon'"),
        (("alerts usual", "7", "2018-02", "1", "2018-03-01"), "the indicator 'alerts usual'"),
        (("<b>", "7", "2018-02", "1", "2018-03-01"), "the indicator '<b>'"),
        (("displaced",), "the cell ''"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: tuple[str, ...], why: str):
    write(tmp_path / "in" / "x.csv", row)
    with pytest.raises(BadFile, match=why):
        read_indicators(tmp_path / "in")


def test_a_file_without_a_column_is_named_and_no_folder_is_nothing(tmp_path: Path):
    assert read_indicators(tmp_path / "nowhere") == {}
    write(tmp_path / "in" / "x.csv", ("displaced", 7), head=("indicator", "priogrid_gid"))
    with pytest.raises(BadFile, match="no column month, value, published"):
        read_indicators(tmp_path / "in")
