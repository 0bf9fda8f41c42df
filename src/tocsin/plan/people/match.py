"""Matching people to posts: an assignment with rules on groups, solved to a proof."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix, vstack

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.location.model import data_hash, relative_gap
from tocsin.plan.people.fit import counted, fitness, why_nobody
from tocsin.plan.people.model import Matched, Person, Post, Rule

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FIRST_COLUMNS = 6  # people looked at for each post at the start
MOST_PAIRED = 24  # demands up to which every pair is tried for a clash smaller than the one found
FIRST_ROOM = 3e-5  # of the bound: how far below it an answer is first looked for


@dataclass(frozen=True)
class _Line:
    """One side of a rule as a row: coefficient of a pair (person, post), summed, is at most `limit`."""

    of_person: Floats  # how many of them count
    size: Floats  # how many they are
    inside: npt.NDArray[np.bool_]  # posts of the group
    sign: float  # -1 for at least, 1 for at most
    share: float  # with shares: everybody in a post of the group counts `share`
    limit: float
    text: str  # the demand in words

    def coefficients(self, people: Ints, posts: Ints) -> Floats:
        return np.where(self.inside[posts], self.weight[people], 0.0)

    @property
    def weight(self) -> Floats:
        """What each person in a post of the group adds to the row."""
        return self.sign * (self.of_person - self.share * self.size)


def match(
    people: Sequence[Person], posts: Sequence[Post], rules: Sequence[Rule] = (), *, seconds: float = 60.0
) -> Matched:
    """Fill posts with the people who fit them best, under rules on rank, language, gender and nationality.

    A filled post is worth its weight times (1 + fit). The linear relaxation is solved over few pairs, and pairs that
    its prices say could help are added until none is left: its value is then a bound over all pairs. Pairs that the
    bound rules out are dropped, and branch and bound over the rest closes it.

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
    lines = _lines(people, posts, rules)
    digest = data_hash(worth, may, *(repr(r) for r in rules))
    if not may.any():
        if any(line.limit < 0 for line in lines):
            why = "; ".join(f"{posts[j].id}: {words}" for j, words in list(told.items())[:3])
            raise Infeasible("nobody may fill any post, so no rule that asks for people can be met: {why}", why=why)
        return Matched((), tuple(range(len(posts))), 0.0, 0.0, 0.0, "nobody may fill any post", told, digest)
    closed = [f"{posts[j].id}: {words}" for j, words in told.items() if posts[j].must_fill]
    if closed:
        raise Infeasible("posts that must be filled cannot be: {posts}. Ask less of them, or let them stay vacant",
                         posts="; ".join(closed[:5]))  # fmt: skip
    pairs, value, bound, method = _solve(worth, may, lines, seconds)
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


def _lines(people: Sequence[Person], posts: Sequence[Post], rules: Sequence[Rule]) -> list[_Line]:
    size = np.array([p.size for p in people], dtype=np.float64)
    made = []
    for rule in rules:
        who = counted(people, rule)
        inside = np.array([rule.group in p.groups for p in posts], dtype=bool)
        for sign, number in ((-1.0, rule.least), (1.0, rule.most)):
            if number > 0 if sign < 0 else np.isfinite(number):
                share, limit = (number, 0.0) if rule.share else (0.0, sign * number)
                made.append(_Line(who, size, inside, sign, share, limit, rule.text()))
    for row, post in enumerate(posts):
        if post.must_fill:
            one = np.ones(len(people))
            made.append(
                _Line(one, one, np.arange(len(posts)) == row, -1.0, 0.0, -1.0, f"post {post.id} must be filled")
            )
    return made


def _solve(
    worth: Floats, may: npt.NDArray[np.bool_], lines: list[_Line], seconds: float
) -> tuple[list[tuple[int, int]], float, float, str]:
    from scipy.optimize import linear_sum_assignment

    rows, cols = linear_sum_assignment(worth, maximize=True)
    keep = may[rows, cols]
    people, posts = rows[keep].astype(np.int64), cols[keep].astype(np.int64)
    best = float(worth[people, posts].sum())
    if all(line.coefficients(people, posts).sum() <= line.limit + 1e-9 for line in lines):
        found = [(int(i), int(j)) for i, j in zip(people, posts, strict=True)]
        return found, best, best, "assignment; every rule is met by the best assignment without rules"
    inside = _start(worth, may, lines, people, posts)
    # Most rules are kept by themselves: only those that some answer breaks are written into the program.
    used = _broken(lines, [False] * len(lines), np.column_stack([people, posts]))
    while True:
        active = [line for line, on in zip(lines, used, strict=True) if on]
        at = np.argwhere(inside).astype(np.int64)
        solved = _relaxed(worth, at, active)
        broken = _broken(lines, used, at, solved.share)
        used = [a or b for a, b in zip(used, broken, strict=True)]
        price = worth - solved.person[:, None] - solved.post[None, :] - solved.of_lines(active, worth.shape)
        missing = may & ~inside & (price > 1e-7)
        # No post takes two people: what each could still gain bounds what all missing pairs could.
        gain = float(np.where(missing, price, 0.0).max(axis=0).sum())
        if not any(broken) and gain <= 1e-5 * abs(solved.value):
            break
        # Of each post's missing pairs the best few, so that the program stays small.
        rank = np.where(missing, price, -np.inf)
        top = np.argpartition(-rank, min(16, len(rank) - 1), axis=0)[:16]
        new = np.zeros_like(inside)
        np.put_along_axis(new, top, values=True, axis=0)
        inside |= new & missing
    if solved.short > 1e-6:
        _say_clash(worth, may, active)
    bound = solved.value + gain
    # Rules within one person of their limit are likely to bind in whole numbers: written in at once.
    near_limit = _broken(lines, used, at, solved.share, 1.0)
    used = [a or b for a, b in zip(used, near_limit, strict=True)]
    active = [line for line, on in zip(lines, used, strict=True) if on]
    room = FIRST_ROOM * max(abs(bound), 1.0)
    while True:
        # A pair whose price loses more than the room is in no assignment that good.
        near = np.argwhere(may & (price >= -room - 1e-9)).astype(np.int64)
        while True:
            pairs, value, proven, finished = _whole(worth, near, active, seconds)
            if pairs is None:
                break
            broken = _broken(lines, used, np.array(pairs, dtype=np.int64).reshape(-1, 2))
            if not any(broken):
                break
            used = [a or b for a, b in zip(used, broken, strict=True)]
            active = [line for line, on in zip(lines, used, strict=True) if on]
        how = f"linear prices over {len(active)} of {len(lines)} rules, branch and bound over {len(near):,} pairs"
        if pairs is not None and not finished:
            return pairs, value, bound, how + ", stopped at its limit"
        if pairs is not None and (value >= bound - room - 1e-9 or room == np.inf):
            return pairs, value, min(bound, proven), how
        if pairs is None and room == np.inf:
            break
        # With what was found, exactly the pairs that could still do better; without, all in two steps.
        room = (bound - value) * (1 + 1e-9) if pairs is not None else (100 * room if room < abs(bound) / 50 else np.inf)
    _say_clash(worth, may, lines)
    raise AssertionError  # _say_clash always raises


def _broken(
    lines: list[_Line], used: list[bool], at: Ints, share: Floats | None = None, within: float = 0.0
) -> list[bool]:
    """Which rules that are not in use yet an answer breaks."""
    if not lines:
        return []
    keep = np.arange(len(at)) if share is None else np.flatnonzero(share > 1e-9)
    counts = np.ones(len(keep)) if share is None else share[keep]
    sums = np.asarray(_of_lines(at[keep], lines).T @ counts).ravel()
    return [not on and bool(s > line.limit - within + 1e-6) for s, line, on in zip(sums, lines, used, strict=True)]


def _of_lines(at: Ints, lines: list[_Line]) -> csr_matrix:
    """Coefficient of each pair (row) in each rule (column)."""
    of_person = csr_matrix(np.stack([line.weight for line in lines], axis=1))
    inside = csr_matrix(np.stack([line.inside for line in lines], axis=1).astype(np.float64))
    return csr_matrix(of_person[at[:, 0]].multiply(inside[at[:, 1]]))


def _start(
    worth: Floats, may: npt.NDArray[np.bool_], lines: list[_Line], people: Ints, posts: Ints
) -> npt.NDArray[np.bool_]:
    """Pairs to begin with: the best assignment's, each post's best few, and the best few of those each rule wants."""
    inside = np.zeros_like(may)
    inside[people, posts] = True
    few = min(FIRST_COLUMNS, len(worth))

    def add(value: Floats, cols: Ints) -> None:
        top = np.argpartition(-value[:, cols], few - 1, axis=0)[:few]
        inside[top, np.broadcast_to(cols, top.shape)] = True

    add(np.where(may, worth, -1), np.arange(worth.shape[1]))
    for line in lines:
        if line.sign < 0:
            add(np.where(may & (line.of_person[:, None] > 0), worth, -1), np.flatnonzero(line.inside))
    return inside & may


@dataclass(frozen=True)
class _Relaxed:
    value: float
    person: Floats
    post: Floats
    line: Floats
    short: float
    share: Floats

    def of_lines(self, lines: list[_Line], shape: tuple[int, int]) -> Floats:
        """What the rules charge every pair."""
        some = [(line, price) for line, price in zip(lines, self.line, strict=True) if price]
        if not some:
            return np.zeros(shape)
        charge = np.stack([price * line.weight for line, price in some], axis=1)
        return np.asarray(charge @ np.stack([line.inside for line, _ in some]).astype(np.float64))


def _rows(at: Ints, shape: tuple[int, int], lines: list[_Line]) -> csr_matrix:
    k = np.arange(len(at))
    ones = np.ones(len(at))
    parts: list[Any] = [
        coo_matrix((ones, (at[:, 0], k)), shape=(shape[0], len(at))),
        coo_matrix((ones, (at[:, 1], k)), shape=(shape[1], len(at))),
    ]
    if lines:
        parts.append(_of_lines(at, lines).T)
    return vstack(parts, format="csr")


def _relaxed(worth: Floats, at: Ints, lines: list[_Line]) -> _Relaxed:
    """The linear relaxation over some pairs, with a dear way out of every rule so that it always has an answer."""
    from scipy.optimize import linprog
    from scipy.sparse import hstack, identity

    n, m = worth.shape
    dear = 10.0 * (float(worth.max()) + 1.0)
    exits = vstack([csr_matrix((n + m, len(lines))), -identity(len(lines), format="csr")]) if lines else None
    body = _rows(at, (n, m), lines)
    matrix = hstack([body, exits], format="csr") if exits is not None else body
    limit = np.concatenate([np.ones(n + m), [line.limit for line in lines]])
    cost = np.concatenate([-worth[at[:, 0], at[:, 1]], np.full(len(lines), dear)])
    solved = linprog(cost, A_ub=matrix, b_ub=limit, bounds=(0, None), method="highs-ipm")
    if solved.status != 0:
        raise BadInput("the match could not be solved ({why}); are weights and levels sensible?", why=solved.message)
    price = -solved.ineqlin.marginals
    short = float(solved.x[len(at) :].sum()) if lines else 0.0
    return _Relaxed(-float(solved.fun), price[:n], price[n : n + m], price[n + m :], short, solved.x[: len(at)])


def _whole(
    worth: Floats, at: Ints, lines: list[_Line], seconds: float
) -> tuple[list[tuple[int, int]] | None, float, float, bool]:
    from scipy.optimize import Bounds, LinearConstraint, milp

    n, m = worth.shape
    limit = np.concatenate([np.ones(n + m), [line.limit for line in lines]])
    if not len(at):
        return ([], 0.0, 0.0, True) if np.all(limit >= 0) else (None, 0.0, np.inf, True)
    solved = milp(
        -worth[at[:, 0], at[:, 1]],
        constraints=LinearConstraint(_rows(at, (n, m), lines), -np.inf, limit + 1e-9),
        bounds=Bounds(0, 1),
        integrality=np.ones(len(at)),
        options={"time_limit": seconds, "mip_rel_gap": 5e-8},
    )
    if solved.x is None:
        return None, 0.0, np.inf, solved.status == 2
    chosen = at[solved.x > 0.5]
    value = float(worth[chosen[:, 0], chosen[:, 1]].sum())
    return [(int(i), int(j)) for i, j in chosen], value, max(value, -float(solved.mip_dual_bound)), solved.status == 0


def _say_clash(worth: Floats, may: npt.NDArray[np.bool_], lines: list[_Line]) -> None:
    """Raise with the fewest demands that clash: leave any one of them out and those that are left can be met."""

    def possible(some: list[_Line]) -> bool:
        at = np.argwhere(may).astype(np.int64)
        # People who count for the same rules and may fill the same posts are alike: few pairs stand for all.
        if len(at) > 60_000:
            at = _alike(may, some)
        return _whole(np.zeros_like(worth), at, some, 20.0)[0] is not None

    needed = list(lines)
    if not possible(needed):
        for line in list(lines):
            without = [k for k in needed if k is not line]
            if not possible(without):
                needed = without
        if len(needed) > 2 and len(lines) <= MOST_PAIRED:  # none can be left out of these, yet others may be fewer
            fewer = (list(some) for k in (1, 2) for some in itertools.combinations(lines, k))
            needed = next((some for some in fewer if not possible(some)), needed)
    words = "; ".join(dict.fromkeys(line.text for line in needed))
    touched = np.any([line.inside for line in needed], axis=0) if needed else np.zeros(may.shape[1], dtype=bool)
    who = int(may[:, touched].any(axis=1).sum())
    raise Infeasible("no assignment meets all demands; these clash: {rules}. Of all people {who} may fill any of the "
                     "{posts} posts in question. Leave one demand out or widen it",
                     rules=words, who=who, posts=int(touched.sum()))  # fmt: skip


def _alike(may: npt.NDArray[np.bool_], lines: list[_Line]) -> Ints:
    marks = np.column_stack([may, *[np.column_stack([line.of_person, line.size]) for line in lines]])
    _, kind = np.unique(marks, axis=0, return_inverse=True)
    order = np.argsort(kind, kind="stable")
    place = np.empty(len(kind), dtype=np.int64)
    starts = np.r_[0, np.flatnonzero(np.diff(kind[order])) + 1]
    place[order] = np.arange(len(kind)) - np.repeat(starts, np.diff(np.r_[starts, len(kind)]))
    few = place < max(40, may.shape[1] // 4)
    return np.argwhere(may & few[:, None]).astype(np.int64)
