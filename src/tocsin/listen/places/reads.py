"""Naming a point for people: which town it is near, how far and in which direction."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.core.geometry import distance_km
from tocsin.listen.places.tables import place


@dataclass(frozen=True)
class NearPlace:
    """A known place near a point: the point lies `distance_km` from it at `bearing` (degrees from north, clockwise)."""

    name: str
    distance_km: float
    bearing: float
    population: int | None


@dataclass(frozen=True)
class Gazetteer:
    """Names and points of known places."""

    names: list[str]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    population: list[int | None]

    def nearest(self, lon: float, lat: float) -> NearPlace | None:
        """The place nearest to a point; None when no place is known."""
        if not self.names:
            return None
        away = distance_km(self.lon, self.lat, lon, lat)
        i = int(np.argmin(away))
        angle = np.degrees(np.arctan2((lon - self.lon[i]) * np.cos(np.radians(lat)), lat - self.lat[i]))
        return NearPlace(self.names[i], float(away[i]), float(angle % 360), self.population[i])


def gazetteer(connection: sa.Connection) -> Gazetteer:
    """The mission's places: those inside its area, or all if none is."""
    query = sa.select(place.c.name, place.c.lon, place.c.lat, place.c.population).order_by(place.c.id)
    rows = connection.execute(query.where(place.c.in_area)).fetchall() or connection.execute(query).fetchall()
    return Gazetteer(
        [r.name for r in rows], np.array([r.lon for r in rows]), np.array([r.lat for r in rows]),
        [r.population for r in rows],
    )  # fmt: skip
