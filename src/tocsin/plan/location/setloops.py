"""Inner loops of set covering and of capacitated medians, compiled. Nothing here checks its input."""

from typing import Any

import numpy as np

from tocsin.plan.compiled import compiled
from tocsin.plan.location.chance import draw_below, draw_share

Array = Any

MOST_IN = 8  # columns that may come in for one that goes


@compiled
def cover_all(
    row_at: Array, row_has: Array, col_at: Array, col_has: Array, cost: Array, start: Array, steps: int, seed: int
) -> Any:
    """Cheapest set of columns that covers every row, by local search with row weights.

    Rows left uncovered gain weight until a column that covers them is worth taking (row weighting local search, Gao,
    Weise and Li 2015). Returns the least cost met and its columns.
    """
    n_rows, n_cols = len(row_at) - 1, len(col_at) - 1
    state = np.empty(1, dtype=np.uint64)
    state[0] = np.uint64(seed * 2 + 1) * np.uint64(11400714819323198485)
    count = np.zeros(n_rows, dtype=np.int32)
    heavy = np.ones(n_rows)
    score = np.zeros(n_cols)  # weight gained by taking a closed column, lost (below zero) by dropping an open one
    is_open = np.zeros(n_cols, dtype=np.int8)
    stamp = np.zeros(n_cols, dtype=np.int64)
    may_add = np.ones(n_cols, dtype=np.int8)
    missing = np.arange(n_rows)
    where = np.arange(n_rows)
    n_missing = n_rows
    opened = np.empty(n_cols, dtype=np.int64)
    place = np.full(n_cols, -1, dtype=np.int64)
    n_open = 0
    spent = 0.0
    for j in range(n_cols):
        score[j] = col_at[j + 1] - col_at[j]
    best = np.inf
    best_open = start.copy()
    first = np.flatnonzero(start)
    at_start = 0
    banned = -1
    step = 0
    while step < steps:
        # what to do now: take a column of the start, drop one of a full cover, or exchange
        if at_start < len(first):
            take = first[at_start]
            at_start += 1
            drop = -1
        elif n_missing == 0:
            if spent < best - 1e-9:
                best = spent
                best_open[:] = is_open
            take = -1
            drop = -1
            top = -1e300
            for k in range(n_open):
                j = opened[k]
                ratio = score[j] / cost[j] if cost[j] > 0 else -1e299
                if ratio > top or (ratio == top and stamp[j] < stamp[drop]):
                    top = ratio
                    drop = j
            step += 1
        else:
            step += 1
            take = -1
            drop = -1
            if n_open > 0 and best < np.inf:  # the first cover is built up without dropping
                top = -1e300
                for k in range(n_open):
                    j = opened[k]
                    if j == banned:
                        continue
                    ratio = score[j] / max(cost[j], 1e-12)
                    if ratio > top or (ratio == top and drop >= 0 and stamp[j] < stamp[drop]):
                        top = ratio
                        drop = j
        # one goes, then as many come as are wanted and as the cost of the best cover allows
        for turn in range(1 + MOST_IN):
            j = drop if turn == 0 else take
            if turn > 1 and (take >= 0 or n_missing == 0):
                break
            if turn >= 1 and at_start >= len(first) and take < 0 and n_missing > 0:
                i = missing[draw_below(state, n_missing)]
                top = -1e300
                for q in range(row_at[i], row_at[i + 1]):
                    c = row_has[q]
                    if may_add[c] and spent + cost[c] < best - 1e-9:
                        ratio = score[c] / max(cost[c], 1e-12)
                        if ratio > top or (ratio == top and stamp[c] < stamp[j]):
                            top = ratio
                            j = c
            if j < 0:
                if turn > 0:
                    break
                continue
            if turn == 0:
                is_open[j] = 0
                spent -= cost[j]
                k = place[j]
                opened[k] = opened[n_open - 1]
                place[opened[k]] = k
                place[j] = -1
                n_open -= 1
                may_add[j] = 0
            else:
                if is_open[j]:
                    break
                is_open[j] = 1
                spent += cost[j]
                opened[n_open] = j
                place[j] = n_open
                n_open += 1
                banned = j
            stamp[j] = step
            score[j] = -score[j]
            for q in range(col_at[j], col_at[j + 1]):
                i = col_has[q]
                if turn == 0:
                    count[i] -= 1
                    if count[i] == 0:
                        missing[n_missing] = i
                        where[i] = n_missing
                        n_missing += 1
                        for r in range(row_at[i], row_at[i + 1]):
                            c = row_has[r]
                            if c != j:
                                score[c] += heavy[i]
                                may_add[c] = 1
                    elif count[i] == 1:
                        for r in range(row_at[i], row_at[i + 1]):
                            c = row_has[r]
                            if is_open[c]:
                                score[c] -= heavy[i]
                                break
                        for r in range(row_at[i], row_at[i + 1]):
                            may_add[row_has[r]] = 1
                        may_add[j] = 0
                    else:
                        for r in range(row_at[i], row_at[i + 1]):
                            may_add[row_has[r]] = 1
                        may_add[j] = 0
                else:
                    count[i] += 1
                    if count[i] == 1:
                        k = where[i]
                        missing[k] = missing[n_missing - 1]
                        where[missing[k]] = k
                        n_missing -= 1
                        for r in range(row_at[i], row_at[i + 1]):
                            c = row_has[r]
                            if c != j:
                                score[c] -= heavy[i]
                                may_add[c] = 1
                    elif count[i] == 2:
                        for r in range(row_at[i], row_at[i + 1]):
                            c = row_has[r]
                            if is_open[c] and c != j:
                                score[c] += heavy[i]
                            may_add[c] = 1
                    else:
                        for r in range(row_at[i], row_at[i + 1]):
                            may_add[row_has[r]] = 1
        if at_start >= len(first):
            for k in range(n_missing):
                i = missing[k]
                heavy[i] += 1
                for r in range(row_at[i], row_at[i + 1]):
                    score[row_has[r]] += 1
    return best, best_open


@compiled
def assign_within(
    away: Array,
    demand: Array,
    capacity: float,
    sites: Array,
    nearest: Array,
    moves: int,
    hot: float,
    cold: float,
    seed: int,
) -> Any:
    """Clients to as many clusters as sites given, none above the capacity, each served from its best site.

    Annealing over shifts of a client to the cluster of a neighbour and exchanges of two clients; the cost of a
    cluster is its distance to the site that serves it best, so sites move by themselves. Load above the capacity is
    allowed at a price while it lasts, and never in what is returned. Returns the best cost and the clusters.
    """
    n, m = away.shape
    p = len(sites)
    state = np.empty(1, dtype=np.uint64)
    state[0] = np.uint64(seed * 2 + 1) * np.uint64(11400714819323198485)
    sums = np.zeros((p, m))
    load = np.zeros(p)
    of = np.empty(n, dtype=np.int64)
    dear = away.mean()
    for i in range(n):
        best_k = 0
        least = np.inf
        for k in range(p):
            d = away[i, sites[k]]
            if load[k] + demand[i] > capacity:
                d += 1e6 * dear
            if d < least:
                least = d
                best_k = k
        of[i] = best_k
        load[best_k] += demand[i]
        for j in range(m):
            sums[best_k, j] += away[i, j]
    cluster = np.empty(p)
    cost = 0.0
    over = 0.0
    for k in range(p):
        cluster[k] = sums[k].min()
        cost += cluster[k]
        over += max(0.0, load[k] - capacity)
    fine = 4.0 * dear / max(1e-9, demand.mean())
    best = np.inf
    best_of = of.copy()
    heat = hot
    fall = (cold / hot) ** (1.0 / max(1, moves))
    width = nearest.shape[1]
    for _ in range(moves):
        heat *= fall
        i = draw_below(state, n)
        other = nearest[i, draw_below(state, width)]
        a, b = of[i], of[other]
        if a == b:
            continue
        swap = draw_share(state) < 0.5
        if swap:
            # the client that comes back lies near the cluster left
            back = other
            shift = demand[i] - demand[back]
        else:
            back = -1
            shift = demand[i]
        was = max(0.0, load[a] - capacity) + max(0.0, load[b] - capacity)
        now = max(0.0, load[a] - shift - capacity) + max(0.0, load[b] + shift - capacity)
        least_a = np.inf
        least_b = np.inf
        for j in range(m):
            d = away[i, j]
            if swap:
                d -= away[back, j]
            x = sums[a, j] - d
            if x < least_a:
                least_a = x
            x = sums[b, j] + d
            if x < least_b:
                least_b = x
        change = least_a + least_b - cluster[a] - cluster[b] + fine * (now - was)
        if change <= 0 or draw_share(state) < np.exp(-change / heat):
            for j in range(m):
                d = away[i, j]
                if swap:
                    d -= away[back, j]
                sums[a, j] -= d
                sums[b, j] += d
            cost += least_a + least_b - cluster[a] - cluster[b]
            cluster[a], cluster[b] = least_a, least_b
            load[a] -= shift
            load[b] += shift
            over += now - was
            of[i] = b
            if swap:
                of[back] = a
            if over < 1e-9 and cost < best - 1e-9:
                best = cost
                best_of[:] = of
    return best, best_of


@compiled
def capacity_bound(away: Array, demand: Array, capacity: int, p: int, price: Array, target: float, steps: int) -> Any:
    """Lower bound of the capacitated p-median: clients priced, each site fills its capacity by a knapsack.

    Ceselli and Righini (2005) use the same relaxation. `demand` is whole numbers.
    """
    n, m = away.shape
    best = -1e300
    best_price = price.copy()
    size = 1.0
    stale = 0
    taken = np.zeros((m, n), dtype=np.int8)
    score = np.empty(m)
    value = np.empty(capacity + 1)
    keep = np.zeros((n, capacity + 1), dtype=np.int8)
    for _ in range(steps):
        for j in range(m):
            value[:] = 0.0
            for i in range(n):
                taken[j, i] = 0
                gain = price[i] - away[i, j]
                keep[i, :] = 0
                if gain <= 0:
                    continue
                need = demand[i]
                for c in range(capacity, need - 1, -1):
                    x = value[c - need] + gain
                    if x > value[c]:
                        value[c] = x
                        keep[i, c] = 1
            score[j] = -value[capacity]
            c = capacity
            for i in range(n - 1, -1, -1):
                if keep[i, c]:
                    taken[j, i] = 1
                    c -= demand[i]
        order = np.argsort(score)
        bound = price.sum()
        for k in range(p):
            bound += score[order[k]]
        if bound > best + 1e-6 * abs(best):
            best = bound
            best_price[:] = price
            stale = 0
        else:
            stale += 1
        if stale >= 15:
            stale = 0
            size *= 0.6
            price[:] = best_price
            if size < 0.01:
                break
            continue
        norm = 0.0
        for i in range(n):
            g = 1.0
            for k in range(p):
                g -= taken[order[k], i]
            norm += g * g
        if norm == 0:
            break
        move = size * (1.01 * target - bound) / norm
        for i in range(n):
            g = 1.0
            for k in range(p):
                g -= taken[order[k], i]
            price[i] += move * g
    return best
