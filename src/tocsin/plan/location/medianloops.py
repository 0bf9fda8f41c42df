"""Inner loops of the p-median engine, compiled. Arrays in, arrays out; nothing here checks its input.

`near` lists for each client the sites from near to far and `far` their distances in that order (both n × m);
`status` is 0 for a free site, 1 for one that must be open, -1 for one that must stay closed.
"""

from typing import Any

import numpy as np

from tocsin.plan.compiled import compiled
from tocsin.plan.location.chance import draw_below

Array = Any


@compiled
def interchange(away: Array, weight: Array, open_sites: Array, status: Array) -> Any:
    """Exchange open and closed sites while that helps; best exchange for each site that could come in.

    Whitaker (1983), Resende and Werneck (2007): one pass over the clients gives for a site that comes in the change
    for every site that could go. Changes `open_sites`; returns the total.
    """
    n, m = away.shape
    p = len(open_sites)
    slot = np.full(m, -1, dtype=np.int64)
    for k in range(p):
        slot[open_sites[k]] = k
    first = np.empty(n, dtype=np.int64)
    near = np.empty(n)
    second = np.empty(n)
    total = 0.0
    stale = True
    quiet = 0
    j = 0
    while quiet < m:
        if stale:
            total = 0.0
            for i in range(n):
                near[i] = np.inf
                second[i] = np.inf
                first[i] = -1
                for k in range(p):
                    d = away[i, open_sites[k]]
                    if d < near[i]:
                        second[i] = near[i]
                        near[i] = d
                        first[i] = k
                    elif d < second[i]:
                        second[i] = d
                total += weight[i] * near[i]
            stale = False
        if slot[j] < 0 and status[j] >= 0:
            gain = 0.0
            lose = np.zeros(p)
            for i in range(n):
                d = away[i, j]
                if d < near[i]:
                    gain += weight[i] * (near[i] - d)
                else:
                    lose[first[i]] += weight[i] * (min(d, second[i]) - near[i])
            out = -1
            least = np.inf
            for k in range(p):
                if status[open_sites[k]] <= 0 and lose[k] < least:
                    least = lose[k]
                    out = k
            if out >= 0 and gain - least > 1e-9 * max(1.0, total):
                slot[open_sites[out]] = -1
                open_sites[out] = j
                slot[j] = out
                stale = True
                quiet = 0
        quiet += 1
        j = (j + 1) % m
    return total


@compiled
def search(away: Array, weight: Array, p: int, rounds: int, seed: int) -> Any:
    """Interchange from a random start, then again and again after exchanging a few sites of the best at random."""
    m = away.shape[1]
    status = np.zeros(m, dtype=np.int8)
    state = np.empty(1, dtype=np.uint64)
    state[0] = np.uint64(seed * 2 + 1) * np.uint64(11400714819323198485)
    order = np.arange(m)
    for k in range(p):
        q = k + draw_below(state, m - k)
        order[k], order[q] = order[q], order[k]
    best_sites = order[:p].copy()
    best = interchange(away, weight, best_sites, status)
    for r in range(rounds):
        sites = best_sites.copy()
        used = np.zeros(m, dtype=np.int8)
        for k in range(p):
            used[sites[k]] = 1
        for _ in range(1 + draw_below(state, max(1, min(p // 2, 2 + r % 8)))):
            into = draw_below(state, m)
            if used[into]:
                continue
            k = draw_below(state, p)
            used[sites[k]] = 0
            sites[k] = into
            used[into] = 1
        value = interchange(away, weight, sites, status)
        if value < best - 1e-9 * max(1.0, best):
            best = value
            best_sites[:] = sites
    return best, best_sites


@compiled
def raise_bound(
    near: Array,
    far: Array,
    weight: Array,
    p: int,
    status: Array,
    price: Array,
    target: float,
    steps: int,
    step_size: float,
    patience: int,
    away: Array,
    whole: bool,
    rho: Array,
) -> Any:
    """Raise a lower bound by subgradient steps on what each client would pay; fix sites on the way.

    L(u) = Σ u + [the p least ρ], ρ_j = Σ_i min(0, w_i d_ij - u_i) (Cornuejols, Fisher and Nemhauser 1977). A free
    site whose opening or closing would lift the bound to `target` is fixed in `status`. `price` is left at the best
    found, `rho` at its values there. Returns the bound, the best total met on the way, its sites, and how often each
    site was among the chosen.
    """
    n, m = near.shape
    best_price = price.copy()
    best = -1e300
    best_value = 1e300
    best_sites = np.zeros(p, dtype=np.int64)
    often = np.zeros(m)
    score = np.empty(m)
    count = np.empty(n)
    chosen = np.empty(p, dtype=np.int64)
    is_chosen = np.zeros(m, dtype=np.int8)
    last = np.zeros(n)
    stale = 0
    margin = 1.0 - 1e-6 if whole else 0.0
    for _ in range(steps):
        score[:] = 0.0
        bound = 0.0
        for i in range(n):
            u = price[i]
            bound += u
            w = weight[i]
            for q in range(m):
                d = w * far[i, q]
                if d >= u:
                    break
                score[near[i, q]] += d - u
        forced = 0
        free = 0
        for j in range(m):
            is_chosen[j] = 0
            if status[j] == 1:
                chosen[forced] = j
                is_chosen[j] = 1
                forced += 1
                bound += score[j]
            elif status[j] == 0:
                free += 1
        left = p - forced
        if left < 0 or free < left:
            return 1e300, best_value, best_sites, often
        cut_in = -1e300
        cut_out = 1e300
        if left > 0:
            values = np.empty(free)
            f = 0
            for j in range(m):
                if status[j] == 0:
                    values[f] = score[j]
                    f += 1
            ranked = np.partition(values, left - 1)
            cut_in = ranked[left - 1]
            if free > left:
                cut_out = ranked[left:].min()
            fill = forced
            for j in range(m):
                if status[j] == 0 and score[j] < cut_in:
                    chosen[fill] = j
                    is_chosen[j] = 1
                    fill += 1
                    bound += score[j]
            for j in range(m):
                if fill >= p:
                    break
                if status[j] == 0 and score[j] == cut_in:
                    chosen[fill] = j
                    is_chosen[j] = 1
                    fill += 1
                    bound += score[j]
        else:
            for j in range(m):
                if status[j] == 0 and score[j] < cut_out:
                    cut_out = score[j]
        for k in range(p):
            often[chosen[k]] += 1
        if bound > best + 1e-7 * abs(best):
            if bound > best + 1e-5 * abs(best):
                stale = 0
            else:
                stale += 1
            best = bound
            best_price[:] = price
            rho[:] = score
        else:
            stale += 1
        if bound > target - margin:
            price[:] = best_price
            return bound, best_value, best_sites, often
        # fix what would lift the bound to the target
        for j in range(m):
            if status[j] == 0:
                if is_chosen[j] == 0:
                    if left == 0 or bound - cut_in + score[j] > target - margin:
                        status[j] = -1
                elif cut_out < 1e299 and bound - score[j] + cut_out > target - margin:
                    status[j] = 1
        if stale >= patience:
            stale = 0
            step_size *= 0.6
            price[:] = best_price
            last[:] = 0.0
            if step_size < 5e-3:
                break
            continue
        for i in range(n):
            c = 0
            u = price[i]
            for k in range(p):
                if weight[i] * away[i, chosen[k]] < u:
                    c += 1
            count[i] = 1.0 - c
        norm = 0.0
        for i in range(n):
            d = count[i] + 0.3 * last[i]
            last[i] = d
            norm += d * d
        value = 0.0
        for i in range(n):
            close = np.inf
            for k in range(p):
                if away[i, chosen[k]] < close:
                    close = away[i, chosen[k]]
            value += weight[i] * close
        if value < best_value:
            best_value = value
            best_sites[:] = chosen
        if norm == 0.0:
            break
        move = step_size * (1.02 * target - bound) / norm
        for i in range(n):
            price[i] += move * last[i]
    price[:] = best_price
    return best, best_value, best_sites, often


@compiled
def branch(
    near: Array,
    far: Array,
    weight: Array,
    p: int,
    status0: Array,
    price0: Array,
    value: float,
    sites: Array,
    nodes: int,
    away: Array,
    whole: bool,
    root_bound: float,
) -> Any:
    """Depth-first branch and bound on sites with the subgradient bound; at most `nodes` nodes.

    Returns the best total, its sites, the proven bound (the least over open nodes, or the total itself when the tree
    is done) and the number of nodes.
    """
    n, m = near.shape
    depth = 4 * m
    top = 1
    stack_status = np.empty((64, m), dtype=np.int8)
    stack_price = np.empty((64, n))
    stack_bound = np.empty(64)
    stack_status[0] = status0
    stack_price[0] = price0
    stack_bound[0] = root_bound
    done = 0
    rho = np.zeros(m)
    margin = 1.0 - 1e-6 if whole else 1e-9 * abs(value)
    while top > 0 and done < nodes:
        top -= 1
        if stack_bound[top] > value - margin:
            continue
        done += 1
        status = stack_status[top].copy()
        price = stack_price[top].copy()
        below = stack_bound[top]
        bound, met, met_sites, often = raise_bound(
            near, far, weight, p, status, price, value, 120, 0.6, 12, away, whole, rho
        )
        if met < value - 1e-9:
            value = met
            sites[:] = met_sites
        bound = max(bound, below)
        if bound > value - margin:
            continue
        # the free site chosen most often and strongest: leaving it out lifts the bound, taking it settles much
        pick = -1
        strongest = -1.0
        for j in range(m):
            if status[j] == 0:
                strength = (often[j] + 1e-3) * (1e-6 - rho[j])
                if strength > strongest:
                    strongest = strength
                    pick = j
        if pick < 0:
            continue
        if top + 2 > len(stack_bound):
            bigger = 2 * len(stack_bound)
            if bigger > depth + 64:
                return value, sites, min(bound, stack_bound[:top].min()), done
            new_status = np.empty((bigger, m), dtype=np.int8)
            new_price = np.empty((bigger, n))
            new_bound = np.empty(bigger)
            new_status[:top] = stack_status[:top]
            new_price[:top] = stack_price[:top]
            new_bound[:top] = stack_bound[:top]
            stack_status, stack_price, stack_bound = new_status, new_price, new_bound
        stack_status[top] = status
        stack_status[top, pick] = 1
        stack_price[top] = price
        stack_bound[top] = bound
        top += 1
        stack_status[top] = status
        stack_status[top, pick] = -1
        stack_price[top] = price
        stack_bound[top] = bound
        top += 1
    if top == 0:
        return value, sites, value, done
    return value, sites, min(value, stack_bound[:top].min()), done
