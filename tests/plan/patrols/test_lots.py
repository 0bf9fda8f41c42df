"""The best lot among all routes: on paper, and against every plan there is."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tocsin.plan.patrols.lots import best_lot, every_route
from tocsin.plan.patrols.model import Outing, Patrol, check_routes, times
from tocsin.plan.patrols.solve import distances


def around(worth, hours, patrols=1):
    """Places one hour from the base each way and two from one another."""
    n = len(worth) + 1
    apart = np.full((n, n), 2.0)
    apart[0], apart[:, 0] = 1.0, 1.0
    np.fill_diagonal(apart, 0.0)
    zeros = np.zeros(n)
    return Outing(apart, np.r_[0.0, worth], zeros, zeros, zeros + 24,
                  tuple(Patrol(str(k), 0, 0, 0, hours) for k in range(patrols)))  # fmt: skip


def test_on_paper():
    # In two hours one place: of worth 4, 3, 1. None more often than half the days: 4 and 3, 3.5 on average.
    problem = around([4, 3, 1], 2)
    routes = [every_route(problem, problem.patrols[0])]
    assert routes == [[(), (1,), (2,), (3,)]]
    half = best_lot(problem, routes, [0.5])
    assert (half.value, half.bound) == (pytest.approx(3.5), pytest.approx(3.5))
    assert dict(zip(half.plans, half.chance, strict=True)) == {((1,),): 0.5, ((2,),): 0.5}
    third = best_lot(problem, routes, [1 / 3])
    assert third.value == pytest.approx(8 / 3)
    assert best_lot(problem, routes, [0.2]) is None, "four ways, none more than a fifth"


def test_the_other_way_round_is_another_route():
    # In four hours any two places, in either order: one pair is enough when each order goes every other day.
    problem = around([4, 3], 4)
    lot = best_lot(problem, [every_route(problem, problem.patrols[0])], [0.5])
    assert lot.value == pytest.approx(7)
    assert set(lot.plans) == {((1, 2),), ((2, 1),)}


def test_too_many_routes_are_not_listed():
    problem = around(np.ones(30), 40)
    assert every_route(problem, problem.patrols[0]) is None


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.3, 0.5, 0.8]))
def test_it_is_the_best_of_every_plan_and_keeps_to_the_cap(seed, cap):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 4, (2, 5))
    zeros = np.zeros(5)
    patrols = tuple(Patrol(str(k), 0, 0, 0, 6) for k in range(2))
    problem = Outing(distances(x, y), np.r_[0.0, rng.uniform(0.5, 3, 4)], zeros, zeros, zeros + 24, patrols)
    routes = [every_route(problem, p) for p in patrols]
    lot = best_lot(problem, routes, [cap, cap])
    plans = [p for p in itertools.product(*routes) if not set(p[0]) & set(p[1])]
    worth = np.array([check_routes(problem, p) for p in plans])
    rows, most = [], []
    for r, patrol in enumerate(patrols):
        for route in routes[r]:
            two = len(route) > 1 and times(problem, patrol, route[::-1]) is not None
            rows.append([float(p[r] == route) for p in plans])
            most.append(min(1.0, cap * (2 if two else 1)))
    by_hand = linprog(-worth, A_ub=rows, b_ub=most, A_eq=np.ones((1, len(plans))), b_eq=[1.0])
    if by_hand.status == 2:
        assert lot is None
        return
    assert lot.value == pytest.approx(-by_hand.fun, abs=1e-6)
    assert lot.bound >= lot.value - 1e-9
    for r in range(2):
        for route in {p[r] for p in lot.plans}:
            assert sum(c for p, c in zip(lot.plans, lot.chance, strict=True) if p[r] == route) <= cap + 1e-6


def test_a_place_is_seen_as_often_as_its_floor_says():
    # One of three places in two hours, worth 4, 3 and 1, none on more than half of the days: the last on a fifth.
    problem = around([4, 3, 1], 2)
    routes = [every_route(problem, problem.patrols[0])]
    lot = best_lot(problem, routes, [0.5], {3: 0.2})
    assert dict(zip(lot.plans, lot.chance, strict=True)) == pytest.approx({((1,),): 0.5, ((2,),): 0.3, ((3,),): 0.2})
    assert (lot.value, lot.bound) == (pytest.approx(3.1), pytest.approx(3.1))
    assert best_lot(problem, routes, [0.5], {3: 0.6}) is None, "no more than half of the days, and more than half"
    assert best_lot(problem, routes, [0.5], {3: 0.4, 2: 0.4, 1: 0.4}) is None
