"""A forecast as draws: for every cell and month ahead, a sample of what may happen, kept sparse from end to end.

Most draws of most cells are zero, so only the others are stored; every summary below works on the stored values and
counts the zeros in. One column is one possible future of all cells and months together, so sums over an area or a
period are sums down the column and keep the dependence between places.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEVELS = {
    "q025": 0.025,
    "q05": 0.05,
    "q10": 0.10,
    "q25": 0.25,
    "q50": 0.50,
    "q75": 0.75,
    "q90": 0.90,
    "q95": 0.95,
    "q975": 0.975,
}


def sorted_rows(draws: csr_matrix) -> npt.NDArray[np.float32]:
    """Stored values of each row in ascending order, in the layout of ``draws.indptr``.

    Values are not negative, so the bits of a float32 sort as it does; row and bits in one 64-bit word sort in one go.
    """
    rows = np.repeat(np.arange(draws.shape[0], dtype=np.uint64), np.diff(draws.indptr))
    words = (rows << np.uint64(32)) | draws.data.astype(np.float32).view(np.uint32)
    words.sort()
    bits: npt.NDArray[np.uint32] = (words & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return bits.view(np.float32)


def _quantile(draws: csr_matrix, ordered: npt.NDArray[np.float32], level: float) -> Floats:
    n, per_row = draws.shape[1], np.diff(draws.indptr)
    place = level * (n - 1)
    low = int(np.floor(place))
    share = place - low
    out = np.zeros(draws.shape[0])
    # Ranks below n - per_row are zeros that are not stored.
    rows = np.flatnonzero(per_row > n - 1 - min(low + 1, n - 1))
    first = draws.indptr[rows] - (n - per_row[rows])
    start, end = draws.indptr[rows], draws.indptr[rows + 1] - 1
    for rank, weight in ((low, 1 - share), (min(low + 1, n - 1), share)):
        at = first + rank
        out[rows] += weight * np.where(at >= start, ordered[np.clip(at, start, end)], 0.0)
    return out


def sparse_quantiles(draws: csr_matrix, levels: Sequence[float]) -> list[Floats]:
    """Quantiles of each row, linear between draws as numpy's default; values not stored are zero.

    >>> m = csr_matrix(np.array([[0.0, 0.0, 5.0, 1.0], [0.0, 0.0, 0.0, 0.0]]))
    >>> [q.tolist() for q in sparse_quantiles(m, [0.5, 1.0])]
    [[0.5, 0.0], [5.0, 0.0]]
    """
    ordered = sorted_rows(draws)
    return [_quantile(draws, ordered, level) for level in levels]


@dataclass(frozen=True)
class Forecast:
    """Draws for cells × months ahead, with the summaries people use.

    Parameters
    ----------
    gids : ndarray of int64, shape (C,)
        Cells (or areas, after `over`).
    as_of : int
        Last month the forecast could see (month 1 = January 1980).
    steps : ndarray of int64, shape (H,)
        Months ahead of `as_of`.
    target, model : str
        What is forecast, and by which model.
    draws : csr_matrix of float32, shape (H * C, S), or (C, S) where every step has the same distribution
        Deaths, not negative. Row ``h * C + c`` is step ``steps[h]`` of cell ``gids[c]``; a column is one joint future.
        Counts may be fractions where events placed only in an area are shared over its cells.
    known : ndarray of bool, shape (C,)
        False where the history holds no data; all summaries are NaN there.
    orders : ndarray of int64, shape (H, S), optional
        Only with (C, S) draws: the column order of each step, so that months are not copies of each other in sums over
        time. Without it the months of a repeated forecast are added in the same order.
    chances, means : ndarray, one value a row of draws, optional
        What the model says in closed form of any death and of expected deaths, where it does. The draws are a sample
        of that; these are free of its noise, which at a chance of 1 % and heavy-tailed sizes would shuffle cells.

    Raises
    ------
    BadInput
        If shapes disagree or a draw is negative or not a number.
    """

    gids: Ints
    as_of: int
    steps: Ints
    target: str
    model: str
    draws: csr_matrix
    known: Bools
    orders: Ints | None = field(default=None, repr=False)
    chances: Floats | None = field(default=None, repr=False)
    means: Floats | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check shapes and signs."""
        rows, n = self.draws.shape
        if rows not in (len(self.gids), len(self.gids) * len(self.steps)) or n < 1:
            raise BadInput("the draws of a forecast do not agree with its cells and steps")
        if len(self.known) != len(self.gids) or (self.orders is not None and self.orders.shape != (len(self.steps), n)):
            raise BadInput("the parts of a forecast do not agree in size")
        if any(told is not None and told.shape != (rows,) for told in (self.chances, self.means)):
            raise BadInput("the parts of a forecast do not agree in size")
        if self.draws.data.size and not (self.draws.data.min() >= 0 and np.isfinite(self.draws.data.max())):
            raise BadInput("a forecast cannot hold negative or undefined numbers of deaths")

    @property
    def n_draws(self) -> int:
        """Number of joint futures."""
        return int(self.draws.shape[1])

    @property
    def repeated(self) -> bool:
        """True where one block of draws serves every step."""
        return bool(self.draws.shape[0] == len(self.gids))

    @cached_property
    def ordered(self) -> npt.NDArray[np.float32]:
        """Stored draws, ascending within each row."""
        return sorted_rows(self.draws)

    def row_sums(self, values: npt.NDArray[Any]) -> Floats:
        """Sum of stored `values` over each row of draws."""
        total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
        return np.asarray(total[self.draws.indptr[1:]] - total[self.draws.indptr[:-1]])

    def _shape(self, rows: Floats) -> Floats:
        """(H, C) from one value a row, NaN where the history is not known."""
        block = rows.reshape(-1, len(self.gids))
        block = np.where(self.known, block, np.nan)
        return np.ascontiguousarray(np.broadcast_to(block, (len(self.steps), len(self.gids))))

    def mean(self) -> Floats:
        """Expected deaths, shape (H, C)."""
        return self._shape(self.row_means())

    def row_means(self) -> Floats:
        """Expected deaths of each row of draws, also of unknown cells."""
        return self.row_sums(self.draws.data) / self.n_draws if self.means is None else self.means

    def p_any(self) -> Floats:
        """Probability that anybody is killed, shape (H, C).

        A fraction of a death stands for an event that may have been in this cell or in another of its area, so a draw
        of 0.2 counts as a chance of 0.2 and every draw of 1 or more as certain: the mean of ``min(1, draw)``.
        """
        return self._shape(self.row_p_any())

    def row_p_any(self) -> Floats:
        """`p_any` of each row of draws, also of unknown cells."""
        return self.row_sums(np.minimum(self.draws.data, 1)) / self.n_draws if self.chances is None else self.chances

    def p_at_least(self, deaths: float) -> Floats:
        """Probability of at least so many deaths (above zero), shape (H, C)."""
        if deaths <= 0:
            raise BadInput("ask for a probability of more than zero deaths")
        return self._shape(self.row_p_at_least(deaths))

    def row_p_at_least(self, deaths: float) -> Floats:
        """`p_at_least` of each row of draws; never above the chance of any death, which may be told more exactly."""
        sampled = self.row_sums(self.draws.data >= deaths) / self.n_draws
        return sampled if deaths < 1 else np.minimum(sampled, self.row_p_any())

    def row_quantile(self, level: float) -> Floats:
        """One quantile of every row of draws, also of unknown cells."""
        return _quantile(self.draws, self.ordered, level)

    def quantiles(self, levels: list[float]) -> Floats:
        """Quantiles of the draws (linear between draws), shape (len(levels), H, C)."""
        if not all(0 <= level <= 1 for level in levels):
            raise BadInput("a quantile level lies between 0 and 1")
        return np.stack([self._shape(self.row_quantile(level)) for level in levels])

    def step_draws(self, step: int) -> csr_matrix:
        """Draws of one step, shape (C, S); `step` is in months ahead."""
        found = np.flatnonzero(self.steps == step)
        if not found.size:
            raise BadInput("this forecast has no step {step}", step=step)
        at, cells = int(found[0]), len(self.gids)
        if not self.repeated:
            return self.draws[at * cells : (at + 1) * cells]
        return self.draws if self.orders is None else self.draws[:, self.orders[at]]

    def total(self, cells: npt.ArrayLike | None = None, steps: npt.ArrayLike | None = None) -> Floats:
        """Draws of the sum over cells (numbers as in `gids`) and steps, shape (S,); all of them by default.

        Cells whose history is not known add nothing: ask `known` before calling a sum a total.
        """
        wanted = self.gids if cells is None else np.atleast_1d(np.asarray(cells))
        inside = np.isin(self.gids, wanted)
        if inside.sum() != len(np.unique(wanted)):
            raise BadInput("a cell asked for is not in this forecast")
        pick = csr_matrix((inside & self.known).astype(np.float64))
        sums = np.zeros(self.n_draws)
        for step in self.steps if steps is None else np.atleast_1d(np.asarray(steps)):
            sums += (pick @ self.step_draws(int(step))).toarray().ravel()
        return sums

    def over(self, ids: Ints, member: csr_matrix) -> "Forecast":
        """The same forecast for areas made of cells: districts, a country, a patrol's sector.

        Parameters
        ----------
        ids : ndarray of int64, shape (A,)
            Numbers of the areas.
        member : csr_matrix, shape (A, C)
            Share of each cell that belongs to each area.

        Returns
        -------
        Forecast
            An area is known when any of its cells is.
        """
        member = csr_matrix(member, dtype=np.float32)
        blocks = 1 if self.repeated else len(self.steps)
        known = self.known.astype(np.float32)
        inside = member.multiply(known).tocsr()
        cells = len(self.gids)
        parts = [inside @ self.draws[b * cells : (b + 1) * cells] for b in range(blocks)]
        return Forecast(
            gids=np.asarray(ids, dtype=np.int64),
            as_of=self.as_of,
            steps=self.steps,
            target=self.target,
            model=self.model,
            draws=csr_matrix(vstack(parts), dtype=np.float32),
            known=np.asarray(member @ known > 0),
            orders=self.orders,
        )

    def table(self) -> dict[str, npt.NDArray[Any]]:
        """One row a cell and month, as named columns: what is written to disk and drawn on maps.

        Returns
        -------
        dict
            ``priogrid_gid`` and ``month`` (int32), ``target`` and ``model`` (text), and float32 ``mean,
            p_any, p_25`` (25 deaths or more) and ``q025 … q975``; NaN where the history is not known.
        """
        steps, cells = len(self.steps), len(self.gids)
        rows = steps * cells
        out: dict[str, npt.NDArray[Any]] = {
            "priogrid_gid": np.tile(self.gids.astype(np.int32), steps),
            "month": np.repeat((self.as_of + self.steps).astype(np.int32), cells),
            "target": np.full(rows, self.target, dtype=object),
            "model": np.full(rows, self.model, dtype=object),
        }
        columns = {
            "mean": self.row_means(),
            "p_any": self.row_p_any(),
            "p_25": self.row_p_at_least(25),
            **{name: self.row_quantile(level) for name, level in LEVELS.items()},
        }
        for name, values in columns.items():
            block = values.astype(np.float32).reshape(-1, cells)
            block[:, ~self.known] = np.nan
            out[name] = np.tile(block[0], steps) if self.repeated else block.ravel()
        return out
