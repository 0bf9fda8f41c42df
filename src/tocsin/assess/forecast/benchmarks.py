"""The forecasts that cost nothing, and that every other model must beat.

They are those of the VIEWS prediction challenge 2023/24 (Hegre et al. 2025, Journal of Peace Research 62(6)): nobody
is killed; last month again; one of the last twelve months again, of this cell, or of this cell and its neighbours;
and any month of any cell of the last twenty years. All keep cells of the same future month together, so that sums over
an area have honest spread. Months without data are left out; a cell with none of the months a model needs is unknown.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from tocsin.assess.forecast.forecast import Bools, Forecast
from tocsin.assess.forecast.model import Part
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput
from tocsin.core.lattice import neighbours

Plane = npt.NDArray[np.float32]


def plane_of(panel: Panel, target: str) -> Plane:
    """The months × cells plane of one target.

    Raises
    ------
    BadInput
        If the panel has no such target.
    """
    if target not in panel.counts:
        raise BadInput(
            "'{target}' is not counted in this panel: choose {known}", target=target, known=", ".join(panel.counts)
        )
    return panel.counts[target]


def seen_in(recent: Plane) -> Bools:
    """Cells with data in any of the months given."""
    return np.asarray(~np.isnan(recent).all(axis=0))


@dataclass(frozen=True)
class Repeated:
    """A fitted model that says the same for every month ahead: one block of draws, shuffled anew for each step."""

    panel: Panel
    target: str
    name: str
    known: Bools
    draws: csr_matrix

    def seeing(self, panel: Panel) -> "Repeated":
        """Zero of a newer panel (the others below refit, which costs nothing)."""
        return Zero(self.name).fit(panel, self.target)

    def explain(self, cell: int, step: int) -> list[Part]:
        """Nothing: that nobody is killed rests on no month."""
        return [Part("nothing", 1.0)]

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """The block for each step, its futures in a new order so that months are not copies of each other."""
        orders = np.stack([rng.permutation(self.draws.shape[1]) for _ in steps])
        return Forecast(
            self.panel.gids, self.panel.as_of, steps, self.target, self.name, self.draws, self.known, orders
        )


@dataclass(frozen=True)
class Zero:
    """Nobody is killed."""

    name: str = "zero"

    def fit(self, panel: Panel, target: str) -> Repeated:
        """Nothing to learn but which cells are known."""
        known = seen_in(plane_of(panel, target)[-12:])
        return Repeated(panel, target, self.name, known, csr_matrix((len(panel.gids), 1), dtype=np.float32))


@dataclass(frozen=True)
class FittedLast:
    """Poisson draws around the last observed month."""

    panel: Panel
    target: str
    name: str
    known: Bools
    rates: Plane
    n_draws: int

    def seeing(self, panel: Panel) -> "FittedLast":
        """The last month of a newer panel."""
        return Last(self.n_draws, self.name).fit(panel, self.target)

    def explain(self, cell: int, step: int) -> list[Part]:
        """The last month of twelve with data."""
        seen = months_of_cell(self.panel, self.target, cell, 12)
        return [replace(seen[-1], share=1.0)] if seen else [Part("nothing", 1.0)]

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """One block of draws for all steps."""
        active = np.flatnonzero(self.rates > 0)
        values = rng.poisson(self.rates[active, None].astype(np.float64), size=(len(active), self.n_draws))
        row, column = np.nonzero(values)
        shape = (len(self.rates), self.n_draws)
        draws = csr_matrix((values[row, column].astype(np.float32), (active[row], column)), shape=shape)
        return Repeated(self.panel, self.target, self.name, self.known, draws).predict(steps, rng)


@dataclass(frozen=True)
class Last:
    """Last month again: Poisson with the last observed count as its rate (the last of 12 months that has data)."""

    n_draws: int = 1000
    name: str = "last"

    def fit(self, panel: Panel, target: str) -> FittedLast:
        """Take the last month with data of each cell."""
        recent = plane_of(panel, target)[-12:]
        seen = ~np.isnan(recent)
        at = len(recent) - 1 - np.argmax(seen[::-1], axis=0)
        rates = np.nan_to_num(recent[at, np.arange(recent.shape[1])])
        return FittedLast(panel, target, self.name, seen_in(recent), rates, self.n_draws)


@dataclass(frozen=True)
class FittedHistory:
    """The last months of each cell, and with neighbours those of the cells around it."""

    panel: Panel
    target: str
    name: str
    known: Bools
    recent: Plane
    ring: bool

    def seeing(self, panel: Panel) -> "FittedHistory":
        """The last months of a newer panel."""
        return Conflictology(len(self.recent), self.ring, self.name).fit(panel, self.target)

    def explain(self, cell: int, step: int) -> list[Part]:
        """The months that may come again, each as likely."""
        gids = self.panel.gids
        near = np.flatnonzero(np.isin(gids, neighbours(gids[[cell]])) & self.known).tolist() if self.ring else []
        places = [months_of_cell(self.panel, self.target, at, len(self.recent)) for at in (cell, *near)]
        every = [part for months in places for part in months]
        return [replace(part, share=1 / len(every)) for part in every] or [Part("nothing", 1.0)]

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Each column is one past month (of the cell, or of the same neighbour of every cell)."""
        own = csr_matrix(np.nan_to_num(filled_in(self.recent, rng)).T)
        draws = own
        if self.ring:
            around = _ring(self.panel.gids, self.known, rng)
            draws = hstack([own, *(own[around[:, k]] for k in range(around.shape[1]))], format="csr")
        return Repeated(self.panel, self.target, self.name, self.known, draws).predict(steps, rng)


def months_of_cell(panel: Panel, target: str, cell: int, months: int) -> list[Part]:
    """The last months of a cell with data, oldest first, as parts of one; empty where there are none."""
    recent = plane_of(panel, target)[-months:, cell]
    seen = np.flatnonzero(~np.isnan(recent)) + panel.as_of - len(recent) + 1
    return [Part("month", 1 / len(seen), int(panel.gids[cell]), int(month)) for month in seen]


def filled_in(recent: Plane, rng: np.random.Generator) -> Plane:
    """Months without data replaced by a random month of the same cell that has some."""
    holes = np.isnan(recent)
    if not holes.any():
        return recent
    out = recent.copy()
    for cell in np.flatnonzero(holes.any(axis=0) & ~holes.all(axis=0)):
        out[holes[:, cell], cell] = rng.choice(recent[~holes[:, cell], cell], size=int(holes[:, cell].sum()))
    return out


def _ring(gids: npt.NDArray[np.int64], known: Bools, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Index of the eight neighbours of each cell; a neighbour we do not know is replaced by one of those we do."""
    cells = len(gids)
    order = np.argsort(gids)
    wanted = neighbours(gids)
    at = order[np.minimum(np.searchsorted(gids[order], wanted), cells - 1)]
    there = (gids[at] == wanted) & known[at]
    candidates = np.concatenate([np.arange(cells)[:, None], at], axis=1)
    weight = np.concatenate([np.ones((cells, 1), bool), there], axis=1)
    rows, columns = np.nonzero(~there)
    pick = (rng.random(len(rows)) * weight[rows].sum(axis=1)).astype(np.int64)
    nth = np.argmax(np.cumsum(weight[rows], axis=1) > pick[:, None], axis=1)
    at[rows, columns] = candidates[rows, nth]
    return at


@dataclass(frozen=True)
class Conflictology:
    """One of the last `months` months again; with `ring`, of the cell or one of its eight neighbours."""

    months: int = 12
    ring: bool = False
    name: str = "conflictology"

    def fit(self, panel: Panel, target: str) -> FittedHistory:
        """Keep the last months."""
        recent = plane_of(panel, target)[-self.months :]
        return FittedHistory(panel, target, self.name, seen_in(recent), recent, self.ring)


@dataclass(frozen=True)
class FittedBootstrap:
    """The pool of all cells and months."""

    panel: Panel
    target: str
    name: str
    known: Bools
    sizes: Plane
    share: float
    months: int
    n_draws: int

    def seeing(self, panel: Panel) -> "FittedBootstrap":
        """The pool of a newer panel."""
        return Bootstrap(self.months, self.n_draws, self.name).fit(panel, self.target)

    def explain(self, cell: int, step: int) -> list[Part]:
        """Any month of any cell."""
        return [Part("pool", 1.0)]

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Independent draws from the pool for each cell: gaps between killings are geometric."""
        cells = len(self.panel.gids)
        size = cells * self.n_draws
        at = np.empty(0, dtype=np.int64)
        if self.share > 0:
            expected = size * self.share
            gaps = rng.geometric(self.share, size=int(expected + 6 * np.sqrt(expected) + 20))
            at = np.cumsum(gaps) - 1
            at = at[at < size]
        values = rng.choice(self.sizes, size=len(at)) if len(at) else np.empty(0, dtype=np.float32)
        row, column = np.divmod(at, self.n_draws)
        draws = csr_matrix((values, (row, column)), shape=(cells, self.n_draws))
        return Repeated(self.panel, self.target, self.name, self.known, draws).predict(steps, rng)


@dataclass(frozen=True)
class Bootstrap:
    """Any month of any cell of the last `months`, whoever the cell is."""

    months: int = 240
    n_draws: int = 1000
    name: str = "bootstrap"

    def fit(self, panel: Panel, target: str) -> FittedBootstrap:
        """Pool what was seen."""
        recent = plane_of(panel, target)[-self.months :]
        sizes = recent[recent > 0]
        seen = int(recent.size - np.isnan(recent).sum())
        known = seen_in(plane_of(panel, target)[-12:])
        share = len(sizes) / max(seen, 1)
        return FittedBootstrap(panel, target, self.name, known, sizes, share, self.months, self.n_draws)
