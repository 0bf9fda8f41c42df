"""Signing in, and changing one's password.

Lock-out that cannot lock the duty officer out: failures are counted by where they come from. A stranger's failures make
strangers wait; a device that signed in before keeps a count of its own, so its owner gets in while an attack goes on.
And a one-time link from the administrator always works.
"""

import datetime as dt
import functools
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import Conflict
from tocsin.store import sealed
from tocsin.store.accounts import Account, account_in, accounts_query, token_hash, use_totp
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing
from tocsin.store.passwords import fits, hash_of, needs_rehash
from tocsin.store.policy import Actor
from tocsin.store.sessions import end_others, open_session
from tocsin.store.tables import account, known_device, sign_in_failure

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
    slack: int = 1,
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
    slack : int
        How many codes before and after the present one are good too.

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
        if not use_totp(connection, keys, row["id"], code, now, slack):
            return _fail(connection, who, door, now, row, "wrong")
    if needs_rehash(row["password"]):
        connection.execute(sa.update(account).where(account.c.id == row["id"]).values(password=hash_of(password)))
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


def change_password(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    tried: tuple[str, bool],
    hashed: str,
    address: str,
    token: str,
    now: dt.datetime,
) -> Refused | None:
    """Set a new password in place of the old, and end every other session; tokens for programs stay.

    Parameters
    ----------
    tried : tuple of str and bool
        The kept password (`password_to_try`) and whether what was typed fits it.
    hashed : str
        The new password, checked (`check_password`) and hashed (`hash_of`) before and outside any transaction; it is
        not looked at if the old one is wrong.
    token : str
        The session that stays.

    Returns
    -------
    Refused or None
        Refused if the old password is wrong: it counts like a failed sign-in. Commit either.

    Raises
    ------
    Conflict
        If the account has no password at all.
    """
    row = connection.execute(sa.select(account).where(account.c.id == actor.id)).mappings().one()
    if not row["password"]:
        raise Conflict("this account has no password: the organisation's sign-in opens it")
    stored, good = tried
    if stored != row["password"] or not good:
        return _fail(connection, *_who_and_door(keys, row["login"], address, "", False), now, row, "wrong")
    connection.execute(sa.update(account).where(account.c.id == actor.id).values(password=hashed))
    record(connection, now, Entry(actor.id, "account.password", "account", actor.id))
    end_others(connection, actor, token, now)
    return None


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
    return hash_of(secrets.token_hex(16))
