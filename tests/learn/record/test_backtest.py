import numpy as np
import pytest

from tocsin.assess.forecast import BENCHMARKS, MODELS
from tocsin.assess.panel import Panel
from tocsin.core.errors import BadInput
from tocsin.learn.record import backtest, block_bootstrap, diebold_mariano, losses, outcomes, summary

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


def test_diebold_mariano_agrees_with_the_plain_t_test_where_months_do_not_overlap():
    from dataclasses import replace

    from scipy.stats import ttest_1samp

    rng = np.random.default_rng(4)
    plane = (rng.random((160, 3)) < 0.4) * rng.geometric(0.2, (160, 3))
    panel = Panel(GIDS, 1, {"os": plane.astype(np.float32)})
    ours = backtest(panel, "os", MODELS["conflictology"](), range(24, 150), np.array([1]))
    zero = backtest(panel, "os", MODELS["zero"](), range(24, 150), np.array([1]))
    found = diebold_mariano(ours, zero)
    gap = (ours.crps - zero.crps).reshape(-1, 3).mean(axis=1)
    assert found.mean == pytest.approx(gap.mean())
    assert found.p == pytest.approx(ttest_1samp(gap, 0).pvalue, rel=1e-6)
    same = diebold_mariano(ours, ours)
    assert (same.mean, same.p) == (0, 1)
    # Overlap makes errors of neighbouring origins alike; a test that ignored it would be too sure.
    months = np.arange(126).repeat(3)
    wave = replace(ours, step=np.full(378, 12), crps=zero.crps + 0.1 + np.sin(months / 9))
    naive = np.std(0.1 + np.sin(np.arange(126) / 9)) / np.sqrt(126)
    assert diebold_mariano(wave, zero).error > 2 * naive
    assert np.isnan(diebold_mariano(ours.where(ours.origin < 30), zero.where(zero.origin < 30)).p)


def test_losses_name_what_we_lose_and_to_whom():
    row = {"target": "os", "months_ahead": "1"}
    table = [
        row | {"model": "a", "crps": 1.1, "ap": 0.5, "brier": None},
        row | {"model": "b", "crps": 1.0, "ap": 0.4, "brier": 0.1},
        row | {"model": "c", "crps": 1.2, "ap": 0.8, "brier": 0.2},
    ]
    found = losses(table, "a")
    assert [(r["measure"], r["model"], r["theirs"]) for r in found] == [("ap", "c", 0.8), ("crps", "b", 1.0)]
    assert found[1]["behind"] == pytest.approx(0.1)
    assert losses(table[1:2], "b") == []
