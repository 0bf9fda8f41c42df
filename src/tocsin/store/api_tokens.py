"""Tokens for programs: made, listed and ended by their owner, within the owner's rights and never for long."""

import datetime as dt
import secrets
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput, Forbidden, NotFound
from tocsin.store.accounts import token_hash
from tocsin.store.audit import Entry, record
from tocsin.store.policy import ACTIONS, Actor, demand
from tocsin.store.sessions import own_thing
from tocsin.store.tables import api_token

LONGEST = dt.timedelta(days=366)


def make_api_token(
    connection: sa.Connection,
    actor: Actor,
    name: str,
    scope: Collection[str],
    expires_at: dt.datetime,
    now: dt.datetime,
) -> str:
    """A token for a program, which acts as the actor within a scope; it is shown once and never again.

    Parameters
    ----------
    scope : collection of str
        ``"read alert"``, ``"create report"`` … as in ``policy.toml``; it adds nothing to the actor's own rights.
    expires_at : datetime
        At most a year ahead.

    Raises
    ------
    Forbidden
        If the actor may not make tokens, or is a token itself.
    BadInput
    """
    demand(actor, "create", "api_token", "*", own_thing(actor.id))
    if actor.scope is not None:
        raise Forbidden("a token makes no tokens: sign in")
    if not name.strip() or not now < expires_at <= now + LONGEST:
        raise BadInput("a token needs a name and an end within a year")
    wrong = [s for s in scope if len(s.split()) != 2 or s.split()[0] not in ACTIONS]
    if wrong or not scope:
        raise BadInput("'{scope}' is no scope: write for example 'read alert'", scope=" ".join(wrong))
    token = f"tcs_{secrets.token_urlsafe(32)}"
    values = {"id": secrets.token_hex(6), "hash": token_hash(token), "account_id": actor.id, "name": name.strip()[:80]}
    connection.execute(
        sa.insert(api_token).values(**values, scope=sorted(set(scope)), made_at=now, expires_at=expires_at)
    )
    record(
        connection, now, Entry(actor.id, "token.make", "api_token", str(values["id"]), details={"scope": sorted(scope)})
    )
    return token


def list_api_tokens(connection: sa.Connection, actor: Actor, now: dt.datetime) -> list[dict[str, Any]]:
    """One's own tokens that still work: id, name, scope, from and until when."""
    demand(actor, "read", "api_token", "*", own_thing(actor.id))
    c = api_token.c
    query = sa.select(c.id, c.name, c.scope, c.made_at, c.expires_at).order_by(c.made_at)
    alive = query.where(c.account_id == actor.id, c.ended_at.is_(None), c.expires_at > now)
    return [dict(row) for row in connection.execute(alive).mappings()]


def end_api_token(connection: sa.Connection, actor: Actor, token_id: str, now: dt.datetime) -> None:
    """Make a token useless."""
    row = connection.execute(sa.select(api_token).where(api_token.c.id == token_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such token")
    demand(actor, "change", "api_token", "*", own_thing(row.account_id))
    connection.execute(sa.update(api_token).where(api_token.c.id == token_id).values(ended_at=now))
    record(connection, now, Entry(actor.id, "token.end", "api_token", token_id))
