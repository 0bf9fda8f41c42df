"""Today's cards by lot: the plan by its chance, and an hour of leaving at which it can still be driven."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.plan.patrols.draw import STEP_HOURS, draw_cards, latest_leave, left_later, waited
from tocsin.plan.patrols.model import Outing, Patrol, times


@settings(max_examples=60)
@given(st.integers(0, 2**31), st.floats(8, 20))
def test_whenever_it_leaves_the_card_tells_what_driving_it_takes(seed, back):
    rng = np.random.default_rng(seed)
    n = 5
    opens = np.r_[0.0, rng.uniform(0, 12, n - 1)]
    patrol = Patrol("a", 0, 0, 6.0, float(back))
    problem = Outing(rng.uniform(0.2, 3, (n, n)), np.r_[0.0, np.ones(n - 1)], np.r_[0.0, rng.uniform(0, 1, n - 1)],
                     opens, opens + rng.uniform(0, 8, n), (patrol,))  # fmt: skip
    route = tuple(int(k) for k in rng.permutation(np.arange(1, n))[: rng.integers(1, n)])
    timed = times(problem, patrol, route)
    if timed is None:
        return
    until = latest_leave(problem, patrol, route)
    waits = waited(problem, patrol, route)
    told = {"leave": 6.0, "back": timed[1], "hours_out": timed[1] - 6.0,
            "stops": [{"at": at, "waits": w} for at, w in zip(timed[0], waits, strict=True)]}  # fmt: skip
    for leave in np.linspace(6.0, until, 3):
        driven = times(problem, replace(patrol, leave=float(leave)), route)
        assert driven is not None
        later = left_later(told, float(leave) - 6.0)
        assert [s["at"] for s in later["stops"]] == pytest.approx(driven[0])
        assert later["back"] == pytest.approx(driven[1])
    # Twice as late is at most as late as can be, and what was to spare is used.
    assert times(problem, replace(patrol, leave=2 * until - 6.0), route) is not None
    assert times(problem, replace(patrol, leave=2 * (until + STEP_HOURS) - 6.0 + 1e-4), route) is None


def test_plans_and_hours_are_drawn():
    def card(name, until):
        return {
            "patrol": name,
            "leave": 6.0,
            "leave_until": until,
            "back": 9.0,
            "hours_out": 3.0,
            "stops": [{"at": 7.0}],
        }

    plans = [{"chance": 0.75, "patrols": [card("a", 7.0)]}, {"chance": 0.25, "patrols": [card("b", 6.0)]}]
    lot = Random(1)
    drawn = [draw_cards({"mix": {"plans": plans}}, lot)[0] for _ in range(2000)]
    assert np.mean([d["patrol"] == "a" for d in drawn]) == pytest.approx(0.75, abs=0.03)
    hours = {round(d["leave"], 6) for d in drawn if d["patrol"] == "a"}
    assert len(hours) == 13
    assert (min(hours), max(hours)) == (6.0, 7.0)
    assert {d["leave"] for d in drawn if d["patrol"] == "b"} == {6.0}
    for d in drawn:
        assert d["back"] - 9.0 == pytest.approx(d["leave"] - 6.0)
        assert d["stops"][0]["at"] - 7.0 == pytest.approx(d["leave"] - 6.0)


def test_a_run_made_before_hours_were_drawn_leaves_at_its_hour():
    old = {"patrol": "a", "leave": 6.0, "back": 9.0, "hours_out": 3.0, "stops": [{"at": 7.0}]}
    assert draw_cards({"mix": {"plans": [{"chance": 1.0, "patrols": [old]}]}}, Random(1)) == [old]
