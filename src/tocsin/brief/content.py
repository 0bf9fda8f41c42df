"""What a brief says, as facts: no sentences, no layout, no database.

Everything a reader sees is composed from these facts (`text.py`), so that English and French say the same thing and a
number has one home. Deaths are civilians killed unless the brief's target says otherwise. None means unknown.
"""

import datetime as dt
import unicodedata
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from tocsin.core.codes import UnitKind

T = TypeVar("T")


@dataclass(frozen=True)
class Estimate:
    """An expected number with its 80 % interval (None where the model gives none)."""

    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Cell:
    """One lattice cell over the whole horizon.

    Parameters
    ----------
    gid : int
        PRIO-GRID cell.
    lon, lat : float
        Centre, degrees WGS84; the cell is a square of `size` degrees.
    expected : Estimate or None
        Expected killed over the horizon; None where nothing is known (no data, which is not zero).
    p_any : float or None
        Probability that anybody is killed at least once.
    change : float or None
        Expected killed now minus in the brief a month earlier.
    """

    gid: int
    lon: float
    lat: float
    expected: Estimate | None
    p_any: float | None = None
    change: float | None = None
    size: float = 0.5


@dataclass(frozen=True)
class Area:
    """A first-level area: its name and outline (a shapely polygon or multipolygon, lon/lat WGS84)."""

    name: str
    polygon: Any


@dataclass(frozen=True)
class MapUnit:
    """A unit as the map shows it; `strength` None is unknown, which is not zero."""

    name: str
    kind: UnitKind
    lon: float
    lat: float
    strength: int | None = None


@dataclass(frozen=True)
class RecentViolence:
    """Why: what was recorded in and around the place in the last months. `deaths` may be a shared fraction."""

    events: int
    deaths: float
    months: int
    last_on: dt.date | None = None
    actors: tuple[str, ...] = ()


@dataclass(frozen=True)
class NearbyViolence:
    """Why: killing recorded in the neighbouring cells in the last months."""

    deaths: float
    months: int


@dataclass(frozen=True)
class Trend:
    """Why: deaths in the last `months` months against the same number of months before."""

    recent: float
    earlier: float
    months: int


@dataclass(frozen=True)
class History:
    """Why: in how many of the last months anybody was killed there."""

    months_with_killing: int
    months: int


Reason = RecentViolence | NearbyViolence | Trend | History


@dataclass(frozen=True)
class NearestUnit:
    """The unit that would be there first, and after how many hours; `hours` None is out of everybody's reach."""

    name: str
    hours: float | None


@dataclass(frozen=True)
class Place:
    """One of the places that matter most, described from a named place so that nobody needs to know cell numbers.

    `anchor` is the nearest named town; `km` and `bearing` (degrees from north, clockwise) lead from it to the place.
    """

    rank: int
    anchor: str
    area: str
    lon: float
    lat: float
    expected: Estimate
    p_any: float
    nearest: NearestUnit
    km: float = 0.0
    bearing: float = 0.0
    reasons: tuple[Reason, ...] = ()
    change: float | None = None


@dataclass(frozen=True)
class Reach:
    """Share (0 to 1) of the expected killing that some unit can reach within a number of hours."""

    hours: float
    share: float


@dataclass(frozen=True)
class Gap:
    """A place with a high forecast that nobody reaches in time; `hours` to the nearest unit, None for nobody.

    `gid` is its PRIO-GRID cell.
    """

    name: str
    area: str
    expected: float
    hours: float | None = None
    gid: int | None = None


class HarmKind(StrEnum):
    """How a move could make things worse."""

    LOSES_REACH = "loses_reach"  # a place falls out of reach when the unit leaves
    THINS = "thins"  # the base it leaves keeps fewer people than it needs, or an unknown number
    RAINS = "rains"  # the new place is cut off in the wet season
    SHIFTS = "shifts"  # violence may shift to places that stay without presence
    EXPOSES = "exposes"  # people who turn to the unit may be punished for it


@dataclass(frozen=True)
class Harm:
    """One thing a move could make worse, where, and for how many expected killed (None where unknown)."""

    kind: HarmKind
    place: str = ""
    expected: float | None = None


@dataclass(frozen=True)
class Move:
    """One recommended change of posture.

    `origin` None is an additional unit; `unit` is empty for a unit that has no name of its own, which is then told by
    its `kind`. `gain` is the share (0 to 1) of the expected killing that comes within
    `hours` on top of the moves before it; `expected` the same as expected killed.
    """

    unit: str
    destination: str
    gain: float
    hours: float
    origin: str | None = None
    expected: float | None = None
    harms: tuple[Harm, ...] = ()
    kind: UnitKind | None = None


@dataclass(frozen=True)
class AreaFigures:
    """One row of the area table: expected killed, troops and people (None unknown), cells without data."""

    area: str
    expected: float | None
    troops: int | None
    population: int | None
    cells_without_data: int = 0
    unknown_units: int = 0

    @property
    def per_ten_thousand(self) -> float | None:
        """Troops per 10,000 people."""
        return None if self.troops is None or not self.population else 10_000 * self.troops / self.population

    @property
    def per_expected(self) -> float | None:
        """Troops per expected killed."""
        return None if self.troops is None or not self.expected else self.troops / self.expected


@dataclass(frozen=True)
class Changes:
    """What changed since the brief a month earlier; None where there is no earlier one."""

    total_before: float | None = None
    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    recorded_last_month: float | None = None
    recorded_monthly_mean: float | None = None  # over the twelve months before
    reach_before: tuple[Reach, ...] = ()


class GapKind(StrEnum):
    """Kinds of ignorance; the numbers of an `Unknown` depend on it."""

    MONTHS_WITHOUT_DATA = "months_without_data"  # count = months, of = months asked for
    CELLS_WITHOUT_DATA = "cells_without_data"  # count of cells
    IMPRECISE = "imprecise"  # share of deaths placed only in a district or coarser
    UNITS_UNKNOWN = "units_unknown"  # count of units whose strength no source gives
    STALE = "stale"  # source `name` ends at `month`, `count` months before the as-of
    ONLY_LETHAL = "only_lethal"  # the sources count deaths: no abduction, rape, looting, threat
    STRAIGHT_LINE = "straight_line"  # hours are by straight line, not by road
    RECONSTRUCTED = "reconstructed"  # forecasts use data as known today, not as known then
    NO_POPULATION = "no_population"  # areas whose population is not known: count of


@dataclass(frozen=True)
class Unknown:
    """One thing we do not know, and how much of it."""

    kind: GapKind
    count: int | None = None
    of: int | None = None
    share: float | None = None
    name: str = ""
    month: int | None = None


@dataclass(frozen=True)
class Source:
    """Where data come from: name and release, licence, how to cite it, last month it covers."""

    name: str
    licence: str
    citation: str
    until: int | None = None


@dataclass(frozen=True)
class BriefContent:
    """All facts of one brief.

    Parameters
    ----------
    mission, area : str
        Names; `mission` may be empty.
    as_of : int
        Last month the brief may know of; it looks at the `horizon` months after it.
    known_on : datetime.date
        Day of the data vintage: everything learned up to then was used.
    reconstructed : bool
        True when the past was rebuilt from a later release rather than from what was published then.
    model : str
        Name of the forecast model.
    outline : shapely polygon
        The whole area.
    reach_hours : float
        Hours that count as within reach in sentences, on the map and for the gaps.
    address : str or None
        Where the mission is served (``https://tocsin.example.org``), so that what is cited leads there; empty for links
        within the same door, None for a brief without links.
    """

    mission: str
    area: str
    as_of: int
    horizon: int
    known_on: dt.date
    reconstructed: bool
    model: str
    total: Estimate
    outline: Any
    areas: tuple[Area, ...]
    cells: tuple[Cell, ...]
    units: tuple[MapUnit, ...]
    places: tuple[Place, ...]
    reach: tuple[Reach, ...]
    reach_hours: float = 6.0
    gaps: tuple[Gap, ...] = ()
    moves: tuple[Move, ...] = ()
    figures: tuple[AreaFigures, ...] = ()
    changes: Changes = field(default_factory=Changes)
    unknowns: tuple[Unknown, ...] = ()
    sources: tuple[Source, ...] = ()
    address: str | None = None


_LONGEST = 400  # characters of one piece of text from outside
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain(text: str) -> str:
    r"""Text from outside, made safe to print: one line, no control or direction-override signs, not endless.

    >>> plain("Bria\x00 \u202e(12\n km)")
    'Bria (12 km)'
    """
    kept = []
    for sign in text[: _LONGEST * 4]:
        kind = unicodedata.category(sign)
        if kind in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif kind not in ("Cs", "Co", "Cn") and sign not in _BIDI:
            kept.append(sign)
    line = " ".join("".join(kept).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def cleaned(value: T) -> T:
    """The same facts with every text in them made `plain`."""
    made: Any = value
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        made = plain(value)
    elif isinstance(value, tuple):
        made = tuple(cleaned(item) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(value, **{f.name: cleaned(getattr(value, f.name)) for f in fields(value)})
    return made  # type: ignore[no-any-return]
