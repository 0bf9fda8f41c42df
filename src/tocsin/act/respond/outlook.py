"""What the forecast says about the places of alerts: the newest assessment, read once and kept."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa

from tocsin.assess.actions import Assessed, read_forecast
from tocsin.core import lattice
from tocsin.core.errors import NoData
from tocsin.core.mission import Mission
from tocsin.core.time import month_of
from tocsin.store.runs import latest_run

USUAL = 0.5  # deaths that count as middling where no cell has any


@dataclass(frozen=True)
class Outlook:
    """Expected deaths of civilians by cell and month; empty where nothing was assessed.

    `run` is the assessment's id, '' if there is none; `usual` what counts as middling: the median over cells and months
    where anything is expected.
    """

    run: str = ""
    by_month: dict[int, dict[int, float]] = field(default_factory=dict, repr=False)
    usual: float = USUAL

    def at(self, lon: float | None, lat: float | None, now: dt.datetime) -> float | None:
        """Deaths expected in the cell of a point in the month of an instant; None where no forecast speaks of it."""
        if lon is None or lat is None:
            return None
        cells = self.by_month.get(month_of(now.date()))
        return None if cells is None else cells.get(int(lattice.gid_at(lon, lat)))


def newest_run(connection: sa.Connection) -> str:
    """Id of the newest assessment; '' if there is none."""
    found = latest_run(connection, "assess")
    return found[0] if found else ""


def read_outlook(connection: sa.Connection, mission: Mission) -> Outlook:
    """The newest assessment's forecast of civilians' deaths, by cell and month."""
    found = latest_run(connection, "assess")
    if found is None:
        return Outlook()
    done = Assessed(*found)
    path = done.forecast_file(mission)
    if not path.exists():
        return Outlook(done.run)
    try:
        table = read_forecast(path, "civilians", done.summary["model"])
    except NoData:
        return Outlook(done.run)
    by_month: dict[int, dict[int, float]] = {}
    for month in np.unique(table["month"]).tolist():
        rows = table["month"] == month
        mean = table["mean"][rows].astype(float)
        known = np.isfinite(mean)
        by_month[int(month)] = dict(zip(table["priogrid_gid"][rows][known].tolist(), mean[known].tolist(), strict=True))
    mean = table["mean"].astype(float)
    some = mean[np.isfinite(mean) & (mean > 0)]
    return Outlook(done.run, by_month, max(float(np.median(some)), 1e-3) if len(some) else USUAL)
