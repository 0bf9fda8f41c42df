"""Which devices are out there."""

from typing import Any

import sqlalchemy as sa

from tocsin.act.field.tables import field_device
from tocsin.store.policy import Actor, demand, only_readable


def list_devices(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]]:
    """Devices that the actor may know of, the one seen last first; never by what they call themselves."""
    demand(actor, "read", "field_device")
    c = field_device.c
    query = sa.select(c.account_id, c.known_at, c.seen_at, c.wipe_asked_at, c.wiped_at).order_by(c.seen_at.desc())
    return [dict(r) for r in connection.execute(only_readable(query, field_device, actor)).mappings()]
