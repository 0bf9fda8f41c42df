"""What a planner starts from: the mission's cells, forecast, units, places and events as known at a month."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.assess.actions import cell_risk, read_forecast
from tocsin.assess.ground import Land, gw_of, land_of
from tocsin.core import lattice
from tocsin.core.errors import BadInput, NotFound
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import parse_month
from tocsin.listen.deployments.model import Unit
from tocsin.listen.deployments.reads import Posture
from tocsin.listen.events.model import Events
from tocsin.listen.events.reads import known_events, vintage
from tocsin.listen.places.reads import Gazetteer, gazetteer
from tocsin.plan.actions import latest_assessment, units_of
from tocsin.plan.mobility import season_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Situation:
    """One month of one mission, as it was known then.

    Parameters
    ----------
    run : str
        Assessment it rests on.
    month : int
    season : str
        'dry' or 'wet'.
    land : Land
    risk : ndarray, shape (n_cells,)
        Expected deaths in each cell over the horizon.
    horizon : int
        Months the risk is summed over.
    target : str
    stand : Posture
    places : Gazetteer
    events : Events
        Events known by then.
    danger : ndarray, shape (n_cells,)
        Chance of any deaths in the next month.
    """

    run: str
    month: int
    season: str
    land: Land
    risk: Floats
    horizon: int
    target: str
    stand: Posture
    places: Gazetteer
    events: Events
    danger: Floats

    @property
    def gids(self) -> npt.NDArray[np.int64]:
        """The mission's cells."""
        return self.land.ground.gids

    @property
    def units(self) -> list[Unit]:
        """Units that stand in the mission's cells."""
        return self.stand.units

    def unit(self, name: str) -> Unit:
        """A unit by its name.

        Raises
        ------
        NotFound
            If there is none; names some that there are.
        """
        for unit in self.units:
            if unit.name == name:
                return unit
        known = ", ".join(sorted(u.name for u in self.units)[:8])
        raise NotFound("there is no unit '{name}'; there are for example: {known}", name=name, known=known)

    def recent(self, months: int = 12) -> Events:
        """Events of the last `months` months up to the month."""
        first = np.datetime64("1980-01") + (self.month - 1 - months + 1)
        return self.events.take(self.events.first_day.astype("datetime64[M]") >= first)

    def point(self, text: str) -> tuple[float, float, str]:
        """A point as people give it: ``lon,lat``, the name of a unit or of a place.

        Raises
        ------
        NotFound
            If nothing has that name.
        BadInput
            If the numbers are no place on earth.
        """
        parts = text.split(",")
        if len(parts) == 2:
            try:
                lon, lat = float(parts[0]), float(parts[1])
            except ValueError:
                pass
            else:
                if not (abs(lon) <= 180 and abs(lat) <= 90):
                    raise BadInput("'{text}' is no place: give longitude,latitude in degrees", text=text)
                return lon, lat, text
        wanted = text.strip().casefold()
        for unit in self.units:
            if unit.name.casefold() == wanted:
                return unit.lon, unit.lat, unit.name
        for name, lon, lat in zip(self.places.names, self.places.lon, self.places.lat, strict=True):
            if name.casefold() == wanted:
                return float(lon), float(lat), name
        from rapidfuzz import process

        known = [*(u.name for u in self.units), *self.places.names]
        near = [found[0] for found in process.extract(text, known, limit=3)]
        raise NotFound(
            "no unit or place is called '{text}'; near it: {near}; or give longitude,latitude",
            text=text, near=", ".join(near) or "nothing",
        )  # fmt: skip

    def name_of(self, lon: float, lat: float) -> str:
        """A point in words: the nearest place, with distance and direction when it is some way off."""
        near = self.places.nearest(lon, lat)
        if near is None:
            return f"{lat:.2f}, {lon:.2f}"
        if near.distance_km < 3:
            return near.name
        wind = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")[round(near.bearing / 45) % 8]
        return f"{near.distance_km:.0f} km {wind} {near.name}"


def situation(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Situation:
    """Read a situation; the assessment is made if the month has none.

    Raises
    ------
    NoData
        If no event or no unit is known.
    """
    assessed = latest_assessment(connection, mission, now, as_of, tell)
    summary = assessed.summary
    month = parse_month(summary["as_of"])
    land = land_of(connection, mission, month)
    table = read_forecast(assessed.forecast_file(mission), summary["target"], summary["model"])
    cells = cell_risk(table, land.ground.gids, summary["horizon"])
    risk = np.nan_to_num(cells["mean"])
    seen = vintage(connection, month, gw_of(mission))
    events = known_events(connection, seen, month)
    inside = np.isin(events.gid, land.ground.gids)
    return Situation(
        assessed.run, month, season_of(month, mission.wet_months), land, risk, int(summary["horizon"]),
        str(summary["target"]), units_of(connection, land, month, operations), gazetteer(connection),
        events.take(inside), np.nan_to_num(cells["p_any_next"]),
    )  # fmt: skip


@dataclass(frozen=True)
class Spot:
    """A place worth protecting: its point, name, area, people, and the forecast deaths it stands for."""

    name: str
    lon: float
    lat: float
    area: str
    risk: float
    people: float | None
    gid: int


def spots(now: Situation, most: int = 80) -> list[Spot]:
    """Places that together stand for the forecast: each cell's risk shared over its known places by population.

    A cell without a known place stands for itself at its centre. The `most` with the highest risk are given.
    """
    gids, risk = now.gids, now.risk
    lon, lat = (np.array(v) for v in lattice.centre(gids))
    cell = lattice.gid_at(now.places.lon, now.places.lat) if now.places.names else np.empty(0, dtype=np.int64)
    area = now.land.area_names
    found: list[Spot] = []
    for row in np.argsort(-risk, kind="stable"):
        if risk[row] <= 0 or len(found) >= 3 * most:
            break
        here = np.flatnonzero(cell == gids[row])
        size = np.array([now.places.population[k] or 0 for k in here], dtype=np.float64)
        here = here[np.argsort(-size, kind="stable")][:3]
        if not len(here):
            x, y = float(lon[row]), float(lat[row])
            folk = now.land.people.people[row]
            found.append(
                Spot(
                    now.name_of(x, y),
                    x,
                    y,
                    area[row],
                    float(risk[row]),
                    None if np.isnan(folk) else float(folk),
                    int(gids[row]),
                )
            )
            continue
        weight = np.array([now.places.population[k] or 0 for k in here], dtype=np.float64)
        weight = weight / weight.sum() if weight.sum() > 0 else np.full(len(here), 1 / len(here))
        for k, share in zip(here, weight, strict=True):
            folk = now.places.population[k]
            found.append(
                Spot(
                    now.places.names[k],
                    float(now.places.lon[k]),
                    float(now.places.lat[k]),
                    area[row],
                    float(risk[row] * share),
                    None if folk is None else float(folk),
                    int(gids[row]),
                )
            )
    found.sort(key=lambda s: (-s.risk, s.name))
    return found[:most]


def hazard_per_hour(events: Events, months: int, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_km: float) -> Floats:
    """Events an hour within `radius_km` of each point, from those of the last `months` months.

    A count of the past, spread evenly over its months and smoothed by a triangle that falls to zero at the radius
    (rescaled so that the sum over the plane stays the count).
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    found = np.zeros(len(x))
    for ex, ey in zip(events.lon, events.lat, strict=True):
        near = (np.abs(y - ey) < radius_km / 110) & (np.abs(x - ex) < radius_km / (110 * np.cos(np.radians(ey)) + 1e-9))
        if near.any():
            away = distance_km(x[near], y[near], ex, ey)
            found[near] += 3 * np.clip(1 - away / radius_km, 0, None)
    return np.asarray(found / (months * 30.44 * 24))
