"""The past around a place: decayed counts of the cell, its ring and its wider surroundings, and where people live.

Planes come one at a time (a world of cells × months is 0.1 GB a plane), each as what it is called and a months × cells
array; row t never looks beyond t. Cells outside the panel, and months nobody looked at, add nothing.
"""

import functools
from collections.abc import Iterator

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


def near(gids: npt.NDArray[np.int64], scale_km: float = FAR_KM, reach: int = FAR_CELLS) -> csr_matrix:
    """Weights exp(−(d / scale)²) between cells no more than `reach` rows and columns apart, zero on the diagonal.

    Columns do not wrap round the antimeridian. Kept for the last two sets of cells: do not change what you are given.
    """
    return _near(np.ascontiguousarray(gids, dtype=np.int64).tobytes(), scale_km, reach)


@functools.lru_cache(maxsize=2)
def _near(packed: bytes, scale_km: float, reach: int) -> csr_matrix:
    gids = np.frombuffer(packed, dtype=np.int64)
    order = np.argsort(gids)
    ordered = gids[order]
    row, column = lattice.row_col(gids)
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
            other = order[at[found]]
            km = 111.2 * np.hypot((lon[other] - lon[found]) * np.cos(np.radians(lat[found])), lat[other] - lat[found])
            weight = np.exp(-((km / scale_km) ** 2))
            keep = weight > 1e-3
            parts.append((found[keep], other[keep], weight[keep]))
    i, j, w = (np.concatenate([p[k] for p in parts]) for k in range(3))
    return csr_matrix((w.astype(np.float32), (i, j)), shape=(len(gids), len(gids)))


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
    keep = np.float32(0.5 ** (1 / half_life))
    out = filled(plane)
    for month in range(1, len(out)):
        out[month] += keep * out[month - 1]
    return out


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


def surroundings(panel: Panel, target: str) -> Iterator[tuple[str, Plane]]:
    """Planes of what raises the risk of killing, all positive and on the scale of a count of active months.

    `own`, `ring` (8 neighbours) and `far` (`FAR_KM`) of months with deaths, `big` of log deaths, `other` kinds of
    violence here and in the ring, `map` (where killing was over many years, smoothed) and `towns`; numbers are
    half-lives in months.
    """
    active, other, size = _inputs(panel, target)
    ring = lattice.adjacency(panel.gids) / 8
    around = near(panel.gids) / 20

    def spread(plane: Plane, weights: csr_matrix) -> Plane:
        return np.asarray((csr_matrix(plane) @ weights.T).todense(), dtype=np.float32)

    in_ring, in_far = spread(active, ring), spread(active, around)
    for months in (1, 3, 12, 48):
        yield f"own {months}", faded(active, months)
        yield f"ring {months}", faded(in_ring, months)
    for months in (1, 6):
        yield f"big {months}", faded(size, months)
    for months in (2, 12):
        yield f"other {months}", faded(other, months)
    yield "other ring 2", faded(spread(other, ring), 2)
    for months in (2, 12):
        yield f"far {months}", faded(in_far, months)
    yield "map", faded(active, 120) + 0.3 * faded(in_ring, 120) + faded(in_far, 120)
    towns = np.sqrt(townspeople(panel.gids) / 1e5).astype(np.float32)
    yield "towns", np.broadcast_to(towns, active.shape)
    yield "everywhere", np.ones_like(active)


def surroundings_at(panel: Panel, target: str, months: npt.NDArray[np.int64]) -> Plane:
    """The planes of `surroundings` at some months (month numbers) only, shape (len(months), C, K).

    Fading and spreading are sums of the events before, so this works on the events alone, without planes: the same
    numbers to rounding, for the world in a tenth of the time.
    """
    rows = months - panel.first_month
    age = rows[:, None] - np.arange(panel.n_months)
    active, other, size = _sparse_inputs(panel, target)
    ring, around = lattice.adjacency(panel.gids) / 8, near(panel.gids) / 20

    def fading(of: csr_matrix, half_life: float) -> npt.NDArray[np.float64]:
        weights = np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / half_life), 0)
        return np.asarray(of.T @ weights.T)

    own = {h: fading(active, h) for h in (1, 2, 3, 12, 48, 120)}
    fought = {h: fading(other, h) for h in (2, 12)}
    columns = []
    for h in (1, 3, 12, 48):
        columns += [own[h], ring @ own[h]]
    columns += [fading(size, h) for h in (1, 6)]
    columns += [fought[2], fought[12], ring @ fought[2], around @ own[2], around @ own[12]]
    columns.append(own[120] + 0.3 * (ring @ own[120]) + around @ own[120])
    towns = np.sqrt(townspeople(panel.gids) / 1e5)
    columns += [np.repeat(towns[:, None], len(rows), axis=1), np.ones((len(panel.gids), len(rows)))]
    out = np.empty((len(rows), len(panel.gids), len(columns)), dtype=np.float32)
    for k, column in enumerate(columns):
        out[:, :, k] = column.T
    return out


def _inputs(panel: Panel, target: str) -> tuple[Plane, Plane, Plane]:
    """Months with deaths, months with other kinds of violence, and log deaths; shape (months, C) each."""
    counted = panel.counts[target]
    active = filled(np.minimum(counted, 1))
    other = np.zeros_like(active)
    for name, plane in panel.counts.items():
        if name != target and not _contains(panel, name, target):
            np.maximum(other, filled(np.minimum(plane, 1)), out=other)
    return active, other, filled(np.log1p(counted))


def _sparse_inputs(panel: Panel, target: str) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
    """`_inputs` without a plane: one look at each, and only what is there kept."""

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
    return csr_matrix((np.minimum(deaths, 1), at), shape), other, csr_matrix((np.log1p(deaths), at), shape)


def _contains(panel: Panel, name: str, target: str) -> bool:
    """Whether another plane counts the same deaths: civilians and one-sided do, and all deaths with any."""
    return TOTAL in (name, target) or {name, target} == {"os", "civilians"}
