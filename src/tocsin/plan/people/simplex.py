"""A linear program that is solved again and again, each time from where the last one ended."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_matrix, csr_matrix

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NO_LIMIT = 2**31 - 1
PRIMAL = 4  # HiGHS's number for the primal simplex; 1 is the dual one
DEVEX = 1  # pricing whose weights cost nothing to start with: a warm start is then twice as fast as with exact ones


class Simplex:
    """Most value over ``0 <= x <= 1`` and rows ``A x <= limit``; rows and columns may be added.

    Parameters
    ----------
    gain : ndarray, shape (n_columns,)
    rows : sparse matrix, shape (n_rows, n_columns)
    limit : ndarray, shape (n_rows,)
    """

    def __init__(self, gain: Floats, rows: csr_matrix, limit: Floats) -> None:
        import highspy

        self._names: Any = highspy
        self._solver: Any = self._names.Highs()
        self._option("output_flag", False)
        self._option("threads", 1)
        self._option("simplex_dual_edge_weight_strategy", DEVEX)
        self.gain, self.rows, self.limit = gain, csr_matrix(rows), np.asarray(limit, dtype=np.float64)
        self.low, self.high = np.zeros(len(gain)), np.ones(len(gain))
        self.must: frozenset[int] = frozenset()
        made = self._names.HighsLp()
        made.num_col_, made.num_row_ = len(gain), len(limit)
        made.col_cost_, made.col_lower_, made.col_upper_ = -gain, self.low, self.high
        made.row_lower_, made.row_upper_ = np.full(len(limit), -np.inf), self.limit
        by_column = csc_matrix(self.rows)
        made.a_matrix_.format_ = self._names.MatrixFormat.kColwise
        made.a_matrix_.num_col_, made.a_matrix_.num_row_ = len(gain), len(limit)
        made.a_matrix_.start_ = by_column.indptr
        made.a_matrix_.index_, made.a_matrix_.value_ = by_column.indices, by_column.data
        self._solver.passModel(made)

    def _option(self, name: str, value: object) -> None:
        self._solver.setOptionValue(name, value)

    def add_columns(self, gain: Floats, rows: csr_matrix, high: float = 1.0) -> None:
        """Further columns; `rows` is their part of the matrix, shape (n_rows, n_new)."""
        n, part = len(gain), csc_matrix(rows)
        self._solver.addCols(n, -gain, np.zeros(n), np.full(n, high), part.nnz, part.indptr[:-1].astype(np.int32),
                             part.indices.astype(np.int32), part.data.astype(np.float64))  # fmt: skip
        self.gain = np.r_[self.gain, gain]
        self.low, self.high = np.r_[self.low, np.zeros(n)], np.r_[self.high, np.full(n, high)]
        self.rows = csr_matrix(_beside(self.rows, part))

    def add_rows(self, rows: csr_matrix, limit: Floats) -> None:
        """Further rows, shape (n_new, n_columns)."""
        from scipy.sparse import vstack

        n = len(limit)
        self._solver.addRows(n, np.full(n, -np.inf), limit, rows.nnz, rows.indptr[:-1].astype(np.int32),
                             rows.indices.astype(np.int32), rows.data.astype(np.float64))  # fmt: skip
        self.rows, self.limit = csr_matrix(vstack([self.rows, rows])), np.r_[self.limit, limit]

    def bounds(self, low: Floats, high: Floats, must: frozenset[int] = frozenset()) -> None:
        """Set the bounds of all columns, and which rows must be met exactly."""
        self.low, self.high = low, high
        self._solver.changeColsBounds(len(low), np.arange(len(low), dtype=np.int32), low, high)
        for row in self.must - must:
            self._solver.changeRowBounds(row, -np.inf, float(self.limit[row]))
        for row in must - self.must:
            self._solver.changeRowBounds(row, float(self.limit[row]), float(self.limit[row]))
        self.must = must

    def basis(self) -> Any:
        """Where the last solution ended; for `solve`."""
        return self._solver.getBasis()

    def solve(self, basis: Any = None, *, most: int = NO_LIMIT, enough: float = -np.inf, first: bool = False,
              primal: bool = False) -> bool:  # fmt: skip
        """Solve, from `basis` if given; False when nothing meets all rows.

        Parameters
        ----------
        most : int
            Steps after which to stop; the prices bound the value all the same.
        enough : float
            Stop once no answer is worth more than this.
        first : bool
            Nothing is known yet: solve from nothing, with presolve and interior points.
        primal : bool
            The last solution is still allowed, and may no longer be best (columns came).
        """
        if basis is not None:
            if len(basis.row_status) < len(self.limit):  # rows came since: their slack is basic
                new = [self._names.HighsBasisStatus.kBasic] * (len(self.limit) - len(basis.row_status))
                basis.row_status = [*basis.row_status, *new]
            self._solver.setBasis(basis)
        self._option("presolve", "choose" if first else "off")
        self._option("solver", "ipm" if first else "simplex")
        self._option("simplex_strategy", PRIMAL if primal else 1)
        self._option("simplex_iteration_limit", most)
        self._option("objective_bound", -enough if np.isfinite(enough) else np.inf)
        self._solver.run()
        return bool(self._solver.getModelStatus() != self._names.HighsModelStatus.kInfeasible)

    def whole(self, seconds: float, enough: float) -> tuple[Floats | None, float, bool]:
        """Solve in whole numbers by HiGHS's own branch and bound with cuts; only answers worth more than `enough`.

        Returns
        -------
        (shares, bound, finished)
            None where nothing was found; the bound is minus infinity where nothing worth more can be.
        """
        n = len(self.gain)
        kinds = np.full(n, int(self._names.HighsVarType.kInteger), dtype=np.uint8)
        self._solver.changeColsIntegrality(n, np.arange(n, dtype=np.int32), kinds)
        self._solver.clearSolver()
        for name, value in (("presolve", "choose"), ("solver", "choose"), ("simplex_iteration_limit", NO_LIMIT),
                            ("objective_bound", -enough), ("simplex_dual_edge_weight_strategy", -1),
                            ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0),
                            ("time_limit", self._solver.getRunTime() + seconds)):  # fmt: skip
            self._option(name, value)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status in (self._names.HighsModelStatus.kInfeasible, self._names.HighsModelStatus.kObjectiveBound):
            return None, -np.inf, True
        found = self._solver.getInfo()
        some = found.primal_solution_status == self._names.SolutionStatus.kSolutionStatusFeasible
        finished = status == self._names.HighsModelStatus.kOptimal
        return self.shares() if some else None, -float(found.mip_dual_bound), finished

    def shares(self) -> Floats:
        """The columns of the last solution."""
        return np.asarray(self._solver.getSolution().col_value, dtype=np.float64)

    def prices(self) -> Floats:
        """The rows' prices: not below zero, but for rows that must be met exactly."""
        found = -np.asarray(self._solver.getSolution().row_dual, dtype=np.float64)
        kept = np.maximum(found, 0.0)
        for row in self.must:
            kept[row] = found[row]
        return kept

    def bound(self, prices: Floats) -> tuple[float, Floats]:
        """What no answer within the rows and bounds is worth more than, and each column's gain beyond its prices.

        True for any prices not below zero, whatever the solver's tolerances: what the rows allow at those prices, and
        what each column could still gain beyond them.
        """
        over = self.gain - self.rows.T @ prices
        return float(prices @ self.limit + np.where(over > 0, over * self.high, over * self.low).sum()), over


def _beside(left: csr_matrix, right: csc_matrix) -> csr_matrix:
    from scipy.sparse import hstack

    return csr_matrix(hstack([left, right]))
