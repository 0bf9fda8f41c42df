"""Runs: what was calculated, from which inputs, by which version. Same inputs and version: the same run."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin import __version__
from tocsin.store.database import reading, writing
from tocsin.store.tables import run


@dataclass(frozen=True)
class _Finished:
    """A run that is not written down yet."""

    id: str
    kind: str
    inputs: dict[str, Any]
    output: dict[str, Any]
    made_at: dt.datetime


@contextmanager
def calculating(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection for long work that keeps nobody from writing.

    It reads the records as they were when it began (on PostgreSQL, too); the runs finished with it are seen by it at
    once, and written down together in one short transaction when the block ends well. What others changed meanwhile is
    not in them: their inputs say what was known, and they count as made when the work began, so that a plan from older
    records never takes the place of a newer one.
    """
    finished: list[_Finished] = []
    with reading(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        connection.execution_options(finished=finished)
        yield connection
    if finished:
        with writing(engine) as connection:
            for made in finished:
                finish_run(connection, made.id, made.kind, made.inputs, made.output, made.made_at)


def _finished(connection: sa.Connection) -> list[_Finished] | None:
    found: list[_Finished] | None = connection.get_execution_options().get("finished")
    return found


def run_id(kind: str, inputs: dict[str, Any]) -> str:
    """Twelve hex digits that name a run: a hash of its kind, its inputs and the program version."""
    text = json.dumps([kind, inputs, __version__], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def run_of(connection: sa.Connection, id: str) -> dict[str, Any] | None:
    """What an earlier run gave, or None."""
    for made in reversed(_finished(connection) or []):
        if made.id == id:
            return dict(made.output)
    found = connection.execute(sa.select(run.c.output).where(run.c.id == id)).scalar_one_or_none()
    return None if found is None else dict(found)


def finish_run(
    connection: sa.Connection, id: str, kind: str, inputs: dict[str, Any], output: dict[str, Any], now: dt.datetime
) -> None:
    """Write down a finished run (again: the newer output replaces the older, as its files did).

    Not from a connection for reading (`tocsin.store.reading`): a page asked for must neither wait for a writer nor hold
    one up, and nothing it does is kept. From a connection for long work (`calculating`) it is written at the end.
    """
    waiting = _finished(connection)
    if waiting is not None:
        waiting.append(_Finished(id, kind, inputs, output, now))
        return
    if not connection.get_execution_options().get("writes", True):
        return
    connection.execute(sa.delete(run).where(run.c.id == id))
    connection.execute(
        sa.insert(run).values(id=id, kind=kind, inputs=inputs, version=__version__, made_at=now, output=output)
    )


def latest_run(connection: sa.Connection, kind: str) -> tuple[str, dict[str, Any]] | None:
    """Id and output of the newest run of a kind, or None."""
    for made in reversed(_finished(connection) or []):
        if made.kind == kind:
            return made.id, dict(made.output)
    row = connection.execute(
        sa.select(run.c.id, run.c.output).where(run.c.kind == kind).order_by(run.c.made_at.desc()).limit(1)
    ).one_or_none()
    return None if row is None else (row.id, dict(row.output))
