"""The daily outlook of a mission: where violence is likely in the next days and weeks (`tocsin assess --days`)."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.assess.actions import known_panel, known_places
from tocsin.assess.forecast import stream
from tocsin.assess.forecast.cells import LEAST_HISTORY, MOST_CELLS, Cells
from tocsin.assess.forecast.daily import WARM_UP_DAYS, YEAR, Days, Outlook, around, busiest, days_of, outlook
from tocsin.assess.forecast.days_and_months import MONTHS_SHARE, drawn_to_months, in_days
from tocsin.assess.forecast.today import chances_today, level_today, states_today
from tocsin.assess.ground import gw_of, land_of
from tocsin.assess.levels import at_places
from tocsin.assess.panel import ASKED
from tocsin.assess.panel.dated import dated, sides
from tocsin.assess.weeks import WEEK, event_sizes, told, weekly
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import first_day, last_day, month_of, month_text
from tocsin.listen.events.reads import known_events, newest_month, vintage

Floats = npt.NDArray[np.float64]

LONGEST_DAYS = 56
TOP = 10
# What each source of the process is, for the person who reads the list.
PARTS = {"own": "here", "campaign": "campaigns", "ring": "around", "far": "around", "other": "other violence",
         "map": "old map", "towns": "everywhere", "everywhere": "everywhere"}  # fmt: skip
MONTHS_PART = "months"


@dataclass(frozen=True)
class Soon:
    """Chances of any event within each number of days.

    Parameters
    ----------
    target : str
    as_of : date text
        Last day whose events were seen.
    gids : ndarray of int64, shape (C,)
    chances : dict of days → ndarray, shape (C,)
    by_week : ndarray, shape (W, C)
        The same by the end of each week, as many as the longest of `chances` needs.
    expected : ndarray, shape (C,)
        Events expected in these weeks.
    parts : dict of name → ndarray, shape (C,)
        Share of each part of the past in the rate of a cell; they add up to 1.
    level : float
        Events of the last year over those the process made of it.
    events : int
        Events of this kind that were used.
    """

    target: str
    as_of: str
    gids: npt.NDArray[np.int64]
    chances: dict[int, Floats]
    by_week: Floats
    expected: Floats
    parts: dict[str, Floats]
    level: float
    events: int


def soon(days: Days, aheads: tuple[int, ...], target: str, as_of: str, months: Floats | None = None) -> Soon:
    """Fit the process on everything known and say what it expects from the morning after.

    Parameters
    ----------
    months : ndarray, shape (2, C), optional
        Chance of any death in each of the next two months by the model of cells, which the order of cells is drawn to.

    Raises
    ------
    BadInput
        If a number of days is not 1 to 56, or the record is too short.
    """
    if not aheads or not all(1 <= n <= LONGEST_DAYS for n in aheads):
        raise BadInput("an outlook is for 1 to {top} days", top=LONGEST_DAYS)
    weeks = [WEEK * n for n in range(1, -(-max(aheads) // WEEK) + 1)]
    if days.n_days < WARM_UP_DAYS + YEAR + weeks[-1]:
        raise BadInput("a daily outlook needs four years of events; there are {n} days", n=days.n_days)
    if not days.own.any():
        raise NoData("there is no dated event of this kind in the mission's cells: nothing can be learned from days")
    view: Outlook = outlook(busiest(days), sorted({*aheads, *weeks}))
    ground = around(days.gids)
    chances = chances_today(days, view, ground)
    level = level_today(days, view.model, ground)
    names, state = states_today(days, ground)
    rate = state * view.model.weights
    whole = np.maximum(rate.sum(axis=1), 1e-300)
    parts = {p: np.zeros(len(days.gids)) for p in dict.fromkeys(PARTS.values())}
    for k, name in enumerate(names):
        parts[PARTS[name.split()[0]]] += rate[:, k] / whole
    expected = level * view.model.expected_from(state, weeks[-1])
    if months is not None:
        last = month_of(dt.date.fromisoformat(as_of))
        alone = chances[weeks[-1]]
        chances = {n: drawn_to_months(p, in_days(months, last, n)) for n, p in chances.items()}
        # Events follow the chance of any, as many a cell hit as before.
        expected = expected * np.divide(chances[weeks[-1]], alone, out=np.ones_like(alone), where=alone > 0)
        parts = {name: (1 - MONTHS_SHARE) * share for name, share in parts.items()}
        parts[MONTHS_PART] = np.full(len(days.gids), MONTHS_SHARE)
    return Soon(
        target, as_of, days.gids, {a: chances[a] for a in sorted(set(aheads))}, np.stack([chances[w] for w in weeks]),
        expected, parts, level, int(days.own.sum()),
    )  # fmt: skip


def days_ahead(
    connection: sa.Connection,
    mission: Mission,
    aheads: tuple[int, ...],
    as_of: int | None = None,
    target: str = "civilians",
    tell: Progress = silent,
    h3: int | None = None,
    seed: int = 1,
) -> dict[str, Any]:
    """The outlook as a summary.

    Keys: ``as_of, target, source, vintage, events, level, cells, days, hit, top, weeks, places``.

    ``weeks`` tells deaths in the whole and in each area within the first 1 to 8 weeks, from joint draws; ``places`` the
    H3 cells most at risk, if they are asked for.

    Parameters
    ----------
    connection : Connection
    mission : Mission
    aheads : tuple of int
        Days ahead, 1 to 56.
    as_of : int, optional
        Last month whose data may be seen; the newest covered month if not given.
    target : str
        civilians, os, sb, ns or deaths.
    tell : Progress
    h3 : int, optional
        Also H3 cells of this resolution, 4 to 7.
    seed : int

    Raises
    ------
    BadInput
        If the target, the resolution or a number of days does not exist, or the record is too short.
    NoData
        If no file covers the month, or there is no event of this kind.
    """
    if target not in ASKED:
        raise BadInput("'{name}' is not a target; there are: {known}", name=target, known=", ".join(ASKED))
    gw = gw_of(mission)
    month = newest_month(connection, gw) if as_of is None else as_of
    land = land_of(connection, mission, month)
    seen = vintage(connection, month, gw)
    starts = [f["covers_from"] for f in seen.files if f["covers_from"] is not None]
    if not starts:
        raise NoData("the files as of {month} cover no month", month=month_text(month))
    tell("Reading events", 0, 2)
    start = np.datetime64(first_day(min(starts)), "D")
    n_days = int((np.datetime64(last_day(month), "D") - start).astype(int)) + 1
    gids = land.ground.gids
    everywhere = known_events(connection, seen, month)
    events = everywhere.take(np.isin(everywhere.gid, gids))
    long = month - min(starts) + 1 >= LEAST_HISTORY and len(gids) <= MOST_CELLS
    panel = known_panel(connection, mission, land, seen, month, target) if long else None
    placed = panel.dated if panel else None
    if placed is None:
        placed = dated(events, gids, start, n_days, sides(connection, events))
    days = days_of(placed, gids, n_days, target)
    tell("Forecasting", 1, 2)
    months = None
    if panel is not None:
        fitted = Cells(days=False).fit(panel, target)
        months = np.stack([fitted.chance(1), fitted.chance(2)])
    found = soon(days, aheads, target, last_day(month).isoformat(), months)
    law = event_sizes(events, target, np.datetime64(last_day(month), "D"))
    drawn = weekly(gids, found.by_week, found.expected, law, month, target, stream(seed, "weeks", target, month))
    places: list[dict[str, Any]] = []
    if h3 is not None:
        fine = at_places(
            drawn, known_places(connection, land, seen, month, h3), stream(seed, "week places", target, month)
        )
        whole = np.asarray(sum(fine.step_draws(int(w)) for w in fine.steps).mean(axis=1)).ravel()
        best = fine.gids[np.argsort(-whole, kind="stable")[:TOP]]
        places = [{"h3": int(cell), **told(fine, np.array([cell]))} for cell in best]
    tell("Forecasting", 2, 2)
    names = land.area_names
    inside = {"": gids} | {
        a.name: gids[land.ground.area_of_cell == n]
        for n, a in enumerate(land.ground.areas)
        if (land.ground.area_of_cell == n).any()
    }
    farthest = max(found.chances)
    order = np.argsort(-found.chances[farthest], kind="stable")[:TOP]
    return {
        "as_of": found.as_of,
        "target": target,
        "source": seen.source,
        "vintage": seen.day.isoformat(),
        "events": found.events,
        "level": round(found.level, 3),
        "cells": len(gids),
        "days": sorted(found.chances),
        "hit": {str(n): round(float(p.sum()), 2) for n, p in found.chances.items()},
        "top": [
            {
                "rank": rank,
                "priogrid_gid": int(gids[i]),
                "area": names[i] or None,
                "chances": {str(n): round(float(p[i]), 4) for n, p in found.chances.items()},
                "parts": {name: round(float(share[i]), 3) for name, share in found.parts.items()},
                "deaths": told(drawn, gids[[i]]),
            }
            for rank, i in enumerate(order, start=1)
        ],
        "weeks": [
            {"area": name or None, "weeks": int(w), **told(drawn, cells, int(w))}
            for name, cells in inside.items()
            for w in drawn.steps
        ],
        **({} if h3 is None else {"places": places}),
    }
