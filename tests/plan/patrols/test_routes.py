import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.patrols.bound import linear_bound
from tocsin.plan.patrols.model import Outing, Patrol, check_routes, times
from tocsin.plan.patrols.solve import distances, reachable, solve_outing

QUICK = {"rounds": 2, "steps": 300}


def line(worth, patrols, at=None, stay=0.0, opens=None, closes=None, must=()):
    """Places on a line one hour apart, the base at 0 with no worth."""
    x = np.arange(len(worth) + 1, dtype=float) if at is None else np.array([0.0, *at])
    n = len(x)
    return Outing(
        distances(x, np.zeros(n)), np.array([0.0, *worth]), np.full(n, stay) * (np.arange(n) > 0),
        np.zeros(n) if opens is None else np.array([0.0, *opens]),
        np.full(n, 99.0) if closes is None else np.array([99.0, *closes]),
        tuple(patrols), frozenset(must),
    )  # fmt: skip


def test_on_paper():
    problem = line([1, 1, 1, 10], [Patrol("a", 0, 0, 0, 4), Patrol("b", 0, 0, 0, 8)])
    found = solve_outing(problem, **QUICK)
    assert found.value == 13  # b goes to the end and back, and all lie on its way
    assert found.bound == 13
    one = solve_outing(line([1, 1, 1, 10], [Patrol("a", 0, 0, 0, 6)]), **QUICK)
    assert (one.value, set(one.visits[0])) == (3, {1, 2, 3})


def test_windows_stays_and_waiting():
    # Both places are open for a moment: the far one first, then the near one on the way home.
    problem = line([1, 1], [Patrol("a", 0, 0, 0, 6)], opens=[4, 2], closes=[4, 2.5], stay=0.5)
    found = solve_outing(problem, **QUICK)
    assert found.visits == ((2, 1),)
    assert times(problem, problem.patrols[0], (2, 1)) == ([2.0, 4.0], 5.5)
    assert times(problem, problem.patrols[0], (1, 2)) is None


def test_a_must_counts_more_than_all_else_and_what_cannot_be_is_said():
    patrol = [Patrol("a", 0, 0, 0, 4)]
    free = line([5, 1, 9], patrol, at=[1, -2, 2])
    assert set(solve_outing(free, **QUICK).visits[0]) == {1, 3}
    held = solve_outing(line([5, 1, 9], patrol, at=[1, -2, 2], must={2}), **QUICK)
    assert held.visits == ((2,),)
    with pytest.raises(Infeasible, match="even with nothing else to do"):
        solve_outing(line([1, 1], patrol, at=[1, 9], must={2}), **QUICK)
    with pytest.raises(Infeasible, match="left out in the best plan found"):
        solve_outing(line([1, 1], patrol, at=[2, -2], must={1, 2}), **QUICK)
    with pytest.raises(Infeasible, match="patrol a cannot get"):
        solve_outing(line([1, 1], [Patrol("a", 0, 2, 0, 1)]), **QUICK)


def test_several_bases_and_days():
    # A patrol sleeps at the far base (place 2) on the first night: two days, two routes.
    days = [Patrol("day 1", 0, 2, 6, 10), Patrol("day 2", 2, 0, 30, 34)]
    problem = line([4, 0, 3], days, at=[1, 3, 3.5])
    found = solve_outing(problem, **QUICK)
    assert found.value == 7
    assert check_routes(problem, found.visits) == 7


def test_impossible_problems_are_refused():
    with pytest.raises(BadInput, match="before it leaves"):
        Patrol("a", 0, 0, 5, 4)
    with pytest.raises(BadInput, match="no patrol"):
        line([1], [])
    with pytest.raises(BadInput, match="visited twice"):
        check_routes(line([1], [Patrol("a", 0, 0, 0, 9)]), ((1, 1),))


def best_by_hand(problem):
    clients = [int(p) for p in reachable(problem)]
    top = 0.0
    for owners in itertools.product(range(len(problem.patrols) + 1), repeat=len(clients)):
        good, value = True, 0.0
        for r, patrol in enumerate(problem.patrols):
            mine = [p for p, o in zip(clients, owners, strict=True) if o == r]
            value += problem.worth[mine].sum()
            if not any(times(problem, patrol, order) is not None for order in itertools.permutations(mine)):
                good = False
                break
        if good:
            top = max(top, float(value))
    return top


@st.composite
def small(draw):
    n = draw(st.integers(2, 5))
    number = st.integers(0, 8)
    x = np.array([draw(number) for _ in range(n)], dtype=float)
    y = np.array([draw(number) for _ in range(n)], dtype=float)
    opens = np.array([draw(st.integers(0, 5)) for _ in range(n)], dtype=float)
    patrols = tuple(
        Patrol(str(k), 0, 0, float(draw(st.integers(0, 3))), float(draw(st.integers(10, 24)))) for k in range(2)
    )
    worth = np.array([0.0, *(draw(st.integers(0, 9)) for _ in range(n - 1))])
    return Outing(distances(x, y), worth, np.full(n, 0.5), opens, opens + draw(st.integers(2, 20)), patrols)


@settings(max_examples=25)
@given(small())
def test_it_finds_the_best_of_small_problems_and_the_bound_holds(problem):
    want = best_by_hand(problem)
    found = solve_outing(problem, rounds=2, steps=1500)
    assert check_routes(problem, found.visits) == pytest.approx(found.value)
    assert found.value == pytest.approx(want)
    assert found.bound >= want - 1e-6
    assert linear_bound(problem, reachable(problem)) >= want - 1e-6


def test_the_same_seed_gives_the_same_plan():
    rng = np.random.default_rng(3)
    at = rng.uniform(0, 10, (2, 25))
    problem = Outing(
        distances(*at), np.r_[0.0, rng.integers(1, 9, 24)], np.full(25, 0.2), np.zeros(25), np.full(25, 50.0),
        (Patrol("a", 0, 0, 0, 12), Patrol("b", 0, 0, 0, 12)),
    )  # fmt: skip
    one, two = (solve_outing(problem, seed=7, rounds=2, steps=2000) for _ in range(2))
    assert one == two
    assert one.bound >= one.value
