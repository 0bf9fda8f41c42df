"""Runs: what was calculated, from which inputs, by which version. Same inputs and version: the same run."""

import datetime as dt
import hashlib
import json
from typing import Any

import sqlalchemy as sa

from tocsin import __version__
from tocsin.store.tables import run


def run_id(kind: str, inputs: dict[str, Any]) -> str:
    """Twelve hex digits that name a run: a hash of its kind, its inputs and the program version."""
    text = json.dumps([kind, inputs, __version__], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def run_of(connection: sa.Connection, id: str) -> dict[str, Any] | None:
    """What an earlier run gave, or None."""
    found = connection.execute(sa.select(run.c.output).where(run.c.id == id)).scalar_one_or_none()
    return None if found is None else dict(found)


def finish_run(
    connection: sa.Connection, id: str, kind: str, inputs: dict[str, Any], output: dict[str, Any], now: dt.datetime
) -> None:
    """Write down a finished run (again: the newer output replaces the older, as its files did).

    Not from a connection for reading (`tocsin.store.reading`): a page asked for must neither wait for a writer nor hold
    one up, and nothing it does is kept.
    """
    if not connection.get_execution_options().get("writes", True):
        return
    connection.execute(sa.delete(run).where(run.c.id == id))
    connection.execute(
        sa.insert(run).values(id=id, kind=kind, inputs=inputs, version=__version__, made_at=now, output=output)
    )


def latest_run(connection: sa.Connection, kind: str) -> tuple[str, dict[str, Any]] | None:
    """Id and output of the newest run of a kind, or None."""
    row = connection.execute(
        sa.select(run.c.id, run.c.output).where(run.c.kind == kind).order_by(run.c.made_at.desc()).limit(1)
    ).one_or_none()
    return None if row is None else (row.id, dict(row.output))
