import numpy as np
import pytest

from tocsin.assess.forecast import BENCHMARKS, forecast
from tocsin.assess.panel import Panel
from tocsin.core.errors import BadInput

# Three cells in a row near Bangui; the third has never been looked at.
GIDS = np.array([135757, 135758, 135759])


def panel_of(plane, gids=GIDS, first_month=1):
    plane = np.asarray(plane, dtype=np.float32)
    return Panel(gids, first_month, {"os": plane})


@pytest.fixture
def history():
    plane = np.zeros((24, 3), dtype=np.float32)
    plane[0:12, 0] = 50  # long ago
    plane[12:24, 1] = np.arange(12)  # the last year: 0 to 11
    plane[:, 2] = np.nan
    return panel_of(plane)


def test_zero_says_zero_and_unknown_stays_unknown(history):
    f = forecast(history, "os", "zero")
    assert f.mean()[:, :2].sum() == 0
    assert f.known.tolist() == [True, True, False]
    assert np.isnan(f.mean()[:, 2]).all()


def test_last_is_poisson_around_the_last_month_with_data(history):
    history.counts["os"][-1, 0] = np.nan
    history.counts["os"][-2, 0] = 3
    f = forecast(history, "os", "last")
    assert f.mean()[0, :2] == pytest.approx([3, 11], rel=0.1)
    assert f.quantiles([0.5])[0, 0, 1] == pytest.approx(11, abs=1)


def test_conflictology_is_exactly_the_last_twelve_months(history):
    f = forecast(history, "os", "conflictology")
    assert sorted(f.draws[1].toarray().ravel()) == list(range(12))
    assert f.mean()[0, :2].tolist() == [0, 5.5]


def test_conflictology_with_neighbours_pools_the_ring(history):
    f = forecast(history, "os", "conflictology_n", seed=4)
    assert f.n_draws == 108
    # The known ring of the quiet cell is the other: its nine slots are itself or that one, a whole year each.
    own, ring = f.draws[0].toarray().reshape(9, 12)[0], f.draws[0].toarray().reshape(9, 12)[1:]
    assert not own.any()
    years = {tuple(year) for year in ring.tolist()}
    assert years == {tuple(range(12)), (0,) * 12}
    assert f.known.tolist() == [True, True, False]


def test_months_without_data_are_replaced_by_months_that_have_some(history):
    history.counts["os"][12:18, 1] = np.nan
    f = forecast(history, "os", "conflictology")
    assert f.known[1]
    assert set(f.draws[1].data.tolist()) <= {6, 7, 8, 9, 10, 11}
    assert f.draws[1].nnz == 12


def test_bootstrap_draws_from_everybody():
    rng = np.random.default_rng(1)
    plane = np.where(rng.random((240, 3)) < 0.05, 7, 0).astype(np.float32)
    f = forecast(panel_of(plane), "os", "bootstrap")
    assert f.p_any()[0] == pytest.approx([(plane > 0).mean()] * 3, abs=0.03)
    assert set(f.draws.data.tolist()) == {7.0}


@pytest.mark.parametrize("model", [*BENCHMARKS, "analogues"])
def test_a_peaceful_panel_and_one_huge_row_are_forecast_without_complaint(model):
    plane = np.zeros((60, 3), dtype=np.float32)
    assert forecast(panel_of(plane), "os", model, horizon=3).mean().max() == pytest.approx(0, abs=0.05)
    plane[30, 1] = 1e6
    f = forecast(panel_of(plane), "os", model, horizon=3)
    assert np.isfinite(f.mean()).all()


@pytest.mark.parametrize("model", [*BENCHMARKS, "analogues"])
def test_the_same_seed_gives_the_same_numbers_and_the_future_does_not_move_the_past(model):
    rng = np.random.default_rng(2)
    plane = rng.poisson(0.2, size=(80, 3)).astype(np.float32) * rng.integers(1, 30, size=(80, 3))
    panel = panel_of(plane)
    changed = plane.copy()
    changed[60:] = rng.permutation(changed[60:] * 100 + 1)
    seen = forecast(panel.until(60), "os", model, horizon=6, seed=5)
    for other in (panel_of(changed).until(60), panel_of(plane[:60])):
        again = forecast(other, "os", model, horizon=6, seed=5)
        for name, column in seen.table().items():
            assert np.array_equal(column, again.table()[name]), name
        assert (seen.draws != again.draws).nnz == 0
        assert seen.total().tobytes() == again.total().tobytes()


def test_wrong_names_are_refused(history):
    with pytest.raises(BadInput, match="no model 'best'"):
        forecast(history, "os", "best")
    with pytest.raises(BadInput, match="not counted"):
        forecast(history, "civilians", "zero")
    with pytest.raises(BadInput, match="horizon"):
        forecast(history, "os", "zero", horizon=0)
    assert "zero" in BENCHMARKS
