"""`tocsin learn backtest` on a small mission: the same figures as scoring by hand, each origin with its own vintage."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.assess.test_as_of import bring, some_events
from tests.conftest import NOW
from tests.listen import ged

from tocsin.assess.forecast import CLIMATOLOGY, main_model, usual_models
from tocsin.assess.forecast.cells import LEAST_HISTORY
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.learn.record.actions import SHARES, Recorded, record
from tocsin.store import open_store, writing


def judged(mission: Mission, **options) -> Recorded:
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            return record(connection, mission, NOW, **options)
    finally:
        engine.dispose()


OPTIONS = {"until": parse_month("2018-12"), "origins": 8, "horizon": 3, "models": ("zero", "conflictology")}


def test_zero_scores_the_mean_of_what_happened(tmp_path: Path, small_mission: Mission) -> None:
    rows = some_events(2016, 5, 1) + some_events(2017, 6, 500) + some_events(2018, 7, 1_000)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))
    done = judged(small_mission, **OPTIONS).summary
    whole = {(r["model"], r["months_ahead"]): r for r in done["table"]}
    assert done["origins"] == 8
    assert whole["zero", "all"]["n"] == 16 * (8 * 3 - 3), "months after the end are not judged"
    assert whole["zero", "all"]["mean_ratio"] == 0
    import duckdb

    path = small_mission.folder / done["file"]
    (observed,) = duckdb.sql(f"SELECT avg(observed) FROM '{path}' WHERE model = 'zero'").fetchall()[0]
    assert whole["zero", "all"]["crps"] == pytest.approx(observed)
    (large,) = duckdb.sql(f"SELECT avg(CAST(observed >= 25 AS INT)) FROM '{path}' WHERE model = 'zero'").fetchall()[0]
    assert whole["zero", "all"]["brier_25"] == pytest.approx(large)
    assert {s["model"] for s in done["skill"]} == {"zero", "conflictology"}
    assert {s["measure"] for s in done["skill"]} == {"crps", "ign", "mis", "brier"}
    assert {(r["of"], r["share"]) for r in done["reach"]} == {(o, s) for o in ("cells", "people") for s in SHARES}
    own = [r for r in done["reach"] if r["model"] == "conflictology" and r["of"] == "cells"]
    assert all(r["gain"] == pytest.approx(0) for r in own), "own past is last year's map"


def test_without_a_choice_what_an_assessment_makes_is_judged_and_tasks_can_travel(
    tmp_path: Path, small_mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(
        small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", some_events(2016, 5, 1) + some_events(2018, 6, 500))
    )
    options = {"until": parse_month("2018-12"), "origins": 2, "horizon": 2}
    done = judged(small_mission, **options).summary
    assert {r["model"] for r in done["table"]} == {*usual_models(36, 16), "climatology"}
    ways = []

    def travelled(func, tasks, how):
        ways.append(how)
        return [pickle.loads(pickle.dumps(func(pickle.loads(pickle.dumps(task))))) for task in tasks]

    monkeypatch.setattr("tocsin.learn.record.actions.spread", travelled)
    again = judged(small_mission, **options, how="processes").summary
    assert ways == ["processes"]
    assert (again["table"], again["reach"]) == (done["table"], done["reach"])


def test_a_long_history_is_judged_by_what_plans_go_by() -> None:
    assert main_model((*usual_models(LEAST_HISTORY, 251), CLIMATOLOGY)) == "combined"


def test_a_revision_changes_only_origins_that_could_know_it(tmp_path: Path, small_mission: Mission) -> None:
    first = some_events(2015, 5, 1) + some_events(2016, 6, 500)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v17_1.csv", first))
    best = ged.HEADER.index("best")
    later = [[*r[:best], str(int(r[best]) * 10), *r[best + 1 :]] for r in first] + some_events(2017, 7, 1_000)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v18_1.csv", later))
    done = judged(small_mission, until=parse_month("2017-06"), origins=12, horizon=1, models=("conflictology",))
    import duckdb

    path = small_mission.folder / done.summary["file"]
    means = dict(duckdb.sql(f"SELECT origin, sum(mean) FROM '{path}' GROUP BY origin").fetchall())
    old = [means[m] for m in means if m <= parse_month("2016-12")]
    new = [means[m] for m in means if m > parse_month("2016-12")]
    assert np.mean(new) > 4 * np.mean(old), "only from 2017 on is the tenfold revision known"


def test_wrong_words_are_refused(small_mission: Mission) -> None:
    for wrong, words in (
        ({"models": ("oracle",)}, "oracle"),
        ({"targets": ("tanks",)}, "tanks"),
        ({"origins": 0}, "origin"),
    ):
        with pytest.raises(BadInput, match=words):
            judged(small_mission, **wrong)
