"""The map: well-formed, to scale, honest about no data, readable in grey, dark and by ear."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from tocsin.brief.content import BriefContent, Cell, Estimate, MapUnit
from tocsin.brief.html import style
from tocsin.brief.map import NO_DATA, SHADES, STEPS, WIDTH, Room, draw, shade
from tocsin.brief.symbols import FAMILIES, FAMILY, INK, PAPER, UNIT_BLUE, symbol
from tocsin.core.codes import UnitKind
from tocsin.core.geometry import distance_km
from tocsin.core.words import translator

EN = translator("en")
SVG = "{http://www.w3.org/2000/svg}"


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def dark(name: str) -> str:
    sheet = style().split("@media screen and (prefers-color-scheme: dark)")[1]
    found = re.search(rf"\.{name}\b[^{{}}]*\{{[^}}]*fill: (#[0-9a-f]{{6}})", sheet)
    assert found
    return found[1]


def variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))


def test_well_formed_and_said_in_words(content: BriefContent) -> None:
    drawn = draw(content, EN)
    root = ET.fromstring(drawn.svg)
    assert root.find(f"{SVG}title").text == drawn.title  # type: ignore[union-attr]
    assert root.find(f"{SVG}desc").text == drawn.alt  # type: ignore[union-attr]
    assert "1 cell has no data." in drawn.alt
    assert "3 units are shown." in drawn.alt
    assert root.get("role") == "img"
    assert "do not imply official endorsement" in drawn.svg


def test_no_data_is_hatched_and_explained(content: BriefContent) -> None:
    inside = draw(content, EN).svg.split("clip-path=")[1]
    assert inside.split("</g>")[0].count("url(#tocsin-none)") == 1
    assert "No data: not the same as no risk" in inside


def test_scale_bar_is_true(content: BriefContent) -> None:
    wide = dataclasses.replace(content, outline=box(14.4, 4.0, 27.5, 10.0))
    svg = draw(wide, EN).svg
    left, right = (float(v) for v in re.search(r'class="outline" d="M([\d.]+) [\d.]+V[\d.]+H([\d.]+)V', svg).groups())  # type: ignore[union-attr]
    assert "200 km" in svg
    width_km = float(distance_km(14.4, 7.0, 27.5, 7.0))
    assert 200 / (right - left) == pytest.approx(width_km / (WIDTH - 20), rel=0.01)


def test_shades_survive_greyscale_and_the_dark() -> None:
    day = [luminance(c) for c in SHADES]
    night = [luminance(dark(f"s{n}")) for n in range(len(SHADES))]
    assert day == sorted(day, reverse=True)
    assert night == sorted(night)
    for scale in (SHADES, [dark(f"s{n}") for n in range(len(SHADES))]):
        assert all(contrast(a, b) >= 1.25 for a, b in pairwise(scale))
    assert contrast(NO_DATA, SHADES[0]) >= 2.5
    assert contrast(UNIT_BLUE, PAPER) >= 7
    assert contrast(INK, SHADES[3]) >= 4.5
    assert [shade(s) for s in STEPS] == [1, 2, 3, 4, 5]


def test_words_have_contrast_in_both_themes() -> None:
    sheet = style()
    light, night = variables(sheet.split("@media")[0]), variables(sheet.split("prefers-color-scheme: dark")[1])
    for theme in (light, night):
        for word in ("ink", "soft", "accent"):
            for ground in ("paper", "tint"):
                assert contrast(theme[word], theme[ground]) >= 4.5, (word, ground)


def test_every_kind_of_unit_has_a_shape_of_its_own_family() -> None:
    assert set(FAMILY) == set(UnitKind)
    assert set(FAMILY.values()) == set(FAMILIES)
    shapes = {re.search(r' d="([^"]+)"', symbol(kind, 0, 0, True))[1] for kind, _ in FAMILIES.values()}  # type: ignore[index]
    assert len(shapes) == len(FAMILIES)
    assert symbol(UnitKind.TOB, 0, 0, True) != symbol(UnitKind.TOB, 0, 0, False)


spots = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200), st.floats(1, 90), st.floats(1, 20)), max_size=25)


@given(spots)
def test_labels_never_overlap(items: list[tuple[float, float, float, float]]) -> None:
    room, placed = Room(300, 200), []
    for x, y, width, height in items:
        spot = room.place(x, y, width, height, (3, 9, 20))
        if spot:
            placed.append((spot[0], spot[1], spot[0] + width, spot[1] + height))
    for number, one in enumerate(placed):
        assert one[0] >= 0
        assert one[2] <= 300
        for other in placed[:number]:
            assert not (one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3])


@pytest.mark.parametrize(
    "outline", [box(20, 5, 20.01, 5.01), box(-10, -80, 40, 80), box(20, 5, 20.1, 9), box(-60, 5, 60, 6)]
)
def test_any_shape_of_area(content: BriefContent, outline: object) -> None:
    drawn = draw(dataclasses.replace(content, outline=outline), EN)
    ET.fromstring(drawn.svg)
    assert "nan" not in drawn.svg
    assert drawn.height < 800


def test_crowded_map(content: BriefContent) -> None:
    units = tuple(MapUnit(f"Camp number {n}", UnitKind.BASE, 20.9, 5.9, n or None) for n in range(60))
    places = tuple(dataclasses.replace(content.places[0], rank=n, lon=20.9, lat=5.9) for n in range(1, 11))
    cells = tuple(Cell(n, 20.25, 5.25, Estimate(n)) for n in range(400))
    ET.fromstring(draw(dataclasses.replace(content, units=units, places=places, cells=cells), EN).svg)
