"""Which places hang on one road: what would be lost if it were cut."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.plan.mobility.fields import Floats
from tocsin.plan.mobility.speeds import Mode
from tocsin.plan.mobility.surface import Danger, Road, Terrain, fields_of


@dataclass(frozen=True)
class Lifeline:
    """A road and the points that fall out of reach when it alone is cut."""

    road: int
    lost: tuple[int, ...]
    weight: float


def lifelines(
    terrain: Terrain,
    mode: Mode,
    season: str,
    places: Sequence[tuple[float, float]],
    start_hours: Sequence[float],
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    weight: Floats,
    limit_hours: float,
    day: dt.date | None = None,
    danger: Danger | None = None,
) -> list[Lifeline]:
    """Roads whose cutting takes points out of reach, the worst first.

    Each road is left out alone and the nearest-unit time computed again; two roads cut together may lose more.

    Parameters
    ----------
    places : sequence of (lon, lat)
        Where the units of this mode stand.
    lon, lat : array_like, shape (n_points,)
    weight : ndarray, shape (n_points,)
        Expected deaths at the points, for the order.
    """

    def near(roads: Sequence[Road]) -> npt.NDArray[np.bool_]:
        land = replace(terrain, roads=roads)
        surface = fields_of(land, mode, season, day, danger, cutoff_hours=max(limit_hours, 1e-6))
        found: npt.NDArray[np.bool_] = surface.at(surface.nearest(places, start_hours), lon, lat) <= limit_hours
        return found

    now = near(terrain.roads)
    found = []
    for number, road in enumerate(terrain.roads):
        if not road.open_on(day, season):
            continue
        lost = np.flatnonzero(now & ~near([r for k, r in enumerate(terrain.roads) if k != number]))
        if len(lost):
            found.append(Lifeline(number, tuple(int(p) for p in lost), float(np.nansum(weight[lost]))))
    return sorted(found, key=lambda line: (-line.weight, line.road))
