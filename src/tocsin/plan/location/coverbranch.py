"""Branch and bound for maximal covering with the subgradient bound, compiled. Nothing here checks its input.

A node is a status for every column (1: taken, -1: left out, 0: free) with prices of rows to start from. At a node the
rows that columns taken cover and the columns that are settled leave the problem, so that deep nodes are small.
"""

from typing import Any

import numpy as np

from tocsin.plan.compiled import compiled
from tocsin.plan.location.loops import pick_best, relax

Array = Any


@compiled
def branch_cover(
    col_at: Array,
    col_has: Array,
    weight: Array,
    group_of: Array,
    most: Array,
    cost: Array,
    budget: float,
    value: float,
    best_open: Array,
    least_gain: float,
    open_status: Array,
    open_price: Array,
    open_rate: Array,
    open_bound: Array,
    top: int,
    nodes: int,
    steps: int,
    keep: int,
    first_step: float,
    patience: int,
    stop: Array,
) -> tuple[float, int, int]:
    """Work through at most `nodes` nodes of the tree kept in the `open_` arrays (the first `top` are filled).

    A node is done with when its bound is below `value + least_gain`. The node of the highest bound goes first while
    fewer than `keep` wait; from then on the latest, which needs little room. `best_open` is changed when a better
    choice is met. Stops between nodes once `stop[0]` is set. Returns the best value, how many nodes still wait and how
    many were worked through.
    """
    n_rows, n_cols = len(weight), len(group_of)
    done = 0
    row_to = np.empty(n_rows, dtype=np.int32)
    col_to = np.empty(n_cols, dtype=np.int32)
    touched = np.empty(n_rows, dtype=np.int8)
    while top > 0 and done < nodes and stop[0] == 0:
        pick = top - 1
        if top < keep:
            for k in range(top):
                if open_bound[k] > open_bound[pick]:
                    pick = k
        status = open_status[pick].copy()
        price = open_price[pick].astype(np.float64)
        rate = open_rate[pick]
        above = open_bound[pick]
        top -= 1
        if pick != top:
            open_status[pick] = open_status[top]
            open_price[pick] = open_price[top]
            open_rate[pick] = open_rate[top]
            open_bound[pick] = open_bound[top]
        if above < value + least_gain:
            continue
        done += 1
        bound = above
        lively = True
        rounds = 0
        free = 0
        share = np.empty(0)
        score = np.empty(0)
        while True:
            # what is left of the problem once the settled columns are out of it
            base = 0.0
            spent = 0.0
            left = most.copy()
            for i in range(n_rows):
                touched[i] = 0
            free = 0
            for j in range(n_cols):
                if status[j] == 1:
                    left[group_of[j]] -= 1
                    spent += cost[j]
                    for q in range(col_at[j], col_at[j + 1]):
                        i = col_has[q]
                        if touched[i] == 0:
                            touched[i] = 1
                            base += weight[i]
            size = 0
            for j in range(n_cols):
                if status[j] == 0:
                    if left[group_of[j]] <= 0 or spent + cost[j] > budget + 1e-9:
                        status[j] = -1
                        continue
                    col_to[free] = j
                    free += 1
                    for q in range(col_at[j], col_at[j + 1]):
                        i = col_has[q]
                        if touched[i] != 1:
                            touched[i] = 2
                            size += 1
            m = 0
            for i in range(n_rows):
                if touched[i] == 2:
                    row_to[i] = m
                    m += 1
            small_at = np.empty(free + 1, dtype=np.int32)
            small_has = np.empty(size, dtype=np.int32)
            small_weight = np.empty(m)
            small_price = np.empty(m)
            small_group = np.empty(free, dtype=np.int64)
            small_cost = np.empty(free)
            fill = 0
            for k in range(free):
                j = col_to[k]
                small_at[k] = fill
                small_group[k] = group_of[j]
                small_cost[k] = cost[j]
                for q in range(col_at[j], col_at[j + 1]):
                    i = col_has[q]
                    if touched[i] == 2:
                        small_has[fill] = row_to[i]
                        fill += 1
            small_at[free] = fill
            for i in range(n_rows):
                if touched[i] == 2:
                    small_weight[row_to[i]] = weight[i]
                    small_price[row_to[i]] = min(price[i], weight[i])
            if spent > budget + 1e-9 or left.min() < 0:
                lively = False  # what had to be taken does not fit together
                break
            if free == 0:
                if base > value:
                    value = base
                    for j in range(n_cols):
                        best_open[j] = 1 if status[j] == 1 else 0
                lively = False
                break
            found, rate, _, met, _, choice, score, share = relax(
                small_at,
                small_has,
                small_weight,
                small_group,
                left,
                small_cost,
                budget - spent,
                value - base,
                small_price,
                rate,
                steps,
                first_step,
                patience,
                value + least_gain - base,
                stop,
            )
            if met >= 0 and base + met > value:
                value = base + met
                for j in range(n_cols):
                    best_open[j] = 1 if status[j] == 1 else 0
                for k in range(free):
                    if choice[k]:
                        best_open[col_to[k]] = 1
            bound = min(bound, base + found)
            if bound < value + least_gain:
                lively = False
                break
            for i in range(n_rows):
                if touched[i] == 2:
                    price[i] = small_price[row_to[i]]
            # columns whose taking or leaving would bring the bound below what is worth looking for
            taken = np.empty(free, dtype=np.int8)
            margin = np.zeros((len(most), 2))
            pick_best(score, small_group, left, taken, margin)
            slack = base + found - value - least_gain
            settled = 0
            for k in range(free):
                g = small_group[k]
                if taken[k]:
                    if score[k] - margin[g, 1] > slack:
                        status[col_to[k]] = 1
                        settled += 1
                elif margin[g, 0] - score[k] > slack:
                    status[col_to[k]] = -1
                    settled += 1
            rounds += 1
            if settled < 0.2 * free or rounds >= 4:
                break
        if not lively:
            continue
        # branch on the column the prices are least sure of
        chosen = -1
        least_sure = -1.0
        for k in range(free):
            unsure = min(share[k], 1.0 - share[k])
            if status[col_to[k]] == 0 and unsure > least_sure:
                least_sure = unsure
                chosen = col_to[k]
        if chosen < 0:
            # everything was settled on the way: look at it once more as a node of its own
            open_status[top] = status
            open_price[top] = price
            open_rate[top] = rate
            open_bound[top] = bound
            top += 1
            continue
        for side in (-1, 1):
            open_status[top] = status
            open_status[top, chosen] = side
            open_price[top] = price
            open_rate[top] = rate
            open_bound[top] = bound
            top += 1
    return value, top, done
