"""Dragging one unit over a map of 13,000 cells, and a posture with every kind of demand."""

import time

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.bench_cover import country
from benchmarks.results import Figure
from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.plan.moves import within
from tocsin.plan.posture import Goals, Option, Problem, WhatIf, best_posture, demands


def run() -> list[Figure]:
    rng = np.random.default_rng(1)
    cover, risk = country(13_000, 1000, 250, 1)
    game = WhatIf(
        cover,
        risk,
        rng.integers(100, 10_000, 13_000).astype(float),
        rng.integers(0, 60, 13_000),
        rng.integers(0, 60, 1000),
        rng.choice(1000, 50, replace=False).tolist(),
        rng.integers(30, 800, 50).tolist(),
    )
    game.state()
    spent = []
    for _ in range(40):
        begun = time.perf_counter()
        game.move(int(rng.integers(50)), int(rng.integers(1000)))
        spent.append(1000 * (time.perf_counter() - begun))
    note = f"50 units, 1,000 places; median {np.median(spent):.1f} ms of 40 moves, worst shown"
    name = "move one unit on 13,000 cells: cover, ratios, out of reach, next ten best moves"
    figures = [Figure(name, max(spent), "ms", 50, "lower", None, note)]

    gids = np.sort(
        lattice.gid_at(*(v.ravel() for v in np.meshgrid(np.arange(15, 27, 0.5) + 0.1, np.arange(3, 10, 0.5) + 0.1)))
    )
    lon, lat = lattice.centre(gids)
    n = len(gids)
    draws = rng.poisson(rng.gamma(0.1, 20, n), (20, n)).astype(float)
    areas = ((lon - 15) // 2).astype(np.int64)
    hours = within(lon, lat, lon, lat, 150.0)
    sites = rng.choice(n, 60, replace=False)
    options = [
        Option(
            f"unit {u}",
            UnitKind.BASE if u < 5 else UnitKind.TOB,
            int(s),
            300 if u < 5 else 60,
            float(rng.integers(1, 9)),
            moves=True,
        )
        for u in range(12)
        for s in rng.choice(sites, 20, replace=False)
    ]
    places = np.array([o.place for o in options])
    near, far = (within(lon[places], lat[places], lon, lat, km) for km in (60.0, 120.0))
    reach = np.where(hours.toarray() > 0, 1.0, np.inf)
    asked = [
        demands.within_reach_of(
            "supply", options, lambda o: o.kind is UnitKind.TOB, lambda o: o.kind is UnitKind.BASE, reach, 1
        ),
        demands.at_most("budget", options, lambda o: o.cost, 50),
        demands.safe_size("safe size", options, 60),
    ]
    problem = Problem(options, [(csr_matrix(near), 0.6, False), (csr_matrix(far), 0.4, False)], draws, areas, asked)
    begun = time.perf_counter()
    found = best_posture(problem, Goals(harm=1, tail=0.5, worst_area=0.2), seconds=60)
    seconds = time.perf_counter() - begun
    note = f"{n} cells, 240 options, 20 draws, gap {100 * found.gap:.3f} %, {found.method}"
    figures.append(
        Figure("posture with tail risk, worst area, supply, budget and size", seconds, "s", 60, "lower", None, note)
    )
    return figures
