"""Forms: KoboToolbox's REST service, the radio room's form and the liaison assistant's form."""

from collections.abc import Mapping
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.formats.values import MOST_FIELDS, clean, items, json_object, part, position, report
from tocsin.listen.alerts.model import Attachment, Delivery, Received, ReportKind

# What names a person or a telephone; never kept among the answers.
IDENTITY = (
    "phonenumber", "username", "deviceid", "email", "subscriberid", "simserial", "simid", "phone_number", "phone",
    "informant", "caller", "name", "contact", "telephone", "nom", "tel",
)  # fmt: skip
_TEXT = ("text", "message", "description", "report", "details", "what", "what_happened", "incident", "alert", "texte")
_HIDDEN = ("start", "end", "today", "audit", "__version__", "version")


def split_answers(answers: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str], str]:
    """Answers of a form as (what is asked, what names somebody, the words).

    Keys are paths with ``/``; the last part decides. The words are the answers to questions that ask for them
    (text, message, description …), or else all answers that have letters, in order.
    """
    asked, named, words = {}, {}, []
    for path, value in list(answers.items())[:MOST_FIELDS]:
        key = str(path).rsplit("/", 1)[-1].strip().lower()
        text = clean(value)
        if not text or key.startswith("_") or key in _HIDDEN or "meta/" in str(path) or str(path) == "formhub/uuid":
            continue
        if key in IDENTITY:
            named[key] = text
        else:
            asked[clean(path, 200)] = text
            if key in _TEXT:
                words.append(text)
    if not words:
        words = [t for t in asked.values() if any(c.isalpha() for c in t) and not t.startswith(("uuid:", "http"))]
    return asked, named, "\n".join(words)


def sender_of(named: Mapping[str, str], *others: Any) -> str:
    """Who sent a form, the most direct first."""
    return next((named[k] for k in IDENTITY if k in named), "") or next((clean(o, 300) for o in others if clean(o)), "")


def read_kobo(delivery: Delivery) -> tuple[Received, ...]:
    """KoboToolbox: flat JSON of a submission, also when a template wraps it in another object.

    The root uuid stays the same when a submission is edited; the instance id then is another version of it.
    """
    whole = json_object(delivery, "kobo")
    if "_uuid" not in whole and "meta/instanceID" not in whole and "_id" not in whole:
        inner = [v for v in whole.values() if isinstance(v, dict) and ("_uuid" in v or "meta/instanceID" in v)]
        if len(inner) != 1:
            raise BadInput("kobo: no submission found: let the hook send _uuid or meta/instanceID")
        whole = inner[0]
    id = _uuid(whole.get("meta/rootUuid")) or _uuid(whole.get("_uuid")) or _uuid(whole.get("meta/instanceID"))
    version = _uuid(whole.get("meta/instanceID")) or _uuid(whole.get("_uuid"))
    asked, named, words = split_answers(whole)
    spot = items(whole.get("_geolocation"))
    files = [part(a) for a in items(whole.get("_attachments"))]
    return (
        report(
            delivery, "kobo", ReportKind.FORM, id=id or whole.get("_id"),
            sender=sender_of(named, whole.get("_submitted_by")), text=words, at=whole.get("_submission_time"),
            version=version or None, place=position(*spot) if len(spot) == 2 else (None, None), fields=asked,
            attachments=[
                Attachment(clean(f.get("mimetype"), 100), clean(f.get("filename") or f.get("download_url"), 2000))
                for f in files
                if f
            ],
        ),
    )  # fmt: skip


def _uuid(value: Any) -> str:
    return clean(value, 200).removeprefix("uuid:")


def read_radio(delivery: Delivery) -> tuple[Received, ...]:
    """The radio room's form: call_sign, text, time; optional place, net, id. The operator's name is not kept."""
    whole = json_object(delivery, "radio")
    if not clean(whole.get("call_sign")):
        raise BadInput("radio: 'call_sign' is missing: write who was on the air")
    fields = {k: clean(whole.get(k), 500) for k in ("place", "net", "priority") if clean(whole.get(k))}
    if not clean(whole.get("text")):
        raise BadInput("radio: 'text' is missing: write what was said")
    return (
        report(
            delivery, "radio", ReportKind.RADIO, id=whole.get("id"), sender=whole["call_sign"],
            text=whole.get("text"), at=whole.get("time"), fields=fields,
        ),
    )  # fmt: skip


def read_liaison(delivery: Delivery) -> tuple[Received, ...]:
    """A liaison assistant's form, for a visit or for calling back: text, at, how; optional place, kind, answers_to.

    The informant is the sender; where the assistant saw it alone, the assistant is. `answers_to` is the id of the
    missed call that was called back.
    """
    whole = json_object(delivery, "liaison")
    if not clean(whole.get("text")):
        raise BadInput("liaison: 'text' is missing: write what was said")
    sender = clean(whole.get("informant"), 300) or clean(whole.get("assistant"), 300)
    if not sender:
        raise BadInput("liaison: 'informant' or 'assistant' is missing: say whose report this is")
    keys = ("place", "how", "kind", "imminence", "actor", "number")
    asked = {k: clean(whole.get(k), 500) for k in keys if clean(whole.get(k))}
    answered = clean(whole.get("answers_to"), 200)
    return (
        report(
            delivery, "liaison", ReportKind.LIAISON, id=whole.get("id"), sender=sender, text=whole.get("text"),
            at=whole.get("at"), fields=asked, place=position(whole.get("lat"), whole.get("lon")),
            replaces=(answered,) if answered else (),
        ),
    )  # fmt: skip
