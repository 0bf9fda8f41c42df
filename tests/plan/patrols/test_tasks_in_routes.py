"""Escorts, fuel and visits that need somebody, in the one search for routes."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.patrols.model import Outing, Patrol, check_routes, driven, fuel_used, times
from tocsin.plan.patrols.solve import reachable, solve_outing

QUICK = {"rounds": 2, "steps": 400}


def line(x, worth, patrols, *, far=None, stay=None, opens=None, closes=None, **more):
    """Visits on a line, the base first; `far` is where each ends, where that is not where it begins."""
    x = np.array(x, dtype=float)
    n = len(x)
    end = x if far is None else np.array(far, dtype=float)
    stays = np.zeros(n) if stay is None else np.array(stay, dtype=float)
    return Outing(
        np.abs(end[:, None] - x[None, :]), np.array(worth, dtype=float), stays,
        np.zeros(n) if opens is None else np.array(opens, dtype=float),
        np.full(n, 99.0) if closes is None else np.array(closes, dtype=float), tuple(patrols), **more,
    )  # fmt: skip


def test_an_escort_begins_at_one_end_and_leaves_from_the_other():
    # On paper: base at 0, a convoy from 2 to 6 taking 4 hours, and places at 6 and at -1. Out to 2, with it to 6, the
    # visit at 6 costs nothing more, home from 6: 2 + 4 + 6 = 12 hours. The place at -1 would be 2 more.
    problem = line([0, 2, 6, -1], [0, 5, 1, 1], [Patrol("a", 0, 0, 0, 12)], far=[0, 6, 6, -1], stay=[0, 4, 0, 0])
    found = solve_outing(problem, **QUICK)
    assert set(found.visits[0]) == {1, 2}
    assert (found.value, found.hours) == (6.0, (12.0,))
    assert times(problem, problem.patrols[0], (1, 2)) == ([2.0, 6.0], 12.0)
    assert driven(replace(problem, drives=problem.stay), problem.patrols[0], (1, 2)) == 12.0
    # It does not move before hour 5, or has moved by then: only then is it escorted.
    late = replace(problem, opens=np.array([0.0, 5, 0, 0]), patrols=(Patrol("a", 0, 0, 0, 15),))
    assert times(late, late.patrols[0], (1,)) == ([5.0], 15.0)
    gone = replace(problem, closes=np.array([99.0, 1.5, 99, 99]))
    assert solve_outing(gone, **QUICK).value == 1
    with pytest.raises(Infeasible, match="even with nothing else to do"):
        solve_outing(replace(gone, must=frozenset({1})), **QUICK)


def test_the_way_of_an_escort_takes_fuel():
    patrol = Patrol("a", 0, 0, 0, 20, fuel=11.9)
    problem = line([0, 2], [0, 5], [patrol], far=[0, 6], stay=[0, 4], drives=np.array([0.0, 4.0]))
    assert solve_outing(problem, **QUICK).visits == ((),)
    enough = replace(problem, patrols=(replace(patrol, fuel=12.0),))
    assert solve_outing(enough, **QUICK).visits == ((1,),)
    assert fuel_used(enough, enough.patrols[0], (1,)) == [6.0, 12.0]


def test_tanks_are_filled_on_the_way_only_where_that_helps():
    # Place 1 is 6 hours away, there is fuel at 4, a tank lasts 8: there and back 12 hours with a stop either way.
    patrol = Patrol("a", 0, 0, 0, 30, fuel=8.0)
    problem = line([0, 6, 4, 1], [0, 5, 0, 1], [patrol], stay=[0, 1, 0.5, 1], pumps=frozenset({2}))
    found = solve_outing(problem, **QUICK)
    assert found.visits[0] in ((2, 1, 3), (3, 2, 1), (3, 1, 2), (1, 2, 3)) or set(found.visits[0]) == {1, 2, 3}
    assert found.value == 6
    # 0 to 4, 6 and back to 4 would be 8 hours on one tank; with one pump visited once the rest is 4 and 8 hours.
    assert fuel_used(problem, patrol, (1, 2)) is not None
    assert fuel_used(problem, patrol, (1,)) is None
    near = replace(problem, worth=np.array([0.0, 0, 0, 1]))
    assert solve_outing(near, **QUICK).visits == ((3,),), "no stop for fuel where none is needed"
    dry = replace(problem, pumps=frozenset())
    assert solve_outing(dry, **QUICK).visits == ((3,),)
    with pytest.raises(Infeasible, match="its fuel"):
        solve_outing(replace(dry, must=frozenset({1})), **QUICK)


def test_a_visit_goes_to_who_brings_what_it_needs():
    plain, with_team = Patrol("a", 0, 0, 0, 4), Patrol("b", 0, 0, 0, 4, brings=frozenset({"sango", "team"}))
    problem = line([0, 2, -2], [0, 3, 5], [plain, with_team], needs={1: frozenset({"sango"})})
    found = solve_outing(problem, **QUICK)
    assert found.visits == ((2,), (1,))
    assert check_routes(problem, found.visits) == 8
    with pytest.raises(BadInput, match="cannot keep"):
        check_routes(problem, ((1,), (2,)))
    both = replace(problem, needs={1: frozenset({"sango", "medical"})}, must=frozenset({1}))
    with pytest.raises(Infeasible, match="what it brings"):
        solve_outing(both, **QUICK)


def test_impossible_tasks_are_refused():
    patrol = [Patrol("a", 0, 0, 0, 9)]
    with pytest.raises(BadInput, match="part of its stay"):
        line([0, 1], [0, 1], patrol, drives=np.array([0.0, 1.0]))
    with pytest.raises(BadInput, match="worth nothing"):
        line([0, 1], [0, 1], patrol, pumps=frozenset({1}))
    with pytest.raises(BadInput, match="places of the outing"):
        line([0, 1], [0, 1], patrol, needs={7: frozenset({"x"})})
    with pytest.raises(BadInput, match="limited fuel"):
        line([0, 1], [0, 1], [Patrol("a", 0, 0, 0, 9, cost=1.0, fuel=3.0)])
    with pytest.raises(BadInput, match="fuel"):
        Patrol("a", 0, 0, 0, 9, fuel=-1.0)


def best_by_hand(problem):
    """The most that any plan is worth: every share of the visits among the patrols, in every order, with any stops."""
    pumps = sorted(problem.pumps)
    visits = [int(p) for p in reachable(problem) if p not in problem.pumps]
    top = 0.0
    for owners in itertools.product(range(len(problem.patrols) + 1), repeat=len(visits)):
        for users in itertools.product(range(len(problem.patrols) + 1), repeat=len(pumps)):
            good, value = True, 0.0
            for r, patrol in enumerate(problem.patrols):
                mine = [p for p, o in zip(visits + pumps, owners + users, strict=True) if o == r]
                value += problem.worth[mine].sum()
                orders = itertools.permutations(mine)
                good = good and any(times(problem, patrol, order) is not None for order in orders)
            top = max(top, float(value)) if good else top
    return top


@st.composite
def small(draw):
    n = draw(st.integers(3, 5))
    spots = st.lists(st.integers(0, 8), min_size=n, max_size=n)
    x, far = np.array(draw(spots), dtype=float), np.array(draw(spots), dtype=float)
    escort = np.array([k == 1 for k in range(n)])
    far = np.where(escort, far, x)
    stay = np.where(escort, np.abs(far - x), 0.5)
    opens = np.array(draw(spots), dtype=float)
    pump = frozenset({n - 1}) if draw(st.booleans()) else frozenset()
    worth = np.array([0.0, *(draw(st.integers(1, 9)) for _ in range(n - 1))])
    worth[sorted(pump)] = 0.0
    patrols = tuple(
        Patrol(str(k), 0, 0, 0.0, float(draw(st.integers(8, 24))), fuel=float(draw(st.integers(6, 24))),
               brings=frozenset({"x"} if draw(st.booleans()) else set())) for k in range(2)
    )  # fmt: skip
    return Outing(
        np.abs(far[:, None] - x[None, :]), worth, stay, opens, opens + draw(st.integers(3, 20)), patrols,
        drives=np.where(escort, stay, 0.0), needs={2: frozenset({"x"})} if draw(st.booleans()) else {}, pumps=pump,
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(small())
def test_it_finds_the_best_of_small_problems_with_all_of_them(problem):
    try:
        found = solve_outing(problem, rounds=2, steps=1500)
    except Infeasible:
        assert any(times(problem, p, ()) is None for p in problem.patrols)
        return
    assert check_routes(problem, found.visits) == pytest.approx(found.value)
    want = best_by_hand(problem)
    assert found.value == pytest.approx(want)
    assert found.bound >= want - 1e-6
    for patrol, route in zip(problem.patrols, found.visits, strict=True):
        used = fuel_used(problem, patrol, route)
        assert used is not None
        assert max(used) <= patrol.fuel + 1e-6
