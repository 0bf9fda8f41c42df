"""A fleet's plan as arrays, and what keeps them up to date; compiled, imported only where it runs."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import lean

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Cube = npt.NDArray[np.float64]

EASE = 1e-7
START, END, LIKE = 0, 1, 2  # columns of `Ground.who`
COST, FIRST, LAST, CARRIES, FIXED, LONGEST, LATEST = 0, 1, 2, 3, 4, 5, 6  # of `Ground.terms`; LATEST: to leave
LENGTH, LOAD, WAY, WORTH = 0, 3, 4, 4  # of a stretch, with FIRST and LAST; of a place WORTH in place of WAY
COMES, GOES, READY, DUE = 0, 1, 2, 3  # of `Plan.at_hand`


class Ground(NamedTuple):
    """What does not change: hours from and to each place, visits, patrols, and the places near each.

    `visits` has for each place how long a visit takes, its earliest and latest begin, load and worth. Patrols of the
    same LIKE are alike. The first place of a row of `near` is the place itself, `row_of` says which row is whose;
    `to_near` and `from_near` are the hours from it to each and back. By no third place is the way between the two more
    than `shortcut` hours shorter.
    """

    hours: Floats
    back: Floats
    visits: Floats
    who: Longs
    terms: Floats
    near: Longs
    to_near: Floats
    from_near: Floats
    row_of: Longs
    shortcut: float


class Plan(NamedTuple):
    """Routes, where each place is, and of each route its stretches, joined as in Vidal et al. 2013.

    `before[r, k]` is the stretch from the start to the k-th visit, without it; `after[r, k]` from it to the end: length
    with waiting, earliest and latest begin, load, hours of travel (doi 10.1016/j.cor.2012.07.018). `legs[r, k]` is the
    travel to the k-th visit from what comes before it.

    `at_hand` has of each place that is visited what decides most often that nothing can be put beside it: travel to it
    and on from it, when it can be left earliest, and when it must begin.
    """

    routes: Longs
    sizes: Longs
    where: Longs
    spot: Longs
    before: Cube
    after: Cube
    legs: Floats
    at_hand: Floats


class Undo(NamedTuple):
    """What the routes touched in a step were before, which these are, and who is at home of each kind.

    `others` are the patrols that are out and those of `home_of`, in order: space for `hand_over`.
    """

    routes: Longs
    sizes: Longs
    before: Cube
    after: Cube
    legs: Floats
    touched: npt.NDArray[np.bool_]
    which: Longs
    home_of: Longs
    others: Longs


@lean
def fill(ground: Ground, plan: Plan, r: int, since: int, until: int) -> None:
    """Stretches from the start behind the visits from `since` on, and to the end from those up to `until`."""
    visits, routes, before, after, at_hand = ground.visits, plan.routes, plan.before, plan.after, plan.at_hand
    n, terms = plan.sizes[r], ground.terms[r]
    if since == 0:
        before[r, 0, LENGTH], before[r, 0, LOAD], before[r, 0, WAY] = 0.0, 0.0, 0.0
        before[r, 0, FIRST], before[r, 0, LAST] = terms[FIRST], terms[LATEST]
    at = ground.who[r, START] if since == 0 else routes[r, since - 1]
    length, first, last = before[r, since, LENGTH], before[r, since, FIRST], before[r, since, LAST]
    load, way = before[r, since, LOAD], before[r, since, WAY]
    for k in range(since, n):
        p = routes[r, k]
        travel = ground.hours[at, p]
        plan.legs[r, k] = at_hand[p, COMES] = travel
        if k > 0:
            at_hand[at, GOES] = travel
        way += travel
        moved = length + travel
        opens = visits[p, FIRST] - moved
        wait = max(opens - last, 0.0)
        first = max(opens, first) - wait
        last = max(min(visits[p, LAST] - moved, last), first)
        length = moved + visits[p, LENGTH] + wait
        load += visits[p, LOAD]
        before[r, k + 1, LENGTH], before[r, k + 1, FIRST], before[r, k + 1, LAST] = length, first, last
        before[r, k + 1, LOAD], before[r, k + 1, WAY] = load, way
        at_hand[p, READY] = first + length
        at = p
    plan.legs[r, n] = ground.hours[at, ground.who[r, END]]
    if n > 0:
        at_hand[at, GOES] = plan.legs[r, n]
    if until >= n:
        length, first, last, load, way = 0.0, terms[FIRST], terms[LAST], 0.0, 0.0
        after[r, n, LENGTH], after[r, n, FIRST], after[r, n, LAST] = length, first, last
        after[r, n, LOAD], after[r, n, WAY] = load, way
        to, from_k = ground.who[r, END], n - 1
    else:
        to, from_k = routes[r, until + 1] if until + 1 < n else ground.who[r, END], until
        length, first, last = after[r, until + 1, LENGTH], after[r, until + 1, FIRST], after[r, until + 1, LAST]
        load, way = after[r, until + 1, LOAD], after[r, until + 1, WAY]
    for k in range(from_k, -1, -1):
        p = routes[r, k]
        travel = ground.hours[p, to]
        way += travel
        moved = visits[p, LENGTH] + travel
        wait = max(first - moved - visits[p, LAST], 0.0)
        then = max(first - moved, visits[p, FIRST]) - wait
        last = max(min(last - moved, visits[p, LAST]), then)
        length += moved + wait
        first = then
        load += visits[p, LOAD]
        after[r, k, LENGTH], after[r, k, FIRST], after[r, k, LAST] = length, first, last
        after[r, k, LOAD], after[r, k, WAY] = load, way
        at_hand[p, DUE] = last
        to = p


@lean
def way_of(ground: Ground, plan: Plan, r: int) -> float:
    """Hours of travel of a route that goes out; none for one that does not."""
    n = plan.sizes[r]
    if n == 0:
        return 0.0
    return float(plan.before[r, n, WAY] + plan.legs[r, n])


@lean
def cost_of_route(ground: Ground, plan: Plan, r: int) -> float:
    """What a patrol costs: nothing at home."""
    if plan.sizes[r] == 0:
        return 0.0
    return float(ground.terms[r, FIXED] + ground.terms[r, COST] * way_of(ground, plan, r))


@lean
def extra_of(ground: Ground, plan: Plan, p: int, r: int, k: int, there: float, on: float, most: float) -> float:
    """What a visit before the k-th of a route costs; inf if not below `most` or times cannot be kept.

    Hours to and from the visit are looked up where they are below zero, and only after what needs no look-up: the table
    of hours is too large to be near.
    """
    visits, before, after = ground.visits, plan.before, plan.after
    ready = before[r, k, FIRST] + before[r, k, LENGTH] + max(there, 0.0)
    if ready > visits[p, LAST] + EASE:
        return np.inf
    if max(ready, visits[p, FIRST]) + visits[p, LENGTH] + max(on, 0.0) > after[r, k, LAST] + EASE:
        return np.inf
    n = plan.sizes[r]
    a = ground.who[r, START] if k == 0 else plan.routes[r, k - 1]
    b = ground.who[r, END] if k == n else plan.routes[r, k]
    direct, price = plan.legs[r, k], ground.terms[r, COST]
    if there < 0.0:
        there = ground.back[p, a]
    if on < 0.0:
        on = ground.hours[p, b]
    extra = price * float(there + on - direct)
    if extra >= most:
        return np.inf
    moved = before[r, k, LENGTH] + there
    first, last = before[r, k, FIRST], before[r, k, LAST]
    if first + moved > visits[p, LAST] + EASE:
        return np.inf
    opens = visits[p, FIRST] - moved
    wait = max(opens - last, 0.0)
    first = max(opens, first) - wait
    last = max(min(visits[p, LAST] - moved, last), first)
    moved += visits[p, LENGTH] + wait + on
    if first + moved > after[r, k, LAST] + EASE:
        return np.inf
    wait = max(after[r, k, FIRST] - moved - last, 0.0)
    if moved + after[r, k, LENGTH] + wait > ground.terms[r, LONGEST] + EASE:
        return np.inf
    return float(extra)


@lean
def put_in(ground: Ground, plan: Plan, p: int, r: int, at: int) -> None:
    """Make a visit the `at`-th of a route."""
    n = plan.sizes[r]
    for k in range(n, at, -1):
        plan.routes[r, k] = plan.routes[r, k - 1]
        plan.spot[plan.routes[r, k]] = k
    for k in range(n, at - 1, -1):
        for c in range(5):
            plan.after[r, k + 1, c] = plan.after[r, k, c]
    plan.routes[r, at], plan.spot[p], plan.where[p] = p, at, r
    plan.sizes[r] = n + 1
    fill(ground, plan, r, at, at)


@lean
def touch(plan: Plan, undo: Undo, r: int, many: int) -> int:
    """Keep what a route was before its first change in this step; how many have been changed."""
    if undo.touched[r]:
        return many
    undo.touched[r] = True
    undo.which[many] = r
    n = plan.sizes[r]
    undo.sizes[r] = n
    for k in range(n + 1):
        undo.routes[r, k], undo.legs[r, k] = plan.routes[r, k], plan.legs[r, k]
        for c in range(5):
            undo.before[r, k, c], undo.after[r, k, c] = plan.before[r, k, c], plan.after[r, k, c]
    return many + 1


@lean
def undone(plan: Plan, undo: Undo, many: int, free: Longs, n_free: int) -> None:
    """Put back what was before the step."""
    for k in range(n_free):
        plan.where[free[k]] = -1
    for t in range(many):
        r = undo.which[t]
        n = undo.sizes[r]
        plan.sizes[r] = n
        for k in range(n + 1):
            plan.routes[r, k], plan.legs[r, k] = undo.routes[r, k], undo.legs[r, k]
            for c in range(5):
                plan.before[r, k, c], plan.after[r, k, c] = undo.before[r, k, c], undo.after[r, k, c]
        for k in range(n):
            p = plan.routes[r, k]
            plan.where[p], plan.spot[p] = r, k
            plan.at_hand[p, COMES], plan.at_hand[p, GOES] = plan.legs[r, k], plan.legs[r, k + 1]
            plan.at_hand[p, READY] = plan.before[r, k + 1, FIRST] + plan.before[r, k + 1, LENGTH]
            plan.at_hand[p, DUE] = plan.after[r, k, LAST]


@lean
def at_home(ground: Ground, plan: Plan, kind: int) -> int:
    """A patrol at home of a kind, or -1."""
    for r in range(len(plan.sizes)):
        if ground.who[r, LIKE] == kind and plan.sizes[r] == 0:
            return r
    return -1
