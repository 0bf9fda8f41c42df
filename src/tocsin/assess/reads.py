"""What the risk map and its tables show: the newest forecast and the recorded months behind it, cell by cell."""

import datetime as dt
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.assess.actions import Assessed, read_forecast
from tocsin.assess.forecast.reasons import Coverage, coverage
from tocsin.assess.ground import Land, land_of
from tocsin.assess.panel import Panel
from tocsin.assess.panel.build import read_parquet
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, Forbidden, NoData
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.store.policy import Actor, Thing, allowed
from tocsin.store.runs import latest_run
from tocsin.store.tables import run

Floats = npt.NDArray[np.float64]
LEVELS = ("q025", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q975")


@dataclass(frozen=True)
class Grid:
    """Recorded and expected deaths of every cell.

    Parameters
    ----------
    run : str
    target, model : str
    first_month, as_of : int
        First and last recorded month (month numbers).
    gids : ndarray of int64, shape (n_cells,)
        Ascending.
    recorded : ndarray, shape (n_months, n_cells)
        Deaths; NaN where no source looks.
    ahead : dict of ndarray, shape (n_steps, n_cells)
        mean, p_any and the quantiles `LEVELS`, for each month after `as_of`; NaN where nothing is forecast.
    """

    run: str
    target: str
    model: str
    first_month: int
    as_of: int
    gids: npt.NDArray[np.int64]
    recorded: Floats
    ahead: dict[str, Floats]


def latest_assessed(connection: sa.Connection) -> Assessed:
    """The newest assessment; reading makes none.

    Raises
    ------
    NoData
        If there is none; says how to make one.
    """
    found = latest_run(connection, "assess")
    if found is None:
        raise NoData("there is no assessment yet: import events, then run `tocsin assess`")
    return Assessed(*found)


WEEK = dt.timedelta(days=6)  # an assessment made so long before counts as last week's


@dataclass(frozen=True)
class Before:
    """An assessment to compare a newer one with, and when each was made."""

    assessed: Assessed
    made_at: dt.datetime
    newer_made_at: dt.datetime


def assessed_before(connection: sa.Connection, mission: Mission, done: Assessed) -> Before | None:
    """Last week's assessment: the newest of the same target made six days or more before another one.

    Where none was made so long before, the latest one of an earlier month; None if there is none whose files are there.
    """
    c = run.c
    made = connection.execute(sa.select(c.made_at).where(c.id == done.run)).scalar_one().replace(tzinfo=dt.UTC)
    rows = connection.execute(
        sa.select(c.id, c.output, c.made_at).where(c.kind == "assess", c.id != done.run)
        .order_by(c.made_at.desc()).limit(60)
    )  # fmt: skip
    month = parse_month(done.summary["as_of"])
    there = [
        Before(found, r.made_at.replace(tzinfo=dt.UTC), made)
        for r in rows
        if (found := Assessed(r.id, dict(r.output))).summary["target"] == done.summary["target"]
        and parse_month(found.summary["as_of"]) <= month
        and found.forecast_file(mission).exists() and found.panel_file(mission).exists()
    ]  # fmt: skip
    week = [b for b in there if b.made_at <= made - WEEK]
    if week:
        return max(week, key=lambda b: b.made_at)
    earlier = [b for b in there if parse_month(b.assessed.summary["as_of"]) < month]
    return max(earlier, key=lambda b: parse_month(b.assessed.summary["as_of"]), default=None)


def grid(mission: Mission, assessed: Assessed, target: str = "", model: str = "") -> Grid:
    """Recorded and expected deaths of an assessment.

    Parameters
    ----------
    target, model : str
        Those of the assessment's summary if empty.

    Raises
    ------
    BadInput
        If the assessment holds no such target or model.
    NoData
        If its files are gone.
    """
    summary = assessed.summary
    what, by = target or str(summary["target"]), model or str(summary["model"])
    files = assessed.panel_file(mission), assessed.forecast_file(mission)
    if not all(f.exists() for f in files):
        raise NoData("the files of the newest assessment are gone: run `tocsin assess` again")
    if by not in summary["models"]:
        raise BadInput("'{name}' is not a model of this assessment: {known}", name=by, known=summary["models"])
    return _grid(*files, assessed.run, what, by)


@functools.lru_cache(maxsize=8)
def _grid(panel: Path, ahead: Path, run: str, target: str, model: str) -> Grid:
    # A run's files never change, so what was read once stays true.
    seen = _stored(panel)
    if target not in seen.counts:
        raise BadInput("'{name}' is not a target of this assessment", name=target)
    gids, recorded = seen.gids, seen.counts[target].astype(np.float64)
    table = read_forecast(ahead, target, model)
    steps, step = np.unique(table["month"].astype(np.int64), return_inverse=True)
    at = np.searchsorted(gids, table["priogrid_gid"])
    planes = {}
    for name in ("mean", "p_any", *LEVELS):
        plane = np.full((len(steps), len(gids)), np.nan)
        plane[step, at] = table[name]
        planes[name] = plane
    return Grid(run, target, model, seen.first_month, seen.as_of, gids, recorded, planes)


def heard_of(mission: Mission, assessed: Assessed) -> Coverage:
    """What sources covered and heard of in each cell, in the order of its panel's cells."""
    return _heard_of(assessed.panel_file(mission))


@functools.lru_cache(maxsize=2)
def _heard_of(panel: Path) -> Coverage:
    return coverage(_last_months(_stored(panel), 24))


def _last_months(panel: Panel, n: int) -> Panel:
    planes = {target: plane[-n:] for target, plane in panel.counts.items()}
    return Panel(panel.gids, int(panel.months[-n:][0]), planes)


def _stored(path: Path) -> Panel:
    """The panel of a file that `write_panel` wrote; NaN where it holds nothing."""
    rows = read_parquet(path)
    gids, cell = np.unique(rows.pop("priogrid_gid").astype(np.int64), return_inverse=True)
    months, row = np.unique(rows.pop("month").astype(np.int64), return_inverse=True)
    planes = {target: np.full((len(months), len(gids)), np.nan, dtype=np.float32) for target in rows}
    for target, plane in planes.items():
        plane[row, cell] = rows[target]
    return Panel(gids, int(months[0]), planes)


def reporting_for(actor: Actor, land: Land, assessed: Assessed) -> list[dict[str, Any]]:
    """What sources covered in each area whose forecasts an actor may see; the whole for who may see every cell.

    Empty for an assessment made before it was kept.
    """
    sees = may_see(actor, land)
    areas = np.array(land.area_names)
    return [
        row
        for row in assessed.summary.get("reporting") or []
        if (sees.all() if row["area"] is None else sees[areas == row["area"]].any())
    ]


def assessed_land(connection: sa.Connection, mission: Mission, assessed: Assessed) -> Land:
    """Cells, people and areas as the assessment's month could know them."""
    return land_of(connection, mission, parse_month(assessed.summary["as_of"]))


def may_see(actor: Actor, land: Land) -> npt.NDArray[np.bool_]:
    """Which cells' forecasts an actor may see, shape (n_cells,).

    Raises
    ------
    Forbidden
        If the role sees no forecast at all.
    """
    if not allowed(actor, "read", "forecast"):
        raise Forbidden("your role does not show forecasts; ask the administrator")

    def sees(area: str | None) -> bool:
        return allowed(actor, "read", "forecast", thing=Thing(area, None, None, Tlp.GREEN, Classification.UNCLASSIFIED))

    by_area = np.array([*(sees(a.code) for a in land.ground.areas), sees(None)], dtype=bool)
    found: npt.NDArray[np.bool_] = by_area[land.ground.area_of_cell]  # -1, no area, is the last
    return found
