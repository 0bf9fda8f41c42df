"""From a mission's units and forecast to patrols for the days ahead, written down as a run."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.errors import Infeasible, NotFound
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import last_day, month_text
from tocsin.core.words import mark
from tocsin.plan.patrols.asked import Out
from tocsin.plan.patrols.draw import latest_leave, waited
from tocsin.plan.patrols.layout import Node, layout_of
from tocsin.plan.patrols.mix import Mix, mix_routes
from tocsin.plan.patrols.model import Outing, Patrol, driven, fuel_used, times
from tocsin.plan.patrols.seen import days_since, with_tracks
from tocsin.plan.patrols.solve import in_reach, reachable, solve_outing
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run, run_of
from tocsin.store.runs import latest_run, run_id

ASSUMES = (
    mark("The worth of a visit is the deaths forecast there; that a visit prevents any of them is not known."),
    mark("Places that neither somebody nor a track says a patrol has visited count as not visited lately."),
    mark("Travel is at the documented speed of the mode; breakdowns and checkpoints are not in it."),
    mark("An observer knows the routes and their chances and watches every day; the lot is drawn anew each day."),
    mark("The hour of leaving is drawn too, within half of the time to spare; the other half is for what goes wrong."),
)
WORSE = (
    mark("A visit can mark those who are seen talking to the patrol: ask each place how it wants to be met."),
    mark(
        "A card that is lost tells where the patrol goes: carry only today's, and draw the next only when it is needed."
    ),
    mark("Places of low forecast are visited little: that nothing is forecast where nobody reports is not safety."),
)


FUEL = mark(
    "Each patrol leaves with full tanks; an hour of driving takes the same fuel everywhere, standing takes none."
)
ESCORTED = mark(
    "An escort makes what it escorts a target of those who watch the patrol: ask whether it wants to be seen."
)


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
    today = now.date() if as_of is None else min(now.date(), last_day(as_of) + dt.timedelta(days=1))
    seen = days_since(connection, today)
    asked = replace(asked, visited=with_tracks(asked.visited, seen))
    result = patrols_of(mission, here, asked, tell)
    result["visited"] = {place: list(asked.ago(place)) for place in asked.visited}
    inputs = {
        "assess": here.run,
        "asked": asdict(asked),
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
    tell("Looking for routes", 0, 2)
    layout = layout_of(mission, here, asked)
    problem, nodes = layout.problem, layout.nodes
    with _by_name(nodes):
        best = solve_outing(problem, seed=asked.seed, seconds=20.0, bound=layout.freer is None)
        if layout.freer is not None:
            best = replace(best, bound=max(best.value, _most(layout.freer, best.visits)))
        tell("Looking for routes", 1, 2)
        mix = mix_routes(problem, best, plans=asked.plans, guess=asked.guess, seed=asked.seed, floors=layout.floors)
    tell("Looking for routes", 2, 2)
    shown = _Shown(problem, nodes, asked, layout.aboard)
    presence = mix.presence(len(nodes))
    order = [int(i) for i in np.argsort(-problem.worth, kind="stable")]
    visits = [i for i in order if nodes[i].kind == "visit" and (problem.worth[i] > 0 or i in problem.must)]
    return {
        "season": here.season,
        "mode": asked.mode,
        "over": layout.over,
        "bases": [u.name for u in layout.bases],
        "days": asked.days,
        "places": sum(v.kind == "visit" for v in nodes),
        "best": shown.plan(best.visits),
        "value": best.value,
        "bound": best.bound,
        "gap": best.gap,
        "mix": _mix(mix, shown),
        "presence": [{"place": nodes[i].name, "chance": float(presence[i]), "deaths_a_month": nodes[i].deaths}
                     for i in visits],
        "keep": [{"place": d.place, "visits": d.visits, "in_days": d.days, "days_since": list(d.ago),
                  "due_in_days": d.due_in, "at_least": d.chance, "chance": float(presence[d.node])}
                 for d in layout.due],
        "escorts": [{"name": e.name, "chance": float(presence[i]), "hours": float(problem.stay[i]),
                     "must": i in problem.must} for e, i in
                    zip(asked.escorts, [i for i, v in enumerate(nodes) if v.kind == "escort"], strict=True)],
        "companions": [{"name": name, "with": patrols} for name, patrols in layout.aboard.items()],
        "out_of_reach": [nodes[i].name for i in order if problem.worth[i] > 0 and not any(
            in_reach(problem, p, i) for p in problem.patrols)][:20],
        "assumes": list(ASSUMES) + ([FUEL] if asked.range_hours is not None else []),
        "worse": list(WORSE) + ([ESCORTED] if asked.escorts else []),
        "method": best.method + "; a lot among plans by linear programming",
        "data_hash": best.data_hash,
    }  # fmt: skip


def _most(problem: Outing, visits: tuple[tuple[int, ...], ...]) -> float:
    """No plan of an outing is worth more, of which one plan is known."""
    from tocsin.plan.patrols.bound import linear_bound
    from tocsin.plan.patrols.proof import prove

    clients = reachable(problem)
    proof = prove(problem, clients, visits)
    return proof.bound if proof.whole else min(proof.bound, linear_bound(problem, clients))


@contextlib.contextmanager
def _by_name(nodes: list[Node]) -> Iterator[None]:
    """Have what cannot be said with the names of places instead of their numbers."""
    try:
        yield
    except Infeasible as wrong:
        places = wrong.params.get("places")
        if places is None:
            raise
        names = ", ".join(nodes[k].name for k in places)
        raise Infeasible(wrong.message, **{**wrong.params, "places": names}) from None


def _mix(mix: Mix, shown: "_Shown") -> dict[str, Any]:
    return {
        "plans": [{"chance": c, "value": v, "patrols": shown.plan(p)}
                  for c, v, p in zip(mix.chance, mix.values, mix.plans, strict=True)],
        "value": mix.value, "best": mix.best, "loss": mix.loss, "entropy": mix.entropy,
        "bound": mix.bound, "least_loss": mix.least_loss,
        "guess": [{"patrol": p.name, "best_guess": g, "routes": r, "times_chance": g * r, "entropy": e,
                   "entropy_floor": f}
                  for p, g, r, e, f in zip(shown.problem.patrols, mix.guess, mix.routes, mix.route_entropy,
                                           mix.entropy_floors, strict=True)],
        "guess_over_chance": mix.guess_over_chance, "overlap": mix.overlap,
    }  # fmt: skip


@dataclass(frozen=True)
class _Shown:
    """Turns visits into what people read."""

    problem: Outing
    nodes: list[Node]
    asked: Out
    aboard: dict[str, list[str]]

    def plan(self, visits: tuple[tuple[int, ...], ...]) -> list[dict[str, Any]]:
        return [self._patrol(p, route) for p, route in zip(self.problem.patrols, visits, strict=True)]

    def _patrol(self, patrol: Patrol, route: tuple[int, ...]) -> dict[str, Any]:
        timed = times(self.problem, patrol, route)
        begun, back = timed if timed is not None else ([], patrol.leave)
        waits = waited(self.problem, patrol, route)
        stops = [s for p, t, w in zip(route, begun, waits, strict=True) for s in self._stops(p, t, w)]
        start, end = self._point(patrol.start), self._point(patrol.end)
        way = [start, *stops, end]
        lon, lat = np.array([v["lon"] for v in way]), np.array([v["lat"] for v in way])
        hours = driven(self.problem, patrol, route)
        used = fuel_used(self.problem, patrol, route) if route and self.asked.range_hours is not None else None
        return {
            "patrol": patrol.name, "start": start, "end": end, "leave": patrol.leave, "back": back,
            "leave_until": latest_leave(self.problem, patrol, route),
            "km_straight": float(distance_km(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum()),
            "hours_out": back - patrol.leave if route else 0.0, "hours_driven": hours,
            "litres": None if self.asked.litres is None else hours * self.asked.litres,
            "fuel_hours_left": None if used is None else patrol.fuel - max(used),
            "with": [name for name, patrols in self.aboard.items() if patrol.name in patrols],
            "stops": stops,
        }  # fmt: skip

    def _stops(self, place: int, at: float, waits: float) -> list[dict[str, Any]]:
        """A stop for each place; an escort is two, where it begins and where it ends."""
        node, stay = self.nodes[place], float(self.problem.stay[place])
        stop = {**self._point(place), "at": at, "stay_hours": 0.0 if node.to else stay,
                "worth": float(self.problem.worth[place]), "kind": node.kind, "waits": waits}  # fmt: skip
        if node.to is None:
            return [stop]
        name, lon, lat = node.to
        return [stop, {"name": name, "lon": lon, "lat": lat, "at": at + stay, "stay_hours": 0.0, "worth": 0.0,
                       "kind": node.kind, "waits": 0.0}]  # fmt: skip

    def _point(self, place: int) -> dict[str, Any]:
        node = self.nodes[place]
        return {"name": node.name, "lon": float(node.lon), "lat": float(node.lat)}
