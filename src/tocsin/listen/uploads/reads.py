"""Files brought, the newest first, each with how far it has come."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import NotFound
from tocsin.core.mission import Mission
from tocsin.listen.uploads.actions import is_stopped, mine
from tocsin.listen.uploads.shelf import Shelf
from tocsin.listen.uploads.tables import upload
from tocsin.store.policy import Actor, demand, only_readable

LINE = ("id", "name", "bytes", "sha256", "brought_at", "ends_at", "turn", "state", "wanted", "ended_at", "taken",
        "problem")  # fmt: skip


def list_uploads(
    connection: sa.Connection, actor: Actor, shelf: Shelf, now: dt.datetime, most: int = 20
) -> list[dict[str, Any]]:
    """What the actor may see of what was brought; what was thrown away is left out."""
    demand(actor, "read", "import")
    query = only_readable(sa.select(upload), upload, actor).where(upload.c.state != "gone")
    rows = connection.execute(query.order_by(upload.c.id.desc()).limit(most)).mappings()
    return [_line(dict(row), actor, shelf, now) for row in rows]


def upload_of(connection: sa.Connection, actor: Actor, shelf: Shelf, id: int, now: dt.datetime) -> dict[str, Any]:
    """One file with what was found in it.

    Raises
    ------
    NotFound
    """
    row = mine(connection, actor, id, "read")
    chosen = {k: row[k] for k in ("layout", "columns", "release", "published_on")}
    return {**_line(row, actor, shelf, now), "chosen": chosen, "looked": row["looked"],
            "has_rejects": _rejects(row, shelf) is not None}  # fmt: skip


def rejects_of(connection: sa.Connection, actor: Actor, mission: Mission, id: int) -> Path:
    """The file of rows that could not be used.

    Raises
    ------
    NotFound
    """
    found = _rejects(mine(connection, actor, id, "read"), Shelf.of(mission))
    if found is None:
        raise NotFound("there are no rejected rows of this file here")
    return found


def _rejects(row: Mapping[str, Any], shelf: Shelf) -> Path | None:
    """Of an import the file that stays in the mission folder, else that of the last look."""
    try:
        path = shelf.folder.parent / row["rejects"] if row["rejects"] else shelf.rejects(row["shelf"])
    except NotFound:
        return None
    inside = path.resolve().is_relative_to(shelf.folder.parent.resolve())
    return path if inside and path.is_file() else None


def _line(row: Mapping[str, Any], actor: Actor, shelf: Shelf, now: dt.datetime) -> dict[str, Any]:
    one = {name: row[name] for name in LINE}
    beat = shelf.last_beat(row["shelf"]) if row["state"] == "working" else None
    one["rows_read"] = None if beat is None else beat[1]
    if is_stopped(row, shelf, now):
        one["state"] = "stopped"
    one["mine"] = row["owner"] == actor.id
    return one
