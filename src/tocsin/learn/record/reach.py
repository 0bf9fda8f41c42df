"""How much of what happened lay where it was forecast: in the riskiest cells, or where a share of people live.

A patrol plan can look after a tenth of the cells, or of the people. The question is how many of those killed were
among them, and how many would have been had one gone by last year's map: the same, asked of deaths of the year before.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.learn.record.scores import Rows

Floats = npt.NDArray[np.float64]


def stood(rows: Rows, risk: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Weight of the cells at more risk than each, at the same risk, and of all, in its list of one origin and step.

    Parameters
    ----------
    rows : Rows
    risk, weight : ndarray, shape (N,)

    Returns
    -------
    above, same, whole : ndarray, shape (N,)
    """
    order = np.lexsort((-risk, rows.step, rows.origin))
    lists = np.stack([rows.origin[order], rows.step[order]])
    new_list = np.concatenate([[True], (np.diff(lists) != 0).any(axis=0)])[: len(order)]
    new_risk = new_list | np.concatenate([[True], np.diff(risk[order]) != 0])[: len(order)]
    of, tie = np.cumsum(new_list) - 1, np.cumsum(new_risk) - 1
    w = weight[order]
    before = np.cumsum(w) - w
    whole, same = np.bincount(of, w)[of], np.bincount(tie, w)[tie]
    above = before[new_risk][tie] - before[new_list][of]
    out = np.empty((3, len(order)))
    out[:, order] = above, same, whole
    return out[0], out[1], out[2]


def inside_cells(rows: Rows, share: float, risk: Floats | None = None) -> Floats:
    """Part of each row that is among the riskiest `share` of cells of its month, shape (N,).

    Cells of equal risk stand in for each other: each counts for the part of its group that fits.

    Parameters
    ----------
    rows : Rows
    share : float
        0.1 is the riskiest tenth of cells, rounded up to whole cells.
    risk : ndarray, shape (N,), optional
        What cells are ranked by; expected deaths if not given.
    """
    above, same, whole = stood(rows, rows.mean if risk is None else risk, np.ones(len(rows)))
    return np.clip((np.ceil(share * whole) - above) / same, 0, 1)


def inside_people(rows: Rows, people: Floats, share: float, risk: Floats | None = None) -> Floats:
    """Part of each row that is among the `share` of people most at risk in its month, shape (N,).

    People of a cell share its risk, so cells are ranked by risk per head, not by risk: a town of many is not where one
    person is most at risk, and looking after it takes more.

    Parameters
    ----------
    people : ndarray, shape (N,)
        People of each row's cell; NaN where unknown, and so is the part.
    """
    known = ~np.isnan(people)
    with np.errstate(divide="ignore", invalid="ignore"):
        ranked_by = np.nan_to_num(((rows.mean if risk is None else risk) / people)[known], posinf=np.finfo(float).max)
    above, same, whole = stood(rows.where(known), ranked_by, people[known])
    out = np.full(len(rows), np.nan)
    room = share * whole - above
    out[known] = np.where(same > 0, np.clip(room / np.where(same > 0, same, 1), 0, 1), room > 0)
    return out


def share_of_deaths(rows: Rows, inside: Floats) -> float:
    """Share of deaths that the given part of each row holds; rows where it is not known are left out."""
    known = ~np.isnan(inside)
    total = rows.observed[known].sum()
    return float((inside * rows.observed)[known].sum() / total) if total > 0 else float("nan")


def top_share(rows: Rows, share: float, risk: Floats | None = None) -> float:
    """Share of deaths that fell in the riskiest `share` of cells of their month, over all months and steps given."""
    return share_of_deaths(rows, inside_cells(rows, share, risk))


def people_share(rows: Rows, people: Floats, share: float, risk: Floats | None = None) -> float:
    """Share of deaths among the `share` of people most at risk in their month; NaN without deaths or people."""
    known = ~np.isnan(people)
    if not people[known].sum() > 0:
        return float("nan")
    return share_of_deaths(rows, inside_people(rows, people, share, risk))


@dataclass(frozen=True)
class Gain:
    """Share of deaths within ours and within theirs, and the difference with its 90 % interval."""

    ours: float
    theirs: float
    low: float
    high: float

    @property
    def gain(self) -> float:
        """Ours less theirs."""
        return self.ours - self.theirs


def gain_in_reach(rows: Rows, ours: Floats, theirs: Floats, block: int = 12, draws: int = 1000, seed: int = 0) -> Gain:
    """How many more of those killed lay within ours than within theirs.

    Parameters
    ----------
    rows : Rows
    ours, theirs : ndarray, shape (N,)
        Parts of each row inside (`inside_cells`, `inside_people`), from two rankings.
    block : int
        Months of origins that are drawn together; NaN ends where there are fewer than two blocks.
    """
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    if not rows.observed[known].sum() > 0:
        return Gain(float("nan"), float("nan"), float("nan"), float("nan"))
    origin, deaths = rows.origin[known], rows.observed[known]
    _, group = np.unique((origin - origin.min()) // block, return_inverse=True)
    caught, theirs_caught, total = (
        np.bincount(group, w) for w in (ours[known] * deaths, theirs[known] * deaths, deaths)
    )
    whole = total.sum()
    low = high = float("nan")
    if len(total) > 1:
        pick = np.random.default_rng(seed).integers(0, len(total), size=(draws, len(total)))
        sums = total[pick].sum(axis=1)
        found = (caught - theirs_caught)[pick].sum(axis=1)[sums > 0] / sums[sums > 0]
        low, high = (float(v) for v in np.quantile(found, [0.05, 0.95]))
    return Gain(float(caught.sum() / whole), float(theirs_caught.sum() / whole), low, high)
