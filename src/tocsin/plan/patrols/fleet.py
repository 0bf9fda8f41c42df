"""Patrols that carry, cost or may be out only so long: one annealing run, decided by counts."""

import time
from typing import TYPE_CHECKING

import numpy as np

from tocsin.core.errors import Infeasible
from tocsin.plan.patrols.model import Floats, Ints, Outing, Routes, check_routes, cost_of, times

if TYPE_CHECKING:
    from tocsin.plan.patrols.fleetparts import Ground

STEPS = 600_000
PARTS = 60  # the clock is looked at between them
NEAREST = 10  # whose mean distance says what a stretch costs
COLD = 0.01  # of the first heat, at last
# Where not all must be visited, visits count for more than they are worth at first, and for what they are worth from
# this share of the parts on: a patrol that goes out pays only with a full route, which no single step finds. Most of
# the while it is little more, as then is decided which patrols stay at home.
SWOLLEN, TRUE_FROM = 4.0, 0.6
# First heat, in costs of a stretch between neighbours, and visits taken out at a time on average. Where places have
# windows more of what is good must be given up for the rest to be rearranged; where not all must be visited, more heat
# would empty the routes.
OPEN, WINDOWED, CHOSEN = (1.0, 10.0), (2.0, 10.0), (0.7, 10.0)
NEAR = 300  # places near each, that strings are taken from
LOOKED = 40  # of these, where a visit may be put back beside
TRIED = 12  # visits not made that are tried at a time


def solve_fleet(problem: Outing, clients: Ints, *, seed: int = 0, steps: int = STEPS, seconds: float = 60.0) -> Routes:
    """Routes that are worth most after their cost; what must be visited counts more than any cost.

    Parameters
    ----------
    problem : Outing
    clients : ndarray of int
        Places that some patrol could visit.
    steps : int
        Strings taken out and put back.
    seconds : float
        The clock only stops it, with a last short part that is cold.

    Raises
    ------
    Infeasible
        If not all that must be visited is, in the best plan found.
    """
    m = len(problem.patrols)
    empty: tuple[tuple[int, ...], ...] = ((),) * m
    if not len(clients):
        return Routes(empty, 0.0, 0.0, (0.0,) * m, "nothing can be visited", seed, problem.digest())
    visits, how = _anneal(problem, clients, seed, steps, seconds)
    missing = sorted(problem.must - {p for r in visits for p in r})
    if missing:
        raise Infeasible(
            "the patrols cannot visit all of the places that must be visited; left out in the best plan found: "
            "{places}. Give more patrols, load or hours, or name fewer", places=missing[:20],
        )  # fmt: skip
    value = check_routes(problem, visits)
    cost = cost_of(problem, visits)
    out = []
    for patrol, route in zip(problem.patrols, visits, strict=True):
        timed = times(problem, patrol, route) if route else None
        out.append(0.0 if timed is None else timed[1] - patrol.leave)
    top = float(problem.worth[clients].sum())
    return Routes(visits, value, max(top, value), tuple(out), how, seed, problem.digest(), cost)


def _anneal(
    problem: Outing, clients: Ints, seed: int, steps: int, seconds: float
) -> tuple[tuple[tuple[int, ...], ...], str]:
    from tocsin.plan.patrols.fleetloops import search_fleet
    from tocsin.plan.patrols.fleetparts import CARRIES, COST, LOAD, WORTH

    patrols, m = problem.patrols, len(problem.patrols)
    last = max(p.back for p in patrols)
    some = len(problem.must) < len(clients)
    warm, removed = WINDOWED if bool((problem.closes[clients] < last).any()) else OPEN
    warm, removed = CHOSEN if some else (warm, removed)
    ground = _ground(problem, clients)
    smallest = np.sort(ground.visits[clients, LOAD])
    carries = float(ground.terms[:, CARRIES].max())
    most = int(np.searchsorted(np.cumsum(smallest), carries, side="right")) if smallest.sum() > 0 else len(clients)
    routes = np.full((m, min(len(clients), most) + 3), -1, dtype=np.int64)
    sizes = np.zeros(m, dtype=np.int64)
    best_routes, best_sizes, best = routes.copy(), sizes.copy(), np.inf
    hot = warm * _step_cost(ground.hours, clients, ground.terms[:, COST])
    rng = np.random.default_rng(seed)
    cooling = COLD ** (1.0 / PARTS)
    worth = ground.visits[:, WORTH].copy()
    # no step yet: the first call may have to compile for longer than there is time
    search_fleet(ground, routes, sizes, best_routes, best_sizes, best, 0, hot, hot, removed, TRIED, LOOKED, 1)
    begun = time.monotonic()
    done, part = 0, 0
    while part < PARTS:
        swollen = 1.0 + (SWOLLEN - 1.0) * max(0.0, 1.0 - part / (PARTS * TRUE_FROM)) ** 3 if some else 1.0
        ground.visits[:, WORTH] = worth * swollen
        heat = hot * cooling**part
        found = search_fleet(
            ground, routes, sizes, best_routes, best_sizes, best if swollen == 1.0 else -np.inf, max(1, steps // PARTS),
            heat, heat * cooling, removed, TRIED if some else len(clients), LOOKED, int(rng.integers(1, 1 << 31)),
        )  # fmt: skip
        best = found if swollen == 1.0 else best
        done += 1
        # out of time: one last part, cold and with true worth
        part = max(part + 1, PARTS - 1) if time.monotonic() - begun > seconds else part + 1
    visits = tuple(tuple(int(p) for p in best_routes[r, : best_sizes[r]]) for r in range(m))
    return visits, f"annealing, {done * max(1, steps // PARTS):,} steps"


def _ground(problem: Outing, clients: Ints) -> "Ground":
    """The problem as the loops read it; what must be visited is worth more than any way of doing so costs."""
    from tocsin.plan.patrols.fleetparts import COST, FIXED, Ground

    patrols, n = problem.patrols, len(problem.worth)
    finite = problem.hours[np.isfinite(problem.hours)]
    hours = np.where(np.isfinite(problem.hours), problem.hours, 1e3 * (1.0 + float(finite.max(initial=0.0))))
    terms = np.array([
        [p.cost, p.leave, p.back, min(p.carries, 1e15), p.fixed, min(p.longest, 1e15),
         p.back if p.longest < p.back - p.leave else p.leave] for p in patrols
    ], dtype=np.float64)  # fmt: skip
    kinds: dict[tuple[object, ...], int] = {}
    who = np.array([
        [p.start, p.end, kinds.setdefault((p.start, p.end, *row), len(kinds))]
        for p, row in zip(patrols, terms.tolist(), strict=True)
    ], dtype=np.int64)  # fmt: skip
    worth = problem.worth.astype(np.float64).copy()
    top = float(terms[:, FIXED].max()) + 4.0 * float(terms[:, COST].max()) * float(finite.max()) + float(worth.sum())
    worth[sorted(problem.must)] += 10.0 * top
    load = np.zeros(n) if problem.load is None else problem.load
    visits = np.column_stack([problem.stay, problem.opens, np.minimum(problem.closes, 1e15), load, worth])
    near = nearest(hours[np.ix_(clients, clients)], clients, max(2, min(len(clients), NEAR)))
    row_of = np.full(n, -1, dtype=np.int64)
    row_of[near[:, 0]] = np.arange(len(near))
    back = hours if np.array_equal(hours, hours.T) else np.ascontiguousarray(hours.T)
    return Ground(hours, back, np.ascontiguousarray(visits, dtype=np.float64), who, terms, near,
                  hours[near[:, :1], near], hours[near, near[:, :1]], row_of, _shortcut(hours, near, who))  # fmt: skip


def _shortcut(hours: Floats, near: Ints, who: Ints) -> float:
    """How much shorter ways over a third place are at most, from a place to those near it and bases; 0 on a plane."""
    found, bases = 0.0, np.unique(who[:, :2])
    for row in near:
        p, beside = row[0], np.concatenate([row[1:LOOKED], bases])
        on = hours[beside, p][:, None] - hours[beside] - hours[p]
        there = hours[p, beside][:, None] - hours[:, beside].T - hours[:, p]
        found = max(found, float(on.max(initial=0.0)), float(there.max(initial=0.0)))
    return found


def nearest(apart: Floats, clients: Ints, many: int) -> Ints:
    """Of each client the nearest clients, itself first, also among places at one point; shape (n_clients, many)."""
    apart = apart.copy()
    np.fill_diagonal(apart, -1.0)
    return np.ascontiguousarray(clients[np.argsort(apart, axis=1, kind="stable")[:, :many]])


def _step_cost(hours: Floats, clients: Ints, cost: Floats) -> float:
    """What a stretch between neighbours costs."""
    inner = np.sort(hours[np.ix_(clients, clients)], axis=1)[:, 1 : NEAREST + 1]
    price = float(cost[cost > 0].min(initial=np.inf))
    return max(float(inner.mean()) if inner.size else 1.0, 1e-6) * (price if np.isfinite(price) else 1.0)
