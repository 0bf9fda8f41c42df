"""Who is within reach, who is not, and how thin presence is on the ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.listen.deployments import Unit

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LIMITS = (2.0, 6.0, 12.0, 24.0)


@dataclass(frozen=True)
class Coverage:
    """What lies within a time limit of any unit that can respond.

    Parameters
    ----------
    limit_hours : float
    risk_share : float or None
        Share of the expected deaths forecast within reach; None when no risk is forecast anywhere.
    risk_share_known : float or None
        The same counting only units whose strength is known.
    risk_share_low, risk_share_high : float or None
        5 % and 95 % points over the forecast's draws; None without draws.
    people_share : float or None
        Share of the people (where their number is known) within reach; None when it is known nowhere.
    cells : int
        Places within reach.
    """

    limit_hours: float
    risk_share: float | None
    risk_share_known: float | None
    risk_share_low: float | None
    risk_share_high: float | None
    people_share: float | None
    cells: int


@dataclass(frozen=True)
class Gap:
    """A place with a high forecast that nobody can reach in time."""

    place: int
    risk: float
    people: float | None
    nearest_hours: float | None
    nearest_unit: str | None


@dataclass(frozen=True)
class Ratio:
    """Presence against people and against risk in one area.

    `troops` counts units of known strength; `unknown_units` says how many more there are, so that the ratios are then
    the least they can be. Ratios are None where what they divide by is zero or unknown, or no strength there is known.
    """

    area: str
    troops: int
    unknown_units: int
    people: float | None
    risk: float
    troops_per_1000_people: float | None
    troops_per_expected_death: float | None


def check_risk(risk: npt.ArrayLike, n_places: int) -> Floats:
    """Expected deaths as float64; NaN (no forecast) is allowed and counts nowhere."""
    found = np.asarray(risk, dtype=np.float64)
    if found.shape != (n_places,):
        raise BadInput("there are {places} places but {given} risks", places=n_places, given=found.size)
    if np.any(found < 0) or np.any(np.isinf(found)):
        row = int(np.argmax((found < 0) | np.isinf(found)))
        raise BadInput("place {row} has a risk of {value}: give zero or more", row=row + 1, value=float(found[row]))
    return found


def best_hours(hours: Floats) -> Floats:
    """Hours to each place from whichever unit gets there first; inf where nobody can."""
    return np.asarray(np.min(hours, axis=0, initial=np.inf), dtype=np.float64)


def coverage(
    hours: Floats,
    risk: npt.ArrayLike,
    people: npt.ArrayLike | None = None,
    limits: Sequence[float] = LIMITS,
    *,
    known: Flags | None = None,
    draws: Floats | None = None,
) -> tuple[Coverage, ...]:
    """Shares of risk and of people within each time limit.

    Parameters
    ----------
    hours : ndarray, shape (n_units, n_places)
        Only units that can respond.
    risk : array_like, shape (n_places,)
        Expected deaths over the horizon; NaN where there is no forecast.
    people : array_like, shape (n_places,), optional
        NaN where unknown.
    limits : sequence of float
        Hours; a place at exactly the limit is within reach.
    known : ndarray of bool, shape (n_units,), optional
        Units whose strength is known.
    draws : ndarray, shape (n_draws, n_places), optional
        Possible deaths, for the interval.
    """
    expected = check_risk(risk, hours.shape[1])
    first = best_hours(hours)
    sure = best_hours(hours if known is None else hours[known])
    folk = None if people is None else np.asarray(people, dtype=np.float64)
    found = []
    for limit in limits:
        if not limit > 0:
            raise BadInput("a time limit of {limit} hours makes no sense: give hours above zero", limit=limit)
        near = first <= limit
        low = high = None
        if draws is not None:
            totals = np.nansum(draws, axis=1)
            some = totals > 0
            if some.any():
                shares = np.nansum(draws[some][:, near], axis=1) / totals[some]
                low, high = (float(v) for v in np.quantile(shares, [0.05, 0.95]))
        found.append(
            Coverage(
                float(limit),
                _share(expected, near),
                _share(expected, sure <= limit),
                low,
                high,
                None if folk is None else _share(folk, near),
                int(near.sum()),
            )
        )
    return tuple(found)


def _share(amount: Floats, near: Flags) -> float | None:
    total = np.nansum(amount)
    return float(np.nansum(amount[near]) / total) if total > 0 else None


def gaps(
    hours: Floats,
    risk: npt.ArrayLike,
    names: Sequence[str],
    limit: float,
    people: npt.ArrayLike | None = None,
    worst: int = 10,
) -> tuple[Gap, ...]:
    """The places with the most expected deaths that no unit reaches in time, worst first.

    Parameters
    ----------
    hours : ndarray, shape (n_units, n_places)
    names : sequence of str, length n_units
    limit : float
        Hours.
    """
    expected = check_risk(risk, hours.shape[1])
    first = best_hours(hours)
    out = np.flatnonzero((first > limit) & (np.nan_to_num(expected) > 0))
    order = out[np.argsort(-expected[out], kind="stable")][:worst]
    folk = None if people is None else np.asarray(people, dtype=np.float64)
    found = []
    for place in order:
        reachable = np.isfinite(first[place])
        found.append(
            Gap(
                int(place),
                float(expected[place]),
                None if folk is None or np.isnan(folk[place]) else float(folk[place]),
                float(first[place]) if reachable else None,
                names[int(np.argmin(hours[:, place]))] if reachable else None,
            )
        )
    return tuple(found)


def ratios(
    units: Sequence[Unit],
    unit_areas: Sequence[str],
    areas: Sequence[str],
    risk: npt.ArrayLike,
    people: npt.ArrayLike | None = None,
) -> tuple[Ratio, ...]:
    """Troop-to-population and troop-to-risk ratio of each area, as research on local presence uses them.

    Parameters
    ----------
    units : sequence of Unit
        Those that can respond.
    unit_areas : sequence of str, length n_units
        Area each unit stands in; '' for outside all.
    areas : sequence of str, length n_places
        Area of each place; '' for none.
    """
    expected = check_risk(risk, len(areas))
    folk = np.full(len(areas), np.nan) if people is None else np.asarray(people, dtype=np.float64)
    label = np.asarray(areas, dtype=object)
    found = []
    for area in sorted({a for a in areas if a}):
        inside = np.asarray(label == area, dtype=bool)
        here = [u for u, a in zip(units, unit_areas, strict=True) if a == area]
        troops = sum(u.strength for u in here if u.strength is not None)
        unknown = sum(u.strength is None for u in here)
        said = troops > 0 or not unknown  # troops of unknown strength only: the ratio is unknown, not zero
        known = inside & ~np.isnan(folk)
        count = float(folk[known].sum()) if known.any() else None
        deaths = float(np.nansum(expected[inside]))
        found.append(
            Ratio(
                area,
                troops,
                unknown,
                count,
                deaths,
                1000 * troops / count if count and said else None,
                troops / deaths if deaths > 0 and said else None,
            )
        )
    return tuple(found)


def by_area(areas: Sequence[str], risk: Floats, first: Floats, later: Floats, limit: float) -> list[dict[str, Any]]:
    """Expected deaths of each first-level area, and how much of them is within reach before and after."""
    names = sorted({a for a in areas if a})
    label = np.array(areas, dtype=object)
    harm = np.nan_to_num(risk)
    found = []
    for name in names:
        here = label == name
        found.append({"area": name, "risk": float(harm[here].sum()),
                      "within": float(harm[here & (first <= limit)].sum()),
                      "within_after": float(harm[here & (later <= limit)].sum())})  # fmt: skip
    return found
