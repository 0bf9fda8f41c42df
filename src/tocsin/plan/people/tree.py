"""Branch and bound over who goes to which group of posts, each step solved from where its parent ended."""

import heapq
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.plan.people.demands import Demands, Flags, Floats, Ints
from tocsin.plan.people.prices import rows_of
from tocsin.plan.people.simplex import Simplex

WHOLE = 1e-6  # nearer to 0 or 1 counts as settled
ROUNDING = 1e-10  # and nearer than this is never asked about
LOOKED_AT = 8  # questions whose two answers are tried before one is asked
MOST = 300  # branches: a tree that needs more is wide, and cuts narrow it
DIVE_EVERY = 50  # branches solved between two quick looks for an answer
SURE = 0.8  # of going: taken as settled in a quick look
TRIED_STEPS = 40  # steps of each such trial
CLOSED = 1e-9  # of the value: what is no better than this counts as no better

Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Grown:
    """What the tree found.

    Parameters
    ----------
    pairs : list of (int, int) or None
        None when nothing is worth more than what was asked for.
    value : float
    bound : float
        No assignment over the pairs looked at is worth more.
    finished : bool
        False when time ran out.
    nodes : int
        Branches solved.
    seconds : float
    """

    pairs: Pairs | None
    value: float
    bound: float
    finished: bool
    nodes: int
    seconds: float


@dataclass(frozen=True)
class _Node:
    low: Floats
    high: Floats
    must: frozenset[int]  # people who have to serve
    basis: Any


class _Learned:
    """What each question's two answers cost so far, for each unit of what they move."""

    def __init__(self, questions: int) -> None:
        self.sum = np.zeros((2, questions))
        self.times = np.zeros((2, questions))

    def note(self, side: int, question: int, cost: float, moved: float) -> None:
        self.sum[side, question] += cost / moved
        self.times[side, question] += 1

    def known(self, question: int) -> bool:
        return bool(self.times[:, question].min() > 0)

    def guess(self, side: int, questions: Ints, moved: Floats) -> Floats:
        all_of = self.sum[side].sum() / max(1.0, self.times[side].sum())
        times = self.times[side, questions]
        return np.asarray(np.where(times > 0, self.sum[side, questions] / np.maximum(times, 1), all_of) * moved)


class Tree:
    """The best assignment over some pairs that is worth more than a floor.

    Posts in exactly the same groups are one cell: once it is settled who goes to which cell, demands are settled too,
    and who takes which post of it is an assignment. A question is therefore whether somebody goes to a cell. A branch
    is left when its prices bound it below the best answer; that bound is computed from the prices and the data, not
    taken from the solver.

    Parameters
    ----------
    worth : ndarray, shape (n_people, n_posts)
    at : ndarray, shape (n_pairs, 2)
        Pairs (person, post) looked at.
    demands : Demands
    used : ndarray of bool, shape (n_demands,)
        Demands to write in from the start; others when an answer breaks them.
    floor : float
        Only answers worth more are looked for.
    """

    def __init__(self, worth: Floats, at: Ints, demands: Demands, used: Flags, floor: float) -> None:
        self.worth, self.at, self.demands = worth, at, demands
        self.order = np.flatnonzero(used)
        self.best: Pairs | None = None
        self.value = floor
        n, m = worth.shape
        rows = rows_of(at, (n, m), demands.only(self.order))
        limit = np.r_[np.ones(n + m), demands.limit[self.order]]
        self.program = Simplex(worth[at[:, 0], at[:, 1]], rows, limit)
        cell = demands.cells[at[:, 1]]
        # One question for each person and cell; pairs of a question lie together.
        self.asks, self.question = np.unique(at[:, 0] * (cell.max(initial=0) + 1) + cell, return_inverse=True)
        self.who = self.asks // (cell.max(initial=0) + 1)
        self.cell = self.asks % (cell.max(initial=0) + 1)
        by_question, by_person = np.argsort(self.question, kind="stable"), np.argsort(at[:, 0], kind="stable")
        self.pairs_of = np.split(by_question, np.cumsum(np.bincount(self.question))[:-1])
        self.pairs_with = np.split(by_person, np.cumsum(np.bincount(at[:, 0], minlength=n))[:-1])
        self.learned = _Learned(len(self.asks))
        self.left = -np.inf  # the best bound of any branch that was left

    def grow(self, seconds: float, most: int = MOST) -> Grown:
        """Search until nothing is open, time is over, or `most` branches are solved."""
        begun = time.monotonic()
        program = self.program
        program.bounds(np.zeros(len(self.at)), np.ones(len(self.at)))
        program.solve(first=True)
        root = _Node(program.low, program.high, frozenset(), program.basis())
        open_: list[tuple[float, int, _Node]] = [(-program.bound(program.prices())[0], 0, root)]
        made = nodes = 0
        over, finished = self.value, True
        while open_ and -open_[0][0] > self._good_enough:
            if nodes % DIVE_EVERY == 0:
                self._dive(open_[0][2])
            left = seconds - (time.monotonic() - begun)
            over = -open_[0][0]
            if left <= 0 or nodes >= most:
                finished = False
                break
            # The best branch first: whatever is known of answers, only branches better than the best one are solved.
            nodes += 1
            for bound, answer in self._ask(heapq.heappop(open_)[2]):
                made += 1
                heapq.heappush(open_, (-bound, made, answer))
            over = -open_[0][0] if open_ else self.value
        over = max(self.value, self.left, over)
        return Grown(self.best, self.value, over, finished, nodes, time.monotonic() - begun)

    def cut(self, seconds: float) -> Grown:
        """The same in whole numbers at once, by HiGHS's own search with cuts: for trees that grow too wide."""
        begun, over = time.monotonic(), np.inf
        while True:
            program = Simplex(self.program.gain, self.program.rows, self.program.limit)
            shares, bound, finished = program.whole(max(0.1, seconds - (time.monotonic() - begun)), -1.0)
            over = min(over, max(bound, self.value))
            if shares is None or self._take(self._going(shares)):
                return Grown(self.best, self.value, over, finished, 0, time.monotonic() - begun)

    @property
    def _good_enough(self) -> float:
        return self.value + CLOSED * max(1.0, abs(self.value))

    def _no_better(self, bound: float) -> bool:
        """Leave a branch whose bound is no better than what is found."""
        if bound > self._good_enough:
            return False
        self.left = max(self.left, bound)
        return True

    def _ask(self, node: _Node) -> list[tuple[float, _Node]]:
        """Solve a node; its open answers, the better first."""
        program = self.program
        while True:
            program.bounds(node.low, node.high, node.must)
            if not program.solve(node.basis, enough=self.value):
                return []
            bound, over = program.bound(program.prices())
            if self._no_better(bound):
                return []
            going = self._going(program.shares())
            between = _between(going, WHOLE)
            if len(between):
                break
            if self._take(going):
                between = _between(going, ROUNDING)
                if self._no_better(bound) or not len(between):
                    self.left = max(self.left, bound)
                    return []
                break
        # Pairs that cost more than there is room for are settled below this node.
        room = bound - self.value
        high = np.where((over < -room) & (node.low < 0.5), 0.0, node.high)
        low = np.where((over > room) & (node.high > 0.5), 1.0, node.low)
        here = _Node(low, high, node.must, program.basis())
        question, bounds = self._choose(here, going, between, bound)
        answers = [(bounds[side], self._answer(here, question, side)) for side in (0, 1)
                   if not self._no_better(bounds[side])]  # fmt: skip
        return sorted(answers, key=lambda a: -a[0])

    def _take(self, going: Floats) -> bool:
        """Keep the answer where all is settled if it is the best so far; False when it breaks demands not written in.

        These are then written in.
        """
        found = self._settle(going > 0.5)
        new = self.demands.broken(found)
        new[self.order] = False
        if new.any():
            some = np.flatnonzero(new)
            rows = self.demands.only(some).of_pairs(self.at).T.tocsr()
            self.program.add_rows(rows, self.demands.limit[some])
            self.order = np.r_[self.order, some]
            return False
        value = float(self.worth[found[:, 0], found[:, 1]].sum())
        if value > self.value:
            self.best, self.value = [(int(i), int(j)) for i, j in found], value
        return True

    def _dive(self, node: _Node) -> None:
        """Look for an answer quickly: settle what is nearly settled, solve, and so on; no way back."""
        program = self.program
        while True:
            program.bounds(node.low, node.high, node.must)
            if not program.solve(node.basis, enough=self.value):
                return
            if program.bound(program.prices())[0] <= self._good_enough:
                return
            going = self._going(program.shares())
            between = _between(going, WHOLE)
            if not len(between):
                if self._take(going):
                    return
                continue
            sure = between[going[between] > SURE]
            node = _Node(node.low, node.high, node.must, program.basis())
            for question in sure if len(sure) else between[[int(np.argmax(going[between]))]]:
                node = self._answer(node, int(question), 1)

    def _going(self, shares: Floats) -> Floats:
        """How much of each person goes to each cell."""
        return np.asarray(np.bincount(self.question, shares, len(self.asks)), dtype=np.float64)

    def _choose(self, here: _Node, going: Floats, between: Ints, bound: float) -> tuple[int, tuple[float, float]]:
        """The question whose answers both cost most, and what each bounds."""
        program, room = self.program, bound - self.value
        moved = (going[between], 1 - going[between])
        guess = [np.maximum(self.learned.guess(side, between, moved[side]), 1e-6) for side in (0, 1)]
        first = np.argsort(-(guess[0] * guess[1] + 1e-12 * np.minimum(*moved)), kind="stable")
        best, question, bounds = -1.0, int(between[first[0]]), (bound, bound)
        for k in first[:LOOKED_AT]:
            asked = int(between[k])
            known = self.learned.known(asked)
            tried = [bound, bound]
            costs = [float(guess[side][k]) for side in (0, 1)]
            if not known:
                for side in (0, 1):
                    answer = self._answer(here, asked, side)
                    program.bounds(answer.low, answer.high, answer.must)
                    able = program.solve(answer.basis, most=TRIED_STEPS, enough=self.value)
                    tried[side] = min(bound, program.bound(program.prices())[0]) if able else -np.inf
                    costs[side] = min(bound - tried[side], room)
                    self.learned.note(side, asked, costs[side], float(moved[side][k]))
            score = max(min(costs[0], room), 1e-7) * max(min(costs[1], room), 1e-7)
            if score > best:
                best, question, bounds = score, asked, (tried[0], tried[1])
                if any(t <= self.value for t in tried):
                    break
        return question, bounds

    def _answer(self, here: _Node, question: int, side: int) -> _Node:
        """The node where somebody does not go to a cell (side 0), or does and serves there (side 1)."""
        high, must = here.high.copy(), here.must
        if side == 0:
            high[self.pairs_of[question]] = 0.0
        else:
            person = int(self.who[question])
            elsewhere = self.pairs_with[person]
            high[elsewhere[self.question[elsewhere] != question]] = 0.0
            must = must | {person}
        return _Node(np.minimum(here.low, high), high, must, here.basis)

    def _settle(self, going: Flags) -> Ints:
        """The best assignment of everybody who goes, to a post of the cell they go to."""
        from scipy.optimize import linear_sum_assignment

        people = np.unique(self.who[going])
        row = np.full(len(self.worth), -1)
        row[people] = np.arange(len(people))
        some = self.at[going[self.question]]
        value = np.full((len(people), self.worth.shape[1]), -1e3 * (1.0 + float(self.worth.max())))
        value[row[some[:, 0]], some[:, 1]] = self.worth[some[:, 0], some[:, 1]]
        rows, posts = linear_sum_assignment(value, maximize=True)
        return np.column_stack([people[rows], posts]).astype(np.int64)


def _between(going: Floats, near: float) -> Ints:
    return np.flatnonzero((going > near) & (going < 1 - near))
