"""Bringing a file, saying how it is to be read, importing it, throwing it away."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput, Conflict, NotFound, TooMany
from tocsin.listen.imports import LAYOUTS
from tocsin.listen.uploads.shelf import Arriving, Shelf, clean_name
from tocsin.listen.uploads.tables import upload
from tocsin.store.policy import Actor, Thing, demand, only_readable, policy

KEPT = dt.timedelta(hours=24)
REMEMBERED = dt.timedelta(days=30)  # what came of a file; the trail and the list of sources keep theirs
MOST_OPEN = 5  # of one person, brought and not yet imported
MOST_BYTES_HELD = 4 << 30  # of everybody
SILENT = dt.timedelta(seconds=90)  # after this long without a sign, nobody works on it any more
OPEN = ("waiting", "working", "looked", "refused")


def check_room(connection: sa.Connection, actor: Actor, most: int = MOST_OPEN) -> None:
    """Refuse a file before it comes, or before it is written down.

    Raises
    ------
    Forbidden
        If the actor may import nothing.
    TooMany
        If they hold many already, or everybody together does.
    """
    demand(actor, "create", "import")
    c = upload.c
    mine = sa.func.count().filter(c.owner == actor.id)
    held, total = connection.execute(
        sa.select(mine, sa.func.coalesce(sa.func.sum(c.bytes), 0)).where(c.state.in_(OPEN))
    ).one()
    if held >= most:
        raise TooMany("you have {n} files here that are not imported: import or remove one first", n=MOST_OPEN)
    if total >= MOST_BYTES_HELD:
        raise TooMany("too much is waiting to be imported on this server: try again later", wait_s=600)


def bring(
    connection: sa.Connection, actor: Actor, name: str, arrived: Arriving, sha256: str, now: dt.datetime
) -> tuple[int, bool]:
    """Write down a file that is safe on the disk; a file that one has here already is not kept twice.

    Returns
    -------
    id : int
    new : bool
    """
    called = clean_name(name)
    c = upload.c
    same = sa.select(c.id).where(c.owner == actor.id, c.sha256 == sha256, c.name == called, c.state.in_(OPEN))
    found = connection.execute(same).scalar()
    if found is not None:
        return int(found), False
    check_room(connection, actor)
    values = {"owner": actor.id, "name": called, "shelf": arrived.shelf, "bytes": arrived.size, "sha256": sha256}
    more = {"brought_at": now, "ends_at": now + KEPT, "turn": 1, "state": "waiting", "wanted": "look", "beat_at": now}
    key = connection.execute(sa.insert(upload).values(**values, **more)).inserted_primary_key
    return (int(key[0]) if key else 0), True


def look_again(
    connection: sa.Connection,
    actor: Actor,
    shelf: Shelf,
    id: int,
    layout: str | None,
    columns: Mapping[str, str] | None,
    release: str | None,
    published: dt.date | None,
    now: dt.datetime,
) -> str:
    """Say how a file is to be read, and have it looked at anew; returns where it lies, for who looks.

    Raises
    ------
    NotFound, Conflict, BadInput
    """
    row = mine(connection, actor, id, "change")
    _idle(row, shelf, now)
    if layout is not None and layout not in LAYOUTS:
        raise BadInput("'{name}' is not a layout; there are: {known}", name=layout[:40], known=", ".join(LAYOUTS))
    connection.execute(
        sa.update(upload)
        .where(upload.c.id == id)
        .values(
            layout=layout, columns=None if columns is None else dict(columns), release=release,
            published_on=published, turn=row["turn"] + 1, state="waiting", wanted="look", beat_at=now,
            looked=None, problem=None,
        )
    )  # fmt: skip
    return str(row["shelf"])


def take(connection: sa.Connection, actor: Actor, shelf: Shelf, id: int, turn: int, now: dt.datetime) -> str:
    """Have a file imported as it was shown; returns where it lies, for who imports it.

    Raises
    ------
    Conflict
        If it is to be read otherwise than it was shown, or was not looked at to the end.
    Forbidden
        If the actor may not bring what is in it.
    """
    row = mine(connection, actor, id, "change")
    _idle(row, shelf, now)
    looked = row["looked"]
    if row["turn"] != turn:
        raise Conflict("the file is to be read in another way by now: look at it again")
    if not looked or not looked.get("would"):
        raise Conflict("the file was not looked at to its end: choose how it is read first")
    would = looked["would"]
    if would["read"] == would["rejected"]:
        raise Conflict("no row of the file can be used: choose how it is read, or mend it")
    demand(actor, "create", LAYOUTS[looked["layout"]].object)
    connection.execute(
        sa.update(upload).where(upload.c.id == id).values(state="waiting", wanted="take", beat_at=now, problem=None)
    )
    return str(row["shelf"])


def drop(connection: sa.Connection, actor: Actor, shelf: Shelf, id: int, turn: int, now: dt.datetime) -> str:
    """Throw a file away that was not imported; returns where it lies, for who takes it off the disk."""
    row = mine(connection, actor, id, "change")
    _idle(row, shelf, now)
    if row["turn"] != turn:
        raise Conflict("somebody has it read in another way by now: look at it again")
    connection.execute(
        sa.update(upload).where(upload.c.id == id).values(state="gone", ended_at=now, looked=None, problem=None)
    )
    return str(row["shelf"])


def mine(connection: sa.Connection, actor: Actor, id: int, action: str) -> Mapping[str, Any]:
    """A file that the actor may do this with.

    Raises
    ------
    NotFound
    """
    demand(actor, "read", "import")
    query = only_readable(sa.select(upload), upload, actor).where(upload.c.id == id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such file, or it is not yours")
    place = policy().places["upload"]
    thing = Thing(owner=row["owner"], tlp=place.tlp, classification=place.classification)
    demand(actor, action, "import", thing=thing)
    return dict(row)


def is_stopped(row: Mapping[str, Any], shelf: Shelf, now: dt.datetime) -> bool:
    """Whether nobody works on a file any more that waits or is worked on: the server ended in between."""
    if row["state"] not in ("waiting", "working") or now - row["beat_at"] < SILENT:
        return False
    beat = shelf.last_beat(row["shelf"])
    return beat is None or beat[0] >= SILENT.total_seconds()


def _idle(row: Mapping[str, Any], shelf: Shelf, now: dt.datetime) -> None:
    if row["state"] in ("taken", "gone"):
        raise Conflict("the file was imported or removed: bring it again")
    if row["state"] in ("waiting", "working") and not is_stopped(row, shelf, now):
        raise Conflict("the file is being read: wait until that is done")


def resume(connection: sa.Connection, shelf: Shelf, now: dt.datetime) -> list[tuple[int, str]]:
    """What was asked for and nobody works on any more, to be taken up again: id, and where it lies."""
    c = upload.c
    left = sa.select(upload).where(c.state.in_(("waiting", "working")), c.beat_at < now - SILENT).order_by(c.id)
    found = []
    for row in connection.execute(left).mappings().all():
        if is_stopped(dict(row), shelf, now):
            mine_now = sa.and_(c.id == row["id"], c.beat_at == row["beat_at"])
            again = sa.update(upload).where(mine_now).values(state="waiting", beat_at=now)
            if connection.execute(again).rowcount == 1:
                found.append((int(row["id"]), str(row["shelf"])))
    return found


def sweep(connection: sa.Connection, shelf: Shelf, now: dt.datetime) -> list[str]:
    """End what was here too long; returns folders that nobody needs any more, for who takes them off the disk."""
    c = upload.c
    late = sa.update(upload).where(c.state.in_(OPEN), c.ends_at < now, c.beat_at < now - SILENT)
    connection.execute(late.values(state="gone", ended_at=now, looked=None))
    connection.execute(sa.delete(upload).where(c.state.in_(("gone", "taken")), c.ended_at < now - REMEMBERED))
    held = set(connection.execute(sa.select(c.shelf).where(c.state.in_(OPEN))).scalars())
    over = set(connection.execute(sa.select(c.shelf).where(c.state.not_in(OPEN))).scalars())
    there = shelf.strays(held, 0) if over else []
    return [s for s in there if s in over] + shelf.strays(held | over, KEPT.total_seconds())
