"""Tables as people take them away: CSV, XLSX, Parquet, GeoPackage and GeoJSON of the same rows."""

import csv
import datetime as dt
import io
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.core.errors import BadInput, SetupProblem
from tocsin.listen.files.spreadsheet import FORMULA

UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # control signs a workbook cannot hold
FORMATS = ("json", "csv", "xlsx", "parquet", "gpkg")
MEDIA = {
    "json": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "gpkg": "application/geopackage+sqlite3",
}
Geometry = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows with a place each.

    Parameters
    ----------
    name : str
    columns : mapping of str to type
        Name and kind (int, float, str, bool) of each column.
    rows : sequence of mapping
        One value a column; None where unknown.
    geometry : sequence of GeoJSON geometry or None
        WGS84, longitude first; as long as `rows`.
    """

    name: str
    columns: Mapping[str, type]
    rows: Sequence[Mapping[str, Any]]
    geometry: Sequence[Geometry | None]


def write_table(table: Table, form: str) -> bytes:
    """A table as one file.

    Raises
    ------
    BadInput
        If there is no such format.
    SetupProblem
        If it needs an extra that is not installed.
    """
    if form == "csv":
        return _csv(table)
    if form == "xlsx":
        return _xlsx(table)
    if form == "parquet":
        return _parquet(table)
    if form == "gpkg":
        return _gpkg(table)
    if form == "json":
        return json.dumps(collection(table), ensure_ascii=False, allow_nan=False).encode()
    raise BadInput("there is no format '{name}': {known} are", name=form, known=", ".join(FORMATS))


def collection(table: Table) -> dict[str, Any]:
    """The table as a GeoJSON feature collection; a feature's id is its row's `id`."""
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": row.get("id"), "geometry": place,
             "properties": {name: plain(row.get(name)) for name in table.columns}}
            for row, place in zip(table.rows, table.geometry, strict=True)
        ],
    }  # fmt: skip


def plain(value: Any) -> Any:
    """A value as JSON and files hold it: times in ISO 8601, UTC; a number that is none is unknown."""
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).isoformat()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _cell(value: Any) -> Any:
    """A value for a spreadsheet: a text that a spreadsheet would run as a formula is kept as text."""
    told = plain(value)
    if isinstance(told, str):
        told = UNWRITABLE.sub("", told)
    return f"'{told}" if isinstance(told, str) and FORMULA.match(told) else told


def _flat(table: Table) -> tuple[list[str], list[list[Any]]]:
    points = any(p is not None and p["type"] == "Point" for p in table.geometry)
    more = ["lon", "lat"] if points else []
    rows = []
    for row, place in zip(table.rows, table.geometry, strict=True):
        where = list(place["coordinates"]) if points and place else [None] * len(more)
        rows.append([row.get(name) for name in table.columns] + where)
    return [*table.columns, *more], rows


def _csv(table: Table) -> bytes:
    names, rows = _flat(table)
    out = io.StringIO()
    pen = csv.writer(out, lineterminator="\r\n")
    pen.writerow(names)
    pen.writerows([_cell(v) for v in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _xlsx(table: Table) -> bytes:
    try:
        import openpyxl
    except ImportError:
        raise SetupProblem("XLSX needs the package openpyxl (pip install openpyxl); CSV works without") from None
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(table.name[:31])
    names, rows = _flat(table)
    sheet.append(names)
    for row in rows:
        sheet.append([_cell(v) for v in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _columns(table: Table) -> dict[str, Any]:
    """Columns as arrays; a whole number that may be unknown becomes a float, so that unknown stays unknown."""
    found: dict[str, Any] = {}
    for name, kind in table.columns.items():
        values = [plain(row.get(name)) for row in table.rows]
        if kind is str:
            found[name] = np.array([None if v is None else str(v) for v in values], dtype=object)
        elif any(v is None for v in values):
            found[name] = np.array([np.nan if v is None else float(v) for v in values])
        else:
            found[name] = np.array(values, dtype={int: np.int64, float: np.float64, bool: np.bool_}[kind])
    return found


def _wkb(table: Table) -> Any:
    import shapely
    from shapely.geometry import shape

    return np.array([None if p is None else shapely.to_wkb(shape(p)) for p in table.geometry], dtype=object)


def _parquet(table: Table) -> bytes:
    """Columns handed over whole: row by row the same took 9 s of a processor for 10,000 rows."""
    import duckdb

    kinds = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN"}
    held: dict[str, Any] = {}
    parts = []
    for number, (name, kind) in enumerate(table.columns.items()):
        held[f"c{number}"] = _masked([plain(row.get(name)) for row in table.rows], kind)
        quoted = name.replace('"', '""')
        parts.append(f'CAST(c{number} AS {kinds[kind]}) AS "{quoted}"')
    held["shape"] = _wkb(table)
    parts.append("CAST(shape AS BLOB) AS geometry")
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as db:
        path = Path(folder) / "table.parquet"
        db.register("held", held)
        target = str(path).replace("'", "''")
        select = f"SELECT {', '.join(parts)} FROM held"  # noqa: S608 - names are quoted, nothing else is given
        db.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        return path.read_bytes()


def _masked(values: list[Any], kind: type) -> Any:
    """A column in which unknown stays unknown, whatever its kind."""
    if kind is str:
        return np.array([None if v is None else str(v) for v in values], dtype=object)
    unknown = [v is None for v in values]
    filled = [kind(0) if v is None else v for v in values]
    return np.ma.MaskedArray(np.array(filled, dtype={int: np.int64, float: np.float64, bool: np.bool_}[kind]), unknown)


def _gpkg(table: Table) -> bytes:
    try:
        from pyogrio.raw import write
    except ImportError:
        raise SetupProblem("GeoPackage needs the extra `geofiles` (pip install 'tocsin[geofiles]')") from None
    columns = _columns(table)
    kinds = {p["type"] for p in table.geometry if p is not None} or {"Point"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{table.name}.gpkg"
        write(
            path, geometry=_wkb(table), field_data=list(columns.values()), fields=list(columns), layer=table.name,
            driver="GPKG", geometry_type=next(iter(kinds)) if len(kinds) == 1 else "Unknown", crs="EPSG:4326",
        )  # fmt: skip
        return path.read_bytes()
