"""Deliveries as a gateway would sign and send them."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.web.houses import SECRETS, Clock
from tocsin.listen.alerts.gateways import Opened
from tocsin.listen.alerts.model import Delivery

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def request_of(way: Opened, delivery: Delivery, clock: Clock, base: str = "http://127.0.0.1") -> dict[str, Any]:
    """Arguments of a client's `request` for a delivery, signed as its provider does."""
    url = f"/in/{way.id}/{way.path}"
    body, headers = delivery.body, dict(delivery.headers)
    method = "POST"
    if way.provider in ("twilio", "africastalking", "smssync"):
        headers |= FORM
    if way.provider == "twilio":
        tail = "".join(k + v for k, v in sorted(set(parse_qsl(body.decode(), keep_blank_values=True))))
        signed = hmac.digest(SECRETS["twilio"].encode(), f"{base}{url}{tail}".encode(), "sha1")
        headers["X-Twilio-Signature"] = base64.b64encode(signed).decode()
    elif way.provider == "smsgateway":
        stamp = str(int(clock().timestamp()))
        headers["X-Timestamp"] = stamp
        headers["X-Signature"] = hmac.digest(SECRETS["smsgateway"].encode(), body + stamp.encode(), "sha256").hex()
    elif way.provider == "httpsms":
        headers["Authorization"] = f"Bearer {jwt(SECRETS['httpsms'], clock)}"
    elif way.provider == "smssync":
        body = urlencode([(k, way.secret if k == "secret" else v) for k, v in parse_qsl(body.decode())]).encode()
    elif way.provider == "telegram":
        headers["X-Telegram-Bot-Api-Secret-Token"] = way.secret
    elif way.provider in ("kobo", "openrosa"):
        headers["Authorization"] = "Basic " + base64.b64encode(f"tocsin:{way.secret}".encode()).decode()
    elif way.secret:
        headers["Authorization"] = f"Bearer {way.secret}"
    if way.provider == "generic":
        method = "GET"
    if way.provider == "openrosa":
        url += "/submission"
        body, headers["Content-Type"] = multipart(body)
    return {"method": method, "url": f"{url}?{delivery.query}" if delivery.query else url, "content": body,
            "headers": headers}  # fmt: skip


def jwt(secret: str, clock: Clock) -> str:
    now = int(clock().timestamp())
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iat": now, "exp": now + 300}]
    coded = b".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts)
    signed = base64.urlsafe_b64encode(hmac.digest(secret.encode(), coded, "sha256")).rstrip(b"=")
    return (coded + b"." + signed).decode()


def multipart(xml: bytes, *files: tuple[str, bytes]) -> tuple[bytes, str]:
    edge = "edge" + hashlib.sha256(xml).hexdigest()[:8]
    parts = [("xml_submission_file", "s.xml", "text/xml", xml)]
    parts += [(name, name, "image/jpeg", content) for name, content in files]
    body = b"".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'.encode()
        + f"Content-Type: {kind}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, file, kind, content in parts
    )
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
