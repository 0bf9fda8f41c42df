"""Inner loops of the search for fleets that carry and cost, compiled; imported only where they run."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled
from tocsin.plan.location.chance import draw_below, draw_share
from tocsin.plan.patrols.stringloops import string_of
from tocsin.plan.patrols.tailloops import BESIDE, other_base, swap_tails

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Cube = npt.NDArray[np.float64]

EASE = 1e-7
OPENING = 0.1  # of steps take whole routes out and look at a patrol at home as if going out cost nothing
MOST_WHOLE = 3
SPLIT, LEAST_KEPT, KEPT_ON = 0.5, 2, 0.5  # of strings, a part in the middle stays: see `string_of`
TAILS = 1  # exchanges of tails tried in a step
SHAKEN = 0.3  # of the heat: how dear another patrol for a route may be
LENGTH, FIRST, LAST = 0, 1, 2  # of a stretch of a route: how long it takes, earliest and latest begin


@compiled
def fill(
    r: int, routes: Longs, n: int, start: int, end: int, hours: Floats, alone: Floats, out: Floats, home: Floats,
    before: Cube, after: Cube,
) -> float:  # fmt: skip
    """Stretches of a route from the start up to, and from each visit to the end; hours of travel.

    Joined as in Vidal et al. 2013 (doi 10.1016/j.cor.2012.07.018): length, earliest and latest begin.
    """
    length, first, last = out[r, LENGTH], out[r, FIRST], out[r, LAST]
    before[r, 0, LENGTH], before[r, 0, FIRST], before[r, 0, LAST] = length, first, last
    total, at = 0.0, start
    for k in range(n):
        p = routes[r, k]
        travel = hours[at, p]
        total += float(travel)
        moved = length + travel
        wait = max(alone[p, FIRST] - moved - last, 0.0)
        first = max(alone[p, FIRST] - moved, first) - wait
        last = max(min(alone[p, LAST] - moved, last), first)
        length = moved + alone[p, LENGTH] + wait
        before[r, k + 1, LENGTH], before[r, k + 1, FIRST], before[r, k + 1, LAST] = length, first, last
        at = p
    total += float(hours[at, end])
    length, first, last = home[r, LENGTH], home[r, FIRST], home[r, LAST]
    after[r, n, LENGTH], after[r, n, FIRST], after[r, n, LAST] = length, first, last
    to = end
    for k in range(n - 1, -1, -1):
        p = routes[r, k]
        moved = alone[p, LENGTH] + hours[p, to]
        wait = max(first - moved - alone[p, LAST], 0.0)
        then = max(first - moved, alone[p, FIRST]) - wait
        last = max(min(last - moved, alone[p, LAST]), then)
        length += moved + wait
        first = then
        after[r, k, LENGTH], after[r, k, FIRST], after[r, k, LAST] = length, first, last
        to = p
    return total


@compiled
def extra_of(
    p: int, k: int, r: int, routes: Longs, n: int, start: int, end: int, hours: Floats, alone: Floats, before: Cube,
    after: Cube, longest: float, price: float, most: float,
) -> float:  # fmt: skip
    """What a visit between the k-th and the next of a route costs; inf if not below `most` or times cannot be kept."""
    a = start if k == 0 else routes[r, k - 1]
    b = end if k == n else routes[r, k]
    there, on = hours[a, p], hours[p, b]
    extra = price * float(there + on - hours[a, b])
    if extra >= most:
        return np.inf
    moved = before[r, k, LENGTH] + there
    first, last = before[r, k, FIRST], before[r, k, LAST]
    if first + moved > alone[p, LAST] + EASE:
        return np.inf
    wait = max(alone[p, FIRST] - moved - last, 0.0)
    first = max(alone[p, FIRST] - moved, first) - wait
    last = max(min(alone[p, LAST] - moved, last), first)
    moved += alone[p, LENGTH] + wait + on
    if first + moved > after[r, k, LAST] + EASE:
        return np.inf
    wait = max(after[r, k, FIRST] - moved - last, 0.0)
    if moved + after[r, k, LENGTH] + wait > longest + EASE:
        return np.inf
    return extra


@compiled
def search_fleet(
    hours: Floats, worth: Floats, load: Floats, alone: Floats, starts: Longs, ends: Longs, out: Floats, home: Floats,
    carries: Floats, cost: Floats, fixed: Floats, longest: Floats, like: Longs, near: Longs,
    routes: Longs, sizes: Longs, steps: int, hot: float, cold: float, mean_removed: float, tried: int, looked: int,
    seed: int,
) -> tuple[Longs, Longs, float]:  # fmt: skip
    """Anneal by taking out strings of neighbouring visits and putting visits back where they cost least.

    Slack induction by string removals (Christiaens and Vanden Berghe 2020, doi 10.1287/trsc.2019.0914). What is lowered
    is the cost of the patrols that go out plus the worth of what is not visited; a visit is put back only where it
    costs less than it is worth.

    `near` are the places near each. Patrols with the same `like` are alike: of those at home only one is tried. A route
    may go to another patrol at home, or change with another route, when that is cheaper.

    Returns the best routes and sizes, and what it lowered.
    """
    state = np.array([seed], dtype=np.uint64)
    n, m, room = len(worth), len(starts), routes.shape[1]
    clients = near[:, 0]
    row_of = np.full(n, -1, dtype=np.int64)
    for k in range(len(clients)):
        row_of[clients[k]] = k
    where = np.full(n, -1, dtype=np.int64)
    spot = np.full(n, -1, dtype=np.int64)
    before, after = np.zeros((m, room + 1, 3)), np.zeros((m, room + 1, 3))
    length, loaded = np.zeros(m), np.zeros(m)
    kinds = 0
    for r in range(m):
        kinds = max(kinds, like[r] + 1)
        for k in range(sizes[r]):
            where[routes[r, k]], spot[routes[r, k]] = r, k
            loaded[r] += load[routes[r, k]]
        length[r] = fill(r, routes, sizes[r], starts[r], ends[r], hours, alone, out, home, before, after)
    total = 0.0
    for r in range(m):
        if sizes[r] > 0:
            total += fixed[r] + cost[r] * length[r]
    for p in clients:
        if where[p] < 0:
            total += worth[p]
    bases = len(np.unique(starts))
    best_routes, best_sizes, best = routes.copy(), sizes.copy(), total
    old_routes, old_sizes, old_length, old_loaded = routes.copy(), sizes.copy(), length.copy(), loaded.copy()
    touched = np.zeros(m, dtype=np.bool_)
    which = np.zeros(m, dtype=np.int64)
    home_of = np.zeros(kinds, dtype=np.int64)
    free, key = np.empty(n, dtype=np.int64), np.empty(n)
    seen = np.zeros(m, dtype=np.int64)
    new = np.empty((2, room), dtype=np.int64)
    cooling = (cold / hot) ** (1.0 / max(steps, 1))
    heat = hot
    for step in range(steps):
        heat *= cooling
        for _ in range(TAILS if near.shape[1] > 1 else 0):
            row = draw_below(state, len(clients))
            p, q = near[row, 0], near[row, 1 + draw_below(state, min(BESIDE, near.shape[1] - 1))]
            r, s = where[p], where[q]
            taken = False
            if r >= 0 and s >= 0 and r != s:
                taken, more = swap_tails(
                    state, p, q, heat, hours, load, alone, starts, ends, out, home, carries, cost, fixed, longest,
                    routes, sizes, where, spot, length, loaded, new,
                )  # fmt: skip
            elif bases > 1 and r >= 0:
                s = draw_below(state, m)
                if sizes[s] == 0 and starts[s] != starts[r]:
                    taken, more = other_base(
                        state, r, s, heat, hours, alone, starts, ends, out, home, carries, cost, fixed, longest, routes,
                        sizes, where, spot, length, loaded,
                    )  # fmt: skip
            if taken:
                for v in (r, s):
                    length[v] = fill(v, routes, sizes[v], starts[v], ends[v], hours, alone, out, home, before, after)
                total += more
                if total < best - 1e-9:
                    best = total
                    best_routes[:] = routes
                    best_sizes[:] = sizes
        n_touched = 0
        now = total
        row = draw_below(state, len(clients))
        n_free = 0
        # Now and then whole routes go, and one patrol at home is looked at as if going out cost nothing.
        opening = draw_share(state) < OPENING
        opened = draw_below(state, kinds) if opening else -1
        average, used = 0.0, 0
        for c in range(min(near.shape[1], 40)):
            if where[near[row, c]] >= 0:
                average += sizes[where[near[row, c]]]
                used += 1
        longest_string = min(10.0, max(1.0, average / max(used, 1)))
        strings = 1 + int(draw_share(state) * max(4 * mean_removed / (1 + longest_string) - 1, 1.0))
        done = 0
        for c in range(near.shape[1]):
            if done >= strings:
                break
            p = near[row, c]
            r = where[p]
            if r < 0 or touched[r]:
                continue
            done += 1
            touched[r] = True
            which[n_touched] = r
            n_touched += 1
            old_routes[r, : sizes[r]] = routes[r, : sizes[r]]
            old_sizes[r], old_length[r], old_loaded[r] = sizes[r], length[r], loaded[r]
            now -= fixed[r] + cost[r] * length[r]
            first, last, keep_from, keep_to = string_of(
                state,
                sizes[r],
                spot[p],
                longest_string,
                opening and done <= MOST_WHOLE,
                SPLIT,
                LEAST_KEPT,
                KEPT_ON,
                sizes[r],
            )
            w = 0
            for i in range(sizes[r]):
                q = routes[r, i]
                if first <= i < last and not (keep_from <= i < keep_to):
                    free[n_free] = q
                    n_free += 1
                    where[q] = -1
                    loaded[r] -= load[q]
                    now += worth[q]
                else:
                    routes[r, w] = q
                    spot[q] = w
                    w += 1
            sizes[r] = w
            length[r] = fill(r, routes, w, starts[r], ends[r], hours, alone, out, home, before, after)
            if w > 0:
                now += fixed[r] + cost[r] * length[r]
        # of what was not visited before, the nearest
        more = 0
        removed = n_free
        for c in range(near.shape[1]):
            if more >= tried:
                break
            p = near[row, c]
            if where[p] < 0:
                fresh = True
                for k in range(removed):
                    fresh = fresh and free[k] != p
                if fresh:
                    free[n_free] = p
                    n_free += 1
                    more += 1
        for k in range(kinds):
            home_of[k] = -1
        for r in range(m):
            if sizes[r] == 0 and (home_of[like[r]] < 0 or touched[r]):
                home_of[like[r]] = r
        how = draw_share(state)
        centre = clients[row]
        for k in range(n_free):
            p = free[k]
            if how < 0.4:
                key[k] = draw_share(state)
            elif how < 0.6:
                key[k] = -load[p] * (0.9 + 0.2 * draw_share(state))
            elif how < 0.7:
                key[k] = alone[p, LAST] - alone[p, FIRST]
            elif how < 0.85:
                key[k] = hours[centre, p]
            else:
                key[k] = -hours[centre, p]
        for o in np.argsort(key[:n_free]):
            p = free[o]
            best_cost, at, into = np.inf, -1, -1
            here = row_of[p]
            for c in range(1, min(looked, near.shape[1])):
                q = near[here, c]
                r = where[q]
                if r < 0 or loaded[r] + load[p] > carries[r] + EASE or sizes[r] + 1 >= room:
                    continue
                for side in range(2):
                    k = spot[q] + side
                    if draw_share(state) < 0.01:
                        continue
                    extra = extra_of(p, k, r, routes, sizes[r], starts[r], ends[r], hours, alone, before,
                                     after, longest[r], cost[r], best_cost)  # fmt: skip
                    if extra < best_cost:
                        best_cost, at, into = extra, k, r
                # the ends of each route near by, too
                if seen[r] != step * n + p + 1:
                    seen[r] = step * n + p + 1
                    for k in (0, sizes[r]):
                        extra = extra_of(p, k, r, routes, sizes[r], starts[r], ends[r], hours, alone, before,
                                     after, longest[r], cost[r], best_cost)  # fmt: skip
                        if extra < best_cost:
                            best_cost, at, into = extra, k, r
            for kind in range(kinds):
                r = home_of[kind]
                if r >= 0 and load[p] <= carries[r] + EASE:
                    extra = fixed[r] + cost[r] * (hours[starts[r], p] + hours[p, ends[r]])
                    if kind == opened:
                        extra = 0.0
                    if extra < best_cost and extra_of(
                        p, 0, r, routes, 0, starts[r], ends[r], hours, alone, before, after, longest[r], cost[r],
                        np.inf,
                    ) < np.inf:  # fmt: skip
                        best_cost, at, into = extra, 0, r
            if into < 0 or best_cost >= worth[p]:
                continue
            r = into
            if sizes[r] == 0 and like[r] == opened:
                opened = -1
            if not touched[r]:
                touched[r] = True
                which[n_touched] = r
                n_touched += 1
                old_routes[r, : sizes[r]] = routes[r, : sizes[r]]
                old_sizes[r], old_length[r], old_loaded[r] = sizes[r], length[r], loaded[r]
            if sizes[r] > 0:
                now -= fixed[r] + cost[r] * length[r]
            else:
                home_of[like[r]] = -1
            for k in range(sizes[r], at, -1):
                routes[r, k] = routes[r, k - 1]
                spot[routes[r, k]] = k
            routes[r, at] = p
            spot[p], where[p] = at, r
            sizes[r] += 1
            loaded[r] += load[p]
            length[r] = fill(r, routes, sizes[r], starts[r], ends[r], hours, alone, out, home, before, after)
            now += fixed[r] + cost[r] * length[r] - worth[p]
            if home_of[like[r]] < 0:
                for other in range(m):
                    if like[other] == like[r] and sizes[other] == 0:
                        home_of[like[r]] = other
                        break
        # a route may suit another patrol better: one at home, or one on another route
        if kinds > 1:
            for t in range(n_touched):
                r = which[t]
                if sizes[r] == 0:
                    continue
                for other in range(m):
                    if like[other] == like[r] or (sizes[other] == 0 and home_of[like[other]] != other):
                        continue
                    if starts[other] != starts[r] or ends[other] != ends[r] or loaded[r] > carries[other] + EASE:
                        continue
                    if loaded[other] > carries[r] + EASE or longest[other] != longest[r]:
                        continue
                    if out[other, FIRST] != out[r, FIRST] or home[other, LAST] != home[r, LAST]:
                        continue
                    was = fixed[r] + cost[r] * length[r]
                    then = fixed[other] + cost[other] * length[r]
                    if sizes[other] > 0:
                        was += fixed[other] + cost[other] * length[other]
                        then += fixed[r] + cost[r] * length[other]
                    # shaken a little, so that a larger patrol is sometimes sent
                    if then - was >= -SHAKEN * heat * np.log(draw_share(state) + 1e-300):
                        continue
                    if not touched[other]:
                        touched[other] = True
                        which[n_touched] = other
                        n_touched += 1
                        old_routes[other, : sizes[other]] = routes[other, : sizes[other]]
                        old_sizes[other], old_length[other] = sizes[other], length[other]
                        old_loaded[other] = loaded[other]
                    now += then - was
                    for k in range(max(sizes[r], sizes[other])):
                        routes[r, k], routes[other, k] = routes[other, k], routes[r, k]
                    sizes[r], sizes[other] = sizes[other], sizes[r]
                    loaded[r], loaded[other] = loaded[other], loaded[r]
                    for v in (r, other):
                        for k in range(sizes[v]):
                            where[routes[v, k]], spot[routes[v, k]] = v, k
                        length[v] = fill(v, routes, sizes[v], starts[v], ends[v], hours, alone, out, home,
                                         before, after)  # fmt: skip
                    if sizes[r] == 0:
                        home_of[like[r]] = r
                        home_of[like[other]] = -1
                        for v in range(m):
                            if like[v] == like[other] and sizes[v] == 0:
                                home_of[like[other]] = v
                                break
                    break
        if now < total - heat * np.log(draw_share(state) + 1e-300):
            total = now
            if total < best - 1e-9:
                best = total
                best_routes[:] = routes
                best_sizes[:] = sizes
        else:
            for k in range(n_free):
                where[free[k]] = -1
            for t in range(n_touched):
                r = which[t]
                routes[r, : old_sizes[r]] = old_routes[r, : old_sizes[r]]
                sizes[r], length[r], loaded[r] = old_sizes[r], old_length[r], old_loaded[r]
            for t in range(n_touched):
                r = which[t]
                for k in range(sizes[r]):
                    where[routes[r, k]], spot[routes[r, k]] = r, k
                fill(r, routes, sizes[r], starts[r], ends[r], hours, alone, out, home, before, after)
        for t in range(n_touched):
            touched[which[t]] = False
    return best_routes, best_sizes, best
