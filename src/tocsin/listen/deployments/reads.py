"""The posture as of a month: which units stood where, from the best source there is.

A mission's own unit list counts before Geo-PKO, and Geo-PKO's full table before its yearly files. Geo-PKO rows are
maps that appear irregularly: the newest map of a mission up to the month counts, if it is not older than `STALE`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import NoData
from tocsin.core.time import month_text
from tocsin.listen.deployments.model import Unit
from tocsin.listen.deployments.tables import deployment
from tocsin.listen.sources.model import seen_by
from tocsin.listen.sources.tables import source_file

# Months after which a deployment map of the United Nations has been published, with a report to the Council.
MAP_LAG = 3
STALE = 18  # months after which a deployment map says nothing about the present
YEARLY = ("geo-pko-front", "geo-pko-types", "geo-pko-tcc")
COUNTS = ("id", "layout", "key", "lon", "lat", "mission", "name", "first_month")
ASKED = 500  # ids in one query


@dataclass(frozen=True)
class Posture:
    """All units as of a month.

    Parameters
    ----------
    month : int
    units : list of Unit
    sources : list of str
        Layouts it was read from.
    oldest_map : int or None
        Month of the oldest map used; None if units come from the mission's own list.
    """

    month: int
    units: list[Unit]
    sources: list[str]
    oldest_map: int | None


def posture(
    connection: sa.Connection, month: int, gids: npt.NDArray[np.int64], missions: list[str] | None = None
) -> Posture:
    """Units within cells as of a month.

    Parameters
    ----------
    month : int
    gids : ndarray of int64
        PRIO-GRID cells; units outside them are left out.
    missions : list of str, optional
        Only these peace operations (MINUSCA …).

    Raises
    ------
    NoData
        If no unit is known; says what there is.
    """
    stands = _read(connection, _inside(_settled(_versions(connection, month, missions), month), gids))
    found = _chosen(list(stands.values()), month)
    if found is None:
        raise NoData(
            "no unit is known here as of {month}: import a Geo-PKO file or your own list (columns name, kind, "
            "latitude, longitude, strength, from, until)",
            month=month_text(month),
        )
    return found


def postures(connection: sa.Connection, months: Sequence[int], gids: npt.NDArray[np.int64]) -> list[Posture | None]:
    """Units within cells as they could be known in each month, ascending; None where nobody says.

    A mission knows its own units; a deployment map counts from `MAP_LAG` months after the month it is about.
    """
    versions = _versions(connection, months[-1], None)
    here = set(_inside(versions, gids))
    # Others never stand here, and never settle what does.
    own = {(row.layout, row.mission) for row in versions if row.id in here}
    versions = [row for row in versions if (row.layout, row.mission) in own]
    stands = _read(connection, sorted(here))
    found: list[Posture | None] = []
    for month in months:
        now = (stands[row.id] for row in _settled(versions, month) if row.id in here)
        found.append(_chosen(list(now), month, MAP_LAG))
    return found


def _versions(connection: sa.Connection, month: int, missions: list[str] | None) -> list[Any]:
    """Every row about a time up to the month, in the order of their publication."""
    # Which rows count is settled on the columns that settle it; the rest is read for the few that stand here.
    query = (
        sa.select(*(deployment.c[name] for name in COUNTS), source_file.c.published_on)
        .join(source_file, source_file.c.id == deployment.c.file_id)
        .where(deployment.c.mission.in_(missions) if missions else sa.true(), deployment.c.first_month <= month)
        .order_by(source_file.c.published_on, deployment.c.id)
    )
    return list(connection.execute(query))


def _settled(versions: list[Any], month: int) -> list[Any]:
    """The version of each row that counts in a month, and of a mission's own units where they last came to."""
    seen = seen_by(month)
    newest: dict[tuple[str, str], Any] = {}
    for row in versions:
        # A correction counts if it was public in time; one that came later does not change an earlier month.
        if row.first_month <= month and ((row.layout, row.key) not in newest or row.published_on <= seen):
            newest[row.layout, row.key] = row
    return _where_now(list(newest.values()))


def _chosen(rows: list[dict[str, Any]], month: int, lag: int = 0) -> Posture | None:
    """The best source there is among the rows within cells; maps as they stood `lag` months before."""
    own = [r for r in rows if r["layout"] == "units" and (r["last_month"] is None or r["last_month"] >= month)]
    if own:
        return Posture(month, [_unit(r, month) for r in own], ["units"], None)
    for layouts in (("geo-pko",), YEARLY):
        mine = [r for r in rows if r["layout"] in layouts and month - STALE < r["first_month"] <= month - lag]
        maps: dict[str, int] = {}
        for r in mine:
            maps[r["mission"]] = max(maps.get(r["mission"], 0), r["first_month"])
        chosen = _last_chart([r for r in mine if r["first_month"] == maps[r["mission"]]])
        if chosen:
            merged = _merge(chosen) if layouts == YEARLY else chosen
            units = [_unit(r, r["first_month"]) for r in merged]
            return Posture(month, units, sorted({r["layout"] for r in chosen}), min(maps.values()))
    return None


def _where_now(rows: list[Any]) -> list[Any]:
    """One row a unit of the mission's own list: where it last came to, even if its earlier row was left open."""
    last: dict[tuple[str, str], int] = {}
    for r in rows:
        if r.layout == "units":
            last[r.mission, r.name] = max(last.get((r.mission, r.name), r.first_month), r.first_month)
    return [r for r in rows if r.layout != "units" or last[r.mission, r.name] == r.first_month]


def _inside(rows: list[Any], gids: npt.NDArray[np.int64]) -> list[int]:
    """Ids of the rows within cells, in their order."""
    at = lattice.gid_at([r.lon for r in rows], [r.lat for r in rows])
    return [rows[i].id for i in np.flatnonzero(np.isin(at, gids))]


def _read(connection: sa.Connection, ids: list[int]) -> dict[int, dict[str, Any]]:
    """Whole rows of deployments by id, in the order of the ids given."""
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), ASKED):
        query = sa.select(deployment).where(deployment.c.id.in_(ids[start : start + ASKED]))
        found |= {row["id"]: dict(row) for row in connection.execute(query).mappings()}
    return {i: found[i] for i in ids}


def _last_chart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of several maps of one mission in one month, the last revision."""

    def number(row: dict[str, Any]) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", row["chart"]))

    last: dict[str, tuple[int, ...]] = {}
    for row in rows:
        last[row["mission"]] = max(last.get(row["mission"], ()), number(row))
    return [row for row in rows if number(row) == last[row["mission"]]]


def _merge(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a place from the three yearly files, each of which knows a part."""
    by_key: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda r: YEARLY.index(r["layout"])):
        have = by_key.setdefault(row["key"], dict(row))
        if have is not row:
            have["has"] = sorted({*have["has"], *row["has"]})
            have["contributors"] = have["contributors"] or row["contributors"]
            have["strength"] = have["strength"] if have["strength"] is not None else row["strength"]
    return list(by_key.values())


def _unit(row: dict[str, Any], month: int) -> Unit:
    return Unit(row["name"], UnitKind(row["kind"]), row["lon"], row["lat"], row["strength"], row["mission"], month,
                tuple(row["contributors"]), frozenset(row["has"]))  # fmt: skip
