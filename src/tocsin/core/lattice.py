"""Places on a lattice: PRIO-GRID cells (0.5 degree) and their neighbours.

PRIO-GRID counts rows from the south pole (1 to 360) and columns from the antimeridian (1 to 720); the cell's number
is ``(row - 1) * 720 + col``. Source: Tollefsen, Strand and Buhaug (2012), Journal of Peace Research 49(2), 363-374.
A point on an edge belongs to the cell north and east of it; the north pole and +180 degrees belong to the last cell.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Gids = npt.NDArray[np.int64]

ROWS = 360
COLUMNS = 720
SIZE_DEG = 0.5


def gid_at(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Gids:
    """PRIO-GRID cell numbers of points.

    Parameters
    ----------
    lon, lat : array_like
        Degrees WGS84, same shape; longitudes -180 to 180, latitudes -90 to 90.

    Returns
    -------
    ndarray of int64, the shape of the input

    Raises
    ------
    BadInput
        If a coordinate is missing or outside the world.

    >>> int(gid_at(18.583333, 4.366667))  # Bangui
    135758
    """
    x = np.asarray(lon, dtype=np.float64)
    y = np.asarray(lat, dtype=np.float64)
    if not (np.all(np.abs(x) <= 180) and np.all(np.abs(y) <= 90)):
        raise BadInput("a coordinate lies outside the world: longitudes are -180 to 180, latitudes -90 to 90")
    row = np.minimum(np.floor((y + 90) * 2).astype(np.int64), ROWS - 1)
    col = np.minimum(np.floor((x + 180) * 2).astype(np.int64), COLUMNS - 1)
    return row * COLUMNS + col + 1


def check_gids(gids: npt.ArrayLike) -> Gids:
    """The same cell numbers as int64, or an error if one does not exist."""
    found = np.asarray(gids, dtype=np.int64)
    if found.size and (found.min() < 1 or found.max() > ROWS * COLUMNS):
        raise BadInput("a PRIO-GRID cell number is outside 1 to {top}", top=ROWS * COLUMNS)
    return found


def row_col(gids: npt.ArrayLike) -> tuple[Gids, Gids]:
    """Row and column (both from 1) of cells."""
    found = check_gids(gids)
    return (found - 1) // COLUMNS + 1, (found - 1) % COLUMNS + 1


def centre(gids: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude of cell centres, degrees.

    >>> centre(135758)
    (array(18.75), array(4.25))
    """
    row, col = row_col(gids)
    return np.asarray((col - 0.5) / 2 - 180), np.asarray((row - 0.5) / 2 - 90)


def squares(gids: npt.ArrayLike) -> npt.NDArray[Any]:
    """Cell outlines as shapely boxes, one a cell."""
    lon, lat = centre(gids)
    half = SIZE_DEG / 2
    boxes: npt.NDArray[Any] = np.atleast_1d(shapely.box(lon - half, lat - half, lon + half, lat + half))
    return boxes


def area_km2(gids: npt.ArrayLike) -> Floats:
    """Cell areas on the authalic sphere (radius 6371.0072 km), km²: exact for a sphere, within 0.5 % of WGS84.

    >>> round(float(area_km2(135758)))  # one of the cells near the equator
    3083
    """
    _, lat = centre(gids)
    south, north = np.radians(lat - SIZE_DEG / 2), np.radians(lat + SIZE_DEG / 2)
    return np.asarray(6371.0072**2 * np.radians(SIZE_DEG) * (np.sin(north) - np.sin(south)))


def neighbours(gids: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The eight cells around each cell, clockwise from the north; 0 where there is none (poles).

    Returns
    -------
    ndarray of int64, shape (n, 8)
        Columns wrap round the antimeridian.
    """
    row, col = row_col(np.atleast_1d(np.asarray(gids)))
    steps = np.array([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)])
    rows = row[:, None] + steps[:, 0]
    cols = (col[:, None] + steps[:, 1] - 1) % COLUMNS + 1
    found = (rows - 1) * COLUMNS + cols
    return np.where((rows >= 1) & (rows <= ROWS), found, 0)


def adjacency(gids: npt.ArrayLike, include_self: bool = False) -> csr_matrix:
    """Which of the given cells touch each other (8 neighbours), as a sparse 0/1 matrix.

    Parameters
    ----------
    gids : array_like of int, shape (n,)
        Distinct cell numbers in any order.
    include_self : bool
        Put ones on the diagonal too.

    Returns
    -------
    csr_matrix of float32, shape (n, n)
    """
    cells = check_gids(gids)
    order = np.argsort(cells)
    ring = neighbours(cells)
    at = np.searchsorted(cells[order], ring)
    at = np.minimum(at, len(cells) - 1)
    known = (cells[order][at] == ring) & (ring > 0)
    row = np.repeat(np.arange(len(cells)), known.sum(axis=1))
    col = order[at[known]]
    if include_self:
        row = np.concatenate([row, np.arange(len(cells))])
        col = np.concatenate([col, np.arange(len(cells))])
    ones = np.ones(len(row), dtype=np.float32)
    return csr_matrix((ones, (row, col)), shape=(len(cells), len(cells)))


def cells_touching(area: Any, least_share: float = 0.0) -> tuple[Gids, Floats]:
    """Cells that hold part of an area.

    Parameters
    ----------
    area : shapely geometry
        Polygon or multipolygon, WGS84.
    least_share : float
        Leave out cells of which no more than this share lies in the area (0 keeps every cell that holds any).

    Returns
    -------
    gids : ndarray of int64, ascending
    share : ndarray of float64
        Share of each cell's square (in degrees) that lies in the area.
    """
    west, south, east, north = area.bounds
    rows = np.arange(int(np.floor((south + 90) * 2)), min(int(np.floor((north + 90) * 2)), ROWS - 1) + 1)
    cols = np.arange(int(np.floor((west + 180) * 2)), min(int(np.floor((east + 180) * 2)), COLUMNS - 1) + 1)
    gids = (rows[:, None] * COLUMNS + cols[None, :] + 1).ravel()
    boxes = squares(gids)
    shapely.prepare(area)
    touching = shapely.intersects(area, boxes)
    gids, boxes = gids[touching], boxes[touching]
    inside = shapely.contains_properly(area, boxes)
    share = np.ones(len(gids))
    share[~inside] = shapely.area(shapely.intersection(area, boxes[~inside])) / SIZE_DEG**2
    keep = share > least_share
    return gids[keep], share[keep]
