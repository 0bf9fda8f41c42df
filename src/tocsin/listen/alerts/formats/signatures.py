"""Is a delivery really the gateway's? Every comparison takes the same time, right or wrong.

Each check takes several secrets, so that one can be changed without losing messages, and raises `Forbidden` with a
reason that tells an attacker nothing. Callers count refusals and keep nothing of a refused delivery.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tocsin.core.errors import BadInput, Forbidden
from tocsin.listen.alerts.formats.values import form_pairs
from tocsin.listen.alerts.model import Delivery

WINDOW = dt.timedelta(minutes=5)
_PORTS = {"https": ":443", "http": ":80"}


def _refuse(provider: str) -> None:
    raise Forbidden("{provider}: the delivery is not signed with our secret", provider=provider)


def _any_equal(given: bytes, expected: Iterable[bytes]) -> bool:
    """Whether one of the expected values is the given one; compares with all of them."""
    found = False
    for value in expected:
        found |= hmac.compare_digest(given, value)
    return found


def _secrets(secrets: Sequence[str], provider: str) -> list[bytes]:
    keys = [s.encode() for s in secrets]
    if not keys or not all(keys):
        raise BadInput("{provider}: no secret is set: give one before opening this door", provider=provider)
    return keys


def check_twilio(delivery: Delivery, secrets: Sequence[str]) -> None:
    """X-Twilio-Signature: base64 of HMAC-SHA1 over the address and the sorted form values.

    The signature has no time in it: a repeated delivery is caught by its MessageSid. The address is tried as called and
    with the scheme's usual port added or left out, because proxies differ.
    """
    keys = _secrets(secrets, "twilio")
    pairs = sorted(set(form_pairs(delivery, "twilio")))
    tail = "".join(k + v for k, v in pairs)
    expected = [
        base64.b64encode(hmac.digest(key, (address + tail).encode("utf-8", "replace"), "sha1"))
        for key in keys
        for address in _addresses(delivery.url)
    ]
    if not _any_equal(delivery.header("X-Twilio-Signature").encode("utf-8", "replace"), expected):
        _refuse("twilio")


def _addresses(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        port, host = _PORTS.get(parts.scheme, ""), parts.netloc
    except ValueError:
        return [url]
    other = host.removesuffix(port) if port and host.endswith(port) else host + port
    return [url, urlunsplit(parts._replace(netloc=other))]


def check_sms_gateway(delivery: Delivery, secrets: Sequence[str]) -> None:
    """X-Signature: hex HMAC-SHA256 over the raw body and X-Timestamp (Unix seconds), at most five minutes old."""
    keys = _secrets(secrets, "smsgateway")
    stamp = delivery.header("X-Timestamp")
    given = delivery.header("X-Signature").strip().lower().encode("utf-8", "replace")
    expected = [hmac.digest(k, delivery.body + stamp.encode("utf-8", "replace"), "sha256").hex().encode() for k in keys]
    good = _any_equal(given, expected)
    digits = stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12
    if not good or not digits or abs(delivery.at.timestamp() - int(stamp)) > WINDOW.total_seconds():
        _refuse("smsgateway")


def check_httpsms(delivery: Delivery, secrets: Sequence[str], audience: str | None = None) -> None:
    """Authorization: Bearer with a JWT signed HS256, not expired and not from the future.

    The header's algorithm must be HS256 exactly, whatever the token says otherwise. The token does not cover the body:
    keep the address secret too.
    """
    keys = _secrets(secrets, "httpsms")
    scheme, _, token = delivery.header("Authorization").strip().partition(" ")
    parts = token.strip().encode("ascii", "replace").split(b".")
    if scheme.lower() != "bearer" or len(parts) != 3 or len(token) > 8000:
        _refuse("httpsms")
    header, claims, given = _json_part(parts[0]), _json_part(parts[1]), _bytes_part(parts[2])
    expected = [hmac.digest(k, parts[0] + b"." + parts[1], "sha256") for k in keys]
    good = _any_equal(given, expected) and header.get("alg") == "HS256" and "crit" not in header
    now, slack = delivery.at.timestamp(), 60.0
    until, since = _number(claims.get("exp")), _number(claims.get("nbf", claims.get("iat", now)))
    if not good or until is None or since is None or now > until + slack or now < since - slack:
        _refuse("httpsms")
    told = claims.get("aud")
    if audience is not None and audience not in (told if isinstance(told, list) else [told]):
        _refuse("httpsms")


def _number(value: Any) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if usable else None


def _bytes_part(part: bytes) -> bytes:
    try:
        return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""


def _json_part(part: bytes) -> dict[str, Any]:
    try:
        found = json.loads(_bytes_part(part))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def check_secret(provider: str, given: str, secrets: Sequence[str]) -> None:
    """A shared secret: in the path, in SMSSync's `secret`, in a header of RapidPro, Kobo, Telegram or CAP Composer."""
    digests = [hashlib.sha256(k).digest() for k in _secrets(secrets, provider)]
    if not _any_equal(hashlib.sha256(given.encode("utf-8", "replace")).digest(), digests):
        _refuse(provider)


def check_basic(provider: str, delivery: Delivery, user: str, secrets: Sequence[str]) -> None:
    """Basic authorisation, as Kobo's REST service sends it."""
    scheme, _, coded = delivery.header("Authorization").strip().partition(" ")
    try:
        given = base64.b64decode(coded.strip().encode("ascii", "replace"), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        given = ""
    check_secret(provider, given if scheme.lower() == "basic" else "", [f"{user}:{s}" for s in secrets])


def check_address(provider: str, address: str, allowed: Sequence[str]) -> None:
    """Whether the caller's address lies in one of the allowed networks (CIDR); for gateways that sign nothing.

    Raises
    ------
    BadInput
        If an allowed network is not one.
    """
    try:
        networks = [ipaddress.ip_network(a.strip(), strict=False) for a in allowed]
    except ValueError as problem:
        raise BadInput("{provider}: the allow-list is wrong: {why}", provider=provider, why=problem) from problem
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        _refuse(provider)
        return
    plain = getattr(caller, "ipv4_mapped", None) or caller
    if not any(plain in network for network in networks):
        _refuse(provider)
