"""Travel over real terrain in place of the crow's flight: the same hours, from friction surfaces."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tocsin.core.geometry import distance_km
from tocsin.listen.deployments import Unit
from tocsin.plan.mobility.fields import Fields, Floats
from tocsin.plan.mobility.speeds import Mode, Speeds, default_speeds, season_of
from tocsin.plan.mobility.surface import Danger, Terrain, fields_of


class Overland:
    """Travel times on one terrain for all ways of moving and both seasons; each surface is made when first needed.

    What was computed from a place is kept (at the points asked for, not the whole raster), so that a base that moves
    recomputes only itself.

    Parameters
    ----------
    terrain : Terrain
    day : date, optional
        Closes the roads that are closed on it.
    danger : Danger, optional
    cutoff_hours : float
        Times beyond are inf.
    """

    def __init__(
        self, terrain: Terrain, day: dt.date | None = None, danger: Danger | None = None, cutoff_hours: float = 24.0
    ) -> None:
        self._terrain, self._day, self._danger, self._cutoff = terrain, day, danger, cutoff_hours
        self._made: dict[tuple[str, str], Fields] = {}
        self._rows: dict[tuple[str, str, bytes], dict[tuple[float, float], Floats]] = {}

    def fields(self, mode: Mode, season: str) -> Fields:
        """The surface of a mode and season, with the fields kept on it."""
        key = (mode.name, season)
        if key not in self._made:
            self._made[key] = fields_of(self._terrain, mode, season, self._day, self._danger, self._cutoff)
        return self._made[key]

    def travel(self, mode: Mode, season: str, from_lon: Floats, from_lat: Floats, lon: Floats, lat: Floats) -> Floats:
        """Hours of movement from places to places, start-up left out, shape (n_from, n_to).

        A mode that goes neither on roads, nor across country, nor on water flies: great circle, within its radius.
        """
        if mode.radius_km < 0:  # it may not move at this hour
            return np.full((len(from_lon), len(lon)), np.inf)
        if not (mode.road_kmh or mode.off_road_kmh or mode.water_kmh):
            away = distance_km(from_lon[:, None], from_lat[:, None], lon[None, :], lat[None, :])
            speed = mode.straight_kmh[season]
            time = away / speed if speed else np.where(away > 0, np.inf, 0.0)
            return np.where((away <= mode.radius_km) & (time <= self._cutoff), time, np.inf)
        places = [(float(x), float(y)) for x, y in zip(from_lon, from_lat, strict=True)]
        known = self._rows.setdefault((mode.name, season, lon.tobytes() + lat.tobytes()), {})
        new = [p for p in dict.fromkeys(places) if p not in known]
        if new:
            known.update(zip(new, self.fields(mode, season).between(new, lon, lat), strict=True))
        return np.array([known[p] for p in places]) if places else np.empty((0, len(lon)))

    def hours(
        self,
        units: Sequence[Unit],
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        month: int,
        *,
        wet_months: tuple[int, ...] = (),
        speeds: Speeds | None = None,
        start_hours: Mapping[str, float] | None = None,
    ) -> Floats:
        """Hours from the order to arrival, as `tocsin.plan.mobility.hours` gives them, but over the terrain."""
        season, table = season_of(month, wet_months), speeds or default_speeds()
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        found = np.full((len(units), len(x)), np.inf)
        for kind in sorted({u.kind for u in units}):
            rows = [i for i, u in enumerate(units) if u.kind == kind]
            mover = table[kind]
            begin = [(start_hours or {}).get(units[i].name, mover.start_hours[season]) for i in rows]
            places = (np.array([units[i].lon for i in rows]), np.array([units[i].lat for i in rows]))
            found[rows] = self.travel(mover.mode, season, *places, x, y) + np.array(begin)[:, None]
        return found
