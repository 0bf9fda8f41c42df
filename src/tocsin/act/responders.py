"""Who could act beside the deployment list: readiness of units, partners, posts of the host state."""

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.act.tables import responder
from tocsin.act.triage.proposal import Means, Owner
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor, Thing, demand, only_readable


@dataclass(frozen=True)
class NewResponder:
    """A unit's readiness (name as in the deployment list, means may be empty), or somebody who is in no list."""

    name: str
    owner: Owner
    means: tuple[Means, ...] = ()
    lon: float | None = None
    lat: float | None = None
    area: str | None = None
    ready_hours: float | None = None
    available: bool = True
    account_id: str | None = None


def put(connection: sa.Connection, actor: Actor, new: NewResponder, now: dt.datetime) -> str:
    """Set what is known of a responder (again: the newer replaces the older).

    Returns
    -------
    str
        Its id.
    """
    demand(actor, "create", "responder", "*", Thing(new.area, None, None, Tlp.AMBER, Classification.UNCLASSIFIED))
    if not new.name.strip() or (new.ready_hours is not None and not 0 <= new.ready_hours <= 240):
        raise BadInput("a responder has a name, and is ready within 0 to 240 hours")
    if (new.lon is None) != (new.lat is None) or abs(new.lon or 0) > 180 or abs(new.lat or 0) > 90:
        raise BadInput("a position needs lon and lat, on the earth")
    values = {
        "owner": new.owner.value, "means": [m.value for m in new.means], "lon": new.lon, "lat": new.lat,
        "area": new.area, "ready_hours": new.ready_hours, "available": new.available, "account_id": new.account_id,
        "closed_at": None,
    }  # fmt: skip
    name = new.name.strip()
    id = connection.execute(sa.select(responder.c.id).where(responder.c.name == name)).scalar_one_or_none()
    if id is None:
        id = secrets.token_hex(6)
        connection.execute(sa.insert(responder).values(id=id, name=name, made_at=now, **values))
    else:
        connection.execute(sa.update(responder).where(responder.c.id == id).values(**values))
    record(connection, now, Entry(actor.id, "responder.put", "responder", id, details={"available": new.available}))
    return str(id)


def list_responders(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]]:
    """Responders by name."""
    query = only_readable(sa.select(responder).where(responder.c.closed_at.is_(None)), responder, actor)
    return [dict(r) for r in connection.execute(query.order_by(responder.c.name)).mappings()]
