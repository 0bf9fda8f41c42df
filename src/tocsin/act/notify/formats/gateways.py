"""One writer a gateway: the HTTP request that sends a text, and what its answer means. Nothing here opens a socket.

Written from the providers' public documentation: Twilio Programmable Messaging 2010-04-01, Africa's Talking bulk SMS
v1, httpSMS v1, SMS Gateway for Android third-party API v1, Infobip SMS 2, RapidPro API v2. None was tried against the
provider's own service, only against servers of our tests.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tocsin.act.notify.model import Answer, Gateway
from tocsin.core.errors import BadInput

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """One HTTP request; printing it shows no address and no words."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


Writer = Callable[[Gateway, str, str, str], Request]
Judge = Callable[[int, Any], Answer]


def _base(gateway: Gateway, usual: str) -> str:
    return str(gateway.settings.get("url") or usual).rstrip("/")


def _setting(gateway: Gateway, name: str) -> str:
    value = gateway.settings.get(name)
    if not value:
        raise BadInput("gateway {id} needs '{name}' in its settings before it can send", id=gateway.id, name=name)
    return str(value)


def _basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def twilio(gateway: Gateway, to: str, text: str, id: str) -> Request:
    """Programmable Messaging; with ``callback`` in the settings it reports delivery there."""
    account = _setting(gateway, "account")
    form = {"To": to, "Body": text}
    form |= {"MessagingServiceSid": str(gateway.settings["service"])} if gateway.settings.get("service") else {
        "From": _setting(gateway, "from")}  # fmt: skip
    if gateway.settings.get("callback"):
        form["StatusCallback"] = str(gateway.settings["callback"])
    url = f"{_base(gateway, 'https://api.twilio.com')}/2010-04-01/Accounts/{quote(account)}/Messages.json"
    return _form(url, {"Authorization": _basic(account, gateway.secret)}, form)


def africas_talking(gateway: Gateway, to: str, text: str, id: str) -> Request:
    """Bulk SMS."""
    form = {"username": _setting(gateway, "account"), "to": to, "message": text}
    if gateway.settings.get("from"):
        form["from"] = str(gateway.settings["from"])
    url = f"{_base(gateway, 'https://api.africastalking.com')}/version1/messaging"
    return _form(url, {"apiKey": gateway.secret, "Accept": JSON}, form)


def httpsms(gateway: Gateway, to: str, text: str, id: str) -> Request:
    """HttpSMS; `request_id` comes back in its events."""
    body = {"from": _setting(gateway, "from"), "to": to, "content": text, "request_id": id}
    url = f"{_base(gateway, 'https://api.httpsms.com')}/v1/messages/send"
    return _json(url, {"x-api-key": gateway.secret}, body)


def sms_gateway(gateway: Gateway, to: str, text: str, id: str) -> Request:
    """SMS Gateway for Android, cloud or private server; refuses a second message with the same id by itself."""
    body = {"id": id, "textMessage": {"text": text}, "phoneNumbers": [to], "withDeliveryReport": True}
    url = f"{_base(gateway, 'https://api.sms-gate.app/3rdparty/v1')}/messages"
    return _json(url, {"Authorization": _basic(_setting(gateway, "account"), gateway.secret)}, body)


def infobip(gateway: Gateway, to: str, text: str, id: str) -> Request:
    """Infobip SMS; our id is the message's id there."""
    message: dict[str, Any] = {"destinations": [{"to": to.removeprefix("+"), "messageId": id}], "text": text}
    if gateway.settings.get("from"):
        message["from"] = str(gateway.settings["from"])
    if gateway.settings.get("callback"):
        message["notifyUrl"] = str(gateway.settings["callback"])
    url = f"{_base(gateway, _setting(gateway, 'url'))}/sms/2/text/advanced"
    return _json(url, {"Authorization": f"App {gateway.secret}"}, {"messages": [message]})


def rapidpro(gateway: Gateway, to: str, text: str, id: str) -> Request:
    """RapidPro or TextIt: a broadcast to one number."""
    url = f"{_base(gateway, 'https://textit.com')}/api/v2/broadcasts.json"
    return _json(url, {"Authorization": f"Token {gateway.secret}"}, {"urns": [f"tel:{to}"], "text": text})


def generic(gateway: Gateway, to: str, text: str, id: str) -> Request:
    """Any gateway that takes a form: names of its fields in the settings ``fields`` (to, text, id, from)."""
    names = gateway.settings.get("fields")
    names = names if isinstance(names, dict) else {}
    values = {"to": to, "text": text, "id": id, "from": str(gateway.settings.get("from") or "")}
    form = {str(names.get(k, k)): v for k, v in values.items() if v}
    headers = {"Authorization": f"Bearer {gateway.secret}"} if gateway.secret else {}
    return _form(_setting(gateway, "url"), headers, form)


def _form(url: str, headers: Mapping[str, str], values: Mapping[str, str]) -> Request:
    return Request("POST", url, {**headers, "Content-Type": FORM}, urlencode(values).encode())


def _json(url: str, headers: Mapping[str, str], body: Any) -> Request:
    return Request("POST", url, {**headers, "Content-Type": JSON, "Accept": JSON}, json.dumps(body).encode())


def _status(status: int, code: str = "") -> Answer:
    """By the status alone: too many and server errors may pass, the rest stays so."""
    passing = status in (408, 425, 429) or status >= 500
    return Answer(False, problem=code or f"http_{status}", permanent=not passing)


def _plain(*names: str) -> Judge:
    """Any 2xx is taken; the id lies under the first of the names that is there ("data.id")."""

    def judge(status: int, body: Any) -> Answer:
        if not 200 <= status < 300:
            return _status(status)
        for name in names:
            found = body
            for part in name.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            if found:
                return Answer(True, provider_id=str(found)[:100])
        return Answer(True)

    return judge


def _twilio_answer(status: int, body: Any) -> Answer:
    code = body.get("code") or body.get("error_code") if isinstance(body, dict) else None
    if code == 21610:  # the recipient answered STOP
        return Answer(False, problem="twilio_21610", permanent=True, opted_out=True)
    if not 200 <= status < 300 or code:
        return _status(status if status >= 300 else 400, f"twilio_{code}" if isinstance(code, int) else "")
    return _plain("sid")(status, body)


def _africas_talking_answer(status: int, body: Any) -> Answer:
    if not 200 <= status < 300:
        return _status(status)
    data = body.get("SMSMessageData") if isinstance(body, dict) else None
    rows = data.get("Recipients") if isinstance(data, dict) else None
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    code = row.get("statusCode")
    if code in (100, 101, 102):
        return Answer(True, provider_id=str(row.get("messageId") or "")[:100] or None)
    number = code if isinstance(code, int) else 0
    passing = number in (405, 407, 500, 501, 0)  # no money, no route, their error, no answer
    return Answer(False, problem=f"at_{number}", permanent=not passing, opted_out=number == 406)


def _infobip_answer(status: int, body: Any) -> Answer:
    if not 200 <= status < 300:
        return _status(status)
    rows = body.get("messages") if isinstance(body, dict) else None
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    given = row.get("status")
    state = given if isinstance(given, dict) else {}
    group = str(state.get("groupName") or "")
    if group in ("REJECTED", "UNDELIVERABLE"):
        name = str(state.get("name") or "")
        return Answer(False, problem="infobip_rejected", permanent=True, opted_out="BLACKLIST" in name)
    return Answer(True, provider_id=str(row.get("messageId") or "")[:100] or None)


SMS: dict[str, tuple[Writer, Judge]] = {
    "twilio": (twilio, _twilio_answer),
    "africastalking": (africas_talking, _africas_talking_answer),
    "httpsms": (httpsms, _plain("data.id")),
    "smsgateway": (sms_gateway, _plain("id")),
    "infobip": (infobip, _infobip_answer),
    "rapidpro": (rapidpro, _plain("id", "uuid")),
    "generic": (generic, _plain("id", "message_id")),
}


def judge(provider: str, status: int, raw: bytes) -> Answer:
    """What an answer means; what is not JSON says nothing beyond its status."""
    try:
        body = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        body = {}
    if provider == "smsgateway" and status == 409:  # it has this id already: an earlier try had arrived
        return Answer(True)
    return SMS[provider][1](status, body)
