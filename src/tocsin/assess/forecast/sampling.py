"""From a chance and a stock of sizes to draws that hang together and hardly err.

A month in which violence flares, flares in many cells at once. Each region of `REGION_CELLS` cells square and each step
has a common factor in every future, gamma with mean 1 and variance `SHARED`; given it, cells are independent.
A cell is hit in future s with chance min(1, λ W_s), with λ such that the mean over futures is the chance forecast.

Hits and sizes are taken at even distances (systematic sampling) from a random start. With plain random draws a chance
of 1 % would be 7 to 13 of 1,000, and the order of cells by risk would be mostly noise; here it is 10.
"""

import functools

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.special import gammaincinv

from tocsin.assess.forecast.sizes import Sizes
from tocsin.core import lattice

Floats = npt.NDArray[np.float64]

SHARED = 0.5
REGION_CELLS = 40


@functools.lru_cache(maxsize=4)
def _shocks(n_draws: int) -> tuple[Floats, Floats, Floats]:
    """Even steps through the common factor, ascending; rates; and the mean chance each rate reaches."""
    shock = SHARED * gammaincinv(1 / SHARED, (np.arange(n_draws) + 0.5) / n_draws)  # the gamma's quantiles
    shock /= shock.mean()
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1 / shock[0], 400)])
    return shock, grid, np.minimum(grid[:, None] * shock, 1).mean(axis=1)


def occurrence(p: Floats, gids: npt.NDArray[np.int64], n_draws: int, rng: np.random.Generator) -> csr_matrix:
    """Which futures see killing: a sparse 0/1 matrix of shape (C, S) whose rows have mean p, within 1/S."""
    shock, grid, reached = _shocks(n_draws)
    rate = np.interp(np.clip(p, 0, 1), reached, grid)
    total = np.cumsum(shock)
    start = rng.random(len(p))
    points = np.maximum(np.ceil(rate * total[-1] - start), 0).astype(np.int64)
    cell = np.repeat(np.arange(len(p)), points)
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(points) - points, points)
    at = np.minimum(np.searchsorted(total, (nth + start[cell]) / rate[cell]), n_draws - 1)
    row, column = lattice.row_col(gids)
    _, region = np.unique((row // REGION_CELLS) * 100 + column // REGION_CELLS, return_inverse=True)
    # Which future is a bad one is a matter of the region, in an order of its own.
    orders = np.stack([rng.permutation(n_draws) for _ in range(int(region.max(initial=0)) + 1)])
    hit = csr_matrix((np.ones(len(cell), dtype=np.float32), (cell, orders[region[cell], at])), (len(p), n_draws))
    hit.sum_duplicates()
    hit.data[:] = 1
    return hit


def with_sizes(hit: csr_matrix, law: Sizes, rng: np.random.Generator) -> csr_matrix:
    """Every occurrence with a size: even steps through the law of sizes in each row, in random order."""
    out = hit.copy()
    if not hit.nnz:
        return out
    each = np.diff(hit.indptr)
    cell = np.repeat(np.arange(hit.shape[0], dtype=np.uint64), each)
    shuffled = np.argsort((cell << np.uint64(32)) | rng.integers(0, 2**32, hit.nnz, dtype=np.uint64), kind="stable")
    place = np.empty(hit.nnz)
    place[shuffled] = np.arange(hit.nnz) - np.repeat(hit.indptr[:-1], each)
    start = rng.random(hit.shape[0])
    out.data = law.at((place + np.repeat(start, each)) / np.repeat(each, each)).astype(np.float32)
    return out
