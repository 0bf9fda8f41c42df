"""Small PMTiles files, written as the specifications say (PMTiles 3, vector tiles 2.1), for tests."""

import gzip
import json
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HEAD = struct.Struct("<7sB11Q6B4iB2i")
PNG, MVT = 2, 1
Shape = tuple[
    str, list[list[tuple[float, float]]], dict[str, str]
]  # "line" or "area" or "point", parts (lon, lat), words


def varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def field(number: int, told: bytes | int) -> bytes:
    if isinstance(told, int):
        return varint(number << 3) + varint(told)
    return varint(number << 3 | 2) + varint(len(told)) + told


def hilbert(z: int, x: int, y: int) -> int:
    """Number of a tile in the order of the specification."""
    at, n = int(sum(1 << 2 * k for k in range(z))), 1 << z
    s = n >> 1
    while s:
        rx, ry = int(x & s > 0), int(y & s > 0)
        at += s * s * ((3 * rx) ^ ry)
        if not ry:
            if rx:
                x, y = n - 1 - x, n - 1 - y
            x, y = y, x
        s >>= 1
    return at


def vector_tile(layers: Mapping[str, Sequence[Shape]], z: int, x: int, y: int) -> bytes:
    """Every shape of every layer, as far as it goes (nothing is clipped), in one tile."""

    def spot(lon: float, lat: float) -> tuple[int, int]:
        across = (lon + 180) / 360 * 2**z - x
        down = (0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)) * 2**z - y
        return round(across * 4096), round(down * 4096)

    found = b""
    for name, shapes in layers.items():
        words: list[str] = []
        body = field(15, 2) + field(1, name.encode())
        keys = sorted({k for _, _, said in shapes for k in said})
        for kind, parts, said in shapes:
            numbers: list[int] = []
            px = py = 0
            for part in parts:
                steps = []
                for lon, lat in part:
                    qx, qy = spot(lon, lat)
                    steps.append(((qx - px) << 1 ^ (qx - px) >> 63, (qy - py) << 1 ^ (qy - py) >> 63))
                    px, py = qx, qy
                numbers += [9, *steps[0]]
                if len(steps) > 1:
                    numbers += [len(steps) - 1 << 3 | 2, *(n for step in steps[1:] for n in step)]
                if kind == "area":
                    numbers.append(15)
            tags = b""
            for key, value in said.items():
                words += [] if value in words else [value]
                tags += varint(keys.index(key)) + varint(words.index(value))
            kinds = {"point": 1, "line": 2, "area": 3}
            body += field(2, field(2, tags) + field(3, kinds[kind]) + field(4, b"".join(map(varint, numbers))))
        body += b"".join(field(3, key.encode()) for key in keys)
        found += field(3, body + b"".join(field(4, field(1, word.encode())) for word in words))
    return found


def png(red: int, green: int, blue: int) -> bytes:
    """A picture of 256 by 256 points of one colour."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([red, green, blue]) * 256) * 256
    about = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", about) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def write_tile_file(
    path: Path, tiles: Mapping[tuple[int, int, int], bytes], kind: int, box: tuple[float, float, float, float],
    said: Mapping[str, Any],
) -> Path:  # fmt: skip
    """A PMTiles file with one directory; vector tiles are packed, pictures not."""
    order = sorted(tiles, key=lambda tile: hilbert(*tile))
    held = [gzip.compress(tiles[tile], mtime=0) if kind == MVT else tiles[tile] for tile in order]
    ids = [hilbert(*tile) for tile in order]
    steps = [b - a for a, b in zip([0, *ids], ids, strict=False)]
    directory = b"".join(map(varint, [len(ids), *steps, *[1] * len(ids), *map(len, held), 1, *[0] * (len(ids) - 1)]))
    root, about = gzip.compress(directory, mtime=0), gzip.compress(json.dumps(said).encode(), mtime=0)
    zooms = [z for z, _, _ in tiles]
    meta = HEAD.size + len(root)
    data = meta + len(about)
    edges = [round(edge * 1e7) for edge in box]
    head = HEAD.pack(
        b"PMTiles", 3, HEAD.size, len(root), meta, len(about), 0, 0, data, sum(map(len, held)), *[len(ids)] * 3,
        1, 2, 2 if kind == MVT else 1, kind, min(zooms), max(zooms), *edges, min(zooms), *edges[:2],
    )  # fmt: skip
    path.write_bytes(head + root + about + b"".join(held))
    return path


def tiles_over(box: tuple[float, float, float, float], z: int) -> list[tuple[int, int, int]]:
    """The tiles of a zoom that a box touches."""
    west, south, east, north = box

    def at(lon: float, lat: float) -> tuple[int, int]:
        down = 0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)
        return int((lon + 180) / 360 * 2**z), int(down * 2**z)

    (x0, y0), (x1, y1) = at(west, north), at(east, south)
    return [(z, x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]
