"""Forecasts made before, judged later; and the record of one place."""

from pathlib import Path

import numpy as np
import pytest
from tests.assess.test_as_of import bring, some_events
from tests.conftest import NOW
from tests.listen import ged

from tocsin.assess.actions import assess
from tocsin.assess.panel import Panel
from tocsin.assess.panel.build import read_parquet
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.learn.record.actions import drift, record
from tocsin.learn.record.here import here, newest_record, rows_near
from tocsin.learn.record.watch import score_month, verdict
from tocsin.store import open_store, writing

CELLS = np.arange(100, 200)


def table(p: float) -> dict:
    n = len(CELLS)
    return {
        "priogrid_gid": CELLS, "month": np.full(n, 10), "target": np.full(n, "os", object),
        "model": np.full(n, "m", object), "p_any": np.full(n, p), "mean": np.full(n, 4 * p),
    }  # fmt: skip


def counted(cells: int) -> Panel:
    plane = np.zeros((10, 100), dtype=np.float32)
    plane[9, :cells] = 2
    return Panel(CELLS, 1, {"os": plane})


def test_a_month_is_judged_by_cells_and_deaths():
    row = score_month(table(0.1), counted(8), "os", "m", 10)
    assert (row["cells_expected"], row["cells_counted"]) == (pytest.approx(10), 8)
    assert (row["deaths_expected"], row["deaths_counted"]) == (pytest.approx(40), 16)
    assert row["brier"] == pytest.approx(0.08 * 0.81 + 0.92 * 0.01)
    assert -1 < row["z"] < 0
    assert score_month(table(0.1), counted(8), "os", "other", 10) is None
    assert score_month(table(0.1), counted(8), "os", "m", 11) is None


def test_a_new_war_and_a_missing_file_are_told_apart():
    quiet = score_month(table(0.1), counted(9), "os", "m", 10)
    war = score_month(table(0.1), counted(60), "os", "m", 10)
    less = score_month(table(0.1), counted(3), "os", "m", 10)
    none = score_month(table(0.1), counted(0), "os", "m", 10)
    assert verdict([]) == "no forecasts"
    assert verdict([quiet] * 5) == "as expected"
    assert verdict([quiet] * 5 + [war]) == "more"
    assert verdict([quiet, less]) == "as expected"
    assert verdict([quiet] + [less] * 3) == "fewer"
    assert verdict([quiet, none]) == "nothing counted"


def test_a_mission_watches_its_own_forecasts_and_knows_its_record_here(tmp_path: Path, small_mission: Mission) -> None:
    rows = some_events(2016, 5, 1) + some_events(2017, 6, 500) + some_events(2018, 7, 1_000)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))
    engine = open_store(small_mission.store_url)
    try:
        with writing(engine) as connection:
            with pytest.raises(NoData):
                newest_record(small_mission)
            assert (
                drift(connection, small_mission, None, 6, "civilians", "conflictology_n")["verdict"] == "no forecasts"
            )
            for month in ("2018-06", "2018-09"):
                assess(connection, small_mission, NOW, parse_month(month), 3)
            found = drift(connection, small_mission, parse_month("2018-12"), 12, "civilians", "conflictology_n")
            assert drift(connection, small_mission, parse_month("2018-12"), 12, "civilians") == found, "the main one"
            options = {"until": parse_month("2018-12"), "origins": 4, "horizon": 2, "models": ("conflictology_n",)}
            record(connection, small_mission, NOW, **options)
            with pytest.raises(BadInput):
                drift(connection, small_mission, None, 6, "tanks", "conflictology_n")
    finally:
        engine.dispose()
    assert [(r["month"], r["as_of"], r["months_ahead"]) for r in found["months"]][:4] == [
        ("2018-07", "2018-06", 1), ("2018-08", "2018-06", 2), ("2018-09", "2018-06", 3), ("2018-10", "2018-09", 1),
    ]  # fmt: skip
    columns = read_parquet(newest_record(small_mission))
    gid = int(columns["gid"][0])
    one = here(columns, gid, "civilians", "conflictology_n")
    assert one["cell"]["forecasts"] == 4 * 2 - 1
    assert one["around"]["forecasts"] == 3 * 7, "a corner has three neighbours"
    assert one["cell"]["counted"] == pytest.approx(columns["observed"][columns["gid"] == gid].sum())
    few = rows_near(newest_record(small_mission), gid, "civilians", "conflictology_n")
    assert len(few["gid"]) == 4 * 7
    assert here(few, gid, "civilians", "conflictology_n") == one, "what is not read makes no difference"
    with pytest.raises(NoData):
        here(columns, 1, "civilians", "conflictology_n")
