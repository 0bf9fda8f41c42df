"""How fast each kind of unit moves, read from a documented table that a mission can replace."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.mission import Mission
from tocsin.core.time import year_month
from tocsin.core.toml import read_toml

DEFAULTS = Path(__file__).with_name("speeds.toml")
SEASONS = ("dry", "wet")


@dataclass(frozen=True)
class Mode:
    """A way of moving.

    Parameters
    ----------
    name : str
    straight_kmh : mapping of season → float
        Speed made good as the crow flies, detours included; 0 means it does not move in that season.
    radius_km : float
        Farthest it goes from its base (out and back on one load); infinite for ground modes.
    off_road_kmh, water_kmh : mapping of season → float
        Speed across country and on water; empty where it does not go there.
    road_kmh : mapping of road class → mapping of season → float
    uphill, downhill : float
        The pace on a slope s is multiplied by exp(uphill s) going up, exp(downhill |s|) going down.
    night : bool
        Whether it moves at night.
    payload_radius : float
        Share of the radius left with a full load.
    source : str
    """

    name: str
    straight_kmh: Mapping[str, float]
    radius_km: float = math.inf
    off_road_kmh: Mapping[str, float] = field(default_factory=dict)
    water_kmh: Mapping[str, float] = field(default_factory=dict)
    road_kmh: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    uphill: float = 0.0
    downhill: float = 0.0
    night: bool = True
    payload_radius: float = 1.0
    source: str = ""

    def loaded(self, payload: float) -> "Mode":
        """The same mode with a share `payload` (0 to 1) of its load aboard, which shortens its radius."""
        if not 0 <= payload <= 1:
            raise BadInput("payload is a share from 0 to 1; given: {payload}", payload=payload)
        return replace(self, radius_km=self.radius_km * (1 - payload * (1 - self.payload_radius)))


@dataclass(frozen=True)
class Mover:
    """How one kind of unit moves: by what, after how long, and whether it may protect by force."""

    kind: UnitKind
    mode: Mode
    start_hours: Mapping[str, float]
    responds: bool
    source: str = ""


@dataclass(frozen=True)
class Speeds:
    """Movement of every kind of unit, one `Mover` a kind; and every way of moving of the table by its name."""

    movers: Mapping[UnitKind, Mover]
    modes: Mapping[str, Mode] = field(default_factory=dict)

    def __getitem__(self, kind: UnitKind) -> Mover:
        return self.movers[kind]

    def under(self, night: bool = False, payload: float = 0.0) -> "Speeds":
        """The table for an order at night, or with a share `payload` (0 to 1) of its load aboard what flies.

        What may not move at night reaches nothing (its radius is below zero).
        """

        def changed(mode: Mode) -> Mode:
            if night and not mode.night:
                return replace(mode, radius_km=-1.0)
            return mode.loaded(payload)

        if not night and payload == 0:
            return self
        movers = {kind: replace(mover, mode=changed(mover.mode)) for kind, mover in self.movers.items()}
        return Speeds(movers, {name: changed(mode) for name, mode in self.modes.items()})


def season_of(month: int, wet_months: tuple[int, ...]) -> str:
    """'wet' or 'dry' for a month number, given the mission's wet months of the year (1 to 12).

    >>> season_of(463, (5, 6, 7, 8, 9, 10))  # July 2018
    'wet'
    """
    if any(not 1 <= m <= 12 for m in wet_months):
        raise BadInput("wet months are numbers from 1 to 12; given: {given}", given=list(wet_months))
    return "wet" if year_month(month)[1] in wet_months else "dry"


def month_in(month: int, season: str, wet_months: tuple[int, ...]) -> int:
    """The next month from `month` on (itself included) that lies in a season.

    Raises
    ------
    BadInput
        If the mission has no such season.

    >>> month_in(463, "dry", (5, 6, 7, 8, 9, 10))  # from July to November
    467
    """
    for later in range(month, month + 12):
        if season_of(later, wet_months) == season:
            return later
    raise BadInput("the mission has no {season} season: set `wet_months` in tocsin.toml", season=season)


def _not_negative(where: str, given: Any, name: str) -> float:
    if not isinstance(given, int | float) or isinstance(given, bool) or not 0 <= given < 1e300:
        raise BadFile("{where}: {name} is {value}; give zero or more", where=where, name=name, value=given)
    return float(given)


def _by_season(where: str, given: Any, name: str) -> dict[str, float]:
    if not isinstance(given, dict):
        raise BadFile("{where}: {name} needs a value for dry and for wet", where=where, name=name)
    found = {}
    for season in SEASONS:
        if season not in given:
            raise BadFile("{where}: {name} has no value for the {season} season", where=where, name=name, season=season)
        value = given[season]
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e300:
            raise BadFile(
                "{where}: {name} ({season}) is {value}; give a number of zero or more",
                where=where,
                name=name,
                season=season,
                value=value,
            )
        found[season] = float(value)
    return found


def read_speeds(path: Path) -> Speeds:
    """Movement table from a TOML file of the form of ``speeds.toml``.

    Raises
    ------
    BadFile
        If it is not TOML, lacks a kind or a season, names an unknown mode, or holds a negative number.
    """
    raw = read_toml(path)
    try:
        return _speeds(raw, path)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        raise BadFile(
            "{name} has a table or value that cannot be ({why}): compare it with the one that ships with the program",
            name=path.name, why=problem,
        ) from problem  # fmt: skip


def _speeds(raw: dict[str, Any], path: Path) -> Speeds:
    modes = {}
    for name, row in raw.get("modes", {}).items():
        where = f"{path.name}, mode {name}"
        radius = row.get("radius_km", math.inf)
        if not isinstance(radius, int | float) or not radius > 0:
            raise BadFile("{where}: radius_km is {value}; give a number above zero", where=where, value=radius)
        speed = _by_season(where, row.get("straight_kmh"), "straight_kmh")
        modes[name] = Mode(
            name,
            speed,
            float(radius),
            off_road_kmh=_by_season(where, row["off_road_kmh"], "off_road_kmh") if "off_road_kmh" in row else {},
            water_kmh=_by_season(where, row["water_kmh"], "water_kmh") if "water_kmh" in row else {},
            road_kmh={c: _by_season(where, v, f"road_kmh {c}") for c, v in row.get("road_kmh", {}).items()},
            uphill=_not_negative(where, row.get("uphill", 0.0), "uphill"),
            downhill=_not_negative(where, row.get("downhill", 0.0), "downhill"),
            night=bool(row.get("night", True)),
            payload_radius=_not_negative(where, row.get("payload_radius", 1.0), "payload_radius"),
            source=str(row.get("source", "")),
        )
    movers = {}
    for kind in UnitKind:
        row = raw.get("kinds", {}).get(kind.value)
        where = f"{path.name}, kind {kind.value}"
        if row is None:
            raise BadFile("{where}: missing; every kind of unit needs its own table", where=where)
        if row.get("mode") not in modes:
            raise BadFile("{where}: mode '{mode}' is not in the file", where=where, mode=row.get("mode"))
        start = _by_season(where, row.get("start_hours"), "start_hours")
        responds = bool(row.get("responds", False))
        movers[kind] = Mover(kind, modes[row["mode"]], start, responds, str(row.get("source", "")))
    return Speeds(movers, modes)


def speeds_of(mission: Mission) -> Speeds:
    """The mission's own table, ``speeds.toml`` in its folder; the one that ships with the program where it has none."""
    path = mission.folder / "speeds.toml"
    return read_speeds(path) if path.exists() else default_speeds()


@functools.cache
def default_speeds() -> Speeds:
    """The table that ships with the program."""
    return read_speeds(DEFAULTS)
