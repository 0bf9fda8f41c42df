"""The weeks ahead as draws: deaths of each cell and week, so that any quantile or sum over an area or a period follows.

A future of a cell is made of what the daily process says: whether anything happens within the weeks, in which of them
it begins, how many further events follow, and how many die in each. The chance that something happened by the end of a
week is that of the process, to one draw; bad weeks are bad in many cells at once (`sampling.occurrence`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.forecast.sampling import occurrence
from tocsin.assess.forecast.sizes import Sizes, sizes
from tocsin.assess.panel.dated import ONE_SIDED, of_kind
from tocsin.listen.events.model import Events

Floats = npt.NDArray[np.float64]

WEEK = 7
DRAWS = 1_000
SIZE_HALF_LIFE_YEARS = 2.0
SHARED_SIZE = 0.8  # spread of the logarithm of what all sizes of one future are multiplied by


def event_sizes(events: Events, target: str, until: np.datetime64) -> Sizes:
    """How many die in an event of this kind: past events, one of two years ago counting half, with a heavy tail.

    An event is at least one death; of events that are not one-sided ``civilians`` counts civilians alone.
    """
    mine = of_kind(events, target)
    deaths = events.best.astype(np.float64)
    if target == "civilians":
        deaths = np.where(events.kind == ONE_SIDED, deaths, np.nan_to_num(events.deaths_civilians))
    years = (until - events.first_day[mine].astype("datetime64[D]")).astype(float) / 365.25
    return sizes(np.maximum(deaths[mine], 1), 0.5 ** (np.maximum(years, 0) / SIZE_HALF_LIFE_YEARS))


def weekly(
    gids: npt.NDArray[np.int64],
    by_then: Floats,
    events: Floats,
    law: Sizes,
    as_of: int,
    target: str,
    rng: np.random.Generator,
    n_draws: int = DRAWS,
) -> Forecast:
    """Draws of deaths in each cell and week.

    Parameters
    ----------
    gids : ndarray of int64, shape (C,)
    by_then : ndarray, shape (W, C)
        Chance that anything has happened by the end of each week.
    events : ndarray, shape (C,)
        Events expected in all weeks together.
    law : Sizes
        Deaths of one event.
    as_of : int
        Month after whose last day the weeks begin.

    Returns
    -------
    Forecast
        Its steps are weeks (1 to W) after the last day of `as_of`.
    """
    so_far = np.maximum.accumulate(by_then, axis=0)
    weeks, cells = so_far.shape
    hit = occurrence(so_far[-1], gids, n_draws, rng).tocsr()
    each = np.diff(hit.indptr)
    cell, future = np.repeat(np.arange(cells), each), hit.indices
    # The week in which it begins, at even distances along the chance of each cell, in random order.
    order = np.lexsort((rng.random(len(cell)), cell))
    place = np.empty(len(cell))
    place[order] = np.arange(len(cell)) - np.repeat(hit.indptr[:-1], each)
    u = (place + rng.random(len(gids))[cell]) / np.repeat(each, each) * so_far[-1, cell]
    first = np.minimum((u >= so_far[:, cell]).sum(axis=0), weeks - 1)
    # Further events: as many as the process expects beyond the first, in bursts, in the weeks that are left.
    more = np.maximum(events / np.maximum(so_far[-1], 1e-12) - 1, 0)
    further = rng.geometric(1 / (1 + more[cell])) - 1
    again = np.repeat(np.arange(len(cell)), further)
    later = first[again] + (rng.random(len(again)) * (weeks - first[again])).astype(np.int64)
    when, where = np.concatenate([first, later]), np.concatenate([cell, cell[again]])
    columns = np.concatenate([future, future[again]])
    # In a bad future events are larger everywhere, as in a war against which past sizes are small.
    times = np.exp(rng.normal(-(SHARED_SIZE**2) / 2, SHARED_SIZE, n_draws))
    deaths = np.maximum(np.rint(law.at(rng.random(len(when))) * times[columns]), 1).astype(np.float32)
    draws = csr_matrix((deaths, (when * cells + where, columns)), shape=(weeks * cells, n_draws), dtype=np.float32)
    return Forecast(gids, as_of, np.arange(1, weeks + 1), target, "daily", draws, np.ones(cells, dtype=bool))


def told(forecast: Forecast, cells: npt.NDArray[np.int64] | None = None, upto: int | None = None) -> dict[str, Any]:
    """Deaths in some cells (all, if not given) in the first `upto` weeks: chance of any, of 25, mean, 80 % range."""
    draws = forecast.total(cells, forecast.steps[: len(forecast.steps) if upto is None else upto])
    low, high = np.quantile(draws, [0.1, 0.9])
    return {
        "p_any": round(float((draws > 0).mean()), 4),
        "p_25": round(float((draws >= 25).mean()), 4),
        "mean": round(float(draws.mean()), 3),
        "low_80": round(float(low), 2),
        "high_80": round(float(high), 2),
    }
