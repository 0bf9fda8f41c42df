"""Sessions that can be listed and ended, and who holds one."""

import datetime as dt
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Classification, Role, Tlp
from tocsin.core.errors import NotFound
from tocsin.store.accounts import HAS_PASSKEY, account_in, token_hash
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor, Thing, demand
from tocsin.store.tables import account, api_token, session

IDLE = dt.timedelta(hours=12)  # a shift
LONGEST = dt.timedelta(days=7)
FRESH = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class Asking:
    """Who asks, and how they came in.

    Parameters
    ----------
    actor : Actor
    has_step : bool
        Whether the account has a second step.
    stepped : bool
        Whether it was shown when this session was opened, or since. A program's token counts as its account does.
    since : datetime
        When they signed in.
    """

    actor: Actor
    has_step: bool
    stepped: bool
    since: dt.datetime

    def lacks_step(self, must: Collection[Role]) -> bool:
        """Whether the second step is missing that the account has, or that the mission wants of one of its roles."""
        return not self.stepped and (self.has_step or not self.actor.roles.isdisjoint(must))

    def is_fresh(self, now: dt.datetime) -> bool:
        """Whether they signed in a short while ago, as who changes the ways in must have."""
        return self.actor.scope is None and now - self.since < FRESH


@dataclass(frozen=True)
class Session:
    """A session as its owner sees it in a list."""

    id: str
    account_id: str
    client: str
    made_at: dt.datetime
    seen_at: dt.datetime


def open_session(
    connection: sa.Connection, account_id: str, client: str, now: dt.datetime, second_step: bool = False,
    ends_at: dt.datetime | None = None,
) -> str:  # fmt: skip
    """Token of a new session, for a door that has made sure who it is (single sign-on), and whether in two steps.

    Parameters
    ----------
    ends_at : datetime, optional
        When it ends whatever happens, if that is before `LONGEST`.
    """
    token = secrets.token_urlsafe(32)
    values: dict[str, Any] = {
        "id": secrets.token_hex(6),
        "hash": token_hash(token),
        "account_id": account_id,
        "client": client[:80],
    }
    values |= {"made_at": now, "seen_at": now, "second_step": second_step, "ends_at": ends_at}
    connection.execute(sa.insert(session).values(**values))
    return token


def asking_of(connection: sa.Connection, token: str, now: dt.datetime) -> Asking | None:
    """Who holds a session or API token, and how they came in; None if it is unknown, over or too old."""
    if token.startswith("tcs_"):
        return _asking_of_api_token(connection, token, now)
    c = session.c
    alive = sa.and_(c.hash == token_hash(token), _is_alive(now))
    more = (c.second_step, c.made_at.label("since"))
    query = sa.select(account, HAS_PASSKEY, *more).join(session, c.account_id == account.c.id)
    row = connection.execute(query.where(alive, account.c.closed_at.is_(None))).mappings().one_or_none()
    if row is None:
        return None
    who = account_in(row)
    return Asking(who.actor(), who.has_second_step, row["second_step"], row["since"])


def actor_of(
    connection: sa.Connection, token: str, now: dt.datetime, must: Collection[Role] = frozenset()
) -> Actor | None:
    """Who holds a session or API token, with the rights they have now; None if it is unknown, over or too old.

    None too if the second step is missing, which the account has or the mission wants of one of its roles (`must`).
    """
    found = asking_of(connection, token, now)
    return None if found is None or found.lacks_step(must) else found.actor


def step_up(connection: sa.Connection, actor: Actor, token: str, now: dt.datetime) -> None:
    """Note that the second step was shown in this session."""
    c = session.c
    mine = sa.and_(c.hash == token_hash(token), c.account_id == actor.id, c.ended_at.is_(None))
    connection.execute(sa.update(session).where(mine).values(second_step=True))
    record(connection, now, Entry(actor.id, "session.step", "account", actor.id))


def touch(connection: sa.Connection, token: str, now: dt.datetime) -> None:
    """Note that a session is in use; the door need not do it more than once a minute."""
    c = session.c
    connection.execute(sa.update(session).where(c.hash == token_hash(token), c.ended_at.is_(None)).values(seen_at=now))


def list_sessions(
    connection: sa.Connection, actor: Actor, now: dt.datetime, account_id: str | None = None
) -> list[Session]:
    """Sessions that are alive: one's own, or anybody's for an administrator."""
    owner = account_id or actor.id
    demand(actor, "read", "session", "*", own_thing(owner))
    c = session.c
    alive = sa.and_(_is_alive(now), c.account_id == owner)
    rows = connection.execute(sa.select(session).where(alive).order_by(c.made_at))
    return [Session(r.id, r.account_id, r.client, r.made_at, r.seen_at) for r in rows]


def end_session(connection: sa.Connection, actor: Actor, session_id: str, now: dt.datetime) -> None:
    """End one session.

    Raises
    ------
    NotFound
    Forbidden
    """
    row = connection.execute(sa.select(session).where(session.c.id == session_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such session")
    demand(actor, "change", "session", "*", own_thing(row.account_id))
    connection.execute(sa.update(session).where(session.c.id == session_id).values(ended_at=now))
    record(connection, now, Entry(actor.id, "session.end", "account", row.account_id))


def end_session_of(connection: sa.Connection, actor: Actor, token: str, now: dt.datetime) -> None:
    """Sign out: end the session of this token, if it is the actor's."""
    c = session.c
    mine = sa.and_(c.hash == token_hash(token), c.account_id == actor.id, c.ended_at.is_(None))
    if connection.execute(sa.update(session).where(mine).values(ended_at=now)).rowcount:
        record(connection, now, Entry(actor.id, "session.end", "account", actor.id))


def end_others(connection: sa.Connection, actor: Actor, token: str, now: dt.datetime) -> int:
    """End all sessions of the actor but the one of this token; how many those were."""
    c = session.c
    others = sa.and_(c.account_id == actor.id, c.hash != token_hash(token), c.ended_at.is_(None))
    count: int = connection.execute(sa.update(session).where(others).values(ended_at=now)).rowcount
    record(connection, now, Entry(actor.id, "session.end_others", "account", actor.id, details={"n": count}))
    return count


def _is_alive(now: dt.datetime) -> sa.ColumnElement[bool]:
    c = session.c
    in_time = sa.or_(c.ends_at.is_(None), c.ends_at > now)
    return sa.and_(c.ended_at.is_(None), c.seen_at > now - IDLE, c.made_at > now - LONGEST, in_time)


def own_thing(owner: str) -> Thing:
    """Something of an account's own: a session, a token."""
    return Thing(owner=owner, tlp=Tlp.CLEAR, classification=Classification.UNCLASSIFIED)


def _asking_of_api_token(connection: sa.Connection, token: str, now: dt.datetime) -> Asking | None:
    c = api_token.c
    alive = sa.and_(
        c.hash == token_hash(token), c.ended_at.is_(None), c.expires_at > now, account.c.closed_at.is_(None)
    )
    query = sa.select(account, HAS_PASSKEY, c.scope.label("scope"), c.made_at.label("since"))
    row = connection.execute(query.join(api_token, c.account_id == account.c.id).where(alive)).mappings().one_or_none()
    if row is None:
        return None
    who = account_in(row)
    return Asking(who.actor(frozenset(row["scope"])), who.has_second_step, who.has_second_step, row["since"])
