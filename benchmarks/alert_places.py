"""Real place phrases with true points: what UCDP's coders wrote from the sources, and where they put it."""

import csv
import re
from dataclasses import dataclass

import numpy as np
import shapely

from benchmarks.results import SHARED
from tocsin.core import areas
from tocsin.core.geometry import distance_km
from tocsin.listen.alerts.names import Names, index_names
from tocsin.listen.alerts.places import Candidate, default_radii, locate
from tocsin.listen.alerts.radii import ZERO, calibrate

__all__ = [
    "FILES",
    "OTHERS",
    "Phrase",
    "answers",
    "areas",
    "bundled",
    "calibrated",
    "default_radii",
    "distance_km",
    "phrases",
]

FILES = {"CAF": "GEDEvent_v23_1_CAF_1991_2020.csv", "SDN": "GEDEvent_Sudan_2018_2023.csv"}
OTHERS = "GEDEvent_v26_0_1.csv"
MARGIN_DEG = 1.0


@dataclass(frozen=True)
class Phrase:
    """`text` is all that the matcher sees; `lon`, `lat` and `label` (UCDP's own name of the place) are for scoring."""

    text: str
    lon: float
    lat: float
    year: int
    label: str
    province: str


def phrases(name: str, country: str | None = None) -> list[Phrase]:
    """Rows placed at a point (where_prec 1 or 2) that say where in words, in the order of their dates."""
    with (SHARED / "data" / "ucdp_ged" / name).open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["where_prec"] in ("1", "2") and r["where_description"].strip()]
    return sorted(
        (
            Phrase(
                r["where_description"],
                float(r["longitude"]),
                float(r["latitude"]),
                int(r["year"]),
                r["where_coordinates"],
                r["adm_1"],
            )
            for r in rows
            if country in (None, r["country"])
        ),
        key=lambda p: p.year,
    )


def bundled(iso3: str, extra: list[Phrase] | None = None) -> Names:
    """The gazetteer of a new mission: bundled towns in and around the country, and its first-level areas.

    `extra` adds a mission's own list: places of the phrases given, by UCDP's name of them.
    """
    import duckdb

    outline = areas.country_polygon(iso3)
    west, south, east, north = outline.bounds
    query = (
        "SELECT name, coalesce(alternates, ''), lon, lat, population FROM read_parquet(?) "
        "WHERE lon BETWEEN ? AND ? AND lat BETWEEN ? AND ? ORDER BY geonameid"
    )
    box = (west - MARGIN_DEG, east + MARGIN_DEG, south - MARGIN_DEG, north + MARGIN_DEG)
    with duckdb.connect() as db:
        rows = [(*r, 0.0) for r in db.execute(query, [str(areas.places_file()), *box]).fetchall()]
    for _, name, area in areas.first_level_areas(iso3):
        middle = area.centroid
        km2 = area.area * 111.2**2 * np.cos(np.radians(middle.y))
        rows.append((name, "", middle.x, middle.y, None, float(np.sqrt(km2 / np.pi))))
    known = {(p.label, p.lon, p.lat) for p in extra or []}
    rows += [
        (re.sub(r" (town|village|city|region|area|camp)s?$", "", n), "", x, y, None, 0.0) for n, x, y in sorted(known)
    ]
    names, other, lon, lat, people, extent = zip(*rows, strict=True)
    inside = shapely.contains_xy(outline, np.array(lon), np.array(lat))
    return index_names(names, other, lon, lat, extent, [p or np.nan for p in people], np.where(inside, 1.0, 0.6))


def answers(found: list[Phrase], names: Names, radii: dict[str, float]) -> tuple[list[Candidate], np.ndarray, int]:
    """Best candidates of the phrases that got one, their errors (km), and how many phrases got none."""
    best, errors, none = [], [], 0
    for phrase in found:
        candidates = locate(phrase.text, names, radii=radii)
        if not candidates:
            none += 1
            continue
        best.append(candidates[0])
        errors.append(float(distance_km(candidates[0].lon, candidates[0].lat, phrase.lon, phrase.lat)))
    return best, np.array(errors), none


def calibrated(*codes: str) -> dict[str, float]:
    """Radii from the phrases of the countries given, each wording of a place once."""
    best, errors = [], []
    for code in codes:
        distinct = {(p.text, p.label): p for p in phrases(FILES[code])}
        mine, away, _ = answers(list(distinct.values()), bundled(code), dict(ZERO))
        best += mine
        errors.append(away)
    return calibrate(best, np.concatenate(errors))
