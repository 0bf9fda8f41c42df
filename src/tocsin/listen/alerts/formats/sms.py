"""SMS gateways: Twilio, Africa's Talking, SMSSync, httpSMS, SMS Gateway for Android, Infobip, and a generic form."""

import json
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.formats.values import clean, form, items, json_object, part, report
from tocsin.listen.alerts.model import Attachment, Delivery, NotAReport, Received, ReportKind

SMS = ReportKind.SMS


def _need(found: Any, provider: str, name: str) -> Any:
    if not clean(found):
        raise BadInput("{provider}: '{name}' is missing", provider=provider, name=name)
    return found


def read_twilio(delivery: Delivery) -> tuple[Received, ...]:
    """Twilio: form with From, Body, MessageSid and MediaUrl0 …; also WhatsApp through Twilio.

    Raises
    ------
    NotAReport
        For the status of a message that we sent.
    BadInput
        If the sender or every content is missing.
    """
    values = form(delivery, "twilio")
    status = values.get("MessageStatus") or values.get("SmsStatus", "")
    if status and status not in ("received", "receiving"):
        raise NotAReport("twilio", clean(status, 40))
    count = values.get("NumMedia", "0")
    media = range(min(int(count), 10)) if count.isascii() and count.isdecimal() and len(count) < 5 else range(0)
    attachments = [
        Attachment(clean(values.get(f"MediaContentType{n}", ""), 100), clean(values[f"MediaUrl{n}"], 2000))
        for n in media
        if values.get(f"MediaUrl{n}")
    ]
    id = values.get("MessageSid") or values.get("SmsMessageSid") or values.get("SmsSid")
    sender = _need(values.get("From"), "twilio", "From")
    kind = ReportKind.CHAT if sender.startswith(("whatsapp:", "messenger:")) else SMS
    return (
        report(
            delivery, "twilio", kind, id=id, sender=sender, text=values.get("Body", ""), at=None,
            attachments=attachments,
        ),
    )  # fmt: skip


def read_africas_talking(delivery: Delivery) -> tuple[Received, ...]:
    """Africa's Talking: form with from, text, date, id; unsigned, so it needs a secret path and an address list."""
    values = form(delivery, "africastalking")
    if "status" in values and "text" not in values:
        raise NotAReport("africastalking", clean(values["status"], 40))
    sender = _need(values.get("from"), "africastalking", "from")
    return (
        report(
            delivery, "africastalking", SMS, id=values.get("id"), sender=sender, text=values.get("text"),
            at=values.get("date"),
        ),
    )  # fmt: skip


def read_smssync(delivery: Delivery) -> tuple[Received, ...]:
    """SMSSync: form with from, message, message_id, device_id, sent_timestamp (seconds or milliseconds).

    The id counts on each phone, so the phone's id belongs to it.
    """
    values = form(delivery, "smssync")
    if values.get("task"):
        raise NotAReport("smssync", clean(values["task"], 40))
    sender = _need(values.get("from"), "smssync", "from")
    id = values.get("message_id") or None
    if id and values.get("device_id"):
        id = f"{values['device_id']}/{id}"
    return (
        report(
            delivery, "smssync", SMS, id=id, sender=sender, text=values.get("message"),
            at=values.get("sent_timestamp"),
        ),
    )  # fmt: skip


def read_httpsms(delivery: Delivery) -> tuple[Received, ...]:
    """httpSMS: message.phone.received, and message.call.missed, the 'beep' that costs nothing."""
    whole = json_object(delivery, "httpsms")
    event = clean(delivery.header("X-Event-Type") or whole.get("type"), 60)
    kinds = {"message.phone.received": SMS, "message.call.missed": ReportKind.MISSED_CALL}
    if event not in kinds:
        if event:
            raise NotAReport("httpsms", event)
        raise BadInput("httpsms: the header X-Event-Type is missing")
    data = part(whole.get("data"))
    sender = _need(data.get("contact"), "httpsms", "data.contact")
    return (
        report(
            delivery, "httpsms", kinds[event], id=data.get("message_id") or whole.get("id"), sender=sender,
            text=data.get("content") if kinds[event] is SMS else "", at=data.get("timestamp") or whole.get("time"),
        ),
    )  # fmt: skip


def read_sms_gateway(delivery: Delivery) -> tuple[Received, ...]:
    """SMS Gateway for Android: event sms:received. Its messageId is a hash of the content; the event's id is unique."""
    whole = json_object(delivery, "smsgateway")
    event = clean(whole.get("event"), 60)
    if event not in ("sms:received", "mms:received", "sms:data-received"):
        if event:
            raise NotAReport("smsgateway", event)
        raise BadInput("smsgateway: 'event' is missing")
    payload = part(whole.get("payload"))
    sender = _need(payload.get("phoneNumber") or payload.get("sender"), "smsgateway", "payload.phoneNumber")
    return (
        report(
            delivery, "smsgateway", SMS, id=whole.get("id"), sender=sender,
            text=payload.get("message") or payload.get("subject"), at=payload.get("receivedAt"),
        ),
    )  # fmt: skip


def read_infobip(delivery: Delivery) -> tuple[Received, ...]:
    """Infobip: several results a delivery; the words are in text, cleanText or the parts of message."""
    results = items(json_object(delivery, "infobip").get("results"))
    found = [_one_infobip(delivery, part(result)) for result in results]
    if not found:
        raise BadInput("infobip: 'results' holds no message")
    return tuple(found)


def _one_infobip(delivery: Delivery, result: Any) -> Received:
    parts = [part(p) for p in items(result.get("message"))]
    written = "\n".join(clean(p.get("value")) for p in parts if p.get("value"))
    text = result.get("text") or written or result.get("cleanText")
    media = [
        Attachment(clean(p.get("contentType"), 100), clean(p.get("url"), 2000)) for p in parts if clean(p.get("url"))
    ]
    sender = _need(result.get("from") or result.get("sender"), "infobip", "from")
    return report(
        delivery, "infobip", SMS, id=result.get("messageId"), sender=sender, text=text, at=result.get("receivedAt"),
        attachments=media, hashed=json.dumps(result, sort_keys=True).encode(),
    )  # fmt: skip


def read_generic(delivery: Delivery) -> tuple[Received, ...]:
    """Any gateway that can call an address: sender or from, text or message, date or time; id and kind if known."""
    values = form(delivery, "generic")
    sender = _need(values.get("sender") or values.get("from"), "generic", "sender")
    kind = ReportKind.MISSED_CALL if values.get("kind") == "missed_call" else SMS
    text = "" if kind is not SMS else values.get("text") or values.get("message")
    return (
        report(
            delivery, "generic", kind, id=values.get("id"), sender=sender, text=text,
            at=values.get("date") or values.get("time"),
        ),
    )  # fmt: skip
