"""Which few units, added or moved, would bring the most of the forecast harm within reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack, vstack

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.geometry import EARTH_KM, distance_km
from tocsin.listen.deployments import Unit
from tocsin.plan.cover import best_hours, check_risk
from tocsin.plan.location import Group, maximal_cover
from tocsin.plan.mobility import Speeds, default_speeds, reach_km, responders, season_of
from tocsin.plan.mobility import hours as travel_hours
from tocsin.plan.mobility.straight import arrival

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Change = tuple[str, int | None, UnitKind, int]  # add or move, row of the unit, kind, place it goes to


@dataclass(frozen=True)
class Move:
    """One recommended change of posture.

    Parameters
    ----------
    what : str
        'add' or 'move'.
    unit : str
        Name of the unit that moves; for an addition its kind.
    row : int or None
        Row of the unit in the list given (from 0); None for an addition.
    kind : UnitKind
    place : int
        Index of the place it goes to.
    gain : float
        Expected deaths that come within reach through it, given the recommendations listed before it (less what the
        move gives up).
    without : float
        Expected deaths that fall out of reach again if this one alone is left out of the whole plan.
    """

    what: str
    unit: str
    row: int | None
    kind: UnitKind
    place: int
    gain: float
    without: float


@dataclass(frozen=True)
class Moves:
    """The best changes together, with the certificate of the choice.

    `before` and `value` are expected deaths within reach now and after all changes; no choice under the same limits
    reaches more than `bound`. `hours_after` has one row a unit of the new posture.
    """

    moves: tuple[Move, ...]
    before: float
    value: float
    bound: float
    gap: float
    method: str
    seed: int
    data_hash: str
    hours_after: Floats


def within(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats, km: float) -> csr_matrix:
    """Which of the places b lie within `km` (great circle, inclusive) of the places a: sparse, shape (n_b, n_a)."""
    from scipy.spatial import cKDTree

    if km < 0 or not len(lon_a) or not len(lon_b):
        return csr_matrix((len(lon_b), len(lon_a)), dtype=np.int8)
    chord = 2 * np.sin(min((km + 1e-6) / EARTH_KM, np.pi) / 2)
    near = cKDTree(_unit_vectors(lon_b, lat_b)).sparse_distance_matrix(
        cKDTree(_unit_vectors(lon_a, lat_a)), chord, output_type="ndarray"
    )
    ones = np.ones(len(near), dtype=np.int8)
    return csr_matrix((ones, (near["i"], near["j"])), shape=(len(lon_b), len(lon_a)))


def _unit_vectors(lon: Floats, lat: Floats) -> Floats:
    x, y = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def best_moves(
    units: Sequence[Unit],
    hours: Floats,
    lon: Floats,
    lat: Floats,
    risk: npt.ArrayLike,
    month: int,
    *,
    ahead: int = 0,
    limit: float = 6.0,
    additional: int = 3,
    additional_kind: UnitKind = UnitKind.TOB,
    movable: Sequence[int] = (),
    most_moves: int = 3,
    sites: Ints | None = None,
    wet_months: tuple[int, ...] = (),
    speeds: Speeds | None = None,
    start_hours: Mapping[str, float] | None = None,
    seed: int = 0,
    seconds: float = 20.0,
) -> Moves:
    """The best additions and moves together, by optimisation over all candidate places.

    Units that may not move stay; those that may either stay, or go to a candidate place (at most `most_moves` of
    them); `additional` new units go where they help most. Units of one kind are interchangeable in what they can
    reach; the moves are matched so that the way to go is shortest.

    Parameters
    ----------
    units : sequence of Unit
    hours : ndarray, shape (n_units, n_places)
        As `tocsin.plan.mobility.hours` gives it, for the same units.
    lon, lat : ndarray, shape (n_places,)
    risk : array_like, shape (n_places,)
        Expected deaths; NaN where there is no forecast.
    month : int
    ahead : int
        Months after `month` that the posture is meant for: reach then counts in each season by its share of them. 0:
        in the season of `month` alone, to which `hours` belongs.
    limit : float
        Hours within which arrival counts.
    sites : ndarray of int, optional
        Places a unit may go to; all when None.
    """
    expected = np.nan_to_num(check_risk(risk, len(lon)))
    table = speeds or default_speeds()
    if additional < 0 or most_moves < 0:
        raise BadInput("the number of additional units and of moves cannot be below zero")
    able = responders(units, table)
    mobile = sorted({int(i) for i in movable})
    if mobile and not (mobile[0] >= 0 and mobile[-1] < len(units)):
        raise BadInput("a movable unit is not in the list: rows go from 0 to {last}", last=len(units) - 1)
    mobile = [i for i in mobile if able[i]]
    still = np.array([i for i in range(len(units)) if able[i] and i not in set(mobile)], dtype=np.int64)
    spots = np.arange(len(lon)) if sites is None else np.asarray(sites, dtype=np.int64)
    seasons = _seasons(units, hours, lon, lat, month, ahead, wet_months, table, start_hours)
    covered = np.concatenate([best_hours(s.hours[still]) <= limit for s in seasons])

    blocks: list[csr_matrix] = []
    groups: list[Group] = []
    cost: list[Floats] = []
    meaning: list[tuple[str, int, Ints]] = []
    start = 0

    def reach(kind: UnitKind, ready: float | None) -> csr_matrix:
        parts = [within(lon[spots], lat[spots], lon, lat, reach_km(table[kind], s.name, limit, ready)) for s in seasons]
        return vstack(parts, format="csr")

    # units of one kind and readiness are interchangeable in what they reach from a new place
    alike: dict[tuple[UnitKind, float | None], list[int]] = {}
    for i in mobile:
        alike.setdefault((units[i].kind, (start_hours or {}).get(units[i].name)), []).append(i)
    for number, ((kind, ready), members) in enumerate(alike.items()):
        rows = np.array(members)
        stay = vstack([csr_matrix((s.hours[rows] <= limit).T.astype(np.int8)) for s in seasons], format="csr")
        blocks += [stay, reach(kind, ready)]
        cost += [np.zeros(len(rows)), np.ones(len(spots))]
        meaning += [("stay", number, rows), ("move", number, spots)]
        groups.append(Group(f"{kind.value} {number}", np.arange(start, start + len(rows) + len(spots)), len(rows)))
        start += len(rows) + len(spots)
    if additional:
        blocks.append(reach(additional_kind, None))
        cost.append(np.zeros(len(spots)))
        meaning.append(("add", 0, spots))
        groups.append(Group("additional", np.arange(start, start + len(spots)), additional))
        start += len(spots)

    posture = _Posture(units, able, lon, lat, expected, limit, table, seasons, start_hours or {})
    if not blocks:
        blocks = [csr_matrix((len(lon) * len(seasons), 0), dtype=np.int8)]
    found = maximal_cover(
        hstack(blocks, format="csr"),
        np.concatenate([s.share * expected for s in seasons]),
        groups,
        covered=covered,
        cost=np.concatenate(cost) if cost else None,
        budget=float(most_moves) if mobile else np.inf,
        seed=seed,
        seconds=seconds,
    )
    picked: dict[tuple[str, int], list[int]] = {}
    at = 0
    for what, number, holds in meaning:
        picked[what, number] = [int(holds[j - at]) for j in found.chosen if at <= j < at + len(holds)]
        at += len(holds)

    changes: list[Change] = [("add", None, additional_kind, place) for place in picked.get(("add", 0), [])]
    for number, ((kind, _), members) in enumerate(alike.items()):
        leaving = [i for i in members if i not in picked["stay", number]]
        ways = _shortest_ways(units, leaving, picked["move", number], lon, lat)
        changes += [("move", i, kind, place) for i, place in ways]
    moves = posture.explain(changes)
    after = posture.hours([(m.row, m.kind, m.place) for m in moves], seasons[0])
    before, value = posture.value([]), posture.value([(m.what, m.row, m.kind, m.place) for m in moves])
    bound = max(found.bound, value)
    gap = 0.0 if bound - value <= 1e-9 * max(1.0, bound) else ((bound - value) / value if value else np.inf)
    return Moves(moves, before, value, bound, gap, found.method, seed, found.data_hash, after)


def _shortest_ways(
    units: Sequence[Unit], leaving: list[int], places: list[int], lon: Floats, lat: Floats
) -> list[tuple[int, int]]:
    """Match units that leave with the places chosen for their kind so that they travel least; the rest stay."""
    from scipy.optimize import linear_sum_assignment

    if not leaving or not places:
        return []
    from_lon, from_lat = np.array([units[i].lon for i in leaving]), np.array([units[i].lat for i in leaving])
    rows, columns = linear_sum_assignment(distance_km(from_lon[:, None], from_lat[:, None], lon[places], lat[places]))
    return [(leaving[r], places[c]) for r, c in zip(rows, columns, strict=True)]


@dataclass(frozen=True)
class _Season:
    """One season of the months ahead: its share of them and the hours of the present posture in it."""

    name: str
    share: float
    hours: Floats


def _seasons(
    units: Sequence[Unit],
    hours: Floats,
    lon: Floats,
    lat: Floats,
    month: int,
    ahead: int,
    wet_months: tuple[int, ...],
    speeds: Speeds,
    start_hours: Mapping[str, float] | None,
) -> list[_Season]:
    """The seasons a posture is meant for, that of `month` first."""
    now = season_of(month, wet_months)
    names = [season_of(m, wet_months) for m in range(month + 1, month + ahead + 1)] or [now]
    found = [_Season(now, names.count(now) / len(names), hours)]
    for name in sorted(set(names) - {now}):
        when = next(m for m in range(month + 1, month + ahead + 1) if season_of(m, wet_months) == name)
        then = travel_hours(units, lon, lat, when, wet_months=wet_months, speeds=speeds, start_hours=start_hours)
        found.append(_Season(name, names.count(name) / len(names), then))
    return found


class _Posture:
    """The posture with some changes made, and what the changes are worth in reach."""

    def __init__(
        self,
        units: Sequence[Unit],
        able: npt.NDArray[np.bool_],
        lon: Floats,
        lat: Floats,
        risk: Floats,
        limit: float,
        speeds: Speeds,
        seasons: Sequence[_Season],
        start_hours: Mapping[str, float],
    ) -> None:
        self._units, self._able, self._seasons = units, able, seasons
        self._lon, self._lat, self._risk, self._limit = lon, lat, risk, limit
        self._speeds, self._start = speeds, start_hours

    def hours(self, changes: Sequence[tuple[int | None, UnitKind, int]], season: _Season) -> Floats:
        """Hours of every unit that can respond once the changes are made; additions come last."""
        gone = {row for row, _, _ in changes if row is not None}
        rows = [season.hours[i] for i in np.flatnonzero(self._able) if i not in gone]
        for row, kind, place in changes:
            away = distance_km(self._lon[place], self._lat[place], self._lon, self._lat)
            start = None if row is None else self._start.get(self._units[row].name)
            rows.append(arrival(away, self._speeds[kind], season.name, start))
        return np.array(rows) if rows else np.empty((0, len(self._lon)))

    def value(self, changes: Sequence[Change]) -> float:
        """Expected deaths within reach, the seasons by their shares."""
        total = 0.0
        for season in self._seasons:
            near = best_hours(self.hours([c[1:] for c in changes], season)) <= self._limit
            total += season.share * float(self._risk[near].sum())
        return total

    def explain(self, changes: list[Change]) -> tuple[Move, ...]:
        """Order changes by what each adds to those before it; leave out those that add nothing."""
        left, taken = list(changes), list[Change]()
        gains: list[float] = []
        have = self.value([])
        while left:
            worth = [self.value([*taken, c]) - have for c in left]
            best = int(np.argmax(worth))
            taken.append(left.pop(best))
            gains.append(worth[best])
            have += worth[best]
        # a change that adds nothing to the whole is left out: nobody should be moved for nothing
        whole = have
        for change in reversed(list(taken)):
            rest = [c for c in taken if c is not change]
            if self.value(rest) >= whole - 1e-12:
                taken = rest
        gains, have = [], self.value([])
        for i in range(len(taken)):
            value = self.value(taken[: i + 1])
            gains.append(value - have)
            have = value
        return tuple(
            Move(
                what,
                kind.value if row is None else self._units[row].name,
                row,
                kind,
                place,
                gain,
                have - self.value([c for c in taken if c[1:] != (row, kind, place)]),
            )
            for (what, row, kind, place), gain in zip(taken, gains, strict=True)
        )
