"""Inner loops of the search for fleets that carry and cost, compiled; imported only where they run."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled, lean
from tocsin.plan.location.chance import draw_below, draw_share
from tocsin.plan.patrols.fleetparts import (
    CARRIES,
    COMES,
    COST,
    DUE,
    EASE,
    END,
    FIRST,
    FIXED,
    GOES,
    LAST,
    LATEST,
    LENGTH,
    LIKE,
    LOAD,
    LONGEST,
    READY,
    START,
    WORTH,
    Floats,
    Ground,
    Longs,
    Plan,
    Undo,
    at_home,
    cost_of_route,
    extra_of,
    fill,
    put_in,
    touch,
    undone,
    way_of,
)
from tocsin.plan.patrols.stringloops import string_of
from tocsin.plan.patrols.tailloops import other_base, swap_tails

State = npt.NDArray[np.uint64]

OPENING = 0.1  # of steps take whole routes out and look at a patrol at home as if going out cost nothing
RENEWING, RENEWED = 0.02, 60  # of steps take one route out however long, and try so many visits not made
MOST_WHOLE, WHOLE_VISITS = 3, 25  # routes taken out whole, and visits of each of them at most
SPLIT, LEAST_KEPT, KEPT_ON = 0.5, 2, 0.5  # of strings, a part in the middle stays: see `string_of`
LONGEST_STRING = 10.0
TAILS = 1  # exchanges of tails tried in a step
BESIDE = 12  # near places that a tail is joined to
SHAKEN = 0.3  # of the heat: how dear another patrol for a route may be
BLINK = 0.01  # gaps between visits not seen


@lean
def take_out(
    state: State, ground: Ground, plan: Plan, undo: Undo, row: int, whole: bool, renewing: bool, mean_removed: float,
    free: Longs,
) -> tuple[int, int, float]:  # fmt: skip
    """Strings of visits near a place; how many visits, how many routes, and what the plan costs more.

    Where `whole`, of short routes all visits, and where `renewing` of the first whatever its length.
    """
    near = ground.near
    average, used = 0.0, 0
    for c in range(min(near.shape[1], 40)):
        if plan.where[near[row, c]] >= 0:
            average += plan.sizes[plan.where[near[row, c]]]
            used += 1
    longest = min(LONGEST_STRING, max(1.0, average / max(used, 1)))
    strings = 1 + int(draw_share(state) * max(4 * mean_removed / (1 + longest) - 1, 1.0))
    done, n_free, more = 0, 0, 0.0
    for c in range(near.shape[1]):
        if done >= strings:
            break
        p = near[row, c]
        r = plan.where[p]
        if r < 0 or undo.touched[r]:
            continue
        more -= cost_of_route(ground, plan, r)
        done = touch(plan, undo, r, done)
        n = plan.sizes[r]
        all_of_it = (whole and done <= MOST_WHOLE and n <= WHOLE_VISITS) or (renewing and done == 1)
        first, last, keep_from, keep_to = string_of(
            state, n, plan.spot[p], longest, all_of_it, SPLIT, LEAST_KEPT, KEPT_ON, n
        )
        w = first
        for i in range(first, n):
            q = plan.routes[r, i]
            if i < last and not (keep_from <= i < keep_to):
                free[n_free] = q
                n_free += 1
                plan.where[q] = -1
                more += ground.visits[q, WORTH]
            else:
                plan.routes[r, w] = q
                plan.spot[q] = w
                w += 1
        plan.sizes[r] = w
        fill(ground, plan, r, first, w)
        more += cost_of_route(ground, plan, r)
    return n_free, done, more


@lean
def in_order(state: State, ground: Ground, centre: int, free: Longs, n_free: int, key: Floats) -> None:
    """Sort what is to be put back in one of several ways, drawn by lot."""
    how = draw_share(state)
    for k in range(n_free):
        p = free[k]
        if how < 0.4:
            key[k] = draw_share(state)
        elif how < 0.6:
            key[k] = -ground.visits[p, LOAD] * (0.9 + 0.2 * draw_share(state))
        elif how < 0.7:
            key[k] = ground.visits[p, LAST] - ground.visits[p, FIRST]
        elif how < 0.85:
            key[k] = ground.hours[centre, p]
        else:
            key[k] = -ground.hours[centre, p]
    for k in range(1, n_free):
        p, value, i = free[k], key[k], k
        while i > 0 and key[i - 1] > value:
            free[i], key[i] = free[i - 1], key[i - 1]
            i -= 1
        free[i], key[i] = p, value


@lean
def best_gap(
    state: State, ground: Ground, plan: Plan, undo: Undo, p: int, looked: int, opened: int, seen: Longs, mark: int
) -> tuple[float, int, int]:
    """Where a visit costs least: the cost, the route and the place in it; beside near places, and patrols at home."""
    near, terms, visits, at_hand = ground.near, ground.terms, ground.visits, plan.at_hand
    here, load, room = ground.row_of[p], visits[p, LOAD], plan.routes.shape[1]
    closes, leaves = visits[p, LAST] + EASE, visits[p, FIRST] + visits[p, LENGTH] - EASE
    lowest, into, at = visits[p, WORTH], -1, -1
    for c in range(1, min(looked, near.shape[1])):
        q = near[here, c]
        r = plan.where[q]
        if r < 0:
            continue
        # What is at hand first: of a way round over p the half is the way to p, if ways are no longer than over others.
        price, there, on = terms[r, COST], ground.from_near[here, c], ground.to_near[here, c]
        round_behind, round_before = there - at_hand[q, GOES], on - at_hand[q, COMES]
        round_behind = max(round_behind, 2.0 * round_behind - ground.shortcut)
        round_before = max(round_before, 2.0 * round_before - ground.shortcut)
        behind = (price * round_behind < lowest) & (at_hand[q, READY] + there <= closes)
        ahead = (price * round_before < lowest) & (leaves + on <= at_hand[q, DUE])
        fresh = seen[r] != mark
        if not (behind | ahead | fresh):
            continue
        n = plan.sizes[r]
        if plan.before[r, n, LOAD] + load > terms[r, CARRIES] + EASE or n + 2 >= room:
            continue
        k = plan.spot[q]
        if ahead:
            extra = extra_of(ground, plan, p, r, k, -1.0, on, lowest)
            if extra < lowest and draw_share(state) >= BLINK:
                lowest, into, at = extra, r, k
        if behind:
            extra = extra_of(ground, plan, p, r, k + 1, there, -1.0, lowest)
            if extra < lowest and draw_share(state) >= BLINK:
                lowest, into, at = extra, r, k + 1
        if fresh:  # the ends of each route near by, too
            seen[r] = mark
            there, on = ground.back[p, ground.who[r, START]], ground.hours[p, ground.who[r, END]]
            round_out, round_home = there - plan.legs[r, 0], on - plan.legs[r, n]
            if price * max(round_out, 2.0 * round_out - ground.shortcut) < lowest:
                extra = extra_of(ground, plan, p, r, np.int64(0), there, -1.0, lowest)
                if extra < lowest:
                    lowest, into, at = extra, r, 0
            if price * max(round_home, 2.0 * round_home - ground.shortcut) < lowest:
                extra = extra_of(ground, plan, p, r, n, -1.0, on, lowest)
                if extra < lowest:
                    lowest, into, at = extra, r, n
    for kind in range(len(undo.home_of)):
        r = undo.home_of[kind]
        if r >= 0 and load <= terms[r, CARRIES] + EASE:
            extra = 0.0
            if kind != opened:
                way = ground.back[p, ground.who[r, START]] + ground.hours[p, ground.who[r, END]]
                extra = terms[r, FIXED] + terms[r, COST] * way
            if extra < lowest and extra_of(ground, plan, p, r, np.int64(0), -1.0, -1.0, np.inf) < np.inf:
                lowest, into, at = extra, r, 0
    return lowest, into, at


@lean
def list_others(ground: Ground, plan: Plan, undo: Undo) -> int:
    """Fill `others`; how many these are. Of large fleets most patrols are at home and like another at home."""
    many = 0
    for r in range(len(plan.sizes)):
        if plan.sizes[r] > 0 or undo.home_of[ground.who[r, LIKE]] == r:
            undo.others[many] = r
            many += 1
    return many


@lean
def hand_over(state: State, ground: Ground, plan: Plan, undo: Undo, heat: float, many: int) -> tuple[int, float]:
    """Let routes that were touched change to patrols that suit them better, at home or on another route."""
    who, terms, sizes = ground.who, ground.terms, plan.sizes
    total, n_others = 0.0, list_others(ground, plan, undo)
    for t in range(many):
        r = undo.which[t]
        if sizes[r] == 0:
            continue
        for o in range(n_others):
            other = undo.others[o]
            kind = who[other, LIKE]
            if kind == who[r, LIKE]:
                continue
            if who[other, START] != who[r, START] or who[other, END] != who[r, END]:
                continue
            n, m = sizes[r], sizes[other]
            if plan.before[r, n, LOAD] > terms[other, CARRIES] + EASE:
                continue
            if plan.before[other, m, LOAD] > terms[r, CARRIES] + EASE:
                continue
            if terms[other, LONGEST] != terms[r, LONGEST] or terms[other, LATEST] != terms[r, LATEST]:
                continue
            if terms[other, FIRST] != terms[r, FIRST] or terms[other, LAST] != terms[r, LAST]:
                continue
            was, theirs = cost_of_route(ground, plan, r), cost_of_route(ground, plan, other)
            then = terms[other, FIXED] + terms[other, COST] * way_of(ground, plan, r)
            if m > 0:
                then += terms[r, FIXED] + terms[r, COST] * way_of(ground, plan, other)
            more = then - was - theirs
            # shaken a little, so that a larger patrol is sometimes sent
            if more >= -SHAKEN * heat * np.log(draw_share(state) + 1e-300):
                continue
            many = touch(plan, undo, other, many)
            total += more
            for k in range(max(n, m)):
                plan.routes[r, k], plan.routes[other, k] = plan.routes[other, k], plan.routes[r, k]
            sizes[r], sizes[other] = m, n
            for v in (r, other):
                for k in range(sizes[v]):
                    plan.where[plan.routes[v, k]], plan.spot[plan.routes[v, k]] = v, k
                fill(ground, plan, v, np.int64(0), sizes[v])
            if m == 0:
                undo.home_of[who[r, LIKE]] = r
                undo.home_of[kind] = at_home(ground, plan, kind)
            n_others = list_others(ground, plan, undo)
            break
    return many, total


@compiled
def search_fleet(
    ground: Ground, routes: Longs, sizes: Longs, best_routes: Longs, best_sizes: Longs, best: float, steps: int,
    hot: float, cold: float, mean_removed: float, tried: int, looked: int, seed: int,
) -> float:  # fmt: skip
    """Anneal by taking out strings of neighbouring visits and putting visits back where they cost least.

    Slack induction by string removals (Christiaens and Vanden Berghe 2020, doi 10.1287/trsc.2019.0914). What is lowered
    is the cost of the patrols that go out plus the worth of what is not visited; a visit is put back only where it
    costs less than it is worth. Patrols of the same kind are alike: of those at home only one is tried. A route may go
    to another patrol at home, or change with another route, when that is cheaper.

    `routes` and `sizes` go on from where they are; what is below `best` is written to `best_routes` and `best_sizes`,
    and the least met is returned.
    """
    state = np.array([seed], dtype=np.uint64)
    near, visits = ground.near, ground.visits
    n, m, room, clients = len(visits), len(sizes), routes.shape[1], len(near)
    plan = Plan(
        routes, sizes, np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64), np.zeros((m, room + 1, 5)),
        np.zeros((m, room + 1, 5)), np.zeros((m, room + 1)), np.zeros((n, 4)),
    )  # fmt: skip
    kinds = ground.who[:, LIKE].max() + 1
    undo = Undo(
        routes.copy(), sizes.copy(), np.zeros((m, room + 1, 5)), np.zeros((m, room + 1, 5)),
        np.zeros((m, room + 1)), np.zeros(m, dtype=np.bool_), np.zeros(m, dtype=np.int64),
        np.full(kinds, -1, dtype=np.int64), np.zeros(m, dtype=np.int64),
    )  # fmt: skip
    total, away = 0.0, 0
    for r in range(m):
        for k in range(sizes[r]):
            plan.where[routes[r, k]], plan.spot[routes[r, k]] = r, k
        fill(ground, plan, r, np.int64(0), sizes[r])
        total += cost_of_route(ground, plan, r)
    for k in range(clients):
        if plan.where[near[k, 0]] < 0:
            total += visits[near[k, 0], WORTH]
            away += 1
    several = False  # bases
    for r in range(m):
        several = several or ground.who[r, START] != ground.who[0, START]
    free, key = np.empty(n, dtype=np.int64), np.empty(n)
    seen = np.zeros(m, dtype=np.int64)
    new = np.empty((2, room), dtype=np.int64)
    cooling = (cold / hot) ** (1.0 / max(steps, 1))
    heat = hot
    for step in range(steps):
        heat *= cooling
        for _ in range(TAILS if near.shape[1] > 1 else 0):
            row = draw_below(state, clients)
            p, q = near[row, 0], near[row, 1 + draw_below(state, min(BESIDE, near.shape[1] - 1))]
            r, s = plan.where[p], plan.where[q]
            if r >= 0 and s >= 0 and r != s:
                total += swap_tails(state, ground, plan, p, q, heat, new)[1]
            elif several and r >= 0:
                s = draw_below(state, m)
                if sizes[s] == 0 and ground.who[s, START] != ground.who[r, START]:
                    total += other_base(state, ground, plan, r, s, heat)[1]
        row = draw_below(state, clients)
        # Now and then whole routes go, and one patrol at home is looked at as if going out cost nothing.
        how = draw_share(state)
        opening, renewing = how < OPENING, how < RENEWING
        opened = draw_below(state, kinds) if opening else -1
        n_free, many, more = take_out(state, ground, plan, undo, row, opening, renewing, mean_removed, free)
        now = total + more
        # of what was not visited before, the nearest
        removed, back = n_free, 0
        for c in range(near.shape[1] if away > 0 else 0):
            if n_free - removed >= (max(tried, RENEWED) if renewing else tried):
                break
            p = near[row, c]
            if plan.where[p] < 0:
                fresh = True
                for k in range(removed):
                    fresh = fresh and free[k] != p
                if fresh:
                    free[n_free] = p
                    n_free += 1
        for kind in range(kinds):
            undo.home_of[kind] = -1
        for r in range(m):
            kind = ground.who[r, LIKE]
            if sizes[r] == 0 and (undo.home_of[kind] < 0 or undo.touched[r]):
                undo.home_of[kind] = r
        in_order(state, ground, near[row, 0], free, n_free, key)
        for o in range(n_free):
            p = free[o]
            _, r, at = best_gap(state, ground, plan, undo, p, looked, opened, seen, step * n + p + 1)
            if r < 0:
                continue
            kind = ground.who[r, LIKE]
            if sizes[r] == 0 and kind == opened:
                opened = -1
            many = touch(plan, undo, r, many)
            now -= cost_of_route(ground, plan, r) + visits[p, WORTH]
            put_in(ground, plan, p, r, at)
            back += 1
            now += cost_of_route(ground, plan, r)
            if undo.home_of[kind] == r:
                undo.home_of[kind] = at_home(ground, plan, kind)
        if kinds > 1:
            many, more = hand_over(state, ground, plan, undo, heat, many)
            now += more
        if now < total - heat * np.log(draw_share(state) + 1e-300):
            total = now
            away += removed - back
        else:
            undone(plan, undo, many, free, n_free)
        for t in range(many):
            undo.touched[undo.which[t]] = False
        if total < best - 1e-9:
            best = total
            for r in range(m):
                best_sizes[r] = sizes[r]
                for k in range(sizes[r]):
                    best_routes[r, k] = routes[r, k]
    return best
