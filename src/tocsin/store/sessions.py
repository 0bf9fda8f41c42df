"""Signing in, sessions that can be listed and ended, and tokens for programs.

Lock-out that cannot lock the duty officer out: failures are counted by where they come from. A stranger's failures make
strangers wait; a device that signed in before keeps a count of its own, so its owner gets in while an attack goes on.
And a one-time link from the administrator always works.
"""

import datetime as dt
import functools
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Role
from tocsin.core.errors import BadInput, Conflict, Forbidden, NotFound
from tocsin.store import sealed
from tocsin.store.accounts import HAS_PASSKEY, Account, account_in, accounts_query, hasher, token_hash, use_totp
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing
from tocsin.store.passwords import check_password
from tocsin.store.policy import ACTIONS, Actor, demand
from tocsin.store.tables import account, api_token, known_device, session, sign_in_failure

IDLE = dt.timedelta(hours=12)  # a shift
LONGEST = dt.timedelta(days=7)
FRESH = dt.timedelta(minutes=15)
TOKEN_LONGEST = dt.timedelta(days=366)

WINDOW = dt.timedelta(hours=1)
FREE_TRIES = 5  # from one address or known device; then each failure doubles the wait
LONGEST_WAIT_S = 900
STRANGERS_TRIES = 50  # from all unknown devices together; then strangers get one try a minute
STRANGERS_WAIT_S = 60


@dataclass(frozen=True)
class SignedIn:
    """Signed in: tokens for the browser to keep. They are nowhere else."""

    account: Account
    session: str
    device: str


@dataclass(frozen=True)
class Refused:
    """Not signed in, and what to tell. It never says whether the login exists.

    Returned, not raised: the failure must be kept, and an error would undo it with the transaction.
    """

    reason: str  # "wrong", "code" or "passkey" (password right, second step missing), "wait" or "copied"
    wait_s: int = 0
    account_id: str = ""  # whose passkey may stand in for the code; only where the password was right


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


def password_to_try(
    connection: sa.Connection, keys: KeyRing, login: str, address: str, now: dt.datetime, device: str = ""
) -> str | Refused:
    """The kept password, to try with `fits` before `sign_in` and outside any transaction.

    Hashing takes a tenth of a second and must not keep other writers waiting. An unknown login has one too, which
    nothing fits.
    """
    folded = login.strip().casefold()
    row = connection.execute(accounts_query().where(account.c.login == folded)).mappings().one_or_none()
    known = row is not None and _is_known(connection, device, row["id"])
    wait = _wait(connection, *_who_and_door(keys, folded, address, device, known), known, now)
    if wait:
        return Refused("wait", wait)
    usable = row is not None and row["closed_at"] is None and row["password"]
    return str(row["password"]) if row is not None and usable else _dummy()


def fits(stored: str, password: str) -> bool:
    """Whether a password is the one that was kept (as argon2id)."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return hasher().verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def sign_in(
    connection: sa.Connection,
    keys: KeyRing,
    login: str,
    password: str,
    address: str,
    now: dt.datetime,
    code: str = "",
    device: str = "",
    client: str = "",
    tried: tuple[str, bool] | None = None,
) -> SignedIn | Refused:
    """Sign in with password and, where it is on, a TOTP code.

    Parameters
    ----------
    address : str
        Network address of the asker; kept for a day as a keyed hash.
    device : str
        Token that an earlier `SignedIn.device` left with this browser, if any.
    client : str
        What to call the session in lists.
    tried : tuple of str and bool, optional
        The kept password (`password_to_try`) and whether it fits, if that was found out before.

    Returns
    -------
    SignedIn or Refused
        Commit either.
    """
    folded = login.strip().casefold()
    row = connection.execute(accounts_query().where(account.c.login == folded)).mappings().one_or_none()
    known = row is not None and _is_known(connection, device, row["id"])
    who, door = _who_and_door(keys, folded, address, device, known)
    wait = _wait(connection, who, door, known, now)
    if wait:
        return Refused("wait", wait)
    usable = row is not None and row["closed_at"] is None and row["password"]
    stored = str(row["password"]) if row is not None and usable else _dummy()
    good = tried[1] if tried is not None and tried[0] == stored else fits(stored, password)
    if row is None or not usable or not good:
        return _fail(connection, who, door, now, row, "wrong")
    stepped = row["totp_step"] is not None or row["has_passkey"]
    if stepped:
        mine = row["id"] if row["has_passkey"] else ""
        if row["totp_step"] is None or not code.strip():
            return Refused("passkey" if row["totp_step"] is None else "code", account_id=mine)
        if not use_totp(connection, keys, row["id"], code, now):
            return _fail(connection, who, door, now, row, "wrong")
    if hasher().check_needs_rehash(row["password"]):
        connection.execute(sa.update(account).where(account.c.id == row["id"]).values(password=hasher().hash(password)))
    c = sign_in_failure.c
    connection.execute(sa.delete(sign_in_failure).where(c.login == who, c.door == door))
    return let_in(connection, account_in(row), device, client, now, {"second_step": stepped})


def let_in(
    connection: sa.Connection, who: Account, device: str, client: str, now: dt.datetime, how: dict[str, Any]
) -> SignedIn:
    """Open a session for somebody who has shown who they are, note the browser, and write down how."""
    known = _is_known(connection, device, who.id)
    token = open_session(connection, who.id, client, now, bool(how["second_step"]))
    if not known:
        device = secrets.token_urlsafe(32)
        values = {"hash": token_hash(device), "account_id": who.id, "made_at": now}
        connection.execute(sa.insert(known_device).values(values))
    record(connection, now, Entry(who.id, "session.open", "account", who.id, details={"known_device": known, **how}))
    return SignedIn(who, token, device)


def open_session(
    connection: sa.Connection, account_id: str, client: str, now: dt.datetime, second_step: bool = False
) -> str:
    """Token of a new session, for a door that has made sure who it is (single sign-on), and whether in two steps."""
    token = secrets.token_urlsafe(32)
    values = {"id": secrets.token_hex(6), "hash": token_hash(token), "account_id": account_id, "client": client[:80]}
    connection.execute(sa.insert(session).values(**values, made_at=now, seen_at=now, second_step=second_step))
    return token


def asking_of(connection: sa.Connection, token: str, now: dt.datetime) -> Asking | None:
    """Who holds a session or API token, and how they came in; None if it is unknown, over or too old."""
    if token.startswith("tcs_"):
        return _asking_of_api_token(connection, token, now)
    c = session.c
    alive = sa.and_(
        c.hash == token_hash(token), c.ended_at.is_(None), c.seen_at > now - IDLE, c.made_at > now - LONGEST
    )
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
    demand(actor, "read", "session", "*", _thing(owner))
    c = session.c
    alive = sa.and_(c.ended_at.is_(None), c.seen_at > now - IDLE, c.made_at > now - LONGEST, c.account_id == owner)
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
    demand(actor, "change", "session", "*", _thing(row.account_id))
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


def change_password(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    tried: tuple[str, bool],
    password: str,
    address: str,
    token: str,
    now: dt.datetime,
) -> Refused | None:
    """Set a new password in place of the old, and end every other session; tokens for programs stay.

    Parameters
    ----------
    tried : tuple of str and bool
        The kept password (`password_to_try`) and whether what was typed fits it.
    token : str
        The session that stays.

    Returns
    -------
    Refused or None
        Refused if the old password is wrong: it counts like a failed sign-in. Commit either.

    Raises
    ------
    BadInput
        If the new password is too easy; nothing is changed.
    """
    row = connection.execute(sa.select(account).where(account.c.id == actor.id)).mappings().one()
    if not row["password"]:
        raise Conflict("this account has no password: the organisation's sign-in opens it")
    stored, good = tried
    if stored != row["password"] or not good:
        return _fail(connection, *_who_and_door(keys, row["login"], address, "", False), now, row, "wrong")
    check_password(password, row["login"], row["name"])
    connection.execute(sa.update(account).where(account.c.id == actor.id).values(password=hasher().hash(password)))
    record(connection, now, Entry(actor.id, "account.password", "account", actor.id))
    end_others(connection, actor, token, now)
    return None


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
    demand(actor, "create", "api_token", "*", _thing(actor.id))
    if actor.scope is not None:
        raise Forbidden("a token makes no tokens: sign in")
    if not name.strip() or not now < expires_at <= now + TOKEN_LONGEST:
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
    demand(actor, "read", "api_token", "*", _thing(actor.id))
    c = api_token.c
    query = sa.select(c.id, c.name, c.scope, c.made_at, c.expires_at).order_by(c.made_at)
    alive = query.where(c.account_id == actor.id, c.ended_at.is_(None), c.expires_at > now)
    return [dict(row) for row in connection.execute(alive).mappings()]


def end_api_token(connection: sa.Connection, actor: Actor, token_id: str, now: dt.datetime) -> None:
    """Make a token useless."""
    row = connection.execute(sa.select(api_token).where(api_token.c.id == token_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such token")
    demand(actor, "change", "api_token", "*", _thing(row.account_id))
    connection.execute(sa.update(api_token).where(api_token.c.id == token_id).values(ended_at=now))
    record(connection, now, Entry(actor.id, "token.end", "api_token", token_id))


def _thing(owner: str) -> Any:
    from tocsin.core.codes import Classification, Tlp
    from tocsin.store.policy import Thing

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


def _is_known(connection: sa.Connection, device: str, account_id: str) -> bool:
    c = known_device.c
    query = sa.select(c.hash).where(c.hash == token_hash(device), c.account_id == account_id, c.ended_at.is_(None))
    return bool(device) and connection.execute(query).first() is not None


def _wait(connection: sa.Connection, who: str, door: str, known: bool, now: dt.datetime) -> int:
    c = sign_in_failure.c

    def tally(*where: sa.ColumnElement[bool]) -> tuple[int, dt.datetime | None]:
        query = sa.select(sa.func.count(), sa.func.max(c.at)).where(c.at > now - WINDOW, *where)
        count, last = connection.execute(query).one()
        return count, last

    def left(last: dt.datetime | None, wait_s: int) -> int:
        return 0 if last is None else max(0, wait_s - int((now - last).total_seconds()))

    count, last = tally(c.login == who, c.door == door)
    wait = left(last, min(2 ** (count - FREE_TRIES), LONGEST_WAIT_S)) if count >= FREE_TRIES else 0
    if not known:
        # Strangers are told from known devices by their door; a device's failures were written under its own.
        count, last = tally(c.login == who)
        if count >= STRANGERS_TRIES:
            wait = max(wait, left(last, STRANGERS_WAIT_S))
    return wait


def _fail(connection: sa.Connection, who: str, door: str, now: dt.datetime, row: Any, reason: str) -> Refused:
    c = sign_in_failure.c
    connection.execute(sa.delete(sign_in_failure).where(c.at < now - dt.timedelta(days=1)))
    connection.execute(sa.insert(sign_in_failure).values(login=who, door=door, at=now))
    if row is not None:
        count = connection.execute(sa.select(sa.func.count()).where(c.login == who, c.at > now - WINDOW)).scalar_one()
        if count in (FREE_TRIES, STRANGERS_TRIES):  # not a row a try: a flood must not fill the trail
            record(connection, now, Entry("nobody", "session.refused", "account", row["id"], details={"n": count}))
    return Refused(reason)


def _who_and_door(keys: KeyRing, login: str, address: str, device: str, known: bool) -> tuple[str, str]:
    """Under which keyed hashes failures are counted: the login, and the known device or else the address."""
    door = ("sign-in device", device) if known else ("sign-in address", address)
    return sealed.keyed_hash(keys, "sign-in login", login), sealed.keyed_hash(keys, *door)


@functools.cache
def _dummy() -> str:
    """A hash to check against when there is no account, so that the answer takes as long."""
    return hasher().hash(secrets.token_hex(16))
