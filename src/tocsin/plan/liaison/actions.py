"""From a mission's villages and forecast to where further liaison assistants should live, written down as a run."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.core.words import mark
from tocsin.plan.liaison.model import Assistant, Village
from tocsin.plan.liaison.moves import move_assistants
from tocsin.plan.liaison.serve import Flags, Ints
from tocsin.plan.liaison.sites import Sited, place_assistants
from tocsin.plan.location.model import data_hash
from tocsin.plan.situation import Situation, situation, spots
from tocsin.plan.stakes import stakes
from tocsin.plan.ways import hours_between, way_of
from tocsin.store import finish_run
from tocsin.store.runs import run_id

MOST_VILLAGES = 150
MORE = 3  # further assistants beyond those asked for whose gain is told
ASSUMES = (
    mark("A village is worth the deaths forecast there a month; that a liaison assistant prevents any is not known."),
    mark("An assistant who lives in a village speaks its languages and those asked of everybody."),
    mark("A village whose languages are not known counts as one that anybody can talk to; it is marked."),
    mark("Travel is one way, at the documented speed of the mode; who may not travel is not in it."),
)
WORSE = (
    mark("An assistant known to work with the mission, and the family, can be attacked: ask before naming a village."),
    mark("Villages that one assistant serves hear of the mission through one person, with that person's ties."),
    mark("Places of low forecast are served last: that nothing is forecast where nobody reports is not safety."),
)


@dataclass(frozen=True)
class Liaison:
    """What is asked.

    Parameters
    ----------
    further : int
        How many more assistants there could be.
    villages_each : int
        Villages one assistant can serve well.
    limit_hours : float
        One way to a village.
    mode : str
    villages : sequence of Village
        Empty: the places that stand for the forecast.
    assistants : sequence of Assistant or None
        Who is there; None: the mission's units of kind CLA, whose languages are not known.
    languages : mapping of area → languages
        Of villages that say none themselves.
    speak : frozenset of str
        Languages that every further assistant has to speak.
    seconds : float
        Longest to look for each number of assistants.
    moves : int
        How many of those there who may move (`may_move`) would be moved in the plan that is told beside the one in
        which all stay.
    """

    further: int = 3
    villages_each: int = 8
    limit_hours: float = 2.0
    mode: str = "wheeled"
    villages: Sequence[Village] = ()
    assistants: Sequence[Assistant] | None = None
    languages: Mapping[str, frozenset[str]] = field(default_factory=dict)
    speak: frozenset[str] = frozenset()
    seconds: float = 10.0
    moves: int = 0


@dataclass(frozen=True)
class Sat:
    """What the planner of liaison assistants made: the run's id and its documented summary."""

    run: str
    summary: dict[str, Any]


def plan_liaison(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    asked: Liaison,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Sat:
    """Which villages the assistants can serve, where further ones should live, and what each of these would bring.

    Raises
    ------
    BadInput, NotFound
        If a number or place is none, or an area of a language is not known.
    NoData
        If there is no village to serve.
    """
    here = situation(connection, mission, now, as_of, operations, tell)
    result = liaison_of(mission, here, asked, tell)
    code = data_hash(repr(asked))
    inputs = {"assess": here.run, "asked": code, "operations": list(operations)}
    id = run_id("liaison", inputs)
    result = {"run": id, "as_of": month_text(here.month), "assess_run": here.run, **result}
    finish_run(connection, id, "liaison", inputs, result, now)
    return Sat(id, result)


def liaison_of(mission: Mission, here: Situation, asked: Liaison, tell: Progress = silent) -> dict[str, Any]:
    """The same from a situation already read; what `plan_liaison` gives without the run."""
    if not 0 <= asked.moves <= 50:
        raise BadInput("0 to 50 assistants can be moved")
    if not (0 <= asked.further <= 50 and 1 <= asked.villages_each <= 200 and 0 < asked.limit_hours <= 24):
        raise BadInput("further assistants are 0 to 50, each serves 1 to 200 villages, and hours lie between 0 and 24")
    villages, areas = _villages(here, asked)
    stakes(here, [("a language", "", area) for area in asked.languages])  # refuses an area there is none of
    tongues = [v.languages or asked.languages.get(a, frozenset()) for v, a in zip(villages, areas, strict=True)]
    worth = _worth(here, villages)
    if not worth.any():
        raise NoData("no deaths are forecast at any of these villages: give their worth in the table")
    at = np.array([v.lon for v in villages]), np.array([v.lat for v in villages])
    old = _there(here, asked)
    start = np.array([o.lon or 0.0 for o in old]), np.array([o.lat or 0.0 for o in old])
    mode = way_of(asked.mode)
    hours, over = hours_between(mission, here, mode, at, at)
    away, _ = hours_between(mission, here, mode, start, at) if old else (np.empty((0, len(villages))), over)
    near, near_old = hours <= asked.limit_hours, away <= asked.limit_hours
    there = near_old & _talk([o.languages for o in old], tongues)
    local = _talk([t | asked.speak if t else t for t in tongues], tongues)
    caps = np.array([asked.villages_each if o.villages is None else o.villages for o in old], dtype=np.int64)
    plans: list[Sited] = []
    for further in range(asked.further + MORE + 1):
        tell("Placing", further, asked.further + MORE + 1)
        plans.append(place_assistants(worth, there, caps, near & local, asked.villages_each, further,
                                      seconds=asked.seconds))  # fmt: skip
    anew = place_assistants(
        worth, there[:0], caps[:0], near & local, asked.villages_each, len(old), seconds=asked.seconds
    )
    chosen = plans[asked.further]
    may = [near & _talk([o.languages] * len(villages), tongues) if o.may_move else None for o in old]
    if asked.moves and not any(m is not None for m in may):
        raise BadInput("nobody may be moved: write yes under may_move in the table of assistants for those who agreed")
    moved = move_assistants(worth, there, caps, may, asked.moves, near & local, asked.villages_each, asked.further,
                            seconds=asked.seconds) if asked.moves else None  # fmt: skip
    names = [o.id for o in old] + [f"new {k + 1}" for k in range(len(chosen.sites))]
    reach = np.vstack([there, (near & local)[list(chosen.sites)]])
    far = np.vstack([near_old, near[list(chosen.sites)]])
    total = float(worth.sum())
    return {
        "season": here.season, "mode": asked.mode, "over": over, "limit_hours": asked.limit_hours,
        "villages": len(villages), "forecast_elsewhere": max(0.0, float(here.risk.sum()) / max(1, here.horizon) - total)
        if not asked.villages else None, "villages_each": asked.villages_each, "worth": total,
        "languages_not_known": sum(not t for t in tongues),
        "assistants": [
            {"assistant": o.id, "place": here.name_of(o.lon or 0.0, o.lat or 0.0), "languages": sorted(o.languages),
             "capacity": int(caps[k]), "serves": _served(villages, worth, chosen.served, k, away[k])}
            for k, o in enumerate(old)
        ],
        "further": [
            {"assistant": f"new {k + 1}", "place": villages[s].name, "lon": villages[s].lon, "lat": villages[s].lat,
             "area": areas[s] or None, "languages": sorted(tongues[s] | asked.speak),
             "serves": _served(villages, worth, chosen.served, len(old) + k, hours[s])}
            for k, s in enumerate(chosen.sites)
        ],
        "not_served": _not_served(villages, worth, chosen.served, reach, far, names)[:50],
        "gains": [
            {"further": k, "served": p.value, "share": p.value / total, "at_most": p.bound,
             "gain": p.value - plans[k - 1].value if k else None, "proven": p.proven} for k, p in enumerate(plans)
        ],
        "those_there_anew": {"served_now": plans[0].value, "served_at_best": anew.value, "at_most": anew.bound},
        "if_moved": None if moved is None else {
            "most_moves": asked.moves, "value": moved.value, "bound": moved.bound, "gap": moved.gap,
            "gain": moved.value - chosen.value,
            "moves": [{"assistant": old[k].id, "from": here.name_of(old[k].lon or 0.0, old[k].lat or 0.0),
                       "to": villages[s].name, "lon": villages[s].lon, "lat": villages[s].lat, "area": areas[s] or None,
                       "serves": _served(villages, worth, moved.served, k, hours[s])}
                      for k, s in enumerate(moved.to) if s >= 0],
            "further": [villages[s].name for s in moved.sites],
        },
        "value": chosen.value, "bound": chosen.bound, "gap": chosen.gap, "proven": chosen.proven,
        "assumes": list(ASSUMES), "worse": list(WORSE), "method": chosen.method, "data_hash": chosen.data_hash,
    }  # fmt: skip


def _talk(speakers: Sequence[frozenset[str]], villages: Sequence[frozenset[str]]) -> Flags:
    """Whether each speaker shares a language with each village; where either is not known, it is not held against."""
    shared = [not a or not b or bool(a & b) for a in speakers for b in villages]
    return np.array(shared, dtype=bool).reshape(len(speakers), len(villages))


def _villages(here: Situation, asked: Liaison) -> tuple[list[Village], list[str]]:
    """The villages and the area of each."""
    from tocsin.core import lattice

    if not asked.villages:
        known = set(here.places.names)
        seen = [s for s in spots(here, 3 * MOST_VILLAGES) if s.risk > 0 and s.name in known][:MOST_VILLAGES]
        if not seen:
            raise NoData("nothing is forecast here, so no village stands out: give a table of villages")
        made = [Village(s.name, s.lon, s.lat, people=s.people, worth=s.risk / max(1, here.horizon)) for s in seen]
        return made, [s.area or "" for s in seen]
    area = dict(zip(here.gids.tolist(), here.land.area_names, strict=True))
    places = [area.get(int(lattice.gid_at(v.lon, v.lat)), "") or "" for v in asked.villages]
    return list(asked.villages), places


def _worth(here: Situation, villages: Sequence[Village]) -> np.ndarray:
    """Worth given, else the deaths a month forecast in the village's cell, shared by the villages in it by people."""
    from tocsin.core import lattice

    cells = [int(lattice.gid_at(v.lon, v.lat)) for v in villages]
    monthly = dict(zip(here.gids.tolist(), (here.risk / max(1, here.horizon)).tolist(), strict=True))
    size = np.array([1.0 if v.people is None else max(v.people, 1.0) for v in villages])
    whole = {c: size[[k for k, d in enumerate(cells) if d == c]].sum() for c in set(cells)}
    return np.array([v.worth if v.worth is not None else monthly.get(c, 0.0) * s / whole[c]
                     for v, c, s in zip(villages, cells, size, strict=True)])  # fmt: skip


def _there(here: Situation, asked: Liaison) -> list[Assistant]:
    """Those who are there, each at a point."""
    if asked.assistants is None:
        return [Assistant(u.name, "", u.lon, u.lat, frozenset(), None if u.strength is None
                          else u.strength * asked.villages_each)
                for u in here.units if u.kind is UnitKind.CLA]  # fmt: skip
    found = []
    for a in asked.assistants:
        lon, lat = (a.lon, a.lat) if a.lon is not None else here.point(a.place)[:2]
        found.append(replace(a, lon=lon, lat=lat))
    return found


def _served(
    villages: Sequence[Village], worth: np.ndarray, served: Ints, row: int, hours: np.ndarray
) -> list[dict[str, Any]]:
    rows = [v for v in np.argsort(-worth, kind="stable") if served[v] == row]
    return [{"village": villages[v].name, "hours": float(hours[v]), "worth": float(worth[v])} for v in rows]


def _not_served(
    villages: Sequence[Village], worth: np.ndarray, served: Ints, reach: Flags, far: Flags, names: Sequence[str]
) -> list[dict[str, Any]]:
    told = []
    for v in np.argsort(-worth, kind="stable"):
        if served[v] >= 0 or worth[v] <= 0:
            continue
        full = [names[int(k)] for k in np.flatnonzero(reach[:, v])]
        if full:
            why = f"{', '.join(full[:4])} could, and serve others that are worth more"
        elif far[:, v].any():
            able = ", ".join(names[int(k)] for k in np.flatnonzero(far[:, v])[:4])
            why = f"{able} could get there and share no language"
        else:
            why = "nobody gets there in time"
        told.append({"village": villages[v].name, "lon": villages[v].lon, "lat": villages[v].lat,
                     "worth": float(worth[v]), "why": why})  # fmt: skip
    return told
