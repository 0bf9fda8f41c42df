"""A row of six cells; a unit at a place reaches it and its two neighbours. Small enough to try every posture."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.posture import (
    AIMS,
    Goals,
    Option,
    Problem,
    WhatIf,
    best_posture,
    clash,
    demands,
    evaluate,
    front,
    reasons,
    schedule,
    second_best,
    shadow_values,
)
from tocsin.plan.posture.alike import alike

N = 6
REACH = np.abs(np.subtract.outer(np.arange(N), np.arange(N))) <= 1
AREAS = np.array([0, 0, 0, 1, 1, 1])
HOURS = np.abs(np.subtract.outer(np.arange(N), np.arange(N))).astype(float)


def problem(draws, units=2, asked=(), backup=0.0, **changes):
    options = [
        Option(f"u{u}", UnitKind.TOB, s, 100, cost=1.0 + s, moves=s != u) for u in range(units) for s in range(N)
    ]
    cover = csr_matrix(np.tile(REACH, units).astype(np.int8))
    tiers = [(cover, 1 - backup, False)] + ([(cover, backup, True)] if backup else [])
    made = [d(options) for d in asked]
    return Problem(options, tiers, np.atleast_2d(np.asarray(draws, dtype=float)), AREAS, made, **changes)


def every(p, ok=lambda options: True):
    units = p.names
    choices = [[None, *(j for j, o in enumerate(p.options) if o.unit == u)] for u in units]
    for pick in itertools.product(*choices):
        chosen = [j for j in pick if j is not None]
        if ok([p.options[j] for j in chosen]):
            yield chosen


def score(p, goals, chosen):
    aims = evaluate(p, chosen)
    return sum(getattr(goals, a) * aims[a] for a in AIMS)


RISK = [5, 0, 1, 3, 0, 6]


@pytest.mark.parametrize(
    "goals",
    [
        Goals(),
        Goals(harm=1, worst_area=2),
        Goals(harm=0.2, spread=1),
        Goals(harm=1, cost=0.05, moves=0.03),
        Goals(harm=0.1, tail=1),
    ],
)
@pytest.mark.parametrize("backup", [0.0, 0.4])
def test_the_best_of_all_postures_is_found_and_proven(goals, backup):
    draws = np.random.default_rng(4).poisson(np.array(RISK) * 2, (5, N))
    p = problem(draws, backup=backup, tail_share=0.7)
    found = best_posture(p, goals)
    best = min(score(p, goals, c) for c in every(p))
    assert found.value == pytest.approx(best, abs=1e-6)
    assert found.bound == pytest.approx(best, abs=1e-5)
    assert found.value == pytest.approx(score(p, goals, found.chosen))
    assert len({p.options[j].unit for j in found.chosen}) == len(found.chosen)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 9), min_size=N, max_size=N), min_size=3, max_size=3),
    st.sampled_from([Goals(harm=1e-4, spread=1), Goals(harm=1e-4, tail=1), Goals(harm=1, moves=0.1), Goals(cost=0.02)]),
    st.sampled_from([0.0, 0.5]),
    st.integers(0, 3),
)
def test_units_that_are_alike_are_one_count_and_lose_nothing(draws, goals, backup, moves):
    """Three units that may change places; the fourth may not leave and is like nobody."""
    options = [Option(f"u{u}", UnitKind.TOB, s, 100, cost=1.0 + s, moves=s != u) for u in range(3) for s in range(N)]
    options.append(Option("stays", UnitKind.BASE, 4, 500))
    cover = csr_matrix(np.hstack([np.tile(REACH, 3), REACH[:, [4]]]).astype(np.int8))
    tiers = [(cover, 1 - backup, False)] + ([(cover, backup, True)] if backup else [])
    asked = [
        demands.stays_in_the_plan(options, ["u0", "u1", "u2"]),
        demands.at_most("moves", options, lambda o: float(o.moves), moves),
    ]
    p = Problem(options, tiers, np.array(draws, dtype=float), AREAS, asked, tail_share=0.5)
    few = alike(p)
    assert few.units == [["u0", "u1", "u2"], ["stays"]]
    assert few.n_columns == N + 3 + 1
    found = best_posture(p, goals)
    ok = lambda os: sum(o.moves for o in os) <= moves and sum(o.unit != "stays" for o in os) == 3  # noqa: E731
    best = min(score(p, goals, c) for c in every(p, ok))
    assert found.value == pytest.approx(best, abs=1e-6)
    assert found.bound == pytest.approx(best, abs=1e-5)
    assert ok([p.options[j] for j in found.chosen])
    assert len({p.options[j].unit for j in found.chosen}) == len(found.chosen)


def test_neglecting_the_best_off_area_is_no_way_to_a_small_spread():
    """What is reached counts as reached: an area cannot be said to be worse off than it is."""
    p = problem([8, 0, 0, 0, 0, 1], units=1, asked=[lambda o: demands.must_be("u0 at home", o, "u0", 0)])
    found = best_posture(p, Goals(harm=1e-4, spread=1))
    assert found.aims["spread"] == 1.0
    assert found.bound == pytest.approx(found.value)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=N, max_size=N))
def test_another_unit_never_makes_the_best_worse(risk):
    one, two = (best_posture(problem(risk, units=k)) for k in (1, 2))
    assert two.aims["harm"] <= one.aims["harm"] + 1e-9
    assert one.bound <= one.value + 1e-9


def test_demands_are_met():
    asked = [
        lambda o: demands.nowhere("no consent east of the river", o, lambda x: x.place == 5),
        lambda o: demands.at_most("budget", o, lambda x: x.cost, 6),
        lambda o: demands.must_be("host agreement", o, "u0", 2),
    ]
    p = problem(RISK, asked=asked)
    found = best_posture(p)
    ok = lambda os: (  # noqa: E731
        all(x.place != 5 for x in os)
        and sum(x.cost for x in os) <= 6
        and any(x.unit == "u0" and x.place == 2 for x in os)
    )
    assert ok([p.options[j] for j in found.chosen])
    assert found.value == pytest.approx(min(score(p, Goals(), c) for c in every(p, ok)))
    assert "host agreement" in found.binding


def test_supply_reach_safe_size_and_areas():
    options = [Option("base", UnitKind.BASE, s, 500) for s in (0, 5)]
    options += [Option(f"tob{k}", UnitKind.TOB, s, 60, tags=frozenset({"sango"})) for k in range(2) for s in range(N)]
    cover = csr_matrix(np.array([[abs(i - o.place) <= 1 for o in options] for i in range(N)]).astype(np.int8))
    asked = [
        demands.within_reach_of(
            "supply", options, lambda o: o.kind is UnitKind.TOB, lambda o: o.kind is UnitKind.BASE, HOURS, 3
        ),
        demands.safe_size("safe", options, 100),
        demands.per_area("sango in the east", options, lambda o: "sango" in o.tags, AREAS, 1, only=[1]),
    ]
    found = best_posture(Problem(options, [(cover, 1.0, False)], np.array([[5.0, 0, 1, 3, 0, 6]]), AREAS, asked))
    picked = [options[j] for j in found.chosen]
    base = next(o.place for o in picked if o.unit == "base")
    tobs = [o.place for o in picked if o.kind is UnitKind.TOB]
    assert tobs
    assert all(abs(base - t) <= 3 for t in tobs)
    assert any(AREAS[t] == 1 for t in tobs)
    for place in tobs:
        assert sum(o.strength for o in picked if o.place == place) >= 100


def test_what_cannot_be_is_named_without_the_bystanders():
    asked = [
        lambda o: demands.at_most("budget of 3", o, lambda x: x.cost, 3),
        lambda o: demands.must_be("u0 at the border", o, "u0", 5),
        lambda o: demands.nowhere("no-go in the middle", o, lambda x: x.place == 3),
    ]
    p = problem(RISK, asked=asked)
    assert set(clash(p)) == {"budget of 3", "u0 at the border"}
    with pytest.raises(Infeasible, match="budget of 3; u0 at the border"):
        best_posture(p)


def test_front_holds_no_posture_that_another_beats():
    p = problem(RISK)
    found = front(p, "harm", "cost", points=6)
    assert len(found) >= 3
    pairs = [(f.aims["harm"], f.aims["cost"]) for f in found]
    assert pairs == sorted(pairs)
    assert len(set(pairs)) == len(pairs), "units of one kind that change places are one point"
    for chosen in every(p):
        aims = evaluate(p, chosen)
        beaten = [a for a in pairs if aims["harm"] < a[0] - 1e-9 and aims["cost"] < a[1] - 1e-9]
        assert not beaten


def test_front_of_interchangeable_units_has_no_point_twice():
    p = problem([5, 0, 1, 3, 0, 6], units=3)
    free = Problem([replace(o, moves=True) for o in p.options], p.tiers, p.draws, p.areas)
    pairs = [(round(f.aims["harm"], 9), f.aims["moves"]) for f in front(free, "harm", "moves", points=8)]
    assert len(set(pairs)) == len(pairs)
    assert {moves for _, moves in pairs} == {0.0, 1.0, 2.0}, "two reach everything"


def test_why_names_worth_second_place_and_shadow_value():
    asked = [lambda o: demands.at_most("two places", o, lambda x: 1.0, 1)]
    p = problem(RISK, asked=asked)
    found = best_posture(p)
    (reason,) = reasons(p, Goals(), found)
    assert reason.worth == pytest.approx(1 - found.value)
    assert reason.second_loss is not None
    assert reason.second_loss >= 0
    (shadow,) = shadow_values(p, Goals(), found)
    assert shadow.gain == pytest.approx(found.value - best_posture(problem(RISK)).value)
    other = second_best(p, Goals(), found)
    assert other is not None
    assert other.chosen != found.chosen
    assert other.value >= found.value


def test_schedule_moves_only_when_it_pays_and_few_a_month():
    cover = [csr_matrix(REACH.astype(np.int8))] * 3
    risk = np.array([[9.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 9.0], [0, 0, 0, 0, 0, 9.0]])
    found = schedule(cover, risk, [0], most_moves=1)
    assert found.at[0][0] in (0, 1)
    assert found.at[1][0] in (4, 5)
    assert found.value == pytest.approx(9 * 3 - 0.25 * 9)
    assert found.gap == pytest.approx(0, abs=1e-7)
    still = schedule(cover, risk, [0], most_moves=0)
    assert still.moves == ()
    assert still.value == pytest.approx(9)


def test_whatif_moves_add_up_and_the_next_best_is_exact():
    rng = np.random.default_rng(2)
    cover = csr_matrix((rng.random((60, 20)) < 0.15).astype(np.int8))
    risk, people = rng.random(60), rng.integers(0, 1000, 60).astype(float)
    areas, place_areas = rng.integers(0, 3, 60), rng.integers(0, 3, 20)
    game = WhatIf(cover, risk, people, areas, place_areas, [0, 3, 7], [100, 50, 0])
    now = game.move(1, 9)
    reached = np.asarray(cover[:, [0, 9, 7]].sum(axis=1)).ravel() > 0
    assert now.covered_risk == pytest.approx(risk[reached].sum())
    assert now.covered_risk + now.harm_out == pytest.approx(risk.sum())
    best = now.next_best[0]
    gains = {}
    for unit in range(3):
        for place in range(20):
            at = [0, 9, 7]
            at[unit] = place
            gains[unit, place] = risk[np.asarray(cover[:, at].sum(axis=1)).ravel() > 0].sum() - now.covered_risk
    assert best.gain == pytest.approx(max(gains.values()))
    assert gains[best.unit, best.place] == pytest.approx(best.gain)
    with pytest.raises(BadInput, match="no unit"):
        game.move(5, 0)


def test_bad_problems_are_refused():
    with pytest.raises(BadInput, match="zero or more"):
        Goals(harm=-1)
    with pytest.raises(BadInput, match="zero or more"):
        problem([-1, 0, 0, 0, 0, 0])
