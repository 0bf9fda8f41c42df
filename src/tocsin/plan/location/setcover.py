"""Set covering: the fewest (or cheapest) places so that everybody is within reach of at least one.

Local search with row weights for the plan, the linear relaxation for the bound, columns fixed by the two together,
branch and bound on what is left. Toregas et al. (1971), Operations Research 19(6), 1363-1373.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.location.model import Floats, Located, data_hash, relative_gap

STEPS_A_SECOND = 100_000  # steps of local search that are worth while for each second allowed
WIDE_TURNS = 4  # of search, where the bound is far off


def set_cover(cover: csr_matrix, cost: npt.ArrayLike | None = None, *, seed: int = 0, seconds: float = 20.0) -> Located:
    """Choose columns that cover every row at the least cost.

    Parameters
    ----------
    cover : csr_matrix, shape (n_demands, n_columns)
        Only the pattern counts.
    cost : array_like, shape (n_columns,), optional
        Zero or more; ones when None.

    Returns
    -------
    Located
        Least cost, so `bound` is at most `value`.

    Raises
    ------
    BadInput
        If a cost is negative or missing.
    Infeasible
        If a demand is covered by no column; names the first ones (from 1).

    >>> set_cover(csr_matrix([[1, 1, 0], [0, 1, 1]])).chosen
    (1,)
    """
    pattern = csr_matrix(cover)
    price = np.ones(pattern.shape[1]) if cost is None else np.asarray(cost, dtype=np.float64)
    if price.shape != (pattern.shape[1],) or not np.all(np.isfinite(price) & (price >= 0)):
        raise BadInput("costs must be numbers of zero or more, one a column")
    lost = np.flatnonzero(np.diff(pattern.indptr) == 0)
    if len(lost):
        names = ", ".join(str(i + 1) for i in lost[:10])
        raise Infeasible("nobody can reach demand(s) {names}, wherever units are put", names=names)
    code = data_hash(pattern, price)
    chosen, bound, how = _solve(pattern, price, seed, seconds)
    value = float(price[list(chosen)].sum())
    bound = min(bound, value)
    return Located(chosen, value, bound, relative_gap(value, bound), how, seed, code)


def _solve(pattern: csr_matrix, cost: Floats, seed: int, seconds: float) -> tuple[tuple[int, ...], float, str]:
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp

    from tocsin.plan.location import setloops

    begun = time.monotonic()
    ones = csr_matrix((np.ones(pattern.nnz), pattern.indices, pattern.indptr), shape=pattern.shape)
    steps = int(STEPS_A_SECOND * seconds / 2)
    start = np.zeros(len(cost), dtype=np.int8)
    _, best = setloops.cover_all(*_arrays(pattern), cost, start, min(steps, 20_000), seed)
    value = float(cost[best > 0].sum())
    whole = bool(np.all(cost == np.round(cost)))
    close = 1 - 1e-6 if whole else 1e-9 * max(1.0, value)
    relaxed = linprog(cost, A_ub=-ones, b_ub=-np.ones(pattern.shape[0]), bounds=(0, 1), options={"time_limit": seconds})
    if relaxed.status != 0:
        return _columns(best), 0.0, "local search, stopped before a bound was found"
    bound = float(relaxed.fun)
    how = "local search, linear bound"
    if bound > value - close:
        return _columns(best), value, how
    # branch and bound will not close a wide gap: the time is better spent searching, from two seeds at a time
    wide = value - bound > 0.05 * value
    for turn in range(WIDE_TURNS if wide else 1):
        if turn and time.monotonic() - begun > (0.75 if wide else 0.5) * seconds:
            break
        # a cheaper plan holds only columns whose reduced cost leaves the bound below the plan's value
        core = np.flatnonzero((relaxed.lower.marginals <= value - close - bound) | (best > 0))
        arrays, start = _arrays(pattern[:, core]), best[core]
        seeds = [seed + 2 * turn + 1, seed + 2 * turn + 2] if wide else [seed + 1]
        with ThreadPoolExecutor(len(seeds)) as pool:
            met = list(pool.map(partial(setloops.cover_all, *arrays, cost[core], start, steps), seeds))
        for _, again in met:  # in the order of the seeds: the same plan each time
            if cost[core][again > 0].sum() < value:
                best = np.zeros_like(best)
                best[core] = again
                value = float(cost[best > 0].sum())
        if bound > value - close:
            return _columns(best), value, how
    # a column whose reduced cost lifts the bound to the plan's value is in no better plan
    dear = relaxed.lower.marginals > value - close - bound
    forced = -relaxed.upper.marginals > value - close - bound
    left = seconds - (time.monotonic() - begun)
    if left > 0.5:
        solved = milp(
            cost,
            constraints=LinearConstraint(ones, lb=1),
            bounds=Bounds(forced.astype(float), 1 - dear.astype(float)),
            integrality=np.ones(len(cost)),
            options={"time_limit": left},
        )
        if solved.status == 2:  # nothing better exists among the columns left
            return _columns(best), value, how + ", columns fixed, branch and bound"
        if solved.x is not None and solved.fun < value - 1e-9:
            best, value = (solved.x > 0.5).astype(np.int8), float(cost[solved.x > 0.5].sum())
        if solved.mip_dual_bound is not None:
            bound = max(bound, min(float(solved.mip_dual_bound), value))
        how += ", columns fixed, branch and bound"
    if whole:
        bound = float(np.ceil(bound - 1e-6))
    if bound > value - close:
        return _columns(best), value, how
    return _columns(best), bound, how + ", stopped at its limit"


def _arrays(pattern: csr_matrix) -> list[npt.NDArray[np.int32]]:
    """A pattern by rows and by columns, as the compiled loops want it."""
    pattern.sort_indices()
    columns = pattern.tocsc()
    return [a.astype(np.int32) for a in (pattern.indptr, pattern.indices, columns.indptr, columns.indices)]


def _columns(marks: npt.NDArray[np.int8]) -> tuple[int, ...]:
    return tuple(int(j) for j in np.flatnonzero(marks))
