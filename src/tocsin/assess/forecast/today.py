"""The daily outlook from events alone, for a continent in the duty room: no plane of days × cells is ever made.

What `daily.states` and `daily.level` read off dense planes at the end of the record, this sums from the list of
events: a decayed count at one day is one weighted count by cell, and its sum over the ring or further off one sparse
product. The level needs only sums over all cells and the year, told of each event in closed form. Same numbers, to
rounding.
"""

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.daily import (
    LEVEL_EVENTS,
    MAP_DAYS,
    STEADY,
    YEAR,
    Around,
    Days,
    Excitation,
    Outlook,
    places,
)
from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def states_today(days: Days, ground: Around) -> tuple[tuple[str, ...], Floats]:
    """Names of the sources and how they stand on the morning after the last known day, shape (C, K)."""
    cells = len(days.gids)
    age = days.n_days - 1 - days.day
    faded: dict[tuple[float, str], Floats] = {}
    fading = places(ground)
    for h, own in dict.fromkeys([*((h, own) for _, h, own, _ in fading), (MAP_DAYS, "own")]):
        q = 0.5 ** (1 / h)
        pick = days.of(own)
        faded[h, own] = np.bincount(days.cell[pick], (1 - q) * q ** age[pick], cells).astype(np.float64)
    names, columns = [], []
    for name, h, own, weights in fading:
        names.append(name)
        columns.append(faded[h, own] if weights is None else np.asarray(weights @ faded[h, own]))
    old = faded[MAP_DAYS, "own"]
    columns += [old + ground.ring @ old + ground.far @ old, ground.towns, np.ones(cells)]
    return (*names, *STEADY), np.stack(columns, axis=1)


def level_today(days: Days, model: Excitation, ground: Around, events: float = LEVEL_EVENTS) -> float:
    """How the last year compares with what the model made of it: `daily.level` on the day after the last known."""
    first = max(days.n_days - YEAR, 0)
    weight_of = dict(zip(model.names, model.weights, strict=True))
    alone = np.ones(len(days.gids))
    wide = {id(w): np.asarray(w.sum(axis=0)).ravel() for w in (ground.ring, ground.far)}

    def within(h: float, sort: str, reach: Floats) -> float:
        """What past events of a sort were expected to set off in the year, over all cells, at a weight of 1."""
        q = 0.5 ** (1 / h)
        pick = days.of(sort)
        day = days.day[pick]
        parts = q ** np.maximum(first - 1 - day, 0) - q ** (days.n_days - 1 - day)
        return float(reach[days.cell[pick]] @ parts)

    expected = (days.n_days - first) * (
        weight_of["towns"] * float(ground.towns.sum()) + weight_of["everywhere"] * len(days.gids)
    )
    for name, h, sort, weights in places(ground):
        if weight_of[name]:
            expected += weight_of[name] * within(h, sort, alone if weights is None else wide[id(weights)])
    if weight_of["map"]:
        everywhere = alone + wide[id(ground.ring)] + wide[id(ground.far)]
        expected += weight_of["map"] * within(MAP_DAYS, "own", everywhere)
    seen = float((days.own & (days.day >= first)).sum())
    return float((seen + events) / (expected + events))


def chances_today(days: Days, view: Outlook, ground: Around) -> dict[int, Floats]:
    """Chance of any event within each number of days after the last known, shape (C,) each.

    Parameters
    ----------
    days : Days
        Everything known this morning.
    view : Outlook
        Fitted before, for example last month on the mission or its region.
    ground : Around
        Of the same cells; make it once (`around`).

    Raises
    ------
    BadInput
        If the cells differ, or the outlook was fitted on other sources.
    """
    if not np.array_equal(days.gids, ground.gids):
        raise BadInput("the events and the surroundings are of different cells: make the surroundings anew")
    names, state = states_today(days, ground)
    if names != view.model.names:
        raise BadInput("the outlook was fitted on other sources: fit it anew")
    level = level_today(days, view.model, ground)
    return {a: chance.of(level * view.model.expected_from(state, a)) for a, chance in view.chance.items()}
