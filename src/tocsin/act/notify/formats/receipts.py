"""One reader a gateway: what it says later of messages we sent (delivered, failed, the person opted out)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tocsin.act.notify.model import Receipt
from tocsin.core.errors import BadInput

MOST_BYTES = 1_000_000


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("utf-8"), max_num_fields=200))
    except (ValueError, UnicodeDecodeError) as problem:
        raise BadInput("the receipt is not a form") from problem


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise BadInput("the receipt is not JSON") from problem
    if not isinstance(found, dict):
        raise BadInput("the receipt is not a JSON object")
    return found


def _inside(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def read_twilio(body: bytes) -> tuple[Receipt, ...]:
    """Status callback: MessageSid, MessageStatus, ErrorCode."""
    form = _form(body)
    status, code = form.get("MessageStatus") or form.get("SmsStatus") or "", form.get("ErrorCode", "")
    problem = f"twilio_{int(code)}" if code.isascii() and code.isdigit() and len(code) < 9 else None
    return _one(
        form.get("MessageSid") or form.get("SmsSid"), status in ("delivered", "read"),
        status in ("failed", "undelivered"), problem, code == "21610",
    )  # fmt: skip


def read_africas_talking(body: bytes) -> tuple[Receipt, ...]:
    """Delivery report: id, status; `failureReason` UserInBlacklist is an opt-out."""
    form = _form(body)
    status, reason = form.get("status", ""), form.get("failureReason", "")
    bad = status in ("Rejected", "Failed", "Expired")
    return _one(form.get("id"), status == "Success", bad, f"at_{status.lower()}" if bad else None,
                reason == "UserInBlacklist")  # fmt: skip


def read_httpsms(body: bytes) -> tuple[Receipt, ...]:
    """Events message.phone.sent, .delivered, message.send.failed, .expired."""
    event = _json(body)
    kind, data = str(event.get("type") or event.get("event") or ""), _inside(event.get("data"))
    bad = kind in ("message.send.failed", "message.send.expired")
    id = data.get("message_id") or data.get("id")
    return _one(id, kind == "message.phone.delivered", bad, "httpsms_failed" if bad else None)


def read_sms_gateway(body: bytes) -> tuple[Receipt, ...]:
    """Events sms:sent, sms:delivered, sms:failed."""
    event = _json(body)
    kind, data = event.get("event"), _inside(event.get("payload"))
    bad = kind == "sms:failed"
    return _one(data.get("messageId"), kind == "sms:delivered", bad, "smsgateway_failed" if bad else None)


def read_infobip(body: bytes) -> tuple[Receipt, ...]:
    """Delivery reports: a list of results with their status group."""
    rows = _json(body).get("results")
    found: list[Receipt] = []
    for row in rows if isinstance(rows, list) else []:
        group = str(_inside(_inside(row).get("status")).get("groupName") or "")
        bad = group in ("UNDELIVERABLE", "REJECTED", "EXPIRED")
        problem = f"infobip_{group.lower()}" if bad else None
        found += _one(_inside(row).get("messageId"), group == "DELIVERED", bad, problem)
    return tuple(found)


def _one(
    id: Any, delivered: bool, failed: bool, problem: str | None = None, opted_out: bool = False
) -> tuple[Receipt, ...]:
    if not isinstance(id, str) or not 0 < len(id) <= 200:
        raise BadInput("the receipt does not say of which message it is")
    return (Receipt(id, delivered, failed, problem, opted_out),)


READERS: dict[str, Callable[[bytes], tuple[Receipt, ...]]] = {
    "twilio": read_twilio,
    "africastalking": read_africas_talking,
    "httpsms": read_httpsms,
    "smsgateway": read_sms_gateway,
    "infobip": read_infobip,
}


def read_receipts(provider: str, body: bytes) -> tuple[Receipt, ...]:
    """Receipts in what a gateway posted.

    Raises
    ------
    BadInput
        If it is none, or the provider sends none.
    """
    if len(body) > MOST_BYTES:
        raise BadInput("the receipt is longer than a receipt can be")
    if provider not in READERS:
        raise BadInput("{provider} reports no delivery", provider=provider)
    return READERS[provider](body)
