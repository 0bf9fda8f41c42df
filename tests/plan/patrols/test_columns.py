import numpy as np
import pytest
from tests.plan.patrols.test_routes import best_by_hand, line

from tocsin.plan.patrols.bound import linear_bound
from tocsin.plan.patrols.columns import RouteProgram, list_routes
from tocsin.plan.patrols.lots import every_route
from tocsin.plan.patrols.model import Outing, Patrol, check_routes, times
from tocsin.plan.patrols.proof import prove
from tocsin.plan.patrols.solve import distances, reachable, solve_outing


def scattered(seed, n=7, windows=False, whole=True, alike=True):
    """Places at random around a base, with two patrols; a small problem whose best plan can be counted out."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 10, (2, n))
    opens = rng.uniform(0, 8, n) if windows else np.zeros(n)
    worth = np.r_[0.0, rng.integers(1, 9, n - 1) if whole else rng.uniform(1, 9, n - 1)]
    back = (14.0, 14.0) if alike else (11.0, 17.0)
    return Outing(
        distances(*at), worth, np.full(n, 0.5), opens, opens + 6 if windows else np.full(n, 99.0),
        tuple(Patrol(str(k), 0, 0, 0.0, back[k]) for k in range(2)),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_it_proves_what_counting_out_finds(seed):
    problem = scattered(seed, windows=seed % 2 == 1, whole=seed % 3 > 0, alike=seed % 4 < 2)
    want, clients = best_by_hand(problem), reachable(problem)
    nothing = prove(problem, clients, ((), ()))
    assert nothing.bound >= want - 1e-6
    if nothing.visits is not None:
        assert check_routes(problem, nothing.visits) == pytest.approx(nothing.best)
        assert nothing.best == pytest.approx(want)  # all routes that could better nothing are listed: the best is met
    found = solve_outing(problem, rounds=2, steps=1500)
    assert found.bound == pytest.approx(want)
    assert found.value == pytest.approx(want)


@pytest.mark.parametrize("seed", range(4))
def test_every_route_is_listed_once_in_its_shortest_order(seed):
    problem = scattered(seed, n=8, windows=seed % 2 == 1)
    clients = reachable(problem)
    program = RouteProgram(problem, clients, [(int(p),) for p in clients], 10**8)
    listed = list_routes(program, 0, -np.inf)
    every = every_route(problem, problem.patrols[0])
    assert sorted(map(sorted, listed)) == sorted(sorted(r) for r in every if r)
    assert all(times(problem, problem.patrols[0], r) is not None for r in listed)


def test_places_visited_in_circles_are_remembered():
    # Two near places far out are worth most when visited in turn; three elsewhere make each forget the other.
    problem = line([9, 9, 1], [Patrol("a", 0, 0, 0, 10)], at=[2, 2.1, -1])
    program = RouteProgram(problem, reachable(problem), [(1,)], 10**8)
    program.reminds[0] = np.eye(3, dtype=np.bool_)
    assert program.solve(0.0)
    weak = program.bound
    assert program.forget_less() > 0
    while program.forget_less():
        pass
    assert program.solve(0.0)
    assert program.bound <= weak
    assert program.bound == pytest.approx(19.0)


def test_too_little_effort_still_gives_a_bound():
    problem = scattered(3, n=8)
    found = prove(problem, reachable(problem), ((), ()), effort=3)
    assert (found.whole, found.proven) == (False, False)
    assert found.bound >= best_by_hand(problem)


def test_it_is_far_tighter_than_stretches():
    rng = np.random.default_rng(5)
    n = 40
    problem = Outing(
        distances(*rng.uniform(0, 10, (2, n))), np.r_[0.0, rng.integers(1, 9, n - 1)], np.full(n, 0.5), np.zeros(n),
        np.full(n, 99.0), tuple(Patrol(str(k), 0, 0, 0.0, 11.0) for k in range(3)),
    )  # fmt: skip
    found = solve_outing(problem, rounds=2, steps=8000)
    assert found.gap == 0.0
    assert linear_bound(problem, reachable(problem)) > 1.03 * found.value


@pytest.mark.parametrize(("name", "best"), [("p1.3.h", 70), ("p1.3.o", 205), ("p2.3.h", 165)])
def test_what_a_list_gives_and_nobody_can_reach(shared, name, best):
    rows = (shared / "benchmarks" / "top-chao" / f"{name}.txt").read_text().split()
    paths, limit = (float(row.split(";")[1]) for row in rows[1:3])
    x, y, worth = np.array([row.split(";")[:3] for row in rows[3:]], dtype=float).T
    n = len(x)
    problem = Outing(
        distances(x, y), worth, np.zeros(n), np.zeros(n), np.full(n, limit),
        tuple(Patrol(str(k), 0, n - 1, 0.0, limit) for k in range(int(paths))),
    )  # fmt: skip
    found = solve_outing(problem, rounds=2, steps=20_000)
    assert (found.value, found.bound) == (best, best)
