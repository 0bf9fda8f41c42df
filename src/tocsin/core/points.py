"""Points with their properties, ready to be cut into map tiles: far away as cells with a count, close by one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tocsin.core import mvt
from tocsin.core.mvt import EXTENT, Floats, Ints, Words

FINEST = 14  # from this zoom on, points stand one by one
CELLS = 32  # cells along a tile's edge: 16 pixels on the screen
MOST = 5_000  # points of one tile; more are given as cells at every zoom
SMALLEST = 5  # of blurred points, a count below this is not told


@dataclass(frozen=True)
class Weight:
    """What a cell tells beside its count: a number of each point, and how several become one."""

    name: str
    how: Literal["sum", "min", "max"]
    values: Floats


@dataclass(frozen=True)
class Points:
    """Points as one asker may see them.

    Parameters
    ----------
    ids : int array, shape (n,)
    lon, lat : float array, shape (n,)
        WGS84 degrees, blurred where `exact` is false.
    exact : bool array, shape (n,)
        Whether the asker may know the point itself.
    words : mapping of str to Words
        Properties, one code a point.
    weight : Weight, optional
    x, y : float array, shape (n,), optional
        The same points in the square of Web Mercator, where they are known already; calculated if not given.
    """

    ids: Ints
    lon: Floats
    lat: Floats
    exact: npt.NDArray[np.bool_]
    words: Mapping[str, Words]
    weight: Weight | None = None
    x: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    y: Floats = field(default_factory=lambda: np.empty(0), repr=False)

    def __post_init__(self) -> None:
        if len(self.x) == len(self.lon):
            return
        x, y = mvt.to_world(self.lon, self.lat)
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)

    def tile(self, name: str, z: int, x: int, y: int) -> bytes:
        """A vector tile of Web Mercator.

        Below zoom `FINEST`, points that share a cell of the screen (one of `CELLS` x `CELLS` a tile) are one feature
        with their number ``n`` and the `weight`, at the middle of them; a point alone in its cell is itself. In a cell
        with a blurred point, a number below `SMALLEST` is not told: the feature says ``few``, stands in the middle of
        the cell and names nobody.

        Parameters
        ----------
        name : str
            Of the layer.
        z, x, y : int
            Zoom, column and row.
        """
        scale = 2**z
        fx, fy = self.x * scale - x, self.y * scale - y
        inside = np.flatnonzero((fx >= 0) & (fx < 1) & (fy >= 0) & (fy < 1))
        fx, fy = fx[inside], fy[inside]
        if z >= FINEST and len(inside) <= MOST:
            return self._singly(name, inside, fx, fy)
        cell = (fy * CELLS).astype(np.int64) * CELLS + (fx * CELLS).astype(np.int64)
        order = np.argsort(cell, kind="stable")
        inside, fx, fy, cell = inside[order], fx[order], fy[order], cell[order]
        cells, first, count = np.unique(cell, return_index=True, return_counts=True)
        if len(cells) == 0:
            return b""
        few = ~np.logical_and.reduceat(self.exact[inside], first) & (count < SMALLEST)
        alone = (count == 1) & ~few
        middle_x, middle_y = (cells % CELLS + 0.5) / CELLS, (cells // CELLS + 0.5) / CELLS
        at_x = np.where(few, middle_x, np.add.reduceat(fx, first) / count)
        at_y = np.where(few, middle_y, np.add.reduceat(fy, first) / count)
        told = np.where(alone, inside[first], -1)
        words = {key: Words(w.values, np.where(told >= 0, w.codes[told], -1)) for key, w in self.words.items()}
        words["n"] = mvt.numbers(np.where(few, np.nan, count).astype(float))
        words["n"] = Words([int(v) for v in words["n"].values], words["n"].codes)
        if few.any():
            words["few"] = Words([True], np.where(few, 0, -1))
        if self.weight is not None:
            merged = {"sum": np.add, "min": np.fmin, "max": np.fmax}[self.weight.how]
            values = merged.reduceat(self.weight.values[inside], first)
            words[self.weight.name] = mvt.numbers(np.where(few, np.nan, values))
        ids = np.where(alone, self.ids[inside[first]], 0)
        return mvt.layer(name, mvt.POINT, mvt.points(_grid(at_x), _grid(at_y)), words, ids)

    def _singly(self, name: str, inside: Ints, fx: Floats, fy: Floats) -> bytes:
        words = {key: Words(w.values, w.codes[inside]) for key, w in self.words.items()}
        words["n"] = Words([1], np.zeros(len(inside), dtype=np.int64))
        if self.weight is not None:
            words[self.weight.name] = mvt.numbers(self.weight.values[inside])
        return mvt.layer(name, mvt.POINT, mvt.points(_grid(fx), _grid(fy)), words, self.ids[inside])


def coded(values: Sequence[Any], known: dict[Any, int]) -> Ints:
    """Codes of values, -1 for None; values not met before are added to `known`.

    >>> coded(["b", None, "a", "b"], {})
    array([ 0, -1,  1,  0])
    """
    return np.fromiter(
        (-1 if v is None else known.setdefault(v, len(known)) for v in values), dtype=np.int64, count=len(values)
    )


def squares_tile(
    name: str, z: int, x: int, y: int, lon: Floats, lat: Floats, size: float, ids: Ints, words: Mapping[str, Words]
) -> bytes:
    """A vector tile of the squares of a lattice.

    Parameters
    ----------
    lon, lat : float array, shape (n,)
        Centres, WGS84 degrees.
    size : float
        Edge in degrees.
    """
    half, scale = size / 2, 2**z
    west, north = mvt.to_world(lon - half, lat + half)
    east, south = mvt.to_world(lon + half, lat - half)
    edges = [_grid(v * scale - o) for v, o in ((west, x), (north, y), (east, x), (south, y))]
    margin = EXTENT // 64
    cut = [np.clip(v, -margin, EXTENT + margin) for v in edges]
    seen = np.flatnonzero((cut[2] > cut[0]) & (cut[3] > cut[1]))
    shapes = mvt.rectangles(*(v[seen] for v in cut))
    return mvt.layer(name, mvt.POLYGON, shapes, {k: Words(w.values, w.codes[seen]) for k, w in words.items()},
                     np.asarray(ids, dtype=np.int64)[seen])  # fmt: skip


def _grid(share: Floats) -> Ints:
    """Share of a tile's edge to its units."""
    return np.floor(np.clip(share, -1e6, 1e6) * EXTENT).astype(np.int64)
