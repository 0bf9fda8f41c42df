"""From a chance and a stock of sizes to draws that hang together.

A month in which violence flares, flares in many cells at once. Each region of `REGION_CELLS` cells square and each step
has a common factor in every future, gamma with mean 1 and variance `SHARED`; given it, cells are independent. The
chance p of every cell stays exactly what was forecast: with rate λ = ((1 − p)^−v − 1) / v, averaging
1 − exp(−λ W) over a gamma W of variance v gives p back.
"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.stats import gamma

from tocsin.core import lattice

Floats = npt.NDArray[np.float64]

SHARED = 0.5
REGION_CELLS = 40


def occurrence(p: Floats, gids: npt.NDArray[np.int64], n_draws: int, rng: np.random.Generator) -> csr_matrix:
    """Which futures see killing: a sparse 0/1 matrix of shape (C, S) whose rows have expected mean p."""
    chance = np.clip(p, 0, 0.98)
    rate = ((1 - chance) ** -SHARED - 1) / SHARED
    shock = gamma.ppf((np.arange(n_draws) + 0.5) / n_draws, 1 / SHARED, scale=SHARED)
    shock /= shock.mean()
    row, column = lattice.row_col(gids)
    _, region = np.unique((row // REGION_CELLS) * 100 + column // REGION_CELLS, return_inverse=True)
    points = rng.poisson(rate * n_draws)
    cell = np.repeat(np.arange(len(p)), points)
    # Where a point falls follows the common factor of its region, in an order of futures of its own.
    orders = np.stack([rng.permutation(n_draws) for _ in range(int(region.max(initial=0)) + 1)])
    at = np.searchsorted(np.cumsum(shock) / n_draws, rng.random(len(cell)), side="right")
    future = orders[region[cell], np.minimum(at, n_draws - 1)]
    hit = csr_matrix((np.ones(len(cell), dtype=np.float32), (cell, future)), shape=(len(p), n_draws))
    hit.sum_duplicates()
    hit.data[:] = 1
    return hit


def with_sizes(hit: csr_matrix, sizes: Floats, weight: Floats, rng: np.random.Generator) -> csr_matrix:
    """Every occurrence with a size drawn from a weighted stock of sizes."""
    out = hit.copy()
    if len(sizes):
        mass = np.cumsum(weight)
        at = np.searchsorted(mass, rng.random(hit.nnz) * mass[-1], side="right")
        out.data = sizes[np.minimum(at, len(sizes) - 1)].astype(np.float32)
    return out
