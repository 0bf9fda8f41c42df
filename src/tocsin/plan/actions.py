"""From a forecast and the units of a month to a plan, written down as a run."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.assess.actions import Assessed, assess, cell_risk, read_forecast
from tocsin.assess.forecast import stream
from tocsin.assess.ground import Land, gw_of, land_of
from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import last_day, month_text, months_of, parse_month
from tocsin.listen.deployments.model import Unit
from tocsin.listen.deployments.reads import Posture, posture
from tocsin.listen.events.reads import event_texts, known_events, vintage
from tocsin.listen.places.reads import gazetteer
from tocsin.listen.places.tables import place
from tocsin.plan.drawn import draw_up
from tocsin.plan.explained import explain
from tocsin.plan.mobility import Overland, speeds_of
from tocsin.plan.mobility.ground import checkpoints_of, danger_of, terrain_of
from tocsin.store import finish_run, run_of
from tocsin.store.runs import latest_run, run_id

MOST_HOURS = 24.0  # over the ground, farther is said to be out of reach
ONE_SIDED = 3
STATE_FORCES = ("Government of", "Military Forces of", "Police Forces of")  # as UCDP and ACLED write them
# Units that a mission can send elsewhere; headquarters, observers, hospitals and assistants stay.
MOVABLE = {UnitKind.BASE, UnitKind.TOB, UnitKind.QRF, UnitKind.FPU, UnitKind.HELICOPTER}


@dataclass(frozen=True)
class Planned:
    """What planning made: the run's id, its documented summary (`covered`, `gaps`, `moves` …), and what went in.

    `inputs` is empty where the run was there already.
    """

    run: str
    summary: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)


def latest_assessment(
    connection: sa.Connection, mission: Mission, now: dt.datetime, as_of: int | None, tell: Progress = silent
) -> Assessed:
    """The newest assessment, or that of a month (made if there is none yet)."""
    found = latest_run(connection, "assess")
    if found and as_of is None:
        done = Assessed(*found)
        if done.forecast_file(mission).exists():
            return done
    return assess(connection, mission, now, as_of, tell=tell)


def plan(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    as_of: int | None = None,
    additional: int = 3,
    most_moves: int = 3,
    limit_hours: float = 6.0,
    operations: tuple[str, ...] = (),
    seed: int = 1,
    straight: bool = False,
    slow_in_danger: bool = False,
    night: bool = False,
    payload: float = 0.0,
    tell: Progress = silent,
) -> Planned:
    """Who is out of reach as of a month, and which few units would change that most.

    Travel goes over the mission's ground as known at the month's end (`plan.mobility.ground`), as the crow flies where
    nothing is known of it.

    Parameters
    ----------
    as_of : int, optional
        Month of the posture and the forecast; that of the newest assessment if not given.
    additional : int
        How many new temporary bases could be found.
    most_moves : int
        How many existing units may move.
    limit_hours : float
        Within how many hours arrival counts.
    operations : tuple of str
        Only units of these peace operations (MINUSCA …); all if empty.
    seed : int
    straight : bool
        As the crow flies even where the ground is known.
    slow_in_danger : bool
        Slow down by up to half where any death is forecast for the next month.
    night : bool
        The order comes at dusk: what may not move at night (helicopters, unless the speeds file lets them) stays.
    payload : float
        Share of its load that a helicopter carries, which shortens its radius.

    Raises
    ------
    BadInput
        If the limit is not above zero, or a count is below it.
    NoData
        If no unit or no forecast is known.
    """
    if not 0 < limit_hours < np.inf:
        raise BadInput("hours must lie above zero, and somewhere end")
    assessed = latest_assessment(connection, mission, now, as_of, tell)
    summary = assessed.summary
    month = parse_month(summary["as_of"])
    land = land_of(connection, mission, month)
    stand = units_of(connection, land, month, operations)
    gids = land.ground.gids
    day = last_day(month)
    known = None if straight else terrain_of(mission, gids, day)
    inputs = {
        "assess": assessed.run,
        "units": [[u.name, u.kind.value, u.lon, u.lat, u.strength] for u in stand.units],
        "wet_months": list(mission.wet_months),
        "additional": additional,
        "most_moves": most_moves,
        "limit_hours": limit_hours,
        "seed": seed,
        "ground": [[layer.kind, layer.sha256] for layer in known[1]] if known else [],
        "slow_in_danger": slow_in_danger and known is not None,
        "speeds": _speeds_digest(mission),
        "night": night,
        "payload": payload,
    }
    speeds = speeds_of(mission).under(night, payload)
    id = run_id("plan", inputs)
    earlier = run_of(connection, id)
    if earlier:
        newest = latest_run(connection, "plan")
        if newest is None or newest[0] != id:  # written again with the present time, so that it is the newest plan
            finish_run(connection, id, "plan", inputs, earlier, now)
        return Planned(id, earlier)
    tell("Planning", 0, 1)
    table = read_forecast(assessed.forecast_file(mission), summary["target"], summary["model"])
    cells = cell_risk(table, gids, summary["horizon"])
    risk, people = cells["mean"], land.people.people
    points = largest_places(connection, gids)
    overland = None
    if known:
        stops = checkpoints_of(mission, gids, day)
        level = cells["p_any_next"] if slow_in_danger else np.zeros(len(gids))
        danger = danger_of(gids, level, stops) if slow_in_danger or stops else None
        overland = Overland(known[0], day, danger, max(MOST_HOURS, limit_hours))
    draw = partial(
        draw_up,
        stand.units,
        gids,
        risk,
        None if np.isnan(people).all() else people,
        land.area_names,
        month,
        movable=movable_rows(stand.units),
        limit=limit_hours,
        ahead=summary["horizon"],
        wet_months=mission.wet_months,
        points=points,
        overland=overland,
        speeds=speeds,
        seed=seed,
    )
    drawn = draw(additional=additional, most_moves=most_moves)
    tell("Explaining", 0, 1)
    why = explain(
        drawn, draw, additional, most_moves, known[0] if known else None, speeds[UnitKind.BASE].mode,
        _state_share(connection, mission, gids, month), risk, points, stream(seed, "plan"),
    )  # fmt: skip
    names = gazetteer(connection)
    for road in why.lifelines:
        near = [names.nearest(*end) for end in road["ends"]]
        road["between"] = [p.name if p else None for p in near]
    told = drawn.to_json()
    result = {
        "run": id,
        "as_of": month_text(month),
        "assess_run": assessed.run,
        "target": summary["target"],
        "model": summary["model"],
        "horizon": summary["horizon"],
        "units": len(stand.units),
        "unit_sources": stand.sources,
        "oldest_map": month_text(stand.oldest_map) if stand.oldest_map else None,
        "ground": [{"kind": f.kind, "known_on": f.known_on.isoformat(), "source": f.source} for f in known[1]]
        if known
        else [],
        "night": night,
        "payload": payload,
        **told,
        **why.to_json(),
    }
    finish_run(connection, id, "plan", inputs, result, now)
    tell("Planning", 1, 1)
    return Planned(id, result)


def _speeds_digest(mission: Mission) -> str:
    """Hash of the mission's own speeds file; empty where it has none."""
    path = mission.folder / "speeds.toml"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _state_share(
    connection: sa.Connection, mission: Mission, gids: npt.NDArray[np.int64], month: int
) -> npt.NDArray[np.float64] | None:
    """Share of civilians killed by state forces in the last three years, one number for all cells; None if unknown."""
    gw = gw_of(mission)
    events = known_events(connection, vintage(connection, month, gw), month)
    recent = months_of(events.first_day) > month - 36
    events = events.take(np.isin(events.gid, gids) & (events.kind == ONE_SIDED) & (events.best > 0) & recent)
    if not len(events):
        return None
    texts = event_texts(connection, events.id.tolist())
    state = np.array([str(texts[i]["side_a"]).startswith(STATE_FORCES) for i in events.id.tolist()])
    return np.full(len(gids), float(events.best[state].sum() / events.best.sum()))


def units_of(connection: sa.Connection, land: Land, month: int, operations: tuple[str, ...] = ()) -> Posture:
    """The posture in the mission's cells; a neighbour's units across the border are not ours to send."""
    return posture(connection, month, land.ground.gids, list(operations) or None)


def movable_rows(units: list[Unit]) -> list[int]:
    """Rows of the units that may move: not headquarters, nor the base that holds one."""
    return [i for i, unit in enumerate(units) if unit.kind in MOVABLE and "hq" not in unit.has]


def largest_places(connection: sa.Connection, gids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A point in each cell to measure time to: its largest known place, else its centre."""
    lon, lat = (np.array(v) for v in lattice.centre(gids))
    rows = connection.execute(
        sa.select(place.c.lon, place.c.lat, place.c.population).order_by(place.c.population, place.c.id)
    ).fetchall()
    if not rows:
        return lon, lat
    x, y = np.array([r.lon for r in rows]), np.array([r.lat for r in rows])
    cell = lattice.gid_at(x, y)
    at = np.minimum(np.searchsorted(gids, cell), len(gids) - 1)
    inside = gids[at] == cell
    # Ascending by population: the largest is written last.
    size = np.array([-1 if r.population is None else r.population for r in rows])
    order = np.argsort(size[inside], kind="stable")
    lon[at[inside][order]], lat[at[inside][order]] = x[inside][order], y[inside][order]
    return lon, lat
