"""PMTiles files (specification 3): what one holds, and whether it is whole, before a map is drawn from it.

A file of the user's own is material, not ours: its head, root directory and description are read with limits, every
offset is compared with the file's size, and what it says about itself comes out as plain text. Tiles themselves are
read by the browser that draws them.
"""

import html
import json
import re
import struct
import zlib
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, BinaryIO

from tocsin.core.errors import BadFile

MAGIC = b"PMTiles"
HEAD = struct.Struct("<7sB11Q6B4iB2i")
FRONT = 16_384  # head and root directory lie in the first 16 KiB
MOST_META = 1 << 20  # packed, and 8 times that unpacked
MOST_ENTRIES = 100_000  # of the root directory
MOST_LAYERS = 100
FORMATS = {1: "mvt", 2: "png", 3: "jpeg", 4: "webp", 5: "avif"}
PLAIN, GZIP = 1, 2  # the two ways of packing that browsers undo without help


@dataclass(frozen=True)
class TileFile:
    """What a PMTiles file says it holds.

    Parameters
    ----------
    path : Path
    title, attribution : str
        Plain text; empty if the file says nothing.
    format : str
        ``mvt`` (vector), or ``png``, ``jpeg``, ``webp``, ``avif``.
    first_zoom, last_zoom : int
    box : tuple of float
        West, south, east, north; WGS84 degrees.
    layers : tuple of str
        Names of the vector layers; empty for pictures.
    """

    path: Path
    title: str
    attribution: str
    format: str
    first_zoom: int
    last_zoom: int
    box: tuple[float, float, float, float]
    layers: tuple[str, ...]


def read_tile_file(path: Path) -> TileFile:
    """What a PMTiles file holds.

    Raises
    ------
    BadFile
        If it cannot be read, is none, is cut short, contradicts itself, or is packed as no browser unpacks.
    """
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as problem:
        raise BadFile("{name} cannot be read ({why})", name=path.name, why=problem.strerror or problem) from problem
    except (ValueError, zlib.error, RecursionError) as problem:
        raise BadFile(
            "{name} is not a PMTiles file that can be drawn ({why}): make it anew, or take it out of base_maps",
            name=path.name, why=problem,
        ) from problem  # fmt: skip


def _read(path: Path, file: BinaryIO) -> TileFile:
    size = path.stat().st_size
    front = file.read(FRONT)
    if len(front) < HEAD.size or not front.startswith(MAGIC):
        raise ValueError("it does not begin like one")
    _, version, *numbers = HEAD.unpack_from(front)
    root, n_root, meta, n_meta, leaves, n_leaves, tiles, n_tiles = numbers[:8]
    packing, tile_packing, kind, first, last = numbers[12:17]
    if version != 3:
        raise ValueError(f"its version is {version}, and 3 is read")
    end = max(root + n_root, meta + n_meta, leaves + n_leaves, tiles + n_tiles)
    if end > size:
        raise ValueError(f"it is cut short: it should have {end} bytes and has {size}")
    if kind not in FORMATS or packing not in (PLAIN, GZIP) or tile_packing not in (0, PLAIN, GZIP):
        raise ValueError("its tiles are of a kind, or packed in a way, that browsers cannot read")
    if root < HEAD.size or root + n_root > FRONT:
        raise ValueError("its root directory is not at its front")
    if not (0 <= first <= last <= 24):
        raise ValueError("its zooms are none")
    west, south, east, north = (edge / 1e7 for edge in numbers[17:21])
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError("its box is not on the earth")
    _check_directory(_unpacked(front[root : root + n_root], packing, 16 * FRONT), n_leaves, n_tiles)
    if n_meta > MOST_META:
        raise ValueError("its description is too long")
    file.seek(meta)
    said = json.loads(_unpacked(file.read(n_meta), packing, 8 * MOST_META) or b"{}")
    if not isinstance(said, dict):
        raise ValueError("its description is no object")
    return TileFile(
        path, plain_text(said.get("name"), 60), plain_text(said.get("attribution"), 300), FORMATS[kind], first, last,
        (west, south, east, north), _layers(said) if kind == 1 else (),
    )  # fmt: skip


def _layers(said: dict[str, Any]) -> tuple[str, ...]:
    layers = said.get("vector_layers")
    if not isinstance(layers, list) or not layers:
        raise ValueError("it does not say which layers it has")
    if len(layers) > MOST_LAYERS:
        raise ValueError(f"it has more than {MOST_LAYERS} layers")
    names = [layer.get("id") if isinstance(layer, dict) else None for layer in layers]
    if not all(isinstance(name, str) and 0 < len(name) <= 200 for name in names):
        raise ValueError("a layer of it has no name")
    return tuple(dict.fromkeys(str(name) for name in names))


def _unpacked(packed: bytes, packing: int, most: int) -> bytes:
    """Undo the packing, never more than `most` bytes."""
    if packing == PLAIN:
        return packed
    work = zlib.decompressobj(zlib.MAX_WBITS | 16)
    found = work.decompress(packed, most)
    if not work.eof:
        raise ValueError("a part of it unpacks to more than it may, or is cut short")
    return found


def _check_directory(directory: bytes, n_leaves: int, n_tiles: int) -> None:
    """Every entry of the root directory must point into its own part of the file."""
    numbers = _varints(directory)
    n = numbers[0]
    if not 0 < n <= MOST_ENTRIES or len(numbers) != 1 + 4 * n:
        raise ValueError("its root directory is not whole")
    runs, lengths, places = (numbers[1 + k * n : 1 + (k + 1) * n] for k in (1, 2, 3))
    at = 0
    for k, (run, length, place) in enumerate(zip(runs, lengths, places, strict=True)):
        if place:
            at = place - 1
        elif not k:
            raise ValueError("its root directory is not whole")
        at += length  # where an entry lies that follows at once
        if not length or at > (n_tiles if run else n_leaves):
            raise ValueError("its root directory points outside the file")


def _varints(packed: bytes) -> list[int]:
    found, value, shift = [], 0, 0
    for byte in packed:
        value |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift > 63:
                raise ValueError("a number of its root directory has no end")
        else:
            found.append(value)
            value = shift = 0
    if shift or not found:
        raise ValueError("its root directory is not whole")
    return found


def plain_text(given: Any, most: int) -> str:
    r"""Text without tags, entities, control signs or signs that turn the direction of what follows.

    >>> plain_text('<a href="javascript:x">&copy; OpenStreetMap</a>\n<script>y</script>', 60)
    '© OpenStreetMap'
    """
    if not isinstance(given, str):
        return ""
    work = _Text()
    work.feed(given[: 20 * most])
    work.close()
    kept = re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069<>]+", " ", html.unescape(work.text))
    return " ".join(kept.split())[:most]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self._dark = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._dark += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._dark -= tag in ("script", "style") and self._dark > 0

    def handle_data(self, data: str) -> None:
        if not self._dark:
            self.text += data
