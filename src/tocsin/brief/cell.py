"""One cell of the lattice as people read it: where it is, what was recorded, why it matters, who could come."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.assess.ground import Land
from tocsin.assess.panel import Panel
from tocsin.assess.reads import Grid
from tocsin.brief.content import Reason
from tocsin.brief.why import RecentEvents, reasons_of
from tocsin.core import lattice
from tocsin.core.errors import NoData, NotFound
from tocsin.core.mission import Mission
from tocsin.listen.events.reads import event_texts, known_events, vintage
from tocsin.listen.places.reads import NearPlace, gazetteer
from tocsin.plan.actions import units_of
from tocsin.plan.mobility import hours, responders

MOST = 50


@dataclass(frozen=True)
class Recorded:
    """One event of the last months in which civilians were killed."""

    first_day: dt.date
    place: str
    side_a: str
    side_b: str
    deaths: float
    headline: str
    source: str


@dataclass(frozen=True)
class Reachable:
    """Hours a unit needs to the cell; None: it cannot get there."""

    name: str
    kind: str
    strength: int | None
    hours: float | None


@dataclass(frozen=True)
class CellFacts:
    """What is known of one cell.

    `reasons` come strongest kind first, `units` soonest first; `units` is None where no unit is known at all.
    """

    near: NearPlace | None
    reasons: tuple[Reason, ...]
    events: tuple[Recorded, ...]
    units: tuple[Reachable, ...] | None
    neighbours: tuple[int, ...]


def position(grid: Grid, gid: int) -> int:
    """Index of a cell in a grid.

    Raises
    ------
    NotFound
        If the mission has no such cell.
    """
    i = int(np.searchsorted(grid.gids, gid))
    if i == len(grid.gids) or grid.gids[i] != gid:
        raise NotFound("cell {gid} is not in this mission", gid=gid)
    return i


def cell_facts(connection: sa.Connection, mission: Mission, land: Land, grid: Grid, gid: int) -> CellFacts:
    """What is known of a cell as of the grid's month."""
    i = position(grid, gid)
    lon, lat = (float(v) for v in lattice.centre(gid))
    seen = vintage(connection, grid.as_of, land.ground.gw)
    recent = RecentEvents.read(known_events(connection, seen, grid.as_of), grid.as_of)
    texts = event_texts(connection, recent.recent_ids())
    panel = Panel(grid.gids, grid.first_month, {grid.target: grid.recorded.astype(np.float32)})
    inside = np.flatnonzero(recent.events.gid == gid)
    newest = inside[np.argsort(-recent.events.first_day[inside].astype(np.int64), kind="stable")][:MOST]
    around = {int(g) for g in lattice.neighbours(gid).ravel()}
    return CellFacts(
        gazetteer(connection).nearest(lon, lat),
        reasons_of(i, grid.gids, panel, grid.target, recent, texts),
        tuple(_recorded(texts[int(recent.events.id[e])], float(recent.deaths[e])) for e in newest),
        _units(connection, mission, land, grid.as_of, lon, lat),
        tuple(int(g) for g in grid.gids if int(g) in around),
    )


def reasons_for(
    connection: sa.Connection, land: Land, grid: Grid, gids: Sequence[int]
) -> dict[int, tuple[Reason, ...]]:
    """Reasons of several cells, by gid; events are read once."""
    seen = vintage(connection, grid.as_of, land.ground.gw)
    recent = RecentEvents.read(known_events(connection, seen, grid.as_of), grid.as_of)
    texts = event_texts(connection, recent.recent_ids())
    panel = Panel(grid.gids, grid.first_month, {grid.target: grid.recorded.astype(np.float32)})
    return {g: reasons_of(position(grid, g), grid.gids, panel, grid.target, recent, texts) for g in gids}


def _recorded(text: dict[str, Any], deaths: float) -> Recorded:
    return Recorded(
        text["first_day"], text["place"] or "", text["side_a"] or "", text["side_b"] or "", deaths,
        text["headline"] or "", text["source_text"] or "",
    )  # fmt: skip


def _units(
    connection: sa.Connection, mission: Mission, land: Land, month: int, lon: float, lat: float
) -> tuple[Reachable, ...] | None:
    try:
        stand = units_of(connection, land, month).units
    except NoData:
        return None
    able = [u for u, a in zip(stand, responders(stand), strict=True) if a]
    time = hours(able, np.array([lon]), np.array([lat]), month, wet_months=mission.wet_months)[:, 0]
    return tuple(
        Reachable(able[k].name, able[k].kind.value, able[k].strength, float(time[k]) if np.isfinite(time[k]) else None)
        for k in np.argsort(time, kind="stable").tolist()
    )
