"""How many cells are hit in all follows the last months; where, stays as it was said."""

import numpy as np
import pytest

from tests.assess.forecast.test_cells import GIDS
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.reasons import GROUPS, contrast
from tocsin.assess.forecast.restless import FOLLOW, restless
from tocsin.assess.panel import Panel
from tocsin.assess.why import explain

STILL = (0.0,) * 6


@pytest.fixture(scope="module")
def flared():
    """Eighteen years of a little violence, and a last month in which a third of the cells are hit."""
    rng = np.random.default_rng(8)
    plane = (rng.random((216, len(GIDS))) < 0.03 + 0.05 * (np.arange(len(GIDS)) < 6)).astype(np.float32)
    plane[-1, ::3] = 4
    return Panel(GIDS, 1, {"os": plane})


def test_half_the_sum_of_the_next_month_is_that_of_the_last_ones(flared):
    plane = flared.counts["os"]
    hit = np.minimum(plane, 1).sum(axis=1)
    lately = (0.5 ** np.arange(12) @ hit[::-1][:12]) / (0.5 ** np.arange(12)).sum()
    still, moved = (Cells(share=0, follow=follow).fit(flared, "os") for follow in (STILL, FOLLOW))
    for step, share in ((1, 0.5), (2, 0.25), (6, 0.25)):
        before, after = still.chance(step), moved.chance(step)
        assert after.sum() == pytest.approx((1 - share) * before.sum() + share * lately, rel=0.1)
        assert after.sum() > before.sum() + 0.5 * share * (lately - before.sum())
        assert np.array_equal(np.argsort(after, kind="stable"), np.argsort(before, kind="stable"))
    assert moved.chance(7).tobytes() == still.chance(7).tobytes(), "further off the last month says nothing"
    assert moved.level(7) == moved.correction[3]
    calm = Panel(GIDS, 1, {"os": np.concatenate([plane, np.zeros((10, len(GIDS)), np.float32)])})
    down, was = moved.seeing(calm).chance(1).sum(), still.seeing(calm).chance(1).sum()
    assert 0.5 * was < down < 0.55 * was, "when it stops, by half and no more"


def test_months_nobody_looked_at_are_neither_calm_nor_restless():
    chance = np.array([0.2, 0.1, 0.2])
    plane = np.zeros((20, 3), dtype=np.float32)
    plane[-2:, 0] = 7, 0.5
    weight = 0.5 ** np.arange(12)
    expected = 0.5 * weight.sum()
    assert restless(plane, chance, 1.0) == pytest.approx((0.5 + 0.5) / expected)
    assert restless(plane, chance, 0.25) == pytest.approx(0.75 + 0.25 / expected)
    plane[-1] = np.nan
    assert restless(plane, chance, 1.0) == pytest.approx(0.5 / (expected - 0.5))
    plane[:, 2] = np.nan
    assert restless(plane, chance, 1.0) == pytest.approx(0.5 / (0.6 * (expected - 0.5)))
    assert restless(np.full((20, 3), np.nan, dtype=np.float32), chance, 0.5) == 1
    assert restless(plane, np.zeros(3), 0.5) == 1
    assert restless(plane[:2], chance, 0.0) == 1


def test_a_flare_is_told_as_a_reason_and_the_factors_still_multiply(flared):
    fitted = Cells(share=0.3).fit(flared, "os")
    then = fitted.seeing(flared.until(flared.as_of - 1))
    assert fitted.level(1) / fitted.correction[0] > 1.5 * then.level(1) / then.correction[0]
    parts = contrast(fitted, fitted.now, then.now, 1, (fitted.level(1), then.level(1)))
    assert parts.sum(axis=1) == pytest.approx(np.log(fitted.chance(1) / then.chance(1)), abs=1e-9)
    assert (parts[:, GROUPS.index("lately")] > np.log(1.5)).all()
    month = explain(fitted, [], 0, 1)[-1]
    assert "lately" in [reason.group for reason in month.reasons]
