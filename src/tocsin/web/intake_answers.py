"""What each gateway wants to hear: its own yes, its own no."""

import json
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from tocsin.core.errors import BadInput, Busy, Forbidden, SetupProblem, TocsinError

JSON = "application/json"
XML = "text/xml; charset=utf-8"
OPENROSA = {"X-OpenRosa-Version": "1.0"}


@dataclass(frozen=True)
class Said:
    """An answer: status, body, type and further headers."""

    status: int
    body: bytes = b""
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def kept(provider: str, accepted: int, repeated: int) -> Said:
    """All reports of a delivery are safe."""
    if provider == "twilio":
        return Said(200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>', XML)
    if provider == "smssync":
        return Said(200, b'{"payload":{"success":true,"error":null}}')
    if provider == "openrosa":
        return openrosa(201 if accepted else 202, "received" if accepted else "received before")
    if provider == "africastalking":
        return Said(200, b"", "text/plain")
    return Said(200, b'{"accepted":%d,"repeated":%d}' % (accepted, repeated))


def nothing(provider: str, event: str) -> Said:
    """A heartbeat or a receipt: good, and no report."""
    if provider == "smssync":
        return Said(200, json.dumps({"payload": {"task": event, "success": True, "messages": []}}).encode())
    return kept(provider, 0, 0)


def openrosa(status: int, message: str) -> Said:
    """As ODK Collect and KoboCollect read it."""
    text = f'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message>{escape(message)}</message>'
    return Said(status, f"{text}</OpenRosaResponse>".encode(), XML, OPENROSA)


def refused(provider: str | None, problem: TocsinError, status: int | None = None) -> Said:
    """No: what is wrong, in the gateway's own form where it has one; a busy house says when to come back."""
    if status is None:
        kinds = ((Forbidden, 403), (BadInput, 422), (Busy, 503), (SetupProblem, 503))
        status = next((code for kind, code in kinds if isinstance(problem, kind)), 503)
    wait = {"Retry-After": "30"} if status == 503 else {}
    if provider == "openrosa":
        said = openrosa(status, str(problem))
        more = {"WWW-Authenticate": 'Basic realm="tocsin"'} if status == 403 else {}
        return Said(401 if status == 403 else status, said.body, XML, OPENROSA | wait | more)
    if provider == "smssync":
        body = json.dumps({"payload": {"success": False, "error": str(problem)}}).encode()
        return Said(status, body, JSON, wait)
    body = json.dumps({"type": f"urn:tocsin:{problem.code}", "title": str(problem), "status": status}).encode()
    return Said(status, body, "application/problem+json", wait)
