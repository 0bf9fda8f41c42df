"""Gateways: the ways reports come in. Each has a secret address of its own, secrets under seal, and counts."""

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import re
import secrets as random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput, Conflict, Forbidden, NotFound
from tocsin.listen.alerts.formats import READERS, signatures
from tocsin.listen.alerts.formats.values import form
from tocsin.listen.alerts.model import Delivery
from tocsin.listen.alerts.tables import gateway
from tocsin.store import sealed
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing
from tocsin.store.policy import Actor, demand, only_readable

SIGNS = frozenset({"twilio", "smsgateway", "httpsms"})  # each delivery is signed: a secret is a must
CANNOT = frozenset({"africastalking", "infobip"})  # can send no secret: an allow-list is a must
GIVEN = frozenset({"twilio", "httpsms"})  # their secret is made by them, not by us
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SETTINGS = ("country_code", "address", "user", "timezone_hours", "outbound")


@dataclass(frozen=True)
class Gateway:
    """A gateway with its secrets opened, for checking deliveries; printing it shows none of them."""

    id: str
    provider: str
    path: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    allowed: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    heartbeat_minutes: int | None = None

    @property
    def country_code(self) -> str:
        """Digits of the country its phones are in; empty when not said."""
        return str(self.settings.get("country_code", ""))

    def knows(self, secret: str) -> bool:
        """Whether this is the secret part of its address."""
        return hmac.compare_digest(path_hash(secret), self.path)


@dataclass(frozen=True)
class Opened:
    """What a person needs to set the gateway up; shown once."""

    id: str
    provider: str
    path: str = field(repr=False)
    secret: str = field(repr=False)


def path_hash(secret: str) -> str:
    """What is kept of the secret part of an address."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def add(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    id: str,
    provider: str,
    now: dt.datetime,
    *,
    secret: str = "",
    allowed: Iterable[str] = (),
    settings: Mapping[str, Any] | None = None,
    heartbeat_minutes: int | None = None,
    sends: bool = False,
) -> Opened:
    """Open a gateway; gives the secret part of its address and its secret, which are shown this once.

    Parameters
    ----------
    secret : str
        The provider's own (Twilio's auth token, httpSMS's signing key); one is made for the others.
    allowed : iterable of str
        Networks it may call from (CIDR). A must where the provider can send no secret.
    heartbeat_minutes : int, optional
        Silent for longer is a notice.

    Raises
    ------
    BadInput
    Conflict
        If the name is taken.
    Forbidden
    """
    demand(actor, "create", "gateway")
    if provider not in READERS:
        raise BadInput("that is no provider: {known}", known=", ".join(sorted(READERS)))
    if not _NAME.fullmatch(id):
        raise BadInput("a gateway's name is small letters, digits and dashes, for example sms-bria")
    if connection.execute(sa.select(gateway.c.id).where(gateway.c.id == id)).first() is not None:
        raise Conflict("there is a gateway '{id}' already (closed ones keep their name)", id=id)
    networks = check_networks(allowed)
    given = check_settings(settings or {})
    if provider in GIVEN and not secret:
        raise BadInput("{provider} signs with a secret of its own: give it with --secret", provider=provider)
    if provider in CANNOT and not networks:
        raise BadInput("{provider} signs nothing: name the networks it calls from with --allow", provider=provider)
    if heartbeat_minutes is not None and not 1 <= heartbeat_minutes <= 100_000:
        raise BadInput("a heartbeat is 1 to 100,000 minutes")
    path = random.token_urlsafe(24)
    made = secret or ("" if provider in CANNOT else random.token_urlsafe(24))
    connection.execute(
        sa.insert(gateway).values(
            id=id, provider=provider, path=path_hash(path), allowed=networks, settings=given, sends=sends,
            heartbeat_minutes=heartbeat_minutes, accepted=0, repeated=0, refused=0, unreadable=0, made_at=now,
        )
    )  # fmt: skip
    _seal(connection, keys, id, [made] if made else [], now)
    record(connection, now, Entry(actor.id, "gateway.add", "gateway", id, details={"provider": provider}))
    return Opened(id, provider, path, made)


def rotate(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    id: str,
    now: dt.datetime,
    *,
    secret: str = "",
    keep_old: bool = True,
    new_path: bool = False,
) -> Opened:
    """Give a gateway a new secret; the old one holds beside it until the next change, so that no message is lost.

    Parameters
    ----------
    keep_old : bool
        False takes the old secret away at once: when it is known to others.
    new_path : bool
        Also make a new address; the old one stops working now.
    """
    demand(actor, "change", "gateway")
    row = _row(connection, id)
    if row["provider"] in GIVEN and not secret:
        raise BadInput("{provider} signs with a secret of its own: give it with --secret", provider=row["provider"])
    made = secret or ("" if row["provider"] in CANNOT else random.token_urlsafe(24))
    old = _secrets(connection, keys, id)
    _seal(connection, keys, id, [s for s in (made, *(old[:1] if keep_old else ())) if s], now)
    path = ""
    if new_path:
        path = random.token_urlsafe(24)
        connection.execute(sa.update(gateway).where(gateway.c.id == id).values(path=path_hash(path)))
    details = {"keep_old": keep_old, "new_path": new_path}
    record(connection, now, Entry(actor.id, "gateway.rotate", "gateway", id, details=details))
    return Opened(id, row["provider"], path, made)


def close(connection: sa.Connection, actor: Actor, id: str, now: dt.datetime) -> None:
    """Close a gateway: it is refused from now on, its secrets are gone, its counts stay."""
    demand(actor, "change", "gateway")
    _row(connection, id)
    connection.execute(sa.update(gateway).where(gateway.c.id == id).values(closed_at=now))
    sealed.forget(connection, _field(id))
    record(connection, now, Entry(actor.id, "gateway.close", "gateway", id))


def list_gateways(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]]:
    """Gateways with their counts, without anything secret."""
    columns = [c for c in gateway.c if c.name != "path"]
    query = only_readable(sa.select(*columns).order_by(gateway.c.id), gateway, actor)
    return [dict(row) for row in connection.execute(query).mappings()]


def open_gateways(connection: sa.Connection, keys: KeyRing) -> dict[str, Gateway]:
    """Every gateway that is open, with its secrets, for the intake."""
    rows = connection.execute(sa.select(gateway).where(gateway.c.closed_at.is_(None))).mappings()
    return {
        row["id"]: Gateway(
            row["id"], row["provider"], row["path"], tuple(_secrets(connection, keys, row["id"])),
            tuple(row["allowed"]), dict(row["settings"]), row["heartbeat_minutes"],
        )
        for row in rows
    }  # fmt: skip


def check(way: Gateway, delivery: Delivery, caller: str) -> None:
    """Whether a delivery is the gateway's: its network, then its signature or secret.

    Raises
    ------
    Forbidden
        With a reason that tells an attacker nothing.
    """
    if way.allowed:
        signatures.check_address(way.provider, caller, way.allowed)
    if way.provider == "twilio":
        signatures.check_twilio(delivery, way.secrets)
    elif way.provider == "smsgateway":
        signatures.check_sms_gateway(delivery, way.secrets)
    elif way.provider == "httpsms":
        signatures.check_httpsms(delivery, way.secrets)
    elif way.secrets:
        _check_shared(way, delivery)
    elif not way.allowed:
        raise Forbidden("{provider}: this gateway has neither secret nor allow-list", provider=way.provider)


def _check_shared(way: Gateway, delivery: Delivery) -> None:
    scheme, _, token = delivery.header("Authorization").strip().partition(" ")
    if scheme.lower() == "basic":
        signatures.check_basic(way.provider, delivery, str(way.settings.get("user", "tocsin")), way.secrets)
        return
    if way.provider == "smssync":
        given = form(delivery, "smssync").get("secret", "")
    elif way.provider == "telegram":
        given = delivery.header("X-Telegram-Bot-Api-Secret-Token")
    elif way.provider == "cap" and delivery.header("CAP-Webhook-Auth"):
        given = delivery.header("CAP-Webhook-Auth").removeprefix("Bearer ")
    else:
        given = token.strip() if scheme.lower() in ("bearer", "token") else delivery.header("X-Tocsin-Secret")
    signatures.check_secret(way.provider, given, way.secrets)


def check_networks(allowed: Iterable[str]) -> list[str]:
    """Networks in one form."""
    found = []
    for text in allowed:
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError as problem:
            raise BadInput("one of the networks is none: write for example 203.0.113.0/24") from problem
    return found


def check_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a gateway that the program knows."""
    wrong = set(settings) - set(_SETTINGS)
    if wrong:
        raise BadInput("a gateway has no setting {names}: {known}", names=", ".join(sorted(wrong)),
                       known=", ".join(_SETTINGS))  # fmt: skip
    code = str(settings.get("country_code", ""))
    if code and not (code.isascii() and code.isdecimal() and len(code) <= 4):
        raise BadInput("country_code is digits only, for example 236")
    return dict(settings)


def _row(connection: sa.Connection, id: str) -> Mapping[str, Any]:
    query = sa.select(gateway).where(gateway.c.id == id, gateway.c.closed_at.is_(None))
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no open gateway of that name")
    return dict(row)


def _field(id: str) -> sealed.Field:
    return sealed.Field("gateway", id, "secret")


def _secrets(connection: sa.Connection, keys: KeyRing, id: str) -> list[str]:
    text = sealed.program_secret(connection, keys, _field(id))
    return [] if text is None else [str(s) for s in json.loads(text)]


def _seal(connection: sa.Connection, keys: KeyRing, id: str, secrets: Sequence[str], now: dt.datetime) -> None:
    sealed.put(connection, keys, _field(id), json.dumps(list(secrets)), now)
