"""Weeks ahead as draws: the chances of the daily process, sums that hang together, sizes of past events."""

import numpy as np
import pytest

from tests.assess.test_days import GIDS, events
from tocsin.assess.forecast.sizes import sizes
from tocsin.assess.weeks import event_sizes, of_kind, told, weekly
from tocsin.core import lattice

LAW = sizes(np.array([2.0, 30.0]), np.array([3.0, 1.0]))
BY_THEN = np.array([[0.1, 0.002, 0.0], [0.15, 0.004, 0.0], [0.25, 0.01, 0.0]])
EVENTS = np.array([0.5, 0.01, 0.0])


@pytest.fixture(scope="module")
def drawn():
    return weekly(GIDS, BY_THEN, EVENTS, LAW, 400, "os", np.random.default_rng(1))


def test_chances_by_the_end_of_each_week_are_those_of_the_process(drawn):
    for weeks in (1, 2, 3):
        for n, gid in enumerate(GIDS):
            said = told(drawn, np.array([gid]), weeks)["p_any"]
            assert said == pytest.approx(BY_THEN[weeks - 1, n], abs=0.0021)
    assert told(drawn, GIDS[2:])["high_80"] == 0
    assert told(drawn, upto=1)["p_any"] < told(drawn)["p_any"]


def test_further_events_follow_and_each_kills_as_past_ones_did(drawn):
    deaths = told(drawn, GIDS[:1])
    # Half an event in three weeks, nine deaths each: 4.5; a burst of them now and then.
    assert deaths["mean"] == pytest.approx(4.5, rel=0.15)
    assert deaths["p_25"] > 0.25 * 0.25, "one of four events kills thirty, and there may be several"
    assert deaths["high_80"] >= 2
    whole = drawn.total()
    assert whole.mean() == pytest.approx(sum(told(drawn, GIDS[n : n + 1])["mean"] for n in range(3)), abs=1e-2)


def test_bad_weeks_are_bad_in_many_cells_and_the_same_seed_gives_the_same():
    gids = np.sort(
        lattice.gid_at(*(a.ravel() for a in np.meshgrid(np.arange(20.25, 23, 0.5), np.arange(5.25, 8, 0.5))))
    )
    same = np.full((2, len(gids)), 0.1)
    made = [weekly(gids, same, np.full(len(gids), 0.1), LAW, 400, "os", np.random.default_rng(3)) for _ in range(2)]
    assert (made[0].draws != made[1].draws).nnz == 0
    cells = np.asarray((sum(made[0].step_draws(w) for w in (1, 2)) > 0).sum(axis=0)).ravel()
    assert cells.mean() == pytest.approx(0.1 * len(gids), rel=0.02)
    assert cells.var() > 2 * cells.mean(), "cells that were independent would have less"


def test_sizes_are_those_of_the_kind_forecast_the_newer_the_likelier():
    known = events(
        4, kind=np.array([3, 1, 1, 3]), best=np.array([10, 50, 7, 0]), deaths_civilians=np.array([10.0, 4, np.nan, 0]),
        first_day=np.array(["2000-01-01", "2000-01-01", "2000-01-01", "2010-01-01"], dtype="datetime64[D]"),
    )  # fmt: skip
    until = np.datetime64("2010-01-02")
    assert of_kind(known, "civilians").tolist() == [True, True, False, True]
    assert of_kind(known, "deaths").all()
    assert event_sizes(known, "sb", until).stock.tolist() == [7, 50]
    law = event_sizes(known, "civilians", until)
    assert law.stock.tolist() == [1, 4, 10], "an event is at least one death; soldiers are not civilians"
    assert law.mass[0] > 0.9, "ten years ago counts a thirtieth"
