"""Did we warn: how early and how high a place stood before a mass killing, and where nobody had been killed before."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.assess.panel.model import Panel
from tocsin.learn.record.reach import stood
from tocsin.learn.record.scores import LARGE, Rows

Bools = npt.NDArray[np.bool_]

HIGH_SHARE = 0.05
QUIET_MONTHS = 12


def standing(rows: Rows) -> npt.NDArray[np.float64]:
    """Share of cells at more risk than this one, of the same origin and step, shape (N,): 0 is the riskiest.

    Cells of equal risk share the middle of their ranks, so that a forecast that is the same everywhere stands at 0.5.
    """
    above, same, whole = stood(rows, rows.p_any, np.ones(len(rows)))
    return np.asarray((above + (same - 1) / 2) / np.maximum(whole - 1, 1))


@dataclass(frozen=True)
class Lead:
    """How mass killings were seen coming.

    Parameters
    ----------
    gid, month : int arrays, shape (N,)
        Where and when `LARGE` or more were killed.
    deaths : float array
    lead : int array
        Months ahead, without a gap from 1, at which the cell stood among the riskiest `HIGH_SHARE`; 0 if not at 1.
    standing : float array
        Share of cells that stood higher one month before; NaN where no forecast was made then.
    """

    gid: npt.NDArray[np.int64]
    month: npt.NDArray[np.int64]
    deaths: npt.NDArray[np.float64]
    lead: npt.NDArray[np.int64]
    standing: npt.NDArray[np.float64]

    def summary(self) -> dict[str, float | int | None]:
        """Counts and shares for the record; None where there was no mass killing."""
        n = len(self.gid)
        at_one = self.standing[~np.isnan(self.standing)]
        return {
            "mass_killings": n,
            "share_1_month_ahead": float((self.lead >= 1).mean()) if n else None,
            "share_3_months_ahead": float((self.lead >= 3).mean()) if n else None,
            "share_6_months_ahead": float((self.lead >= 6).mean()) if n else None,
            "mean_lead": float(self.lead.mean()) if n else None,
            "median_standing": float(np.median(at_one)) if len(at_one) else None,
        }


def lead_times(rows: Rows, share: float = HIGH_SHARE) -> Lead:
    """Lead before each cell-month with `LARGE` deaths or more."""
    large = rows.observed >= LARGE
    place = standing(rows)
    month = rows.origin + rows.step
    keys = np.unique(np.stack([rows.gid[large], month[large]]), axis=1)
    lead, stood, deaths = [], [], []
    for gid, when in keys.T:
        mine = large & (rows.gid == gid) & (month == when)
        by_step = dict(zip(rows.step[mine].tolist(), place[mine].tolist(), strict=True))
        ahead = 0
        while by_step.get(ahead + 1, 1.0) <= share:
            ahead += 1
        lead.append(ahead)
        stood.append(by_step.get(1, np.nan))
        deaths.append(float(rows.observed[mine][0]))
    return Lead(keys[0], keys[1], np.array(deaths), np.array(lead, dtype=np.int64), np.array(stood))


def onset(rows: Rows, panel: Panel, target: str, months: int = QUIET_MONTHS) -> Bools:
    """Rows of cells in which nobody had been killed in the `months` up to the origin, shape (N,)."""
    active = np.nan_to_num(panel.counts[target]) > 0
    total = np.concatenate([np.zeros((1, active.shape[1])), np.cumsum(active, axis=0)])
    end = rows.origin - panel.first_month + 1
    cell = np.searchsorted(panel.gids, rows.gid)
    return np.asarray(total[end, cell] - total[np.maximum(end - months, 0), cell] == 0)
