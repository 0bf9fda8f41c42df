"""What sources looked at and heard of in each area, and how that changed: silence is not peace.

A forecast built on news goes down where news stops. So each area is told with the months its sources covered and the
months with any killing reported in it, of the last year and of the year before.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.reasons import coverage
from tocsin.assess.panel.model import Panel
from tocsin.assess.panel.placement import Ground

YEAR = 12
LEAST_BEFORE = 3  # months with reports a year ago from which fewer now is worth telling
LEAST_REPORT = 0.5  # deaths: an event that is likelier elsewhere is no report from here
STATES = ("dark", "silent", "fewer", "as before")


@dataclass(frozen=True)
class Reporting:
    """One area's sources, last year and the year before.

    Parameters
    ----------
    area : str or None
        None is the whole mission.
    cells : int
    data_now, data_before : float
        Share of cell-months that some source covered; NaN where the panel is too short.
    reports_now, reports_before : int
        Months of twelve in which any death of any kind was reported from the area.
    dark_cells, silent_cells : int
        Cells looked at for less than half of the last year; cells where reports stopped, here and next door.
    state : str
        One of `STATES`: ``dark`` (less than half of the last year was covered), ``silent`` (reports stopped), ``fewer``
        (half as many months with reports, or less), ``as before``.
    """

    area: str | None
    cells: int
    data_now: float
    data_before: float
    reports_now: int
    reports_before: int
    dark_cells: int
    silent_cells: int
    state: str

    def as_dict(self) -> dict[str, Any]:
        """For machines: None where not known."""
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(self).items()}


def reporting(panel: Panel, ground: Ground) -> list[Reporting]:
    """The whole, then each first-level area that has cells, in the order of their names.

    Parameters
    ----------
    panel : Panel
        At least a month; its cells are those of the ground.
    """
    seen = coverage(panel)

    def told(name: str | None, cells: npt.NDArray[np.bool_]) -> Reporting:
        months = np.zeros(panel.n_months, dtype=bool)
        for plane in panel.counts.values():
            # Part of an event that lies somewhere in an area is no report from each cell, but is one from the area.
            months |= np.nansum(plane[:, cells], axis=1) >= LEAST_REPORT
        data_now, data_before = float(seen.now[cells].mean()), float(seen.before[cells].mean())
        now, before = int(months[-YEAR:].sum()), int(months[-2 * YEAR : -YEAR].sum())
        return Reporting(
            name, int(cells.sum()), round(data_now, 3), round(data_before, 3), now, before,
            int(seen.dark[cells].sum()), int(seen.silent[cells].sum()), _state(data_now, now, before),
        )  # fmt: skip

    found = [told(None, np.ones(len(panel.gids), dtype=bool))]
    for at, area in sorted(enumerate(ground.areas), key=lambda one: one[1].name):
        mine = ground.area_of_cell == at
        if mine.any():
            found.append(told(area.name, mine))
    return found


def _state(data_now: float, now: int, before: int) -> str:
    if data_now < 0.5:
        return "dark"
    if before < LEAST_BEFORE:
        return "as before"
    if now == 0:
        return "silent"
    return "fewer" if now <= before / 2 else "as before"
