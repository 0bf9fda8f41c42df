"""Patrol routes on other people's instances: team orienteering and orienteering.

The same `solve_outing` that plans missions. Every solution is checked apart from the solver. With ROUTES_EVERY=n only
every n-th instance of the large sets is run; tours of more than `TOUR_PLACES` places are left out.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.results import SHARED, Figure, Peer
from benchmarks.route_files import chao, listed_values, oplib
from tocsin.core.errors import Infeasible
from tocsin.plan.patrols.model import check_routes
from tocsin.plan.patrols.solve import solve_outing

DATA = SHARED / "data" / "benchmarks"
TOUR_PLACES = 110
EVERY = int(os.environ.get("ROUTES_EVERY", "1"))


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
    """Name, value found, value listed, CPU seconds; plane distances, at most `TOUR_PLACES` places (longer is slow)."""
    folder = DATA / "op-oplib"
    best = listed_values(folder / "README.md", 4)
    for name in sorted(best)[::EVERY]:
        problem = oplib(folder / name)
        if problem is None or len(problem.worth) > TOUR_PLACES:
            continue
        cpu = time.process_time()
        found = solve_outing(problem, bound=False, seconds=60.0)
        value = check_routes(problem, found.visits)
        cpu = time.process_time() - cpu
        tell(f"{name} {value:g} {best[name]:g} {cpu:.1f}")
        yield name, value, best[name], cpu


def gap(value: float, listed: float) -> float:
    """Percent below the listed value; negative when above it."""
    return 100 * (listed - value) / listed if listed else 0.0


def run(log: Path | None = None) -> list[Figure]:
    def tell(text: str) -> None:
        if log:
            with log.open("a") as file:
                file.write(text + "\n")

    rows = list(top_chao(tell))
    gaps = np.array([gap(value, listed) for _, value, listed, _ in rows])
    cpus = np.array([cpu for *_, cpu in rows])
    reached = 100 * float(np.mean(gaps <= 1e-9))
    note = f"{len(rows)} instances, one seed, CPU mean {cpus.mean():.1f} s, worst {cpus.max():.1f} s, load at the end "
    note += f"{os.getloadavg()[0]:.1f}; {int((gaps < -1e-9).sum())} above the list"
    tours = list(op_oplib(tell))
    below = np.array([gap(value, listed) for _, value, listed, _ in tours])
    cpu = np.array([c for *_, c in tours])
    also = (
        f"{len(tours)} instances with plane distances, one seed, CPU mean {cpu.mean():.1f} s, worst {cpu.max():.1f} s"
    )
    return [
        Figure("op-oplib: mean below the listed value", float(below.mean()), "%", 1.0, "lower", None, also),
        Figure("op-oplib: worst below the listed value", float(below.max()), "%", None, "lower"),
        Figure("top-chao: mean below the listed value", float(gaps.mean()), "%", 0.3, "lower",
               Peer("PyVRP prize first, 16 hard ones, 10 CPU s (elsewhere)", 0.44), note),
        Figure("top-chao: worst below the listed value", float(gaps.max()), "%", 2.0, "lower"),
        Figure("top-chao: listed value reached or passed", reached, "%", 95.0, "higher"),
    ]  # fmt: skip
