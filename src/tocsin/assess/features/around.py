"""The past around a place: decayed counts of the cell, its ring and its wider surroundings, and where people live.

Planes come one at a time (a world of cells × months is 0.1 GB a plane), each as what it is called and a months × cells
array; row t never looks beyond t. Cells outside the panel, and months nobody looked at, add nothing.

They are made of a `Block`: some cells, those within their reach, and what happened there. So the cells of a panel can
be worked on in pieces, wherever these are (`core.spread`), and every piece has the same bits as the whole.
"""

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.assess.panel.model import TOTAL, Panel
from tocsin.core import areas, lattice

Plane = npt.NDArray[np.float32]

FAR_KM = 150.0
FAR_CELLS = 6
LEAST_TOWN = 500.0
COUNTRYSIDE = 2000.0


def near(
    gids: npt.NDArray[np.int64], scale_km: float = FAR_KM, reach: int = FAR_CELLS, own: slice = slice(None)
) -> csr_matrix:
    """Weights exp(−(d / scale)²) between cells no more than `reach` rows and columns apart, zero on the diagonal.

    Columns do not wrap round the antimeridian. With `own` only these rows of the matrix. Kept for the last sixteen sets
    of cells (two worlds in eight blocks): do not change what you are given.
    """
    start, stop, _ = own.indices(len(gids))
    return _near(np.ascontiguousarray(gids, dtype=np.int64).tobytes(), scale_km, reach, start, stop)


@functools.lru_cache(maxsize=16)
def _near(packed: bytes, scale_km: float, reach: int, start: int, stop: int) -> csr_matrix:
    gids = np.frombuffer(packed, dtype=np.int64)
    order = np.argsort(gids)
    ordered = gids[order]
    own = gids[start:stop]
    row, column = lattice.row_col(own)
    lon, lat = lattice.centre(gids)
    parts = []
    for up in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if up == right == 0:
                continue
            there = (column + right >= 1) & (column + right <= lattice.COLUMNS)
            wanted = (row + up - 1) * lattice.COLUMNS + column + right
            at = np.minimum(np.searchsorted(ordered, wanted), len(gids) - 1)
            found = np.flatnonzero(there & (ordered[at] == wanted))
            other, here = order[at[found]], start + found
            km = 111.2 * np.hypot((lon[other] - lon[here]) * np.cos(np.radians(lat[here])), lat[other] - lat[here])
            weight = np.exp(-((km / scale_km) ** 2))
            keep = weight > 1e-3
            parts.append((found[keep], other[keep], weight[keep]))
    i, j, w = (np.concatenate([p[k] for p in parts]) for k in range(3))
    return csr_matrix((w.astype(np.float32), (i, j)), shape=(len(own), len(gids)))


def filled(plane: npt.NDArray[np.floating]) -> Plane:
    """The plane with 0 where nobody looked."""
    out: Plane = plane.astype(np.float32)
    out[np.isnan(out)] = 0
    return out


def faded(plane: npt.NDArray[np.floating], half_life: float) -> Plane:
    """Sum of the past in which a month counts half as much every `half_life` months; unknown months add nothing.

    >>> faded(np.array([[8.0], [0.0], [1.0]]), 1).ravel()
    array([8., 4., 3.], dtype=float32)
    """
    return _fade(filled(plane), half_life)


def _fade(plane: Plane, half_life: float) -> Plane:
    """`faded`, in place."""
    keep = np.float32(0.5 ** (1 / half_life))
    for month in range(1, len(plane)):
        plane[month] += keep * plane[month - 1]
    return plane


@functools.cache
def _towns() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    import duckdb

    with duckdb.connect() as db:
        found = db.execute("SELECT lon, lat, population FROM read_parquet(?)", [str(areas.places_file())]).fetchnumpy()
    people = np.ma.filled(np.ma.asarray(found["population"], dtype=np.float64), 0)
    return lattice.gid_at(found["lon"], found["lat"]), np.maximum(np.nan_to_num(people), LEAST_TOWN)


def townspeople(gids: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """People in the towns of each cell (GeoNames, as shipped), no fewer than `COUNTRYSIDE` per cell."""
    where, people = _towns()
    order = np.argsort(gids)
    at = np.minimum(np.searchsorted(gids[order], where), len(gids) - 1)
    inside = gids[order][at] == where
    counted = np.bincount(order[at[inside]], people[inside], minlength=len(gids)).astype(np.float64)
    return np.asarray(counted + COUNTRYSIDE)


@dataclass(frozen=True)
class Block:
    """Cells with those within reach of them, and what happened there: all that their planes are made of.

    Parameters
    ----------
    gids : ndarray of int64, shape (C,)
    own : slice
        Which of them the block speaks for; the others are neighbours.
    active, other, size : csr_matrix of float32, shape (months, C)
        Months with deaths, months with other kinds of violence, and log deaths; months nobody looked at hold nothing.
    """

    gids: npt.NDArray[np.int64]
    own: slice
    active: csr_matrix
    other: csr_matrix
    size: csr_matrix

    @property
    def own_gids(self) -> npt.NDArray[np.int64]:
        """Cells the block speaks for."""
        return self.gids[self.own]

    def part(self, first: int, end: int) -> "Block":
        """Cells `first` to `end` − 1 of a whole panel, with every cell no more than `FAR_CELLS` rows away."""
        top, bottom = (int(lattice.row_col(self.gids[[at]])[0][0]) for at in (first, end - 1))
        edges = [(top - 1 - FAR_CELLS) * lattice.COLUMNS + 1, (bottom + FAR_CELLS) * lattice.COLUMNS + 1]
        low, high = np.searchsorted(self.gids, edges).tolist()
        planes = (plane[:, low:high].tocsr() for plane in (self.active, self.other, self.size))
        return Block(self.gids[low:high], slice(first - low, end - low), *planes)


def whole(panel: Panel, target: str) -> Block:
    """All cells of a panel as one block: one look at each plane, and only what is there kept."""

    def there(plane: Plane) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], Plane]:
        month, cell = np.nonzero(plane > 0)  # unknown months are not
        return (month, cell), plane[month, cell].astype(np.float32)

    shape = (panel.n_months, len(panel.gids))
    at, deaths = there(panel.counts[target])
    other = csr_matrix(shape, dtype=np.float32)
    for name, plane in panel.counts.items():
        if name != target and not _contains(panel, name, target):
            where, values = there(plane)
            other = other.maximum(csr_matrix((np.minimum(values, 1), where), shape))
    active, size = csr_matrix((np.minimum(deaths, 1), at), shape), csr_matrix((np.log1p(deaths), at), shape)
    return Block(panel.gids, slice(0, len(panel.gids)), active, other, size)


def blocks(panel: Panel, target: str, starts: npt.NDArray[np.int64]) -> list[Block]:
    """The panel in blocks of neighbouring cells that begin at these cells (index, the first 0)."""
    found = whole(panel, target)
    if len(starts) < 2:
        return [found]
    by_cell = (plane.tocsc() for plane in (found.active, found.other, found.size))
    found = Block(found.gids, found.own, *by_cell)
    return [found.part(*ends) for ends in itertools.pairwise([*starts.tolist(), len(panel.gids)])]


def surroundings(panel: Panel, target: str) -> Iterator[tuple[str, Plane]]:
    """Planes of all cells of a panel (`planes`)."""
    return planes(whole(panel, target))


def planes(block: Block) -> Iterator[tuple[str, Plane]]:
    """Planes of what raises the risk of killing, all positive and on the scale of a count of active months.

    `own`, `ring` (8 neighbours) and `far` (`FAR_KM`) of months with deaths, `big` of log deaths, `other` kinds of
    violence here and in the ring, `map` (where killing was over many years, smoothed) and `towns`; numbers are
    half-lives in months. Of the block's own cells only.
    """
    ring = lattice.adjacency(block.gids)[block.own] / 8
    around = near(block.gids, own=block.own) / 20

    def own(plane: csr_matrix, half_life: float) -> Plane:
        return _fade(plane[:, block.own].toarray(), half_life)

    def over(plane: csr_matrix, weights: csr_matrix) -> Plane:
        return np.asarray((plane @ weights.T).toarray(), dtype=np.float32)

    in_ring, in_far = over(block.active, ring), over(block.active, around)
    for months in (1, 3, 12, 48):
        yield f"own {months}", own(block.active, months)
        yield f"ring {months}", faded(in_ring, months)
    for months in (1, 6):
        yield f"big {months}", own(block.size, months)
    for months in (2, 12):
        yield f"other {months}", own(block.other, months)
    yield "other ring 2", _fade(over(block.other, ring), 2)
    for months in (2, 12):
        yield f"far {months}", faded(in_far, months)
    old = own(block.active, 120)
    old += 0.3 * faded(in_ring, 120)
    old += _fade(in_far, 120)
    yield "map", old
    towns = np.sqrt(townspeople(block.own_gids) / 1e5).astype(np.float32)
    yield "towns", np.broadcast_to(towns, old.shape)
    yield "everywhere", np.ones_like(old)


def surroundings_at(panel: Panel, target: str, months: npt.NDArray[np.int64]) -> Plane:
    """The planes of a panel at some months (month numbers) only (`planes_at`)."""
    return planes_at(whole(panel, target), months - panel.first_month)


def planes_at(block: Block, rows: npt.NDArray[np.int64]) -> Plane:
    """The planes of a block at some months (rows) only, shape (len(rows), C, K).

    Fading and spreading are sums of the events before, so this works on the events alone, without planes: the same
    numbers to rounding, for the world in a tenth of the time.
    """
    age = rows[:, None] - np.arange(block.active.shape[0])
    cells = block.own
    ring, around = lattice.adjacency(block.gids)[cells] / 8, near(block.gids, own=cells) / 20

    def fading(of: csr_matrix, half_life: float) -> npt.NDArray[np.float64]:
        weights = np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / half_life), 0)
        return np.asarray(of.T @ weights.T)

    own = {h: fading(block.active, h) for h in (1, 2, 3, 12, 48, 120)}
    fought = {h: fading(block.other, h) for h in (2, 12)}
    columns = []
    for h in (1, 3, 12, 48):
        columns += [own[h][cells], ring @ own[h]]
    columns += [fading(block.size[:, cells], h) for h in (1, 6)]
    columns += [fought[2][cells], fought[12][cells], ring @ fought[2], around @ own[2], around @ own[12]]
    columns.append(own[120][cells] + 0.3 * (ring @ own[120]) + around @ own[120])
    towns = np.sqrt(townspeople(block.own_gids) / 1e5)
    columns += [np.repeat(towns[:, None], len(rows), axis=1), np.ones((len(towns), len(rows)))]
    out = np.empty((len(rows), len(towns), len(columns)), dtype=np.float32)
    for k, column in enumerate(columns):
        out[:, :, k] = column.T
    return out


def _contains(panel: Panel, name: str, target: str) -> bool:
    """Whether another plane counts the same deaths: civilians and one-sided do, and all deaths with any."""
    return TOTAL in (name, target) or {name, target} == {"os", "civilians"}
