"""What a store holds, as counts and hashes that do not depend on the database; and moving it to another one."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import Conflict, SetupProblem
from tocsin.core.progress import Progress
from tocsin.store.audit import verify
from tocsin.store.database import check_schema, open_store

BATCH = 2000
VERSION_TABLE = "alembic_version"
_TOP = 1 << 256

Digest = dict[str, tuple[int, str]]


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    """All tables as the database itself describes them, those referred to first."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        for column in table.c:
            if isinstance(column.type, sa.JSON):
                column.type = sa.JSON(none_as_null=True)
    return list(found.sorted_tables)


def digest(connection: sa.Connection) -> Digest:
    """Count and hash of every table: equal for equal content, on every database and in any order of rows."""
    result = {}
    for table in tables_of(connection):
        count, total = 0, 0
        names = sorted(table.c.keys())
        for row in _rows(connection, table):
            text = json.dumps([_plain(row[n]) for n in names], ensure_ascii=False, separators=(",", ":"))
            total = (total + int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())) % _TOP
            count += 1
        result[table.name] = (count, f"{total:064x}")
    return result


def differences(a: Digest, b: Digest) -> list[str]:
    """One sentence for each table that is not the same in both."""
    told = []
    for name in sorted(set(a) | set(b)):
        left, right = a.get(name), b.get(name)
        if left is None or right is None:
            told.append(f"{name} is there only once")
        elif left[0] != right[0]:
            told.append(f"{name} has {left[0]} rows here and {right[0]} there")
        elif left != right:
            told.append(f"{name} has other content")
    return told


def move(source: sa.Engine, target_url: str, tell: Progress = lambda step, done, total=None: None) -> Digest:
    """Copy all records into an empty database, whole or not at all, and check count and hash of every table.

    Nobody writes to the source meanwhile; afterwards it is marked as moved, so that no program uses it again.

    Returns
    -------
    Digest
        What was copied.

    Raises
    ------
    Conflict
        If the target holds something already.
    SetupProblem
        If the schema is not this program's, or what arrived is not what left.
    """
    check_schema(source)
    target = open_store(target_url, create=True)
    try:
        with source.begin() as out, target.begin() as into:
            tables = tables_of(out)
            if out.dialect.name == "postgresql":
                names = ", ".join(f'"{t.name}"' for t in tables)
                out.execute(sa.text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
            arriving = {t.name: t for t in tables_of(into)}
            held = [name for name, (count, _) in digest(into).items() if count and name != VERSION_TABLE]
            if held:
                raise Conflict("the new database is not empty ({name} has rows): give an empty one", name=held[0])
            for number, table in enumerate(tables):
                tell("copying records", number, len(tables))
                if table.name != VERSION_TABLE:
                    _copy(out, into, table, arriving[table.name])
            before, after = digest(out), digest(into)
            wrong = differences(before, after)
            if wrong:
                raise SetupProblem("the copy is not the same and was thrown away: {what}", what="; ".join(wrong))
            if not verify(into).sound:
                raise SetupProblem("the audit trail does not verify: run `tocsin audit verify` before moving")
            out.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = 'moved'"))  # noqa: S608 - our name
        return after
    finally:
        target.dispose()


def _copy(out: sa.Connection, into: sa.Connection, table: sa.Table, arriving: sa.Table) -> None:
    batch = []
    for row in _rows(out, table):
        batch.append({name: _aware(value) for name, value in row.items()})
        if len(batch) == BATCH:
            into.execute(sa.insert(arriving), batch)
            batch = []
    if batch:
        into.execute(sa.insert(arriving), batch)
    if into.dialect.name == "postgresql":
        for column in arriving.primary_key:
            # Numbers were given, so the database's own counter goes past them.
            counter = into.execute(sa.select(sa.func.pg_get_serial_sequence(f'"{table.name}"', column.name))).scalar()
            if counter:
                last = into.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one()
                into.execute(sa.select(sa.func.setval(counter, last + 1, False)))


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    # In the key's order, so that rows that refer to earlier ones of their table come later.
    query = sa.select(table).order_by(*table.primary_key).execution_options(yield_per=BATCH)
    for row in connection.execute(query).mappings():
        yield dict(row)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo is None else value


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, dt.datetime):
        return _aware(value).astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return value
