"""Make a covering problem smaller without changing its answer."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from tocsin.plan.location.model import Flags, Floats, Ints


@dataclass(frozen=True)
class Reduced:
    """The same problem with fewer rows.

    Parameters
    ----------
    cover : csr_matrix, shape (n_rows, n_columns)
        Pattern only; rows distinct, none empty. Columns as given.
    weight : ndarray, shape (n_rows,)
    always : float
        Weight already covered whatever is chosen.
    """

    cover: csr_matrix
    weight: Floats
    always: float


def merge_rows(cover: csr_matrix, weight: Floats, covered: Flags | None = None) -> Reduced:
    """Merge rows covered by the same columns, adding their weights; drop rows that no longer matter.

    Rows of weight zero and rows that no column covers are dropped; rows covered already count as `always`.
    Rows are matched by a 128-bit sum of random column codes: two different rows among a million meet with a
    probability below 1e-26. Source of the idea: Chen et al. (2023), presolving for maximal covering.
    """
    cover = cover.tocsr()
    always = 0.0
    use = (weight > 0) & (np.diff(cover.indptr) > 0)
    if covered is not None:
        always = float(weight[covered].sum())
        use &= ~covered
    if not use.all():
        cover, weight = cover[use], weight[use]
    if cover.shape[0] == 0:
        return Reduced(cover, weight, always)
    first, group = same_rows(cover)
    return Reduced(cover[first], np.bincount(group, weight, len(first)).astype(np.float64), always)


def same_rows(cover: csr_matrix) -> tuple[Ints, Ints]:
    """The first row of each group of rows covered by the same columns, and the group of each row; no row is empty.

    Groups stand in the order of first appearance, so that the same data give the same problem.
    """
    rng = np.random.default_rng(20_240_229)
    codes = rng.integers(0, 2**64, size=(cover.shape[1], 2), dtype=np.uint64)
    sums = np.add.reduceat(codes[cover.indices], cover.indptr[:-1], axis=0)
    order = np.lexsort((sums[:, 1], sums[:, 0]))
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any(sums[order[1:]] != sums[order[:-1]], axis=1)
    first = np.minimum.reduceat(order, np.flatnonzero(new))
    by_place = np.argsort(first)
    number = np.empty(len(first), dtype=np.int64)
    number[by_place] = np.arange(len(first))
    group = np.empty(len(order), dtype=np.int64)
    group[order] = number[np.cumsum(new) - 1]
    return first[by_place], group


def dominated_columns(cover: csr_matrix, cost: Floats, group_of: Ints) -> Flags:
    """Columns that another column of the same group covers entirely at no more cost: they need never be chosen.

    Of columns that cover the same rows, the first stays. Only pairs that share a row are compared.
    """
    columns = csc_matrix(cover)
    ones = csc_matrix(
        (np.ones(columns.nnz, dtype=np.int32), columns.indices, columns.indptr), shape=columns.shape, copy=False
    )
    size = np.diff(columns.indptr)
    shared = (ones.T @ ones).tocoo()
    small, large = shared.row, shared.col
    inside = (
        (small != large)
        & (shared.data == size[small])
        & (group_of[small] == group_of[large])
        & (cost[large] <= cost[small])
        & ((size[large] > size[small]) | (cost[large] < cost[small]) | (large < small))
    )
    found = np.zeros(cover.shape[1], dtype=bool)
    found[small[inside]] = True
    found |= size == 0
    return found
