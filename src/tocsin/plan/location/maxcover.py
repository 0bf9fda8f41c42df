"""Maximal covering: choose places so that as much weight as possible lies within reach of at least one.

Church and ReVelle (1974), Papers of the Regional Science Association 32, 101-118. Rows are demands (cells), columns
are choices (a unit at a place); a sparse matrix says which choice covers which demand.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput
from tocsin.plan.location.model import Flags, Floats, Group, Ints, Located, data_hash, relative_gap
from tocsin.plan.location.reduce import merge_rows
from tocsin.plan.location.search import search_cover


def covered_weight(cover: csr_matrix, weight: npt.ArrayLike, chosen: Sequence[int]) -> float:
    """Weight covered by a choice: what a reader recomputes.

    >>> covered_weight(csr_matrix([[1, 0], [1, 1], [0, 0]]), [5.0, 2.0, 1.0], [0])
    7.0
    """
    reached = np.asarray(cover.tocsr()[:, list(chosen)].sum(axis=1)).ravel() > 0
    return float(np.asarray(weight, dtype=np.float64)[reached].sum())


def maximal_cover(
    cover: csr_matrix,
    weight: npt.ArrayLike,
    most: int | Sequence[Group],
    *,
    covered: Flags | None = None,
    forbidden: Sequence[int] = (),
    cost: npt.ArrayLike | None = None,
    budget: float = np.inf,
    seed: int = 0,
    seconds: float = 20.0,
    gap: float = 0.0,
) -> Located:
    """Choose columns that cover the most weight, with a proven bound next to it.

    Parameters
    ----------
    cover : csr_matrix, shape (n_demands, n_columns)
        Which column covers which demand; only the pattern counts.
    weight : array_like, shape (n_demands,)
        Zero or more.
    most : int or sequence of Group
        How many columns may be chosen: in all, or of each group. Columns in no group are never chosen.
    covered : ndarray of bool, optional
        Demands covered already, whatever is chosen.
    forbidden : sequence of int
        Columns that may not be chosen.
    cost : array_like, shape (n_columns,), optional
        Zero or more; the chosen may not cost more than `budget` together.
    seed : int
    seconds : float
        Stop after about this long and say how far from proven the answer is.
    gap : float
        Stop as soon as the answer is proven to be this near to the best (a share; 0 for proven).

    Returns
    -------
    Located
        `value` counts what was covered already.

    Raises
    ------
    BadInput
        If weights are negative or missing, or shapes do not agree.
    """
    worth = check_weight(cover, weight)
    groups = as_groups(most, cover.shape[1], forbidden)
    prices = np.zeros(cover.shape[1]) if cost is None else np.asarray(cost, dtype=np.float64)
    if prices.shape != (cover.shape[1],) or not np.all(prices >= 0):
        raise BadInput("costs must be numbers of zero or more, one a column")
    small = merge_rows(cover, worth, covered)
    code = data_hash(cover.tocsr(), worth, [(g.members.tolist(), g.most) for g in groups], prices, budget)
    found = search_cover(small, groups, prices, budget, seed, seconds, gap)
    base = np.zeros(len(worth), dtype=bool) if covered is None else covered
    reached = base | (np.asarray(cover.tocsr()[:, list(found.chosen)].sum(axis=1)).ravel() > 0)
    value = float(worth[reached].sum())
    bound = max(found.bound, value)
    return Located(found.chosen, value, bound, relative_gap(value, bound), found.method, seed, code)


def check_weight(cover: csr_matrix, weight: npt.ArrayLike) -> Floats:
    """Weights as float64, or an error that names the first row that is wrong (from 1)."""
    worth = np.asarray(weight, dtype=np.float64)
    if worth.shape != (cover.shape[0],):
        raise BadInput("there are {rows} demands but {given} weights", rows=cover.shape[0], given=worth.size)
    wrong = ~(np.isfinite(worth) & (worth >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadInput("demand {row} has weight {value}: give zero or more", row=row + 1, value=float(worth[row]))
    return worth


def as_groups(most: int | Sequence[Group], n_columns: int, forbidden: Sequence[int]) -> tuple[Group, ...]:
    """Groups with the forbidden columns left out; one group of all columns for a plain number."""
    groups = (Group("all", np.arange(n_columns), int(most)),) if isinstance(most, int | np.integer) else tuple(most)
    taken: Ints = np.concatenate([g.members for g in groups]) if groups else np.empty(0, dtype=np.int64)
    if len(np.unique(taken)) != len(taken):
        raise BadInput("a column stands in two groups; each choice belongs to one")
    if taken.size and (taken.min() < 0 or taken.max() >= n_columns):
        raise BadInput("a group names a column that does not exist")
    if any(g.most < 0 for g in groups):
        raise BadInput("a group allows fewer than no choices")
    banned = np.asarray(list(forbidden), dtype=np.int64)
    return tuple(Group(g.name, np.setdiff1d(g.members, banned), g.most) for g in groups)
