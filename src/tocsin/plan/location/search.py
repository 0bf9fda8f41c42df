"""Maximal covering for problems of any size: a proven bound first, then columns fixed by it, then search and merging.

The order: prices of rows by subgradient (a bound close to the linear relaxation's at a fraction of its time); columns
that the bound and the best plan together rule out or force are fixed; branch and bound on what is left when that is
little; otherwise annealing from several seeds, whose plans are merged by branch and bound over the columns any of them
used. Everything is decided by counts of work, not by the clock, so that the same data and seed give the same plan;
the clock only stops it early, and the method then says so.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from tocsin.plan.location.exact import Answer, exact_cover
from tocsin.plan.location.model import Flags, Floats, Group, Ints
from tocsin.plan.location.reduce import Reduced, dominated_columns, merge_rows

SMALL_NONZEROS = 20_000  # below this, branch and bound first: it mostly closes at once
FEW_COLUMNS = 450  # branch and bound on what is left after fixing, when no more columns than this are free
RUNS = 4  # annealing runs a round, merged at its end
MOVES = 2_500_000  # exchanges a run
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
        bound, rate, step_size, met, _, choice, score = self._loops.relax(
            *self._at,
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
        )
        if self.whole:
            bound = float(np.floor(bound + 1e-6))
        state.bound = min(state.bound, max(bound, state.value))
        state.rate, state.step_size, state.score = rate, step_size, score
        if met > state.value:
            self.offer(choice.astype(bool))

    def anneal(self, moves: int, runs: int, number: int, warm: float, threads: int) -> list[Flags]:
        """Annealing from the best plan with `runs` seeds; `number` counts rounds, `warm` scales the temperature."""
        mean = max(self.state.value, 1e-9) / max(1, int(self.state.taken.sum()))
        start = self.state.taken.astype(np.int8)

        def one(run: int) -> Flags:
            _, found = self._loops.anneal(
                *self._at,
                self.weight,
                self.group_of,
                self.most,
                self.cost,
                self.budget,
                start,
                mean * HOT * warm,
                mean * COLD,
                moves,
                (self.seed * 1009 + number) * 64 + run,
            )
            return np.asarray(found, dtype=bool)

        if threads > 1 and runs > 1:
            with ThreadPoolExecutor(threads) as pool:
                return list(pool.map(one, range(runs)))
        return [one(run) for run in range(runs)]

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

    def solve_over(self, free: Flags, into: Flags, seconds: float, nodes: int | None = None) -> Answer:
        """Branch and bound over the free columns, with others forced; `chosen` counts in this problem's columns."""
        forced = np.flatnonzero(into)
        covered = np.asarray(self.cover[:, forced].sum(axis=1)).ravel() > 0
        left = np.flatnonzero(free & ~into)
        rest = merge_rows(self.cover[:, left].tocsr(), self.weight, covered)
        groups = [
            Group(str(g), np.flatnonzero(self.group_of[left] == g), int(most - np.sum(self.group_of[forced] == g)))
            for g, most in enumerate(self.most)
        ]
        spare = self.budget - float(self.cost[forced].sum())
        answer = exact_cover(rest, groups, self.cost[left], spare, seconds, nodes)
        chosen = tuple(sorted([*forced.tolist(), *left[list(answer.chosen)].tolist()]))
        return replace(answer, chosen=chosen)

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

    def left() -> float:
        return seconds - (time.monotonic() - begun)

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
    search.lower_bound(400)
    how = "subgradient bound"
    # a first short search, so that the bound has something to fix columns with
    if not search.closed(gap):
        for plan in search.anneal(MOVES // 10, 2, 0, 1.0, threads):
            search.offer(plan)
        search.lower_bound(4000)
        how = "annealing, subgradient bound"
    tried = -1.0
    rounds = max(1, int(seconds / 2))
    for number in range(1, rounds + 1):
        if search.closed(gap) or left() <= 0:
            break
        plans = search.anneal(
            MOVES // 4 if number == 1 else MOVES, RUNS, number, 0.4 if number % 3 == 0 else 1.0, threads
        )
        union = search.state.taken.copy()
        for plan in plans:
            union |= plan
            search.offer(plan)
        if left() <= 0:
            break
        merged = search.solve_over(union, np.zeros(len(union), dtype=bool), max(0.5, min(left(), 2.0)), 100)
        if merged.chosen:
            search.offer(search.marks(merged.chosen))
        how = "annealing merged by branch and bound, subgradient bound"
        out, into = search.fixed()
        if not search.closed(gap) and left() > 0 and (~out & ~into).sum() <= FEW_COLUMNS and search.state.value > tried:
            tried = search.state.value
            closing = search.solve_over(~out, into, max(1.0, 0.5 * left()))
            search.offer(search.marks(closing.chosen))
            # outside the free columns nothing beats the plan known; inside nothing beats the bound just found
            search.state.bound = min(search.state.bound, max(closing.bound, search.state.value))
            if search.closed():
                how += ", columns fixed, branch and bound"
        if number % 3 == 0:
            search.lower_bound(2000)
    if not search.closed(gap) and left() <= 0:
        how += ", stopped by the clock (a faster machine may find more)"
    state = search.state
    chosen = tuple(int(j) for j in search.columns[np.flatnonzero(state.taken)])
    return Answer(chosen, small.always + state.value, small.always + max(state.bound, state.value), how)
