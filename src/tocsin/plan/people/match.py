"""Matching people to posts: an assignment with rules on groups, solved to a proof."""

from collections.abc import Sequence

import numpy as np

from tocsin.core.errors import BadInput, Infeasible, NoData
from tocsin.plan.location.model import data_hash, relative_gap
from tocsin.plan.people.clash import say_clash
from tocsin.plan.people.demands import Demands, Flags, Floats, demands_of
from tocsin.plan.people.fit import fitness, why_nobody
from tocsin.plan.people.model import Matched, Person, Post, Rule
from tocsin.plan.people.prices import relax
from tocsin.plan.people.tree import MOST, Pairs, Tree

ALL_PAIRS = 20_000  # up to so many, cuts work on all pairs at once
FIRST_ROOM = 3e-5  # of the bound: how far below it an answer is first looked for
DEEPER = (
    30.0  # times that: how much less an answer may be worth over the same pairs, and the next room if none is found
)


def match(
    people: Sequence[Person], posts: Sequence[Post], rules: Sequence[Rule] = (), *, seconds: float = 60.0
) -> Matched:
    """Fill posts with the people who fit them best, under rules on rank, language, gender and nationality.

    A filled post is worth its weight times (1 + fit). The linear relaxation is solved over few pairs, and pairs that
    its prices say could help are added until none is left: its value is then a bound over all pairs. Branch and bound
    over the pairs that lose little at those prices finds an answer; pairs that could be in a better one are looked at
    too, and none other could.

    Raises
    ------
    BadInput
        If two people or two posts have one id, or a rule names a group no post is in.
    Infeasible
        If the rules cannot all be met; names those that clash.

    Examples
    --------
    >>> people = [Person("a", skills={"gbv": 1.0}, woman=True), Person("b", skills={"gbv": 0.5}, woman=False)]
    >>> posts = [Post("x", skills={"gbv": 1.0}, groups=frozenset({"Bria"}))]
    >>> match(people, posts).pairs
    ((0, 0),)
    """
    _check(people, posts, rules)
    fit = fitness(people, posts)
    may = ~np.isnan(fit)
    worth = np.where(may, np.array([p.weight for p in posts])[None, :] * (1 + np.nan_to_num(fit)), 0.0)
    told = {int(j): why_nobody(people, posts[int(j)]) for j in np.flatnonzero(~may.any(axis=0))}
    demands = demands_of(people, posts, rules)
    digest = data_hash(worth, may, *(repr(r) for r in rules))
    if not may.any():
        if (demands.limit < 0).any():
            why = "; ".join(f"{posts[j].id}: {words}" for j, words in list(told.items())[:3])
            raise Infeasible("nobody may fill any post, so no rule that asks for people can be met: {why}", why=why)
        return Matched((), tuple(range(len(posts))), 0.0, 0.0, 0.0, "nobody may fill any post", told, digest)
    closed = [f"{posts[j].id}: {words}" for j, words in told.items() if posts[j].must_fill]
    if closed:
        raise Infeasible("posts that must be filled cannot be: {posts}. Ask less of them, or let them stay vacant",
                         posts="; ".join(closed[:5]))  # fmt: skip
    pairs, value, bound, method = _solve(worth, may, demands, seconds)
    filled = {j for _, j in pairs}
    vacant = tuple(j for j in range(len(posts)) if j not in filled)
    return Matched(
        tuple(sorted(pairs, key=lambda p: p[1])), vacant, value, bound, relative_gap(value, bound), method, told, digest
    )


def _check(people: Sequence[Person], posts: Sequence[Post], rules: Sequence[Rule]) -> None:
    for what, ids in (("people", [p.id for p in people]), ("posts", [p.id for p in posts])):
        if len(set(ids)) != len(ids):
            twice = next(i for i in ids if ids.count(i) > 1)
            raise BadInput("two {what} have the id {id}: give each its own", what=what, id=twice)
    groups = {g for p in posts for g in p.groups}
    for rule in rules:
        if rule.group not in groups:
            raise BadInput("a rule speaks of '{group}', and no post is in it", group=rule.group)


def _solve(worth: Floats, may: Flags, demands: Demands, seconds: float) -> tuple[Pairs, float, float, str]:
    from scipy.optimize import linear_sum_assignment

    rows, cols = linear_sum_assignment(worth, maximize=True)
    keep = may[rows, cols]
    people, posts = rows[keep].astype(np.int64), cols[keep].astype(np.int64)
    free = float(worth[people, posts].sum())
    if not demands.broken(np.column_stack([people, posts])).any():
        found = [(int(i), int(j)) for i, j in zip(people, posts, strict=True)]
        return found, free, free, "assignment; every rule is met by the best assignment without rules"
    relaxed = relax(worth, may, demands, people, posts)
    if relaxed.short > 1e-6:
        say_clash(worth, may, demands.only(relaxed.used))
    bound = relaxed.bound
    room = FIRST_ROOM * max(abs(bound), 1.0)
    best: Pairs | None = None
    wide = False
    value, left = bound - DEEPER * room, seconds
    while True:
        # A pair whose price loses more than the room is in no assignment that good.
        near = np.argwhere(may & (relaxed.over >= -room * (1 + 1e-9) - 1e-9)).astype(np.int64)
        tree = Tree(worth, near, demands, relaxed.used, value)
        grown = tree.grow(left, 0 if wide else MOST)
        left -= grown.seconds
        branches = grown.nodes
        if grown.pairs is not None:
            best, value = grown.pairs, grown.value
        wide |= not grown.finished and branches >= MOST
        if wide and left > 0:
            # The rules leave so little that branches alone are not enough: cuts, over all pairs where these are few.
            if may.sum() <= ALL_PAIRS:
                room, near = np.inf, np.argwhere(may).astype(np.int64)
            tree = Tree(worth, near, demands, relaxed.used, value)
            grown = tree.cut(left)
            left -= grown.seconds
            if grown.pairs is not None:
                best, value = grown.pairs, grown.value
        over = min(bound, max(grown.bound, bound - room))
        how = (f"linear prices over {len(tree.order)} of {len(demands)} rules, {branches} branches"
               f"{', cuts' * wide} over {len(near):,} pairs")  # fmt: skip
        if best is not None and (not grown.finished or value >= bound - room):
            return best, value, max(value, over), how + ("" if grown.finished else ", stopped at its limit")
        if not grown.finished:
            raise NoData("no assignment that keeps every rule was found in {seconds} seconds, and none was ruled out: "
                         "give more seconds, or leave rules out", seconds=seconds)  # fmt: skip
        if best is not None:
            room = (bound - value) * (1 + 1e-9)  # exactly the pairs that could still do better
        elif room == np.inf:
            say_clash(worth, may, demands)
        else:
            room = DEEPER * room if room < abs(bound) / 50 else np.inf
            value = max(-1.0, bound - DEEPER * room)
