"""From a forecast and the units of a month to a plan, written down as a run."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.assess.actions import Assessed, assess, cell_risk, read_forecast
from tocsin.assess.ground import Land, land_of
from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text, parse_month
from tocsin.listen.deployments.model import Unit
from tocsin.listen.deployments.reads import Posture, posture
from tocsin.listen.places.tables import place
from tocsin.plan.drawn import draw_up
from tocsin.store import finish_run, run_of
from tocsin.store.runs import latest_run, run_id

# Units that a mission can send elsewhere; headquarters, observers, hospitals and assistants stay.
MOVABLE = {UnitKind.BASE, UnitKind.TOB, UnitKind.QRF, UnitKind.FPU, UnitKind.HELICOPTER}


@dataclass(frozen=True)
class Planned:
    """What planning made: the run's id and its documented summary (`covered`, `gaps`, `moves` …)."""

    run: str
    summary: dict[str, Any]


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
    tell: Progress = silent,
) -> Planned:
    """Who is out of reach as of a month, and which few units would change that most.

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

    Raises
    ------
    NoData
        If no unit or no forecast is known.
    """
    assessed = latest_assessment(connection, mission, now, as_of, tell)
    summary = assessed.summary
    month = parse_month(summary["as_of"])
    land = land_of(connection, mission, month)
    stand = units_of(connection, land, month, operations)
    inputs = {
        "assess": assessed.run,
        "units": [[u.name, u.kind.value, u.lon, u.lat, u.strength] for u in stand.units],
        "wet_months": list(mission.wet_months),
        "additional": additional,
        "most_moves": most_moves,
        "limit_hours": limit_hours,
        "seed": seed,
    }
    id = run_id("plan", inputs)
    earlier = run_of(connection, id)
    if earlier:
        newest = latest_run(connection, "plan")
        if newest is None or newest[0] != id:  # written again with the present time, so that it is the newest plan
            finish_run(connection, id, "plan", inputs, earlier, now)
        return Planned(id, earlier)
    tell("Planning", 0, 1)
    table = read_forecast(assessed.forecast_file(mission), summary["target"], summary["model"])
    gids = land.ground.gids
    risk = cell_risk(table, gids, summary["horizon"])["mean"]
    people = land.people.people
    drawn = draw_up(
        stand.units,
        gids,
        risk,
        None if np.isnan(people).all() else people,
        land.area_names,
        month,
        additional=additional,
        movable=movable_rows(stand.units),
        most_moves=most_moves,
        limit=limit_hours,
        ahead=summary["horizon"],
        wet_months=mission.wet_months,
        points=largest_places(connection, gids),
        seed=seed,
    )
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
        **told,
    }
    finish_run(connection, id, "plan", inputs, result, now)
    tell("Planning", 1, 1)
    return Planned(id, result)


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
