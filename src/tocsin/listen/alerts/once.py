"""Requests sent again: the same key gives the same answer and does nothing twice, also across processes."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput, Conflict
from tocsin.listen.alerts.tables import given_answer

KEPT = dt.timedelta(days=2)


def once(
    connection: sa.Connection,
    account: str,
    name: str,
    key: str | None,
    body: Mapping[str, Any],
    now: dt.datetime,
    work: Callable[[], dict[str, Any]],
) -> tuple[dict[str, Any], bool]:
    """Do some work, or give the answer it gave before; the answer is kept in the work's own transaction.

    Parameters
    ----------
    account, name, key : str
        Who asks for what, under which key; None does the work whatever was asked before.
    body : mapping
        What is asked, for telling a request that was sent again from another one under the same key.

    Returns
    -------
    answer, again
        And whether it had been given before.

    Raises
    ------
    Conflict
        If the key was used for something else.
    """
    if key is None:
        return work(), False
    if not 1 <= len(key) <= 200:
        raise BadInput("an Idempotency-Key has 1 to 200 characters")
    hashed = hashlib.sha256(json.dumps([account, name, key]).encode()).hexdigest()
    asked = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    c = given_answer.c
    connection.execute(sa.delete(given_answer).where(c.at < now - KEPT))
    row = {"key": hashed, "request": asked, "status": 200, "answer": {}, "at": now}
    first = insert(given_answer).values(row).on_conflict_do_nothing(index_elements=["key"]).returning(c.key)
    if connection.execute(first).first() is None:
        before = connection.execute(sa.select(c.request, c.answer).where(c.key == hashed)).one()
        if before.request != asked:
            raise Conflict("this Idempotency-Key was used for another request: take a new one")
        return dict(before.answer), True
    answer = json.loads(json.dumps(work(), default=str))
    connection.execute(sa.update(given_answer).where(c.key == hashed).values(answer=answer))
    return answer, False
