"""When a person last looked, so that a page can say what is new since."""

import datetime as dt

import sqlalchemy as sa

from tocsin.store.policy import Actor
from tocsin.store.tables import last_look

VISIT = dt.timedelta(minutes=30)  # who comes back sooner is still on the same visit


def looked_since(connection: sa.Connection, actor: Actor, now: dt.datetime) -> dt.datetime | None:
    """End of the visit before this one; None for who comes for the first time."""
    c = last_look.c
    row = connection.execute(sa.select(c.looked_at, c.since_at).where(c.account_id == actor.id)).one_or_none()
    if row is None:
        return None
    found: dt.datetime = row.looked_at if now - row.looked_at > VISIT else row.since_at
    return None if found == FIRST else found


FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def look(connection: sa.Connection, actor: Actor, now: dt.datetime) -> None:
    """Note that a person looks now."""
    c = last_look.c
    row = connection.execute(sa.select(c.looked_at).where(c.account_id == actor.id)).one_or_none()
    if row is None:
        connection.execute(sa.insert(last_look).values(account_id=actor.id, looked_at=now, since_at=FIRST))
        return
    new = {"since_at": row.looked_at} if now - row.looked_at > VISIT else {}
    connection.execute(sa.update(last_look).where(c.account_id == actor.id).values(looked_at=now, **new))
