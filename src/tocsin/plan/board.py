"""The posture as a board to play on: a unit moved or a temporary base drawn, in either season, and what changes."""

import dataclasses
import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from scipy.sparse import csr_matrix

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.listen.deployments.model import Unit
from tocsin.plan.actions import largest_places
from tocsin.plan.cover import best_hours, by_area, coverage, ratios
from tocsin.plan.mobility import Overland, Speeds, hours, month_in, responders, speeds_of
from tocsin.plan.posture import WhatIf
from tocsin.plan.reach import overland_of
from tocsin.plan.situation import Situation, situation

Floats = npt.NDArray[np.float64]
NEW_BASE = "new base"


@dataclass(frozen=True)
class Change:
    """One change of a posture: a unit that moves (`what` 'move'), a new one ('add') or one that leaves ('close')."""

    what: str
    unit: str
    kind: UnitKind
    gid: int | None
    strength: int | None = None


@dataclass(frozen=True)
class Dragged:
    """What changes: the documented summary, how long the calculation took in seconds, and the hours afterwards.

    `hours` has shape (n_able_units, n_cells).
    """

    summary: dict[str, Any]
    seconds: float
    hours: Floats


class Board:
    """A situation with its travel times at hand, so that moving one unit answers at once.

    Parameters
    ----------
    connection : Connection
        Read while the board is set up, not afterwards.
    mission : Mission
    here : Situation
    season : str, optional
        Season that times are measured in, 'dry' or 'wet'; that of the situation's month if not given.

    Raises
    ------
    BadInput
        If the mission has no such season.
    """

    def __init__(self, connection: sa.Connection, mission: Mission, here: Situation, season: str | None = None) -> None:
        month = month_in(here.month, season or here.season, mission.wet_months)
        self._month, self.season = month, season or here.season
        here = self.here = dataclasses.replace(here, season=self.season)
        self._overland = overland_of(mission, here.gids, here.month)
        self._wet = mission.wet_months
        self.lon, self.lat = largest_places(connection, here.gids)
        self._speeds = speeds_of(mission)
        self._before = self._hours(here.units)
        self._able = responders(here.units, self._speeds)
        self._suggest: dict[float, _Suggest] = {}

    @property
    def over(self) -> str:
        """What times are measured over."""
        return "ground" if self._overland else "straight line"

    @property
    def first(self) -> Floats:
        """Hours until the first unit arrives in each cell as units stand now, shape (n_cells,)."""
        return best_hours(self._before[self._able])

    def _hours(self, units: Sequence[Unit]) -> Floats:
        measure = hours if self._overland is None else self._overland.hours
        return measure(units, self.lon, self.lat, self._month, wet_months=self._wet, speeds=self._speeds)

    def _ratios(self, units: Sequence[Unit]) -> list[dict[str, Any]]:
        here = self.here
        area = dict(zip(here.gids.tolist(), here.land.area_names, strict=True))
        able = [u for u, can in zip(units, responders(units, self._speeds), strict=True) if can]
        stand = [area.get(int(lattice.gid_at(u.lon, u.lat)), "") or "" for u in able]
        names = [a or "" for a in here.land.area_names]
        return [dataclasses.asdict(r) for r in ratios(able, stand, names, here.risk, here.land.people.people)]

    def move(self, unit: str, to: str, limit_hours: float = 6.0, suggest: bool = True) -> Dragged:
        """What changes if one unit stands elsewhere: reach, who gains, who loses, and the ten best moves after it.

        Parameters
        ----------
        unit : str
        to : str
            ``lon,lat``, the name of a place or of another unit.
        limit_hours : float
        suggest : bool
            Whether to look for the best moves after it (`next_best`).

        Raises
        ------
        BadInput
            If the place lies outside the mission's cells, or the hours are not above zero.
        NotFound
            If there is no such unit or place.
        """
        moving = self.here.unit(unit)
        row = self.here.units.index(moving)
        lon, lat, name = self._spot(to, limit_hours)
        there = dataclasses.replace(moving, lon=lon, lat=lat)
        stood = [*self.here.units]
        stood[row] = there
        later = self._before.copy()
        later[row] = self._hours([there])[0]
        return self._changed(moving.name, (lon, lat, name), stood, later, limit_hours, suggest)

    def add(self, to: str, strength: int | None = None, limit_hours: float = 6.0, suggest: bool = True) -> Dragged:
        """What changes if a temporary base were opened somewhere: as `move`, with nobody leaving.

        Parameters
        ----------
        to : str
            ``lon,lat``, or the name of a place or unit.
        strength : int, optional
            Troops at it; unknown if not given, and it then counts for reach, not for ratios.
        limit_hours : float
        suggest : bool

        Raises
        ------
        BadInput
            If the place lies outside the mission's cells, or hours or strength are not above zero.
        NotFound
            If there is no such place.
        """
        if strength is not None and strength <= 0:
            raise BadInput("a base needs a strength above zero; leave it out if it is not known")
        lon, lat, name = self._spot(to, limit_hours)
        base = Unit(NEW_BASE, UnitKind.TOB, lon, lat, strength)
        later = np.vstack([self._before, self._hours([base])])
        return self._changed(NEW_BASE, (lon, lat, name), [*self.here.units, base], later, limit_hours, suggest)

    def together(self, changes: Sequence[Change], limit_hours: float = 6.0) -> Dragged:
        """What several changes of a plan do together: as `move`, measured from where the plan's travel times are.

        Parameters
        ----------
        changes : sequence of Change
            At most one a unit.
        limit_hours : float

        Raises
        ------
        BadInput
            If a unit is changed twice, a cell lies outside the mission's, or the hours are not above zero.
        NotFound
            If there is no such unit.
        """
        if not 0 < limit_hours < np.inf:
            raise BadInput("hours must lie above zero, and somewhere end")
        row_of = {int(g): i for i, g in enumerate(self.here.gids)}
        stood, later = [*self.here.units], self._before.copy()
        new: list[Unit] = []
        touched: set[str] = set()
        for change in changes:
            if change.what != "add":
                if change.unit in touched:
                    raise BadInput("'{unit}' is changed twice: take one of its changes", unit=change.unit)
                touched.add(change.unit)
            if change.what == "close":
                row = self.here.units.index(self.here.unit(change.unit))
                stood[row], later[row] = dataclasses.replace(stood[row], strength=0), np.inf
                continue
            if change.gid not in row_of:
                raise BadInput("the cell {gid} lies outside the mission's cells", gid=change.gid)
            lon, lat = float(self.lon[row_of[change.gid]]), float(self.lat[row_of[change.gid]])
            if change.what == "add":
                new.append(Unit(change.unit, change.kind, lon, lat, change.strength))
                continue
            row = self.here.units.index(self.here.unit(change.unit))
            stood[row] = dataclasses.replace(stood[row], lon=lon, lat=lat)
            later[row] = self._hours([stood[row]])[0]
        if new:
            later = np.vstack([later, self._hours(new)])
        return self._changed("", None, [*stood, *new], later, limit_hours, suggest=False)

    def after(self, found: Dragged, limits: Sequence[float]) -> list[dict[str, Any]]:
        """Coverage after changes, a row a limit."""
        return [dataclasses.asdict(c) for c in coverage(found.hours, self.here.risk, self._people(), limits)]

    def stands(self, limits: Sequence[float]) -> list[dict[str, Any]]:
        """Coverage of the posture as it stands in the board's season, a row a limit."""
        return [
            dataclasses.asdict(c) for c in coverage(self._before[self._able], self.here.risk, self._people(), limits)
        ]

    def prepare(self, limit_hours: float) -> None:
        """Work out ahead what the first move within these hours would have to wait for."""
        if limit_hours not in self._suggest:
            self._suggest[limit_hours] = _Suggest(
                self.here, self._overland, self.lon, self.lat, self._able, limit_hours, self._wet, self._speeds,
                self._month,
            )  # fmt: skip

    def _spot(self, to: str, limit_hours: float) -> tuple[float, float, str]:
        if not 0 < limit_hours < np.inf:
            raise BadInput("hours must lie above zero, and somewhere end")
        lon, lat, name = self.here.point(to)
        if int(lattice.gid_at(lon, lat)) not in set(self.here.gids.tolist()):
            raise BadInput("{to} lies outside the mission's cells", to=to)
        return lon, lat, name

    def _people(self) -> Floats | None:
        folk = self.here.land.people.people
        return None if np.isnan(folk).all() else folk

    def _changed(
        self, name: str, to: tuple[float, float, str] | None, stood: Sequence[Unit], later_hours: Floats,
        limit_hours: float, suggest: bool,
    ) -> Dragged:  # fmt: skip
        here, able = self.here, self._able
        if suggest:
            self.prepare(limit_hours)
        begun = time.perf_counter()
        people = self._people()
        can = np.append(able, np.ones(len(stood) - len(able), dtype=bool))
        first, later = best_hours(self._before[able]), best_hours(later_hours[can])
        told = {
            "unit": name,
            "to": None if to is None else {"name": to[2], "lon": to[0], "lat": to[1]},
            "as_of": month_text(here.month),
            "season": here.season,
            "limit_hours": limit_hours,
            "over": self.over,
            "covered": self.stands((limit_hours,)),
            "covered_after": [
                dataclasses.asdict(c) for c in coverage(later_hours[can], here.risk, people, (limit_hours,))
            ],
            "gains": _cells(here, np.flatnonzero((first > limit_hours) & (later <= limit_hours)), first, later),
            "loses": _cells(here, np.flatnonzero((first <= limit_hours) & (later > limit_hours)), first, later),
            "by_area": by_area(here.land.area_names, here.risk, first, later, limit_hours),
            "ratios": self._ratios(here.units),
            "ratios_after": self._ratios(stood),
            "next_best": self._suggest[limit_hours].best(later_hours) if suggest else [],
        }
        return Dragged(told, time.perf_counter() - begun, later_hours[can])


def what_if(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    unit: str,
    to: str,
    as_of: int | None = None,
    limit_hours: float = 6.0,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Dragged:
    """What changes if one unit stands elsewhere: `Board.move` on a situation read for it."""
    if not 0 < limit_hours < np.inf:
        raise BadInput("hours must lie above zero, and somewhere end")
    here = situation(connection, mission, now, as_of, operations, tell)
    return Board(connection, mission, here).move(unit, to, limit_hours)


class _Suggest:
    """The ten best moves of units on wheels to any cell, given everybody else; all other units stay where they are."""

    def __init__(
        self, here: Situation, overland: Overland | None, x: Floats, y: Floats, able: npt.NDArray[np.bool_],
        limit: float, wet_months: tuple[int, ...], table: Speeds, month: int,
    ) -> None:  # fmt: skip
        self._here, self._limit, self._able = here, limit, able
        # Units of one kind get equally far from a new place; of another kind they may start later.
        self._kinds: list[tuple[list[int], csr_matrix]] = []
        for kind in sorted({u.kind for u, can in zip(here.units, able, strict=True) if can}):
            mover = table[kind]
            if not mover.mode.road_kmh:
                continue
            if overland is None:
                probes = [Unit("", kind, float(a), float(b), 1) for a, b in zip(x, y, strict=True)]
                away = hours(probes, x, y, month, wet_months=wet_months, speeds=table)
            else:
                away = overland.travel(mover.mode, here.season, x, y, x, y) + mover.start_hours[here.season]
            rows = [i for i, u in enumerate(here.units) if able[i] and u.kind is kind]
            self._kinds.append((rows, csr_matrix((away <= limit).T.astype(np.int8))))

    def best(self, later: Floats) -> list[dict[str, Any]]:
        """Moves from the posture with these hours, each place once, by what they bring within reach."""
        from scipy.sparse import hstack

        here = self._here
        n = len(here.gids)
        found: dict[int, tuple[float, int]] = {}
        for rows, from_cells in self._kinds:
            # A base that is only drawn stands behind the units in `later` and stays where it is.
            drawn = list(range(len(here.units), len(later)))
            others = [i for i in range(len(here.units)) if self._able[i] and i not in rows] + drawn
            held = (later[others] <= self._limit).any(axis=0) if others else np.zeros(n, dtype=bool)
            stand = csr_matrix((later[rows] <= self._limit).T.astype(np.int8))
            what = WhatIf(
                hstack([from_cells, stand], format="csr"), np.where(held, 0.0, here.risk), np.zeros(n),
                np.zeros(n, dtype=np.int64), np.zeros(n + len(rows), dtype=np.int64),
                list(range(n, n + len(rows))), [here.units[i].strength or 0 for i in rows],
            )  # fmt: skip
            for s in what.next_best(10 + len(rows)):
                if s.place < n and s.gain > found.get(s.place, (0.0, 0))[0]:
                    found[s.place] = (s.gain, rows[s.unit])
        told = []
        for place, (gain, row) in sorted(found.items(), key=lambda f: (-f[1][0], f[0]))[:10]:
            lon, lat = (float(v) for v in lattice.centre(here.gids[place]))
            told.append({"unit": here.units[row].name, "gid": int(here.gids[place]), "near": here.name_of(lon, lat),
                         "area": here.land.area_names[place] or None, "gain": gain})  # fmt: skip
        return told


def _cells(here: Situation, rows: npt.NDArray[np.int64], first: Floats, later: Floats) -> list[dict[str, Any]]:
    order = rows[np.argsort(-here.risk[rows], kind="stable")]
    return [
        {"gid": int(here.gids[i]), "area": here.land.area_names[i] or None, "risk": float(here.risk[i]),
         "hours_before": float(first[i]) if np.isfinite(first[i]) else None,
         "hours_after": float(later[i]) if np.isfinite(later[i]) else None}
        for i in order
    ]  # fmt: skip
