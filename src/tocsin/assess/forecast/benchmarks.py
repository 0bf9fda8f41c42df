"""The field's own benchmarks: what every better model must beat.

As the VIEWS prediction challenge 2023/24 defines them (Hegre et al. 2025, Journal of Peace Research 62(6)):

- ``zero``: nobody is ever killed;
- ``last``: Poisson draws around the last observed month;
- ``conflictology``: any of the cell's last twelve months may come again;
- ``conflictology_n``: any of the last twelve months of the cell or of the cells around it.

None of them changes with the horizon. Months without data are left out of the draws; a cell whose window holds no data
at all has no forecast.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix

from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.panel import Panel
from tocsin.core import lattice

WINDOW = 12
POISSON_DRAWS = 1_000


@dataclass(frozen=True)
class Zero:
    """Nobody is ever killed."""

    name: str = "zero"

    def predict(self, panel: Panel, target: str, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Forecast zero wherever the panel has ever had data."""
        known = np.asarray(np.isfinite(panel.counts[target]).any(axis=0))
        draws = csr_matrix((len(panel.gids), 1))
        return Forecast(panel.gids, panel.as_of, steps, target, self.name, draws, known)


@dataclass(frozen=True)
class Last:
    """Poisson draws around the last observed month."""

    name: str = "last"
    n_draws: int = POISSON_DRAWS

    def predict(self, panel: Panel, target: str, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Draw around each cell's last month, if it has data."""
        last = panel.counts[target][-1].astype(np.float64)
        known = np.isfinite(last)
        active = np.flatnonzero(known & (last > 0))
        dense = rng.poisson(last[active, None], (len(active), self.n_draws)).astype(np.float32)
        at = coo_matrix(dense)
        draws = csr_matrix((at.data, (active[at.row], at.col)), shape=(len(last), self.n_draws))
        return Forecast(panel.gids, panel.as_of, steps, target, self.name, draws, known)


@dataclass(frozen=True)
class Conflictology:
    """Any of the last months may come again, of the cell or also of its neighbours.

    The draws of all cells are the same months, so violence that came together comes together again.
    """

    name: str = "conflictology"
    window: int = WINDOW
    with_neighbours: bool = False

    def predict(self, panel: Panel, target: str, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Take the last months as draws; draws of months or neighbours without data are filled from those with."""
        recent = panel.counts[target][-self.window :].astype(np.float64)
        n_cells = len(panel.gids)
        if not self.with_neighbours:
            members = np.arange(n_cells)[None, :]
        else:
            ring = lattice.neighbours(panel.gids).T
            at = np.minimum(np.searchsorted(panel.gids, ring), n_cells - 1)
            members = np.vstack([np.arange(n_cells), np.where(panel.gids[at] == ring, at, -1)])
        filled = np.isfinite(recent)
        n_have = np.zeros(n_cells)
        rows, cols, values = [], [], []
        for place, member in enumerate(members):
            exists = member >= 0
            ok = filled[:, member] & exists
            n_have += ok.sum(axis=0)
            active = np.argwhere(ok & (np.nan_to_num(recent)[:, member] > 0))
            rows.append(active[:, 1])
            cols.append(active[:, 0] + place * len(recent))
            values.append(recent[active[:, 0], member[active[:, 1]]])
        n_slots = len(members) * len(recent)
        row, col, value = np.concatenate(rows), np.concatenate(cols), np.concatenate(values)
        known = n_have > 0
        short = np.flatnonzero(known & (n_have < n_slots))
        if len(short):
            row, col, value = _refill(row, col, value, short, n_have, n_slots, rng)
        draws = csr_matrix((value, (row, col)), shape=(n_cells, n_slots))
        return Forecast(panel.gids, panel.as_of, steps, target, self.name, draws, known)


def _refill(
    row: npt.NDArray[np.int64],
    col: npt.NDArray[np.int64],
    value: npt.NDArray[np.float64],
    short: npt.NDArray[np.int64],
    n_have: npt.NDArray[np.float64],
    n_slots: int,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Fill the empty slots of cells that lack months or neighbours, so that their shares stay right.

    An empty slot (a month without data, a neighbour outside the mission) takes the value of a random slot that has
    data: its share of non-zero draws is then, on average, that of the slots with data.
    """
    order = np.lexsort((col, row))
    row, col, value = row[order], col[order], value[order]
    start = np.searchsorted(row, short)
    end = np.searchsorted(row, short, side="right")
    new_row, new_col, new_value = [], [], []
    for cell, a, b in zip(short, start, end, strict=True):
        if a == b:
            continue
        have = int(n_have[cell])
        taken = set(col[a:b].tolist())
        # Which of the other slots lack data does not matter to the marginal: the last ones are refilled.
        free = [slot for slot in range(n_slots - 1, -1, -1) if slot not in taken][: n_slots - have]
        pick = rng.integers(0, have, len(free))
        hit = np.flatnonzero(pick < b - a)
        new_row += [cell] * len(hit)
        new_col += [free[i] for i in hit]
        new_value += value[a + pick[hit]].tolist()
    return (
        np.concatenate([row, np.array(new_row, dtype=row.dtype)]),
        np.concatenate([col, np.array(new_col, dtype=col.dtype)]),
        np.concatenate([value, np.array(new_value, dtype=value.dtype)]),
    )
