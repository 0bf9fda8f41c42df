"""Mapbox Vector Tiles (specification 2.1) of points and rectangles, written from arrays in one go.

Every number of a feature is a protobuf varint, so that a layer's features are one matrix of numbers: lengths of parts
are sums along rows, and the bytes are what is left when unused places are taken out. No loop over features.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput

EXTENT = 4096
MEDIA = "application/vnd.mapbox-vector-tile"
MERCATOR_LAT = 85.0511287798066
POINT, POLYGON = 1, 3
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Words:
    """A property of features: a list of values, and which of them each feature has.

    Parameters
    ----------
    values : sequence of str, int, float or bool
    codes : int array, shape (n_features,)
        Index into `values`; -1 where the feature has none.
    """

    values: Sequence[Any]
    codes: Ints


def numbers(values: npt.ArrayLike) -> Words:
    """A property whose values are numbers; NaN is none.

    >>> numbers([3.0, float("nan"), 3.0]).codes.tolist()
    [0, -1, 0]
    """
    given = np.asarray(values)
    known = np.isfinite(given.astype(float))
    unique, codes = np.unique(given[known], return_inverse=True)
    placed = np.full(len(given), -1, dtype=np.int64)
    placed[known] = codes
    return Words(unique.tolist(), placed)


def to_world(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """WGS84 degrees to the square of Web Mercator (EPSG:3857): x eastward, y southward, each from 0 to 1.

    Examples
    --------
    >>> [float(v) for v in to_world(0.0, 0.0)]
    [0.5, 0.5]
    """
    x = (np.asarray(lon, dtype=float) + 180.0) / 360.0
    sine = np.sin(np.radians(np.clip(np.asarray(lat, dtype=float), -MERCATOR_LAT, MERCATOR_LAT)))
    y = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
    return np.clip(x, 0.0, 1.0 - 1e-12), np.clip(y, 0.0, 1.0 - 1e-12)


def points(x: Ints, y: Ints) -> Ints:
    """Geometry commands of single points, shape (n, 3). Coordinates in units of the tile."""
    return np.column_stack([np.full(len(x), 9), _zigzag(x), _zigzag(y)])


def rectangles(west: Ints, north: Ints, east: Ints, south: Ints) -> Ints:
    """Geometry commands of rectangles, clockwise on the screen, shape (n, 11). Units of the tile, y southward."""
    wide, tall, none = east - west, south - north, np.zeros(len(west), dtype=np.int64)
    steps = [wide, none, none, tall, -wide, none]
    start = [np.full(len(west), 9), _zigzag(west), _zigzag(north), np.full(len(west), 26)]
    return np.column_stack([*start, *(_zigzag(s) for s in steps), np.full(len(west), 15)])


def layer(name: str, kind: int, geometry: Ints, words: Mapping[str, Words], ids: Ints | None = None) -> bytes:
    """A tile of one layer.

    Parameters
    ----------
    name : str
    kind : int
        `POINT` or `POLYGON`.
    geometry : int array, shape (n_features, n_commands)
        As `points` or `rectangles` make it.
    words : mapping of str to Words
    ids : int array, shape (n_features,), optional
        0 where a feature has none.

    Returns
    -------
    bytes
        Empty when there are no features: an empty tile is a tile.

    Raises
    ------
    BadInput
        If lengths differ or an id is negative.
    """
    count = len(geometry)
    if count == 0:
        return b""
    given = np.zeros(count, dtype=np.int64) if ids is None else np.asarray(ids, dtype=np.int64)
    if given.min() < 0 or len(given) != count or any(len(w.codes) != count for w in words.values()):
        raise BadInput("ids are whole numbers from 0, and every feature has one code a property")
    used: list[bytes] = []
    columns: list[Ints] = []
    held: list[npt.NDArray[np.bool_]] = []
    for key, word in enumerate(words.values()):
        had = word.codes >= 0
        seen, codes = np.unique(word.codes[had], return_inverse=True)
        placed = np.zeros(count, dtype=np.int64)
        placed[had] = codes + len(used)
        used += [_value(word.values[int(c)]) for c in seen]
        columns += [np.full(count, key), placed]
        held += [had, had]
    body = _features(kind, geometry, columns, held, given)
    parts = [_field(1, name.encode()), body, *(_field(3, k.encode()) for k in words), *(_field(4, v) for v in used)]
    inner = b"".join([*parts, b"\x28", _varint(EXTENT), b"\x78\x02"])
    return _field(3, inner)


def _features(kind: int, geometry: Ints, columns: list[Ints], held: list[npt.NDArray[np.bool_]], ids: Ints) -> bytes:
    count = len(geometry)
    always = np.ones(count, dtype=bool)
    named = ids > 0
    tags = np.column_stack(columns) if columns else np.zeros((count, 0), dtype=np.int64)
    kept = np.column_stack(held) if held else np.zeros((count, 0), dtype=bool)
    tag_bytes = (_lengths(tags) * kept).sum(axis=1)
    shape_bytes = _lengths(geometry).sum(axis=1)

    def full(value: int) -> Ints:
        return np.full(count, value, dtype=np.int64)

    body = [(full(8), named), (ids, named), (full(18), tag_bytes > 0), (tag_bytes, tag_bytes > 0)]
    body += [(tags[:, k], kept[:, k]) for k in range(tags.shape[1])]
    body += [(full(24), always), (full(kind), always), (full(34), always), (shape_bytes, always)]
    body += [(geometry[:, k], always) for k in range(geometry.shape[1])]
    values = np.column_stack([v for v, _ in body])
    mask = np.column_stack([m for _, m in body])
    lengths = _lengths(values) * mask
    total = lengths.sum(axis=1)
    values = np.column_stack([full(18), total, values]).astype(np.uint64)
    lengths = np.column_stack([full(1), _lengths(total[:, None])[:, 0], lengths])
    width = int(lengths.max())
    at = np.arange(width, dtype=np.uint64)
    spread = (values[:, :, None] >> (at * np.uint64(7))) & np.uint64(127)
    spread |= (at + np.uint64(1) < lengths[:, :, None].astype(np.uint64)).astype(np.uint64) << np.uint64(7)
    made: bytes = spread[at < lengths[:, :, None]].astype(np.uint8).tobytes()
    return made


def _lengths(values: Ints) -> Ints:
    """Bytes of each number as a varint."""
    found = np.ones(values.shape, dtype=np.int64)
    for bits in range(7, 63, 7):
        more = values >= (1 << bits)
        if not more.any():
            break
        found += more
    return found


def _zigzag(values: Ints) -> Ints:
    given = np.asarray(values, dtype=np.int64)
    return (given << 1) ^ (given >> 63)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, held: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(held)) + held


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"\x38" + _varint(int(value))
    if isinstance(value, int):
        return b"\x30" + _varint((value << 1) ^ (value >> 63))
    if isinstance(value, float):
        return b"\x19" + struct.pack("<d", value)
    return _field(1, str(value).encode())
