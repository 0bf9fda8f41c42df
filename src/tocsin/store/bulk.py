"""Many rows in and out fast: executemany or COPY in, plain columns out."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

InsertRows = Callable[[sa.Connection, sa.Table, Sequence[str], Sequence[Sequence[Any]]], None]


def insert_rows(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows into a table inside the running transaction.

    Parameters
    ----------
    connection : Connection
    table : Table
    columns : sequence of str
        Column names, in the order of each row's values. Values are plain (dates as ``YYYY-MM-DD`` text, None for
        unknown); they go to the driver as they are.
    rows : iterable of sequences
    """
    names = ", ".join(f'"{c}"' for c in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor = connection.connection.cursor()
        cursor.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)  # noqa: S608 - our names
        cursor.close()
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def insert_nothing(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """In place of `insert_rows`, for a look at what would be taken."""


def fetch_columns(connection: sa.Connection, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    """Columns of a query's result as tuples of plain values, in the order of the query; empty tuples for no row.

    For hundreds of thousands of rows: takes the driver's own rows, without a wrapper object each.
    """
    result = connection.execute(query)
    width = len(result.keys())
    with without_garbage_collection():
        rows = result.cursor.fetchall()
        result.close()
        return list(zip(*rows, strict=True)) if rows else [()] * width


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Hold off the cycle collector while millions of plain values are made, which it would walk again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
