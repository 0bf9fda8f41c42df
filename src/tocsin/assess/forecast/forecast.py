"""A forecast: possible futures of every cell and month, kept sparse from end to end.

A forecast is a set of draws, each one possible course of all cells and months together, so that sums over areas and
periods keep their dependence. Most draws of most cells are zero; only the others are stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]

# Columns of `table()`: name → quantile level.
QUANTILES = {
    "q025": 0.025, "q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95,
    "q975": 0.975,
}  # fmt: skip
MANY = 25  # deaths from which killing counts as mass killing


@dataclass(frozen=True)
class Forecast:
    """Draws for cells × months ahead.

    Parameters
    ----------
    gids : ndarray of int64, shape (n_cells,)
    as_of : int
        Last month the model saw.
    steps : ndarray of int64, shape (n_steps,)
        Months ahead, ascending.
    target, model : str
    draws : csr_matrix, shape (n_blocks * n_cells, n_draws)
        Row ``block * n_cells + cell``; one column is one possible future. `n_blocks` is the number of steps, or 1
        when every step has the same draws (then sums over months take the same draw again).
    known : ndarray of bool, shape (n_cells,)
        False where there is no history to forecast from: everything about such a cell is NaN.
    """

    gids: npt.NDArray[np.int64]
    as_of: int
    steps: npt.NDArray[np.int64]
    target: str
    model: str
    draws: csr_matrix
    known: npt.NDArray[np.bool_]
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that sizes agree."""
        blocks = self.draws.shape[0] / max(len(self.gids), 1)
        if blocks not in (1, len(self.steps)) or len(self.known) != len(self.gids):
            raise BadInput("the forecast's draws, cells and steps do not agree in size")

    @property
    def n_draws(self) -> int:
        """Number of possible futures."""
        return int(self.draws.shape[1])

    def block(self, step: int) -> csr_matrix:
        """Draws of one month ahead: shape (n_cells, n_draws)."""
        n = len(self.gids)
        if self.draws.shape[0] == n:
            return self.draws
        at = int(np.flatnonzero(self.steps == step)[0])
        return self.draws[at * n : (at + 1) * n]

    def mean(self) -> Floats:
        """Expected deaths, shape (n_steps, n_cells)."""
        return self._spread(np.asarray(self.draws.sum(axis=1)).ravel() / self.n_draws)

    def p_any(self) -> Floats:
        """Probability of any death, shape (n_steps, n_cells).

        A draw below one (an event shared over an area, a part of which may lie here) counts with its size.
        """
        return self._spread(_row_sums(self.draws, np.minimum(self.draws.data, 1.0)) / self.n_draws)

    def p_at_least(self, deaths: float) -> Floats:
        """Probability of at least so many deaths, shape (n_steps, n_cells)."""
        return self._spread(_row_sums(self.draws, (self.draws.data >= deaths).astype(np.float64)) / self.n_draws)

    def quantiles(self, levels: Sequence[float]) -> Floats:
        """Quantiles (smallest draw whose cumulative share reaches the level), shape (n_levels, n_steps, n_cells)."""
        return np.stack([self._spread(q) for q in sparse_quantiles(self.draws, levels)])

    def sums(self, cells: npt.ArrayLike | None = None, steps: Sequence[int] | None = None) -> Floats:
        """Draws of the sum over cells (indices; all if None) and months ahead: shape (n_draws,)."""
        total = np.zeros(self.n_draws)
        for step in self.steps if steps is None else steps:
            block = self.block(int(step))
            chosen = block if cells is None else block[np.asarray(cells)]
            total += np.asarray(chosen.sum(axis=0)).ravel()
        return total

    def table(self) -> dict[str, npt.NDArray[Any]]:
        """The forecast as columns, a row a month and cell.

        Columns: priogrid_gid, month, target, model, mean, p_any, p_25 (probability of 25 deaths or more) and the
        quantiles q025 … q975; NaN where nothing is known.
        """
        n_steps, n_cells = len(self.steps), len(self.gids)
        columns: dict[str, npt.NDArray[Any]] = {
            "priogrid_gid": np.tile(self.gids.astype(np.int32), n_steps),
            "month": np.repeat((self.as_of + self.steps).astype(np.int16), n_cells),
            "target": np.full(n_steps * n_cells, self.target, dtype=object),
            "model": np.full(n_steps * n_cells, self.model, dtype=object),
            "mean": self.mean().ravel().astype(np.float32),
            "p_any": self.p_any().ravel().astype(np.float32),
            "p_25": self.p_at_least(MANY).ravel().astype(np.float32),
        }
        for name, values in zip(QUANTILES, self.quantiles(list(QUANTILES.values())), strict=True):
            columns[name] = values.ravel().astype(np.float32)
        return columns

    def _spread(self, values: Floats) -> Floats:
        """One value a stored row → (n_steps, n_cells), NaN where nothing is known."""
        table = values.reshape(-1, len(self.gids)).astype(np.float64)
        table[:, ~self.known] = np.nan
        return np.array(np.broadcast_to(table, (len(self.steps), len(self.gids))))


def _row_sums(draws: csr_matrix, data: Floats) -> Floats:
    sums = np.zeros(draws.shape[0])
    filled = np.flatnonzero(np.diff(draws.indptr))
    if len(filled):
        sums[filled] = np.add.reduceat(data, draws.indptr[filled])
    return sums


def sparse_quantiles(draws: csr_matrix, levels: Sequence[float]) -> list[Floats]:
    """Row quantiles of a sparse matrix of non-negative draws, the unstored ones being zero.

    >>> m = csr_matrix(np.array([[0.0, 0.0, 5.0, 1.0], [0.0, 0.0, 0.0, 0.0]]))
    >>> [q.tolist() for q in sparse_quantiles(m, [0.5, 0.75, 0.9])]
    [[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]]
    """
    n_rows, n_draws = draws.shape
    stored = np.diff(draws.indptr)
    row = np.repeat(np.arange(n_rows), stored)
    ordered = draws.data[np.lexsort((draws.data, row))]
    zeros = n_draws - stored
    found = []
    for level in levels:
        rank = max(int(np.ceil(level * n_draws - 1e-9)) - 1, 0)
        at = rank - zeros
        values = np.zeros(n_rows)
        above = at >= 0
        values[above] = ordered[draws.indptr[:-1][above] + at[above]]
        found.append(values)
    return found
