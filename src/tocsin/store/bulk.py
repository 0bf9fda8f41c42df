"""Putting many rows into a table fast: executemany on SQLite, COPY on PostgreSQL."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


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
