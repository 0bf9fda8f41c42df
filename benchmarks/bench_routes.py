"""Patrol routes on other people's instances: orienteering by teams and alone, and fleets that carry and cost.

The same `solve_outing` that plans missions; what carries and costs goes to its `solve_fleet`. Every solution is checked
apart from the solver. With ROUTES_EVERY=n only every n-th instance of a set is run; ROUTES_SETS=top-chao,op-oplib runs
these sets alone.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.results import SHARED, Figure, Peer
from benchmarks.route_files import chao, fleet, listed_values, oplib, solution
from tocsin.core.errors import Infeasible
from tocsin.plan.patrols.model import Floats, check_routes, cost_of
from tocsin.plan.patrols.solve import solve_outing

DATA = SHARED / "data" / "benchmarks"
# Steps of each set, so that an instance takes 30 to 60 s on one quiet core; and the goal, percent above the best known.
FLEETS = {"pcvrptw": (12_000, 3.0), "mdvrptw": (37_000, 2.0), "hfvrp": (20_000, 2.0)}
# On a busy machine a second of the clock is less than one of work: steps end a run, and CPU seconds are told.
SLOWED = 600.0
EVERY = int(os.environ.get("ROUTES_EVERY", "1"))
SETS = tuple(os.environ.get("ROUTES_SETS", "top-chao,op-oplib," + ",".join(FLEETS)).split(","))


def top_chao(tell: Callable[[str], None] = lambda text: None) -> Iterator[tuple[str, float, float, float]]:
    """Name, value found, value listed, CPU seconds."""
    folder = DATA / "top-chao"
    best = listed_values(folder / "README.md", 4, 2)
    solve_outing(chao(folder / "p1.2.e.txt"), rounds=1, steps=100, bound=False)  # compile
    for name in sorted(best)[::EVERY]:
        problem = chao(folder / name)
        cpu = time.process_time()
        try:
            found = solve_outing(problem, bound=False, seconds=60.0)
        except Infeasible:  # a path's limit is shorter than the way from start to end: nothing can be visited
            value = 0.0
        else:
            value = check_routes(problem, found.visits)
        cpu = time.process_time() - cpu
        tell(f"{name} {value:g} {best[name]:g} {cpu:.1f}")
        yield name, value, best[name], cpu


def op_oplib(tell: Callable[[str], None] = lambda text: None) -> Iterator[tuple[str, float, float, float]]:
    """Name, value found (with the score of where the tour begins, as the list counts it), value listed, CPU seconds."""
    folder = DATA / "op-oplib"
    best = listed_values(folder / "README.md", 4)
    for name in sorted(best)[::EVERY]:
        problem, own = oplib(folder / name)
        cpu = time.process_time()
        found = solve_outing(problem, bound=False, seconds=60.0)
        value = check_routes(problem, found.visits) + own
        cpu = time.process_time() - cpu
        tell(f"{name} {value:g} {best[name]:g} {cpu:.1f}")
        yield name, value, best[name], cpu


def fleets(name: str, tell: Callable[[str], None] = lambda text: None) -> Iterator[tuple[str, float, float, float]]:
    """Name, cost found, cost of the best known solution (its own routes, checked and counted here), CPU seconds.

    A problem that is not solved (something that must be visited is not) counts as twice the best known.
    """
    folder = DATA / name
    for path in sorted(folder.glob("*.vrp"))[::EVERY]:
        problem = fleet(path)
        known = solution(path.with_suffix(".sol"), problem)
        whole = float(problem.worth.sum())
        listed = cost_of(problem, known) + whole - check_routes(problem, known)
        cpu = time.process_time()
        try:
            found = solve_outing(problem, steps=FLEETS[name][0], seconds=SLOWED)
        except Infeasible:
            cost = 2 * listed
        else:
            cost = found.cost + whole - check_routes(problem, found.visits)
        cpu = time.process_time() - cpu
        tell(f"{path.name} {cost:g} {listed:g} {cpu:.1f}")
        yield path.name, cost, listed, cpu


def fleet_figures(name: str, tell: Callable[[str], None] = lambda text: None) -> list[Figure]:
    """Mean and worst above the best known cost of one set."""
    rows = list(fleets(name, tell))
    above = np.array([100 * (cost - listed) / listed for _, cost, listed, _ in rows])
    cpus = np.array([cpu for *_, cpu in rows])
    note = f"{len(rows)} instances, one seed, CPU mean {cpus.mean():.0f} s, worst {cpus.max():.0f} s, load at the end "
    note += f"{os.getloadavg()[0]:.1f}"
    return [
        Figure(
            f"{name}: mean above the best known cost", float(above.mean()), "%", FLEETS[name][1], "lower", None, note
        ),
        Figure(f"{name}: worst above the best known cost", float(above.max()), "%", None, "lower"),
        Figure(f"{name}: CPU seconds of the longest", float(cpus.max()), "s", 60.0, "lower"),
    ]


def gap(value: float, listed: float) -> float:
    """Percent below the listed value; negative when above it."""
    return 100 * (listed - value) / listed if listed else 0.0


def run(log: Path | None = None) -> list[Figure]:
    def tell(text: str) -> None:
        if log:
            with log.open("a") as file:
                file.write(text + "\n")

    figures = []
    if "top-chao" in SETS:
        rows = list(top_chao(tell))
        gaps, note = _gaps(rows)
        figures += [
            Figure("top-chao: mean below the listed value", float(gaps.mean()), "%", 0.3, "lower",
                   Peer("PyVRP prize first, 16 hard ones, 10 CPU s (elsewhere)", 0.44), note),
            Figure("top-chao: worst below the listed value", float(gaps.max()), "%", 2.0, "lower"),
            Figure("top-chao: listed value reached or passed", 100 * float(np.mean(gaps <= 1e-9)), "%", 95.0, "higher"),
        ]  # fmt: skip
    if "op-oplib" in SETS:
        gaps, note = _gaps(list(op_oplib(tell)))
        figures += [
            Figure("op-oplib: mean below the listed value", float(gaps.mean()), "%", 1.0, "lower", None, note),
            Figure("op-oplib: worst below the listed value", float(gaps.max()), "%", None, "lower"),
        ]
    return figures + [figure for name in FLEETS if name in SETS for figure in fleet_figures(name, tell)]


def _gaps(rows: list[tuple[str, float, float, float]]) -> tuple[Floats, str]:
    """Percent below the listed value of each instance, and what was measured."""
    gaps = np.array([gap(value, listed) for _, value, listed, _ in rows])
    cpus = np.array([cpu for *_, cpu in rows])
    note = f"{len(rows)} instances, one seed, CPU mean {cpus.mean():.1f} s, worst {cpus.max():.1f} s, load at the end "
    note += f"{os.getloadavg()[0]:.1f}; {int((gaps < -1e-9).sum())} above the list, {int((gaps > 1e-9).sum())} below"
    return gaps, note
