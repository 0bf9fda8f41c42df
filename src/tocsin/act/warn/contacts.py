"""Contacts: whom a warning can reach beside accounts. Names and numbers are under seal; a label is what one may see."""

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.act.notify import Channel, Recipient, set_address
from tocsin.act.notify.actions import SEALED, check_address, thing_of
from tocsin.act.tables import contact
from tocsin.act.warn.model import AUDIENCES
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput
from tocsin.store import sealed
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing
from tocsin.store.policy import Actor, Thing, demand, only_readable

PEOPLE = ("focal_point", "liaison_assistant")
_PERSONAL = re.compile(r"\S+@\S+\.\S+|(?:\d[\s().\-]*){7,}")


@dataclass(frozen=True)
class NewContact:
    """A contact; `addresses` by channel, the first is used first."""

    kind: str
    label: str
    addresses: Mapping[Channel, str]
    language: str = "en"
    area: str | None = None
    lon: float | None = None
    lat: float | None = None


def add(connection: sa.Connection, keys: KeyRing, actor: Actor, new: NewContact, now: dt.datetime) -> str:
    """Take a contact in; where people live is kept to a tenth of a degree.

    Returns
    -------
    str
        Its id.
    """
    demand(actor, "create", "contact", "*", _thing(actor.id))
    if new.kind not in AUDIENCES or not 2 <= len(new.label.strip()) <= 80 or not new.addresses:
        raise BadInput("a contact has a kind ({known}), a label and an address", known=", ".join(AUDIENCES))
    if _PERSONAL.search(new.label):
        raise BadInput("the label seems to hold a number or address: say the place and the function")
    if (new.lon is None) != (new.lat is None) or abs(new.lon or 0) > 180 or abs(new.lat or 0) > 90:
        raise BadInput("a position needs lon and lat, on the earth")
    for channel, address in new.addresses.items():
        check_address(channel, address)
    digits = 1 if new.kind in PEOPLE else 3
    id = secrets.token_hex(6)
    connection.execute(sa.insert(contact).values(
        id=id, kind=new.kind, label=new.label.strip(), owner=actor.id, area=new.area,
        lon=None if new.lon is None else round(new.lon, digits),
        lat=None if new.lat is None else round(new.lat, digits),
        language=new.language, channels=[c.value for c in new.addresses], made_at=now,
    ))  # fmt: skip
    for channel, address in new.addresses.items():
        set_address(connection, keys, actor, Recipient.CONTACT, id, channel, address, now)
    record(connection, now, Entry(actor.id, "contact.add", "contact", id, details={"kind": new.kind}))
    return id


def close(connection: sa.Connection, actor: Actor, id: str, reason: str, now: dt.datetime) -> None:
    """A contact that is to hear nothing more: its addresses are taken away."""
    thing = thing_of(connection, Recipient.CONTACT, id)
    demand(actor, "change", "contact", "*", thing)
    sealed.erase(connection, actor, SEALED[Recipient.CONTACT], id, thing, reason, now)
    connection.execute(sa.update(contact).where(contact.c.id == id).values(closed_at=now))


def list_contacts(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]]:
    """Contacts without their addresses."""
    query = only_readable(sa.select(contact).where(contact.c.closed_at.is_(None)), contact, actor)
    return [dict(r) for r in connection.execute(query.order_by(contact.c.kind, contact.c.label)).mappings()]


def _thing(owner: str) -> Thing:
    return Thing(owner=owner, tlp=Tlp.AMBER, classification=Classification.UNCLASSIFIED)
