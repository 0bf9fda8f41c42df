"""Which unit stands where in which of the months ahead, when moves are few and cost time."""

import datetime as dt
from typing import Any

import numpy as np
import sqlalchemy as sa
from scipy.sparse import csr_matrix

from tocsin.assess.actions import Assessed, read_forecast
from tocsin.core import lattice
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.listen.deployments import Unit
from tocsin.plan.actions import Planned
from tocsin.plan.mobility import season_of, speeds_of
from tocsin.plan.objectives import Floats, Wish, ground_of
from tocsin.plan.posture import schedule
from tocsin.plan.posture.asked import candidate_cells
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run, run_of
from tocsin.store.runs import run_id

MOST_SITES = 25
MOST_MONTHS = 12
ASSUMES = (
    (
        "Units that fly or may not be sent elsewhere stay; the others start as slowly as the slowest kind among them "
        "and are measured from the largest place of the cell they stand in."
    ),
    "A move costs a share of its month: of what the new place reaches, so much is not counted.",
    "The forecast does not change with the plan; violence may move to places the plan leaves (association, see docs).",
)


def months_ahead(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    months: int = 6,
    moves: int = 1,
    lost_share: float = 0.25,
    limit_hours: float = 6.0,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    seconds: float = 60.0,
    tell: Progress = silent,
) -> Planned:
    """The posture of each of the next months, with at most so many moves in each.

    Parameters
    ----------
    lost_share : float
        Share of its month that a move costs, 0 to 1.

    Raises
    ------
    BadInput
        If a number is out of its range.
    NoData
        If the forecast does not reach so far, or no unit can be sent anywhere.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise BadInput("a plan by months has 1 to {most} of them", most=MOST_MONTHS)
    if moves < 0 or not 0 <= lost_share <= 1:
        raise BadInput("moves a month are zero or more, and a move costs a share of its month from 0 to 1")
    if not 0 < limit_hours < np.inf:
        raise BadInput("hours must lie above zero, and somewhere end")
    here = situation(connection, mission, now, as_of, operations, tell)
    if months > here.horizon:
        raise NoData("the forecast reaches {n} months ahead: assess with a longer horizon", n=here.horizon)
    inputs = {
        "assess": here.run, "months": months, "moves": moves, "lost_share": lost_share, "limit_hours": limit_hours,
        "units": [[u.name, u.kind.value, u.lon, u.lat, u.strength] for u in here.units],
        "wet_months": list(mission.wet_months), "seconds": seconds,
    }  # fmt: skip
    id = run_id("months", inputs)
    earlier = run_of(connection, id)
    if earlier:
        return Planned(id, earlier)
    tell("Planning", 0, 1)
    ground = ground_of(connection, mission, here, Wish(limit_hours=limit_hours), here.risk[None, :])
    table = speeds_of(mission)
    goes = [i for i, u in enumerate(here.units)
            if ground.able[i] and ground.movable[i] and table[u.kind].mode.road_kmh]  # fmt: skip
    if not goes:
        raise NoData("no unit on wheels can be sent elsewhere")
    stays = [u for i, u in enumerate(here.units) if ground.able[i] and i not in goes]
    slowest = max((here.units[i] for i in goes), key=lambda u: max(table[u.kind].start_hours.values()))
    cell = {int(g): i for i, g in enumerate(here.gids)}
    at = [cell[int(lattice.gid_at(here.units[i].lon, here.units[i].lat))] for i in goes]
    sites = candidate_cells(ground, limit_hours, at, MOST_SITES)
    x, y = ground.points
    probes = [Unit("", slowest.kind, float(x[p]), float(y[p]), None) for p in sites]
    risk = _by_month(connection, mission, here, months)
    covers, names = [], [season_of(here.month + 1 + t, mission.wet_months) for t in range(months)]
    for t in range(months):
        month = here.month + 1 + t
        covers.append(csr_matrix((ground.measure(probes, month) <= limit_hours).T.astype(np.int8)))
        if stays:
            risk[t, (ground.measure(stays, month) <= limit_hours).any(axis=0)] = 0.0
    row_of = {int(p): k for k, p in enumerate(sites)}
    start = [row_of[p] for p in at]
    found = schedule(covers, risk, start, most_moves=moves, lost_share=lost_share, seconds=seconds)
    still = sum(
        float(risk[t][np.asarray(covers[t][:, np.unique(start)].sum(axis=1)).ravel() > 0].sum()) for t in range(months)
    )
    result: dict[str, Any] = {
        "run": id,
        "as_of": month_text(here.month),
        "assess_run": here.run,
        "limit_hours": limit_hours,
        "months": [month_text(here.month + 1 + t) for t in range(months)],
        "seasons": names,
        "moves": [_move(here, sites, goes, t, u, k) for t, u, k in found.moves],
        "before": still,
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap if np.isfinite(found.gap) else None,
        "candidate_cells": len(sites),
        "cells": len(here.gids),
        "units_that_stay": [u.name for u in here.units if u.name not in {here.units[i].name for i in goes}],
        "assumes": list(ASSUMES),
    }
    finish_run(connection, id, "months", inputs, result, now)
    tell("Planning", 1, 1)
    return Planned(id, result)


def _by_month(connection: sa.Connection, mission: Mission, here: Situation, months: int) -> Floats:
    """Expected deaths, shape (months, n_cells)."""
    summary = run_of(connection, here.run) or {}
    table = read_forecast(Assessed(here.run, summary).forecast_file(mission), here.target, summary["model"])
    found = np.zeros((months, len(here.gids)))
    keep = (table["month"] > here.month) & (table["month"] <= here.month + months)
    row = table["month"][keep].astype(np.int64) - here.month - 1
    np.add.at(found, (row, np.searchsorted(here.gids, table["priogrid_gid"][keep])), table["mean"][keep])
    return np.asarray(np.nan_to_num(found))


def _move(here: Situation, sites: Any, goes: list[int], month: int, unit: int, place: int) -> dict[str, Any]:
    gid = int(here.gids[sites[place]])
    lon, lat = (float(v) for v in lattice.centre(gid))
    return {
        "month": month_text(here.month + 1 + month),
        "unit": here.units[goes[unit]].name,
        "gid": gid,
        "lon": lon,
        "lat": lat,
        "near": here.name_of(lon, lat),
        "area": here.land.area_names[int(sites[place])] or None,
    }
