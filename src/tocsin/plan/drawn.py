"""The plan in one piece: who is out of reach now, what few changes would help most, and what they could make worse."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.listen.deployments import Unit
from tocsin.plan.cover import LIMITS, Coverage, Gap, Ratio, best_hours, by_area, check_risk, coverage, gaps, ratios
from tocsin.plan.mobility import Overland, Speeds, hours, responders, season_of
from tocsin.plan.moves import Move, Moves, best_moves

Floats = npt.NDArray[np.float64]

STRAIGHT = (
    "Travel time is measured as the crow flies, to one point a cell, at the documented speed of each kind of unit."
)
OVERLAND = (
    "Travel time is measured over the roads, water and land known of, to one point a cell, at the documented speed of "
    "each mode; a road the file lacks counts as bush, and beyond 24 hours nobody is said to reach a place."
)
ASSUMES = (
    "Reach is not safety: being within reach says that somebody could come, not that they will, nor that it helps.",
    "The forecast does not change with the plan; violence may move to places the plan leaves (association, see docs).",
)


@dataclass(frozen=True)
class Loss:
    """A place that somebody reaches later, or no longer in time, once the plan is carried out."""

    place: int
    risk: float
    people: float | None
    hours_before: float
    hours_after: float | None
    loses_reach: bool


@dataclass(frozen=True)
class Plan:
    """Posture as it is, what would change it most, and the certificate of that choice.

    Places are indices into `gids`. `to_json` gives the documented keys.
    """

    month: int
    season: str
    limit_hours: float
    gids: npt.NDArray[np.int64]
    areas: tuple[str, ...]
    units: tuple[Unit, ...]
    covered: tuple[Coverage, ...]
    covered_after: tuple[Coverage, ...]
    gaps: tuple[Gap, ...]
    moves: Moves
    ratios: tuple[Ratio, ...]
    unreachable: tuple[int, ...]
    worse: tuple[Loss, ...]
    unknown_strength: tuple[int, ...]
    cannot_respond: tuple[int, ...]
    able: npt.NDArray[np.bool_]
    hours_before: Floats
    points: tuple[Floats, Floats]
    risk: Floats
    overland: bool = False

    def posture_after(self) -> list[Unit]:
        """Units that can respond once the plan is carried out, in the order of ``moves.hours_after``.

        A new base has the strength of the median base that moves or stands, unknown when none is known.
        """
        gone = {m.row for m in self.moves.moves if m.row is not None}
        stay = [u for i, u in enumerate(self.units) if self.able[i] and i not in gone]
        known = [u.strength for u, able in zip(self.units, self.able, strict=True) if able and u.strength]
        usual = int(np.median(known)) if known else None
        lon, lat = self.points
        for move in self.moves.moves:
            x, y = float(lon[move.place]), float(lat[move.place])
            if move.row is not None:
                stay.append(dataclasses.replace(self.units[move.row], lon=x, lat=y))
            else:
                stay.append(Unit(f"new {move.kind.value}", move.kind, x, y, usual, "", self.month))
        return stay

    def to_json(self) -> dict[str, Any]:
        """The plan as plain values, for machines.

        Keys: `month`, `season`, `limit_hours`; `covered` and `covered_after` (a row a time limit: `limit_hours`,
        `risk_share`, `risk_share_known`, `risk_share_low`, `risk_share_high`, `people_share`, `cells`); `gaps` (`gid`,
        `lon`, `lat`, `area`, `risk`, `people`, `nearest_hours`, `nearest_unit`); `moves` (`what`, `unit`, `kind`,
        `from`, `gid`, `lon`, `lat`, `area`, `gain`, `without`); `before`, `value`, `bound`, `gap`, `method`, `seed`,
        `data_hash`; `ratios`; `by_area` (`area`, `risk`, `within`,
        `within_after`); `unreachable` (gids); `worse`; `unknown_strength` and `cannot_respond` (unit names);
        `assumes` (sentences). Shares are 0 to 1, risk is expected deaths, null is unknown or none.
        """
        plain = dataclasses.asdict
        return {
            "month": self.month,
            "season": self.season,
            "limit_hours": self.limit_hours,
            "covered": [plain(c) for c in self.covered],
            "covered_after": [plain(c) for c in self.covered_after],
            "gaps": [{**self._where(g.place), **_without_place(plain(g))} for g in self.gaps],
            "moves": [self._move(m) for m in self.moves.moves],
            "before": self.moves.before,
            "value": self.moves.value,
            "bound": self.moves.bound,
            "gap": self.moves.gap if np.isfinite(self.moves.gap) else None,
            "method": self.moves.method,
            "seed": self.moves.seed,
            "data_hash": self.moves.data_hash,
            "ratios": [plain(r) for r in self.ratios],
            "by_area": by_area(
                self.areas,
                self.risk,
                best_hours(self.hours_before),
                best_hours(self.moves.hours_after),
                self.limit_hours,
            ),
            "unreachable": [int(self.gids[p]) for p in self.unreachable],
            "worse": [{**self._where(w.place), **_without_place(plain(w))} for w in self.worse],
            "unknown_strength": [self.units[i].name for i in self.unknown_strength],
            "cannot_respond": [self.units[i].name for i in self.cannot_respond],
            "assumes": [OVERLAND if self.overland else STRAIGHT, *ASSUMES],
        }

    def _where(self, place: int) -> dict[str, Any]:
        lon, lat = lattice.centre(self.gids[place])
        return {"gid": int(self.gids[place]), "lon": float(lon), "lat": float(lat), "area": self.areas[place] or None}

    def _move(self, move: Move) -> dict[str, Any]:
        left = None if move.row is None else [self.units[move.row].lon, self.units[move.row].lat]
        return {
            "what": move.what,
            "unit": move.unit,
            "kind": move.kind.value,
            "from": left,
            **self._where(move.place),
            "gain": move.gain,
            "without": move.without,
        }


def _without_place(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k != "place"}


def draw_up(
    units: Sequence[Unit],
    gids: npt.ArrayLike,
    risk: npt.ArrayLike,
    people: npt.ArrayLike | None,
    areas: Sequence[str] | None,
    month: int,
    *,
    ahead: int = 0,
    additional: int = 3,
    additional_kind: UnitKind = UnitKind.TOB,
    movable: Sequence[int] = (),
    most_moves: int = 3,
    limit: float = 6.0,
    limits: Sequence[float] = LIMITS,
    wet_months: tuple[int, ...] = (),
    speeds: Speeds | None = None,
    start_hours: Mapping[str, float] | None = None,
    forbidden: Sequence[int] = (),
    draws: Floats | None = None,
    points: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    overland: Overland | None = None,
    worst: int = 10,
    seed: int = 0,
    seconds: float = 20.0,
) -> Plan:
    """Who is out of reach, and which few units, added or moved, would change that most.

    Parameters
    ----------
    units : sequence of Unit
        The posture of the month.
    gids : array_like of int, shape (n_cells,)
        PRIO-GRID cells of the area.
    risk : array_like, shape (n_cells,)
        Expected deaths over the horizon; NaN where there is no forecast.
    people : array_like, shape (n_cells,), optional
        NaN where unknown.
    areas : sequence of str, length n_cells, optional
        First-level area of each cell; '' where none.
    month : int
        Month number; decides the season of the coverage reported.
    ahead : int
        Months after `month` the recommendations are meant for: reach counts in each season by its share of them (12
        for a year with its rains). 0: in the season of `month` alone.
    additional : int
        How many new units of `additional_kind` could be found.
    movable : sequence of int
        Rows of units (from 0) that may move; at most `most_moves` do.
    limit : float
        Hours within which arrival counts for the recommendations and gaps.
    limits : sequence of float
        Hours to report coverage for.
    forbidden : sequence of int
        Cells (gids) where no unit may be put.
    draws : ndarray, shape (n_draws, n_cells), optional
        Possible deaths, for the interval of the coverage.
    points : pair of array_like, shape (n_cells,), optional
        Longitude and latitude inside each cell to which time is measured (its largest settlement, say); the cell's
        centre when None, which can be 39 km from a corner where everybody lives.
    overland : Overland, optional
        Terrain to travel over (roads, water, closures, danger); as the crow flies when None.

    Returns
    -------
    Plan

    Raises
    ------
    BadInput
        If sizes do not agree, a cell stands twice, a unit's place or strength is impossible (names the row).
    """
    cells = lattice.check_gids(np.atleast_1d(np.asarray(gids)))
    n = len(cells)
    if len(np.unique(cells)) != n:
        raise BadInput("a cell stands twice in the list of cells")
    label = tuple(areas) if areas is not None else ("",) * n
    if len(label) != n:
        raise BadInput("there are {cells} cells but {areas} area names", cells=n, areas=len(label))
    expected = check_risk(risk, n)
    folk = None if people is None else np.asarray(people, dtype=np.float64)
    if folk is not None and (folk.shape != (n,) or np.any(folk < 0)):
        raise BadInput("people must be one number of zero or more a cell (NaN where unknown)")
    if draws is not None and (draws.ndim != 2 or draws.shape[1] != n):
        raise BadInput("draws must have one column a cell")
    for row, unit in enumerate(units, start=1):
        if unit.strength is not None and unit.strength < 0:
            raise BadInput("unit {row} ({name}) has a strength below zero", row=row, name=unit.name)
    lon, lat = lattice.centre(cells)
    if points is not None:
        lon, lat = (np.asarray(v, dtype=np.float64) for v in points)
        if lon.shape != (n,) or not np.array_equal(lattice.gid_at(lon, lat), cells):
            raise BadInput("points must give one place inside each cell, in the order of the cells")
    measure = hours if overland is None else overland.hours
    time = measure(units, lon, lat, month, wet_months=wet_months, speeds=speeds, start_hours=start_hours)
    able = responders(units, speeds)
    here = [u for u, a in zip(units, able, strict=True) if a]
    known = np.array([u.strength is not None for u in here], dtype=bool)
    kept = np.flatnonzero(~np.isin(cells, np.asarray(list(forbidden), dtype=np.int64)))
    moves = best_moves(
        units,
        time,
        lon,
        lat,
        expected,
        month,
        ahead=ahead,
        limit=limit,
        additional=additional,
        additional_kind=additional_kind,
        movable=movable,
        most_moves=most_moves,
        sites=kept,
        wet_months=wet_months,
        speeds=speeds,
        start_hours=start_hours,
        overland=overland,
        seed=seed,
        seconds=seconds,
    )
    names = [u.name for u in here]
    first, later = best_hours(time[able]), best_hours(moves.hours_after)
    return Plan(
        month,
        season_of(month, wet_months),
        float(limit),
        cells,
        label,
        tuple(units),
        coverage(time[able], expected, folk, limits, known=known, draws=draws),
        coverage(moves.hours_after, expected, folk, limits, draws=draws),
        gaps(time[able], expected, names, limit, folk, worst),
        moves,
        ratios(here, [_area_of(u, cells, label) for u in here], label, expected, folk),
        tuple(int(p) for p in np.flatnonzero(np.isinf(first))),
        losses(first, later, expected, folk, limit),
        tuple(i for i, u in enumerate(units) if able[i] and u.strength is None),
        tuple(int(i) for i in np.flatnonzero(~able)),
        np.asarray(able),
        time[able],
        (lon, lat),
        expected,
        overland is not None,
    )


def _area_of(unit: Unit, cells: npt.NDArray[np.int64], areas: Sequence[str]) -> str:
    """Area of the cell a unit stands in; '' outside the mission's cells."""
    found = np.flatnonzero(cells == lattice.gid_at(unit.lon, unit.lat))
    return areas[int(found[0])] if len(found) else ""


def losses(first: Floats, later: Floats, risk: Floats, people: Floats | None, limit: float) -> tuple[Loss, ...]:
    """Places reached at least half an hour later than now, or no longer within the limit; most risk first."""
    lost = (first <= limit) & (later > limit)
    with np.errstate(invalid="ignore"):
        slower = np.isfinite(first) & (later - first >= 0.5)
    worse = np.flatnonzero(lost | slower)
    weight = np.nan_to_num(risk)
    order = worse[np.lexsort((-weight[worse], ~lost[worse]))]
    return tuple(
        Loss(
            int(p),
            float(weight[p]),
            None if people is None or np.isnan(people[p]) else float(people[p]),
            float(first[p]),
            float(later[p]) if np.isfinite(later[p]) else None,
            bool(lost[p]),
        )
        for p in order
    )
