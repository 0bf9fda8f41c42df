"""The map of risk and posture, drawn as SVG text by ourselves: no map service, no font file, no script.

The projection is equirectangular, true to scale at the area's middle latitude: good to about 1 % for areas a few
hundred kilometres high. Colours are set as attributes, so that the same text prints anywhere, and named by class, so
that a style sheet may change them (dark theme). Shades get darker step by step: they survive greyscale printing and
every colour blindness. Kinds of unit differ by shape, never by colour alone; a hollow shape is unknown strength.
"""

import math
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

from tocsin.brief.content import BriefContent, Cell, MapUnit, plain
from tocsin.brief.symbols import FAMILIES, FAMILY, INK, PAPER, disc, symbol
from tocsin.core.geometry import EARTH_KM
from tocsin.core.words import Translator

# Upper ends of the shades, expected killed per cell over the horizon. Fixed, so that two months can be compared.
STEPS = (0.5, 2.0, 5.0, 10.0, 25.0)
SHADES = ("#f8f4ea", "#f8d298", "#f7b267", "#e57f3c", "#b8461d", "#6b1509")
NO_DATA = "#8a8f98"
FONT = "Libertinus Serif, Georgia, serif"
# typst draws a piece of text in a map with one font only, so what is Arabic in it is a piece of its own.
ARABIC = re.compile("[\u0600-\u06ff][\u0600-\u06ff ]*")
IN_ARABIC = r'<tspan font-family="IBM Plex Sans Arabic, serif">\g<0></tspan>'
WIDTH = 720.0
_TALLEST = 480.0
_PAD = 10.0


@dataclass(frozen=True)
class Drawing:
    """A finished map: SVG text, its words for those who cannot see it, and its size in CSS pixels."""

    svg: str
    title: str
    alt: str
    width: float
    height: float


@dataclass(frozen=True)
class Frame:
    """From degrees to pixels: x = (lon - west) · k · cos(mid), y = (north - lat) · k, moved by (left, top)."""

    west: float
    north: float
    k: float
    squeeze: float
    left: float
    top: float

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixel position of a point in degrees."""
        return self.left + (lon - self.west) * self.k * self.squeeze, self.top + (self.north - lat) * self.k

    @property
    def km_per_px(self) -> float:
        """Kilometres in one pixel (both directions, at the middle latitude)."""
        return math.radians(1.0) * EARTH_KM / self.k


@dataclass
class Room:
    """Which rectangles of the map are taken, so that nothing is written over something else."""

    width: float
    height: float
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def free(self, box: tuple[float, float, float, float]) -> bool:
        """Whether a rectangle (x0, y0, x1, y1) is inside the map and touches nothing."""
        x0, y0, x1, y1 = box
        if x0 < 1 or y0 < 1 or x1 > self.width - 1 or y1 > self.height - 1:
            return False
        return not any(x0 < b[2] and b[0] < x1 and y0 < b[3] and b[1] < y1 for b in self.taken)

    def take(self, box: tuple[float, float, float, float]) -> None:
        """Mark a rectangle as taken."""
        self.taken.append(box)

    def place(
        self, x: float, y: float, width: float, height: float, gaps: tuple[float, ...]
    ) -> tuple[float, float] | None:
        """Find and take a free spot for a box near a point; its top left corner, or None if there is none."""
        for gap in gaps:
            for dx, dy in ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)):
                left = x + dx * (gap + width / 2) - width / 2
                top = y + dy * (gap + height / 2) - height / 2
                box = (left, top, left + width, top + height)
                if self.free(box):
                    self.take(box)
                    return left, top
        return None


def shade(expected: float) -> int:
    """Number of the shade (0 lightest) of an expected number killed.

    >>> shade(0.0), shade(0.5), shade(400.0)
    (0, 1, 5)
    """
    return sum(expected >= step for step in STEPS)


def draw(content: BriefContent, _: Translator) -> Drawing:
    """Draw the map of a brief."""
    frame, height = _fit(content.outline.bounds)
    room = Room(WIDTH, height)
    title = _(
        "Expected killing and posture, {area}, {first} to {last}",
        area=content.area,
        first=_.month(content.as_of + 1),
        last=_.month(content.as_of + content.horizon),
    )
    alt = _describe(content, _)
    outline = _path(content.outline, frame)
    parts = [
        '<defs><clipPath id="tocsin-area"><path clip-rule="evenodd" d="' + outline + '"/></clipPath>'
        '<pattern id="tocsin-none" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect class="land" width="6" height="6" fill="{SHADES[0]}"/>'
        f'<path class="none" d="M3 0V6" stroke="{NO_DATA}" stroke-width="1.6"/></pattern></defs>',
        f'<path class="land" d="{outline}" fill="{SHADES[0]}" fill-rule="evenodd"/>',
        '<g clip-path="url(#tocsin-area)">' + "".join(_cell(c, frame) for c in content.cells) + "</g>",
    ]
    parts += [
        f'<path class="area" d="{_path(a.polygon, frame)}" fill="none" stroke="#6d6459" stroke-width="0.8" '
        'stroke-dasharray="4 2.5"/>'
        for a in content.areas
    ]
    parts.append(
        f'<path class="outline" d="{outline}" fill="none" stroke="{INK}" stroke-width="1.6" stroke-linejoin="round"/>'
    )
    parts += _scale_bar(frame, height, room, _)
    parts += _units_and_places(content, frame, room)
    parts += _area_names(content, frame, room)
    legend, bottom = _legend(content, height + 16, _)
    parts += legend
    drawn = ' direction="ltr"' if _.direction == "rtl" else ""  # anchors count from the left on every page
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map"{drawn} viewBox="0 0 {WIDTH:g} {bottom:g}" '
        f'width="{WIDTH:g}" height="{bottom:g}" role="img" aria-labelledby="tocsin-map-title tocsin-map-desc" '
        f'font-family="{FONT}" font-size="11"><title id="tocsin-map-title">{escape(title)}</title>'
        f'<desc id="tocsin-map-desc">{escape(alt)}</desc>' + "\n".join(parts) + "</svg>"
    )
    return Drawing(svg, title, alt, WIDTH, bottom)


def _fit(bounds: tuple[float, float, float, float]) -> tuple[Frame, float]:
    west, south, east, north = bounds
    squeeze = max(0.05, math.cos(math.radians((south + north) / 2)))
    wide, high = max(1e-6, (east - west) * squeeze), max(1e-6, north - south)
    k = min((WIDTH - 2 * _PAD) / wide, (_TALLEST - 2 * _PAD) / high)
    height = high * k + 2 * _PAD
    return Frame(west, north, k, squeeze, (WIDTH - wide * k) / 2, _PAD), height


def _path(polygon: Any, frame: Frame) -> str:
    """SVG path of a polygon, without detail smaller than half a pixel."""
    pieces = []
    for part in getattr(polygon.simplify(0.5 / frame.k), "geoms", None) or [polygon.simplify(0.5 / frame.k)]:
        if part.geom_type != "Polygon":
            continue
        for ring in (part.exterior, *part.interiors):
            points = [frame.xy(x, y) for x, y, *_rest in ring.coords[:-1]]
            pieces.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(pieces)


def _cell(cell: Cell, frame: Frame) -> str:
    half = cell.size / 2
    x0, y0 = frame.xy(cell.lon - half, cell.lat + half)
    x1, y1 = frame.xy(cell.lon + half, cell.lat - half)
    box = f'x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0 + 0.3:.1f}" height="{y1 - y0 + 0.3:.1f}"'
    if cell.expected is None:
        return f'<rect {box} fill="url(#tocsin-none)"/>'
    step = shade(cell.expected.mean)
    return f'<rect class="s{step}" {box} fill="{SHADES[step]}"/>' if step else ""


def _text(x: float, y: float, words: str, size: float = 11, css: str = "label", more: str = "") -> str:
    return (
        f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{INK}" {more}>'
        f"{ARABIC.sub(IN_ARABIC, escape(plain(words)))}</text>"
    )


def _halo(x: float, y: float, words: str, size: float, css: str = "label", more: str = "") -> str:
    """Words with a thin light edge, readable on every shade."""
    return _text(
        x,
        y,
        words,
        size,
        css,
        f'paint-order="stroke" stroke="{PAPER}" stroke-width="2.6" stroke-linejoin="round" {more}',
    )


def _wide(words: str, size: float) -> float:
    """Width that is surely enough for words in any text font, in pixels."""
    return 0.54 * size * len(words) + 2


def _units_and_places(content: BriefContent, frame: Frame, room: Room) -> list[str]:
    """Unit symbols, numbered places and unit names, in that order of importance for room on the map."""
    marks, labels = [], []
    spots: list[tuple[MapUnit, float, float]] = []
    for unit in content.units:
        x, y = frame.xy(unit.lon, unit.lat)
        if 0 <= x <= WIDTH and 0 <= y <= room.height:
            spots.append((unit, x, y))
            room.take((x - 6, y - 6, x + 6, y + 6))
            marks.append(symbol(unit.kind, x, y, known=unit.strength is not None))
    for place in sorted(content.places, key=lambda p: p.rank):
        x, y = frame.xy(place.lon, place.lat)
        box = (x - 9, y - 9, x + 9, y + 9)
        if room.free(box):
            room.take(box)
            marks.append(disc(x, y, str(place.rank)))
            continue
        spot = room.place(x, y, 18, 18, (3, 8, 14, 22, 32, 46))
        cx, cy = (spot[0] + 9, spot[1] + 9) if spot else (x, y)
        marks.append(
            f'<path class="leader" d="M{x:.1f} {y:.1f}L{cx:.1f} {cy:.1f}" stroke="{INK}" stroke-width="1.2"/>'
            f'<circle class="leader-end" cx="{x:.1f}" cy="{y:.1f}" r="1.8" fill="{INK}"/>'
            + disc(cx, cy, str(place.rank))
        )
    named = set()
    for unit, x, y in sorted(spots, key=lambda s: -(s[0].strength or 0)):
        words = unit.name if len(unit.name) <= 24 else unit.name[:23] + "…"
        if not words or words in named:
            continue
        spot = room.place(x, y, _wide(words, 10), 11, (7, 10))
        if spot:
            named.add(words)
            labels.append(_halo(spot[0] + 1, spot[1] + 9, words, 10))
    return marks + labels


def _area_names(content: BriefContent, frame: Frame, room: Room) -> list[str]:
    """Names of first-level areas, in wide light capitals, only where there is room for them."""
    drawn = []
    for area in content.areas:
        point = area.polygon.representative_point()
        x, y = frame.xy(point.x, point.y)
        words = area.name.upper()
        width = _wide(words, 8.5) + 1.3 * len(words)
        west, _south, east, _north = area.polygon.bounds
        if width > 1.4 * (east - west) * frame.k * frame.squeeze:
            continue
        for dy in (0, -14, 14, -28, 28):
            box = (x - width / 2, y + dy - 5, x + width / 2, y + dy + 5)
            if room.free(box):
                room.take(box)
                drawn.append(_halo(x, y + dy + 3, words, 8.5, "area-name", 'text-anchor="middle" letter-spacing="1.2"'))
                break
    return drawn


def _scale_bar(frame: Frame, height: float, room: Room, _: Translator) -> list[str]:
    most = 0.22 * WIDTH * frame.km_per_px
    power = 10.0 ** math.floor(math.log10(most))
    km = next(step * power for step in (5, 2, 1) if step * power <= most)
    length, x, y = km / frame.km_per_px, 6.0, height - 8
    room.take((0, y - 20, length + 14, height))
    words = _("{km} km", km=_.number(km) if km >= 1 else _.number(km, 2))
    line = f"M{x:g} {y - 5:.1f}V{y:.1f}H{x + length:.1f}V{y - 5:.1f}"
    return [
        f'<path class="outline" d="{line}" fill="none" stroke="{INK}" stroke-width="1.4"/>',
        _halo(x + 5, y - 5, words, 10),
    ]


def _legend(content: BriefContent, top: float, _: Translator) -> tuple[list[str], float]:
    """Legend under the map: shades, no data, numbered places, kinds of unit, and the line on boundaries."""
    y = top
    parts = [
        _text(
            0,
            y,
            _("Expected civilians killed per cell of 0.5°, {n} months", n=_.number(content.horizon)),
            11,
            "label",
            'font-weight="bold"',
        )
    ]
    y += 8
    edges = (0.0, *STEPS)
    names = [_("under {n}", n=_.number(STEPS[0], 1))]
    names += [_("{low} to {high}", low=_.number(a, int(a < 1)), high=_.number(b)) for a, b in pairwise(edges[1:])]
    names.append(_("{n} or more", n=_.number(STEPS[-1])))
    x = 0.0
    for step, (colour, words) in enumerate(zip(SHADES, names, strict=True)):
        parts.append(
            f'<rect class="s{step} key" x="{x + 0.5:g}" y="{y:g}" width="68" height="13" fill="{colour}" '
            f'stroke="{INK}" stroke-width="0.6"/>'
        )
        parts.append(_text(x + 34, y + 25, words, 10, "label", 'text-anchor="middle"'))
        x += 68
    x += 22
    parts.append(
        f'<rect class="key" x="{x:g}" y="{y:g}" width="34" height="13" fill="url(#tocsin-none)" '
        f'stroke="{INK}" stroke-width="0.6"/>'
    )
    parts.append(_text(x + 40, y + 10.5, _("No data: not the same as no risk"), 10))
    parts.append(disc(x + 8, y + 27, "1"))
    parts.append(_text(x + 22, y + 30.5, _("Places that matter most (see table)"), 10))
    y += 48
    shown = [f for f in FAMILIES if any(FAMILY[u.kind] == f for u in content.units)]
    items = [(symbol(FAMILIES[f][0], 0, 0, known=True), _(FAMILIES[f][1])) for f in shown]
    if any(u.strength is None for u in content.units):
        kind = next(u.kind for u in content.units if u.strength is None)
        items.append((symbol(kind, 0, 0, known=False), _("Hollow: strength unknown")))
    x = 0.0
    for drawn, words in items:
        width = 18 + _wide(words, 10) + 8
        if x and x + width > WIDTH:
            x, y = 0.0, y + 16
        parts.append(f'<g transform="translate({x + 7:.1f} {y:.1f})">{drawn}</g>')
        parts.append(_text(x + 18, y + 3.5, words, 10))
        x += width
    if items:
        y += 17
    parts.append(
        _text(
            0,
            y,
            _("Boundaries and names shown do not imply official endorsement or acceptance."),
            9.5,
            "label small",
            'font-style="italic"',
        )
    )
    return parts, y + 6


def _describe(content: BriefContent, _: Translator) -> str:
    """The map in words."""
    known = [c for c in content.cells if c.expected is not None]
    missing = len(content.cells) - len(known)
    high = sum(1 for c in known if c.expected and c.expected.mean >= STEPS[2])
    said = [
        _.ngettext(
            "Map of {area} with {n} cell.", "Map of {area} with {n} cells.", len(content.cells), area=content.area
        ),
        _.ngettext(
            "{n} cell expects {least} or more civilians killed.",
            "{n} cells expect {least} or more civilians killed.",
            high,
            least=_.number(STEPS[2]),
        ),
    ]
    if missing:
        said.append(_.ngettext("{n} cell has no data.", "{n} cells have no data.", missing))
    if content.units:
        said.append(_.ngettext("{n} unit is shown.", "{n} units are shown.", len(content.units)))
    if content.places:
        names = [p.anchor for p in sorted(content.places, key=lambda p: p.rank)[:3]]
        said.append(_("The highest expected killing is near {places}.", places=_.join(list(dict.fromkeys(names)))))
    said.append(_("The tables in this brief give the same facts in words."))
    return " ".join(said)
