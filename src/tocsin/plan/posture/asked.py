"""From units, a forecast and a request to a posture problem: who could stand where, and every demand as rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.deployments import Unit
from tocsin.plan.posture import demands
from tocsin.plan.posture.model import Demand, Floats, Ints, Option, Problem
from tocsin.plan.posture.request import Barred, Request, Tier

MOST_SITES = 250  # candidate places for units that move: those that bring most within reach, one after another
ARMED = {UnitKind.BASE, UnitKind.TOB, UnitKind.QRF, UnitKind.FPU}
Flags = npt.NDArray[np.bool_]
Measure = Callable[[Sequence[Unit], int], Floats]


@dataclass(frozen=True)
class Ground:
    """What a problem is made from.

    Parameters
    ----------
    units : sequence of Unit
    able, movable : ndarray of bool, shape (n_units,)
        Which may protect by force, and which may be sent elsewhere.
    gids : ndarray, shape (n_cells,)
    points : longitudes and latitudes that times are measured to, shape (n_cells,)
    areas : sequence of str, length n_cells
    risk : ndarray, shape (n_draws, n_cells)
        Possible deaths; one row for the expected.
    months : sequence of (season, share, month)
        Each season of the months ahead, its share of them, and a month in it.
    measure : callable
        Hours from units to the points in a month, start-up included, shape (n_units, n_cells).
    road_hours : callable
        The same for the way alone, by road, between cells: shape (n_places, n_cells) from places (rows of cells).
    place_of : callable
        Row of the cell of a place in words (lon,lat, a place's or unit's name).
    overland : bool
        Whether times go over known ground, and not as the crow flies.
    """

    units: Sequence[Unit]
    able: Flags
    movable: Flags
    gids: Ints
    points: tuple[Floats, Floats]
    areas: Sequence[str]
    risk: Floats
    months: Sequence[tuple[str, float, int]]
    measure: Measure
    road_hours: Callable[[Ints], Floats]
    place_of: Callable[[str], int]
    overland: bool = False


@dataclass(frozen=True)
class Asked:
    """A problem, the options that are the posture as it stands, and which unit (row; -1 for a new one) each is of."""

    problem: Problem
    now: tuple[int, ...]
    unit_of: tuple[int, ...]
    sites: Ints


def asked(ground: Ground, request: Request, limit_hours: float) -> Asked:
    """The problem of a request.

    Raises
    ------
    BadInput, NotFound
        If the request names a unit, area or place that there is none of, or wants sizes of units without strength.
    """
    tiers = request.tiers or (Tier(limit_hours, 1.0),)
    check_names(ground, request)
    names = [u.name for u in ground.units]
    cell = {int(g): i for i, g in enumerate(ground.gids)}
    here = [cell[int(lattice.gid_at(u.lon, u.lat))] for u in ground.units]
    pinned = {f.unit: ground.place_of(f.place) if f.place else here[names.index(f.unit)] for f in request.fixed}
    x, y = ground.points
    new = Unit("", UnitKind.TOB, 0.0, 0.0, request.new_strength)
    sites = candidate_cells(ground, max(t.hours for t in tiers), [*here, *pinned.values()])
    options: list[Option] = []
    unit_of: list[int] = []
    blocks: list[Floats] = []  # hours of each option, the seasons one after another

    def hours_from(unit: Unit, places: Sequence[int]) -> Floats:
        there = [replace(unit, lon=float(x[p]), lat=float(y[p])) for p in places]
        return np.hstack([ground.measure(there, month) for _, _, month in ground.months])

    at_all = {}  # units of one kind take alike long from one place
    for row, unit in enumerate(ground.units):
        whole = np.hstack([ground.measure([unit], month) for _, _, month in ground.months])
        blocks.append(whole if ground.able[row] else np.full_like(whole, np.inf))
        options.append(_option(unit, unit.name, here[row], request, moved=False))
        unit_of.append(row)
        goes = sites if ground.movable[row] and ground.able[row] else np.empty(0, dtype=np.int64)
        goes = np.union1d(goes, [pinned[unit.name]]) if unit.name in pinned else goes
        goes = goes[goes != here[row]].astype(np.int64)
        if len(goes):
            if (unit.kind, goes.tobytes()) not in at_all:
                at_all[unit.kind, goes.tobytes()] = hours_from(unit, goes.tolist())
            blocks.append(at_all[unit.kind, goes.tobytes()])
            options += [_option(unit, unit.name, int(p), request, moved=True) for p in goes]
            unit_of += [row] * len(goes)
    now = tuple(j for j, o in enumerate(options) if not o.moves)
    new_bases = request.new_bases or 0
    if new_bases:
        reach = hours_from(new, sites.tolist())
        for number in range(new_bases):
            blocks.append(reach)
            options += [_option(new, f"new base {number + 1}", int(p), request, moved=True) for p in sites]
            unit_of += [-1] * len(sites)
    hours = np.vstack(blocks)
    covers = [(csr_matrix((hours <= t.hours).T.astype(np.int8)), t.share, t.backup) for t in tiers]
    seasons = len(ground.months)
    labels = sorted({a for a in ground.areas if a})
    number_of = {a: i for i, a in enumerate(labels)}
    area_of = np.array([number_of.get(a, -1) for a in ground.areas], dtype=np.int64)
    risk = np.hstack([share * ground.risk for _, share, _ in ground.months])
    rules = _rules(ground, request, options, unit_of, area_of, labels, pinned)
    problem = Problem(options, covers, risk, np.tile(area_of, seasons), rules)
    return Asked(problem, now, tuple(unit_of), sites)


def check_names(ground: Ground, request: Request) -> None:
    """Refuse a request that names a unit or area that there is none of."""
    names = [u.name for u in ground.units]
    for name in [f.unit for f in request.fixed] + [b.unit for b in request.barred if b.unit]:
        if name not in names:
            raise NotFound("the request names the unit '{unit}', which there is none of; there are for example: {some}",
                           unit=name, some=", ".join(sorted(names)[:8]))  # fmt: skip
    for area in [b.area for b in request.barred if b.area] + [e.area for e in request.each_area if e.area]:
        if area not in ground.areas:
            raise NotFound("the request names the area '{area}', which there is none of; there are: {some}",
                           area=area, some=", ".join(sorted({a for a in ground.areas if a})))  # fmt: skip


def _option(unit: Unit, name: str, place: int, request: Request, moved: bool) -> Option:
    cost, flying = request.cost.get(unit.kind, 0.0), request.flying.get(unit.kind, 0.0)
    tags = frozenset(unit.has) | frozenset(unit.contributors)
    return Option(name, unit.kind, place, unit.strength or 0, cost, flying, moved, tags)


def candidate_cells(ground: Ground, limit_hours: float, always: Sequence[int], most: int = MOST_SITES) -> Ints:
    """Cells a unit may go to: all when few; else those that bring most within reach in turn, and `always`."""
    n = len(ground.gids)
    if n <= most:
        return np.arange(n)
    x, y = ground.points
    scouts = [Unit("", UnitKind.TOB, float(a), float(b), None) for a, b in zip(x, y, strict=True)]
    near = csr_matrix(ground.measure(scouts, ground.months[0][2]) <= limit_hours)
    left = ground.risk.mean(axis=0).copy()
    found: list[int] = []
    while len(found) < most:
        worth = near @ left
        worth[found] = -1.0
        best = int(np.argmax(worth))
        if worth[best] <= 0:
            break
        found.append(best)
        left[near[best].indices] *= 0.5  # a second one there is worth less, not nothing
    return np.unique(np.array([*found, *always], dtype=np.int64))


def _rules(
    ground: Ground, request: Request, options: list[Option], unit_of: Sequence[int], area_of: Ints,
    labels: Sequence[str], pinned: dict[str, int],
) -> list[Demand]:  # fmt: skip
    rules: list[Demand] = []
    if not request.may_close:
        rules.append(demands.stays_in_the_plan(options, [u.name for u in ground.units]))
    if request.moves is not None:
        old = {o.unit for o, u in zip(options, unit_of, strict=True) if u >= 0}
        rules.append(
            demands.at_most(
                f"{request.moves} moves", options, lambda o: float(o.moves and o.unit in old), request.moves
            )
        )
    for most, what, name in (
        (request.budget, "cost", "a budget of {:g}"),
        (request.flying_hours, "flying_hours", "{:g} flying hours"),
    ):
        if most is not None:
            rules.append(
                demands.at_most(name.format(most), options, lambda o, w=what: float(getattr(o, w)), most)  # type: ignore[misc]
            )
    for name, place in pinned.items():
        why = next((f.reason for f in request.fixed if f.unit == name and f.reason), "")
        rules.append(demands.must_be(_because(f"{name} at cell {ground.gids[place]}", why), options, name, place))
    seasons = {s for s, share, _ in ground.months if share > 0}
    rules += [_bar(ground, bar, options) for bar in request.barred if not bar.season or bar.season in seasons]
    if request.safe_size is not None:
        unknown = [u.name for u in ground.units if u.kind in ARMED and u.strength is None]
        if unknown or (request.new_bases and request.new_strength is None):
            raise BadInput("a safe size needs the strength of every unit; unknown of: {names}",
                           names=", ".join(unknown[:8]) or "new bases (new_strength)")  # fmt: skip
        rules.append(
            demands.safe_size(
                f"a safe size of {request.safe_size}", options, request.safe_size, lambda o: o.kind in ARMED
            )
        )
    for limit, what, needs, gives in (
        (request.supply_hours, "supply", lambda o: o.kind is UnitKind.TOB, lambda o: o.kind is UnitKind.BASE),
        (request.medical_hours, "medical help", lambda o: o.kind in ARMED, _gives("medical", UnitKind.MEDICAL)),
        (request.engineer_hours, "engineers", lambda o: o.kind in ARMED, _gives("engineers", UnitKind.ENGINEER)),
    ):
        if limit is not None:
            name = f"{what} within {limit:g} h"
            rules.append(demands.within_reach_of(name, options, lambda o, n=needs, g=gives: n(o) and not g(o),  # type: ignore[misc]
                                                 gives, _between(ground, options), limit))  # fmt: skip
    for each in request.each_area:
        only = None if not each.area else [labels.index(each.area)]
        name = f"{each.least} with {each.has} in {each.area or 'every area'}"
        rules.append(demands.per_area(name, options, lambda o, e=each: e.has in o.tags, area_of, each.least, only))  # type: ignore[misc]
    return rules


def _gives(tag: str, kind: UnitKind) -> Callable[[Option], bool]:
    return lambda o: o.kind is kind or tag in o.tags


def _because(what: str, why: str) -> str:
    return f"{what} ({why})" if why else what


def _bar(ground: Ground, bar: Barred, options: Sequence[Option]) -> Demand:
    rows = barred_rows(ground, bar)

    def test(o: Option) -> bool:
        return (
            o.place in rows
            and (not bar.unit or o.unit == bar.unit)
            and (not bar.kind or o.kind.value == bar.kind)
            and (not bar.contributor or bar.contributor in o.tags)
        )

    whom = bar.unit or bar.contributor or bar.kind or "nobody"
    where = bar.area or bar.place
    what = f"nobody in {where}" if whom == "nobody" else f"{whom} not in {where}"
    return demands.nowhere(_because(what, bar.reason), options, test)


def barred_rows(ground: Ground, bar: Barred) -> set[int]:
    """Rows of the cells that a bar of a request is about."""
    return {ground.place_of(bar.place)} if bar.place else {i for i, a in enumerate(ground.areas) if a == bar.area}


def _between(ground: Ground, options: Sequence[Option]) -> Floats:
    """Hours by road between the places of options, the slowest season, by rows of cells; inf elsewhere."""
    places = np.unique([o.place for o in options])
    n = len(ground.gids)
    found = np.full((n, n), np.inf)
    found[places] = ground.road_hours(places)
    return found
