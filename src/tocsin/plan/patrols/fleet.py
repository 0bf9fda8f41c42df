"""Patrols that carry, cost or may be out only so long: one annealing run, decided by counts."""

import time

import numpy as np

from tocsin.core.errors import Infeasible
from tocsin.plan.patrols.model import Floats, Ints, Outing, Routes, check_routes, cost_of, times

STEPS = 600_000
PARTS = 60  # the clock is looked at between them
NEAREST = 10  # whose mean distance says what a stretch costs
COLD = 0.01  # of the first heat, at last
# First heat, in costs of a stretch between neighbours, and visits taken out at a time on average. Where places have
# windows more of what is good must be given up for the rest to be rearranged.
OPEN, WINDOWED = (1.0, 10.0), (2.0, 10.0)
NEAR = 120  # neighbours that strings are taken from when everything must be visited
LOOKED = 40  # of these, where a visit may be put back beside
TRIED = 12  # visits not made that are tried at a time
SHIFT_EASE = 1e-9


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
        The clock only stops it; fewer steps then end warmer.

    Raises
    ------
    Infeasible
        If not all that must be visited is, in the best plan found.
    """
    begun = time.monotonic()
    m = len(problem.patrols)
    empty: tuple[tuple[int, ...], ...] = ((),) * m
    if not len(clients):
        return Routes(empty, 0.0, 0.0, (0.0,) * m, "nothing can be visited", seed, problem.digest())
    visits, how = _anneal(problem, clients, seed, steps, begun, seconds)
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
    problem: Outing, clients: Ints, seed: int, steps: int, begun: float, seconds: float
) -> tuple[tuple[tuple[int, ...], ...], str]:
    from tocsin.plan.patrols.fleetloops import search_fleet

    patrols = problem.patrols
    m, n = len(patrols), len(problem.worth)
    finite = problem.hours[np.isfinite(problem.hours)]
    hours = np.where(np.isfinite(problem.hours), problem.hours, 1e3 * (1.0 + float(finite.max(initial=0.0))))
    load = np.zeros(n) if problem.load is None else problem.load.astype(np.float64)
    cost = np.array([p.cost for p in patrols], dtype=np.float64)
    fixed = np.array([p.fixed for p in patrols], dtype=np.float64)
    carries = np.array([min(p.carries, 1e15) for p in patrols])
    worth = problem.worth.astype(np.float64).copy()
    must = sorted(problem.must)
    worth[must] += 10.0 * (float(fixed.max()) + 4.0 * float(cost.max()) * float(finite.max()) + float(worth.sum()))
    # Length, earliest and latest begin of a visit alone, of leaving, and of being home.
    alone = np.column_stack([problem.stay, problem.opens, np.minimum(problem.closes, 1e15)])
    out = np.array([[0.0, p.leave, p.back if p.longest < p.back - p.leave else p.leave] for p in patrols])
    home = np.array([[0.0, p.leave, p.back] for p in patrols])
    longest = np.array([min(p.longest, 1e15) for p in patrols])
    kinds: dict[tuple[object, ...], int] = {}
    like = np.array([kinds.setdefault((p.start, p.end, p.leave, p.back, p.carries, p.cost, p.fixed, p.longest),
                                      len(kinds)) for p in patrols])  # fmt: skip
    wide = len(clients) if len(must) < len(clients) else NEAR
    near = nearest(hours[np.ix_(clients, clients)], clients, max(2, wide))
    smallest = np.sort(load[clients])
    most = (
        int(np.searchsorted(np.cumsum(smallest), carries.max(), side="right")) if smallest.sum() > 0 else len(clients)
    )
    routes = np.full((m, min(len(clients), most) + 3), -1, dtype=np.int64)
    sizes = np.zeros(m, dtype=np.int64)
    last = max(p.back for p in patrols)
    warm, removed = WINDOWED if bool((problem.closes[clients] < last).any()) else OPEN
    hot = warm * _step_cost(hours, clients, cost)
    rng = np.random.default_rng(seed)
    best: tuple[Ints, Ints, float] = (routes, sizes, np.inf)
    cooling = COLD ** (1.0 / PARTS)
    done = 0
    for part in range(PARTS):
        heat = hot * cooling**part
        found = search_fleet(
            hours, worth, load, alone, np.array([p.start for p in patrols]), np.array([p.end for p in patrols]), out,
            home, carries, cost, fixed, longest, like, near, routes, sizes, max(1, steps // PARTS), heat,
            heat * cooling, removed, TRIED if len(must) < len(clients) else len(clients),
            LOOKED if len(must) == len(clients) else wide, int(rng.integers(1, 1 << 31)),
        )  # fmt: skip
        done += 1
        if found[2] < best[2] - SHIFT_EASE:
            best = (found[0].copy(), found[1].copy(), float(found[2]))
        if time.monotonic() - begun > seconds:
            break
    visits = tuple(tuple(int(p) for p in best[0][r, : best[1][r]]) for r in range(m))
    return visits, f"annealing, {done * max(1, steps // PARTS):,} steps"


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
