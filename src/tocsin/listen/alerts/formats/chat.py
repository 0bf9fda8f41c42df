"""Conversations: Telegram-like JSON, RapidPro and TextIt webhooks (new and legacy), e-mail-like JSON."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.formats.values import MOST_FIELDS, clean, items, json_object, part, position, report
from tocsin.listen.alerts.model import Attachment, Delivery, NotAReport, Received, ReportKind

_QUOTED = re.compile(r"^\s*>.*$|^-{2,}\s*(Original Message|Message d'origine)\s*-{2,}[\s\S]*", re.M | re.I)


def read_telegram(delivery: Delivery) -> tuple[Received, ...]:
    """Telegram: one update a delivery. Names and user names of the sender are left out; the chat's id is the sender."""
    whole = json_object(delivery, "telegram")
    edited = "edited_message" in whole and "message" not in whole
    message = part(whole.get("edited_message") if edited else whole.get("message"))
    if not message:
        raise NotAReport("telegram", "update without a message")
    chat = part(message.get("chat")).get("id")
    sender = chat if chat is not None else part(message.get("from")).get("id")
    if not clean(sender):
        raise BadInput("telegram: 'message.chat.id' is missing")
    place = part(message.get("location"))
    media = [Attachment(k, clean(_file_id(message[k]), 300)) for k in _MEDIA if k in message and _file_id(message[k])]
    id = (
        f"{clean(sender, 60)}/{clean(message['message_id'], 60)}" if "message_id" in message else whole.get("update_id")
    )
    return (
        report(
            delivery, "telegram", ReportKind.CHAT, id=id, sender=sender,
            text=message.get("text") or message.get("caption"), at=message.get("date"), attachments=media,
            place=position(place.get("latitude"), place.get("longitude")),
            version=clean(message.get("edit_date"), 40) or None,
        ),
    )  # fmt: skip


_MEDIA = ("photo", "voice", "audio", "video", "document")


def _file_id(value: Any) -> Any:
    """Of a file, or of the largest of several sizes."""
    return part(items(value)[-1] if items(value) else value).get("file_id")


def read_rapidpro(delivery: Delivery) -> tuple[Received, ...]:
    """RapidPro and TextIt: 'Call Webhook' of a flow, today's body or the legacy one.

    The words are the legacy input's text, or else the values of the results in their order. The run's uuid is the only
    key for telling deliveries apart; without it every delivery counts as new.
    """
    whole = json_object(delivery, "rapidpro")
    contact, legacy = part(whole.get("contact")), part(whole.get("input"))
    urn = contact.get("urn") or part(legacy.get("urn")).get("path") or next(iter(items(contact.get("urns"))), None)
    sender = clean(urn, 300) or clean(contact.get("uuid"), 60)
    if not sender:
        raise BadInput("rapidpro: 'contact.urn' is missing: keep the contact in the webhook's body")
    results = {k: part(v) for k, v in list(part(whole.get("results")).items())[:MOST_FIELDS]}
    words = clean(legacy.get("text")) or "\n".join(clean(v.get("value")) for v in results.values() if v.get("value"))
    fields = {clean(k, 100): clean(v.get("category") or v.get("value"), 500) for k, v in results.items()}
    run = part(whole.get("run"))
    at = legacy.get("created_on") or next((v["created_on"] for v in results.values() if v.get("created_on")), None)
    return (
        report(
            delivery, "rapidpro", ReportKind.CHAT, id=run.get("uuid"), sender=sender.removeprefix("tel:"), text=words,
            at=at or run.get("created_on"), fields={k: v for k, v in fields.items() if k and v},
            attachments=[_attached(a) for a in items(legacy.get("attachments")) if clean(a)],
        ),
    )  # fmt: skip


def _attached(value: Any) -> Attachment:
    """RapidPro writes an attachment as ``type:address``."""
    kind, _, where = clean(value, 2000).partition(":")
    return Attachment(kind[:100], where)


def read_email(delivery: Delivery) -> tuple[Received, ...]:
    """An e-mail as JSON: from, subject, text (or plain, body), date, message_id, attachments[name, type].

    Lines quoted from earlier mails are left out: they are not new.
    """
    whole = {clean(k, 60).lower().replace("-", "_"): v for k, v in json_object(delivery, "email").items()}
    sender = whole.get("from") or whole.get("sender")
    if not clean(sender):
        raise BadInput("email: 'from' is missing")
    body = clean(whole.get("text") or whole.get("plain") or whole.get("body"))
    fresh = re.sub(r"\n{3,}", "\n\n", _QUOTED.sub("", body)).strip()
    text = "\n".join(t for t in (clean(whole.get("subject"), 500), fresh) if t)
    files = [_file(part(a)) for a in items(whole.get("attachments"))]
    return (
        report(
            delivery, "email", ReportKind.EMAIL, id=whole.get("message_id"), sender=sender, text=text,
            at=whole.get("date"), attachments=files,
        ),
    )  # fmt: skip


def _file(found: Mapping[str, Any]) -> Attachment:
    where = clean(found.get("url") or found.get("name") or found.get("filename"), 2000)
    if not where:
        where = "sha256:" + hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    return Attachment(clean(found.get("type") or found.get("content_type"), 100), where)
