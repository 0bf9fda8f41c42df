"""Annealing of patrol routes in rounds: the best plan met, and the good routes met on the way."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.plan.patrols.fleet import nearest
from tocsin.plan.patrols.model import Floats, Ints, Outing, Patrol

# In units of the median worth of a visit: how much may be lost at first and at last; and what a full patrol's hours
# cost, so that of two plans worth the same the shorter counts as better.
HOT = 1.5
COLD = 0.01
LENGTH_SHARE = 0.5
REMOVED = 12.0  # visits taken out at a time, on average
PARTS = 20  # of a round; the clock is looked at between them
FREE_SHARE = 4  # steps for one of the search without hours of places, which does more in each
NEAR = 16  # near places that a visit is put beside there
RING = 20_000  # good routes kept of a round

Visits = tuple[tuple[int, ...], ...]


def anneal(
    problem: Outing, worth: Floats, clients: Ints, seed: int | Sequence[int], rounds: int, steps: int, begun: float,
    seconds: float,
) -> tuple[Visits, float, set[tuple[int, tuple[int, ...]]]]:  # fmt: skip
    """The best plan met, its worth, and good routes met (with -1 for the patrol, as any may drive them).

    Where no place has hours of its own and fuel and needs limit nobody, rounds of `freeloops.search_free`,
    of two patrols or more every other pair of
    rounds of `tourloops.search`: each finds what the other misses. Else the latter alone.
    """
    empty: Visits = ((),) * len(problem.patrols)
    if not len(clients):
        return empty, 0.0, set()
    ground = _Ground.of(problem, worth, clients)
    m = len(problem.patrols)
    pool: set[tuple[int, tuple[int, ...]]] = set()
    best, value, score = empty, 0.0, -np.inf
    rng = np.random.default_rng(seed)
    for turn in range(rounds):
        routes = np.full((m, len(clients) + 2), -1, dtype=np.int64)
        sizes = np.zeros(m, dtype=np.int64)
        if turn % 2 == 1:  # every second round goes on from the best
            for r, visits in enumerate(best):
                routes[r, : len(visits)] = visits
                sizes[r] = len(visits)
        hot = HOT * ground.unit * (1.0 if turn % 2 == 0 else 0.3)
        number = int(rng.integers(1, 1 << 31))
        if ground.free and (m == 1 or turn % 4 < 2):
            found, n, many, how_many = ground.anneal_free(routes, sizes, steps, hot, number, begun, seconds)
        else:
            found, n, many, how_many = ground.anneal_ordered(routes, sizes, steps, hot, number)
        made = tuple(tuple(int(p) for p in found[r, : n[r]]) for r in range(m))
        worth_found = float(worth[[p for r in made for p in r]].sum())
        total = worth_found - ground.price * sum(
            _length(problem, p, r) for p, r in zip(problem.patrols, made, strict=True)
        )
        if worth_found > value + 1e-9 or (worth_found > value - 1e-9 and total > score):
            best, value, score = made, worth_found, total
        pool |= {(-1, tuple(int(p) for p in many[k, : how_many[k]])) for k in range(len(many))}
        pool |= {(-1, r) for r in made if r}
        if value >= worth[clients].sum() - 1e-9 or time.monotonic() - begun > seconds:
            break
    return best, value, pool


def no_hours(problem: Outing, clients: Ints) -> bool:
    """Whether every place may be visited at any time at which some patrol is out."""
    first, last = min(p.leave for p in problem.patrols), max(p.back for p in problem.patrols)
    return bool((problem.opens[clients] <= first).all() and (problem.closes[clients] >= last).all())


def _length(problem: Outing, patrol: Patrol, route: Sequence[int]) -> float:
    stops = [patrol.start, *route, patrol.end]
    return float(problem.hours[stops[:-1], stops[1:]].sum())


@dataclass(frozen=True)
class _Ground:
    """What the loops read: the problem as arrays."""

    problem: Outing
    worth: Floats
    hours: Floats
    stay: Floats
    starts: Ints
    ends: Ints
    leave: Floats
    back: Floats
    near: Ints  # of each client all clients, itself first, then the nearest
    unit: float
    price: float  # of an hour of travel
    free: bool
    symmetric: bool
    may: npt.NDArray[np.bool_]
    tank: Floats

    @classmethod
    def of(cls, problem: Outing, worth: Floats, clients: Ints) -> "_Ground":
        hours = np.where(np.isfinite(problem.hours), problem.hours, 1e9)
        near = nearest(hours[np.ix_(clients, clients)], clients, len(clients))
        leave = np.array([p.leave for p in problem.patrols], dtype=np.float64)
        back = np.array([p.back for p in problem.patrols], dtype=np.float64)
        stay = problem.stay.astype(np.float64).copy()
        stay[list(problem.ends)] = 0.0
        plain = np.sort(problem.worth[clients])
        unit = float(np.median(plain[plain > 0])) if (plain > 0).any() else 1.0
        price = LENGTH_SHARE * unit * len(problem.patrols) / max(float((back - leave).sum()), 1e-9)
        tank = np.array([p.fuel for p in problem.patrols], dtype=np.float64)
        may = np.ones((len(problem.patrols), len(worth)), dtype=np.bool_)
        for place in problem.needs:
            may[:, place] = [problem.can(p, place) for p in problem.patrols]
        free = no_hours(problem, clients) and not problem.needs and not np.isfinite(tank).any()
        return cls(
            problem, worth, hours, stay, np.array([p.start for p in problem.patrols]),
            np.array([p.end for p in problem.patrols]), leave, back, near, unit, price, free,
            bool(np.array_equal(hours, hours.T)), may, tank,
        )  # fmt: skip

    def anneal_free(
        self, routes: Ints, sizes: Ints, steps: int, hot: float, number: int, begun: float, seconds: float
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Best routes and sizes of one round, and the good routes met; the clock is looked at now and then."""
        from tocsin.plan.patrols.freeloops import search_free

        best, best_sizes, scores, given = routes.copy(), sizes.copy(), np.array([-1.0, -np.inf]), 0
        ring = np.empty((RING if len(sizes) > 1 else 1, routes.shape[1]), dtype=np.int64)
        ring_sizes = np.zeros(len(ring), dtype=np.int64)
        state = np.array([number], dtype=np.uint64)
        cooling = (COLD * self.unit / hot) ** (1.0 / PARTS)
        many = max(1, steps // FREE_SHARE // PARTS)
        for part in range(PARTS):
            heat = hot * cooling**part
            given = search_free(
                self.hours, self.symmetric, self.worth, self.stay, self.starts, self.ends, self.back - self.leave,
                self.near, min(NEAR, len(self.near)), routes, sizes, best, best_sizes, scores, many, heat,
                heat * cooling, self.price, REMOVED, state, ring, ring_sizes, given,
            )  # fmt: skip
            if time.monotonic() - begun > seconds:
                break
        kept = min(given, len(ring))
        return best, best_sizes, ring[:kept], ring_sizes[:kept]

    def anneal_ordered(
        self, routes: Ints, sizes: Ints, steps: int, hot: float, number: int
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """The same for places with hours of their own."""
        from tocsin.plan.patrols.tourloops import search

        problem = self.problem
        drives = np.zeros(len(self.worth)) if problem.drives is None else problem.drives.astype(np.float64)
        pump = np.zeros(len(self.worth), dtype=np.bool_)
        pump[list(problem.pumps)] = True
        found, n, _, many, how_many = search(
            self.hours, self.worth, problem.stay, problem.opens, problem.closes, self.starts, self.ends, self.leave,
            self.back, self.near, routes, sizes, steps, hot, COLD * self.unit, self.price, REMOVED,
            self.may, self.tank, drives, pump, number,
        )  # fmt: skip
        return found, n, many, how_many
