"""Nights and companions: what is chosen, and a bound over everything that could have been."""

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.plan.patrols.actions import _most
from tocsin.plan.patrols.asked import Joint, Out
from tocsin.plan.patrols.layout import DAY, Node, _freer, _problem
from tocsin.plan.patrols.model import Outing, Patrol
from tocsin.plan.patrols.solve import solve_outing


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_the_bound_holds_wherever_they_sleep_and_whoever_is_aboard(seed, days):
    rng = np.random.default_rng(seed)
    ends, n = 3, 9
    x = rng.uniform(0, 12, (n, 2))
    hours = np.hypot(*(x[:, None] - x[None]).T).T
    worth = np.r_[np.zeros(ends), rng.uniform(0, 1, n - ends)]
    home = tuple(Patrol(f"d{d}", 0, 0, DAY * d + 6, DAY * d + 16) for d in range(days))
    problem = Outing(hours, worth, np.full(n, 0.5), np.zeros(n), np.full(n, DAY * days), home,
                     needs={n - 1: frozenset({"section"})})  # fmt: skip
    most = _most(_freer(problem, ends, Out(days=days)), ())
    for nights in itertools.product(range(ends), repeat=days - 1):
        at = (0, *nights, 0)
        sent = tuple(replace(p, start=at[d], end=at[d + 1], brings=frozenset({"section"})) for d, p in enumerate(home))
        if all(hours[p.start, p.end] <= 10 for p in sent):
            found = solve_outing(replace(problem, patrols=sent), rounds=1, steps=400, bound=False)
            assert found.value <= most + 1e-6


def test_a_market_is_visited_while_it_is_held():
    nodes = [Node("Base", 0, 0, kind="base"), Node("Market", 1, 1, 2.0), Node("Far", 1, 2, 1.0)]
    asked = Out(joint=(Joint("Market", after=10, before=12),), stay_hours=1.0)
    hours = np.array([[0.0, 1, 2], [1, 0, 2], [2, 2, 0]])
    problem = replace(_problem(asked, nodes, hours, np.zeros(3)), patrols=(Patrol("a", 0, 0, 6.0, 18.0),))
    assert not problem.needs
    assert (problem.opens[1], problem.closes[1]) == (10, 11)
    assert solve_outing(problem, rounds=1, steps=500).value == 3
    # Whoever has to be back by half past eleven can be at the market from ten, and not in the far place too after it.
    early = replace(problem, patrols=(Patrol("a", 0, 0, 9.0, 12.0),))
    assert solve_outing(early, rounds=1, steps=500).visits == ((1,),)
