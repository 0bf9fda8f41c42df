"""What reading reports needs of a mission: its places by name, its first-level areas, its words, its local time."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
import sqlalchemy as sa

from tocsin.core.mission import FirstLevelArea, Mission
from tocsin.listen.alerts.names import index_names
from tocsin.listen.alerts.reading import LEXICON, Lexicon, default_lexicon, load_lexicon
from tocsin.listen.alerts.settle import Known
from tocsin.listen.places.tables import place

OUTSIDE = 0.6  # how likely a report is about a place across the border, against one inside
FOLDER = "lexicon"


@dataclass(frozen=True)
class Ground:
    """Names, words and areas; `mark` changes when the mission's places or words did."""

    known: Known
    areas: Sequence[FirstLevelArea]
    mark: tuple[Any, ...]

    def area_of(self, lon: float | None, lat: float | None) -> str | None:
        """Code of the first-level area at a point; None outside all."""
        if lon is None or lat is None:
            return None
        near = [a for west, south, east, north, a in self._boxes if west <= lon <= east and south <= lat <= north]
        return area_at(near, lon, lat)

    @functools.cached_property
    def _boxes(self) -> list[tuple[float, float, float, float, FirstLevelArea]]:
        return [(*area.polygon.bounds, area) for area in self.areas]


def area_at(areas: Sequence[FirstLevelArea], lon: float | None, lat: float | None) -> str | None:
    """Code of the first-level area at a point; None outside all, and where there is no point."""
    if lon is None or lat is None:
        return None
    return next((a.code for a in areas if shapely.contains_xy(a.polygon, lon, lat)), None)


def ground_mark(connection: sa.Connection, folder: Path) -> tuple[Any, ...]:
    """Changes when the mission's places or words did; cheap to ask."""
    count = connection.execute(sa.select(sa.func.count(), sa.func.max(place.c.id))).one()
    words = tuple((p.name, p.stat().st_mtime_ns) for p in sorted((folder / FOLDER).glob("*.toml")))
    return (*count, words)


def open_ground(connection: sa.Connection, mission: Mission) -> Ground:
    """Load what reading needs.

    Raises
    ------
    BadFile
        If a file of the mission's words cannot be read; says which.
    """
    rows = connection.execute(sa.select(place).order_by(place.c.id)).all()
    areas = mission.first_level_areas()
    for area in areas:
        shapely.prepare(area.polygon)
    middle = [a.polygon.centroid for a in areas]
    names = index_names(
        [r.name for r in rows] + [a.name for a in areas],
        [r.alternates for r in rows] + [""] * len(areas),
        [r.lon for r in rows] + [m.x for m in middle],
        [r.lat for r in rows] + [m.y for m in middle],
        [0.0] * len(rows) + [_extent_km(a.polygon) for a in areas],
        [math.nan if r.population is None else r.population for r in rows] + [math.nan] * len(areas),
        [1.0 if r.in_area else OUTSIDE for r in rows] + [1.0] * len(areas),
    )
    outline = mission.area()
    offset = round(outline.centroid.x / 15) if outline is not None and not outline.is_empty else 0
    known = Known(names, mission_lexicon(mission.folder), utc_offset_hours=offset)
    return Ground(known, areas, ground_mark(connection, mission.folder))


def _extent_km(polygon: Any) -> float:
    """Radius of a circle of the same area."""
    width = math.cos(math.radians(polygon.centroid.y)) * 111.2
    return math.sqrt(max(polygon.area * width * 111.2, 0.0) / math.pi)


def mission_lexicon(folder: Path) -> Lexicon:
    """The mission's own words (``lexicon/*.toml`` in its folder), else those of the program."""
    own = folder / FOLDER
    return load_lexicon(own) if (own / "rules.toml").exists() else default_lexicon()


def copy_lexicon(folder: Path) -> list[Path]:
    """Put the program's word lists into the mission folder, to be edited there; keeps what is there already."""
    own = folder / FOLDER
    own.mkdir(exist_ok=True)
    made = []
    for path in sorted(LEXICON.glob("*.toml")):
        if not (own / path.name).exists():
            (own / path.name).write_bytes(path.read_bytes())
            made.append(own / path.name)
    return made
