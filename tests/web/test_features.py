"""Collections for other tools: the standard's core, the same rights as the screen, and files that can be read back."""

import csv
import io
import time
from pathlib import Path

import duckdb
import openpyxl
import pytest

from tocsin.brief.tables import Table, collection, write_table
from tocsin.core.errors import BadInput

TABLE = Table(
    "alerts",
    {"id": int, "place": str, "reports": int, "sure": bool},
    [
        {"id": 1, "place": "=1+1", "reports": 3, "sure": True},
        {"id": 2, "place": "Bangassou, près du pont", "reports": None, "sure": False},
        {"id": 3, "place": None, "reports": 0, "sure": False},
    ],
    [{"type": "Point", "coordinates": [18.5, 4.25]}, {"type": "Point", "coordinates": [22.8, 4.7]}, None],
)


def test_csv_keeps_unknown_empty_and_formulas_as_text() -> None:
    rows = list(csv.DictReader(io.StringIO(write_table(TABLE, "csv").decode("utf-8-sig"))))
    assert [r["reports"] for r in rows] == ["3", "", "0"]
    assert rows[0]["place"] == "'=1+1"
    assert (rows[1]["lon"], rows[1]["lat"], rows[2]["lon"]) == ("22.8", "4.7", "")


def test_xlsx_reads_back() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(write_table(TABLE, "xlsx"))).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("id", "place", "reports", "sure", "lon", "lat")
    assert rows[2] == (2, "Bangassou, près du pont", None, False, 22.8, 4.7)
    assert rows[1][1] == "'=1+1"


def test_parquet_reads_back_with_types(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(write_table(TABLE, "parquet"))
    with duckdb.connect() as db:
        found = db.execute(
            "SELECT id, place, reports, sure, geometry IS NULL FROM read_parquet(?)", [str(path)]
        ).fetchall()
    assert found == [
        (1, "=1+1", 3, True, False), (2, "Bangassou, près du pont", None, False, False), (3, None, 0, False, True),
    ]  # fmt: skip


def test_parquet_of_a_large_table_takes_no_time(tmp_path: Path) -> None:
    """Written by columns: 20,000 rows cost 18 s of a processor when each was put in by itself."""
    count = 20_000
    rows = [{"id": n, "place": None if n % 3 else f"p{n}", "reports": None, "sure": None} for n in range(count)]
    table = Table(
        "alerts", TABLE.columns, rows, [{"type": "Point", "coordinates": [n / 1e4, 5.0]} for n in range(count)]
    )
    begun = time.process_time()
    path = tmp_path / "a.parquet"
    path.write_bytes(write_table(table, "parquet"))
    assert time.process_time() - begun < 4
    with duckdb.connect() as db:
        found = db.execute("SELECT count(*), count(place), count(reports), count(sure), count(geometry), sum(id) "
                           "FROM read_parquet(?)", [str(path)]).fetchall()  # fmt: skip
        kinds = {r[0]: r[1] for r in db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()}
    assert found == [(count, 6_667, 0, 0, count, count * (count - 1) // 2)]
    assert (kinds["place"], kinds["reports"], kinds["sure"]) == ("VARCHAR", "BIGINT", "BOOLEAN")


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(write_table(Table("alerts", TABLE.columns, [], []), "parquet"))
    with duckdb.connect() as db:
        kinds = [tuple(r[:2]) for r in db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()]
    assert kinds == [("id", "BIGINT"), ("place", "VARCHAR"), ("reports", "BIGINT"), ("sure", "BOOLEAN"),
                     ("geometry", "BLOB")]  # fmt: skip


@pytest.mark.parametrize("opener", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("before", ["", " ", "\n", "\t", "\r", "\u00a0", "\u3000 "])
def test_no_text_becomes_a_formula(before: str, opener: str) -> None:
    text = f"{before}{opener}cmd|' /C calc'!A0"
    table = Table("t", {"id": int, "place": str}, [{"id": 1, "place": text}], [None])
    (row,) = csv.DictReader(io.StringIO(write_table(table, "csv").decode("utf-8-sig"), newline=""))
    assert row["place"] == f"'{text}"
    sheet = openpyxl.load_workbook(io.BytesIO(write_table(table, "xlsx"))).active
    assert sheet is not None
    held = sheet.cell(2, 2)
    assert str(held.value).startswith("'")
    assert held.data_type == "s"


def test_a_number_below_zero_stays_a_number() -> None:
    table = Table("t", {"id": int, "gain": float}, [{"id": -1, "gain": -2.5}], [None])
    assert write_table(table, "csv").decode("utf-8-sig").splitlines()[1] == "-1,-2.5"


def test_geopackage_reads_back(tmp_path: Path) -> None:
    raw = pytest.importorskip("pyogrio.raw", reason="the extra geofiles is not installed")
    path = tmp_path / "a.gpkg"
    path.write_bytes(write_table(TABLE, "gpkg"))
    about, _, shapes, columns = raw.read(path)
    assert about["crs"] == "EPSG:4326"
    found = dict(zip(about["fields"], columns, strict=True))
    assert found["place"].tolist() == ["=1+1", "Bangassou, près du pont", None]
    assert shapes[2] is None


def test_geojson_has_ids_and_nulls() -> None:
    found = collection(TABLE)["features"]
    assert found[1]["id"] == 2
    assert found[1]["properties"]["reports"] is None
    assert found[2]["geometry"] is None


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(BadInput, match="csv"):
        write_table(TABLE, "dbf")


def test_an_instant_is_compared_in_utc_whatever_its_offset() -> None:
    from tocsin.web.api.features import _times

    assert _times("2026-03-01T14:00:00+02:00/..") == ("2026-03-01T12:00:00", "")
    assert _times("2026-03-01T10:00:00.000Z") == ("2026-03-01T10:00:00", "2026-03-01T10:00:00")
    assert _times("2026-03") == ("2026-03", "2026-03")


def test_control_signs_do_not_break_a_workbook() -> None:
    from tocsin.brief.tables import _cell

    assert _cell("Ba\x0bkala\n=x") == "Bakala\n=x"
    assert _cell("\x0b=1+1") == "'=1+1"
