"""From two places of a mission to the ways between them, written down as a run."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.errors import BadInput
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.listen.deployments.model import Unit
from tocsin.plan.corridors.card import cut_points, legs_of, stops_on, straight_help
from tocsin.plan.corridors.day import ALIKE, WHOLE_DAY, exposed, pace
from tocsin.plan.corridors.front import alternatives, knee, pareto_front, shared_share
from tocsin.plan.corridors.ground import HAZARD_MONTHS, Passable, Stop, mission_network, read_roads
from tocsin.plan.corridors.model import Corridor, Floats, Network
from tocsin.plan.corridors.said import ALL_HOURS, APART, FAR, OVER, WORSE, plain_assumptions
from tocsin.plan.mobility import default_speeds, responders
from tocsin.plan.reach import overland_of
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run
from tocsin.store.runs import run_id

MODES = ("wheeled", "tracked", "foot")
DAYLIGHT = (6.0, 18.0)
MOST_BY_HOUR = 40


@dataclass(frozen=True)
class Routed:
    """What the planner of corridors made: the run's id, its documented summary and what went in."""

    run: str
    summary: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What is asked of a corridor: see `plan_corridor`."""

    start: str
    end: str
    mode: str = "wheeled"
    leave: float = 6.0
    night: bool = False
    roads: Path | None = None
    closed: tuple[tuple[float, float, float], ...] = ()
    stops: tuple[tuple[float, float, float], ...] = ()
    of_hour: tuple[float, ...] = ()
    legs: int = 6
    others: int = 2
    straight: bool = False
    most_time: float = 2.0


def plan_corridor(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    asked: Asked,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Routed:
    """Every way worth taking between two places of a mission, and the card of the one in the middle.

    Parameters
    ----------
    asked : Asked
        `start`, `end` (``lon,lat``, a unit or a place), way of moving, hour of leaving, whether it may move by night,
        a GeoJSON file of roads, closed discs (lon, lat, km), checkpoints (lon, lat, hours), 24 factors of the hazard
        by hour of the day, legs of the card and number of other ways; `straight` leaves the mission's ground out;
        the way chosen takes at most `most_time` times the fastest one's time.

    Raises
    ------
    BadInput, NotFound
        If a place, mode or file is not known.
    Infeasible
        If there is no way, in words.
    """
    if asked.mode not in MODES:
        raise BadInput(
            "'{mode}' is not a way for a convoy; there are: {known}", mode=asked.mode, known=", ".join(MODES)
        )
    if asked.of_hour and len(asked.of_hour) != 24:
        raise BadInput("hazard by time of day needs 24 factors, one an hour from midnight")
    if not 1 <= asked.legs <= 40 or not 0 <= asked.others <= 10:
        raise BadInput("a card has 1 to 40 legs, and at most 10 other ways are looked for")
    if not 1 <= asked.most_time <= 100:
        raise BadInput("the way chosen takes 1 to 100 times the time of the fastest")
    here = situation(connection, mission, now, as_of, operations, tell)
    tell("Looking for ways", 0, 1)
    result = corridor_of(mission, here, asked)
    inputs = {"assess": here.run, "asked": _plain(asked), "operations": list(operations)}
    id = run_id("corridor", inputs)
    result = {"run": id, "as_of": month_text(here.month), "assess_run": here.run, **result}
    finish_run(connection, id, "corridor", inputs, result, now)
    tell("Looking for ways", 1, 1)
    return Routed(id, result, inputs)


def corridor_of(mission: Mission, here: Situation, asked: Asked) -> dict[str, Any]:
    """The same from a situation already read; what `plan_corridor` gives without the run."""
    speeds = default_speeds()
    mode = next(m.mode for m in speeds.movers.values() if m.mode.name == asked.mode)
    x1, y1, from_name = here.point(asked.start)
    x2, y2, to_name = here.point(asked.end)
    roads = read_roads(asked.roads) if asked.roads else []
    over = mission_network(mission, here, mode, here.season, roads, asked.closed, asked.stops, asked.straight)
    network = over.network
    if not network.nodes:
        raise BadInput(
            "nobody moves by {mode} in the {season} season here: choose another mode", mode=asked.mode,
            season=here.season,
        )  # fmt: skip
    a, b = network.node_at(x1, y1), network.node_at(x2, y2)
    if a == b:
        raise BadInput("'{a}' and '{b}' are the same place at this scale", a=from_name, b=to_name)
    front = pareto_front(network, a, b)
    ways = front.corridors
    middle = knee(replace(front, corridors=tuple(w for w in ways if w.hours <= asked.most_time * ways[0].hours)))
    chosen = ways[middle]
    weight = 0.0
    if middle > 0:
        weight = (chosen.hours - ways[0].hours) / max(ways[0].exposure - chosen.exposure, 1e-12)
    others = alternatives(network, chosen, k=asked.others, weight=weight, apart_km=APART)
    daylight = WHOLE_DAY if asked.night else DAYLIGHT
    shown = sorted({0, middle, len(ways) - 1, *np.linspace(0, len(ways) - 1, 12).round().astype(int).tolist()})
    return {
        "from": {"name": from_name, "lon": x1, "lat": y1},
        "to": {"name": to_name, "lon": x2, "lat": y2},
        "mode": asked.mode,
        "season": here.season,
        "roads": bool(roads),
        "over": over.over,
        "layers": list(over.layers),
        "front_size": len(ways),
        "most_time": asked.most_time,
        "complete": front.complete,
        "front": [_way(network, ways[k]) for k in shown],
        "fastest": {**_way(network, ways[0]), "line": _line(network, ways[0])},
        "safest": {**_way(network, ways[-1]), "line": _line(network, ways[-1])},
        "chosen": {**_way(network, chosen), "line": _line(network, chosen)},
        "others": [
            {
                **_way(network, o),
                "line": _line(network, o),
                "shared": shared_share(network, chosen, o, APART),
                **_apart(network, here, chosen, o),
            }
            for o in others
        ],
        "by_hour": _by_hour(network, ways, middle, asked, daylight),
        "hour_factors": list(asked.of_hour) or None,
        **_card(mission, over, here, chosen, asked, daylight),
        "events": len(here.recent(HAZARD_MONTHS)),
        "assumes": plain_assumptions()
        + ([] if asked.of_hour else [ALL_HOURS])
        + _about_ground(over, (from_name, x1, y1, a), (to_name, x2, y2, b)),
        "worse": list(WORSE),
        "method": "label-setting over the whole front, costs rounded up to a second and a millionth of the exposure",
        "data_hash": _hash(network),
    }


def _about_ground(over: Passable, *ends: tuple[str, float, float, int]) -> list[str]:
    found = [OVER[over.over].format(layers=", ".join(over.layers))]
    for name, lon, lat, node in ends:
        km = float(distance_km(lon, lat, over.network.lon[node], over.network.lat[node]))
        if km > 2 * over.cell_km:
            found.append(FAR.format(place=name, km=f"{km:.0f}"))
    return found


def _card(
    mission: Mission, over: Passable, here: Situation, way: Corridor, asked: Asked, daylight: tuple[float, float]
) -> dict[str, Any]:
    network = over.network
    cuts = _cuts(network, way, asked, daylight)
    names = [here.name_of(float(network.lon[way.nodes[c]]), float(network.lat[way.nodes[c]])) for c in cuts]
    able = [u for u, ok in zip(here.units, responders(here.units), strict=True) if ok]
    legs, rests = legs_of(
        network, way, cuts, names, leave=asked.leave, daylight=daylight,
        help_hours=_reach(mission, over, here, way, able) if able else None, helpers=[u.name for u in able],
    )  # fmt: skip
    back = [k for k, leg in enumerate(legs) if leg.turn_back]
    turn = legs[back[-1]] if back else None
    # A checkpoint at the end of one leg is not told again for the next.
    met: list[list[Stop]] = []
    for k in range(len(legs)):
        told = {stop for leg in met for stop in leg}
        met.append([s for s in _stops(over, way.nodes[cuts[k] : cuts[k + 1] + 1]) if s not in told])
    return {
        "leave": asked.leave,
        "legs": [
            {**leg.__dict__, "helpers": [{"name": n, "hours": h} for n, h in leg.helpers],
             "checkpoints": [{"name": here.name_of(x, y), "lon": x, "lat": y, "hours": wait} for x, y, wait in met[k]]}
            for k, leg in enumerate(legs)
        ],
        "rests": [rest.__dict__ for rest in rests],
        "arrive_after_hours": way.hours + sum(r.hours for r in rests),
        "turn_back": None if turn is None else {
            "name": turn.end, "lon": turn.lon, "lat": turn.lat,
            "after_hours": sum(leg.hours for leg in legs[: back[-1] + 1]),
        },
    }  # fmt: skip


def _cuts(network: Network, way: Corridor, asked: Asked, daylight: tuple[float, float]) -> list[int]:
    """Where the legs of a way end: none is longer than half a day, so that a convoy that stops at dusk can."""
    return cut_points(network, way, max(asked.legs, int(np.ceil(2 * way.hours / (daylight[1] - daylight[0])))))


def _reach(mission: Mission, over: Passable, here: Situation, way: Corridor, able: list[Unit]) -> Floats:
    """Hours each unit needs to each place of the way, over the ground as every plan has it; shape (units, nodes)."""
    network, speeds = over.network, default_speeds()
    ground = overland_of(mission, here.gids, here.month) if over.over == "ground" else None
    if ground is not None:
        at = list(way.nodes)
        found = np.full((len(able), network.nodes), np.inf)
        found[:, at] = ground.hours(
            able, network.lon[at], network.lat[at], here.month, wet_months=mission.wet_months
        )  # fmt: skip
        return found
    movers = [speeds[u.kind] for u in able]
    return straight_help(
        np.array([u.lon for u in able]), np.array([u.lat for u in able]),
        np.array([m.mode.straight_kmh[here.season] for m in movers]),
        np.array([m.start_hours[here.season] for m in movers]), network,
    )  # fmt: skip


def _stops(over: Passable, nodes: Sequence[int]) -> list[Stop]:
    return [over.stops[row] for row in stops_on(over.network, nodes, over.stops, over.cell_km / 2)]


def _apart(network: Network, here: Situation, way: Corridor, other: Corridor) -> dict[str, Any]:
    """Where another way leaves this one for good, where it comes back, and past which places it goes between."""
    used = set(way.nodes)
    on = [v in used for v in other.nodes]
    first = next((k for k, here_too in enumerate(on) if not here_too), len(on)) - 1
    last = len(on) - next((k for k, here_too in enumerate(reversed(on)) if not here_too), len(on))

    def name(k: int) -> str:
        return here.name_of(float(network.lon[other.nodes[k]]), float(network.lat[other.nodes[k]]))

    between = np.linspace(first, last, 5)[1:-1].round().astype(int)
    return {"parts_at": name(max(first, 0)), "joins_at": name(min(last, len(on) - 1)),
            "by": list(dict.fromkeys(name(int(k)) for k in between))}  # fmt: skip


def _way(network: Network, way: Corridor) -> dict[str, Any]:
    return {"hours": way.hours, "exposure": way.exposure, "km": way.km, "no_event_chance": way.survival}


def _line(network: Network, way: Corridor) -> list[list[float]]:
    at = list(way.nodes)
    return [[round(float(x), 5), round(float(y), 5)] for x, y in zip(network.lon[at], network.lat[at], strict=True)]


def _by_hour(
    network: Network, ways: Sequence[Corridor], middle: int, asked: Asked, daylight: tuple[float, float]
) -> list[dict[str, Any]]:
    """What leaving at each hour the convoy may leave at means: events near it, rests included, and hours until there.

    `least` is the least exposed at that hour of up to `MOST_BY_HOUR` ways of the front that take no longer than asked.
    """
    near = [k for k, w in enumerate(ways) if w.hours <= asked.most_time * ways[0].hours]
    some = {near[int(k)] for k in np.linspace(0, len(near) - 1, min(len(near), MOST_BY_HOUR)).round()}
    cuts = {k: _cuts(network, ways[k], asked, daylight) for k in sorted(some | {0, middle, len(ways) - 1})}
    found = []
    for hour in range(int(daylight[0]), int(daylight[1])):
        driven = {k: pace(network, ways[k], cut, float(hour), daylight) for k, cut in cuts.items()}
        near_it = {k: exposed(network, ways[k], p, asked.of_hour or ALIKE) for k, p in driven.items()}
        least = min(sorted(some), key=lambda k: (near_it[k], driven[k].arrive_after_hours))
        found.append({
            "leave": hour, "fastest": near_it[0], "chosen": near_it[middle], "safest": near_it[len(ways) - 1],
            "arrive_after_hours": driven[middle].arrive_after_hours,
            "least": {"exposure": near_it[least], "hours": ways[least].hours,
                      "arrive_after_hours": driven[least].arrive_after_hours},
        })  # fmt: skip
    return found


def _hash(network: Network) -> str:
    digest = hashlib.sha256()
    for part in (network.tail, network.head, network.hours, network.exposure):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def _plain(asked: Asked) -> dict[str, Any]:
    found = dict(asked.__dict__)
    if asked.roads:
        found["roads"] = hashlib.sha256(asked.roads.read_bytes()).hexdigest()
    return found
