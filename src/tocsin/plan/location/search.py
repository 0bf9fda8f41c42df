"""Maximal covering for problems of any size: a proven bound first, then columns fixed by it, then search and merging.

The order: prices of rows by subgradient (a bound close to the linear relaxation's at a fraction of its time); columns
that the bound and the best plan together rule out or force are fixed; a branch and bound of our own with the same kind
of bound on what is left when that is little; otherwise annealing from several plans and seeds, and the plans merged by
branch and bound over the columns any of them used. Everything is decided by counts of work, not by the clock, so that
the same data and seed give the same plan; the clock only stops it early, and the method then says so.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from tocsin.plan.location.exact import Answer, exact_cover
from tocsin.plan.location.model import Flags, Floats, Group, Ints
from tocsin.plan.location.reduce import Reduced, dominated_columns, merge_rows

SMALL_NONZEROS = 20_000  # below this, branch and bound first: it mostly closes at once
FEW_COLUMNS = 450  # branch and bound on what is left after fixing, when no more columns than this are free
RUNS = 4  # annealing runs a round, merged at its end
MOVES = 2_500_000  # exchanges a run
ROUNDS_A_SECOND = 0.7  # rounds of annealing that are worth while for each second allowed
ROOT_STEPS, NODE_STEPS = 3000, 100  # subgradient steps at the first node of branch and bound and at the others
TURN = 24  # nodes that each of two threads works through before they tell each other what they found
WAITING = 2000  # open nodes kept before the latest goes first
ENTRIES_A_SECOND = 200_000_000  # entries of the cover matrix that subgradient steps read in a second, about
HOT, COLD = 0.03, 0.003  # temperatures, as shares of the mean weight a chosen column covers


@dataclass
class _State:
    """What is known so far about one problem."""

    taken: Flags
    value: float
    bound: float
    price: Floats
    rate: float
    step_size: float
    score: Floats


@dataclass
class _Tree:
    """Nodes that wait for one thread: a status a column, prices, a rate and a bound each; and what it found."""

    status: Any
    price: Any
    rate: Floats
    bound: Floats
    best: Any
    top: int = 0
    value: float = 0.0
    done: int = 0


def _share_nodes(trees: Sequence[_Tree]) -> None:
    """Give a thread that has nothing to do every second node of the other, and let both be alike when they differ."""
    poor, rich = sorted(trees, key=lambda t: t.top)
    if rich.top < 2 or rich.top - poor.top < max(2, rich.top // 2):
        return
    order = np.argsort(-rich.bound[: rich.top], kind="stable")
    go = np.sort(order[1::2])
    stay = np.setdiff1d(np.arange(rich.top), go)
    for name in ("status", "price", "rate", "bound"):
        mine, theirs = getattr(rich, name), getattr(poor, name)
        theirs[poor.top : poor.top + len(go)] = mine[go]
        mine[: len(stay)] = mine[stay]
    poor.top, rich.top = poor.top + len(go), len(stay)


class CoverSearch:
    """One problem without dominated columns, in the arrays the compiled loops want."""

    def __init__(self, small: Reduced, groups: Sequence[Group], cost: Floats, budget: float, seed: int) -> None:
        from tocsin.plan.location import loops

        self._loops = loops
        group_of = np.full(small.cover.shape[1], -1, dtype=np.int64)
        for number, group in enumerate(groups):
            group_of[group.members] = number
        useless = dominated_columns(small.cover, cost, group_of) | (group_of < 0)
        self.columns: Ints = np.flatnonzero(~useless)
        merged = merge_rows(small.cover[:, self.columns].tocsr(), small.weight)
        self.cover: csr_matrix = merged.cover
        self.cover.sort_indices()
        self.weight = merged.weight
        by_column = self.cover.tocsc()
        self._at = tuple(
            a.astype(np.int32) for a in (self.cover.indptr, self.cover.indices, by_column.indptr, by_column.indices)
        )
        self.group_of = group_of[self.columns]
        self.most = np.array([g.most for g in groups], dtype=np.int64)
        self.cost = np.ascontiguousarray(cost[self.columns])
        self.budget = float(budget)
        self.seed = seed
        self.whole = bool(np.all(self.weight == np.round(self.weight)))
        self.stop = np.zeros(1, dtype=np.int8)  # set to 1 to stop compiled loops before their work is done
        start = loops.greedy(*self._at[2:], self.weight, self.group_of, self.most, self.cost, self.budget)
        self.state = _State(
            start.astype(bool),
            self.worth(start),
            float(self.weight.sum()),
            self.weight * 0.5,
            0.0,
            1.0,
            np.zeros(len(self.columns)),
        )

    def worth(self, taken: Flags) -> float:
        """Weight the columns marked cover."""
        reached = np.asarray(self.cover[:, np.flatnonzero(taken)].sum(axis=1)).ravel() > 0
        return float(self.weight[reached].sum())

    def offer(self, taken: Flags) -> bool:
        """Take a plan if it beats the best known; say whether it did."""
        value = self.worth(taken)
        if value > self.state.value * (1 + 1e-12):
            self.state.taken, self.state.value = np.asarray(taken, dtype=bool).copy(), value
            return True
        return False

    def closed(self, gap: float = 0.0) -> bool:
        """Whether the best plan is proven to be the optimum, or within a share `gap` of it."""
        return self.state.bound <= self.state.value * (1 + max(gap, 1e-9))

    def lower_bound(self, steps: int) -> None:
        """Continue the subgradient steps from where they stopped."""
        state = self.state
        # with whole weights, a bound below value + 1 is proof enough
        enough = state.value + (1 - 1e-6 if self.whole else 0.0)
        bound, rate, step_size, met, _, choice, score, _ = self._loops.relax(
            *self._at[2:],
            self.weight,
            self.group_of,
            self.most,
            self.cost,
            self.budget,
            state.value,
            state.price,
            state.rate,
            steps,
            max(state.step_size, 0.05),
            60,
            enough,
            self.stop,
        )
        if self.whole:
            bound = float(np.floor(bound + 1e-6))
        state.bound = min(state.bound, max(bound, state.value))
        state.rate, state.step_size, state.score = rate, step_size, score
        if met > state.value:
            self.offer(choice.astype(bool))

    def anneal(
        self, moves: int, starts: Sequence[Flags], number: int, warm: float = 1.0, threads: int = 2
    ) -> list[Flags]:
        """One annealing run from each start; `number` counts rounds, `warm` scales the temperature."""
        mean = max(self.state.value, 1e-9) / max(1, int(self.state.taken.sum()))

        def one(run: int) -> Flags:
            _, found = self._loops.anneal(
                *self._at,
                self.weight,
                self.group_of,
                self.most,
                self.cost,
                self.budget,
                starts[run].astype(np.int8),
                mean * HOT * warm,
                mean * COLD,
                moves,
                (self.seed * 1009 + number) * 64 + run,
                self.stop,
            )
            return np.asarray(found, dtype=bool)

        if threads > 1 and len(starts) > 1:
            with ThreadPoolExecutor(threads) as pool:
                return list(pool.map(one, range(len(starts))))
        return [one(run) for run in range(len(starts))]

    def fixed(self) -> tuple[Flags, Flags]:
        """Columns that every better plan leaves out, and those that every better plan takes."""
        state, n = self.state, len(self.columns)
        out, into = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        taken = np.zeros(n, dtype=np.int8)
        margin = np.zeros((len(self.most), 2))
        self._loops.pick_best(state.score, self.group_of, self.most, taken, margin)
        least = state.value * (1 + 1e-9) if not self.whole else state.value + 1 - 1e-6
        slack = self._true_bound() - least
        for g in range(len(self.most)):
            here = self.group_of == g
            chosen = here & (taken > 0)
            out |= here & (taken == 0) & (margin[g, 0] - state.score > slack)
            into |= chosen & (state.score - margin[g, 1] > slack)
        return out, into

    def _true_bound(self) -> float:
        """The bound that belongs to the scores kept, before rounding."""
        state = self.state
        taken, margin = np.zeros(len(self.columns), dtype=np.int8), np.zeros((len(self.most), 2))
        best = self._loops.pick_best(state.score, self.group_of, self.most, taken, margin)
        extra = state.rate * self.budget if np.isfinite(self.budget) else 0.0
        return float((self.weight - state.price).sum() + best + extra)

    def rest(self, free: Flags, into: Flags) -> tuple[Reduced, list[Group], float, Ints, Ints]:
        """What is left when others are out and some forced: the problem, groups, budget, its columns, those forced."""
        forced = np.flatnonzero(into)
        covered = np.asarray(self.cover[:, forced].sum(axis=1)).ravel() > 0
        left = np.flatnonzero(free & ~into)
        problem = merge_rows(self.cover[:, left].tocsr(), self.weight, covered)
        groups = [
            Group(str(g), np.flatnonzero(self.group_of[left] == g), int(most - np.sum(self.group_of[forced] == g)))
            for g, most in enumerate(self.most)
        ]
        return problem, groups, self.budget - float(self.cost[forced].sum()), left, forced

    def solve_over(self, free: Flags, into: Flags, seconds: float, nodes: int | None = None) -> Answer:
        """Branch and bound (HiGHS) over the free columns, others forced; `chosen` counts in this problem's columns."""
        problem, groups, spare, left, forced = self.rest(free, into)
        answer = exact_cover(problem, groups, self.cost[left], spare, seconds, nodes)
        chosen = tuple(sorted([*forced.tolist(), *left[list(answer.chosen)].tolist()]))
        return replace(answer, chosen=chosen)

    def branch_over(self, free: Flags, into: Flags, seconds: float) -> float:
        """Our own branch and bound over the free columns, others forced, for about so much work; a proven bound.

        A better plan met on the way is taken.
        """
        from tocsin.plan.location.coverbranch import branch_cover

        problem, groups, spare, left, forced = self.rest(free, into)
        state, always, n = self.state, problem.always, len(left)
        if n == 0 or problem.cover.nnz == 0:
            return state.value
        problem.cover.sort_indices()
        by_column = problem.cover.tocsc()
        at = tuple(a.astype(np.int32) for a in (by_column.indptr, by_column.indices))
        most = np.array([g.most for g in groups], dtype=np.int64)
        best = np.zeros(n, dtype=np.int8)
        value, least = state.value - always, (1 - 1e-6 if self.whole else 1e-9 * max(1.0, state.value))
        # a node waits as a status, prices, a rate and a bound; the tree is never deeper than there are columns
        trees = [self._tree(n, problem, WAITING + n + 2) for _ in range(2)]
        first = trees[0]
        first.price[0], first.rate[0], first.bound[0] = problem.weight * 0.5, state.rate, state.bound - always
        first.top = 1

        def work(tree: _Tree, nodes: int, steps: int, step_size: float, patience: int) -> None:
            tree.value, tree.top, tree.done = branch_cover(
                *at, problem.weight, self.group_of[left], most, self.cost[left], spare, value, tree.best, least,
                tree.status, tree.price, tree.rate, tree.bound, tree.top, nodes, steps, WAITING, step_size, patience,
                self.stop,
            )  # fmt: skip

        work(first, 1, ROOT_STEPS, 1.0, 40)
        value, best = first.value, first.best.copy()
        nodes = max(20, int(seconds * ENTRIES_A_SECOND / (NODE_STEPS * problem.cover.nnz)))
        with ThreadPoolExecutor(2) as pool:
            while sum(t.top for t in trees) and nodes > 0 and not self.stop[0]:
                _share_nodes(trees)
                busy = [t for t in trees if t.top]
                turn = min(TURN, nodes)
                list(pool.map(work, busy, [turn] * 2, [NODE_STEPS] * 2, [0.7] * 2, [20] * 2))
                nodes -= sum(t.done for t in busy) or turn
                for tree in busy:  # in their order, not in that of the clock: the same plan each time
                    if tree.value > value:
                        value, best = tree.value, tree.best.copy()
        if best.any():
            self.offer(self.marks([*forced.tolist(), *left[best > 0].tolist()]))
        waits = [float(t.bound[: t.top].max()) for t in trees if t.top]
        return max([state.value, *(w + always for w in waits)])

    @staticmethod
    def _tree(n: int, problem: Reduced, room: int) -> "_Tree":
        return _Tree(
            np.zeros((room, n), dtype=np.int8), np.zeros((room, len(problem.weight)), dtype=np.float32),
            np.zeros(room), np.zeros(room), np.zeros(n, dtype=np.int8),
        )  # fmt: skip

    def marks(self, chosen: Sequence[int]) -> Flags:
        """Columns as flags."""
        found = np.zeros(len(self.columns), dtype=bool)
        found[list(chosen)] = True
        return found


def search_cover(
    small: Reduced,
    groups: Sequence[Group],
    cost: Floats,
    budget: float,
    seed: int,
    seconds: float,
    gap: float = 0.0,
    threads: int = 2,
) -> Answer:
    """Best choice found on a reduced problem, with a proven bound.

    `seconds` sets how many rounds of search are worth while (about one for each two seconds) and stops the work when
    the clock runs over; `gap` is how far from proven is near enough (0: go on until it is proven).
    """
    begun = time.monotonic()
    if small.cover.nnz == 0 or not any(g.most for g in groups):
        return Answer((), small.always, small.always, "nothing left to cover")
    first = None
    if small.cover.nnz <= SMALL_NONZEROS:
        first = exact_cover(small, groups, cost, budget, min(seconds, 5.0))
        if first.bound <= first.value * (1 + 1e-9):
            return first
    search = CoverSearch(small, groups, cost, budget, seed)
    if first is not None:
        search.offer(np.isin(search.columns, first.chosen))
        search.state.bound = min(search.state.bound, first.bound - small.always)
    alarm = threading.Timer(max(0.0, seconds - (time.monotonic() - begun)), search.stop.fill, [1])
    alarm.daemon = True
    alarm.start()
    try:
        how = _rounds(search, seconds, begun, gap, threads)
    finally:
        alarm.cancel()
    state = search.state
    chosen = tuple(int(j) for j in search.columns[np.flatnonzero(state.taken)])
    return Answer(chosen, small.always + state.value, small.always + max(state.bound, state.value), how)


def _rounds(search: CoverSearch, seconds: float, begun: float, gap: float, threads: int) -> str:
    """Search and prove until it is proven, the rounds are done or the clock has run out; say how."""
    state = search.state

    def left() -> float:
        return seconds - (time.monotonic() - begun)

    def go_on() -> bool:
        return not search.closed(gap) and not search.stop[0] and left() > 0

    search.lower_bound(400)
    how = "subgradient bound"
    # a first short search, so that the bound has something to fix columns with
    if go_on():
        for plan in search.anneal(MOVES // 10, [state.taken] * 2, 0, threads=threads):
            search.offer(plan)
        search.lower_bound(4000)
        how = "annealing, subgradient bound"
    tried = -1.0
    starts = [state.taken] * RUNS
    for number in range(1, max(1, int(seconds * ROUNDS_A_SECOND)) + 1):
        if not go_on():
            break
        moves, warm = MOVES // 8 if number == 1 else MOVES, 0.4 if number % 3 == 0 else 1.0
        plans = search.anneal(moves, starts, number, warm, threads)
        union = state.taken.copy()
        for plan in plans:
            union |= plan
            search.offer(plan)
        if not go_on():
            break
        merged = search.solve_over(union, np.zeros(len(union), dtype=bool), max(0.1, min(left(), 2.0)), 100)
        if merged.chosen:
            search.offer(search.marks(merged.chosen))
        how = "annealing merged by branch and bound, subgradient bound"
        # half go on from the best plan, half from where they were, so that not all are drawn to one place
        starts = [state.taken if run < RUNS // 2 or number % 3 == 0 else plans[run] for run in range(RUNS)]
        out, into = search.fixed()
        free = int((~out & ~into).sum())
        if go_on() and free <= FEW_COLUMNS and state.value > tried:
            # outside the free columns nothing beats the plan known; inside nothing beats the bound found there
            tried = state.value
            state.bound = min(state.bound, search.branch_over(~out, into, 0.25 * seconds))
            if go_on():
                out, into = search.fixed()
                closing = search.solve_over(~out, into, max(0.1, 0.5 * left()))
                search.offer(search.marks(closing.chosen))
                state.bound = min(state.bound, max(closing.bound, state.value))
            if search.closed():
                how += ", columns fixed, branch and bound"
        if number % 3 == 0:
            search.lower_bound(2000)
    if not search.closed(gap) and (search.stop[0] or left() <= 0):
        how += ", stopped by the clock (a faster machine may find more)"
    return how
