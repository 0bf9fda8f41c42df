"""A device makes itself known, is told to wipe itself, and says that it has."""

import datetime as dt
import hashlib

import sqlalchemy as sa

from tocsin.act.field.tables import field_device
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import Conflict
from tocsin.store import audit
from tocsin.store.policy import Actor, Thing, demand


def _hash(device: str) -> str:
    return hashlib.sha256(f"tocsin field\0{device}".encode()).hexdigest()


def _of(account: str) -> Thing:
    return Thing(None, account, None, Tlp.CLEAR, Classification.UNCLASSIFIED)


def meet(connection: sa.Connection, actor: Actor, device: str, now: dt.datetime) -> bool:
    """Note that somebody works with a device; whether it must wipe itself.

    Raises
    ------
    Conflict
        If it is known as somebody else's: they wipe it, or it is told to, before it changes hands.
    """
    demand(actor, "create", "field_device", thing=_of(actor.id))
    c = field_device.c
    row = connection.execute(sa.select(field_device).where(c.hash == _hash(device))).one_or_none()
    if row is None:
        values = {"hash": _hash(device), "account_id": actor.id, "known_at": now, "seen_at": now}
        connection.execute(sa.insert(field_device).values(**values))
        return False
    connection.execute(sa.update(field_device).where(c.hash == row.hash).values(seen_at=now))
    if row.wipe_asked_at is not None and row.wiped_at is None:
        return True
    if row.account_id != actor.id:
        raise Conflict("this device is known as somebody else's: wipe it before it changes hands")
    return False


def must_wipe(connection: sa.Connection, device: str, wiped: bool, now: dt.datetime) -> bool:
    """What a device is told that nobody is signed in on: whether it must wipe itself; it says when it has.

    It says nothing else, also not whether the device is known.
    """
    c = field_device.c
    row = connection.execute(sa.select(field_device).where(c.hash == _hash(device))).one_or_none()
    if row is None or row.wipe_asked_at is None or row.wiped_at is not None:
        return False
    values = {"seen_at": now, **({"wiped_at": now} if wiped else {})}
    connection.execute(sa.update(field_device).where(c.hash == row.hash).values(**values))
    return not wiped


def ask_wipe(connection: sa.Connection, actor: Actor, account: str, now: dt.datetime) -> int:
    """Have all devices of a person wipe themselves at their next contact; how many those are."""
    demand(actor, "change", "field_device", "wipe", _of(account))
    c = field_device.c
    wanted = sa.update(field_device).where(c.account_id == account, c.wipe_asked_at.is_(None))
    n = connection.execute(wanted.values(wipe_asked_at=now, wipe_asked_by=actor.id)).rowcount
    audit.record(connection, now, audit.Entry(actor.id, "field.wipe", "account", account, details={"devices": n}))
    return int(n)
