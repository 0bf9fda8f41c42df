"""Travel time as the crow flies: what can be said with a list of units and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.geometry import distance_km
from tocsin.listen.deployments import Unit
from tocsin.plan.mobility.speeds import Mover, Speeds, default_speeds, season_of

Floats = npt.NDArray[np.float64]


def hours(
    units: Sequence[Unit],
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    month: int,
    *,
    wet_months: tuple[int, ...] = (),
    speeds: Speeds | None = None,
    start_hours: Mapping[str, float] | None = None,
    night: bool = False,
    payload: float = 0.0,
) -> Floats:
    """Hours from the order to arrival, from every unit to every place.

    Great-circle distance over the speed made good by the unit's kind and season, plus start-up time. A place in the
    unit's own surroundings is reached after the start-up time alone.

    Parameters
    ----------
    units : sequence of Unit
    lon, lat : array_like, shape (n_places,)
        Degrees WGS84.
    month : int
        Month number; decides the season.
    wet_months : tuple of int
        Months of the year (1 to 12) in which the rains cut roads, as the mission says.
    speeds : Speeds, optional
        Movement table; the program's documented defaults when None.
    start_hours : mapping of unit name → hours, optional
        Readiness of single units where it is known; replaces the kind's start-up time.
    night : bool
        The order comes at dusk: what may not move at night reaches nothing.
    payload : float
        Share of its load that a helicopter carries; a full load shortens its radius.

    Returns
    -------
    ndarray of float64, shape (n_units, n_places)
        Hours; inf where the unit cannot get there (out of its radius, or not moving in this season).

    Raises
    ------
    BadInput
        If a unit's place or start-up time is impossible; names the unit and its row (from 1).
    """
    season = season_of(month, wet_months)
    table = speeds or default_speeds()
    ready = start_hours or {}
    x, y = np.atleast_1d(np.asarray(lon, dtype=np.float64)), np.atleast_1d(np.asarray(lat, dtype=np.float64))
    if not units:
        return np.empty((0, len(x)))
    for row, unit in enumerate(units, start=1):
        if not (abs(unit.lon) <= 180 and abs(unit.lat) <= 90):
            raise BadInput("unit {row} ({name}) has no usable place: {lon}, {lat}", row=row, **_place(unit))
        if not 0 <= ready.get(unit.name, 0) < np.inf:
            raise BadInput("unit {row} ({name}) has a start-up time below zero", row=row, name=unit.name)
    away = distance_km(
        np.array([u.lon for u in units])[:, None], np.array([u.lat for u in units])[:, None], x[None, :], y[None, :]
    )
    found = np.empty_like(away)
    for i, unit in enumerate(units):
        mover = table[unit.kind]
        start = ready.get(unit.name, mover.start_hours[season])
        if night and not mover.mode.night:
            found[i] = np.inf
            continue
        if payload:
            mover = replace(mover, mode=mover.mode.loaded(payload))
        found[i] = arrival(away[i], mover, season, start)
    return found


def arrival(away_km: Floats, mover: Mover, season: str, start: float | None = None) -> Floats:
    """Hours to arrive `away_km` off (any shape); inf where the mover cannot."""
    begin = mover.start_hours[season] if start is None else start
    speed = mover.mode.straight_kmh[season]
    if speed == 0:
        return np.where(away_km > 0, np.inf, begin)
    return np.where(away_km <= mover.mode.radius_km, begin + away_km / speed, np.inf)


def reach_km(mover: Mover, season: str, limit_hours: float, start: float | None = None) -> float:
    """How far a mover gets within a time limit, km; negative when it cannot even start."""
    left = limit_hours - (mover.start_hours[season] if start is None else start)
    return -1.0 if left < 0 else min(left * mover.mode.straight_kmh[season], mover.mode.radius_km)


def responders(units: Sequence[Unit], speeds: Speeds | None = None) -> npt.NDArray[np.bool_]:
    """Which units may protect by force: a kind that responds, and a strength that is not known to be zero.

    A strength that is not known stays in (unknown is not zero); callers show it apart.
    """
    table = speeds or default_speeds()
    return np.array([table[u.kind].responds and u.strength != 0 for u in units], dtype=bool)


def _place(unit: Unit) -> dict[str, object]:
    return {"name": unit.name, "lon": unit.lon, "lat": unit.lat}


def mover_of(kind: UnitKind, speeds: Speeds | None = None) -> Mover:
    """How a kind of unit moves."""
    return (speeds or default_speeds())[kind]
