"""Passkeys (W3C Web Authentication, level 3): keys in a person's own device, as a way in and as a second step.

The device makes sure of its holder (fingerprint, face, PIN) before it signs, so a passkey alone is two factors: without
a password it opens the account, after one it stands in for the code. Only public keys are kept here. A challenge is
signed once and within five minutes; it says what for and, after a password, for whom. What the device signed must name
our address, and its counter must not go back: then two devices hold the same key, and one of them is a copy.
"""

import base64
import datetime as dt
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput, Conflict, NotFound
from tocsin.store.accounts import account_in, accounts_query
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor
from tocsin.store.sign_in import Refused, SignedIn, let_in
from tocsin.store.tables import account, passkey, passkey_challenge

LIFE = dt.timedelta(minutes=5)
MOST = 10
LONGEST_ANSWER = 20_000


@dataclass(frozen=True)
class Site:
    """Where a passkey holds, as the browser sees it.

    Parameters
    ----------
    host : str
        The name in the address, without its port: the relying party's id. An address in figures cannot be one.
    origin : str
        ``https://tocsin.example.org``, with its port if it is not the usual one.
    name : str
        Of the mission, which devices show.
    """

    host: str
    origin: str
    name: str


@dataclass(frozen=True)
class Passkey:
    """A passkey as its owner sees it in a list."""

    id: str
    name: str
    site: str
    made_at: dt.datetime
    used_at: dt.datetime | None


@dataclass(frozen=True)
class Answer:
    """What a browser gave back, read but not believed yet."""

    credential: dict[str, Any]
    challenge: bytes
    holder: str


def read_answer(text: str) -> Answer:
    """Read what a browser gave back; outside a transaction, for the library takes its time to load.

    Raises
    ------
    BadInput
        If it is no answer to a passkey's challenge.
    """
    import webauthn  # noqa: F401  loaded here, not while the records are held

    try:
        if len(text) > LONGEST_ANSWER:
            raise ValueError
        found = json.loads(text)
        said = json.loads(_bytes(found["response"]["clientDataJSON"]))
        holder = _bytes(found["response"].get("userHandle") or "").decode("utf-8")
        return Answer(dict(found), _bytes(said["challenge"]), holder)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput("the device's answer cannot be read: try again") from None


def ask_to_make(connection: sa.Connection, site: Site, account_id: str, now: dt.datetime) -> str:
    """What the browser needs to make a passkey for an account (JSON), with a new challenge.

    Raises
    ------
    Conflict
        If the account has ten already.
    """
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    there = _alive(connection, account_id)
    if len(there) >= MOST:
        raise Conflict("an account has at most {n} passkeys: remove one first", n=MOST)
    row = connection.execute(sa.select(account.c.login, account.c.name).where(account.c.id == account_id)).one()
    return options_to_json(
        generate_registration_options(
            rp_id=site.host, rp_name=site.name, user_id=account_id.encode(), user_name=row.login,
            user_display_name=row.name or row.login, challenge=_challenge(connection, "make", account_id, now),
            timeout=int(LIFE.total_seconds() * 1000),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=_named(there, site),
        )
    )  # fmt: skip


def add(
    connection: sa.Connection, site: Site, actor: Actor, answer: Answer, name: str, now: dt.datetime
) -> Passkey | Refused:
    """Keep the public key of a passkey that a device has just made.

    Returns
    -------
    Passkey or Refused
        Commit either: a challenge is used up whatever comes of it.
    """
    from webauthn import verify_registration_response

    if _use_up(connection, answer, "make", now) != (True, actor.id):
        return Refused("wrong")
    try:
        made = verify_registration_response(
            credential=answer.credential, expected_challenge=answer.challenge, expected_rp_id=site.host,
            expected_origin=site.origin, require_user_verification=True,
        )  # fmt: skip
    except Exception:  # the library's own errors, and those of the readers of CBOR and certificates below it
        return Refused("wrong")
    credential = _text(made.credential_id)
    there = _alive(connection, actor.id)
    taken = connection.execute(sa.select(passkey.c.id).where(passkey.c.credential == credential)).first()
    if taken is not None or len(there) >= MOST:
        return Refused("wrong")
    id = secrets.token_hex(6)
    values = {"id": id, "account_id": actor.id, "credential": credential, "site": site.host, "made_at": now}
    called = " ".join(name.split())[:80] or f"{len(there) + 1}"
    connection.execute(
        sa.insert(passkey).values(
            **values, public_key=made.credential_public_key, sign_count=made.sign_count, name=called
        )
    )
    record(connection, now, Entry(actor.id, "passkey.add", "passkey", id))
    return Passkey(id, called, site.host, now, None)


def ask_to_use(connection: sa.Connection, site: Site, now: dt.datetime, account_id: str | None = None) -> str:
    """What the browser needs to sign with a passkey (JSON), with a new challenge.

    Parameters
    ----------
    account_id : str, optional
        Whose it must be, where that was shown before; without it anybody's who has one here.
    """
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    allowed = None if account_id is None else _named(_alive(connection, account_id), site)
    return options_to_json(
        generate_authentication_options(
            rp_id=site.host, challenge=_challenge(connection, "use", account_id, now), allow_credentials=allowed,
            timeout=int(LIFE.total_seconds() * 1000), user_verification=UserVerificationRequirement.REQUIRED,
        )
    )  # fmt: skip


def sign_in(
    connection: sa.Connection, site: Site, answer: Answer, device: str, client: str, now: dt.datetime
) -> SignedIn | Refused:
    """Sign in with a passkey: alone, or after a password if the challenge was made for an account.

    Returns
    -------
    SignedIn or Refused
        Commit either.
    """
    good, whose = _use_up(connection, answer, "use", now)
    found = _holder(connection, site, answer, whose, now) if good else Refused("wrong")
    if isinstance(found, Refused):
        return found
    row = connection.execute(accounts_query().where(account.c.id == found)).mappings().one()
    if row["closed_at"] is not None:
        return Refused("wrong")
    how = {"second_step": True, "passkey": True, "password": whose is not None}
    return let_in(connection, account_in(row), device, client, now, how)


def is_shown(connection: sa.Connection, site: Site, actor: Actor, answer: Answer, now: dt.datetime) -> bool:
    """Whether an actor who is signed in has just shown a passkey of theirs. Commit in any case."""
    good, whose = _use_up(connection, answer, "use", now)
    return good and whose == actor.id and _holder(connection, site, answer, whose, now) == actor.id


def list_passkeys(connection: sa.Connection, actor: Actor) -> list[Passkey]:
    """One's own passkeys."""
    return [Passkey(r.id, r.name, r.site, r.made_at, r.used_at) for r in _alive(connection, actor.id)]


def rename(connection: sa.Connection, actor: Actor, passkey_id: str, name: str, now: dt.datetime) -> None:
    """Call one of one's own passkeys something else."""
    called = " ".join(name.split())[:80]
    if not called:
        raise BadInput("a passkey needs a name: say which device it lies in")
    _change(connection, actor, passkey_id, {"name": called})
    record(connection, now, Entry(actor.id, "passkey.rename", "passkey", passkey_id))


def end(connection: sa.Connection, actor: Actor, passkey_id: str, now: dt.datetime) -> None:
    """Make one of one's own passkeys useless."""
    _change(connection, actor, passkey_id, {"ended_at": now})
    record(connection, now, Entry(actor.id, "passkey.end", "passkey", passkey_id))


def _holder(
    connection: sa.Connection, site: Site, answer: Answer, whose: str | None, now: dt.datetime
) -> str | Refused:
    """Account whose passkey signed, and move its counter on."""
    from webauthn import verify_authentication_response

    c = passkey.c
    known = c.credential == str(answer.credential.get("id", ""))
    row = connection.execute(sa.select(passkey).where(known, c.ended_at.is_(None))).one_or_none()
    if row is None or whose not in (None, row.account_id) or answer.holder not in ("", row.account_id):
        return Refused("wrong")
    if whose is None and not answer.holder:  # the device found the passkey by itself, so it must say whose it is
        return Refused("wrong")
    try:
        shown = verify_authentication_response(
            credential=answer.credential, expected_challenge=answer.challenge, expected_rp_id=site.host,
            expected_origin=site.origin, credential_public_key=row.public_key, credential_current_sign_count=0,
            require_user_verification=True,
        )  # fmt: skip
    except Exception:  # the library's own errors, and those of the readers of CBOR and certificates below it
        return Refused("wrong")
    count = shown.new_sign_count
    moved = sa.update(passkey).where(c.id == row.id, c.sign_count == row.sign_count, c.ended_at.is_(None))
    goes_on = count > row.sign_count or count == row.sign_count == 0  # devices that do not count say 0 for ever
    if not goes_on or connection.execute(moved.values(sign_count=count, used_at=now)).rowcount != 1:
        details = {"count": count, "kept": row.sign_count}
        record(connection, now, Entry(row.account_id, "passkey.copied", "passkey", row.id, details=details))
        return Refused("copied")
    return str(row.account_id)


def _challenge(connection: sa.Connection, purpose: str, account_id: str | None, now: dt.datetime) -> bytes:
    c = passkey_challenge.c
    made = secrets.token_bytes(32)
    connection.execute(sa.delete(passkey_challenge).where(c.expires_at <= now))
    values = {"hash": hashlib.sha256(made).hexdigest(), "purpose": purpose, "account_id": account_id}
    connection.execute(sa.insert(passkey_challenge).values(**values, expires_at=now + LIFE))
    return made


def _use_up(connection: sa.Connection, answer: Answer, purpose: str, now: dt.datetime) -> tuple[bool, str | None]:
    """Whether a challenge of ours was still good, and whom it was for; it never is again."""
    c = passkey_challenge.c
    this = c.hash == hashlib.sha256(answer.challenge).hexdigest()
    row = connection.execute(sa.select(passkey_challenge).where(this)).one_or_none()
    if row is None or connection.execute(sa.delete(passkey_challenge).where(this)).rowcount != 1:
        return False, None
    return row.purpose == purpose and row.expires_at > now, row.account_id


def _alive(connection: sa.Connection, account_id: str) -> list[Any]:
    c = passkey.c
    query = sa.select(passkey).where(c.account_id == account_id, c.ended_at.is_(None)).order_by(c.made_at, c.id)
    return list(connection.execute(query))


def _named(rows: list[Any], site: Site) -> list[Any]:
    """The passkeys of a site as the browser is told of them."""
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=_bytes(r.credential)) for r in rows if r.site == site.host]


def _change(connection: sa.Connection, actor: Actor, passkey_id: str, values: dict[str, Any]) -> None:
    c = passkey.c
    mine = sa.and_(c.id == passkey_id, c.account_id == actor.id, c.ended_at.is_(None))
    if connection.execute(sa.update(passkey).where(mine).values(values)).rowcount != 1:
        raise NotFound("there is no such passkey")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
