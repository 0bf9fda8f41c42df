"""ACLED events: csv, xlsx and API JSON with 31 columns, and its list of deleted events.

ACLED codes fatalities without telling civilians apart, except that an event may be marked as targeting civilians.
Our reading of its types into UCDP's three kinds of violence is a convention, documented in docs/formats.md.
Source: ACLED codebook 2024. Its data may not be redistributed; the licence is the user's own agreement with ACLED.
"""

import calendar
import datetime as dt
from collections.abc import Sequence

import numpy as np

from tocsin.core import areas, lattice
from tocsin.listen.events.formats.ucdp import MOST_DEATHS
from tocsin.listen.events.model import Batch, Rejected
from tocsin.listen.files.columns import days, numbers_of, whole_numbers
from tocsin.listen.files.content import content_hashes
from tocsin.listen.files.rows import Row

NEEDED = (
    "event_id_cnty", "event_date", "time_precision", "event_type", "actor1", "inter1", "actor2", "inter2",
    "latitude", "longitude", "geo_precision", "fatalities",
)  # fmt: skip
FURTHER = ("civilian_targeting", "sub_event_type", "iso", "admin1", "admin2", "location", "notes", "source")
DELETED_NEEDED = ("event_id_cnty", "deleted_timestamp")
LICENCE = "ACLED terms of use; not to be redistributed"
CITATION = "ACLED (acleddata.com); Raleigh, Kishi & Linke (2023), Humanities and Social Sciences Communications 10:74"

_STATE = {"1", "state forces"}
_DATE_PREC = {1: 1, 2: 3, 3: 4}  # day, week, month in UCDP's scale
_WHERE_PREC = {1: 1, 2: 2, 3: 4}  # exact, near, province


def columns_of(first: Sequence[str]) -> dict[str, int] | None:
    """Position of each column if the first row is an ACLED header, else None."""
    names = {name.strip().lower(): at for at, name in enumerate(first)}
    return names if all(name in names for name in NEEDED) else None


def deleted_columns_of(first: Sequence[str]) -> dict[str, int] | None:
    """Position of each column if the first row is that of ACLED's deleted list, else None."""
    names = {name.strip().lower(): at for at, name in enumerate(first)}
    return names if all(name in names for name in DELETED_NEEDED) else None


def kind_of(event_type: str, inter1: str, inter2: str, civilian_targeting: str) -> int:
    """UCDP's kind of violence (1, 2, 3; 0 = none of them) for an ACLED event.

    >>> kind_of("Violence against civilians", "3", "7", "Civilian targeting"), kind_of("Battles", "1", "2", "")
    (3, 1)
    """
    what = event_type.strip().lower()
    if what == "violence against civilians" or (civilian_targeting.strip() and what.startswith("explosions")):
        return 3
    if what == "battles" or what.startswith("explosions"):
        return 1 if {inter1.strip().lower(), inter2.strip().lower()} & _STATE else 2
    return 0


def parse(rows: list[Row], at: dict[str, int], today: dt.date) -> Batch:
    """Parse a chunk of rows; arguments as in the UCDP reader."""
    n = len(rows)
    table = list(zip(*(fields for _, fields in rows), strict=True))

    def column(name: str) -> list[str]:
        return [text.strip() for text in table[at[name]]] if name in at else [""] * n

    key = [text.upper() for text in column("event_id_cnty")]
    day, ok_day = days(column("event_date"))
    time_prec, ok_time = whole_numbers(column("time_precision"), 1, 3)
    geo_prec, ok_geo = whole_numbers(column("geo_precision"), 1, 3)
    best, ok_best = whole_numbers(column("fatalities"), 0, MOST_DEATHS)
    lat, ok_lat = numbers_of(column("latitude"))
    lon, ok_lon = numbers_of(column("longitude"))
    ok_place = ok_lat & ok_lon & (np.abs(np.nan_to_num(lat)) <= 90) & (np.abs(np.nan_to_num(lon)) <= 180)
    checks = [
        (np.array([bool(text) for text in key]), "event_id_cnty is empty"),
        (ok_day, "event_date is not a date (YYYY-MM-DD or dd/mm/yyyy)"),
        (day <= np.datetime64(today), "event_date lies in the future"),
        (ok_time, "time_precision is not 1, 2 or 3"),
        (ok_geo, "geo_precision is not 1, 2 or 3"),
        (ok_best, "fatalities is not a whole number of 0 or more"),
        (ok_place, "latitude or longitude is missing or outside the world"),
    ]
    good = np.ones(n, dtype=bool)
    reason = np.zeros(n, dtype=np.int64)
    for number, (ok, _) in enumerate(checks):
        reason[good & ~ok] = number
        good &= ok
    rejected: list[Rejected] = [(rows[i][0], checks[reason[i]][1], rows[i][1]) for i in np.flatnonzero(~good)]
    kept = np.flatnonzero(good)

    gw_of = {str(c.number): c.gw for c in areas.countries().values()}
    gid = lattice.gid_at(np.where(ok_place, lon, 0), np.where(ok_place, lat, 0))
    text = {
        name: column(name)
        for name in ("event_type", "inter1", "inter2", "civilian_targeting", "iso", "admin1", "admin2", "location",
                     "notes", "actor1", "actor2", "source", "sub_event_type")
    }  # fmt: skip
    values = []
    for i in kept.tolist():
        kind = kind_of(text["event_type"][i], text["inter1"][i], text["inter2"][i], text["civilian_targeting"][i])
        first = last = day[i].astype(dt.date)
        if time_prec[i] == 3:
            first = first.replace(day=1)
            last = last.replace(day=calendar.monthrange(last.year, last.month)[1])
        deaths = int(best[i])
        civilians = deaths if kind == 3 or text["civilian_targeting"][i] else (0 if deaths == 0 else None)
        values.append(
            (kind, first.isoformat(), last.isoformat(), _DATE_PREC[int(time_prec[i])], _WHERE_PREC[int(geo_prec[i])],
             float(lon[i]), float(lat[i]), int(gid[i]), gw_of.get(text["iso"][i].lstrip("0")), text["admin1"][i],
             text["admin2"][i], text["location"][i], "", text["actor1"][i], text["actor2"][i], None, None, civilians,
             None, deaths, None, None, text["sub_event_type"][i], text["notes"][i][:500], text["source"][i])
        )  # fmt: skip
    keys = [key[i] for i in kept]
    columns = list(zip(*values, strict=True)) if values else [()] * 25
    return Batch(
        rows=list(zip(keys, content_hashes(keys, columns), [False] * len(keys), *columns, strict=True)),
        lines=[rows[i][0] for i in kept],
        rejected=rejected,
        first_day=np.array(columns[1], dtype="datetime64[D]"),
        last_day=np.array(columns[2], dtype="datetime64[D]"),
        gw=np.array([g or 0 for g in columns[8]], dtype=np.int64),
        notes={},
    )
