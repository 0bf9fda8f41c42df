"""UCDP GED and UCDP Candidate: the same 49 columns, yearly and monthly.

Source: UCDP GED codebook; columns as in release 23.1. Licence CC BY 4.0.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tocsin.core import lattice
from tocsin.listen.events.model import Batch, Rejected
from tocsin.listen.files.columns import days, numbers_of, whole_numbers
from tocsin.listen.files.content import content_hashes
from tocsin.listen.files.rows import Row

HEADER = (
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id", "conflict_new_id",
    "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id", "side_a_new_id", "side_a",
    "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources", "source_article", "source_office",
    "source_date", "source_headline", "source_original", "where_prec", "where_coordinates", "where_description",
    "adm_1", "adm_2", "latitude", "longitude", "geom_wkt", "priogrid_gid", "country", "country_id", "region",
    "event_clarity", "date_prec", "date_start", "date_end", "deaths_a", "deaths_b", "deaths_civilians",
    "deaths_unknown", "best", "high", "low", "gwnoa", "gwnob",
)  # fmt: skip
NEEDED = (
    "id", "type_of_violence", "where_prec", "latitude", "longitude", "date_prec", "date_start", "date_end",
    "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best",
)  # fmt: skip
LICENCE = "CC BY 4.0"
CITATION = (
    "Sundberg & Melander (2013), Introducing the UCDP Georeferenced Event Dataset, Journal of Peace Research 50(4): "
    "523-532; and the yearly UCDP article for the release used"
)
CANDIDATE_CITATION = (
    "Hegre, Croicu, Eck & Högbladh (2020), Introducing the UCDP Candidate Events Dataset, Research & Politics 7(3)"
)
MOST_DEATHS = 10_000_000


def columns_of(first: Sequence[str]) -> dict[str, int] | None:
    """Position of each column if the first row is a GED header, else None."""
    names = {name.strip().lower(): at for at, name in enumerate(first)}
    return names if all(name in names for name in NEEDED) else None


def is_headerless(first: Sequence[str]) -> bool:
    """Whether the first row is a GED event itself: some releases come without header."""
    return (
        len(first) == len(HEADER)
        and first[0].strip().isdigit()
        and first[5].strip() in ("1", "2", "3")
        and first[31].strip().upper().startswith("POINT")
    )


def _key(text: str) -> str:
    """One way of writing an id, so that ``007`` is no second event beside ``7``; '' if it is none."""
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) <= 18 else ""


def parse(rows: list[Row], at: dict[str, int], today: dt.date) -> Batch:
    """Parse a chunk of rows.

    Parameters
    ----------
    rows : list of (line, fields)
        All of the header's width.
    at : dict of column name → position
    today : date
        Events that start later are refused.
    """
    table = list(zip(*(fields for _, fields in rows), strict=True))
    n = len(rows)

    def column(name: str) -> Sequence[str]:
        return table[at[name]] if name in at else [""] * n

    key = [_key(text.strip()) for text in column("id")]
    kind, ok_kind = whole_numbers(column("type_of_violence"), 1, 3)
    where_prec, ok_where = whole_numbers(column("where_prec"), 1, 7)
    date_prec, ok_dates = whole_numbers(column("date_prec"), 0, 5)
    lat, ok_lat = numbers_of(column("latitude"))
    lon, ok_lon = numbers_of(column("longitude"))
    ok_place = ok_lat & ok_lon & (np.abs(np.nan_to_num(lat)) <= 90) & (np.abs(np.nan_to_num(lon)) <= 180)
    first_day, ok_first = days(column("date_start"))
    last_day, ok_last = days(column("date_end"))
    deaths = {
        name: whole_numbers(column(name), 0, MOST_DEATHS)
        for name in ("best", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")
    }
    bounds = {name: whole_numbers(column(name), 0, MOST_DEATHS) for name in ("low", "high")}
    gw, ok_gw = whole_numbers(column("country_id"), 1, 999)

    checks = [
        (np.array([bool(text) for text in key]), "id is not a whole number"),
        (ok_kind, "type_of_violence is not 1, 2 or 3"),
        (ok_where, "where_prec is not 1 to 7"),
        (ok_dates, "date_prec is not 0 to 5"),
        (ok_place, "latitude or longitude is missing or outside the world"),
        (ok_first, "date_start is not a date (YYYY-MM-DD or dd/mm/yyyy)"),
        (ok_last, "date_end is not a date (YYYY-MM-DD or dd/mm/yyyy)"),
        (last_day >= first_day, "date_end lies before date_start"),
        ((last_day - first_day).astype(np.int64) <= 732, "the event spans more than two years"),
        (first_day <= np.datetime64(today), "date_start lies in the future"),
        *((ok, f"{name} is not a whole number from 0 to {MOST_DEATHS:,}") for name, (_, ok) in deaths.items()),
    ]
    good = np.ones(n, dtype=bool)
    reason = np.zeros(n, dtype=np.int64)
    for number, (ok, _) in enumerate(checks):
        reason[good & ~ok] = number
        good &= ok
    rejected: list[Rejected] = [(rows[i][0], checks[reason[i]][1], rows[i][1]) for i in np.flatnonzero(~good)]

    gid = lattice.gid_at(np.where(ok_place, lon, 0), np.where(ok_place, lat, 0))
    notes: Counter[str] = Counter()
    if "priogrid_gid" in at:
        told, ok_told = whole_numbers(column("priogrid_gid"), 1, lattice.ROWS * lattice.COLUMNS)
        notes["priogrid_gid differs from the coordinates"] = int((good & ok_told & (told != gid)).sum())

    def maybe(values: tuple[Any, Any]) -> list[int | None]:
        return [int(v) if ok else None for v, ok in zip(values[0].tolist(), values[1].tolist(), strict=True)]

    stripped = {
        name: [text.strip() for text in column(name)]
        for name in ("adm_1", "adm_2", "where_coordinates", "where_description", "side_a", "side_b", "code_status",
                     "source_headline", "source_article", "source_office")
    }  # fmt: skip
    source_text = [
        office or article for office, article in zip(stripped["source_office"], stripped["source_article"], strict=True)
    ]
    values = [
        kind.tolist(), np.datetime_as_string(first_day).tolist(), np.datetime_as_string(last_day).tolist(),
        date_prec.tolist(), where_prec.tolist(), lon.tolist(), lat.tolist(), gid.tolist(), maybe((gw, ok_gw)),
        stripped["adm_1"], stripped["adm_2"], stripped["where_coordinates"], stripped["where_description"],
        stripped["side_a"], stripped["side_b"],
        *(deaths[name][0].tolist() for name in ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best")),
        maybe(bounds["low"]), maybe(bounds["high"]), stripped["code_status"], stripped["source_headline"], source_text,
    ]  # fmt: skip
    kept = np.flatnonzero(good)
    if len(kept) < n:
        values = [[column[i] for i in kept] for column in values]
        key = [key[i] for i in kept]
    content = content_hashes(key, values)
    withdrawn = [False] * len(kept)
    return Batch(
        rows=list(zip(key, content, withdrawn, *values, strict=True)),
        lines=[rows[i][0] for i in kept],
        rejected=rejected,
        first_day=first_day[good],
        last_day=last_day[good],
        gw=np.where(ok_gw, gw, 0)[good],
        notes=dict(notes),
    )
