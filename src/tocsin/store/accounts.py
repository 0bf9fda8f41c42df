"""Accounts: who may sign in, with which roles. Made by invitation; the first administrator by a one-time link.

Nothing secret is kept: passwords as argon2id, tokens of links, sessions and the API as SHA-256 of 256 random bits, TOTP
seeds under seal. Signing in is in `tocsin.store.sign_in`. All functions work in the caller's transaction.
"""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Component, Role
from tocsin.core.errors import BadInput, Conflict, Forbidden, NotFound
from tocsin.core.words import mark
from tocsin.store import sealed
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing
from tocsin.store.passwords import check_password, hash_of
from tocsin.store.policy import EVERYWHERE, Actor, demand
from tocsin.store.tables import account, api_token, known_device, one_time_link, passkey, session

LIFE = {"first": dt.timedelta(days=1), "invite": dt.timedelta(days=3), "recover": dt.timedelta(hours=1),
        "password": dt.timedelta(hours=1)}  # fmt: skip
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._\-]{1,39}")


@dataclass(frozen=True)
class Account:
    """An account without its secrets."""

    id: str
    login: str
    name: str
    roles: frozenset[Role]
    component: Component
    areas: frozenset[str]
    has_password: bool
    has_totp: bool
    made_at: dt.datetime
    closed_at: dt.datetime | None
    has_passkey: bool = False

    @property
    def has_second_step(self) -> bool:
        """Whether the password alone opens nothing."""
        return self.has_totp or self.has_passkey

    def actor(self, scope: frozenset[str] | None = None) -> Actor:
        """The account as rights see it."""
        return Actor(self.id, self.roles, self.areas, self.component, scope)


NOT_VALID = mark("this link is not valid (any more): ask for a new one")
# Who sits at the machine itself: they hold the files, so an account adds nothing; what they do is written down.
CONSOLE = Actor("console", frozenset({Role.ADMINISTRATOR}))


def token_hash(token: str) -> str:
    """What is kept of a token. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


# Whether an account has a passkey, beside its row.
HAS_PASSKEY = sa.exists().where(passkey.c.account_id == account.c.id, passkey.c.ended_at.is_(None)).label("has_passkey")


def accounts_query() -> sa.Select[Any]:
    """Rows that `account_in` reads."""
    return sa.select(account, HAS_PASSKEY)


def list_accounts(connection: sa.Connection) -> list[Account]:
    """All accounts, closed ones too, by login."""
    return [account_in(row) for row in connection.execute(accounts_query().order_by(account.c.login)).mappings()]


def find_account(connection: sa.Connection, login: str) -> Account:
    """An account by its login.

    Raises
    ------
    NotFound
    """
    row = (
        connection.execute(accounts_query().where(account.c.login == login.strip().casefold())).mappings().one_or_none()
    )
    if row is None:
        raise NotFound("there is no account '{login}'", login=login)
    return account_in(row)


def account_of(connection: sa.Connection, account_id: str) -> Account:
    """An account by its id.

    Raises
    ------
    NotFound
    """
    return account_in(_row(connection, account_id))


def any_password(connection: sa.Connection) -> bool:
    """Whether anybody could sign in."""
    c = account.c
    return (
        connection.execute(sa.select(c.id).where(c.password != "", c.closed_at.is_(None)).limit(1)).first() is not None
    )


def first_link(connection: sa.Connection, login: str, now: dt.datetime) -> str:
    """Token of a one-time link that makes the first administrator.

    Raises
    ------
    Conflict
        If there is an administrator already.
    """
    for made in list_accounts(connection):
        if Role.ADMINISTRATOR in made.roles and made.has_password and made.closed_at is None:
            raise Conflict(
                "there is an administrator already: let them invite you, or recover with `tocsin account link`"
            )
        if made.login == login.strip().casefold():
            return _link(connection, CONSOLE, made.id, "first", now)
    made = _add(connection, CONSOLE, login, login, {Role.ADMINISTRATOR}, Component.CIVILIAN, EVERYWHERE, now)
    return _link(connection, CONSOLE, made.id, "first", now)


def invite(
    connection: sa.Connection,
    actor: Actor,
    login: str,
    name: str,
    roles: Collection[Role],
    now: dt.datetime,
    component: Component = Component.CIVILIAN,
    areas: Collection[str] = EVERYWHERE,
) -> tuple[Account, str]:
    """Make an account without a password, and the token of the link that sets it (valid for three days, once).

    Raises
    ------
    Forbidden
    BadInput
        If the login or the roles cannot be.
    Conflict
        If the login is taken.
    """
    demand(actor, "create", "account")
    made = _add(connection, actor, login, name, roles, component, areas, now)
    return made, _link(connection, actor, made.id, "invite", now)


def recovery_link(
    connection: sa.Connection, actor: Actor, account_id: str, now: dt.datetime, keep_step: bool = False
) -> str:
    """Token of a link that sets a new password (valid for an hour, once).

    Given over in person or by a channel the person already has; nothing is sent by the program.

    Parameters
    ----------
    keep_step : bool
        Whether codes and passkeys stay: for somebody who forgot the password and still has the rest. Without it they
        go, and with them what binds the account to somebody at the organisation's sign-in.
    """
    demand(actor, "change", "account")
    if _row(connection, account_id)["closed_at"] is not None:
        raise Conflict("the account is closed: open it first")
    return _link(connection, actor, account_id, "password" if keep_step else "recover", now)


def check_link(connection: sa.Connection, token: str, password: str, now: dt.datetime) -> None:
    """Whether a one-time link could be used with this password; changes nothing.

    Raises
    ------
    Forbidden
        If the link is unknown, used or too old; it does not say which.
    BadInput
        If the password is too easy.
    """
    _link_and_account(connection, token, password, now)


def take_up(
    connection: sa.Connection, token: str, password: str, now: dt.datetime, hashed: str | None = None
) -> Account:
    """Use a one-time link: set the password. Recovery also ends every session, token and known device, TOTP, passkeys.

    A link for the password alone leaves TOTP and passkeys as they are.

    Parameters
    ----------
    hashed : str, optional
        The password as `hash_of` keeps it, made before and outside the transaction.

    Raises
    ------
    Forbidden
        If the link is unknown, used or too old; it does not say which.
    BadInput
        If the password is too easy; the link stays good.
    """
    row, found = _link_and_account(connection, token, password, now)
    c = one_time_link.c
    used = sa.update(one_time_link).where(c.hash == row.hash, c.used_at.is_(None)).values(used_at=now)
    if connection.execute(used).rowcount != 1 or found["closed_at"] is not None:
        raise Forbidden(NOT_VALID)
    values: dict[str, Any] = {"password": hashed or hash_of(password)}
    if row.purpose in ("recover", "password"):
        end_everything(connection, row.account_id, now)
    if row.purpose == "recover":
        sealed.forget(connection, totp_field(row.account_id))
        sealed.forget(connection, organisation_field(row.account_id))
        values["totp_step"] = None
        passkeys = sa.update(passkey).where(passkey.c.account_id == row.account_id, passkey.c.ended_at.is_(None))
        connection.execute(passkeys.values(ended_at=now))
    connection.execute(sa.update(account).where(account.c.id == row.account_id).values(values))
    record(connection, now, Entry(row.account_id, f"account.{row.purpose}", "account", row.account_id))
    return account_in(_row(connection, row.account_id))


def _link_and_account(connection: sa.Connection, token: str, password: str, now: dt.datetime) -> tuple[Any, Any]:
    row = connection.execute(sa.select(one_time_link).where(one_time_link.c.hash == token_hash(token))).one_or_none()
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise Forbidden(NOT_VALID)
    found = _row(connection, row.account_id)
    check_password(password, found["login"], found["name"])
    return row, found


def change_rights(
    connection: sa.Connection,
    actor: Actor,
    account_id: str,
    now: dt.datetime,
    roles: Collection[Role] | None = None,
    component: Component | None = None,
    areas: Collection[str] | None = None,
) -> Account:
    """Give other roles, component or areas; holds from the next request on."""
    demand(actor, "change", "account")
    values: dict[str, Any] = {}
    if roles is not None:
        values["roles"] = _roles(roles)
    if component is not None:
        values["component"] = component.value
    if areas is not None:
        values["areas"] = sorted(areas)
    _row(connection, account_id)
    if not values:
        raise BadInput("say which roles, component or areas the account should have")
    connection.execute(sa.update(account).where(account.c.id == account_id).values(values))
    record(connection, now, Entry(actor.id, "account.rights", "account", account_id, details=dict(values)))
    return account_in(_row(connection, account_id))


def close(connection: sa.Connection, actor: Actor, account_id: str, now: dt.datetime) -> None:
    """Close an account: nobody signs in with it, its sessions and tokens end; what it did stays in the trail."""
    demand(actor, "change", "account")
    _row(connection, account_id)
    connection.execute(sa.update(account).where(account.c.id == account_id).values(closed_at=now))
    end_everything(connection, account_id, now)
    record(connection, now, Entry(actor.id, "account.close", "account", account_id))


def end_everything(connection: sa.Connection, account_id: str | None, now: dt.datetime) -> int:
    """End the sessions, API tokens and known devices of one account, or of all (None); unused links too.

    Returns
    -------
    int
        How many sessions ended.
    """
    counts = []
    for table in (session, api_token, known_device):
        statement = sa.update(table).where(table.c.ended_at.is_(None)).values(ended_at=now)
        if account_id is not None:
            statement = statement.where(table.c.account_id == account_id)
        counts.append(connection.execute(statement).rowcount)
    links = sa.update(one_time_link).where(one_time_link.c.used_at.is_(None)).values(used_at=now)
    if account_id is not None:
        links = links.where(one_time_link.c.account_id == account_id)
    connection.execute(links)
    return counts[0]


def start_totp(connection: sa.Connection, keys: KeyRing, account_id: str, now: dt.datetime) -> str:
    """Seed and address (``otpauth://``) of a new TOTP; it holds once `confirm_totp` has seen a code of it."""
    import pyotp

    seed = pyotp.random_base32()
    login = _row(connection, account_id)["login"]
    sealed.put(connection, keys, sealed.Field("account", account_id, "totp_new"), seed, now)
    return pyotp.TOTP(seed).provisioning_uri(name=login, issuer_name="Tocsin")


def confirm_totp(connection: sa.Connection, keys: KeyRing, account_id: str, code: str, now: dt.datetime) -> None:
    """Turn TOTP on with a first code.

    Raises
    ------
    Forbidden
        If the code is wrong.
    """
    waiting = sealed.Field("account", account_id, "totp_new")
    seed = sealed.program_secret(connection, keys, waiting)
    step = None if seed is None else totp_step(seed, code, now, 0)
    if seed is None or step is None:
        raise Forbidden("the code is wrong: check the clock of the phone and try the next code")
    sealed.put(connection, keys, totp_field(account_id), seed, now)
    sealed.forget(connection, waiting)
    connection.execute(sa.update(account).where(account.c.id == account_id).values(totp_step=step))
    record(connection, now, Entry(account_id, "account.totp", "account", account_id))


def stop_totp(connection: sa.Connection, account_id: str, now: dt.datetime) -> None:
    """Ask for codes no more; the door sees to it that a second step stays where the mission wants one."""
    sealed.forget(connection, totp_field(account_id))
    connection.execute(sa.update(account).where(account.c.id == account_id).values(totp_step=None))
    record(connection, now, Entry(account_id, "account.totp_end", "account", account_id))


def use_totp(
    connection: sa.Connection, keys: KeyRing, account_id: str, code: str, now: dt.datetime, slack: int = 1
) -> bool:
    """Use a code up: True if it is good, and was not used before; `slack` as in `totp_step`."""
    kept = _row(connection, account_id)["totp_step"]
    seed = sealed.program_secret(connection, keys, totp_field(account_id))
    step = None if seed is None or kept is None else totp_step(seed, code, now, kept, slack)
    # Two sign-ins with one code at once: only one of them moves the step on.
    used = sa.update(account).where(account.c.id == account_id, account.c.totp_step == kept)
    return step is not None and connection.execute(used.values(totp_step=step)).rowcount == 1


def organisation_field(account_id: str) -> sealed.Field:
    """Where it lies who an account is at the organisation's sign-in."""
    return sealed.Field("account", account_id, "organisation")


def totp_field(account_id: str) -> sealed.Field:
    """Where an account's TOTP seed lies."""
    return sealed.Field("account", account_id, "totp")


def totp_step(seed: str, code: str, now: dt.datetime, after: int, slack: int = 1) -> int | None:
    """Time step a code belongs to, or None if it is wrong: now, up to `slack` before or after, and after `after`."""
    import pyotp

    totp = pyotp.TOTP(seed)
    digits = re.sub(r"\s", "", code)
    present = int(now.timestamp()) // totp.interval
    near = range(present - slack, present + slack + 1)
    good = [s for s in near if secrets.compare_digest(totp.generate_otp(s), digits)]
    return good[-1] if good and good[-1] > after else None


def _add(
    connection: sa.Connection,
    actor: Actor,
    login: str,
    name: str,
    roles: Collection[Role],
    component: Component,
    areas: Collection[str],
    now: dt.datetime,
) -> Account:
    folded = login.strip().casefold()
    if not _LOGIN.fullmatch(folded):
        raise BadInput("'{login}' cannot be a login: 2 to 40 letters a-z, digits, dots and dashes", login=login)
    if connection.execute(sa.select(account.c.id).where(account.c.login == folded)).first() is not None:
        raise Conflict("the login '{login}' is taken", login=folded)
    id = f"a{secrets.token_hex(6)}"
    values = {
        "id": id,
        "login": folded,
        "name": " ".join(name.split())[:80],
        "roles": _roles(roles),
        "component": component.value,
        "areas": sorted(areas),
        "password": "",
        "made_at": now,
    }
    connection.execute(sa.insert(account).values(values))
    details = {"roles": values["roles"], "component": values["component"], "areas": values["areas"]}
    record(connection, now, Entry(actor.id, "account.make", "account", id, details=details))
    return account_in(_row(connection, id))


def _roles(roles: Collection[Role]) -> list[str]:
    given = {Role(r) for r in roles}
    if not given or Role.INTAKE in given:
        raise BadInput("an account needs a role that people hold")
    if Role.ADMINISTRATOR in given and len(given) > 1:
        raise BadInput("who runs the system reads no case: give the administrator's role to an account of its own")
    return sorted(r.value for r in given)


def _link(connection: sa.Connection, actor: Actor, account_id: str, purpose: str, now: dt.datetime) -> str:
    token = secrets.token_urlsafe(32)
    c = one_time_link.c
    older = sa.update(one_time_link).where(c.account_id == account_id, c.used_at.is_(None)).values(used_at=now)
    connection.execute(older)  # one good link at a time
    values = {"hash": token_hash(token), "account_id": account_id, "purpose": purpose, "made_at": now}
    connection.execute(sa.insert(one_time_link).values(**values, expires_at=now + LIFE[purpose]))
    record(connection, now, Entry(actor.id, f"link.{purpose}", "account", account_id))
    return token


def _row(connection: sa.Connection, account_id: str) -> Any:
    row = connection.execute(accounts_query().where(account.c.id == account_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such account")
    return row


def account_in(row: Any) -> Account:
    """The account in a row of `accounts_query`."""
    return Account(
        row["id"],
        row["login"],
        row["name"],
        frozenset(Role(r) for r in row["roles"]),
        Component(row["component"]),
        frozenset(row["areas"]),
        bool(row["password"]),
        row["totp_step"] is not None,
        row["made_at"],
        row["closed_at"],
        bool(row["has_passkey"]),
    )
