"""What people and agencies tell besides events: alerts beside a place's own rate of reporting, and indicators as known.

Planes are months × cells, NaN where nothing is known: a place that never sent an alert is not a quiet place, and a
month without a survey is not a month without displaced people. Row t never looks beyond the end of month t.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.core import lattice
from tocsin.core.time import months_of

Plane = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

OWN_MONTHS = 12
LONGEST_VALID = 24  # months an indicator speaks for, from the month it is about


def alert_planes(month: Ints, gid: Ints, gids: Ints, first_month: int, n_months: int) -> dict[str, Plane]:
    """Alerts heard from each cell and its ring, beside how many usually come from there.

    A network that reports much sends many alerts in calm months; a place without one sends none in a massacre. So the
    number itself is no feature: `alerts beyond usual` is log((n + 1) / (r + 1)) with r the mean of the `OWN_MONTHS`
    before, and `alerts usual` is log(1 + r). Both are NaN until the first alert from there.

    Parameters
    ----------
    month, gid : ndarray of int64, shape (N,)
        When and in which cell; alerts outside the panel are left out.
    gids : ndarray of int64, shape (C,)
        Ascending.

    Returns
    -------
    dict of name → ndarray of float32, shape (n_months, C)

    >>> found = alert_planes(np.array([2, 4, 4]), np.array([5, 5, 5]), np.array([5]), 1, 4)
    >>> found["alerts beyond usual"].ravel().astype(float).round(2).tolist()
    [nan, nan, -0.69, 0.69]
    """
    at = np.minimum(np.searchsorted(gids, gid), len(gids) - 1)
    inside = (gids[at] == gid) & (month >= first_month) & (month < first_month + n_months)
    counted = np.zeros((n_months, len(gids)))
    np.add.at(counted, (month[inside] - first_month, at[inside]), 1)
    heard = counted + np.asarray((lattice.adjacency(gids) @ counted.T).T)
    total = np.concatenate([np.zeros((1, len(gids))), np.cumsum(heard, axis=0)])
    # A rate counts from the first month with an alert, so that the time before the network does not thin it.
    months = np.arange(n_months)
    first = np.where(total[-1] > 0, (total[1:] > 0).argmax(axis=0), n_months)
    start = np.maximum(months - OWN_MONTHS, 0)
    span = months[:, None] - np.maximum(start[:, None], first)
    usual = (total[months] - total[start]) / np.maximum(span, 1)
    known = span > 0
    beyond = np.where(known, np.log((heard + 1) / (usual + 1)), np.nan)
    return {
        "alerts beyond usual": beyond.astype(np.float32),
        "alerts usual": np.where(known, np.log1p(usual), np.nan).astype(np.float32),
    }


@dataclass(frozen=True)
class Values:
    """An indicator as published: one value a cell and month it is about, with the day it became known, arrays (N,)."""

    month: Ints
    gid: Ints
    value: npt.NDArray[np.float64]
    known_on: npt.NDArray[np.datetime64]


def as_known(values: Values, gids: Ints, first_month: int, n_months: int) -> Plane:
    """Each month the newest value then published, for no longer than `LONGEST_VALID` months; else NaN.

    A value about March that is published in June is first seen at the end of June. A later correction of the same month
    replaces the earlier one from the day it is published, not before.

    >>> one = Values(np.array([1]), np.array([5]), np.array([7.0]), np.array(["1980-03-15"], dtype="datetime64[D]"))
    >>> as_known(one, np.array([5]), 1, 4).ravel().tolist()
    [nan, nan, 7.0, 7.0]
    """
    at = np.minimum(np.searchsorted(gids, values.gid), len(gids) - 1)
    seen_in = np.maximum(months_of(values.known_on.astype("datetime64[D]")), values.month)
    keep = np.flatnonzero((gids[at] == values.gid) & ~np.isnan(values.value))
    # As news comes in: by the month it is seen, then what it is about, then the day.
    order = keep[np.lexsort((values.known_on[keep], values.month[keep], seen_in[keep]))]
    plane = np.full((n_months, len(gids)), np.nan, dtype=np.float32)
    now = np.full(len(gids), np.nan, dtype=np.float32)
    about = np.full(len(gids), -(10**6))
    ends = np.searchsorted(seen_in[order], np.arange(first_month, first_month + n_months), side="right")
    done = 0
    for row, end in enumerate(ends.tolist()):
        for i in order[done:end].tolist():
            if values.month[i] >= about[at[i]]:
                now[at[i]], about[at[i]] = values.value[i], values.month[i]
        done = end
        plane[row] = np.where(first_month + row - about <= LONGEST_VALID, now, np.nan)
    return plane
