"""Rows in GED layout for tests: only what a test is about is spelled out."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from tocsin.core import lattice
from tocsin.listen.events.formats.ucdp import HEADER

BASE = {
    "type_of_violence": "3", "code_status": "Clear", "where_prec": "1", "date_prec": "1", "latitude": "6.25",
    "longitude": "20.25", "date_start": "2018-03-04 00:00:00.000", "date_end": "2018-03-04 00:00:00.000",
    "deaths_a": "0", "deaths_b": "0", "deaths_civilians": "3", "deaths_unknown": "0", "best": "3", "high": "5",
    "low": "2", "country": "Central African Republic", "country_id": "482", "side_a": "Raiders", "side_b": "Civilians",
    "adm_1": "West province", "where_coordinates": "Somewhere", "source_headline": "Raid on a market",
    "source_office": "Radio", "number_of_sources": "1",
}  # fmt: skip


def row(id: int, **changes: object) -> list[str]:
    values = {**BASE, "id": str(id), **{k: str(v) for k, v in changes.items()}}
    lon, lat = values["longitude"], values["latitude"]
    values.setdefault("geom_wkt", f"POINT ({lon} {lat})")
    try:
        values.setdefault("priogrid_gid", str(int(lattice.gid_at(float(lon), float(lat)))))
    except Exception:
        values.setdefault("priogrid_gid", "1")
    return [values.get(name, "") for name in HEADER]


def alike(ids: Iterable[int]) -> list[list[str]]:
    """Rows that differ by their numbers alone, however many."""
    at, one = HEADER.index("id"), row(0)
    return [[*one[:at], str(id), *one[at + 1 :]] for id in ids]


def text(rows: list[list[str]], header: bool = True) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    if header:
        writer.writerow(HEADER)
    writer.writerows(rows)
    return out.getvalue()


def write(path: Path, rows: list[list[str]], header: bool = True) -> Path:
    path.write_text(text(rows, header), encoding="utf-8", newline="")
    return path
