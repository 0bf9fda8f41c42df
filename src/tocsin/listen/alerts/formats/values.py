"""Reading single values that strangers send: text, instants, positions, JSON and form bodies."""

import datetime as dt
import email.utils
import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.model import Attachment, Delivery, Received, ReportKind

MOST_BYTES = 1_000_000
MOST_TEXT = 10_000
MOST_FIELDS = 500
_EARLY = dt.timedelta(days=45)  # a phone that was off may deliver this late
_AHEAD = dt.timedelta(minutes=15)  # a clock may run ahead this much
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_SPACE_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)")
_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")


def clean(value: Any, most: int = MOST_TEXT) -> str:
    """Text that both databases can store: no control characters, no half surrogates, not too long."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub(" ", text.replace("\r\n", "\n")).strip()[:most]


def identifier(value: Any) -> str | None:
    """An id as given, its hash when it is too long to store, None when there is none."""
    if value is None or isinstance(value, (bool, dict, list)):
        return None
    text = clean(value, MOST_BYTES)
    if len(text) > 200:
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    return text or None


def instant(value: Any, arrived: dt.datetime) -> dt.datetime:
    """When a report was sent, UTC; the time of arrival when the value is missing, unreadable or cannot be right.

    Reads ISO 8601 (also with a space, without a colon in the zone, or without a zone: then UTC), RFC 5322 and Unix
    time in seconds or milliseconds, told apart by size. Times more than 45 days old or 15 minutes ahead of arrival
    come from a wrong clock.

    >>> now = dt.datetime(2017, 5, 3, 7, tzinfo=dt.UTC)
    >>> instant("2017-05-03 06:04:45", now) == instant("1493791485000", now) == instant(1493791485, now)
    True
    >>> instant("1970-01-01T00:00:00Z", now) == now
    True
    """
    try:
        found = _read_instant(value)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return arrived
    return found if found is not None and arrived - _EARLY <= found <= arrived + _AHEAD else arrived


def _read_instant(value: Any) -> dt.datetime | None:
    if value is None or isinstance(value, (bool, dict, list)):
        return None
    text = str(value).strip()[:60]
    if re.fullmatch(r"\d{9,16}(\.\d+)?", text, re.ASCII):
        number = float(text)
        return dt.datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, dt.UTC)
    if re.match(r"\d{4}-", text):
        found = dt.datetime.fromisoformat(_ZONE.sub(r"\1:\2", _SPACE_TIME.sub(r"\1T\2", text)))
    else:
        found = email.utils.parsedate_to_datetime(text)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def position(lat: Any, lon: Any) -> tuple[float | None, float | None]:
    """Longitude and latitude of values given latitude first; nothing when impossible or exactly 0, 0 (no fix)."""
    try:
        y, x = float(lat), float(lon)
    except (TypeError, ValueError, OverflowError):
        return None, None
    if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90) or (x == 0 and y == 0):
        return None, None
    return x, y


def check_size(delivery: Delivery) -> None:
    """Refuse what no report needs."""
    if len(delivery.body) > MOST_BYTES or len(delivery.query) > MOST_BYTES:
        raise BadInput("the delivery is larger than {most} bytes: send media apart from the text", most=MOST_BYTES)


def json_object(delivery: Delivery, provider: str) -> dict[str, Any]:
    """The JSON object of a body.

    Raises
    ------
    BadInput
        If the body is not a JSON object in UTF-8, too large or nested too deeply.
    """
    check_size(delivery)
    try:
        found = json.loads(delivery.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise BadInput("{provider}: the body is not JSON in UTF-8", provider=provider) from problem
    if not isinstance(found, dict):
        raise BadInput("{provider}: the body is JSON but not an object", provider=provider)
    return found


def form(delivery: Delivery, provider: str) -> dict[str, str]:
    """Values of an URL-encoded body and of the query, the body's first; of a repeated key the first.

    Raises
    ------
    BadInput
        If there are too many values or too many bytes.
    """
    pairs = [*form_pairs(delivery, provider), *_pairs(delivery.query, provider)]
    found: dict[str, str] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def form_pairs(delivery: Delivery, provider: str) -> list[tuple[str, str]]:
    """Keys and values of an URL-encoded body, in order, repeated ones included."""
    check_size(delivery)
    return _pairs(delivery.body.decode("utf-8", "replace"), provider)


def _pairs(text: str, provider: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as problem:
        raise BadInput("{provider}: the form has too many values", provider=provider) from problem


def part(value: Any) -> Mapping[str, Any]:
    """A value where an object should be; an empty one when it is something else."""
    return value if isinstance(value, dict) else {}


def items(value: Any, most: int = 200) -> list[Any]:
    """A value where a list should be; an empty one when it is something else."""
    return value[:most] if isinstance(value, list) else []


def report(
    delivery: Delivery,
    provider: str,
    kind: ReportKind,
    *,
    id: Any,
    sender: Any,
    text: Any,
    at: Any,
    attachments: list[Attachment] | tuple[Attachment, ...] = (),
    place: tuple[float | None, float | None] = (None, None),
    hashed: bytes | None = None,
    **others: Any,
) -> Received:
    """A report from raw values.

    Raises
    ------
    BadInput
        If it says nothing: no words, no attachment, no position, no answers, and not a missed call.
    """
    words = clean(text)
    fields = others.get("fields") or {}
    if not (words or attachments or fields or place[0] is not None or kind is ReportKind.MISSED_CALL):
        raise BadInput("{provider}: the message has no text", provider=provider)
    raw = delivery.body + b"\n" + delivery.query.encode("utf-8", "replace") if hashed is None else hashed
    return Received(
        provider=provider,
        provider_id=identifier(id),
        sender=clean(sender, 300) or None,
        text=words,
        at=instant(at, delivery.at),
        kind=kind,
        raw_sha256=hashlib.sha256(raw).hexdigest(),
        attachments=tuple(attachments),
        lon=place[0],
        lat=place[1],
        **others,
    )
