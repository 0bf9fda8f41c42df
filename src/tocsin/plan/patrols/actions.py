"""From a mission's units and forecast to patrols for the days ahead, written down as a run."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.errors import BadInput, Infeasible, NotFound
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.listen.deployments.model import Unit
from tocsin.plan.mobility import responders
from tocsin.plan.patrols.mix import GUESS, Mix, mix_routes
from tocsin.plan.patrols.model import Floats, Outing, Patrol, Routes, times
from tocsin.plan.patrols.solve import solve_outing
from tocsin.plan.situation import Situation, Spot, situation, spots
from tocsin.plan.ways import hours_between, way_of
from tocsin.store import finish_run, run_of
from tocsin.store.runs import latest_run, run_id

MOST_SPOTS = 70
FADES_DAYS = 14.0  # a visit's worth comes back with time: 1 - exp(-days / FADES_DAYS) (judgement)
NIGHTS = 3  # other bases tried for a night, of each patrol
ASSUMES = (
    "The worth of a visit is the deaths forecast there; that a visit prevents any of them is not known.",
    "Places that no patrol is said to have visited count as not visited lately.",
    "Travel is at the documented speed of the mode; fuel, breakdowns and checkpoints are not in it.",
    "An observer knows the routes and their chances and watches every day; the lot is drawn anew each day.",
)
WORSE = (
    "A visit can mark those who are seen talking to the patrol: ask each place how it wants to be met.",
    "A card that is lost tells where the patrol goes: carry only today's, and draw the next only when it is needed.",
    "Places of low forecast are visited little: that nothing is forecast where nobody reports is not safety.",
)


@dataclass(frozen=True)
class Out:
    """What is asked of patrols.

    Parameters
    ----------
    bases : tuple of str
        Units that send patrols; the three with the most forecast deaths within half a day if none is named.
    patrols : int
        Of each base.
    days : int
        1, or 2 with a night at the base or at another one.
    leave, back : float
        Hours of the day between which patrols are out.
    stay_hours : float
        At each place.
    mode : str
        Way of moving of all patrols.
    must : tuple of str
        Places that must be visited every time.
    visited : mapping of place → days ago
    plans : int
        Plans to mix over.
    guess : float
        Cap on an observer's best guess, in multiples of blind chance.
    seed : int
    """

    bases: tuple[str, ...] = ()
    patrols: int = 1
    days: int = 1
    leave: float = 6.0
    back: float = 18.0
    stay_hours: float = 1.0
    mode: str = "wheeled"
    must: tuple[str, ...] = ()
    visited: Mapping[str, float] = field(default_factory=dict)
    plans: int = 12
    guess: float = GUESS
    seed: int = 1


@dataclass(frozen=True)
class Sent:
    """What the planner of patrols made: the run's id, its documented summary and what went in."""

    run: str
    summary: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)


def plan_patrols(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    asked: Out,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Sent:
    """Routes that visit what is worth most, and a lot among good ones so that nobody learns the timetable.

    Raises
    ------
    BadInput, NotFound
        If a base, place or mode is not known.
    Infeasible
        If a place that must be visited cannot be.
    """
    here = situation(connection, mission, now, as_of, operations, tell)
    result = patrols_of(mission, here, asked, tell)
    inputs = {
        "assess": here.run,
        "asked": {**asked.__dict__, "visited": dict(asked.visited)},
        "operations": list(operations),
    }
    id = run_id("patrols", inputs)
    result = {"run": id, "as_of": month_text(here.month), "assess_run": here.run, **result}
    finish_run(connection, id, "patrols", inputs, result, now)
    return Sent(id, result, inputs)


def patrols_run(connection: sa.Connection, run: str | None = None) -> dict[str, Any]:
    """The summary of planned patrols, the newest if no run is named.

    Raises
    ------
    NotFound
        If there is none.
    """
    found = run_of(connection, run) if run else (latest_run(connection, "patrols") or ("", None))[1]
    if not found or "mix" not in found:
        raise NotFound("there are no such patrols: plan them with `tocsin plan patrols`")
    return found


def patrols_of(mission: Mission, here: Situation, asked: Out, tell: Progress = silent) -> dict[str, Any]:
    """The same from a situation already read; what `plan_patrols` gives without the run."""
    if not (0 <= asked.leave < asked.back <= 24 and asked.stay_hours >= 0 and 1 <= asked.patrols <= 8):
        raise BadInput("patrols leave before they are back within a day, and a base sends 1 to 8")
    if asked.days not in (1, 2):
        raise BadInput("patrols are out for 1 or 2 days")
    tell("Looking for routes", 0, 2)
    seen = _spots(here, asked)
    bases = _bases(here, asked, seen)
    nights = [u for u, ok in zip(here.units, responders(here.units), strict=True) if ok] if asked.days == 2 else []
    ends = list({(u.lon, u.lat): u for u in [*bases, *nights]}.values())
    lon = np.array([u.lon for u in ends] + [s.lon for s in seen])
    lat = np.array([u.lat for u in ends] + [s.lat for s in seen])
    hours, over = hours_between(mission, here, way_of(asked.mode), (lon, lat), (lon, lat))
    n = len(ends)
    worth = np.concatenate([np.zeros(n), [s.risk / here.horizon * _fresh(asked, s.name) for s in seen]])
    whole = Outing(
        hours, worth, np.r_[np.zeros(n), np.full(len(seen), asked.stay_hours)], np.zeros(len(lon)),
        np.full(len(lon), 24.0 * asked.days), _patrols(asked, bases, ends, {}), _must(asked, seen, n),
    )  # fmt: skip
    problem = replace(whole, patrols=_with_nights(whole, asked, bases, ends)) if asked.days == 2 else whole
    best = solve_outing(problem, seed=asked.seed, seconds=20.0)
    tell("Looking for routes", 1, 2)
    mix = mix_routes(problem, best, plans=asked.plans, guess=asked.guess, seed=asked.seed)
    tell("Looking for routes", 2, 2)
    names = [u.name for u in ends] + [s.name for s in seen]
    shown = _Shown(problem, names, lon, lat)
    presence = mix.presence(len(names))
    order = np.argsort(-worth, kind="stable")
    return {
        "season": here.season,
        "mode": asked.mode,
        "over": over,
        "bases": [u.name for u in bases],
        "days": asked.days,
        "places": len(seen),
        "best": shown.plan(best.visits),
        "value": best.value,
        "bound": best.bound,
        "gap": best.gap,
        "mix": _mix(mix, shown),
        "presence": [{"place": names[i], "chance": float(presence[i]), "deaths_a_month": float(seen[i - n].risk)
                      / here.horizon} for i in order if i >= n and worth[i] > 0],
        "out_of_reach": [names[i] for i in order if worth[i] > 0 and not any(
            times(problem, p, (int(i),)) is not None for p in problem.patrols)][:20],
        "assumes": list(ASSUMES),
        "worse": list(WORSE),
        "method": best.method + "; a lot among plans by linear programming",
        "data_hash": best.data_hash,
    }  # fmt: skip


def _mix(mix: Mix, shown: "_Shown") -> dict[str, Any]:
    return {
        "plans": [{"chance": c, "value": v, "patrols": shown.plan(p)}
                  for c, v, p in zip(mix.chance, mix.values, mix.plans, strict=True)],
        "value": mix.value, "best": mix.best, "loss": mix.loss, "entropy": mix.entropy,
        "bound": mix.bound, "least_loss": mix.least_loss,
        "guess": [{"patrol": p.name, "best_guess": g, "routes": r, "times_chance": g * r}
                  for p, g, r in zip(shown.problem.patrols, mix.guess, mix.routes, strict=True)],
        "guess_over_chance": mix.guess_over_chance, "overlap": mix.overlap,
    }  # fmt: skip


@dataclass(frozen=True)
class _Shown:
    """Turns visits into what people read."""

    problem: Outing
    names: list[str]
    lon: Floats
    lat: Floats

    def plan(self, visits: tuple[tuple[int, ...], ...]) -> list[dict[str, Any]]:
        found = []
        for patrol, route in zip(self.problem.patrols, visits, strict=True):
            timed = times(self.problem, patrol, route)
            begun, back = timed if timed is not None else ([], patrol.leave)
            way = [patrol.start, *route, patrol.end]
            km = distance_km(self.lon[way[:-1]], self.lat[way[:-1]], self.lon[way[1:]], self.lat[way[1:]])
            found.append({
                "patrol": patrol.name, "start": self._point(patrol.start), "end": self._point(patrol.end),
                "leave": patrol.leave, "back": back, "km_straight": float(km.sum()),
                "stops": [{**self._point(p), "at": t, "stay_hours": float(self.problem.stay[p]),
                           "worth": float(self.problem.worth[p])} for p, t in zip(route, begun, strict=True)],
            })  # fmt: skip
        return found

    def _point(self, place: int) -> dict[str, Any]:
        return {"name": self.names[place], "lon": float(self.lon[place]), "lat": float(self.lat[place])}


def _spots(here: Situation, asked: Out) -> list[Spot]:
    found = spots(here, MOST_SPOTS)
    known = {s.name.casefold() for s in found}
    for name in asked.must:
        if name.casefold() not in known:
            lon, lat, called = here.point(name)
            found.append(Spot(called, lon, lat, "", 0.0, None, 0))
    return found


def _must(asked: Out, seen: list[Spot], offset: int) -> frozenset[int]:
    wanted = {name.casefold() for name in asked.must}
    return frozenset(offset + k for k, s in enumerate(seen) if s.name.casefold() in wanted)


def _fresh(asked: Out, name: str) -> float:
    ago = {k.casefold(): v for k, v in asked.visited.items()}.get(name.casefold())
    return 1.0 if ago is None else float(1 - np.exp(-max(0.0, ago) / FADES_DAYS))


def _bases(here: Situation, asked: Out, seen: list[Spot]) -> list[Unit]:
    if asked.bases:
        return [here.unit(name) for name in asked.bases]
    able = [u for u, ok in zip(here.units, responders(here.units), strict=True) if ok]
    if not able:
        raise NotFound("no unit is known here that could send a patrol: add units with `tocsin listen`")
    speed = way_of(asked.mode).straight_kmh[here.season]
    if speed <= 0:
        raise BadInput("nobody moves by {mode} in the {season} season here", mode=asked.mode, season=here.season)
    x, y = np.array([s.lon for s in seen]), np.array([s.lat for s in seen])
    risk = np.array([s.risk for s in seen])
    left = np.ones(len(seen), dtype=bool)
    chosen: list[Unit] = []
    for _ in range(min(3, len(able))):
        near = [distance_km(u.lon, u.lat, x, y) / speed <= (asked.back - asked.leave) / 2 for u in able]
        best = max(range(len(able)), key=lambda k: (float(risk[near[k] & left].sum()), -k))
        if chosen and not (near[best] & left).any():
            break
        chosen.append(able.pop(best))
        left &= ~near[best]
    return chosen


def _patrols(asked: Out, bases: list[Unit], ends: list[Unit], nights: Mapping[int, int]) -> tuple[Patrol, ...]:
    at = {(u.lon, u.lat): k for k, u in enumerate(ends)}
    found = []
    for b, base in enumerate(bases):
        for k in range(asked.patrols):
            name = base.name if asked.patrols == 1 else f"{base.name} {k + 1}"
            stand = at[base.lon, base.lat]
            night = nights.get(b, stand)
            for day in range(asked.days):
                label = name if asked.days == 1 else f"{name}, day {day + 1}"
                start, end = (stand, night) if day == 0 else (night, stand)
                found.append(Patrol(label, start, end if asked.days == 2 else stand, 24.0 * day + asked.leave,
                                    24.0 * day + asked.back))  # fmt: skip
    return tuple(found)


def _with_nights(problem: Outing, asked: Out, bases: list[Unit], ends: list[Unit]) -> tuple[Patrol, ...]:
    """Where each base's patrols sleep: its own base or one of the nearest others, one base after the other."""
    nights: dict[int, int] = {}
    for b, base in enumerate(bases):
        own = next(k for k, u in enumerate(ends) if (u.lon, u.lat) == (base.lon, base.lat))
        near = [int(k) for k in np.argsort(problem.hours[own, : len(ends)], kind="stable") if k != own][:NIGHTS]
        best = (-1.0, own)
        for night in [own, *near]:
            tried = replace(problem, patrols=_patrols(asked, bases, ends, {**nights, b: night}), must=frozenset())
            try:
                found: Routes = solve_outing(tried, seed=asked.seed, rounds=1, steps=4000, bound=False)
            except Infeasible:
                continue
            if found.value > best[0] + 1e-9:
                best = (found.value, night)
        nights[b] = best[1]
    return _patrols(asked, bases, ends, nights)
