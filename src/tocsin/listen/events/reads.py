"""What was known of events at a time.

The rule, in one place. A forecast *as of* a month uses the data as they stood on the **vintage day**: the first day on
which published files covered that month. Later releases never change what an earlier month's forecast sees. Among the
files published by the vintage day, the newest version of each event counts; an event the source withdrew does not; and
a yearly edition overrules older files for the years and countries it covers: what it does not list did not happen.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.errors import NoData
from tocsin.core.time import month_text, months_of
from tocsin.listen.events.model import Events
from tocsin.listen.events.tables import event, event_seen
from tocsin.listen.sources.model import seen_by
from tocsin.listen.sources.tables import source_file
from tocsin.store import fetch_columns

EVENT_LAYOUTS = {"ucdp-ged": "ucdp", "ucdp-candidate": "ucdp", "acled": "acled", "acled-deleted": "acled"}
SIDES_AT_ONCE = 500


@dataclass(frozen=True)
class Vintage:
    """The state of the data a forecast may see.

    Parameters
    ----------
    source : str
    day : date
        Files published later are not seen.
    files : list of dict
        Rows of the source_file table that are seen, oldest first.
    reconstructed : bool
        True when nothing was published in time, so that the forecast shows what could have been said with data
        that came out later.
    """

    source: str
    day: dt.date
    files: list[dict[str, Any]]
    reconstructed: bool

    def covered(self, gw: int | None, first: int, last: int) -> np.ndarray:
        """Which months from `first` to `last` some file speaks of, for a country (None: for any place)."""
        months = np.arange(first, last + 1)
        found = np.zeros(len(months), dtype=bool)
        for file in self.files:
            if file["covers_from"] is not None and (not file["countries"] or gw is None or gw in file["countries"]):
                found |= (months >= file["covers_from"]) & (months <= file["covers_until"])
        return found


def event_files(connection: sa.Connection, source: str | None = None) -> list[dict[str, Any]]:
    """Event files in the order of their publication."""
    layouts = [name for name, of in EVENT_LAYOUTS.items() if source in (None, of)]
    query = (
        sa.select(source_file)
        .where(source_file.c.layout.in_(layouts))
        .order_by(source_file.c.published_on, source_file.c.id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def vintage(connection: sa.Connection, as_of: int, gw: int | None, source: str | None = None) -> Vintage:
    """The data a forecast as of a month may see.

    Parameters
    ----------
    as_of : int
        Month number.
    gw : int or None
        Country that must be covered; None for any.
    source : str, optional
        ``ucdp`` or ``acled``; by default UCDP if it covers the month, else ACLED.

    Raises
    ------
    NoData
        If no file covers the month; says what there is.
    """
    files = event_files(connection, source)
    for name in ("ucdp", "acled"):
        mine = [f for f in files if EVENT_LAYOUTS[f["layout"]] == name]
        covering = [
            f
            for f in mine
            if f["covers_from"] is not None
            and f["covers_from"] <= as_of <= f["covers_until"]
            and (not f["countries"] or gw is None or gw in f["countries"])
        ]
        if covering:
            day = covering[0]["published_on"]
            late = day > seen_by(as_of)
            return Vintage(name, day, [f for f in mine if f["published_on"] <= day], late)
    newest = max((f["covers_until"] for f in files if f["covers_until"] is not None), default=None)
    if newest is None:
        raise NoData("the mission holds no events: import some first, for example `tocsin import GEDEvent.csv`")
    raise NoData(
        "no imported file covers {month} here; the newest data end in {newest}: "
        "import newer events or choose an earlier --as-of",
        month=month_text(as_of),
        newest=month_text(newest),
    )


def newest_month(connection: sa.Connection, gw: int | None) -> int:
    """Last month that any imported event file covers."""
    months = [
        f["covers_until"]
        for f in event_files(connection)
        if f["covers_until"] is not None and (not f["countries"] or gw is None or gw in f["countries"])
    ]
    if not months:
        raise NoData("the mission holds no events of this area: import some first, e.g. `tocsin import GEDEvent.csv`")
    return int(max(months))


def known_events(connection: sa.Connection, seen: Vintage, until: int) -> Events:
    """Events that had begun by the end of a month, as a vintage knows them, in the order of their ids' first coming.

    Parameters
    ----------
    seen : Vintage
    until : int
        Month number; events that begin later are left out.
    """
    ids = [f["id"] for f in seen.files]
    rank_of = {id: rank for rank, id in enumerate(ids)}
    columns = ("id", "key", "file_id", "withdrawn", "kind", "first_day", "last_day", "date_prec", "where_prec", "lon",
               "lat", "gid", "gw", "adm_1", "best", "deaths_civilians")  # fmt: skip
    # Raw text dates: half a million date objects cost more than the rest of the read.
    query = sa.select(*(_plain(c) for c in columns)).where(event.c.source == seen.source)
    told = fetch_columns(connection, query.where(event.c.file_id.in_(ids)))
    again, by = fetch_columns(
        connection, sa.select(event_seen.c.event_id, event_seen.c.file_id).where(event_seen.c.file_id.in_(ids))
    )
    if again:  # versions that a file not seen brought first, because releases were imported out of their order
        listed = sa.select(event_seen.c.event_id).where(event_seen.c.file_id.in_(ids))
        more = fetch_columns(connection, query.where(event.c.file_id.not_in(ids), event.c.id.in_(listed)))
        told = [a + b for a, b in zip(told, more, strict=True)]
    table = dict(zip(columns, told, strict=True))
    if not table["id"]:
        return Events(*(np.array([], dtype=t) for t in _TYPES))
    id = np.array(table["id"], dtype=np.int64)
    order = np.argsort(id, kind="stable")
    rank = np.array([rank_of.get(f, -1) for f in table["file_id"]], dtype=np.int64)
    if again:
        at = order[np.searchsorted(id[order], np.array(again))]
        np.maximum.at(rank, at, np.array([rank_of[f] for f in by]))

    numbers: dict[str, int] = {}
    key = np.array([numbers.setdefault(k, len(numbers)) for k in table["key"]], dtype=np.int64)
    if len(numbers) == len(id):
        newest = order
    else:
        ordered = np.lexsort((id, rank, key))
        last = np.append(np.flatnonzero(np.diff(key[ordered])), len(ordered) - 1)
        newest = np.sort(ordered[last])
    first = np.array(table["first_day"], dtype="datetime64[D]")
    gw = np.array([-1 if v is None else v for v in table["gw"]], dtype=np.int64)
    month = months_of(first)
    keep = ~np.array(table["withdrawn"], dtype=bool)[newest] & (month[newest] <= until)
    for place, file in enumerate(seen.files):
        if file["is_edition"] and place > 0 and file["covers_from"] is not None:
            inside = (month[newest] >= file["covers_from"]) & (month[newest] <= file["covers_until"])
            if file["countries"]:
                inside &= np.isin(gw[newest], file["countries"])
            keep &= ~(inside & (rank[newest] < place))
    chosen = newest[keep]
    civilians = np.array([np.nan if v is None else v for v in table["deaths_civilians"]], dtype=np.float64)

    def whole(name: str) -> np.ndarray:
        return np.array(table[name], dtype=np.int64)[chosen]

    return Events(
        id=id[chosen],
        kind=whole("kind"),
        first_day=first[chosen],
        last_day=np.array(table["last_day"], dtype="datetime64[D]")[chosen],
        date_prec=whole("date_prec"),
        where_prec=whole("where_prec"),
        lon=np.array(table["lon"], dtype=np.float64)[chosen],
        lat=np.array(table["lat"], dtype=np.float64)[chosen],
        gid=whole("gid"),
        gw=gw[chosen],
        adm_1=np.array(table["adm_1"], dtype=object)[chosen],
        best=whole("best"),
        deaths_civilians=civilians[chosen],
    )


_TYPES = ("i8", "i8", "M8[D]", "M8[D]", "i8", "i8", "f8", "f8", "i8", "i8", "O", "i8", "f8")


def _plain(name: str) -> Any:
    column = event.c[name]
    return sa.cast(column, sa.Text).label(name) if isinstance(column.type, sa.Date) else column


def event_texts(connection: sa.Connection, ids: list[int]) -> dict[int, dict[str, Any]]:
    """What people read about events: place, sides, headline, source, by event id."""
    wanted = (event.c.id, event.c.first_day, event.c.place, event.c.side_a, event.c.side_b, event.c.best,
              event.c.deaths_civilians, event.c.headline, event.c.source_text, event.c.where_prec)  # fmt: skip
    return {row.id: dict(row._mapping) for row in connection.execute(sa.select(*wanted).where(event.c.id.in_(ids)))}


def event_sides(connection: sa.Connection, ids: np.ndarray) -> list[tuple[str, str]]:
    """Both sides of events as their source names them, in the order of `ids`; '' where it names nobody."""
    named: dict[int, tuple[str, str]] = {}
    for at in range(0, len(ids), SIDES_AT_ONCE):
        some = event.c.id.in_(ids[at : at + SIDES_AT_ONCE].tolist())
        for row in connection.execute(sa.select(event.c.id, event.c.side_a, event.c.side_b).where(some)):
            named[row.id] = (row.side_a or "", row.side_b or "")
    return [named.get(int(id), ("", "")) for id in ids]
