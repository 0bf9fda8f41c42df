"""Inner loops of the patrol search, compiled; imported only where they run."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled
from tocsin.plan.location.chance import draw_below, draw_share
from tocsin.plan.patrols.orderloops import EASE, better_order, fill_up, retime, travel
from tocsin.plan.patrols.stringloops import string_of

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SPLIT, LEAST_KEPT, KEPT_ON, MOST_KEPT = 0.3, 1, 0.9, 3  # of strings, a part in the middle stays: see `string_of`
FILLING = 0.3  # chance that a stop for fuel is put back in a step, somewhere at random


@compiled
def search(
    hours: Floats,
    worth: Floats,
    stay: Floats,
    opens: Floats,
    closes: Floats,
    starts: Longs,
    ends: Longs,
    leave: Floats,
    back: Floats,
    near: Longs,
    routes: Longs,
    sizes: Longs,
    steps: int,
    hot: float,
    cold: float,
    length_price: float,
    mean_removed: float,
    may: Flags,
    tank: Floats,
    drives: Floats,
    pump: Flags,
    seed: int,
) -> tuple[Longs, Longs, float, Longs, Longs]:
    """Anneal by removing strings of neighbouring visits and putting visits back where they cost least.

    Slack induction by string removals (Christiaens and Vanden Berghe 2020, doi 10.1287/trsc.2019.0914), changed for
    visits that need not be made: what is put back is drawn from all visits not made, in an order by worth, by worth
    for the way, near first, or at random, and skipped now and then ("blinks").

    `may` says which patrol can make which visit (shape (m, n)); `tank`, `drives` and `pump` as in an `Outing`.

    Returns the best routes and sizes, its worth, and good routes met on the way (one a row, sizes beside them).
    """
    state = np.array([seed], dtype=np.uint64)
    n, m = len(worth), len(starts)
    room = routes.shape[1]
    free = np.empty(n, dtype=np.int64)
    where = np.full(n, -1, dtype=np.int64)
    begin = np.zeros((m, room))
    latest = np.zeros((m, room))
    until = np.zeros((m, room))
    scratch = np.empty(room, dtype=np.int64)
    b1 = np.empty(room)
    b2 = np.empty(room)
    b3 = np.empty(room)
    length = np.zeros(m)
    for r in range(m):
        for k in range(sizes[r]):
            where[routes[r, k]] = r
        retime(
            routes[r], sizes[r], starts[r], ends[r], leave[r], back[r], hours, stay, opens, closes, begin[r], latest[r],
            tank[r], drives, pump, until[r],
        )  # fmt: skip
        length[r] = travel(routes[r], sizes[r], starts[r], ends[r], hours)
    usable = np.zeros(n, dtype=np.bool_)
    for p in near[:, 0]:
        usable[p] = True
    clients = near[:, 0]
    value = 0.0
    for p in clients:
        if where[p] >= 0:
            value += worth[p]
    best_routes, best_sizes, best_value = routes.copy(), sizes.copy(), value
    best_score = value - length_price * length.sum()
    score = best_score
    old_routes, old_sizes, old_length = routes.copy(), sizes.copy(), length.copy()
    old_begin, old_latest = begin.copy(), latest.copy()
    touched = np.zeros(m, dtype=np.bool_)
    gone = np.empty(n, dtype=np.int64)
    come = np.empty(n, dtype=np.int64)
    key = np.empty(n)
    pool = np.empty((20000, room), dtype=np.int64)
    pool_sizes = np.zeros(20000, dtype=np.int64)
    n_pool = 0
    cooling = (cold / hot) ** (1.0 / max(steps, 1))
    heat = hot
    for step in range(steps):
        heat *= cooling
        touched[:] = False
        n_gone = 0
        # remove strings around a place
        if len(clients) == 0:
            break
        seed_row = draw_below(state, len(clients))
        average = 0.0
        used = 0
        for r in range(m):
            average += sizes[r]
            used += 1 if sizes[r] > 0 else 0
        average /= max(used, 1)
        longest = min(10.0, max(average, 1.0))
        strings = int((4 * mean_removed) / (1 + longest) - 1 + 1e-9)
        strings = 1 + int(draw_share(state) * max(strings, 1))
        done = 0
        for c in range(near.shape[1]):
            if done >= strings:
                break
            p = near[seed_row, c]
            if p < 0:
                break
            r = where[p]
            if r < 0 or touched[r]:
                continue
            done += 1
            touched[r] = True
            old_routes[r] = routes[r]
            old_sizes[r] = sizes[r]
            old_length[r] = length[r]
            old_begin[r] = begin[r]
            old_latest[r] = latest[r]
            k = 0
            while routes[r, k] != p:
                k += 1
            first, last, keep_from, keep_to = string_of(
                state, sizes[r], k, longest, False, SPLIT, LEAST_KEPT, KEPT_ON, MOST_KEPT
            )
            w = 0
            for i in range(sizes[r]):
                q = routes[r, i]
                if first <= i < last and not (keep_from <= i < keep_to):
                    gone[n_gone] = q
                    n_gone += 1
                    where[q] = -1
                else:
                    routes[r, w] = q
                    w += 1
            back_at = retime(
                routes[r], w, starts[r], ends[r], leave[r], back[r], hours, stay, opens, closes, begin[r], latest[r],
                tank[r], drives, pump, until[r],
            )  # fmt: skip
            if back_at == np.inf:  # without a stop for fuel, or without the way of an escort, the rest cannot be kept
                for i in range(w):
                    gone[n_gone] = routes[r, i]
                    n_gone += 1
                    where[routes[r, i]] = -1
                w = 0
            sizes[r] = w
            length[r] = travel(routes[r], w, starts[r], ends[r], hours)
        # what may come back, in some order
        n_free = 0
        for p in clients:
            if where[p] < 0 and (not pump[p] or draw_share(state) < FILLING):
                free[n_free] = p
                n_free += 1
        how = draw_share(state)
        centre = near[seed_row, 0]
        for k in range(n_free):
            p = free[k]
            if how < 0.3:
                key[k] = draw_share(state)
            elif how < 0.5:
                key[k] = -worth[p] * (0.7 + 0.6 * draw_share(state))
            elif how < 0.8:
                key[k] = -worth[p] / (hours[centre, p] + hours[p, centre] + 0.05 * longest + stay[p] + 1e-9)
                key[k] *= 0.7 + 0.6 * draw_share(state)
            else:
                key[k] = hours[centre, p]
        order = np.argsort(key[:n_free])
        n_come = 0
        for o in order:
            p = free[o]
            cost, spot, into = np.inf, -1, -1
            for r in range(m):
                if sizes[r] + 1 > room or not may[r, p]:
                    continue
                at = starts[r]
                gone_at = leave[r]
                since = 0.0  # driven since the tank was filled
                for k in range(sizes[r] + 1):
                    to = ends[r] if k == sizes[r] else routes[r, k]
                    extra = hours[at, p] + hours[p, to] - hours[at, to]
                    if pump[p]:  # any spot: a stop for fuel helps where it takes most
                        extra = draw_share(state)
                    if tank[r] < np.inf and extra < cost:
                        then = since + hours[at, p] + drives[p]
                        left = hours[p, to] + (0.0 if k == sizes[r] else until[r, k])
                        if then > tank[r] + EASE or left + (0.0 if pump[p] else then) > tank[r] + EASE:
                            extra = np.inf
                    if extra < cost:
                        reach = max(gone_at + hours[at, p], opens[p])
                        if reach <= closes[p] + EASE:
                            arrive = reach + stay[p] + hours[p, to]
                            limit = back[r] if k == sizes[r] else latest[r, k]
                            if arrive <= limit + EASE and draw_share(state) > 0.02:
                                cost, spot, into = extra, k, r
                    if k < sizes[r]:
                        gone_at = begin[r, k] + stay[to]
                        since = 0.0 if pump[to] else since + hours[at, to] + drives[to]
                        at = to
            if into >= 0:
                r = into
                if not touched[r]:
                    touched[r] = True
                    old_routes[r] = routes[r]
                    old_sizes[r] = sizes[r]
                    old_length[r] = length[r]
                    old_begin[r] = begin[r]
                    old_latest[r] = latest[r]
                for k in range(sizes[r], spot, -1):
                    routes[r, k] = routes[r, k - 1]
                routes[r, spot] = p
                sizes[r] += 1
                where[p] = r
                length[r] = travel(routes[r], sizes[r], starts[r], ends[r], hours) if pump[p] else length[r] + cost
                come[n_come] = p
                n_come += 1
                retime(
                    routes[r],
                    sizes[r],
                    starts[r],
                    ends[r],
                    leave[r],
                    back[r],
                    hours,
                    stay,
                    opens,
                    closes,
                    begin[r],
                    latest[r],
                    tank[r],
                    drives,
                    pump,
                    until[r],
                )
        new_value = 0.0
        for p in clients:
            if where[p] >= 0:
                new_value += worth[p]
        new_score = new_value - length_price * length.sum()
        if new_score > score - heat * -np.log(draw_share(state) + 1e-300):
            if new_value > value - 1e-9 and (new_score > best_score - 3 * hot or step % 50 == 0):
                for r in range(m):
                    if touched[r]:
                        moved = better_order(
                            routes[r],
                            sizes[r],
                            starts[r],
                            ends[r],
                            leave[r],
                            back[r],
                            hours,
                            stay,
                            opens,
                            closes,
                            scratch,
                            b1,
                            b2,
                            tank[r],
                            drives,
                            pump,
                            b3,
                        )
                        if moved:
                            retime(
                                routes[r],
                                sizes[r],
                                starts[r],
                                ends[r],
                                leave[r],
                                back[r],
                                hours,
                                stay,
                                opens,
                                closes,
                                begin[r],
                                latest[r],
                                tank[r],
                                drives,
                                pump,
                                until[r],
                            )
                            length[r] = travel(routes[r], sizes[r], starts[r], ends[r], hours)
                new_score = new_value - length_price * length.sum()
                for r in range(m):
                    if touched[r] and sizes[r] > 0:
                        slot = n_pool % len(pool)
                        pool[slot] = routes[r]
                        pool_sizes[slot] = sizes[r]
                        n_pool += 1
            value, score = new_value, new_score
            if value > best_value + 1e-9 or (value > best_value - 1e-9 and score > best_score + 1e-9):
                best_score, best_value = score, value
                best_routes[:] = routes
                best_sizes[:] = sizes
        else:
            for k in range(n_come):
                where[come[k]] = -1
            for r in range(m):
                if touched[r]:
                    routes[r] = old_routes[r]
                    sizes[r] = old_sizes[r]
                    length[r] = old_length[r]
                    begin[r] = old_begin[r]
                    latest[r] = old_latest[r]
                    if tank[r] < np.inf:
                        fill_up(routes[r], sizes[r], starts[r], ends[r], hours, tank[r], drives, pump, until[r])
                    for k in range(sizes[r]):
                        where[routes[r, k]] = r
    kept = min(n_pool, len(pool))
    return best_routes, best_sizes, best_value, pool[:kept].copy(), pool_sizes[:kept].copy()
