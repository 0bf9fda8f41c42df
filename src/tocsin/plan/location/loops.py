"""Inner loops of the covering engines, compiled. Arrays in, arrays out; nothing here checks its input.

Patterns come twice: by rows (`row_at`, `row_has`) and by columns (`col_at`, `col_has`), as in CSR and CSC. `group_of`
is the group of each column (-1: never chosen), `most` how many of each group may be chosen.
"""

from typing import Any

import numpy as np

from tocsin.plan.compiled import compiled
from tocsin.plan.location.chance import draw, draw_below, draw_share

Array = Any


@compiled
def pick_best(score: Array, group_of: Array, most: Array, taken: Array, margin: Array) -> float:
    """Choose the best columns of each group by score (only above zero); mark them in `taken`, return their sum.

    `margin` holds for each group the worst score taken and the best left out (zero where the group is not full).
    """
    n = len(score)
    total = 0.0
    taken[:] = 0
    held = np.empty(n, dtype=np.int64)
    for g in range(len(most)):
        size = 0
        for j in range(n):
            if group_of[j] == g and score[j] > 0:
                held[size] = j
                size += 1
        k = min(most[g], size)
        margin[g, 0] = 0.0
        margin[g, 1] = 0.0
        if k == 0:
            if size:
                margin[g, 1] = score[held[:size]].max()
            continue
        if k == size:
            worst = np.inf
            for q in range(size):
                taken[held[q]] = 1
                total += score[held[q]]
                worst = min(worst, score[held[q]])
            margin[g, 0] = worst if size == most[g] else 0.0
            continue
        values = -score[held[:size]]
        cut = -np.partition(values, k - 1)[k - 1]
        left = k
        for q in range(size):
            if score[held[q]] > cut:
                taken[held[q]] = 1
                total += score[held[q]]
                left -= 1
        best_out = 0.0
        for q in range(size):
            j = held[q]
            if score[j] == cut and left > 0:
                taken[j] = 1
                total += cut
                left -= 1
            elif not taken[j] and score[j] > best_out:
                best_out = score[j]
        margin[g, 0] = cut
        margin[g, 1] = best_out
    return total


@compiled
def relax(
    col_at: Array,
    col_has: Array,
    weight: Array,
    group_of: Array,
    most: Array,
    cost: Array,
    budget: float,
    target: float,
    price: Array,
    rate: float,
    steps: int,
    step_size: float,
    patience: int,
    stop_at: float,
    stop: Array,
) -> tuple[float, float, float, float, int, Array, Array, Array]:
    """Lower an upper bound by subgradient steps on the price of covering each row.

    L(u, λ) = Σ (w - u) + Σ_g [best `most` of (Aᵀu - λ c)] + λ B with 0 ≤ u ≤ w; every L is a valid bound, and the
    least of them equals the bound of the linear relaxation. Steps follow Held, Wolfe and Crowder (1974) with the
    direction of Camerini, Fratta and Maffioli (1975). `price` is left at the best found. Stops early once `stop[0]`
    is set.

    Returns the best bound, the rate λ there, the last step size, the best value of a choice met on the way, the
    number of steps done, that choice, the scores at the best bound, and how often each column was among the best
    lately (a guess at its value in the linear relaxation).
    """
    n_rows, n_cols = len(weight), len(group_of)
    limited = budget < np.inf
    best_price = price.copy()
    best = 1e300
    best_rate = rate
    best_score = np.zeros(n_cols)
    best_choice = np.zeros(n_cols, dtype=np.int8)
    best_value = -1.0
    share = np.full(n_cols, 0.5)
    score = np.empty(n_cols)
    taken = np.zeros(n_cols, dtype=np.int8)
    margin = np.zeros((len(most), 2))
    count = np.empty(n_rows, dtype=np.int32)
    last = np.zeros(n_rows)
    stale = 0
    done = 0
    for _ in range(steps):
        done += 1
        bound = 0.0
        for i in range(n_rows):
            bound += weight[i] - price[i]
            count[i] = 0
        for j in range(n_cols):
            s = 0.0
            if group_of[j] >= 0:
                for q in range(col_at[j], col_at[j + 1]):
                    s += price[col_has[q]]
                if limited:
                    s -= rate * cost[j]
            score[j] = s
        bound += pick_best(score, group_of, most, taken, margin)
        spent = 0.0
        for j in range(n_cols):
            share[j] += 0.1 * (taken[j] - share[j])
            if taken[j]:
                spent += cost[j]
                for q in range(col_at[j], col_at[j + 1]):
                    count[col_has[q]] += 1
        if limited:
            bound += rate * budget
        if not limited or spent <= budget + 1e-9:
            value = 0.0
            for i in range(n_rows):
                if count[i] > 0:
                    value += weight[i]
            if value > best_value:
                best_value = value
                best_choice[:] = taken
                target = max(target, value)
        if bound < best * (1 - 1e-9):
            if bound < best * (1 - 1e-6):
                stale = 0
            else:
                stale += 1
            best = bound
            best_rate = rate
            best_price[:] = price
            best_score[:] = score
        else:
            stale += 1
        if best <= stop_at or stop[0] != 0:
            break
        if stale >= patience:
            stale = 0
            step_size *= 0.6
            price[:] = best_price
            rate = best_rate
            last[:] = 0.0
            if step_size < 1e-3:
                break
            continue
        norm = 0.0
        dot = 0.0
        lastnorm = 0.0
        for i in range(n_rows):
            g = 1.0 - count[i]
            if (g > 0 and price[i] >= weight[i]) or (g < 0 and price[i] <= 0):
                g = 0.0
            norm += g * g
            dot += g * last[i] * weight[i]
            lastnorm += last[i] * last[i] * weight[i]
        over = 0.0
        scale = 0.0
        if limited:
            over = spent - budget
            if over < 0 and rate <= 0:
                over = 0.0
            # one unit of rate moves the bound like one unit of price in `scale` rows
            scale = max(1.0, weight.max())
        if norm == 0.0 and over == 0.0:
            break
        turn = 0.0
        if dot < 0 and lastnorm > 0:
            turn = -1.5 * dot / lastnorm
        length = 0.0
        for i in range(n_rows):
            g = 1.0 - count[i]
            if (g > 0 and price[i] >= weight[i]) or (g < 0 and price[i] <= 0):
                g = 0.0
            d = g + turn * last[i]
            last[i] = d
            length += d * d * weight[i]
        length += over * over * scale
        away = step_size * max(bound - target, 1e-9 * max(1.0, target)) / max(length, 1e-12)
        for i in range(n_rows):
            u = price[i] + away * last[i] * weight[i]
            if u < 0:
                u = 0.0
            elif u > weight[i]:
                u = weight[i]
            price[i] = u
        if limited:
            rate = max(0.0, rate + away * over * scale)
    price[:] = best_price
    return best, best_rate, step_size, best_value, done, best_choice, best_score, share


@compiled
def greedy(
    col_at: Array, col_has: Array, weight: Array, group_of: Array, most: Array, cost: Array, budget: float
) -> Array:
    """Take the column that covers the most new weight until nothing more may be taken; lazy evaluation."""
    n_cols = len(group_of)
    open_ = np.zeros(n_cols, dtype=np.int8)
    covered = np.zeros(len(weight), dtype=np.int8)
    left = most.copy()
    spent = 0.0
    gain = np.empty(n_cols)
    fresh = np.zeros(n_cols, dtype=np.int64)
    for j in range(n_cols):
        s = 0.0
        if group_of[j] >= 0:
            for q in range(col_at[j], col_at[j + 1]):
                s += weight[col_has[q]]
        gain[j] = s
    turn = 0
    while True:
        turn += 1
        best = -1
        while True:
            best = -1
            top = 0.0
            for j in range(n_cols):
                if (
                    gain[j] > top
                    and open_[j] == 0
                    and left[group_of[j]] > 0
                    and (cost[j] == 0 or spent + cost[j] <= budget + 1e-9)
                ):
                    top = gain[j]
                    best = j
            if best < 0 or fresh[best] == turn:
                break
            s = 0.0
            for q in range(col_at[best], col_at[best + 1]):
                if covered[col_has[q]] == 0:
                    s += weight[col_has[q]]
            gain[best] = s
            fresh[best] = turn
        if best < 0:
            return open_
        open_[best] = 1
        left[group_of[best]] -= 1
        spent += cost[best]
        for q in range(col_at[best], col_at[best + 1]):
            covered[col_has[q]] = 1


@compiled
def add_column(
    j: int, col_at: Array, col_has: Array, weight: Array, count: Array, who: Array, sole: Array, loss: Array
) -> float:
    """Open column j: update counts and what each open column alone covers; return the weight gained.

    `who` sums the open columns that cover a row; `sole` is the one that does alone, -1 for none, -2 for several.
    """
    gained = 0.0
    for q in range(col_at[j], col_at[j + 1]):
        i = col_has[q]
        if count[i] == 0:
            gained += weight[i]
            sole[i] = j
        else:
            if count[i] == 1:
                loss[who[i]] -= weight[i]
            sole[i] = -2
        count[i] += 1
        who[i] += j
    loss[j] = gained
    return gained


@compiled
def drop_column(
    j: int, col_at: Array, col_has: Array, weight: Array, count: Array, who: Array, sole: Array, loss: Array
) -> float:
    """Close column j; return the weight lost."""
    lost = 0.0
    for q in range(col_at[j], col_at[j + 1]):
        i = col_has[q]
        count[i] -= 1
        who[i] -= j
        if count[i] == 0:
            lost += weight[i]
            sole[i] = -1
        elif count[i] == 1:
            loss[who[i]] += weight[i]
            sole[i] = who[i]
    loss[j] = 0.0
    return lost


@compiled
def anneal(
    row_at: Array,
    row_has: Array,
    col_at: Array,
    col_has: Array,
    weight: Array,
    group_of: Array,
    most: Array,
    cost: Array,
    budget: float,
    start: Array,
    hot: float,
    cold: float,
    moves: int,
    seed: int,
    stop: Array,
) -> tuple[float, Array]:
    """Improve a choice by exchanging open and closed columns under a falling temperature (Metropolis).

    Half the exchanges go to a column that shares a row with the one closed, half to a column that covers a row nobody
    covers. What each open column alone covers is kept up to date, so weighing an exchange reads one column's rows and
    only an accepted one writes. Returns the best value met in the cooler half and its choice: not the start, even when
    nothing better was met, so that several runs from one start bring back different plans that can be merged. Stops
    early once `stop[0]` is set.
    """
    n_rows, n_cols = len(weight), len(group_of)
    state = np.empty(1, dtype=np.uint64)
    state[0] = np.uint64(seed * 2 + 1) * np.uint64(11400714819323198485)
    for _ in range(8):
        draw(state)
    count = np.zeros(n_rows, dtype=np.int32)
    who = np.zeros(n_rows, dtype=np.int64)
    sole = np.full(n_rows, -1, dtype=np.int32)
    loss = np.zeros(n_cols)
    is_open = np.zeros(n_cols, dtype=np.int8)
    opened = np.empty(n_cols, dtype=np.int64)
    place = np.full(n_cols, -1, dtype=np.int64)
    n_open = 0
    value = 0.0
    spent = 0.0
    used = np.zeros(len(most), dtype=np.int64)
    for j in range(n_cols):
        if start[j]:
            value += add_column(j, col_at, col_has, weight, count, who, sole, loss)
            is_open[j] = 1
            opened[n_open] = j
            place[j] = n_open
            n_open += 1
            spent += cost[j]
            used[group_of[j]] += 1
    best = value
    best_open = is_open.copy()
    if n_open == 0 or moves <= 0:
        return best, best_open
    fall = (cold / hot) ** (1.0 / moves)
    heat = hot
    for move in range(moves):
        heat *= fall
        if move == moves // 2:
            best = value
            best_open[:] = is_open
        if move % 4096 == 0 and stop[0] != 0:
            break
        if draw_share(state) < 0.5:
            out = opened[draw_below(state, n_open)]
            width = col_at[out + 1] - col_at[out]
            if width == 0:
                continue
            i = col_has[col_at[out] + draw_below(state, width)]
        else:
            i = draw_below(state, n_rows)
            tries = 0
            while count[i] > 0 and tries < 50:
                i = draw_below(state, n_rows)
                tries += 1
            # of a few open columns, the one that alone covers least
            out = opened[draw_below(state, n_open)]
            for _ in range(2):
                other = opened[draw_below(state, n_open)]
                if loss[other] < loss[out]:
                    out = other
        into = row_has[row_at[i] + draw_below(state, row_at[i + 1] - row_at[i])]
        group = group_of[into]
        if is_open[into] or group < 0:
            continue
        if group != group_of[out] and used[group] >= most[group]:
            # the group is full: one of its own must go
            out = -1
            for _ in range(20):
                other = opened[draw_below(state, n_open)]
                if group_of[other] == group:
                    out = other
                    break
            if out < 0:
                continue
        if spent - cost[out] + cost[into] > budget + 1e-9:
            continue
        change = -loss[out]
        for q in range(col_at[into], col_at[into + 1]):
            i = col_has[q]
            if sole[i] == -1 or sole[i] == out:
                change += weight[i]
        if change >= 0 or draw_share(state) < np.exp(change / heat):
            drop_column(out, col_at, col_has, weight, count, who, sole, loss)
            add_column(into, col_at, col_has, weight, count, who, sole, loss)
            value += change
            spent += cost[into] - cost[out]
            used[group_of[out]] -= 1
            used[group] += 1
            is_open[out] = 0
            is_open[into] = 1
            at = place[out]
            opened[at] = into
            place[into] = at
            place[out] = -1
            if value > best + 1e-9 * abs(best):
                best = value
                best_open[:] = is_open
    return best, best_open
