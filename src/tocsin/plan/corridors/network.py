"""Networks to look for corridors on: a raster of speeds with hazard laid over it."""

import numpy as np

from tocsin.core.errors import BadInput
from tocsin.plan.corridors.model import Floats, Network
from tocsin.plan.mobility import Grid

# Row and column steps, half of the 16 directions (the other half are the same stretches the other way), and the cells
# passed on the way with the share of the length in each.
_STEPS = (
    ((0, 1), (((0, 0), 0.5), ((0, 1), 0.5))),
    ((1, 0), (((0, 0), 0.5), ((1, 0), 0.5))),
    ((1, 1), (((0, 0), 0.5), ((1, 1), 0.5))),
    ((1, -1), (((0, 0), 0.5), ((1, -1), 0.5))),
    ((1, 2), (((0, 0), 0.25), ((0, 1), 0.25), ((1, 1), 0.25), ((1, 2), 0.25))),
    ((2, 1), (((0, 0), 0.25), ((1, 0), 0.25), ((1, 1), 0.25), ((2, 1), 0.25))),
    ((1, -2), (((0, 0), 0.25), ((0, -1), 0.25), ((1, -1), 0.25), ((1, -2), 0.25))),
    ((2, -1), (((0, 0), 0.25), ((1, 0), 0.25), ((1, -1), 0.25), ((2, -1), 0.25))),
)


def grid_network(grid: Grid, kmh: Floats, hazard: Floats) -> Network:
    """Network of 16 directions over a raster of speeds.

    Parameters
    ----------
    grid : Grid
    kmh : ndarray, shape (rows, cols)
        Speed; 0 bars the cell.
    hazard : ndarray, shape (rows, cols)
        What is met in an hour spent in the cell (attacks, say); exposure is hazard times hours.

    Returns
    -------
    Network
        One node a passable cell, at its centre, row by row from the north.

    Raises
    ------
    BadInput
        If the rasters do not fit the grid.
    """
    shape = (grid.rows, grid.cols)
    if kmh.shape != shape or hazard.shape != shape or not np.all(hazard >= 0):
        raise BadInput("speed and hazard must be one number of zero or more in every cell of the grid")
    open_ = kmh > 0
    number = np.full(shape, -1, dtype=np.int64)
    number[open_] = np.arange(int(open_.sum()))
    width, height = grid.size_km()
    tails, heads, hours, exposure, length = [], [], [], [], []
    slow = np.where(open_, 1 / np.where(open_, kmh, 1), np.inf)
    for (down, right), cells in _STEPS:
        rows = np.arange(grid.rows - down)
        cols = np.arange(max(0, -right), grid.cols - max(0, right))
        if not len(rows) or not len(cols):
            continue
        r, c = (v.ravel() for v in np.meshgrid(rows, cols, indexing="ij"))
        km = np.hypot(down * height, right * width[r])
        pace = np.zeros(len(r))
        risk = np.zeros(len(r))
        for (dr, dc), share in cells:
            at = (r + dr, c + dc)
            pace += share * slow[at]
            with np.errstate(invalid="ignore"):
                risk += share * slow[at] * hazard[at]
        good = np.isfinite(pace)
        a, b = number[r, c][good], number[r + down, c + right][good]
        for one, other in ((a, b), (b, a)):
            tails.append(one)
            heads.append(other)
            hours.append((km * pace)[good])
            exposure.append((km * risk)[good])
            length.append(km[good])
    lon, lat = np.meshgrid(grid.lons, grid.lats)

    def joined(parts: list[Floats]) -> Floats:
        return np.concatenate(parts) if parts else np.empty(0)

    whole = np.empty(0, dtype=np.int64)
    return Network(
        np.concatenate(tails) if tails else whole,
        np.concatenate(heads) if heads else whole,
        joined(hours), joined(exposure), joined(length), lon[open_], lat[open_],
    )  # fmt: skip
