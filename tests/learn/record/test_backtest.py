import numpy as np
import pytest

from tocsin.assess.forecast import BENCHMARKS, MODELS
from tocsin.assess.panel import Panel
from tocsin.core.errors import BadInput
from tocsin.learn.record import backtest, block_bootstrap, outcomes, summary

GIDS = np.array([135757, 135758, 135759])


@pytest.fixture
def panel():
    rng = np.random.default_rng(8)
    plane = (rng.random((100, 3)) < [0.05, 0.3, 0.7]) * rng.geometric(0.2, (100, 3))
    return Panel(GIDS, 1, {"os": plane.astype(np.float32)})


def test_outcomes_after_the_end_are_unknown(panel):
    seen = outcomes(panel, "os", 98, np.arange(1, 5))
    assert seen[:2].tolist() == panel.counts["os"][98:].tolist()
    assert np.isnan(seen[2:]).all()


def test_a_backtest_scores_every_cell_and_step_once(panel):
    rows = backtest(panel, "os", MODELS["conflictology"](), range(60, 90, 3), np.arange(1, 7))
    assert len(rows) == 10 * 6 * 3
    again = backtest(panel, "os", MODELS["conflictology"](), range(60, 90, 3), np.arange(1, 7), refit_every=5)
    assert np.array_equal(rows.crps, again.crps)
    one = backtest(panel, "os", MODELS["conflictology"](), [60], np.arange(1, 7), cells=GIDS[:1])
    assert np.array_equal(one.crps, rows.crps[(rows.origin == 60) & (rows.gid == GIDS[0])])


@pytest.mark.parametrize("model", BENCHMARKS)
def test_what_comes_after_an_origin_does_not_move_its_forecasts(panel, model):
    rng = np.random.default_rng(1)
    changed = Panel(GIDS, 1, {"os": panel.counts["os"].copy()})
    changed.counts["os"][80:] = rng.permutation(changed.counts["os"][80:]) * 7
    one = backtest(panel, "os", MODELS[model](), [70, 75, 80], np.array([1, 2, 3]), refit_every=2)
    two = backtest(changed, "os", MODELS[model](), [70, 75, 80], np.array([1, 2, 3]), refit_every=2)
    for name in ("mean", "p_any", "p_25", "low", "high"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


def test_history_beats_zero_where_history_repeats_and_the_interval_says_so(panel):
    steps = np.arange(1, 7)
    ours = backtest(panel, "os", MODELS["conflictology"](), range(24, 90), steps)
    zero = backtest(panel, "os", MODELS["zero"](), range(24, 90), steps)
    skill, low, high = block_bootstrap(ours, zero)
    assert low < skill < high
    assert low > 0
    assert skill == pytest.approx(1 - summary(ours, ["crps"])["crps"] / summary(zero, ["crps"])["crps"])
    with pytest.raises(BadInput):
        block_bootstrap(ours, zero, metric="ap")
    with pytest.raises(BadInput):
        block_bootstrap(ours, zero.where(zero.step == 1))
    with pytest.raises(BadInput):
        backtest(panel, "os", MODELS["zero"](), [50, 50], steps)
