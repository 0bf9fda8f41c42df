"""CAP 1.2 (OASIS, 2010): reading any valid alert, and writing our profile of it.

Our profile: category Security, scope Restricted or Private unless released to the public. CAP writes latitude first.
"""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.formats.values import check_size, clean, position, report
from tocsin.listen.alerts.formats.xml import local, parse, words
from tocsin.listen.alerts.model import Attachment, Delivery, Received, ReportKind

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CODES = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "msgType": ("Alert", "Update", "Cancel", "Ack", "Error"),
    "scope": ("Public", "Restricted", "Private"),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}
RESPONSES = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
_ID = re.compile(r"[^\s,<&]+")
_KEPT = ("language", "event", "urgency", "severity", "certainty", "expires", "onset", "responseType", "senderName")


def read_cap(delivery: Delivery) -> tuple[Received, ...]:
    """One CAP alert; the words are headline, event, description, instruction and areas of its first language.

    Everything but status Actual is practice. The id is sender, identifier and time sent, as references write it.
    """
    check_size(delivery)
    root = parse(delivery.body, "cap")
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise BadInput("cap: the root is not an alert of CAP 1.2 ({ns})", ns=NAMESPACE)
    head = {local(e): words(e) for e in root if not len(e)}
    for name in ("identifier", "sender", "sent", "status", "msgType", "scope"):
        if not head.get(name):
            raise BadInput("cap: '{name}' is missing", name=name)
    for name in ("status", "msgType", "scope"):
        if head[name] not in CODES[name]:
            raise BadInput("cap: {name} '{value}' is not in CAP 1.2", name=name, value=clean(head[name], 40))
    infos = [e for e in root if local(e) == "info"]
    info = infos[0] if infos else None
    inside = {local(e): words(e) for e in info if not len(e)} if info is not None else {}
    areas = [e for e in info if local(e) == "area"] if info is not None else []
    described = [words(_child(a, "areaDesc")) for a in areas]
    parts = [inside.get(k, "") for k in ("headline", "event", "description", "instruction")]
    text = "\n".join(dict.fromkeys(clean(p) for p in [*parts, *described, head.get("note", "")] if clean(p)))
    fields = {k: clean(inside[k], 500) for k in _KEPT if clean(inside.get(k))}
    fields |= {k: head[k] for k in ("status", "msgType", "scope")}
    media = [Attachment(words(_child(r, "mimeType")), words(_child(r, "uri"))) for r in _all(info, "resource")]
    return (
        report(
            delivery, "cap", ReportKind.CAP, id=",".join(head[k] for k in ("sender", "identifier", "sent")),
            sender=head["sender"], text=text, at=head["sent"], fields=fields, practice=head["status"] != "Actual",
            replaces=tuple(clean(r, 300) for r in head.get("references", "").split()), place=_middle(areas),
            attachments=[m for m in media if m.where],
        ),
    )  # fmt: skip


def _child(element: ET.Element, name: str) -> ET.Element | None:
    return next((e for e in element if local(e) == name), None)


def _all(element: ET.Element | None, name: str) -> list[ET.Element]:
    return [e for e in element if local(e) == name] if element is not None else []


def _middle(areas: list[ET.Element]) -> tuple[float | None, float | None]:
    """Centre of the first circle, or the middle of the first polygon's corners."""
    for area in areas:
        for shape in _all(area, "circle") + _all(area, "polygon"):
            pairs = [p.split(",") for p in words(shape).split() if "," in p][:2000]
            corners = [position(p[0], p[1]) for p in pairs]
            known = [(x, y) for x, y in corners if x is not None and y is not None]
            if known:
                known = known[:-1] if len(known) > 1 and known[0] == known[-1] else known
                return sum(x for x, _ in known) / len(known), sum(y for _, y in known) / len(known)
    return None, None


@dataclass(frozen=True)
class CapArea:
    """Where a warning holds: a description and polygons ((lon, lat) corners) or circles (lon, lat, radius_km)."""

    description: str
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    circles: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class CapText:
    """The words of a warning in one more language."""

    language: str
    event: str
    headline: str = ""
    description: str = ""
    instruction: str = ""


@dataclass(frozen=True)
class CapWarning:
    """A warning in our profile of CAP 1.2; instants are UTC-aware.

    `references` are (sender, identifier, sent) of earlier messages; needed for Update, Cancel, Ack and Error.
    `addresses` is needed for scope Private, `restriction` for scope Restricted, `note` for Error. `more` are the same
    words in further languages: one info each.
    """

    identifier: str
    sender: str
    sent_at: dt.datetime
    event: str = ""
    status: str = "Exercise"
    msg_type: str = "Alert"
    scope: str = "Restricted"
    restriction: str = ""
    addresses: tuple[str, ...] = ()
    note: str = ""
    references: tuple[tuple[str, str, dt.datetime], ...] = ()
    language: str = "en"
    responses: tuple[str, ...] = ()
    urgency: str = "Unknown"
    severity: str = "Unknown"
    certainty: str = "Unknown"
    expires_at: dt.datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    areas: tuple[CapArea, ...] = ()
    more: tuple[CapText, ...] = ()


def cap_time(at: dt.datetime) -> str:
    """An instant as CAP wants it: whole seconds and never a Z; UTC is -00:00.

    >>> cap_time(dt.datetime(2012, 5, 2, 23, 21, 4, 5, tzinfo=dt.UTC))
    '2012-05-02T23:21:04-00:00'
    """
    if at.tzinfo is None:
        raise BadInput("cap: a time without a zone cannot be sent")
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def write_cap(warning: CapWarning) -> bytes:
    """CAP 1.2 document (UTF-8).

    Raises
    ------
    BadInput
        If a code is not CAP's, an id holds a space, comma, ``<`` or ``&``, a ring or circle is impossible, or something
        that the type or scope needs is missing.
    """
    _check(warning)
    root = ET.Element("alert", {"xmlns": NAMESPACE})
    _add(root, "identifier", warning.identifier)
    _add(root, "sender", warning.sender)
    _add(root, "sent", cap_time(warning.sent_at))
    _add(root, "status", warning.status)
    _add(root, "msgType", warning.msg_type)
    _add(root, "scope", warning.scope)
    _add(root, "restriction", warning.restriction if warning.scope == "Restricted" else "")
    _add(root, "addresses", " ".join(f'"{a}"' if " " in a else a for a in warning.addresses))
    _add(root, "note", warning.note)
    _add(root, "references", " ".join(f"{s},{i},{cap_time(t)}" for s, i, t in warning.references))
    if warning.event:
        _add_info(ET.SubElement(root, "info"), warning)
        for text in warning.more:
            _add_info(ET.SubElement(root, "info"), replace(warning, **vars(text)))
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.removeprefix(b"<?xml version='1.0' encoding='utf-8'?>\n")


def _add_info(info: ET.Element, warning: CapWarning) -> None:
    _add(info, "language", warning.language)
    _add(info, "category", "Security")
    _add(info, "event", warning.event)
    for response in warning.responses:
        _add(info, "responseType", response)
    _add(info, "urgency", warning.urgency)
    _add(info, "severity", warning.severity)
    _add(info, "certainty", warning.certainty)
    if warning.expires_at:
        _add(info, "expires", cap_time(warning.expires_at))
    for name, value in (
        ("senderName", warning.sender_name), ("headline", warning.headline), ("description", warning.description),
        ("instruction", warning.instruction),
    ):  # fmt: skip
        _add(info, name, value)
    for area in warning.areas:
        inside = ET.SubElement(info, "area")
        _add(inside, "areaDesc", area.description)
        for ring in area.polygons:
            closed = ring if ring[0] == ring[-1] else (*ring, ring[0])
            _add(inside, "polygon", " ".join(f"{y:.5f},{x:.5f}" for x, y in closed))
        for lon, lat, radius_km in area.circles:
            _add(inside, "circle", f"{lat:.5f},{lon:.5f} {radius_km:g}")


def _add(parent: ET.Element, name: str, value: str) -> None:
    if clean(value):
        ET.SubElement(parent, name).text = clean(value)


def _check(warning: CapWarning) -> None:
    given: tuple[tuple[str, Any], ...] = (
        ("status", warning.status), ("msgType", warning.msg_type), ("scope", warning.scope),
        ("urgency", warning.urgency), ("severity", warning.severity), ("certainty", warning.certainty),
    )  # fmt: skip
    for name, value in given:
        if value not in CODES[name]:
            raise BadInput("cap: {name} '{value}' is not in CAP 1.2", name=name, value=value)
    ids = [warning.identifier, warning.sender, *(v for s, i, _ in warning.references for v in (s, i))]
    for value in ids:
        if not _ID.fullmatch(value):
            raise BadInput("cap: '{value}' cannot be an id: it is empty or has a space, comma, < or &", value=value)
    _need(warning.msg_type in ("Alert",) or bool(warning.references), "references", warning.msg_type)
    _need(warning.scope != "Private" or bool(warning.addresses), "addresses", "Private")
    _need(warning.scope != "Restricted" or bool(clean(warning.restriction)), "restriction", "Restricted")
    _need(warning.msg_type != "Error" or bool(clean(warning.note)), "note", "Error")
    _need(warning.msg_type not in ("Alert", "Update") or bool(clean(warning.event)), "event", warning.msg_type)
    for response in warning.responses:
        if response not in RESPONSES:
            raise BadInput("cap: responseType '{value}' is not in CAP 1.2", value=response)
    for area in warning.areas:
        _need(bool(clean(area.description)), "areaDesc", "an area")
        _check_shapes(area)


def _need(there: bool, name: str, why: str) -> None:
    if not there:
        raise BadInput("cap: {why} needs '{name}'", name=name, why=why)


def _check_shapes(area: CapArea) -> None:
    for ring in area.polygons:
        if len(set(ring)) < 3 or any(not _on_earth(x, y) for x, y in ring):
            raise BadInput("cap: a polygon needs three corners or more, each on the earth")
    for x, y, radius_km in area.circles:
        if not (_on_earth(x, y) and 0 <= radius_km < 20_000):
            raise BadInput("cap: a circle needs a centre on the earth and a radius in km")


def _on_earth(values_x: float, values_y: float) -> bool:
    return abs(values_x) <= 180 and abs(values_y) <= 90


def acknowledge(received: Received, identifier: str, sender: str, at: dt.datetime) -> CapWarning:
    """The Ack of a CAP message, addressed to nobody but its sender.

    Raises
    ------
    BadInput
        If it was not received as CAP.
    """
    parts: Iterable[str] = (received.provider_id or "").split(",")
    values = list(parts)
    if received.kind is not ReportKind.CAP or len(values) != 3:
        raise BadInput("only a message that came as CAP can be acknowledged in CAP")
    sent = dt.datetime.fromisoformat(values[2])
    status = received.fields["status"]
    return CapWarning(
        identifier, sender, at, status=status, msg_type="Ack", scope="Private", addresses=(values[0],),
        references=((values[0], values[1], sent),),
    )  # fmt: skip
