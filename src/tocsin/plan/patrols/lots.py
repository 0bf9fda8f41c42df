"""The best lot among given routes: column generation over plans, with a bound on what any lot could be worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.plan.patrols.model import Floats, Ints, Outing, Patrol, check_routes, times

Route = tuple[int, ...]
Plan = tuple[Route, ...]
MOST_ORDERS = 60_000  # orders of visits looked at, of one patrol, before its routes count as too many to list
MOST_TURNS = 150
SLIGHT = 1e-7


@dataclass(frozen=True)
class Lot:
    """Plans, the chance of each, and what no lot over the same routes that keeps to the caps is worth more than."""

    plans: tuple[Plan, ...]
    chance: Floats
    value: float
    bound: float


def every_route(problem: Outing, patrol: Patrol) -> list[Route] | None:
    """Every set of places that a patrol can visit, each in its shortest order; None if they are too many to list.

    Staying at home is one of them. What can be visited is found by trying every order that keeps its times.
    """
    if problem.pumps and patrol.fuel < np.inf:  # a route that runs dry may be one with a stop for fuel
        return None
    places = [p for p in range(len(problem.worth)) if p not in problem.ends
              and (problem.worth[p] > 0 or p in problem.must) and times(problem, patrol, (p,)) is not None]  # fmt: skip
    found: dict[frozenset[int], tuple[float, Route]] = {frozenset(): (0.0, ())}
    open_routes: list[Route] = [()]
    looked = 0
    while open_routes:
        route = open_routes.pop()
        for p in places:
            if p in route:
                continue
            looked += 1
            if looked > MOST_ORDERS:
                return None
            longer = (*route, p)
            if times(problem, patrol, longer) is None:
                continue
            way = [patrol.start, *longer, patrol.end]
            hours = float(problem.hours[way[:-1], way[1:]].sum())
            known = found.get(frozenset(longer))
            if known is None or (hours, longer) < known:
                found[frozenset(longer)] = (hours, longer)
            open_routes.append(longer)
    return sorted(route for _, route in found.values())


def best_lot(
    problem: Outing,
    routes: Sequence[Sequence[Route]],
    caps: Sequence[float],
    floors: Mapping[int, float] | None = None,
) -> Lot | None:
    """Chances of plans with the most expected worth, no route of a patrol driven more often than its cap.

    A linear program over plans; a plan that would improve it is found by branch and bound over the patrols' routes, and
    when there is none the lot is proven best. Routes that can be driven the other way round are, every other time, and
    count as two.

    Parameters
    ----------
    routes : for each patrol, its routes (each set of places once)
    caps : for each patrol, the most that one route may be driven
    floors : mapping of place → chance
        How likely each of these places must at least be visited.

    Returns
    -------
    Lot or None
        None when no plan visits what must be visited, or no lot keeps to the caps and floors.
    """
    table = _Table(problem, routes)
    both = np.array([len(t) > 1 and times(problem, problem.patrols[r], t[::-1]) is not None
                     for r, t in table.columns])  # fmt: skip
    cap = np.array([min(1.0, caps[r] * (2.0 if two else 1.0))
                    for (r, _), two in zip(table.columns, both, strict=True)])  # fmt: skip
    first = table.best(table.worth)
    if first is None:
        return None
    chosen = [first]
    top = float(table.worth.sum()) + 1.0
    held = dict(floors or {})
    sees = np.array([[float(p in route) for _, route in table.columns] for p in held]).reshape(-1, len(table.columns))
    least = np.array(list(held.values()))
    bound, x, short = np.inf, np.ones(1), 0.0
    for _ in range(MOST_TURNS):
        x, duals, free, value, short = _shares(table.worth, cap, chosen, top, sees, least)
        plan = table.best(table.worth - duals)
        if plan is None:
            return None
        gain = float((table.worth - duals)[plan].sum()) - free
        bound = min(bound, value + max(gain, 0.0))
        if gain <= SLIGHT * top or any(np.array_equal(plan, other) for other in chosen):
            break
        chosen.append(plan)
    if x.sum() < 1 - 1e-6 or short > 1e-6:
        return None
    lot: dict[Plan, float] = {}
    for plan, share in zip(chosen, x, strict=False):
        for way in (1, -1) if share > 1e-9 else ():
            visits: list[Route] = [()] * len(problem.patrols)
            for k in plan:
                r, route = table.columns[k]
                visits[r] = route[::-1] if way < 0 and both[k] else route
            lot[tuple(visits)] = lot.get(tuple(visits), 0.0) + float(share) / 2
    chance = np.array(list(lot.values()))
    chance /= chance.sum()
    worth = np.array([check_routes(problem, v) for v in lot])
    value = float(chance @ worth)
    return Lot(tuple(lot), chance, value, max(value, bound))


class _Table:
    """All routes of all patrols as columns of a set packing."""

    def __init__(self, problem: Outing, routes: Sequence[Sequence[Route]]) -> None:
        from scipy.sparse import coo_matrix

        self.columns = [(r, route) for r, some in enumerate(routes) for route in some]
        n, m = len(problem.worth), len(routes)
        row = [p for _, route in self.columns for p in route] + [n + r for r, _ in self.columns]
        col = [k for k, (_, route) in enumerate(self.columns) for _ in route] + list(range(len(self.columns)))
        shape = (n + m, len(self.columns))
        self._matrix = coo_matrix((np.ones(len(row)), (row, col)), shape=shape).tocsr()
        self._least = np.r_[[1.0 if p in problem.must else -np.inf for p in range(n)], np.ones(m)]
        self.worth = np.array([float(problem.worth[list(route)].sum()) for _, route in self.columns])

    def best(self, gain: Floats) -> Ints | None:
        """The columns of the plan with the most gain: one route a patrol, no place twice; None if there is none."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        solved = milp(
            -gain, constraints=LinearConstraint(self._matrix, self._least, np.ones(len(self._least))),
            bounds=Bounds(0, 1), integrality=np.ones(len(gain)), options={"mip_rel_gap": 1e-9},
        )  # fmt: skip
        return None if solved.x is None else np.flatnonzero(solved.x > 0.5)


def _shares(
    worth: Floats, cap: Floats, plans: list[Ints], dear: float, sees: Floats, least: Floats
) -> tuple[Floats, Floats, float, float, float]:
    """Chances of plans, what using each column costs, the price of one more chance, the worth, and what is missing.

    What is left over of the chances costs, and so does what a place (a row of `sees`) is seen less often than `least`.
    """
    from scipy.optimize import linprog

    used = np.unique(np.concatenate(plans))
    n, m = len(plans), len(least)
    takes = np.zeros((len(used) + m, n + 1 + m))
    for j, plan in enumerate(plans):
        takes[np.searchsorted(used, plan), j] = 1.0
        takes[len(used) :, j] = -sees[:, plan].sum(axis=1)
    takes[len(used) :, n + 1 :] = -np.eye(m)
    gain = np.r_[[float(worth[p].sum()) for p in plans], -dear, np.full(m, -10.0 * dear)]
    one = np.r_[np.ones(n + 1), np.zeros(m)]
    solved = linprog(-gain, A_ub=takes, b_ub=np.r_[cap[used], -least], A_eq=one[None, :], b_eq=[1.0], bounds=(0, None),
                     method="highs")  # fmt: skip
    duals = np.zeros(len(worth))
    duals[used] = -solved.ineqlin.marginals[: len(used)]
    duals += solved.ineqlin.marginals[len(used) :] @ sees
    short = float(solved.x[n + 1 :].sum())
    return solved.x[:n], duals, -float(solved.eqlin.marginals[0]), -float(solved.fun), short
