"""One SQL text, the same numbers to the last digit on every engine."""

import importlib.util
import os
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from tests.assess.panel.test_placement import DEC, events, ground
from tocsin.assess.panel.build import count, panel_sql
from tocsin.assess.panel.placement import Placed, place

SPARK = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
COLUMNS = ("gid", "month", "sb", "ns", "os", "civilians", "shared")


@pytest.fixture
def placed() -> Placed:
    dice = np.random.default_rng(12)
    n = 3_000
    first = np.datetime64("2018-01-01") + dice.integers(0, 300, n).astype("m8[D]")
    known = events(
        kind=dice.integers(1, 4, n), best=dice.integers(0, 4_000, n), deaths_civilians=dice.integers(0, 50, n),
        where_prec=dice.integers(1, 7, n), date_prec=dice.integers(0, 6, n), lon=dice.uniform(20, 22, n),
        lat=dice.uniform(5, 7, n), first_day=first, last_day=first + dice.integers(0, 200, n).astype("m8[D]"),
        adm_1=["East"] * n,
    )  # fmt: skip
    return place(known, ground(dice.uniform(0, 9, 16)), DEC)


def tables(placed: Placed) -> dict[str, tuple[list[str], list[tuple]]]:
    found = {"known_event": placed.event, "place_share": placed.place_share, "span_share": placed.span_share}
    return {
        name: (list(columns), list(zip(*(c.tolist() for c in columns.values()), strict=True)))
        for name, columns in found.items()
    }


def duck(placed: Placed) -> list[tuple]:
    found = count(placed)
    return list(zip(*(found[c].tolist() for c in COLUMNS), strict=True))


def load(cursor: Any, placed: Placed, mark: str) -> None:
    for name, (columns, rows) in tables(placed).items():
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({', '.join(f'{c} BIGINT' for c in columns)})")
        cursor.executemany(f"INSERT INTO {name} VALUES ({', '.join([mark] * len(columns))})", rows)


def test_sqlite_counts_as_duckdb(placed: Placed) -> None:
    connection = sqlite3.connect(":memory:")
    load(connection.cursor(), placed, "?")
    assert connection.execute(panel_sql()).fetchall() == duck(placed)
    connection.close()


def test_postgresql_counts_as_duckdb(placed: Placed, postgres: str) -> None:
    address = postgres.replace("postgresql+psycopg", "postgresql") + "/postgres"
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        load(cursor, placed, "%s")
        assert cursor.execute(panel_sql()).fetchall() == duck(placed)


@pytest.mark.skipif(
    not (SPARK and os.environ.get("TOCSIN_NIGHTLY")), reason="a minute, and needs pyspark and Java: TOCSIN_NIGHTLY=1"
)
def test_spark_counts_as_duckdb(placed: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    """On two executor processes, so that rows are shuffled over sockets, not only between threads."""
    import pyspark
    from pyspark.sql import SparkSession

    monkeypatch.setenv("SPARK_HOME", str(Path(pyspark.__file__).parent))
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    builder: Any = SparkSession.builder
    session = builder.appName("parity").master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
    session = session.config("spark.sql.shuffle.partitions", "4").getOrCreate()
    try:
        for name, (columns, rows) in tables(placed).items():
            frame = session.createDataFrame(rows, schema=", ".join(f"{c} bigint" for c in columns))
            frame.repartition(4).createOrReplaceTempView(name)
        found = [tuple(row) for row in session.sql(panel_sql()).collect()]
    finally:
        session.stop()
    assert found == duck(placed)


def test_a_plain_loop_counts_as_duckdb(placed: Placed) -> None:
    places: dict[int, list[tuple[int, int]]] = {}
    for id, gid, share in zip(*(placed.place_share[c].tolist() for c in ("place_id", "gid", "share")), strict=True):
        places.setdefault(id, []).append((gid, share))
    spans: dict[int, list[tuple[int, int]]] = {}
    for id, month, share in zip(*(placed.span_share[c].tolist() for c in ("span_id", "month", "share")), strict=True):
        spans.setdefault(id, []).append((month, share))
    found: dict[tuple[int, int], list[int]] = {}
    rows = zip(*(placed.event[c].tolist() for c in ("place_id", "span_id", "kind", "best", "civilians")), strict=True)
    for place_id, span_id, kind, best, civilians in rows:
        for gid, a in places[place_id]:
            for month, b in spans.get(span_id, []):
                sums = found.setdefault((gid, month), [0] * 5)
                sums[kind - 1] += best * a * b
                sums[3] += (best if kind == 3 else civilians) * a * b
                sums[4] += best * a * b if a < 1_000_000 or b < 10_000 else 0
    assert [(*key, *found[key]) for key in sorted(found)] == duck(placed)
