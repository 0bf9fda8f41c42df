"""Patrol routes on other people's instances: orienteering by teams and alone, and fleets that carry and cost.

The same `solve_outing` that plans missions; what carries and costs goes to its `solve_fleet`. Every solution is checked
apart from the solver. With ROUTES_EVERY=n only every n-th instance of a set is run; ROUTES_SETS=top-chao,op-oplib runs
these sets alone; ROUTES_STEPS=n does n steps a round in op-oplib.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.results import SHARED, Figure, Peer
from benchmarks.route_files import chao, fleet, listed_values, oplib, solution
from tocsin.core.errors import Infeasible
from tocsin.plan.patrols.model import Floats, check_routes, cost_of
from tocsin.plan.patrols.solve import STEPS, solve_outing

DATA = SHARED / "data" / "benchmarks"
# Steps of each set, so that the longest takes under 60 s on one core of a busy machine; and the goal, percent above the
# best known.
FLEETS = {"pcvrptw": (24_000, 3.0), "mdvrptw": (70_000, 2.0), "hfvrp": (40_000, 2.0)}
# On a busy machine a second of the clock is less than one of work: steps end a run, and CPU seconds are told.
SLOWED = 600.0
LONG, MINUTE = 24, 60.0  # rounds of the longer search, and its CPU seconds
STEPS_OF_TOURS = int(os.environ.get("ROUTES_STEPS", str(STEPS)))  # of a round, in op-oplib
EVERY = int(os.environ.get("ROUTES_EVERY", "1"))
SETS = tuple(os.environ.get("ROUTES_SETS", "top-chao,op-oplib," + ",".join(FLEETS)).split(","))


@dataclass
class Team:
    """One instance of team orienteering: the plan at the usual work, and where it falls short of the list, more."""

    name: str
    value: float
    listed: float
    cpu: float
    longer: float  # value with LONG rounds, where the first falls short
    longer_cpu: float
    bound: float  # no plan is worth more; inf where the list is reached and none was asked for

    @property
    def possible(self) -> float:
        """The listed value, or the most any plan is worth where that is proven less."""
        return min(self.listed, self.bound)


def top_chao(tell: Callable[[str], None] = lambda text: None) -> Iterator[Team]:
    """Each instance at the usual rounds; where these fall short of the list, with LONG rounds and a bound."""
    folder = DATA / "top-chao"
    best = listed_values(folder / "README.md", 4, 2)
    solve_outing(chao(folder / "p1.2.e.txt"), rounds=1, steps=100)  # compile
    for name in sorted(best)[::EVERY]:
        problem = chao(folder / name)
        cpu = time.process_time()
        try:
            found = solve_outing(problem, bound=False, seconds=SLOWED)
        except Infeasible:  # a path's limit is shorter than the way from start to end: nothing can be visited
            value = 0.0
        else:
            value = check_routes(problem, found.visits)
        cpu = time.process_time() - cpu
        row = Team(name, value, best[name], cpu, value, cpu, np.inf)
        if value < best[name] - 1e-9:
            cpu = time.process_time()
            found = solve_outing(problem, rounds=LONG, seconds=SLOWED)
            cpu = time.process_time() - cpu
            row = replace(row, longer=check_routes(problem, found.visits), longer_cpu=cpu, bound=found.bound)
        tell(f"{name} {value:g} {best[name]:g} {row.cpu:.1f} {row.longer:g} {row.longer_cpu:.1f} {row.bound:g}")
        yield row


def team_figures(rows: list[Team]) -> list[Figure]:
    """Against the list as published, and against what is possible where a listed value is proven unreachable."""
    published, note = _gaps([(r.name, r.value, r.listed, r.cpu) for r in rows])
    possible = np.array([gap(r.value, r.possible) for r in rows])
    in_time = np.array([r.longer >= r.listed - 1e-9 and r.longer_cpu <= MINUTE for r in rows])
    no_better = np.array([r.longer >= r.possible - 1e-9 and r.longer_cpu <= MINUTE for r in rows])
    cannot = [f"{r.name[:-4]}: {r.listed:g} listed, {r.bound:g} proven" for r in rows if r.bound < r.listed - 1e-9]
    short = [
        f"{r.name[:-4]}: {r.longer:g} of {r.listed:g} in {r.longer_cpu:.0f} CPU s"
        for r, good in zip(rows, no_better, strict=True)
        if not good
    ]
    peer = Peer("PyVRP prize first, 16 hard ones, 10 CPU s (elsewhere)", 0.44)
    return [
        Figure("top-chao: mean below the listed value", float(published.mean()), "%", 0.3, "lower", peer, note),
        Figure("top-chao: worst below the listed value", float(published.max()), "%", 2.0, "lower"),
        Figure("top-chao: mean below what is possible", float(possible.mean()), "%", 0.3, "lower", None,
               "the listed value, or the proven most where that is less"),
        Figure("top-chao: worst below what is possible", float(possible.max()), "%", 2.0, "lower"),
        Figure("top-chao: listed value reached or passed", 100 * float(np.mean(published <= 1e-9)), "%", None,
               "higher", None, "at the usual work, the CPU seconds of the first line"),
        Figure("top-chao: listed value reached or passed in 60 CPU s", 100 * float(in_time.mean()), "%", 95.0, "higher",
               None, f"where the usual work fell short, {LONG} rounds; all listed values count"),
        Figure("top-chao: listed or proven value reached in 60 CPU s", 100 * float(no_better.mean()), "%", None,
               "higher", None, "short: " + ("; ".join(short) or "none")),
        Figure("top-chao: listed values proven unreachable", float(len(cannot)), "", None, "lower", None,
               "; ".join(cannot)),
    ]  # fmt: skip


def op_oplib(tell: Callable[[str], None] = lambda text: None) -> Iterator[tuple[str, float, float, float]]:
    """Name, value found (with the score of where the tour begins, as the list counts it), value listed, CPU seconds."""
    folder = DATA / "op-oplib"
    best = listed_values(folder / "README.md", 4)
    for name in sorted(best)[::EVERY]:
        problem, own = oplib(folder / name)
        cpu = time.process_time()
        found = solve_outing(problem, bound=False, steps=STEPS_OF_TOURS, seconds=SLOWED)
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

    figures: list[Figure] = []
    if "top-chao" in SETS:
        figures += team_figures(list(top_chao(tell)))
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
