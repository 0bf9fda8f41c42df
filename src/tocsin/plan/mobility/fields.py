"""Travel-time fields over a friction surface: one a base, kept, so that a base that moves recomputes only itself."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.core.geometry import EARTH_KM

Floats = npt.NDArray[np.float64]
Hours = npt.NDArray[np.float32]

MOST_BUCKETS = 1 << 16
LEAST_ROOM = 1024  # cells that may wait at a time on a small raster; doubled and done again when it was too little


@dataclass(frozen=True)
class Grid:
    """A raster's place: rows from north to south.

    Parameters
    ----------
    west, north : float
        Outer edge, degrees WGS84 (or km, when `plane`).
    step : float
        Size of a cell in degrees (or km).
    rows, cols : int
    plane : bool
        Coordinates are km on a plane, not degrees; for tests and local projections.
    """

    west: float
    north: float
    step: float
    rows: int
    cols: int
    plane: bool = False

    def __post_init__(self) -> None:
        """Refuse rasters that cannot be."""
        if self.rows < 1 or self.cols < 1 or not self.step > 0:
            raise BadInput("a raster needs rows, columns and a cell size above zero")
        if not self.plane and not (self.north - self.rows * self.step >= -90 and self.north <= 90):
            raise BadInput("the raster reaches beyond a pole")

    def cell(self, lon: float, lat: float) -> tuple[int, int]:
        """Row and column of a point.

        Raises
        ------
        BadInput
            If the point is off the raster.
        """
        row, col = int(np.floor((self.north - lat) / self.step)), int(np.floor((lon - self.west) / self.step))
        # the outer edge on the south and east belongs to the last row and column
        row -= int(row == self.rows and bool(np.isclose(self.north - lat, self.rows * self.step)))
        col -= int(col == self.cols and bool(np.isclose(lon - self.west, self.cols * self.step)))
        if not (0 <= row < self.rows and 0 <= col < self.cols):
            raise BadInput("the point {lon}, {lat} is off the travel-time raster", lon=lon, lat=lat)
        return row, col

    @property
    def lons(self) -> Floats:
        """Centres of columns."""
        return np.asarray(self.west + (np.arange(self.cols) + 0.5) * self.step)

    @property
    def lats(self) -> Floats:
        """Centres of rows, north first."""
        return np.asarray(self.north - (np.arange(self.rows) + 0.5) * self.step)

    def size_km(self) -> tuple[Floats, float]:
        """Width of a cell in each row and height of all, km."""
        if self.plane:
            return np.full(self.rows, self.step), self.step
        degree = float(np.pi * EARTH_KM / 180)
        return degree * self.step * np.cos(np.radians(self.lats)), degree * self.step


class Fields:
    """Travel times of one way of moving in one season.

    Parameters
    ----------
    grid : Grid
    kmh : array_like, shape (rows, cols)
        Speed in each cell; 0 for impassable.
    climb_m : array_like, shape (rows, cols), optional
        Elevation in metres, for slopes.
    uphill, downhill : float
        The pace on a slope s is multiplied by exp(uphill s) or exp(downhill |s|). 3.5 is Tobler's (1993) walker.
    cutoff_hours : float
        Nobody asks beyond this; times beyond are inf.

    Raises
    ------
    BadInput
        If a speed is negative or missing, or shapes do not agree.
    """

    def __init__(
        self,
        grid: Grid,
        kmh: npt.ArrayLike,
        climb_m: npt.ArrayLike | None = None,
        *,
        uphill: float = 3.5,
        downhill: float = 2.0,
        cutoff_hours: float = np.inf,
    ) -> None:
        from tocsin.plan.mobility import travelloops as loops

        speed = np.asarray(kmh, dtype=np.float64)
        if speed.shape != (grid.rows, grid.cols):
            raise BadInput("the speed raster is {a}, the grid {b}", a=speed.shape, b=(grid.rows, grid.cols))
        wrong = ~(np.isfinite(speed) & (speed >= 0))
        if wrong.any():
            row, col = (int(v[0]) for v in np.nonzero(wrong))
            raise BadInput(
                "row {row}, column {col} has a speed that is missing or below zero", row=row + 1, col=col + 1
            )
        if not cutoff_hours > 0:
            raise BadInput("the cutoff must be above zero hours")
        self.grid, self.cutoff = grid, float(cutoff_hours)
        with np.errstate(divide="ignore"):
            slow = np.pad(1.0 / speed, 2, constant_values=np.inf)
        climb = np.zeros((1, 1))
        if climb_m is not None:
            heights = np.asarray(climb_m, dtype=np.float64)
            if heights.shape != speed.shape or not np.isfinite(heights).all():
                raise BadInput("elevation must be a number in every cell of the grid")
            climb = np.pad(heights / 1000, 2, mode="edge")
        width, height = grid.size_km()
        self._loops = loops
        self._cols = grid.cols + 4
        steps = (loops.STEP_ROW, loops.STEP_COL)
        wide = np.pad(width, 2, mode="edge")
        self._slow = slow.astype(np.float32).ravel()
        self._lengths = loops.step_lengths(wide, height, *steps)
        if climb_m is None:
            self._edges = np.zeros((1, 16), dtype=np.float32)
            passable = slow[np.isfinite(slow)]
            least = float(passable.min(initial=np.inf)) * min(float(width.min()), height)
            longest = float(passable.max(initial=0.0)) * float(
                np.hypot(2 * max(height, width.max()), max(height, width.max()))
            )
        else:
            self._edges = loops.edge_hours(slow, wide, height, climb, uphill, downhill, *steps)
            usable = self._edges[np.isfinite(self._edges)]
            least, longest = float(usable.min(initial=np.inf)), float(usable.max(initial=0.0))
        # four times the shortest step: fewer buckets to keep in the processor's memory, hardly a cell looked at twice
        self._width = 4 * least if np.isfinite(least) and least > 0 else 1.0
        self._width = max(self._width, longest / (MOST_BUCKETS - 4))
        self._n_buckets = 1 << int(np.ceil(np.log2(longest / self._width + 3)))
        self._kept: dict[tuple[int, ...], Hours] = {}

    def field(self, lon: float, lat: float) -> Hours:
        """Hours of movement from one place to every cell, shape (rows, cols); inf where it cannot get in time."""
        return self.fields([(lon, lat)])[0]

    def fields(self, places: Sequence[tuple[float, float]], threads: int = 2) -> list[Hours]:
        """The fields of several places; those known already are not computed again."""
        cells = [self.grid.cell(lon, lat) for lon, lat in places]
        new = [c for c in dict.fromkeys(cells) if c not in self._kept]
        if len(new) > 1 and threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                made = list(pool.map(lambda c: self._run([c], [0.0]), new))
        else:
            made = [self._run([c], [0.0]) for c in new]
        self._kept.update(zip(new, made, strict=True))
        return [self._kept[c] for c in cells]

    def between(
        self, places: Sequence[tuple[float, float]], lon: npt.ArrayLike, lat: npt.ArrayLike, threads: int = 2
    ) -> Floats:
        """Hours of movement from places to points, shape (n_places, n_points); the fields themselves are not kept."""
        cells = [self.grid.cell(x, y) for x, y in places]

        def one(cell: tuple[int, int]) -> Floats:
            field = self._kept.get(cell)
            return self.at(self._run([cell], [0.0]) if field is None else field, lon, lat)

        if len(cells) > 1 and threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                rows = list(pool.map(one, cells))
        else:
            rows = [one(cell) for cell in cells]
        return np.array(rows) if rows else np.empty((0, np.size(lon)))

    def forget(self, places: Sequence[tuple[float, float]]) -> None:
        """Drop the fields of places nobody holds any more."""
        for lon, lat in places:
            self._kept.pop(self.grid.cell(lon, lat), None)

    def nearest(self, places: Sequence[tuple[float, float]], start_hours: Sequence[float] | None = None) -> Hours:
        """Hours from whichever place gets there first, each after its own start-up time."""
        begin = [0.0] * len(places) if start_hours is None else list(start_hours)
        if len(begin) != len(places) or any(not b >= 0 for b in begin):
            raise BadInput("start-up times must be hours of zero or more, one a place")
        return self._run([self.grid.cell(lon, lat) for lon, lat in places], begin)

    def _run(self, cells: Sequence[tuple[int, int]], starts: Sequence[float]) -> Hours:
        sources = np.array([(r + 2) * self._cols + c + 2 for r, c in cells], dtype=np.int64)
        begin = np.asarray(starts, dtype=np.float32)
        # a cutoff means "at the latest then": arrival on the dot counts, whatever the last digit of a sum says
        limit = np.float32(self.cutoff * (1 + 1e-6))
        flat: Hours = np.empty(0, dtype=np.float32)
        room = max(LEAST_ROOM, len(self._slow) // 32)
        while not len(flat):
            flat = self._loops.spread_out(
                self._edges,
                self._slow,
                self._lengths,
                self._cols,
                sources,
                begin,
                limit,
                self._width,
                self._n_buckets,
                self._loops.STEP_ROW,
                self._loops.STEP_COL,
                room,
            )
            room *= 2
        found: Hours = flat.reshape(-1, self._cols)[2:-2, 2:-2].copy()
        return found

    def at(self, field: Hours, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
        """Hours at points, from a field; inf off the raster."""
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        row = np.floor((self.grid.north - y) / self.grid.step).astype(np.int64)
        col = np.floor((x - self.grid.west) / self.grid.step).astype(np.int64)
        inside = (row >= 0) & (row < self.grid.rows) & (col >= 0) & (col < self.grid.cols)
        found = np.full(x.shape, np.inf)
        found[inside] = field[row[inside], col[inside]]
        return found


def isochrones(grid: Grid, field: Hours, limits: Sequence[float]) -> dict[str, Any]:
    """Areas within reach for each time limit, as a GeoJSON FeatureCollection (lon, lat; property `hours`)."""
    import shapely

    features = []
    for limit in limits:
        boxes = []
        for row in range(grid.rows):
            near = np.concatenate([[False], field[row] <= limit * (1 + 1e-6), [False]])
            edges = np.flatnonzero(near[1:] != near[:-1])
            south, north = grid.north - (row + 1) * grid.step, grid.north - row * grid.step
            boxes += [
                shapely.box(grid.west + a * grid.step, south, grid.west + b * grid.step, north)
                for a, b in zip(edges[::2], edges[1::2], strict=True)
            ]
        area = shapely.union_all(boxes) if boxes else shapely.Polygon()
        geometry = json.loads(shapely.to_geojson(area))
        features.append({"type": "Feature", "properties": {"hours": float(limit)}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def ascii_grid(grid: Grid, field: Hours) -> str:
    """A field as an Esri ASCII grid, which every GIS reads (-9999 where nobody gets).

    GeoTIFF would need a raster library that Tocsin does not carry; every GIS converts this file in one step.
    """
    head = [
        f"ncols {grid.cols}",
        f"nrows {grid.rows}",
        f"xllcorner {grid.west!r}",
        f"yllcorner {grid.north - grid.rows * grid.step!r}",
        f"cellsize {grid.step!r}",
        "NODATA_value -9999",
    ]
    shown = np.where(np.isfinite(field), field, -9999)
    return "\n".join([*head, *(" ".join(f"{v:.4g}" for v in row) for row in shown)]) + "\n"
