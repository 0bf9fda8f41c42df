"""Inner loops of the patrol search where no place has hours of its own, compiled; imported only where they run.

Only a route's length limits it there, so that a change is judged by the stretches it touches alone.
"""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled
from tocsin.plan.location.chance import draw_below, draw_share
from tocsin.plan.patrols.stringloops import string_of

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EASE = 1e-7  # hours; well under what is forgiven in checking
LEAST = 1e-9
SMALL = 10.0  # visits of the longest string taken out of a short route; of a long one, a share of it
SHARE = 0.3
WHOLE = 0.02  # of steps take a whole route out
SPLIT, LEAST_KEPT, KEPT_ON, MOST_KEPT = 0.3, 1, 0.9, 3  # of strings, a part in the middle stays: see `string_of`
OVER = 0.5  # of steps may first put back more than there are hours for, up to MOST_OVER of them
MOST_OVER = 0.06


@compiled
def at_of(route: Longs, n: int, k: int, start: int, end: int) -> int:
    """The place at a position of a route; its start before the first, its end after the last."""
    if k < 0:
        return start
    return end if k >= n else int(route[k])


@compiled
def turn(route: Longs, spot: Longs, i: int, j: int) -> None:
    """Drive the part from i to j the other way round."""
    while i < j:
        route[i], route[j] = route[j], route[i]
        spot[route[i]], spot[route[j]] = i, j
        i += 1
        j -= 1


@compiled
def turned(route: Longs, i: int, j: int, hours: Floats, symmetric: bool) -> float:
    """What driving the part from i to j the other way round saves inside it."""
    if symmetric:
        return 0.0
    saved = 0.0
    for k in range(i, j):
        saved += float(hours[route[k], route[k + 1]] - hours[route[k + 1], route[k]])
    return saved


@compiled
def carry(route: Longs, spot: Longs, i: int, size: int, after: int, back: bool, scratch: Longs) -> None:
    """Move the part of `size` visits from i to behind position `after` (outside the part), turned round if `back`."""
    for k in range(size):
        scratch[k] = route[i + size - 1 - k] if back else route[i + k]
    if after < i:
        for k in range(i - 1, after, -1):
            route[k + size] = route[k]
            spot[route[k + size]] = k + size
        first = after + 1
    else:
        for k in range(i + size, after + 1):
            route[k - size] = route[k]
            spot[route[k - size]] = k - size
        first = after - size + 1
    for k in range(size):
        route[first + k] = scratch[k]
        spot[scratch[k]] = first + k


@compiled
def ask(p: int, r: int, where: Longs, dirty: npt.NDArray[np.bool_], stack: Longs, waiting: int) -> int:
    """Have a visit of a route looked at again; how many wait."""
    if where[p] == r and not dirty[p]:
        dirty[p] = True
        stack[waiting] = p
        return waiting + 1
    return waiting


@compiled
def shorten(
    route: Longs, n: int, r: int, start: int, end: int, hours: Floats, symmetric: bool, near: Longs, row_of: Longs,
    reach: int, where: Longs, spot: Longs, dirty: npt.NDArray[np.bool_], stack: Longs, waiting: int, scratch: Longs,
) -> float:  # fmt: skip
    """Hours saved by turning parts round and moving parts of up to three, beside near places, from the dirty ones."""
    saved_in_all = 0.0
    while waiting > 0:
        waiting -= 1
        a = stack[waiting]
        dirty[a] = False
        if where[a] != r:
            continue
        better = True
        while better:
            better = False
            i = spot[a]
            before, behind = at_of(route, n, i - 1, start, end), at_of(route, n, i + 1, start, end)
            for c in range(1, reach):
                q = near[row_of[a], c]
                if where[q] != r:
                    continue
                j = spot[q]
                beside = min(hours[a, q], hours[q, a])
                # a and q become neighbours: turn what lies between one of them and the other's neighbour
                if beside < max(hours[a, behind], hours[behind, a]) or not symmetric:
                    low, high = min(i, j), max(i, j)
                    x, y = route[low], at_of(route, n, low + 1, start, end)
                    u, v = route[high], at_of(route, n, high + 1, start, end)
                    gain = hours[x, y] + hours[u, v] - hours[x, u] - hours[y, v]
                    if high > low + 1 or not symmetric:
                        gain += turned(route, low + 1, high, hours, symmetric)
                    if gain > LEAST:
                        turn(route, spot, low + 1, high)
                        saved_in_all += gain
                        better = True
                        for end_of_part in (x, y, u, v):
                            waiting = ask(end_of_part, r, where, dirty, stack, waiting)
                        break
                if beside < max(hours[a, before], hours[before, a]) or not symmetric:
                    low, high = min(i, j), max(i, j)
                    x, y = at_of(route, n, low - 1, start, end), route[low]
                    u, v = at_of(route, n, high - 1, start, end), route[high]
                    gain = hours[x, y] + hours[u, v] - hours[x, u] - hours[y, v]
                    gain += turned(route, low, high - 1, hours, symmetric)
                    if gain > LEAST:
                        turn(route, spot, low, high - 1)
                        saved_in_all += gain
                        better = True
                        for end_of_part in (x, y, u, v):
                            waiting = ask(end_of_part, r, where, dirty, stack, waiting)
                        break
                # the part that begins or ends at a goes beside q
                for size in range(1, 4):
                    for side in range(2):
                        first = i if side == 0 else i - size + 1
                        last = first + size - 1
                        if first < 0 or last >= n or first <= j <= last:
                            continue
                        if size == 1 and side == 1:
                            continue
                        x, y = at_of(route, n, first - 1, start, end), at_of(route, n, last + 1, start, end)
                        head, tail = route[first], route[last]
                        saved = hours[x, head] + hours[tail, y] - hours[x, y]
                        if saved <= max(LEAST, beside if symmetric else 0.0):
                            continue
                        for other in range(2):  # behind q, or before it
                            left = j if other == 0 else j - 1
                            if left == first - 1 or left == last:
                                continue
                            u, v = at_of(route, n, left, start, end), at_of(route, n, left + 1, start, end)
                            gone = hours[u, v]
                            plain = saved + gone - hours[u, head] - hours[tail, v]
                            back = saved + gone - hours[u, tail] - hours[head, v]
                            if not symmetric:
                                back += turned(route, first, last, hours, symmetric)
                            if max(plain, back) > LEAST:
                                carry(route, spot, first, size, left, back > plain, scratch)
                                saved_in_all += max(plain, back)
                                better = True
                                for end_of_part in (x, y, u, v):
                                    waiting = ask(end_of_part, r, where, dirty, stack, waiting)
                                waiting = ask(head, r, where, dirty, stack, waiting)
                                waiting = ask(tail, r, where, dirty, stack, waiting)
                                break
                        if better:
                            break
                    if better:
                        break
                if better:
                    break
    return saved_in_all


@compiled
def place_for(
    p: int, r: int, route: Longs, n: int, start: int, end: int, hours: Floats, near: Longs, row_of: Longs, reach: int,
    where: Longs, spot: Longs,
) -> tuple[float, int]:  # fmt: skip
    """Least extra hours of travel of a visit on a route, beside near places or at its ends, and behind which place."""
    if n == 0:
        return float(hours[start, p] + hours[p, end] - hours[start, end]), -1
    cost = float(hours[start, p] + hours[p, route[0]] - hours[start, route[0]])
    after = -1
    extra = float(hours[route[n - 1], p] + hours[p, end] - hours[route[n - 1], end])
    if extra < cost:
        cost, after = extra, int(route[n - 1])
    for c in range(1, reach):
        q = near[row_of[p], c]
        if where[q] != r:
            continue
        k = spot[q]
        b = end if k == n - 1 else route[k + 1]
        extra = float(hours[q, p] + hours[p, b] - hours[q, b])
        if extra < cost:
            cost, after = extra, int(q)
        if k > 0:
            a = route[k - 1]
            extra = float(hours[a, p] + hours[p, q] - hours[a, q])
            if extra < cost:
                cost, after = extra, int(a)
    return cost, after


@compiled
def put_in(
    free: Longs, n_free: int, key: Floats, power: float, cap: Floats, routes: Longs, sizes: Longs, length: Floats,
    starts: Longs, ends: Longs, hours: Floats, stay: Floats, near: Longs, row_of: Longs, reach: int, where: Longs,
    spot: Longs, extra: Floats, after: Longs, dirty: npt.NDArray[np.bool_], stack: Longs, waiting: int,
    touched: npt.NDArray[np.bool_],
) -> int:  # fmt: skip
    """Put visits back, best `key` for their hours to a power first, while routes keep to `cap`.

    `extra` and `after` are filled with the best place of each on each route, and kept true as routes grow. Returns how
    many visits of `stack` are to be looked at again.
    """
    m = len(starts)
    for k in range(n_free):
        for r in range(m):
            extra[k, r], after[k, r] = place_for(
                free[k], r, routes[r], sizes[r], starts[r], ends[r], hours, near, row_of, reach, where, spot
            )
    while n_free > 0:
        most, which, into = 0.0, -1, -1
        for k in range(n_free):
            p = free[k]
            for r in range(m):
                more = extra[k, r] + stay[p]
                if length[r] + more > cap[r] + EASE or sizes[r] + 1 >= routes.shape[1]:
                    continue
                if power == 0.0:
                    rate = key[k] * (1.0 + 1e-3 / (1.0 + max(more, 0.0)))
                elif power == 1.0:
                    rate = key[k] / max(more, 1e-6)
                else:
                    rate = key[k] / np.sqrt(max(more, 1e-6))
                if rate > most:
                    most, which, into = rate, k, r
        if which < 0:
            break
        p, r = free[which], into
        k = 0 if after[which, r] < 0 else spot[after[which, r]] + 1
        for i in range(sizes[r], k, -1):
            routes[r, i] = routes[r, i - 1]
            spot[routes[r, i]] = i
        routes[r, k] = p
        spot[p], where[p] = k, r
        sizes[r] += 1
        touched[r] = True
        length[r] += extra[which, r] + stay[p]
        a = at_of(routes[r], sizes[r], k - 1, starts[r], ends[r])
        b = at_of(routes[r], sizes[r], k + 1, starts[r], ends[r])
        behind = -1 if k == 0 else a
        waiting = ask(p, r, where, dirty, stack, waiting)
        waiting = ask(a, r, where, dirty, stack, waiting)
        waiting = ask(b, r, where, dirty, stack, waiting)
        n_free -= 1
        free[which], free[n_free] = free[n_free], p
        key[which] = key[n_free]
        for other in range(m):
            extra[which, other], after[which, other] = extra[n_free, other], after[n_free, other]
        for i in range(n_free):
            q = free[i]
            if after[i, r] == behind:  # where it would have gone is taken
                extra[i, r], after[i, r] = place_for(
                    q, r, routes[r], sizes[r], starts[r], ends[r], hours, near, row_of, reach, where, spot
                )
            more = hours[a, q] + hours[q, p] - hours[a, p]
            if more < extra[i, r]:
                extra[i, r], after[i, r] = more, behind
            more = hours[p, q] + hours[q, b] - hours[p, b]
            if more < extra[i, r]:
                extra[i, r], after[i, r] = more, p
    return waiting


@compiled
def search_free(
    hours: Floats, symmetric: bool, worth: Floats, stay: Floats, starts: Longs, ends: Longs, limit: Floats, near: Longs,
    reach: int, routes: Longs, sizes: Longs, best_routes: Longs, best_sizes: Longs, scores: Floats, steps: int,
    hot: float, cold: float, price: float, mean_removed: float, state: npt.NDArray[np.uint64], pool: Longs,
    pool_sizes: Longs, n_pool: int,
) -> int:  # fmt: skip
    """Anneal by taking strings of visits out, putting visits back, shortening, and dropping what is too much.

    Strings as in Christiaens and Vanden Berghe 2020 (doi 10.1287/trsc.2019.0914); going over the limit, shortening and
    dropping as in Kobeaga, Merino and Lozano 2018 (doi 10.1016/j.cor.2017.09.003). `routes`, `sizes`: the plan to go on
    from and then the one arrived at; `best_routes`, `best_sizes` and `scores` (worth, and worth less the price of
    length, of the best) are changed when a better one is met. Good routes met are written to `pool` in a ring.

    Returns how many routes the pool was given.
    """
    n, m, room = len(worth), len(starts), routes.shape[1]
    clients = near[:, 0]
    row_of = np.full(n, -1, dtype=np.int64)
    for k in range(len(clients)):
        row_of[clients[k]] = k
    where, spot = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    length = np.zeros(m)
    value = 0.0
    for r in range(m):
        at = starts[r]
        for k in range(sizes[r]):
            p = routes[r, k]
            where[p], spot[p] = r, k
            length[r] += hours[at, p] + stay[p]
            value += worth[p]
            at = p
        length[r] += hours[at, ends[r]]
    score = value - price * length.sum()
    old_routes, old_sizes, old_length = routes.copy(), sizes.copy(), length.copy()
    touched = np.zeros(m, dtype=np.bool_)
    dirty = np.zeros(n, dtype=np.bool_)
    stack, mine = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    scratch = np.zeros(room + 4, dtype=np.int64)
    free, key = np.empty(n, dtype=np.int64), np.empty(n)
    extra, after = np.zeros((n, m)), np.zeros((n, m), dtype=np.int64)
    cap = limit.copy()
    cooling = (cold / hot) ** (1.0 / max(steps, 1))
    heat = hot
    for step in range(steps):
        heat *= cooling
        touched[:] = False
        waiting = 0
        for r in range(m):
            old_routes[r, : sizes[r]] = routes[r, : sizes[r]]
            old_sizes[r], old_length[r] = sizes[r], length[r]
        row = draw_below(state, len(clients))
        used, average = 0, 0.0
        for r in range(m):
            average += sizes[r]
            used += 1 if sizes[r] > 0 else 0
        average /= max(used, 1)
        longest = max(1.0, min(max(SMALL, SHARE * average), average))
        strings = 1 + int(draw_share(state) * max(4 * mean_removed / (1 + min(longest, SMALL)) - 1, 1.0))
        whole = m > 1 and draw_share(state) < WHOLE
        done = 0
        for c in range(near.shape[1]):
            if done >= strings:
                break
            p = near[row, c]
            r = where[p]
            if r < 0 or (touched[r] and used > 1):
                continue
            done += 1
            touched[r] = True
            first, last, keep_from, keep_to = string_of(
                state, sizes[r], spot[p], longest, whole and done == 1, SPLIT, LEAST_KEPT, KEPT_ON, MOST_KEPT
            )
            w = 0
            at = starts[r]
            length[r] = 0.0
            for i in range(sizes[r]):
                q = routes[r, i]
                if first <= i < last and not (keep_from <= i < keep_to):
                    where[q] = -1
                else:
                    length[r] += hours[at, q] + stay[q]
                    at = q
                    routes[r, w] = q
                    spot[q] = w
                    w += 1
                    if i == first - 1 or i == last or keep_from <= i < keep_to:
                        waiting = ask(q, r, where, dirty, stack, waiting)
            length[r] += hours[at, ends[r]]
            sizes[r] = w
        over = 1.0
        if draw_share(state) < OVER:
            over += MOST_OVER * draw_share(state)
        for r in range(m):
            cap[r] = limit[r] * over
        # In which order: most worth for its hours, most worth, near the middle of it first, or any.
        how, centre, blur = draw_share(state), clients[row], draw_share(state)
        power = 1.0 if how < 0.4 else (0.5 if how < 0.5 else 0.0)
        for turn_of in range(2):
            n_free = 0
            for p in clients:
                if where[p] < 0:
                    free[n_free] = p
                    key[n_free] = worth[p] * (1.0 + blur * (draw_share(state) - 0.5))
                    if turn_of == 0 and how > 0.8:
                        key[n_free] = draw_share(state)
                    elif turn_of == 0 and how > 0.6:
                        key[n_free] = (0.7 + 0.6 * draw_share(state)) / (1e-6 + hours[centre, p])
                    n_free += 1
            waiting = put_in(
                free, n_free, key, power if turn_of == 0 else 1.0, cap, routes, sizes, length, starts, ends, hours,
                stay, near, row_of, reach, where, spot, extra, after, dirty, stack, waiting, touched,
            )  # fmt: skip
            if waiting == 0:
                break
            for r in range(m):
                many = 0
                for k in range(waiting):
                    if where[stack[k]] == r:
                        mine[many] = stack[k]
                        many += 1
                    elif where[stack[k]] < 0:
                        dirty[stack[k]] = False
                if many > 0:
                    length[r] -= shorten(
                        routes[r], sizes[r], r, starts[r], ends[r], hours, symmetric, near, row_of, reach, where, spot,
                        dirty, mine, many, scratch,
                    )  # fmt: skip
            waiting = 0
            for r in range(m):
                while length[r] > limit[r] + EASE and sizes[r] > 0:  # what gives least for its hours goes
                    least, which = np.inf, -1
                    for k in range(sizes[r]):
                        p = routes[r, k]
                        a = at_of(routes[r], sizes[r], k - 1, starts[r], ends[r])
                        b = at_of(routes[r], sizes[r], k + 1, starts[r], ends[r])
                        saved = hours[a, p] + hours[p, b] - hours[a, b] + stay[p]
                        rate = worth[p] * (1.0 + 0.3 * draw_share(state)) / max(saved, 1e-6)
                        if rate < least:
                            least, which = rate, k
                    p = routes[r, which]
                    a = at_of(routes[r], sizes[r], which - 1, starts[r], ends[r])
                    b = at_of(routes[r], sizes[r], which + 1, starts[r], ends[r])
                    length[r] -= hours[a, p] + hours[p, b] - hours[a, b] + stay[p]
                    where[p], touched[r] = -1, True
                    for k in range(which, sizes[r] - 1):
                        routes[r, k] = routes[r, k + 1]
                        spot[routes[r, k]] = k
                    sizes[r] -= 1
            for r in range(m):
                cap[r] = limit[r]
        new_value, total = 0.0, 0.0
        for r in range(m):
            total += length[r]
            for k in range(sizes[r]):
                new_value += worth[routes[r, k]]
        new_score = new_value - price * total
        if new_score > score + heat * np.log(draw_share(state) + 1e-300):
            if m > 1 and (new_score > scores[1] - 3 * hot or step % 50 == 0):
                for r in range(m):
                    if sizes[r] > 0 and touched[r]:
                        pool[n_pool % len(pool)] = routes[r]
                        pool_sizes[n_pool % len(pool)] = sizes[r]
                        n_pool += 1
            value, score = new_value, new_score
            if value > scores[0] + LEAST or (value > scores[0] - LEAST and score > scores[1] + LEAST):
                scores[0], scores[1] = value, score
                best_routes[:] = routes
                best_sizes[:] = sizes
        else:
            for r in range(m):
                for k in range(sizes[r]):
                    where[routes[r, k]] = -1
            for r in range(m):
                routes[r, : old_sizes[r]] = old_routes[r, : old_sizes[r]]
                sizes[r], length[r] = old_sizes[r], old_length[r]
                for k in range(sizes[r]):
                    where[routes[r, k]], spot[routes[r, k]] = r, k
    return n_pool
