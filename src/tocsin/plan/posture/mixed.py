"""The mixed-integer model behind a posture: options, what they reach, and the aims; solved by HiGHS.

Units that are alike share their columns (`alike`), cells that the same options reach share a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from tocsin.plan.location.reduce import same_rows
from tocsin.plan.posture.alike import alike, owners
from tocsin.plan.posture.model import Demand, Floats, Goals, Ints, Problem


@dataclass(frozen=True)
class Solved:
    """Status (0 solved, 1 limit, 2 infeasible), the options chosen (None: none found) and a proven bound."""

    status: int
    chosen: tuple[int, ...] | None
    bound: float


@dataclass(frozen=True)
class _Block:
    """Rows over some of the columns: least ≤ matrix · columns ≤ most."""

    matrix: csr_matrix
    columns: Ints
    least: Floats
    most: Floats


def areas_of(problem: Problem) -> list[int]:
    """Areas in which deaths are expected."""
    mean = problem.draws.mean(axis=0)
    return [int(a) for a in np.unique(problem.areas[problem.areas >= 0]) if mean[problem.areas == a].sum() > 0]


class Mixed:
    """One problem, with what is wanted and the limits on aims; demands are given when it is solved."""

    def __init__(self, problem: Problem, goals: Goals, limits: dict[str, float]) -> None:
        self.problem, self.alike = problem, alike(problem)
        self.n = self.alike.n_columns
        self.n_columns = self.n
        self._cost: list[Floats] = [np.zeros(self.n)]
        self._upper: list[Floats] = [self.alike.most]
        self._whole: list[Floats] = [np.ones(self.n)]
        self._blocks: list[_Block] = []
        self._mean = problem.draws.mean(axis=0)
        self.constant = goals.harm * (1.0 if self._mean.sum() > 0 else 0.0)
        self._reach(goals, exactly=goals.spread > 0 or "spread" in limits)
        if "harm" in limits:
            self._row(self._folded(self._mean / self._mean.sum()), self._reached, 1 - limits["harm"], np.inf)
        if goals.worst_area > 0 or goals.spread > 0 or "worst_area" in limits or "spread" in limits:
            self._areas(goals, limits)
        if goals.tail > 0 or "tail" in limits:
            self._worst_draws(goals.tail, limits.get("tail", np.inf))
        for name in ("cost", "flying_hours", "moves"):
            amount = np.array([float(getattr(problem.options[j], name)) for j in self.alike.first])
            self._cost[0] = self._cost[0] + getattr(goals, name) * amount
            if name in limits:
                self._row(csr_matrix(amount[None, :]), np.arange(self.n), -np.inf, limits[name])
        rows, most = self.alike.once()
        self._blocks.append(_Block(rows, np.arange(self.n), np.full(len(most), -np.inf), most))

    def _reach(self, goals: Goals, exactly: bool) -> None:
        """Columns for how far each group of cells is reached in each tier.

        Reaching more is mostly better, and what is reached is then never counted as less. Where less may look better
        (a small spread by neglect of the best-off area) it is counted `exactly`.
        """
        self._groups: list[tuple[Ints, Ints, int, float]] = []  # cells used, their groups, how many groups, the share
        columns = []
        worth = self._mean / (self._mean.sum() or 1.0)
        for cover, share, backup in self.problem.tiers:
            pattern = self.alike.folded(cover.tocsr().astype(float))
            use = np.flatnonzero((self._mean > 0) & (np.diff(pattern.indptr) > 0))
            rows = pattern[use]
            rows.data[:] = 1.0
            rows.sort_indices()
            first, group = same_rows(rows) if len(use) else (np.empty(0, np.int64), np.empty(0, np.int64))
            rows, m = rows[first], len(first)
            at = self._add(
                m, -goals.harm * share * np.bincount(group, worth[use], m).astype(np.float64), backup or exactly
            )
            eye = csr_matrix((np.ones(m), (np.arange(m), np.arange(m))), shape=(m, m))
            if backup:
                # z ≤ times reached - 1, through "reached at all" ≥ z; z is yes or no, for half a back-up is none
                once = self._add(m, np.zeros(m), exactly)
                self._row(hstack([rows, -eye, -eye]), np.concatenate([np.arange(self.n), once, at]), 0, np.inf)
                self._row(hstack([eye, -eye]), np.concatenate([once, at]), 0, np.inf)
            else:
                self._row(hstack([rows, -eye]), np.concatenate([np.arange(self.n), at]), 0, np.inf)
            if exactly:
                self._counted(rows, at, backup)
            self._groups.append((use, group, m, share))
            columns.append(at)
        self._reached: Ints = np.concatenate(columns)

    def _counted(self, rows: csr_matrix, at: Ints, backup: bool) -> None:
        """Each group of cells that is reached (twice for a back-up) counts as reached, wanted or not."""
        m, n = rows.shape
        if backup:
            most = np.maximum(rows @ self.alike.most - 1, 1)
            width = csr_matrix((most, (np.arange(m), np.arange(m))), shape=(m, m))
            self._row(hstack([rows, -width]), np.concatenate([np.arange(n), at]), -np.inf, 1)
            return
        group, column = rows.nonzero()
        entries = np.arange(len(group))
        taken = csr_matrix((np.ones(len(group)), (entries, column)), (len(group), n))
        width = csr_matrix((self.alike.most[column], (entries, group)), (len(group), m))
        self._row(hstack([taken, -width]), np.concatenate([np.arange(n), at]), -np.inf, 0)

    def _folded(self, worth: Floats) -> csr_matrix:
        """What cells are worth, shape (…, n_cells), as what groups of cells are worth in each tier."""
        rows = np.atleast_2d(worth)
        parts = []
        for use, group, m, share in self._groups:
            sums = csr_matrix((np.ones(len(use)), (np.arange(len(use)), group)), (len(use), m))
            parts.append(csr_matrix(share * rows[:, use]) @ sums)
        return hstack(parts, format="csr")

    def _areas(self, goals: Goals, limits: dict[str, float]) -> None:
        areas, mean = areas_of(self.problem), self._mean
        if not areas:
            return
        block = self._folded(
            np.array([np.where(self.problem.areas == a, mean / mean[self.problem.areas == a].sum(), 0) for a in areas])
        )
        ones = np.ones(1)
        worst, best = self._add(1, ones * (goals.worst_area + goals.spread)), self._add(1, -ones * goals.spread)
        every = csr_matrix(np.ones((len(areas), 1)))
        # worst ≥ 1 - reached in every area, best ≤ 1 - reached
        self._row(hstack([block, every]), np.concatenate([self._reached, worst]), 1, np.inf)
        self._row(hstack([block, every]), np.concatenate([self._reached, best]), -np.inf, 1)
        if "worst_area" in limits:
            self._row(csr_matrix(np.ones((1, 1))), worst, -np.inf, limits["worst_area"])
        if "spread" in limits:
            self._row(csr_matrix(np.array([[1.0, -1.0]])), np.concatenate([worst, best]), -np.inf, limits["spread"])

    def _worst_draws(self, goal: float, most: float) -> None:
        """The mean of the worst draws as a linear program (Rockafellar and Uryasev 2000, Journal of Risk 2, 21-41)."""
        total = self.problem.draws.sum(axis=1)
        n = len(total)
        weight = 1 / (n * (1 - self.problem.tail_share))
        least, over = self._add(1, np.full(1, goal)), self._add(n, np.full(n, goal * weight))
        block = self._folded(self.problem.draws / np.maximum(total, 1e-300)[:, None])
        eye = csr_matrix((np.ones(n), (np.arange(n), np.arange(n))), shape=(n, n))
        joined = np.concatenate([self._reached, least, over])
        self._row(hstack([block, csr_matrix(np.ones((n, 1))), eye]), joined, np.where(total > 0, 1.0, 0.0), np.inf)
        if np.isfinite(most):
            line = csr_matrix(np.concatenate([[1.0], np.full(n, weight)])[None, :])
            self._row(line, np.concatenate([least, over]), -np.inf, most)

    def _add(self, count: int, cost: Floats, whole: bool = False) -> Ints:
        at = np.arange(self.n_columns, self.n_columns + count)
        self.n_columns += count
        self._cost.append(np.asarray(cost, dtype=float))
        self._upper.append(np.ones(count))
        self._whole.append(np.full(count, float(whole)))
        return at

    def _row(self, matrix: csr_matrix, columns: Ints, least: float | Floats, most: float | Floats) -> None:
        rows = matrix.shape[0]
        self._blocks.append(
            _Block(csr_matrix(matrix), columns, np.broadcast_to(least, rows), np.broadcast_to(most, rows))
        )

    def _demanded(self, demands: Sequence[Demand]) -> list[_Block]:
        """Demands over columns: those on one unit alone count over all units that are alike."""
        rows_of = self.problem.by_unit
        class_of = {name: names for names in self.alike.units for name in names}
        blocks = []
        for demand in demands:
            if not demand.rows.shape[0]:
                continue
            given = demand.rows.tocsr()
            kept, rows, least, most = [], [], [], []
            for r, name in enumerate(owners(demand, rows_of)):
                if name is None or len(class_of[name]) == 1:
                    kept.append(r)
                elif name == class_of[name][0]:
                    factor, size = float(given[r].data[0]), len(class_of[name])
                    none, one = (demand.least[r] <= v <= demand.most[r] for v in (0.0, factor))
                    rows.append(sorted({c for other in class_of[name] for c in self.alike.options_of[other]}))
                    least.append(0.0 if none else float(size))
                    most.append(float(size) if one else 0.0)
            if kept:
                folded = self.alike.folded(given[kept])
                blocks.append(_Block(folded, np.arange(self.n), demand.least[kept], demand.most[kept]))
            if rows:
                blocks.append(_Block(self.alike.sums(rows), np.arange(self.n), np.array(least), np.array(most)))
        return blocks

    def solve(self, demands: Sequence[Demand], seconds: float) -> Solved:
        """The best choice that meets these demands, or the best found in about this long with a proven bound."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        blocks = [*self._blocks, *self._demanded(demands)]
        wide = []
        for block in blocks:
            count = len(block.columns)
            spread = csr_matrix((np.ones(count), (np.arange(count), block.columns)), (count, self.n_columns))
            wide.append(block.matrix @ spread)
        solved = milp(
            np.concatenate(self._cost),
            constraints=LinearConstraint(
                vstack(wide, format="csc"),
                np.concatenate([b.least for b in blocks]),
                np.concatenate([b.most for b in blocks]),
            ),
            bounds=Bounds(0, np.concatenate(self._upper)),
            integrality=np.concatenate(self._whole),
            options={"time_limit": seconds, "mip_rel_gap": 1e-9},
        )
        bound = -np.inf if solved.mip_dual_bound is None else float(solved.mip_dual_bound)
        chosen = None if solved.x is None else self.alike.options(solved.x[: self.n])
        return Solved(int(solved.status), chosen, bound + self.constant)
