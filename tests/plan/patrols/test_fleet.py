"""Patrols that carry, cost, or may be out only so long."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.patrols.model import Outing, Patrol, check_routes, cost_of, times
from tocsin.plan.patrols.solve import distances, solve_outing


def line(x, worth, patrols, *, load=None, must=(), stay=0.0, opens=None, closes=None):
    """Places on a line; the first is the base."""
    n = len(x)
    return Outing(
        distances(np.array(x, dtype=float), np.zeros(n)), np.array(worth, dtype=float), np.full(n, stay),
        np.zeros(n) if opens is None else np.array(opens, dtype=float),
        np.full(n, 100.0) if closes is None else np.array(closes, dtype=float), tuple(patrols), frozenset(must),
        None if load is None else np.array(load, dtype=float),
    )  # fmt: skip


def best(problem, steps=40):
    return solve_outing(problem, steps=steps, seconds=5.0)


def test_a_place_that_costs_more_than_it_is_worth_is_left_out():
    # On paper: there and back is 2, 6 and 20 hours at 1 each; worth 3, 5 and 10. The first two share the way: 8 - 6.
    problem = line([0, 1, 3, 10], [0, 3, 5, 10], [Patrol("a", 0, 0, 0, 50, cost=1.0)])
    found = best(problem)
    assert set(found.visits[0]) == {1, 2}
    assert (found.value, found.cost) == (8.0, 6.0)
    dear = replace(problem, patrols=(Patrol("a", 0, 0, 0, 50, cost=1.0, fixed=3.0),))
    assert best(dear).visits == ((),), "with the cost of going out nothing is worth it"
    asked = replace(dear, must=frozenset({3}))
    assert set(best(asked).visits[0]) == {1, 2, 3}, "what must be visited is, and what lies on the way"


def test_the_larger_patrol_goes_when_one_way_is_cheaper_than_two():
    small = [Patrol(f"s{k}", 0, 0, 0, 50, carries=1, cost=1.0, fixed=4.0) for k in range(2)]
    large = Patrol("l", 0, 0, 0, 50, carries=2, cost=1.0, fixed=6.0)
    problem = line([0, 5, 5.5], [0, 0, 0], [*small, large], load=[0, 1, 1], must=[1, 2])
    found = best(problem)
    assert sorted(len(v) for v in found.visits) == [0, 0, 2]
    assert found.cost == pytest.approx(6 + 11)


def test_a_patrol_goes_far_for_what_pays_only_all_together():
    # On paper: 90 visits of 7 from 200 to 289 hours away are worth 630, and there and back is 578; 60 of them, more
    # than a step ever tries, are worth 420 and cost 518.
    patrol = Patrol("a", 0, 0, 0, 999, cost=1.0)
    found = best(line([0, *range(200, 290)], [0, *[7] * 90], [patrol], closes=[999] * 91), steps=200)
    assert (len(found.visits[0]), found.value - found.cost) == (90, 52)


def test_out_no_longer_than_allowed_and_leaving_late_for_a_window():
    # The place opens at 10 and is 2 hours away: out from 8 to 12 is 4 hours, though the day begins at 0.
    patrol = Patrol("a", 0, 0, 0, 24, longest=4.0)
    problem = line([0, 2], [0, 1], [patrol], opens=[0, 10])
    assert best(problem).visits == ((1,),)
    assert times(problem, patrol, (1,)) == ([10.0], 12.0)
    assert times(problem, replace(patrol, longest=3.9), (1,)) is None
    assert best(replace(problem, patrols=(replace(patrol, longest=3.9),))).visits == ((),)


def test_what_does_not_fit_is_said():
    patrol = Patrol("a", 0, 0, 0, 50, carries=1, cost=1.0)
    with pytest.raises(Infeasible, match="left out in the best plan found"):
        best(line([0, 1, 2], [0, 0, 0], [patrol], load=[0, 1, 1], must=[1, 2]))
    with pytest.raises(BadInput, match="carries less"):
        check_routes(line([0, 1, 2], [0, 1, 1], [patrol], load=[0, 1, 1]), ((1, 2),))
    with pytest.raises(BadInput, match="zero or more"):
        Patrol("a", 0, 0, 0, 50, cost=-1.0)


@st.composite
def small(draw):
    """Up to four visits, the first and the last place bases, patrols from either."""
    n = draw(st.integers(4, 6))
    at = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=n, max_size=n))
    number = st.sampled_from([0.0, 1.0, 4.0, 9.0])
    limits = (st.sampled_from(choice) for choice in ([1.0, 2.0, 3.0], [0.2, 1.0], [0.0, 2.0], [15.0, 99.0]))
    made = st.builds(Patrol, st.just("a"), st.just(0), st.just(0), st.just(0.0), st.just(60.0), *limits)
    stand = st.sampled_from([0, n - 1])
    patrols = [replace(p, start=at_base, end=at_base)
               for p, at_base in draw(st.lists(st.tuples(made, stand), min_size=1, max_size=2))]  # fmt: skip
    opens = [0.0, *draw(st.lists(st.sampled_from([0.0, 8.0]), min_size=n - 1, max_size=n - 1))]
    x, y = (np.array([p[i] for p in at], dtype=float) for i in (0, 1))
    return Outing(
        distances(x, y), np.array([0.0, *draw(st.lists(number, min_size=n - 2, max_size=n - 2)), 0.0]), np.full(n, 0.5),
        np.array(opens), np.full(n, 30.0), tuple(patrols), frozenset(), np.r_[0.0, np.ones(n - 1)],
    )  # fmt: skip


def test_a_route_goes_to_the_base_where_it_is_cheaper_and_two_become_one():
    # Bases at 0 and 20, visits at 15 and 16: one route of 10 hours from the second.
    bases = [Patrol("near", 3, 3, 0, 99, cost=1.0), *(Patrol(f"far {k}", 0, 0, 0, 99, cost=1.0) for k in range(2))]
    problem = line([0, 15, 16, 20], [0, 0, 0, 0], bases, must=[1, 2])
    found = best(problem, steps=100)
    assert (set(found.visits[0]), found.cost) == ({1, 2}, 10.0)


def by_hand(problem):
    """The most worth after cost over all ways to split and order visits."""
    n, m = len(problem.worth), len(problem.patrols)
    top = 0.0
    for split in itertools.product([-1, *range(m)], repeat=n - 2):
        orders = [itertools.permutations([k + 1 for k, s in enumerate(split) if s == r]) for r in range(m)]
        for routes in itertools.product(*orders):
            try:
                top = max(top, check_routes(problem, routes) - cost_of(problem, routes))
            except BadInput:
                continue
    return top


@settings(max_examples=25)
@given(small())
def test_it_finds_the_best_of_small_ones_and_keeps_to_every_limit(problem):
    found = best(problem, steps=60)
    assert check_routes(problem, found.visits) == pytest.approx(found.value)
    assert found.cost == pytest.approx(cost_of(problem, found.visits))
    assert found.value - found.cost == pytest.approx(by_hand(problem), abs=1e-6)


@settings(max_examples=25)
@given(small(), st.integers(0, 1_000))
def test_it_finds_the_best_where_the_way_back_is_another_and_ways_over_third_places_are_shorter(problem, seed):
    crooked = problem.hours * np.random.default_rng(seed).choice([0.3, 1.0, 2.0], problem.hours.shape)
    problem = replace(problem, hours=crooked)
    found = best(problem, steps=60)
    assert found.value - found.cost == pytest.approx(by_hand(problem), abs=1e-6)


def test_of_a_large_fleet_the_patrols_that_suit_go_out():
    # On paper: 40 patrols of each of three kinds; one of the dear kind that carries all is cheaper than any two others.
    kinds = [(1.0, 1.0, 3.0), (2.0, 1.0, 5.0), (4.0, 1.5, 2.0)]
    patrols = [Patrol(f"{k}", 0, 0, 0, 99, carries=c, cost=p, fixed=f) for c, p, f in kinds for k in range(40)]
    found = best(line([0, 3, 4, 5, 6], [0] * 5, patrols, load=[0, 1, 1, 1, 1], must=[1, 2, 3, 4]), steps=100)
    assert ([len(v) for v in found.visits if v], found.cost) == ([4], 2 + 1.5 * 12)
    assert any(found.visits[80:])
