"""The daily outlook of a mission: ranked cells, parts that add up, nothing of the future, a clear refusal."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.assess.test_as_of import bring, some_events
from tests.listen import ged
from tocsin.assess.days import days_ahead, soon
from tocsin.assess.forecast.daily import Days
from tocsin.assess.panel.dated import dated, sides
from tocsin.cli.main import app
from tocsin.core.errors import BadInput, NoData
from tocsin.core.lattice import gid_at
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.listen.events.model import Events
from tocsin.listen.events.reads import known_events, vintage
from tocsin.store import open_store, reading

GIDS = np.sort(gid_at(np.array([20.25, 20.75, 21.25]), np.array([5.25, 5.25, 5.25])))


@pytest.mark.parametrize("small_mission", ["sqlite"], indirect=True)
def test_an_outlook_ranks_the_cells_and_sees_no_later_month(
    tmp_path: Path, small_mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [r for n, year in enumerate(range(2013, 2019)) for r in some_events(year, n, 1 + 1000 * n)]
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))
    engine = open_store(small_mission.store_url)
    try:
        with reading(engine) as connection:
            found = days_ahead(connection, small_mission, (7, 28), parse_month("2017-12"), "os")
            known = known_events(connection, vintage(connection, parse_month("2017-12"), 482), parse_month("2017-12"))
            both = sides(connection, known)
            with pytest.raises(BadInput, match="not a target"):
                days_ahead(connection, small_mission, (7,), None, "battles")
            with pytest.raises(BadInput, match="1 to 56"):
                days_ahead(connection, small_mission, (7, 60))
    finally:
        engine.dispose()
    assert both.shape == (len(known), 2)
    assert both.max() >= 0
    assert found["as_of"] == "2017-12-31"
    assert 60 < found["events"] < 5 * 120 / 2, "events of 2018 and those placed in a province are not used"
    assert [t["rank"] for t in found["top"]] == list(range(1, 11))
    chances = [t["chances"]["28"] for t in found["top"]]
    assert chances == sorted(chances, reverse=True)
    assert all(0 < t["chances"]["7"] < t["chances"]["28"] < 1 for t in found["top"])
    assert all(sum(t["parts"].values()) == pytest.approx(1, abs=0.01) for t in found["top"])
    # 120 events a year, a third one-sided, half of them placed: about 1.5 in four weeks.
    assert 0.7 < found["hit"]["28"] < 3
    whole = [w for w in found["weeks"] if w["area"] is None]
    assert [w["weeks"] for w in whole] == [1, 2, 3, 4]
    assert [w["mean"] for w in whole] == sorted(w["mean"] for w in whole)
    areas = {w["area"]: w for w in found["weeks"] if w["weeks"] == 4}
    assert areas.keys() == {None, "West", "East"}
    assert areas[None]["mean"] == pytest.approx(areas["West"]["mean"] + areas["East"]["mean"], abs=0.01)
    assert max(areas["West"]["p_any"], areas["East"]["p_any"]) < areas[None]["p_any"]
    assert found["top"][0]["deaths"]["p_any"] == pytest.approx(found["top"][0]["chances"]["28"], abs=0.0015)
    args = ["assess", "--days", "7", "--target", "os", "--as-of", "2017-12", "--mission", str(small_mission.folder)]
    said = CliRunner().invoke(app, [*args, "--json"])
    assert json.loads(said.stdout)["top"][0]["chances"].keys() == {"7"}
    monkeypatch.setattr("tocsin.assess.days.days_ahead", lambda *_: found)
    assert "any in 28 days" in CliRunner().invoke(app, args).stdout


def events(n: int, **changed) -> Events:
    day = np.datetime64("2000-01-01") + np.arange(n)
    whole = {
        "id": np.arange(n),
        "kind": np.full(n, 3),
        "first_day": day,
        "last_day": day,
        "date_prec": np.ones(n, int),
        "where_prec": np.ones(n, int),
        "lon": np.full(n, 20.25),
        "lat": np.full(n, 5.25),
        "gid": np.full(n, GIDS[0]),
        "gw": np.full(n, 482),
        "adm_1": np.full(n, ""),
        "best": np.ones(n, int),
        "deaths_civilians": np.zeros(n),
    }
    return Events(**(whole | changed))  # fmt: skip


def test_only_what_can_be_put_on_a_day_and_a_cell_counts() -> None:
    start = np.datetime64("2000-01-02")
    few = events(
        6,
        where_prec=np.array([1, 1, 5, 1, 1, 1]),
        date_prec=np.array([1, 1, 1, 4, 1, 1]),
        kind=np.array([3, 3, 3, 3, 1, 3]),
        deaths_civilians=np.array([0.0, 0, 0, 0, 2, np.nan]),
    )
    actors = np.array([[7, -1], [8, -1], [9, -1], [7, -1], [7, -1], [8, -1]])
    found = dated(few, GIDS, start, 4, actors)
    assert found.day.tolist() == [0, 3]
    assert {target: own.tolist() for target, own in found.own.items()} == {
        "os": [True, False], "civilians": [True, True], "sb": [False, True], "ns": [False, False],
        "deaths": [True, True],
    }  # fmt: skip
    assert found.marked.tolist() == [False, True], "an actor seen before the first day of the panel was there before"
    assert found.until(3).day.tolist() == [0]


def test_a_short_or_empty_record_is_refused_in_words() -> None:
    nothing = np.empty(0, dtype=np.int64)
    with pytest.raises(BadInput, match="four years"):
        soon(Days(GIDS, 900, nothing, nothing, nothing.astype(bool)), (7,), "os", "2002-06-18")
    with pytest.raises(NoData, match="no dated event"):
        soon(Days(GIDS, 3000, nothing, nothing, nothing.astype(bool)), (7,), "os", "2008-03-19")


def test_a_larger_area_is_fitted_where_most_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    day = np.sort(rng.integers(0, 2200, 300))
    days = Days(GIDS, 2200, day, rng.choice(3, 300, p=[0.7, 0.25, 0.05]), np.ones(300, bool))
    whole = soon(days, (14,), "os", "2006-01-09")
    monkeypatch.setattr("tocsin.assess.forecast.daily.FITTED_CELLS", 2)
    part = soon(days, (14,), "os", "2006-01-09")
    assert part.chances[14].shape == (3,)
    assert part.chances[14].sum() == pytest.approx(whole.chances[14].sum(), rel=0.25)
    assert np.argmax(part.chances[14]) == 0
