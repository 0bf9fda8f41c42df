"""Events that are known to the day (or week), beside the planes of the panel: for what months are too coarse for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.listen.events.model import Events
from tocsin.listen.events.reads import event_sides

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

OWN_CELL = 3  # where_prec: placed in a district or nearer
OWN_DAY = 3  # date_prec: known to the week
CAMPAIGN_DAYS = 60  # an actor in another event so many days before is on campaign
ONE_SIDED = 3
KINDS = {"sb": 1, "ns": 2, "os": ONE_SIDED}


@dataclass(frozen=True)
class Dated:
    """Events by day and cell.

    Parameters
    ----------
    day : ndarray of int64, shape (N,)
        Days since the first day of the panel's first month.
    cell : ndarray of int64, shape (N,)
        Index into the panel's cells.
    own : dict of target → ndarray of bool, shape (N,)
        Which events each target counts.
    marked : ndarray of bool, shape (N,)
        Whether an actor was on campaign (`on_campaign`).
    """

    day: Ints
    cell: Ints
    own: dict[str, Bools]
    marked: Bools

    def until(self, day: int) -> "Dated":
        """Those before `day`: whether an event is marked follows from earlier ones alone."""
        keep = self.day < day
        return Dated(self.day[keep], self.cell[keep], {t: of[keep] for t, of in self.own.items()}, self.marked[keep])


def dated(events: Events, gids: Ints, start: np.datetime64, n_days: int, actors: Ints) -> Dated:
    """Events placed in a district or nearer and dated to the week or better; the others cannot be put on a day.

    Parameters
    ----------
    events : Events
    gids : ndarray of int64, shape (C,)
        Ascending.
    start : datetime64[D]
        Day 0.
    n_days : int
        Events after this many days are left out.
    actors : ndarray of int64, shape (n, A)
        Who took part (`sides`), to tell who is on campaign.
    """
    day = (events.first_day.astype("datetime64[D]") - start).astype(np.int64)
    known = (events.date_prec <= OWN_DAY) & (day < n_days)
    marked = np.zeros(len(events), dtype=bool)
    marked[known] = on_campaign(day[known], actors[known])
    at = np.minimum(np.searchsorted(gids, events.gid), len(gids) - 1)
    use = (gids[at] == events.gid) & (events.where_prec <= OWN_CELL) & known & (day >= 0)
    return Dated(day[use], at[use], {target: of(events)[use] for target, of in OF_KIND.items()}, marked[use])


def of_kind(events: Events, target: str) -> Bools:
    """Which events a target counts, shape (N,)."""
    return OF_KIND[target](events)


def _civilians(events: Events) -> Bools:
    return np.asarray((events.kind == ONE_SIDED) | (np.nan_to_num(events.deaths_civilians) > 0))


def _every(events: Events) -> Bools:
    return np.ones(len(events), dtype=bool)


def _of(kind: int) -> Callable[[Events], Bools]:
    return lambda events: np.asarray(events.kind == kind)


OF_KIND: dict[str, Callable[[Events], Bools]] = {
    **{target: _of(kind) for target, kind in KINDS.items()},
    "civilians": _civilians,
    "deaths": _every,
}


def sides(connection: sa.Connection, events: Events) -> Ints:
    """Numbers of both sides of each event, shape (n, 2); −1 where nobody is named, and for the civilians attacked."""
    named = event_sides(connection, events.id)
    flat = np.array([name.strip().casefold() for pair in named for name in pair], dtype=object)
    _, number = np.unique(flat.astype(str), return_inverse=True)
    number = np.where((flat == "") | (flat == "civilians"), -1, number.ravel())
    return np.asarray(number, dtype=np.int64).reshape(-1, 2)


def on_campaign(day: Ints, actors: Ints, within: int = CAMPAIGN_DAYS) -> Bools:
    """Whether an actor of each event had been in another one in the `within` days before it, shape (N,).

    Parameters
    ----------
    day : ndarray of int64, shape (N,)
    actors : ndarray of int64, shape (N, A)
        Numbers of those who took part; negative for nobody known. The events of one day do not mark each other.

    >>> on_campaign(np.array([0, 30, 200, 200]), np.array([[7], [7], [7], [7]]), 60).tolist()
    [False, True, False, False]
    """
    out = np.zeros(len(day), dtype=bool)
    event, side = np.nonzero(actors >= 0)
    who, when = actors[event, side], day[event]
    order = np.lexsort((when, who))
    event, who, when = event[order], who[order], when[order]
    # `when` may be before day 0: keys start at the earliest.
    when = when - when.min(initial=0)
    key = who * (int(when.max(initial=0)) + within + 2) + when
    # The last event of the same actor on an earlier day.
    before_it = np.searchsorted(key, key, side="left") - 1
    same = (before_it >= 0) & (who[before_it] == who)
    out[event[same & (when - when[before_it] <= within)]] = True
    return out
