"""The same forecast at other levels: first-level areas and the whole, as sums; and H3 cells, as places within a cell.

Sums go down the columns of draws, so what is bad together stays together. A place within a cell is drawn: each future
in which a cell sees killing puts it into one of the cell's H3 cells, by shares that follow past events, towns and land
(`place_shares`), so that chances of places add up to the chance of the cell and no death is cut in pieces.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.panel.placement import Ground
from tocsin.core import areas, lattice
from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RESOLUTIONS = range(4, 8)
WHOLE = -1
# Weights of towns and land beside past events, chosen on Central African events before 2015 (bench_forecast_places).
TOWN_WEIGHT = 1.0
LAND_WEIGHT = 1.0


def area_sums(forecast: Forecast, ground: Ground) -> Forecast:
    """The forecast for each first-level area (by its index) and, as `WHOLE`, for all cells together.

    An area is known when any of its cells is.
    """
    cells = np.arange(len(ground.gids))
    inside = ground.area_of_cell >= 0
    row = np.concatenate([ground.area_of_cell[inside] + 1, np.zeros(len(cells), dtype=np.int64)])
    col = np.concatenate([cells[inside], cells])
    member = csr_matrix(
        (np.ones(len(row), dtype=np.float32), (row, col)), shape=(len(ground.areas) + 1, len(cells))
    )  # fmt: skip
    return forecast.over(np.arange(WHOLE, len(ground.areas)), member)


@dataclass(frozen=True)
class Places:
    """H3 cells and the lattice cell each lies in.

    Parameters
    ----------
    ids : ndarray of int64, shape (P,)
        H3 cells, ordered by lattice cell.
    cell : ndarray of int64, shape (P,)
        Index of the lattice cell that holds its centre.
    share : ndarray, shape (P,)
        Chance that killing in the lattice cell is here; sums to 1 over each lattice cell.
    """

    ids: Ints
    cell: Ints
    share: Floats


def h3_cells(gids: Ints, resolution: int) -> tuple[Ints, Ints]:
    """H3 cells whose centre lies in each lattice cell: ids and index of the lattice cell.

    Raises
    ------
    BadInput
        If the resolution is not one of `RESOLUTIONS`.
    """
    import h3

    if resolution not in RESOLUTIONS:
        raise BadInput(
            "H3 cells of resolution {n} are not forecast: choose {low} (1,770 km²) to {high} (5 km²)",
            n=resolution, low=RESOLUTIONS[0], high=RESOLUTIONS[-1],
        )  # fmt: skip
    lon, lat = lattice.centre(gids)
    half = lattice.SIZE_DEG / 2
    ids, cell = [], []
    for at, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
        corners = [(y - half, x - half), (y - half, x + half), (y + half, x + half), (y + half, x - half)]
        found = sorted(h3.str_to_int(h) for h in h3.h3shape_to_cells(h3.LatLngPoly(corners), resolution))
        if not found:
            found = [h3.str_to_int(h3.latlng_to_cell(y, x, resolution))]
        ids += found
        cell += [at] * len(found)
    return np.array(ids, dtype=np.int64), np.array(cell, dtype=np.int64)


def place_shares(
    gids: Ints,
    resolution: int,
    lon: Floats,
    lat: Floats,
    weight: Floats,
    towns: float = TOWN_WEIGHT,
    land: float = LAND_WEIGHT,
) -> Places:
    """Shares of H3 cells in the killing of their lattice cell.

    Parameters
    ----------
    gids : ndarray of int64, shape (C,)
        Ascending.
    resolution : int
    lon, lat, weight : ndarray, shape (N,)
        Past events placed at a point and how much each counts.
    towns, land : float
        What the towns (by the square root of their people) and the land of a lattice cell count for in events.
    """
    import h3

    ids, cell = h3_cells(gids, resolution)

    def summed(x: Floats, y: Floats, value: Floats) -> Floats:
        there = np.array([h3.str_to_int(h3.latlng_to_cell(b, a, resolution)) for a, b in zip(x, y, strict=True)])
        out = np.zeros(len(ids))
        if len(there):
            order = np.argsort(ids)
            at = np.minimum(np.searchsorted(ids[order], there), len(ids) - 1)
            good = ids[order][at] == there
            np.add.at(out, order[at[good]], value[good])
        return out

    def normed(values: Floats) -> Floats:
        total = np.bincount(cell, values, len(gids))
        return np.asarray(values / np.where(total > 0, total, 1)[cell])

    x, y, people = _towns()
    inside = np.isin(lattice.gid_at(x, y), gids)
    town = normed(summed(x[inside], y[inside], np.sqrt(people[inside])))
    mass = summed(lon, lat, weight) + towns * town + land * normed(np.ones(len(ids)))
    return Places(ids, cell, normed(mass))


def _towns() -> tuple[Floats, Floats, Floats]:
    import duckdb

    with duckdb.connect() as db:
        found = db.execute("SELECT lon, lat, population FROM read_parquet(?)", [str(areas.places_file())]).fetchnumpy()
    people = np.nan_to_num(np.ma.filled(np.ma.asarray(found["population"], dtype=np.float64), 0))
    return np.asarray(found["lon"]), np.asarray(found["lat"]), np.maximum(people, 500.0)


def at_places(forecast: Forecast, places: Places, rng: np.random.Generator) -> Forecast:
    """The forecast for H3 cells: every occurrence of a lattice cell is put into one of its places.

    Places are taken at even distances along the shares in each row of draws, in random order, so that the chance of a
    place is its share of the chance of the cell, within one draw.
    """
    first = np.searchsorted(places.cell, np.arange(len(forecast.gids)))
    upto = np.concatenate([[0.0], np.cumsum(places.share)])
    rows, draws = forecast.draws.shape
    each = np.diff(forecast.draws.indptr)
    row = np.repeat(np.arange(rows), each)
    place = np.empty(len(row))
    order = np.lexsort((rng.random(len(row)), row))
    place[order] = np.arange(len(row)) - np.repeat(forecast.draws.indptr[:-1], each)
    u = (place + np.repeat(rng.random(rows), each)) / np.repeat(each, each)
    cell = row % len(forecast.gids)
    start = upto[first[cell]]
    last = np.append(first[1:], len(places.ids))[cell] - 1
    end = upto[last + 1]
    at = np.clip(np.searchsorted(upto, start + u * (end - start), side="right") - 1, first[cell], last)
    block = row // len(forecast.gids)
    made = csr_matrix(
        (forecast.draws.data, (block * len(places.ids) + at, forecast.draws.indices)),
        shape=(rows // len(forecast.gids) * len(places.ids), draws),
    )
    return Forecast(
        gids=places.ids,
        as_of=forecast.as_of,
        steps=forecast.steps,
        target=forecast.target,
        model=forecast.model,
        draws=made,
        known=forecast.known[places.cell],
        orders=forecast.orders,
    )
