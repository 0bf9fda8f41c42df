"""Where and when an event counts: exactly, or shared over the area and time in which it is known to lie.

UCDP says how precisely it knows a place (``where_prec``) and a date (``date_prec``). An event known only to lie in a
province must not become a hot spot at the province's centre, so:

- ``where_prec`` 1–3 (place, within 25 km, district): counts in the cell of its point;
- 4 (province): shared over the cells of the first-level area of that name, or else the one around its point; without
  first-level areas, over the cells within `PROVINCE_KM` of its point;
- 5 (a stretch or region): shared over the cells within `REGION_KM` of its point;
- 6 (country): shared over all cells of the country;
- 7 (sea or air): counts in no cell.

Shares follow where people live, or the land evenly if that is not known. Imprecise events of another country are left
out of a mission's cells, because most of their area lies outside. ``date_prec`` 1–3 (to the week): counts in the month
of its first day; 4, 5 and 0 (month, year, not said): shared over its days.

Shares are whole numbers that add up exactly: millionths of a place, ten-thousandths of a span.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from tocsin.core import lattice
from tocsin.core.geometry import distance_km
from tocsin.core.mission import FirstLevelArea
from tocsin.core.time import first_days, months_of
from tocsin.listen.events.model import Events

PROVINCE_KM = 100.0
REGION_KM = 150.0
PLACE_UNIT = 1_000_000
SPAN_UNIT = 10_000
# Ids of shared places stand clear of cell numbers (1 to 259,200), which are the ids of exact places.
_AREA, _PROVINCE_DISC, _REGION_DISC, _COUNTRY = 1_000_000, 2_000_000, 3_000_000, 4_000_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ground:
    """What placement needs to know of the mission's land.

    Parameters
    ----------
    gids : ndarray of int64, shape (n_cells,)
        Ascending.
    weight : ndarray of float64, shape (n_cells,)
        People (or land) per cell; shares follow it.
    areas : list of FirstLevelArea
    area_of_cell : ndarray of int64, shape (n_cells,)
        Index into `areas`, -1 where none.
    gw : int or None
        Country of the mission; None when it has no one country.
    country_of_cell : ndarray of int64, shape (n_cells,)
        Gleditsch-Ward number of each cell, 0 where unknown.
    """

    gids: Ints
    weight: npt.NDArray[np.float64]
    areas: list[FirstLevelArea]
    area_of_cell: Ints
    gw: int | None
    country_of_cell: Ints


@dataclass(frozen=True)
class Placed:
    """Events with the ids of their place and span, and the tables of shares `panel.sql` joins.

    `outside` counts events that lie in no cell of the mission.
    """

    event: dict[str, npt.NDArray[Any]]
    place_share: dict[str, Ints]
    span_share: dict[str, Ints]
    outside: int


def area_of_cells(gids: Ints, areas: list[FirstLevelArea]) -> Ints:
    """First-level area of each cell: the one around its centre, else the one it overlaps most, else -1."""
    found = np.full(len(gids), -1, dtype=np.int64)
    if not areas:
        return found
    lon, lat = lattice.centre(gids)
    for number, area in enumerate(areas):
        shapely.prepare(area.polygon)
        found[shapely.contains_xy(area.polygon, lon, lat)] = number
    for i in np.flatnonzero(found < 0):
        box = lattice.squares(gids[i : i + 1])[0]
        overlap = [a.polygon.intersection(box).area if a.polygon.intersects(box) else 0.0 for a in areas]
        if max(overlap) > 0:
            found[i] = int(np.argmax(overlap))
    return found


def plain_name(text: str) -> str:
    """A place name without accents, case, punctuation and words like province, for comparing.

    >>> plain_name("Ouham-Pendé province"), plain_name("Bangui city")
    ('ouham pende', 'bangui')
    """
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    words = re.sub(r"[^a-z0-9]+", " ", text).split()
    drop = {"province", "prefecture", "state", "region", "governorate", "district", "city", "county", "department"}
    return " ".join(word for word in words if word not in drop)


def place(events: Events, ground: Ground, as_of: int) -> Placed:
    """Give each event its place and span.

    Parameters
    ----------
    events : Events
    ground : Ground
    as_of : int
        Shares of later months are left out.

    Returns
    -------
    Placed
    """
    place_id = _place_ids(events, ground)
    shared = np.unique(place_id[place_id >= _AREA])
    tables = [_exact(ground.gids)]
    tables += [_discs(ground, shared, _PROVINCE_DISC, PROVINCE_KM), _discs(ground, shared, _REGION_DISC, REGION_KM)]
    tables += [_members(ground, shared, _AREA, ground.area_of_cell)]
    tables += [_members(ground, shared, _COUNTRY, ground.country_of_cell)]
    table = {name: np.concatenate([t[name] for t in tables]) for name in ("place_id", "gid", "share")}
    inside = np.isin(place_id, table["place_id"])
    span_id, span_table = _spans(events, as_of)
    civilians = np.nan_to_num(events.deaths_civilians, nan=0.0).astype(np.int64)
    event = {"place_id": place_id, "span_id": span_id, "kind": events.kind, "best": events.best, "civilians": civilians}
    return Placed({k: v[inside] for k, v in event.items()}, table, span_table, int((~inside).sum()))


def _place_ids(events: Events, ground: Ground) -> Ints:
    ids = np.where(events.where_prec <= 3, events.gid, 0)
    ids = np.where(events.where_prec == 5, _REGION_DISC + events.gid, ids)
    ids = np.where(events.where_prec == 6, _COUNTRY + np.maximum(events.gw, 0), ids)
    province = np.flatnonzero(events.where_prec == 4)
    ids[province] = _PROVINCE_DISC + events.gid[province]
    if ground.areas and len(province):
        by_name = {plain_name(a.name): i for i, a in enumerate(ground.areas)}
        for i in province:
            at = by_name.get(plain_name(str(events.adm_1[i])))
            if at is None:
                holding = [k for k, a in enumerate(ground.areas)
                           if shapely.contains_xy(a.polygon, events.lon[i], events.lat[i])]  # fmt: skip
                at = holding[0] if holding else None
            if at is not None:
                ids[i] = _AREA + at
    if ground.gw is not None:  # an imprecise event of a neighbour lies mostly outside: in no cell of ours
        ids[(events.where_prec >= 4) & (events.gw != ground.gw)] = 0
    return ids.astype(np.int64)


def _exact(gids: Ints) -> dict[str, Ints]:
    return {"place_id": gids, "gid": gids, "share": np.full(len(gids), PLACE_UNIT, dtype=np.int64)}


def _members(ground: Ground, wanted: Ints, base: int, member_of: Ints) -> dict[str, Ints]:
    """Shares over the cells of an area or country, for those wanted."""
    groups = wanted[(wanted >= base) & (wanted < base + 1_000_000)] - base
    cell = np.flatnonzero(np.isin(member_of, groups))
    return _shares(member_of[cell] + base, ground.gids[cell], ground.weight[cell])


def _discs(ground: Ground, wanted: Ints, base: int, radius_km: float) -> dict[str, Ints]:
    """Shares over the mission's cells whose centre lies within a radius of each wanted cell's centre (and itself)."""
    centres = wanted[(wanted >= base) & (wanted < base + 1_000_000)] - base
    lon, lat = lattice.centre(centres)
    reach = int(np.ceil(radius_km / 55.0))
    row, col = lattice.row_col(centres)
    wide = np.ceil(radius_km / (55.6 * np.maximum(np.cos(np.radians(np.minimum(np.abs(lat) + 2, 85))), 0.08)))
    widest = int(wide.max(initial=0))
    d_row, d_col = (a.ravel() for a in np.mgrid[-reach : reach + 1, -widest : widest + 1])
    rows = row[:, None] + d_row
    cols = (col[:, None] + d_col - 1) % lattice.COLUMNS + 1
    gid = (rows - 1) * lattice.COLUMNS + cols
    at = np.minimum(np.searchsorted(ground.gids, gid), len(ground.gids) - 1)
    fits = (ground.gids[at] == gid) & (rows >= 1) & (rows <= lattice.ROWS) & (np.abs(d_col) <= wide[:, None])
    which, step = np.nonzero(fits)
    cell = at[which, step]
    cell_lon, cell_lat = lattice.centre(ground.gids[cell])
    near = (distance_km(lon[which], lat[which], cell_lon, cell_lat) <= radius_km) | (
        ground.gids[cell] == centres[which]
    )
    which, cell = which[near], cell[near]
    return _shares(centres[which] + base, ground.gids[cell], ground.weight[cell])


def _shares(place_id: Ints, gid: Ints, weight: npt.NDArray[np.float64]) -> dict[str, Ints]:
    """Whole-number shares per place in proportion to weight (evenly where all weights are 0); each adds up exactly."""
    order = np.lexsort((gid, place_id))
    place_id, gid, weight = place_id[order], gid[order], np.nan_to_num(weight[order])
    if not len(gid):
        return {"place_id": place_id, "gid": gid, "share": place_id.copy()}
    _, start, count = np.unique(place_id, return_index=True, return_counts=True)
    total = np.repeat(np.add.reduceat(weight, start), count)
    part = np.where(total > 0, weight / np.where(total > 0, total, 1), 1 / np.repeat(count, count))
    share = np.floor(part * PLACE_UNIT).astype(np.int64)
    missing = PLACE_UNIT - np.add.reduceat(share, start)
    # What rounding leaves over goes to the first cell with the largest share.
    largest = np.array([s + int(np.argmax(share[s : s + n])) for s, n in zip(start, count, strict=True)])
    share[largest] += missing
    keep = share > 0
    return {"place_id": place_id[keep], "gid": gid[keep], "share": share[keep]}


def _spans(events: Events, as_of: int) -> tuple[Ints, dict[str, Ints]]:
    """Span of each event and the shares of its months; an exact date's id is its month number."""
    first_month = months_of(events.first_day)
    exact = (events.date_prec >= 1) & (events.date_prec <= 3)
    exact |= first_month == months_of(events.last_day)
    span = first_month.copy()
    months = np.unique(first_month[exact])
    tables = [(months, months, np.full(len(months), SPAN_UNIT, dtype=np.int64))]
    if not exact.all():
        day = np.stack([events.first_day[~exact], events.last_day[~exact]], axis=1).astype(np.int64)
        pairs, number = np.unique(day, axis=0, return_inverse=True)
        span[~exact] = 1_000_000 + number.ravel()
        for i, (start, end) in enumerate(pairs.astype("datetime64[D]")):
            inside = np.arange(int(months_of(start[None])[0]), int(months_of(end[None])[0]) + 1)
            edges = np.append(first_days(inside), first_days(inside[-1:] + 1))
            edges[0], edges[-1] = start, end + np.timedelta64(1, "D")
            lengths = np.diff(edges).astype(np.int64)
            share, left = np.divmod(lengths * SPAN_UNIT, lengths.sum())
            # What rounding leaves over goes, one each, to the months that lost most by it.
            share[np.argsort(-left, kind="stable")[: SPAN_UNIT - share.sum()]] += 1
            tables.append((np.full(len(inside), 1_000_000 + i), inside, share))
    id, month, share = (np.concatenate([t[k] for t in tables]).astype(np.int64) for k in range(3))
    keep = month <= as_of
    return span, {"span_id": id[keep], "month": month[keep], "share": share[keep]}
