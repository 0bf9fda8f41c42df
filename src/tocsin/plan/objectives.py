"""A posture for what a mission wants most, under what it demands; and what one aim costs in another."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.assess.actions import known_panel
from tocsin.assess.forecast import forecast, stream
from tocsin.assess.ground import gw_of
from tocsin.assess.risk import horizon_draws
from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput, Infeasible, NoData
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.listen.deployments import Unit
from tocsin.listen.events.reads import vintage
from tocsin.plan.actions import Planned, largest_places, movable_rows
from tocsin.plan.cover import best_hours, by_area, coverage
from tocsin.plan.drawn import losses
from tocsin.plan.mobility import Speeds, arrival, hours, month_in, responders, season_of, speeds_of
from tocsin.plan.posture import AIMS, Goals, Posture, Problem, best_posture, evaluate, front, second_best, shadow_values
from tocsin.plan.posture.asked import Asked, Ground, asked
from tocsin.plan.posture.demands import nowhere
from tocsin.plan.posture.request import Request, read_request
from tocsin.plan.reach import overland_of
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run, run_of
from tocsin.store.runs import run_id

Floats = npt.NDArray[np.float64]

# What may be asked for, and the aim of `plan.posture` it is.
OBJECTIVES = {
    "harm": "harm",  # share of expected deaths out of reach
    "worst-draws": "tail",  # the same in the worst tenth of the forecast's draws (CVaR)
    "worst-area": "worst_area",  # share out of reach in the area that is worst off
    "equity": "spread",  # difference between the worst- and the best-off area
    "cost": "cost",
    "flying-hours": "flying_hours",
    "disruption": "moves",  # units that move or are new
}
DRAWS = 200
MOST_SHADOWS = 5
ASSUMES = (
    "Reach is not safety: being within reach says that somebody could come, not that they will, nor that it helps.",
    "The forecast does not change with the plan; violence may move to places the plan leaves (association, see docs).",
    "Supply, medical and engineering reach are measured by road vehicle, in the slowest season of the months ahead.",
)


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a posture is asked for: the request (or its file), limits where it says nothing, and how to travel.

    `season` plans for the months ahead of one season alone ('dry' or 'wet'); for all of them when empty.
    """

    request: Path | Request | None = None
    additional: int = 3
    moves: int = 3
    limit_hours: float = 6.0
    straight: bool = False
    night: bool = False
    payload: float = 0.0
    seed: int = 1
    danger: bool = False  # slow down where deaths are forecast
    seconds: float = 30.0
    season: str = ""


def best(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    objective: str,
    wish: Wish,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Planned:
    """The posture with the least of one aim that meets every demand of the request, with its proof.

    Raises
    ------
    BadInput
        If there is no such objective, or the request is wrong.
    Infeasible
        If its demands clash; names a smallest set of them.
    """
    aim = _aim(objective)
    here, request, inputs = _start(connection, mission, now, wish, as_of, operations, tell)
    inputs["objective"] = objective
    id = run_id("posture", inputs)
    earlier = run_of(connection, id)
    if earlier:
        return Planned(id, earlier)
    tell("Planning", 0, 1)
    ground, made = _problem(connection, mission, here, request, wish, aim == "tail" or "tail" in request.at_most)
    goals = _goals(aim)
    found = best_posture(made.problem, goals, dict(request.at_most), seconds=wish.seconds)
    tell("Explaining", 0, 1)
    shadows = []
    for name in [n for n in found.binding if not n.startswith("units that must be used")][:MOST_SHADOWS]:
        try:
            only = dataclasses.replace(found, binding=(name,))
            (shadow,) = shadow_values(made.problem, goals, only, seconds=wish.seconds / 3)
        except Infeasible:
            continue
        shadows.append({"demand": shadow.demand, "eased_by": shadow.by, "gain": shadow.gain})
    without, other = _second(made.problem, goals, found, wish.seconds / 3)
    result = {
        "run": id,
        **_about(here, wish, made),
        "objective": objective,
        "aims_now": _told(evaluate(made.problem, made.now), made),
        "broken_now": _broken(made.problem, made.now),
        **_posture(here, made, found),
        "axes": _axes(here, ground, made, found, wish),
        "shadow_values": shadows,
        "second_best": None
        if other is None
        else {"without": None if without is None else int(here.gids[without]), **_posture(here, made, other)},
    }
    finish_run(connection, id, "posture", inputs, result, now)
    tell("Planning", 1, 1)
    return Planned(id, result, inputs)


def between(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    one: str,
    other: str,
    wish: Wish,
    points: int = 6,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Planned:
    """The Pareto front of two objectives: postures of which none is better in both, from best `one` to best `other`."""
    a, b = _aim(one), _aim(other)
    if a == b:
        raise BadInput("name two different objectives")
    if not 2 <= points <= 30:
        raise BadInput("a front has 2 to 30 points")
    here, request, inputs = _start(connection, mission, now, wish, as_of, operations, tell)
    inputs.update(one=one, other=other, points=points)
    id = run_id("front", inputs)
    earlier = run_of(connection, id)
    if earlier:
        return Planned(id, earlier)
    if request.at_most:
        raise BadInput("a front makes its own limits on aims: leave [at_most] out of the request")
    tell("Planning", 0, 1)
    _, made = _problem(connection, mission, here, request, wish, "tail" in (a, b))
    found = front(made.problem, a, b, points, seconds=wish.seconds / 3)
    result = {
        "run": id,
        **_about(here, wish, made),
        "one": one,
        "other": other,
        "aims_now": _told(evaluate(made.problem, made.now), made),
        "front": [_posture(here, made, p) for p in found],
    }
    finish_run(connection, id, "front", inputs, result, now)
    tell("Planning", 1, 1)
    return Planned(id, result)


def _aim(objective: str) -> str:
    if objective not in OBJECTIVES:
        raise BadInput("'{name}' is no objective; there are: {known}", name=objective, known=", ".join(OBJECTIVES))
    return OBJECTIVES[objective]


def _goals(aim: str) -> Goals:
    """One aim, with a little weight on harm and less on moves so that nothing is lost or moved for nothing."""
    weights = {"harm": 1e-4, "moves": 1e-6}
    weights[aim] = 1.0
    return dataclasses.replace(Goals(harm=0.0), **weights)


def _start(
    connection: sa.Connection, mission: Mission, now: dt.datetime, wish: Wish, as_of: int | None,
    operations: tuple[str, ...], tell: Progress,
) -> tuple[Situation, Request, dict[str, Any]]:  # fmt: skip
    if not 0 < wish.limit_hours < np.inf:
        raise BadInput("hours must lie above zero, and somewhere end")
    if wish.additional < 0 or wish.moves < 0:
        raise BadInput("the number of additional units and of moves cannot be below zero")
    if wish.season:
        month_in(1, wish.season, mission.wet_months)
    given = wish.request
    request = given if isinstance(given, Request) else read_request(given) if given is not None else Request()
    if request.new_bases is None:
        request = dataclasses.replace(request, new_bases=wish.additional)
    if request.moves is None:
        request = dataclasses.replace(request, moves=wish.moves)
    here = situation(connection, mission, now, as_of, operations, tell)
    own = mission.folder / "speeds.toml"
    inputs = {
        "assess": here.run,
        "units": [[u.name, u.kind.value, u.lon, u.lat, u.strength, sorted(u.has)] for u in here.units],
        "wet_months": list(mission.wet_months),
        "request": json.loads(json.dumps(dataclasses.asdict(request), default=str)),
        "speeds": hashlib.sha256(own.read_bytes()).hexdigest() if own.exists() else "",
        **{k: v for k, v in vars(wish).items() if k != "request" and v != ""},
    }
    return here, request, inputs


def _problem(
    connection: sa.Connection, mission: Mission, here: Situation, request: Request, wish: Wish, draws: bool
) -> tuple[Ground, Asked]:
    risk = _draws(connection, mission, here, wish.seed) if draws else here.risk[None, :]
    ground = ground_of(connection, mission, here, wish, risk)
    return ground, asked(ground, request, wish.limit_hours)


def ground_of(connection: sa.Connection, mission: Mission, here: Situation, wish: Wish, risk: Floats) -> Ground:
    """Units, cells, times and seasons of a situation; `risk` has shape (n_draws, n_cells).

    Raises
    ------
    NoData
        If no deaths are forecast anywhere.
    """
    if not here.risk.sum() > 0:
        raise NoData("no deaths are forecast anywhere: there is nothing to plan for")
    x, y = largest_places(connection, here.gids)
    speeds = speeds_of(mission).under(wish.night, wish.payload)
    level = here.danger if wish.danger else None
    overland = None if wish.straight else overland_of(mission, here.gids, here.month, level)
    travel = hours if overland is None else overland.hours
    ahead = range(here.month + 1, here.month + here.horizon + 1)
    names = [season_of(m, mission.wet_months) for m in ahead]
    months = [(s, names.count(s) / len(names), ahead[names.index(s)]) for s in sorted(set(names))]
    if wish.season:
        months = [(wish.season, 1.0, month_in(here.month, wish.season, mission.wet_months))]
    row_of = {int(g): i for i, g in enumerate(here.gids)}

    def measure(units: Sequence[Unit], month: int) -> Floats:
        return np.asarray(travel(units, x, y, month, wet_months=mission.wet_months, speeds=speeds))

    def road_hours(places: npt.NDArray[np.int64]) -> Floats:
        return np.asarray(np.max([_road_hours(overland, speeds, s, places, x, y) for s, _, _ in months], axis=0))

    def place_of(text: str) -> int:
        lon, lat, _ = here.point(text)
        row = row_of.get(int(lattice.gid_at(lon, lat)))
        if row is None:
            raise BadInput("{place} lies outside the mission's cells", place=text)
        return row

    movable = np.zeros(len(here.units), dtype=bool)
    movable[movable_rows(here.units)] = True
    able = np.asarray(responders(here.units, speeds))
    return Ground(here.units, able, movable, here.gids, (x, y), here.land.area_names, risk, months, measure,
                  road_hours, place_of, overland is not None)  # fmt: skip


def _road_hours(overland: Any, speeds: Speeds, season: str, places: npt.NDArray[np.int64], x: Floats, y: Floats
                ) -> Floats:  # fmt: skip
    mover = speeds[UnitKind.BASE]
    if overland is not None:
        return np.asarray(overland.travel(mover.mode, season, x[places], y[places], x, y))
    return arrival(distance_km(x[places][:, None], y[places][:, None], x[None, :], y[None, :]), mover, season, 0.0)


def _draws(connection: sa.Connection, mission: Mission, here: Situation, seed: int) -> Floats:
    """Possible deaths over the horizon, shape (DRAWS, n_cells), by the assessment's own model."""
    summary = run_of(connection, here.run) or {}
    seen = vintage(connection, here.month, gw_of(mission))
    panel = known_panel(connection, mission, here.land, seen, here.month, here.target)
    made = forecast(panel, here.target, summary["model"], here.horizon, seed)
    drawn = horizon_draws(made, stream(seed, "posture", here.month), DRAWS).toarray()[:, :DRAWS]
    found = np.zeros((drawn.shape[1], len(here.gids)))
    found[:, np.searchsorted(here.gids, made.gids)] = drawn.T
    return np.asarray(np.nan_to_num(found))


def _about(here: Situation, wish: Wish, made: Asked) -> dict[str, Any]:
    return {
        "as_of": month_text(here.month),
        "assess_run": here.run,
        "target": here.target,
        "horizon": here.horizon,
        "units": len(here.units),
        "limit_hours": wish.limit_hours,
        "night": wish.night,
        "payload": wish.payload,
        "slow_in_danger": wish.danger and not wish.straight,
        "candidate_cells": len(made.sites),
        "cells": len(here.gids),
        "seed": wish.seed,
        "assumes": list(ASSUMES),
    }


def _told(aims: dict[str, float], made: Asked) -> dict[str, float]:
    """Aims by the names of the command; the worst draws only where draws were made."""
    drawn = len(made.problem.draws) > 1
    return {name: aims[aim] for name, aim in OBJECTIVES.items() if aim != "tail" or drawn}


def _posture(here: Situation, made: Asked, found: Posture) -> dict[str, Any]:
    options = made.problem.options
    stands = {made.unit_of[j] for j in found.chosen if made.unit_of[j] >= 0}
    changes = [_change(here, options[j], made.unit_of[j]) for j in found.chosen if options[j].moves]
    changes += [
        {"what": "close", "unit": u.name, "kind": u.kind.value, "from": [u.lon, u.lat], "gid": None, "lon": None,
         "lat": None, "near": None, "area": None}
        for row, u in enumerate(here.units) if row not in stands
    ]  # fmt: skip
    gap = found.gap if np.isfinite(found.gap) else None
    return {
        "aims": _told(found.aims, made), "changes": changes, "value": found.value, "bound": found.bound, "gap": gap,
        "method": found.method, "data_hash": found.data_hash, "binding": list(found.binding),
    }  # fmt: skip


def _axes(here: Situation, ground: Ground, made: Asked, found: Posture, wish: Wish) -> dict[str, Any]:
    """Keys of `tocsin plan` that plans are compared on, in the season planned for (else that of the posture)."""
    season = wish.season or here.season
    month = ground.months[0][2] if wish.season else here.month
    able, (x, y) = ground.able, ground.points
    stood: list[Unit] = []
    for j in found.chosen:
        option, row = made.problem.options[j], made.unit_of[j]
        if row >= 0 and not able[row]:
            continue
        lon, lat = float(x[option.place]), float(y[option.place])
        if row < 0:
            stood.append(Unit(option.unit, option.kind, lon, lat, option.strength or None))
        else:
            unit = here.units[row]
            stood.append(dataclasses.replace(unit, lon=lon, lat=lat) if option.moves else unit)
    now = ground.measure([u for u, can in zip(here.units, able, strict=True) if can], month)
    then = ground.measure(stood, month) if stood else np.empty((0, len(here.gids)))
    first, later = best_hours(now), best_hours(then)
    folk = here.land.people.people
    people = None if np.isnan(folk).all() else folk
    lost = losses(first, later, here.risk, people, wish.limit_hours)
    return {
        "season": season,
        "ground": not wish.straight and ground.overland,
        "before": float(here.risk[first <= wish.limit_hours].sum()),
        "value": float(here.risk[later <= wish.limit_hours].sum()),
        "covered": [dataclasses.asdict(c) for c in coverage(now, here.risk, people)],
        "covered_after": [dataclasses.asdict(c) for c in coverage(then, here.risk, people)],
        "by_area": by_area(here.land.area_names, here.risk, first, later, wish.limit_hours),
        "worse": [int(here.gids[w.place]) for w in lost],
        "unreachable": [int(g) for g in here.gids[np.isinf(first)]],
        "moves": [{"what": "add" if made.unit_of[j] < 0 else "move"}
                  for j in found.chosen if made.problem.options[j].moves],
    }  # fmt: skip


def _change(here: Situation, option: Any, row: int) -> dict[str, Any]:
    gid = int(here.gids[option.place])
    lon, lat = (float(v) for v in lattice.centre(gid))
    unit = here.units[row] if row >= 0 else None
    return {
        "what": "add" if unit is None else "move",
        "unit": option.unit,
        "kind": option.kind.value,
        "from": None if unit is None else [unit.lon, unit.lat],
        "gid": gid,
        "lon": lon,
        "lat": lat,
        "near": here.name_of(lon, lat),
        "area": here.land.area_names[option.place] or None,
    }


def _second(problem: Problem, goals: Goals, found: Posture, seconds: float) -> tuple[int | None, Posture | None]:
    """The best posture that sends nobody to the most valuable place of this one, and that place.

    Leaving out a place, and not one combination of names, keeps two units of one kind from merely changing places.
    Where nobody is sent anywhere: the best posture that differs at all.
    """
    sent = [j for j in found.chosen if problem.options[j].moves]
    if not sent:
        return None, second_best(problem, goals, found, seconds=seconds)
    worth = []
    for j in sent:
        aims = evaluate(problem, [k for k in found.chosen if k != j])
        worth.append(sum(getattr(goals, a) * aims[a] for a in AIMS))
    place = problem.options[sent[int(np.argmax(worth))]].place
    bar = nowhere("another place", problem.options, lambda o: o.moves and o.place == place)
    try:
        return place, best_posture(
            dataclasses.replace(problem, demands=[*problem.demands, bar]), goals, seconds=seconds
        )
    except Infeasible:
        return place, None


def _broken(problem: Problem, chosen: Sequence[int]) -> list[str]:
    """Demands that the posture as it stands does not meet."""
    marks = np.zeros(len(problem.options))
    marks[list(chosen)] = 1
    return [
        d.name
        for d in problem.demands
        if np.any(d.rows @ marks < d.least - 1e-6) or np.any(d.rows @ marks > d.most + 1e-6)
    ]
