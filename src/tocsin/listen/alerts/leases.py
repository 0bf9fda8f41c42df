"""One process at a time does a work: a lease in the database, held by renewing it in the work's own transaction."""

import datetime as dt

import sqlalchemy as sa

from tocsin.listen.alerts.tables import lease

LENGTH = dt.timedelta(seconds=20)


def hold(connection: sa.Connection, name: str, holder: str, now: dt.datetime) -> bool:
    """Take or renew a lease; call it first in each transaction of the work and stop if it says no.

    The row is locked until the transaction ends, so two processes never do the same work, whatever their clocks say: a
    clock that is ahead only takes the lease over earlier. A lease that ends further ahead than one can last was made
    by a clock that was put back since, and counts as over.
    """
    _insert(connection, name, now)
    c = lease.c
    free = sa.or_(c.holder == holder, c.until < now, c.until > now + 2 * LENGTH)
    query = sa.update(lease).where(c.name == name, free).values(holder=holder, until=now + LENGTH)
    return connection.execute(query).rowcount == 1


def give_back(connection: sa.Connection, name: str, holder: str, now: dt.datetime) -> None:
    """Let another process have it at once."""
    query = sa.update(lease).where(lease.c.name == name, lease.c.holder == holder)
    connection.execute(query.values(holder="", until=now - LENGTH))


def _insert(connection: sa.Connection, name: str, now: dt.datetime) -> None:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    first = insert(lease).values(name=name, holder="", until=now - LENGTH)
    connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
