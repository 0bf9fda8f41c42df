"""A store of every schema that ever was, a row in each table, goes up to today's and back: nothing changes.

No version is released yet: every revision that stood on the main branch counts as one.
"""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from tests.store.conftest import copy_of_empty
from tocsin.core.errors import SetupProblem
from tocsin.store.database import _alembic, check_schema, downgrade, open_store, upgrade
from tocsin.store.transfer import VERSION_TABLE, tables_of

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
NOW = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request, tmp_path):
    made = open_store(copy_of_empty(request.param, tmp_path, request))
    yield made
    made.dispose()


def test_every_revision_is_tried(engine) -> None:
    known = {s.revision for s in ScriptDirectory.from_config(_alembic(engine)).walk_revisions()}
    assert known == set(REVISIONS), "a new migration: add it here"


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_up_and_back_with_data(engine, revision: str) -> None:
    downgrade(engine, revision)
    with engine.begin() as connection:
        fill(connection)
        before = content(connection)
    assert all(before.values())
    with pytest.raises(SetupProblem, match="tocsin upgrade"):
        check_schema(engine)
    upgrade(engine)
    check_schema(engine)
    with engine.begin() as connection:
        assert content(connection, before) == before
        fill(connection, known=set(before))  # the newer tables hold something too when they are taken away
    downgrade(engine, revision)
    with engine.begin() as connection:
        assert content(connection) == before


def fill(connection: sa.Connection, known: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    """A row in every table that has none, as the database describes it."""
    keys: dict[str, dict[str, Any]] = {}
    for table in tables_of(connection):
        there = connection.execute(sa.select(table)).mappings().first()
        if table.name == VERSION_TABLE or there is not None:
            keys[table.name] = dict(there or {})
            continue
        assert table.name not in known
        row = {}
        for column in table.c:
            foreign = next(iter(column.foreign_keys), None)
            if foreign is not None and foreign.column.table is table:
                row[column.name] = None
            elif foreign is not None:
                row[column.name] = keys[foreign.column.table.name][foreign.column.name]
            else:
                row[column.name] = value(column)
        connection.execute(sa.insert(table).values(row))
        keys[table.name] = row


def value(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, sa.JSON):
        return {"word": [1, "é"]}
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer):
        return 7
    if isinstance(kind, sa.Numeric | sa.Float):
        return 0.5
    if isinstance(kind, sa.LargeBinary):
        return b"\x00\xff"
    if isinstance(kind, sa.DateTime):
        return NOW
    if isinstance(kind, sa.Date):
        return NOW.date()
    return {"tlp": "AMBER", "classification": "UNCLASSIFIED"}.get(column.name, f"ü {column.name}")


def content(connection: sa.Connection, like: Rows | None = None) -> Rows:
    """Every row, with the tables and columns of `like` if given."""
    found: Rows = {}
    for table in tables_of(connection):
        if table.name == VERSION_TABLE or (like is not None and table.name not in like):
            continue
        names = sorted(table.c.keys()) if like is None else sorted(like[table.name][0])
        rows = connection.execute(sa.select(*(table.c[n] for n in names))).mappings()
        found[table.name] = [{n: plain(row[n]) for n in names} for row in rows]
    return found


def plain(item: Any) -> Any:
    if isinstance(item, dt.datetime):
        return item.replace(tzinfo=dt.UTC) if item.tzinfo is None else item.astimezone(dt.UTC)
    return bytes(item) if isinstance(item, memoryview) else item
