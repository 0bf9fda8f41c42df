"""What may be said aloud: counts without small cells, places without exact points. Pure calculations.

Both fail closed: what cannot be protected is not given at all. Nothing is random: noise that is drawn anew averages
away over repeated answers, a cell or a hidden number does not.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core import lattice
from tocsin.core.codes import Tlp
from tocsin.core.errors import BadInput, Forbidden

SMALLEST = 5

# H3 resolution (average edge, https://h3geo.org/docs/core-library/restable) a reader cleared to a TLP step may see.
# None = the point itself. A PRIO-GRID cell (about 55 km) is for everybody.
BLUR: dict[Tlp, int | None] = {
    Tlp.RED: None,
    Tlp.AMBER_STRICT: 7,  # 1.4 km
    Tlp.AMBER: 6,  # 3.7 km
    Tlp.GREEN: 5,  # 9.9 km
    Tlp.CLEAR: 4,  # 26.1 km
}


@dataclass(frozen=True)
class Suppressed:
    """A table of counts with its totals, and which of them may be shown.

    Parameters
    ----------
    values : int array (rows + 1, columns + 1), or (1, n + 1) for a list
        Counts; the last row and column are totals.
    hidden : bool array, same shape
    """

    values: npt.NDArray[np.int64]
    hidden: npt.NDArray[np.bool_]

    def shown(self) -> list[list[int | None]]:
        """Rows with None where a count is hidden: hidden is not zero."""
        return [
            [None if h else int(v) for v, h in zip(values, hidden, strict=True)]
            for values, hidden in zip(self.values.tolist(), self.hidden.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class Blurred:
    """A cell instead of a point: its name, its centre (WGS84 degrees) and how far the point can be from it."""

    cell: str
    lon: float
    lat: float
    radius_km: float


def suppress(counts: npt.ArrayLike, smallest: int = SMALLEST) -> Suppressed:
    """Hide small counts, and as many others as needed so that no hidden count follows from what is shown.

    A count from 1 to ``smallest - 1`` is hidden. Zero is shown unless it must cover for another. With totals in the
    table, one hidden number in a line is what is left over; so more are hidden until, for every hidden number, the
    shown ones leave at least `smallest` possible values (checked by linear programming over all lines at once, see
    L. Willenborg and T. de Waal, Elements of Statistical Disclosure Control, Springer 2001, chapter 4).

    Parameters
    ----------
    counts : array_like of int, shape (n,) or (rows, columns)
        Counts without totals.
    smallest : int
        Smallest count that may be shown, 2 or more.

    Returns
    -------
    Suppressed
        Shape (rows + 1, columns + 1), or (1, n + 1) for a list.

    Raises
    ------
    BadInput
        If counts are negative or not whole.

    Examples
    --------
    >>> suppress([12, 3, 40, 7]).shown()[0]
    [12, None, 40, None, 62]
    """
    inner = np.asarray(counts)
    if inner.ndim not in (1, 2) or inner.size == 0 or smallest < 2:
        raise BadInput("counts to suppress are a list or a table, and the smallest shown is 2 or more")
    if not np.all(np.isfinite(inner.astype(float))) or np.any(inner < 0) or np.any(inner != np.floor(inner)):
        raise BadInput("counts are whole numbers from 0")
    inner = inner.astype(np.int64)
    if inner.ndim == 1:
        values = np.append(inner, inner.sum())[None, :]
    else:
        values = np.vstack([inner, inner.sum(axis=0)])
        values = np.column_stack([values, values.sum(axis=1)])
    hidden = (values > 0) & (values < smallest)
    lines = _lines(values.shape)
    totals = (values.shape[0] - 1 if inner.ndim == 2 else -1, values.shape[1] - 1)
    while True:
        # What is hidden alone in its line is what the line's total leaves over; then the test over all lines at once.
        near = next((line for line in lines if sum(bool(hidden[at]) for at in line) == 1), None)
        if near is None:
            weak = _derivable(values, hidden, smallest)
            if weak is None:
                break
            near = [at for line in lines if weak in line for at in line]
        free = [at for at in near if not hidden[at]] or [(int(r), int(c)) for r, c in np.argwhere(~hidden)]
        # The smallest that is not zero loses least; totals go last, the grand total at the very end.
        best = min(free, key=lambda at: ((at[0] == totals[0]) + (at[1] == totals[1]), values[at] == 0, values[at], at))
        hidden[best] = True
    return Suppressed(values, hidden)


def _lines(shape: tuple[int, ...]) -> list[list[tuple[int, int]]]:
    """Rows and columns whose last number is the sum of the others."""
    rows, columns = shape
    lines = [[(r, c) for c in range(columns)] for r in range(rows)]
    if rows > 1:
        lines += [[(r, c) for r in range(rows)] for c in range(columns)]
    return lines


def _derivable(values: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_], smallest: int) -> tuple[int, int] | None:
    """A hidden number that the shown ones pin to fewer than `smallest` values, or None."""
    from scipy.optimize import linprog

    at = [(int(r), int(c)) for r, c in np.argwhere(hidden)]
    if not at or hidden.all():
        return None
    where = {place: i for i, place in enumerate(at)}
    equations, sums = [], []
    for line in _lines(values.shape):
        # parts - total = 0, with what is shown moved to the right side
        equation, shown = np.zeros(len(at)), 0
        for place, sign in zip(line, [1] * (len(line) - 1) + [-1], strict=True):
            if place in where:
                equation[where[place]] = sign
            else:
                shown += sign * int(values[place])
        if equation.any():
            equations.append(equation)
            sums.append(-shown)
    for i, place in enumerate(at):
        aim = np.zeros(len(at))
        aim[i] = 1
        least = linprog(aim, A_eq=np.array(equations), b_eq=sums)
        most = linprog(-aim, A_eq=np.array(equations), b_eq=sums)
        unbounded = most.status == 3
        if not least.success or not (most.success or unbounded):
            return place
        if not unbounded and math.floor(-most.fun + 1e-6) - math.ceil(least.fun - 1e-6) + 1 < smallest:
            return place
    return None


def blur(lon: float, lat: float, cleared_to: Tlp) -> Blurred | None:
    """The cell that a reader may be told instead of a point.

    Parameters
    ----------
    lon, lat : float
        WGS84 degrees.
    cleared_to : Tlp
        The reader's ceiling; decides the cell (`BLUR`).

    Returns
    -------
    Blurred or None
        None: the reader may see the point itself.

    Raises
    ------
    Forbidden
        If the point cannot be blurred (not a number, outside the world): then nothing may go out.

    Examples
    --------
    >>> blur(18.5601, 4.3612, Tlp.GREEN) == blur(18.5605, 4.3611, Tlp.GREEN)
    True
    """
    _check_point(lon, lat)
    resolution = BLUR[Tlp(cleared_to)]
    return None if resolution is None else h3_cell(lon, lat, resolution)


def h3_cell(lon: float, lat: float, resolution: int) -> Blurred:
    """The H3 cell of a point (resolution 0 to 9; finer ones are no blurring)."""
    import h3

    _check_point(lon, lat)
    if not 0 <= resolution <= 9:
        raise Forbidden("H3 resolution {n} is no blurring: use 0 to 9", n=resolution)
    try:
        cell: Any = h3.latlng_to_cell(lat, lon, resolution)
        centre_lat, centre_lon = h3.cell_to_latlng(cell)
        corners = h3.cell_to_boundary(cell)
    except (h3.H3BaseException, ValueError) as problem:
        raise Forbidden("the place cannot be blurred, so it is not given") from problem
    radius = max(h3.great_circle_distance((centre_lat, centre_lon), corner, unit="km") for corner in corners)
    return Blurred(str(cell), round(centre_lon, 5), round(centre_lat, 5), round(radius, 1))


def grid_cell(lon: float, lat: float) -> Blurred:
    """The PRIO-GRID cell of a point."""
    _check_point(lon, lat)
    gid = lattice.gid_at(lon, lat)
    centre_lon, centre_lat = lattice.centre(gid)
    half = 0.25 * 111.195
    radius = math.hypot(half, half * math.cos(math.radians(max(abs(float(centre_lat)) - 0.25, 0.0))))
    return Blurred(str(int(gid)), float(centre_lon), float(centre_lat), round(radius, 1))


def _check_point(lon: float, lat: float) -> None:
    try:
        good = math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90
    except TypeError:
        good = False
    if not good:
        raise Forbidden("the place cannot be blurred, so it is not given")
