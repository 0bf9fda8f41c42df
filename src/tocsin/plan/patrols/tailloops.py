"""Steps on whole ends of routes, of fleets that carry and cost: exchange of tails, and a route from another base."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import lean
from tocsin.plan.location.chance import draw_share
from tocsin.plan.patrols.fleetparts import (
    CARRIES,
    COST,
    EASE,
    END,
    FIRST,
    FIXED,
    LAST,
    LENGTH,
    LOAD,
    LONGEST,
    START,
    WAY,
    Ground,
    Plan,
    cost_of_route,
    fill,
)

Longs = npt.NDArray[np.int64]


@lean
def joined(ground: Ground, plan: Plan, r: int, i: int, s: int, j: int) -> bool:
    """Whether patrol r keeps its times with its first i visits and then those of s from the j-th on."""
    length, first, last = plan.before[r, i, LENGTH], plan.before[r, i, FIRST], plan.before[r, i, LAST]
    at = ground.who[r, START] if i == 0 else plan.routes[r, i - 1]
    for k in range(j, plan.sizes[s] + 1):
        home = k == plan.sizes[s]
        p = ground.who[r, END] if home else plan.routes[s, k]
        opens = ground.terms[r, FIRST] if home else ground.visits[p, FIRST]
        closes = ground.terms[r, LAST] if home else ground.visits[p, LAST]
        length += ground.hours[at, p]
        if first + length > closes + EASE:
            return False
        wait = max(opens - length - last, 0.0)
        first = max(opens - length, first) - wait
        last = max(min(closes - length, last), first)
        length += wait + (0.0 if home else ground.visits[p, LENGTH])
        at = p
    return bool(length <= ground.terms[r, LONGEST] + EASE)


@lean
def way_joined(ground: Ground, plan: Plan, r: int, i: int, s: int, j: int) -> float:
    """Hours of travel of patrol r with its first i visits and then those of s from the j-th on."""
    n = plan.sizes[s]
    if i == 0 and j == n:
        return 0.0
    at = ground.who[r, START] if i == 0 else plan.routes[r, i - 1]
    if j == n:
        return float(plan.before[r, i, WAY] + ground.hours[at, ground.who[r, END]])
    last = plan.routes[s, n - 1]
    tail = plan.after[s, j, WAY] - ground.hours[last, ground.who[s, END]] + ground.hours[last, ground.who[r, END]]
    return float(plan.before[r, i, WAY] + ground.hours[at, plan.routes[s, j]] + tail)


@lean
def swap_tails(
    state: npt.NDArray[np.uint64], ground: Ground, plan: Plan, p: int, q: int, heat: float, new: Longs
) -> tuple[bool, float]:
    """Let q follow p: two routes exchange what comes after. Whether it was taken, and what it costs more.

    Where nothing comes before q and nothing after p, one route is emptied into the other. `new` is working space of two
    rows.
    """
    r, s = plan.where[p], plan.where[q]
    i, j = plan.spot[p] + 1, plan.spot[q]
    n, m = i + plan.sizes[s] - j, j + plan.sizes[r] - i
    room = plan.routes.shape[1]
    if n + 1 >= room or m + 1 >= room:
        return False, 0.0
    terms = ground.terms
    if plan.before[r, i, LOAD] + plan.after[s, j, LOAD] > terms[r, CARRIES] + EASE:
        return False, 0.0
    if plan.before[s, j, LOAD] + plan.after[r, i, LOAD] > terms[s, CARRIES] + EASE:
        return False, 0.0
    more = terms[r, FIXED] + terms[r, COST] * way_joined(ground, plan, r, i, s, j)
    if m > 0:
        more += terms[s, FIXED] + terms[s, COST] * way_joined(ground, plan, s, j, r, i)
    more -= cost_of_route(ground, plan, r) + cost_of_route(ground, plan, s)
    if more >= -heat * np.log(draw_share(state) + 1e-300):
        return False, 0.0
    if not joined(ground, plan, r, i, s, j) or (m > 0 and not joined(ground, plan, s, j, r, i)):
        return False, 0.0
    for k in range(n):
        new[0, k] = plan.routes[r, k] if k < i else plan.routes[s, j + k - i]
    for k in range(m):
        new[1, k] = plan.routes[s, k] if k < j else plan.routes[r, i + k - j]
    for row in range(2):
        v, many = (r, n) if row == 0 else (s, m)
        for k in range(many):
            plan.routes[v, k] = new[row, k]
            plan.where[new[row, k]], plan.spot[new[row, k]] = v, k
        plan.sizes[v] = many
        fill(ground, plan, v, np.int64(0), many)
    return True, more


@lean
def other_base(
    state: npt.NDArray[np.uint64], ground: Ground, plan: Plan, r: int, s: int, heat: float
) -> tuple[bool, float]:
    """Give the route of r to s, a patrol at home. Whether it was taken, and what it costs more."""
    n = plan.sizes[r]
    if plan.before[r, n, LOAD] > ground.terms[s, CARRIES] + EASE:
        return False, 0.0
    more = ground.terms[s, FIXED] + ground.terms[s, COST] * way_joined(ground, plan, s, np.int64(0), r, np.int64(0))
    more -= cost_of_route(ground, plan, r)
    if more >= -heat * np.log(draw_share(state) + 1e-300) or not joined(ground, plan, s, np.int64(0), r, np.int64(0)):
        return False, 0.0
    for k in range(n):
        plan.routes[s, k] = plan.routes[r, k]
        plan.where[plan.routes[s, k]] = s
    plan.sizes[s], plan.sizes[r] = n, 0
    fill(ground, plan, r, np.int64(0), np.int64(0))
    fill(ground, plan, s, np.int64(0), n)
    return True, more
