"""Which unit stands where in which of the months ahead, when moves are few and cost time."""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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
from tocsin.plan.posture.asked import Ground, barred_rows, candidate_cells, check_names
from tocsin.plan.posture.request import Request, read_request
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run, run_of
from tocsin.store.runs import run_id

MOST_SITES = 60
MOST_MONTHS = 12
KEPT = ("fixed", "barred", "each_area", "moves")  # of a request
NOTHING = Request()
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
    request: Path | Request | None = None,
) -> Planned:
    """The posture of each of the next months, with at most so many moves in each.

    Parameters
    ----------
    lost_share : float
        Share of its month that a move costs, 0 to 1.
    request : Request, or the path of its file
        What it says of units that have to stand somewhere, of places where none (or none in a season) may stand, of
        units each area must have, and of moves (a month, here) is kept to in every month.

    Raises
    ------
    BadInput
        If a number is out of its range, or the request asks for something that a plan by months cannot keep to.
    Infeasible
        If no schedule keeps to the request.
    NoData
        If the forecast does not reach so far, or no unit can be sent anywhere.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise BadInput("a plan by months has 1 to {most} of them", most=MOST_MONTHS)
    if moves < 0 or not 0 <= lost_share <= 1:
        raise BadInput("moves a month are zero or more, and a move costs a share of its month from 0 to 1")
    if not 0 < limit_hours < np.inf:
        raise BadInput("hours must lie above zero, and somewhere end")
    wanted = request if isinstance(request, Request) else read_request(request) if request is not None else Request()
    _refuse_other(wanted)
    moves = moves if wanted.moves is None else wanted.moves
    here = situation(connection, mission, now, as_of, operations, tell)
    if months > here.horizon:
        raise NoData("the forecast reaches {n} months ahead: assess with a longer horizon", n=here.horizon)
    inputs = {
        "assess": here.run, "months": months, "moves": moves, "lost_share": lost_share, "limit_hours": limit_hours,
        "units": [[u.name, u.kind.value, u.lon, u.lat, u.strength] for u in here.units],
        "wet_months": list(mission.wet_months), "seconds": seconds,
        "request": json.loads(json.dumps(dataclasses.asdict(wanted), default=str)),
    }  # fmt: skip
    id = run_id("months", inputs)
    earlier = run_of(connection, id)
    if earlier:
        return Planned(id, earlier)
    tell("Planning", 0, 1)
    ground = ground_of(connection, mission, here, Wish(limit_hours=limit_hours), here.risk[None, :])
    table = speeds_of(mission)
    check_names(ground, wanted)
    goes = [i for i, u in enumerate(here.units)
            if ground.able[i] and ground.movable[i] and table[u.kind].mode.road_kmh]  # fmt: skip
    if not goes:
        raise NoData("no unit on wheels can be sent elsewhere")
    stays = [u for i, u in enumerate(here.units) if ground.able[i] and i not in goes]
    slowest = max((here.units[i] for i in goes), key=lambda u: max(table[u.kind].start_hours.values()))
    cell = {int(g): i for i, g in enumerate(here.gids)}
    at = [cell[int(lattice.gid_at(here.units[i].lon, here.units[i].lat))] for i in goes]
    pinned = {f.unit: ground.place_of(f.place) for f in wanted.fixed if f.place}
    sites = candidate_cells(ground, limit_hours, [*at, *pinned.values()], MOST_SITES)
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
    movers = [here.units[i] for i in goes]
    allowed, each = _kept_to(ground, wanted, movers, stays, row_of, start, names)
    found = schedule(covers, risk, start, most_moves=moves, lost_share=lost_share, allowed=allowed, each=each,
                     seconds=seconds)  # fmt: skip
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


def _refuse_other(request: Request) -> None:
    """Say what a plan by months cannot keep to, rather than leave it out."""
    odd = [name for name, asked in vars(request).items() if name not in KEPT and asked != getattr(NOTHING, name)]
    if odd:
        raise BadInput("a plan by months keeps to fixed, forbidden, each_area and moves, and not to {odd}: leave them "
                       "out of the request", odd=", ".join(odd))  # fmt: skip


def _kept_to(
    ground: Ground, request: Request, movers: Sequence[Unit], stays: Sequence[Unit], row_of: Mapping[int, int],
    start: Sequence[int], seasons: Sequence[str],
) -> tuple[npt.NDArray[np.bool_], list[tuple[list[int], list[int], int]]]:  # fmt: skip
    """Where each unit may stand in each month, and how many units with something each area must have.

    A unit that stays whatever is asked counts for the area it stands in; one that the request wants elsewhere is
    refused in a sentence.
    """
    allowed = np.ones((len(seasons), len(movers), len(row_of)), dtype=bool)
    names = [u.name for u in movers]
    for fixed in request.fixed:
        if fixed.unit in names:
            u = names.index(fixed.unit)
            only = row_of[ground.place_of(fixed.place)] if fixed.place else start[u]
            allowed[:, u, np.arange(len(row_of)) != only] = False
        elif fixed.place:
            raise BadInput("{unit} cannot be sent by road and stays in a plan by months: leave its place out of the "
                           "request", unit=fixed.unit)  # fmt: skip
    for bar in request.barred:
        rows = [row_of[p] for p in barred_rows(ground, bar) if p in row_of]
        whom = [u for u, unit in enumerate(movers) if bar.unit in ("", unit.name) and bar.kind in ("", unit.kind.value)
                and (not bar.contributor or bar.contributor in unit.contributors)]  # fmt: skip
        when = [t for t, season in enumerate(seasons) if bar.season in ("", season)]
        allowed[np.ix_(when, whom, rows)] = False
    each = []
    cell = {int(g): i for i, g in enumerate(ground.gids)}
    for want in request.each_area:
        for area in [want.area] if want.area else sorted({a for a in ground.areas if a}):
            has = [u for u, unit in enumerate(movers) if want.has in unit.has]
            there = [k for p, k in row_of.items() if ground.areas[p] == area]
            held = sum(want.has in u.has and ground.areas[cell[int(lattice.gid_at(u.lon, u.lat))]] == area
                       for u in stays)  # fmt: skip
            each.append((has, there, want.least - held))
    return allowed, [(has, there, least) for has, there, least in each if least > 0]


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
