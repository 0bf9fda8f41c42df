"""Compile the planners' inner loops once, on problems of a few places, so that nobody's first plan waits for it.

Machine code is kept beside the sources (`tocsin.plan.compiled`); where it is already there this takes a few seconds.
"""

import itertools
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from scipy.sparse import csr_matrix


def patrols() -> None:
    from tocsin.plan.patrols.model import Outing, Patrol
    from tocsin.plan.patrols.solve import distances, solve_outing

    at = np.arange(9.0)
    for names, closes in (("a", 99.0), ("ab", 99.0), ("ab", 6.0)):  # alone, together, and where places have hours
        them = tuple(Patrol(name, 0, 0, 0, 10.0) for name in names)
        shut, stay = np.where(at > 0, closes, 99.0), np.where(at > 0, 1.5, 0.0)  # so long that not all can be visited
        solve_outing(Outing(distances(at, at % 2), at, stay, at * 0, shut, them, frozenset()), rounds=2, steps=50)


def fleets() -> None:
    from tocsin.plan.patrols.model import Outing, Patrol
    from tocsin.plan.patrols.solve import distances, solve_outing

    at = np.arange(9.0)
    them = (Patrol("a", 0, 0, 0, 30.0, cost=1.0), Patrol("b", 0, 0, 0, 30.0, cost=2.0))
    solve_outing(Outing(distances(at, at % 2), at * 3, at * 0, at * 0, at * 0 + 99.0, them, frozenset()), steps=5)


def places() -> None:
    from tocsin.plan.location import capacitated_median, median, set_cover
    from tocsin.plan.location.model import Group
    from tocsin.plan.location.reduce import merge_rows
    from tocsin.plan.location.search import CoverSearch

    rng = np.random.default_rng(1)
    cover, weight = csr_matrix((rng.random((300, 30)) < 0.1).astype(np.int8)), rng.integers(1, 20, 300).astype(float)
    search = CoverSearch(merge_rows(cover, weight), [Group("all", np.arange(30), 6)], np.zeros(30), np.inf, 0)
    search.lower_bound(20)
    search.anneal(200, [search.state.taken], 0)
    search.branch_over(np.ones(30, dtype=bool), np.zeros(30, dtype=bool), 2.0)
    away = rng.integers(1, 50, (30, 12)).astype(float)
    median(away, 3, np.ones(30), seconds=2)
    capacitated_median(away, np.ones(30), 12.0, 4)
    set_cover(csr_matrix(np.c_[away < 25, np.ones(30)]), np.ones(13), seconds=2)


def ways() -> None:
    from tocsin.plan.corridors import Network, pareto_front
    from tocsin.plan.mobility.fields import Fields, Grid

    tail, head = (np.array(side) for side in zip(*itertools.combinations(range(6), 2), strict=True))
    hours = (head - tail) ** 1.5
    pareto_front(Network(tail, head, hours, 9.0 - hours / 2, hours, np.zeros(6), np.zeros(6)), 0, 5)
    Fields(Grid(20.0, 6.0, 0.1, 8, 8), np.full((8, 8), 5.0), np.zeros((8, 8))).field(20.2, 5.7)


if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        for done in [pool.submit(job) for job in (patrols, fleets, places, ways)]:
            done.result()
