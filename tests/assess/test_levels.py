from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.assess.test_as_of import bring, some_events
from tests.conftest import NOW
from tests.listen import ged
from tocsin.assess.actions import assess
from tocsin.assess.forecast import Forecast
from tocsin.assess.levels import Places, at_places, h3_cells, place_shares
from tocsin.assess.panel.build import read_parquet
from tocsin.core import lattice
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.store import open_store, writing

GIDS = np.array([137540, 137541])


def test_h3_cells_lie_in_their_lattice_cell_once():
    import h3

    ids, cell = h3_cells(GIDS, 5)
    assert len(set(ids.tolist())) == len(ids)
    lat, lon = np.array([h3.cell_to_latlng(h3.int_to_str(i)) for i in ids.tolist()]).T
    assert np.array_equal(lattice.gid_at(lon, lat), GIDS[cell])
    assert 8 <= len(ids) / 2 <= 16
    with pytest.raises(BadInput, match="resolution"):
        h3_cells(GIDS, 9)


def test_shares_follow_past_events_and_sum_to_one():
    lon, lat = lattice.centre(GIDS[:1])
    found = place_shares(GIDS, 5, np.repeat(lon, 20), np.repeat(lat, 20), np.ones(20))
    assert np.bincount(found.cell, found.share) == pytest.approx([1, 1])
    assert found.share[found.cell == 0].max() > 0.8
    assert found.share[found.cell == 1].max() < 0.8


def test_places_share_the_chance_and_no_death_is_cut():
    places = Places(np.array([1, 2, 3]), np.array([0, 0, 1]), np.array([0.75, 0.25, 1.0]))
    rng = np.random.default_rng(1)
    draws = csr_matrix(np.vstack([(rng.random(1000) < 0.4) * 7.0, np.arange(1000) % 2, np.zeros((2, 1000))]))
    made = Forecast(GIDS, 400, np.array([1, 2]), "os", "m", draws, np.array([True, False]))
    fine = at_places(made, places, rng)
    assert fine.gids.tolist() == [1, 2, 3]
    p = fine.p_any()
    assert p[0, :2] / made.p_any()[0, 0] == pytest.approx([0.75, 0.25], abs=0.005)
    assert set(fine.step_draws(1)[:2].data.tolist()) == {7.0}
    assert np.array_equal(fine.step_draws(1).sum(axis=0), draws[:2].sum(axis=0)), "futures keep their sums"
    assert np.isnan(p[:, 2]).all()
    assert p[1, :2].tolist() == [0, 0]


def test_an_assessment_writes_areas_the_whole_and_places(tmp_path: Path, small_mission: Mission):
    bring(
        small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", some_events(2017, 1, 1) + some_events(2018, 2, 999))
    )
    engine = open_store(small_mission.store_url)
    try:
        with writing(engine) as connection:
            done = assess(connection, small_mission, NOW, parse_month("2018-12"), 36, models=("conflictology",), h3=4)
    finally:
        engine.dispose()
    folder = small_mission.folder
    areas, cells, fine = (read_parquet(folder / done.summary["files"][k]) for k in ("areas", "forecast", "h3"))
    first = min(cells["month"])
    assert max(cells["month"]) == first + 35
    for target in ("os", "civilians"):
        whole = areas["mean"][(areas["level"] == "whole") & (areas["target"] == target) & (areas["month"] == first)]
        parts = areas["mean"][(areas["level"] == "area") & (areas["target"] == target) & (areas["month"] == first)]
        mine = cells["mean"][(cells["target"] == target) & (cells["month"] == first)]
        spots = fine["mean"][(fine["target"] == target) & (fine["month"] == first)]
        assert whole == pytest.approx([mine.sum()], rel=1e-4)
        assert parts.sum() == pytest.approx(mine.sum(), rel=1e-4)
        assert spots.sum() == pytest.approx(mine.sum(), rel=1e-4)
    assert done.summary["areas"][0]["level"] == "whole"
    assert {a["area"] for a in done.summary["areas"][1:]} == {"West", "East"}
