"""Steps on whole ends of routes, of fleets that carry and cost: exchange of tails, and a route from another base."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled
from tocsin.plan.location.chance import draw_share

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EASE = 1e-7
BESIDE = 12  # near places that a tail is joined to
LENGTH, FIRST, LAST = 0, 1, 2  # of a stretch of a route: how long it takes, earliest and latest begin


@compiled
def way_length(route: Longs, n: int, start: int, end: int, hours: Floats) -> float:
    """Hours of travel of a route that goes out; none for one that does not."""
    if n == 0:
        return 0.0
    total = float(hours[start, route[0]])
    for k in range(n - 1):
        total += float(hours[route[k], route[k + 1]])
    return total + float(hours[route[n - 1], end])


@compiled
def keeps(
    route: Longs, n: int, start: int, end: int, hours: Floats, alone: Floats, out: Floats, home: Floats, longest: float
) -> bool:
    """Whether a route keeps its times and is out no longer than it may be."""
    length, first, last, at = out[LENGTH], out[FIRST], out[LAST], start
    for k in range(n + 1):
        p = end if k == n else route[k]
        opens = home[FIRST] if k == n else alone[p, FIRST]
        closes = home[LAST] if k == n else alone[p, LAST]
        length += hours[at, p]
        if first + length > closes + EASE:
            return False
        wait = max(opens - length - last, 0.0)
        first = max(opens - length, first) - wait
        last = max(min(closes - length, last), first)
        length += wait + (0.0 if k == n else alone[p, LENGTH])
        at = p
    return bool(length <= longest + EASE)


@compiled
def swap_tails(
    state: npt.NDArray[np.uint64], p: int, q: int, heat: float, hours: Floats, load: Floats, alone: Floats,
    starts: Longs, ends: Longs, out: Floats, home: Floats, carries: Floats, cost: Floats, fixed: Floats,
    longest: Floats, routes: Longs, sizes: Longs, where: Longs, spot: Longs, length: Floats, loaded: Floats,
    new: Longs,
) -> tuple[bool, float]:  # fmt: skip
    """Let q follow p: two routes exchange what comes after. Whether it was taken, and what it costs more.

    Where nothing comes before q and nothing after p, one route is emptied into the other. `new` is working space of two
    rows.
    """
    r, s = where[p], where[q]
    i, j, room = spot[p] + 1, spot[q], routes.shape[1]
    n, m = i + sizes[s] - j, j + sizes[r] - i
    if n + 1 >= room or m + 1 >= room:
        return False, 0.0
    a, b = 0.0, 0.0
    for k in range(n):
        new[0, k] = routes[r, k] if k < i else routes[s, j + k - i]
        a += load[new[0, k]]
    for k in range(m):
        new[1, k] = routes[s, k] if k < j else routes[r, i + k - j]
        b += load[new[1, k]]
    if a > carries[r] + EASE or b > carries[s] + EASE:
        return False, 0.0
    one = way_length(new[0], n, starts[r], ends[r], hours)
    two = way_length(new[1], m, starts[s], ends[s], hours)
    more = cost[r] * (one - length[r]) + cost[s] * (two - length[s])
    if m == 0:
        more -= fixed[s]
    if more >= -heat * np.log(draw_share(state) + 1e-300):
        return False, 0.0
    if not keeps(new[0], n, starts[r], ends[r], hours, alone, out[r], home[r], longest[r]):
        return False, 0.0
    if m > 0 and not keeps(new[1], m, starts[s], ends[s], hours, alone, out[s], home[s], longest[s]):
        return False, 0.0
    for k in range(n):
        routes[r, k] = new[0, k]
        where[new[0, k]], spot[new[0, k]] = r, k
    for k in range(m):
        routes[s, k] = new[1, k]
        where[new[1, k]], spot[new[1, k]] = s, k
    sizes[r], sizes[s], loaded[r], loaded[s] = n, m, a, b
    return True, more


@compiled
def other_base(
    state: npt.NDArray[np.uint64], r: int, s: int, heat: float, hours: Floats, alone: Floats, starts: Longs,
    ends: Longs, out: Floats, home: Floats, carries: Floats, cost: Floats, fixed: Floats, longest: Floats,
    routes: Longs, sizes: Longs, where: Longs, spot: Longs, length: Floats, loaded: Floats,
) -> tuple[bool, float]:  # fmt: skip
    """Give the route of r to s, a patrol at home. Whether it was taken, and what it costs more."""
    if loaded[r] > carries[s] + EASE:
        return False, 0.0
    n = sizes[r]
    then = fixed[s] + cost[s] * way_length(routes[r], n, starts[s], ends[s], hours)
    more = then - fixed[r] - cost[r] * length[r]
    if more >= -heat * np.log(draw_share(state) + 1e-300):
        return False, 0.0
    if not keeps(routes[r], n, starts[s], ends[s], hours, alone, out[s], home[s], longest[s]):
        return False, 0.0
    for k in range(n):
        routes[s, k] = routes[r, k]
        where[routes[s, k]] = s
    sizes[s], sizes[r], loaded[s], loaded[r] = n, 0, loaded[r], 0.0
    return True, more
