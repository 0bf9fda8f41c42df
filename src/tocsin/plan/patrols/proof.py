"""No plan of patrols is worth more than this: by a linear program over routes, or a proof that the plan is best."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.plan.patrols.columns import CHOICES, EASE, MOST, Route, RouteProgram, list_routes
from tocsin.plan.patrols.model import Floats, Ints, Outing

EFFORT = 100_000_000  # labels compared in one proof
SECONDS, NODES = 10.0, 1_000  # of branch and bound, where it does not end before
SWOLLEN = 1_000.0
INFEASIBLE = 2  # of `milp`


@dataclass(frozen=True)
class Proof:
    """What no plan is worth more than, and how that is known.

    Parameters
    ----------
    bound : float
        No plan is worth more.
    best : float
        Worth of the best plan known; the bound is no less.
    visits : tuple of tuple of int or None
        A plan better than the given one, where the search for a proof met one.
    how : str
    whole : bool
        Whether the linear program was solved to its end; if not, more effort may say more.
    """

    bound: float
    best: float
    visits: tuple[Route, ...] | None
    how: str
    whole: bool = True

    @property
    def proven(self) -> bool:
        """Whether the best plan known is proven best."""
        return self.bound <= self.best + EASE


def prove(
    problem: Outing, clients: Ints, visits: Sequence[Route], routes: Iterable[Route] = (), effort: int = EFFORT
) -> Proof:
    """What no plan is worth more than, and whether the given plan is proven best (or which better one was met).

    A linear program over routes gives a bound, and a price for each place. Where it leaves room for a better plan, all
    routes that could be part of one are listed (what they gain at these prices tells), and branch and bound chooses
    among them (Baldacci, Christofides and Mingozzi 2008, doi 10.1007/s10107-007-0178-5). Fuel is not looked at and
    what must be visited is not asked for, so that the bound holds with these too, but may be far off.

    Parameters
    ----------
    clients : places that some patrol could visit
    visits : the best plan known
    routes : good routes, which save work
    effort : parts of routes compared before it stops with the bound it has
    """
    best = float(problem.worth[[p for r in visits for p in r]].sum())
    grain = _grain(problem.worth[clients])
    if not 0 < len(clients) <= MOST:
        top = float(problem.worth[clients].sum())
        return Proof(max(best, top), best, None, "all places together", whole=False)
    program = RouteProgram(problem, clients, [*(r for r in visits if r), *routes], effort)
    enough = best + grain - EASE if grain else best + EASE
    how = "a linear program over routes"
    while True:
        if not program.solve(enough):
            return Proof(max(best, _whole(program.bound, grain)), best, None, how + ", stopped", whole=False)
        if program.bound < enough:
            return Proof(best, best, None, how)
        if not program.forget_less():
            break
    choices: list[tuple[int, Route]] = []
    for g in range(len(program.kinds)):
        listed = list_routes(program, g, enough - program.bound + program.mosts[g])
        if listed is None or len(choices) + len(listed) > CHOICES:
            return Proof(max(best, _whole(program.bound, grain)), best, None, how)
        choices += [(g, r) for r in listed]
    how += f", branch and bound over the {len(choices):,} routes a better plan could have"
    found, top = _choose(program, choices, enough)
    value = 0.0 if found is None else float(problem.worth[[p for r in found for p in r]].sum())
    top = max(best, min(_whole(top, grain), _whole(program.bound, grain)))
    if value > best + EASE:
        return Proof(max(value, top), value, found, how)
    return Proof(top, best, None, how)


def _grain(worth: Floats) -> float:
    """What the worth of every plan is a multiple of; 0 if nothing is."""
    whole = np.rint(worth).astype(np.int64)
    return float(np.gcd.reduce(whole)) if np.array_equal(whole, worth) else 0.0


def _whole(bound: float, grain: float) -> float:
    return float(np.floor((bound + EASE) / grain) * grain) if grain else bound


def _choose(
    program: RouteProgram, choices: Sequence[tuple[int, Route]], enough: float
) -> tuple[tuple[Route, ...] | None, float]:
    """The routes that are together worth most and at least `enough`, and a proven bound: 0 if there are none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix

    if not choices:
        return None, 0.0
    problem, n = program.problem, len(program.clients)
    row = [program.row_of[p] for _, r in choices for p in r] + [n + g for g, _ in choices]
    col = [k for k, (_, r) in enumerate(choices) for _ in r] + list(range(len(choices)))
    limit = np.r_[np.ones(n), [float(len(k.members)) for k in program.kinds]]
    matrix = coo_matrix((np.ones(len(row)), (row, col)), shape=(len(limit), len(choices))).tocsr()
    gain = np.array([float(problem.worth[list(r)].sum()) for _, r in choices])
    # Large numbers, so that what the solver forgives is less than the difference between the best and a better plan.
    better = LinearConstraint(SWOLLEN * gain[None, :], SWOLLEN * enough, np.inf)
    solved = milp(
        -gain, constraints=[LinearConstraint(matrix, -np.inf, limit), better],
        bounds=Bounds(0, 1), integrality=np.ones(len(choices)),
        options={"time_limit": SECONDS, "node_limit": NODES, "mip_rel_gap": 1e-9},
    )  # fmt: skip
    if solved.status == INFEASIBLE:
        return None, 0.0
    top = np.inf if solved.mip_dual_bound is None else -float(solved.mip_dual_bound)
    if solved.x is None:
        return None, top
    found: list[Route] = [()] * len(problem.patrols)
    free = [list(k.members) for k in program.kinds]
    for k in np.flatnonzero(solved.x > 0.5).tolist():
        g, route = choices[k]
        found[free[g].pop()] = route
    return tuple(found), top
