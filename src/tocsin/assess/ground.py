"""The mission's land as placement and planning want it: cells, people, first-level areas."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from tocsin.assess.panel.placement import Ground, area_of_cells
from tocsin.core import areas, lattice
from tocsin.core.mission import Mission
from tocsin.listen.people.reads import People, people_of_cells


@dataclass(frozen=True)
class Land:
    """The mission's cells with their people and areas.

    Parameters
    ----------
    ground : Ground
    people : People
    """

    ground: Ground
    people: People

    @property
    def area_names(self) -> list[str]:
        """Name of each cell's first-level area; '' where none."""
        named = [a.name for a in self.ground.areas]
        return [named[i] if i >= 0 else "" for i in self.ground.area_of_cell]


def gw_of(mission: Mission) -> int | None:
    """Gleditsch-Ward number of the mission's country; None when it has no one country."""
    known = areas.countries().get(mission.iso3)
    return known.gw if known else None


def land_of(connection: sa.Connection, mission: Mission, as_of: int) -> Land:
    """Cells, people and areas of a mission, with people as a month could know them."""
    gids = mission.cells()
    layers = mission.first_level_areas()
    people = people_of_cells(connection, mission, gids, as_of)
    gw = gw_of(mission)
    country = country_of_cells(mission, gids)
    weight = np.nan_to_num(people.people)
    if not weight.any():
        weight = lattice.area_km2(gids)
    return Land(Ground(gids, weight, layers, area_of_cells(gids, layers), gw, country), people)


def country_of_cells(mission: Mission, gids: np.ndarray) -> np.ndarray:
    """Gleditsch-Ward number of each cell's country, the mission's own where it has one; 0 where none is known."""
    if mission.iso3 in areas.countries():
        return np.full(len(gids), gw_of(mission) or 0, dtype=np.int64)
    return _countries(gids, mission.area()).copy()


def _countries(gids: np.ndarray, outline: Any) -> np.ndarray:
    """Gleditsch-Ward number of the country that holds most of each cell's part of the area; 0 where none does."""
    return _countries_of(gids.tobytes(), None if outline is None else shapely.to_wkb(outline))


# Reads the outlines of the whole world: a page that shows the land must not do that each time.
@functools.lru_cache(maxsize=4)
def _countries_of(cells: bytes, area: bytes | None) -> np.ndarray:
    gids = np.frombuffer(cells, dtype=np.int64)
    outline = None if area is None else shapely.from_wkb(area)
    known = [c for c in areas.countries().values() if c.gw is not None]
    shapes = np.array(areas.country_polygons([c.iso3 for c in known]), dtype=object)
    parts = lattice.squares(gids)
    if outline is not None:
        part = shapely.intersection(parts, outline)
        parts = np.where(shapely.is_empty(part), parts, part)
    # Asked by country, so that each large outline is prepared once; only cells of several countries are measured.
    country, cell = shapely.STRtree(parts).query(shapes, predicate="intersects")
    overlap = np.ones(len(cell))
    several = np.bincount(cell, minlength=len(gids))[cell] > 1
    overlap[several] = shapely.area(shapely.intersection(parts[cell[several]], shapes[country[several]]))
    order = np.argsort(overlap, kind="stable")  # the largest is written last
    found = np.zeros(len(gids), dtype=np.int64)
    found[cell[order]] = np.array([c.gw or 0 for c in known], dtype=np.int64)[country[order]]
    return found
