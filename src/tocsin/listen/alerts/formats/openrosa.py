"""OpenRosa submissions, as ODK Collect and KoboCollect send them (docs.getodk.org/openrosa-form-submission)."""

import re
import xml.etree.ElementTree as ET

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.formats.forms import sender_of, split_answers
from tocsin.listen.alerts.formats.values import MOST_FIELDS, check_size, clean, position, report
from tocsin.listen.alerts.formats.xml import local, parse, words
from tocsin.listen.alerts.model import Delivery, Received, ReportKind

# "lat lon altitude accuracy", always four numbers; a select-many of four numbers has no decimal point
_GEOPOINT = re.compile(r"(-?\d{1,2}\.\d+) (-?\d{1,3}\.\d+) -?\d+(?:\.\d+)? \d+(?:\.\d+)?", re.ASCII)


def read_openrosa(delivery: Delivery) -> tuple[Received, ...]:
    """One submission: the XML in the body, media parts already put aside by the door.

    Several deliveries may carry the same instance id with different media; they are one report.

    Raises
    ------
    BadInput
        If the XML cannot be read, has no instance id, or is encrypted.
    """
    check_size(delivery)
    root = parse(delivery.body, "openrosa")
    if root.get("encrypted") == "yes":
        raise BadInput(
            "openrosa: the submission is encrypted: publish the form without a submission key and send again"
        )
    answers: dict[str, str] = {}
    _collect(root, "", answers)
    meta = {k.rsplit("/", 1)[-1]: v for k, v in answers.items() if "meta/" in k}
    id = (meta.get("instanceID") or root.get("instanceID") or "").removeprefix("uuid:").strip()
    if not id:
        raise BadInput("openrosa: meta/instanceID is missing: the form needs a meta block")
    old = (meta.get("deprecatedID") or "").removeprefix("uuid:").strip()
    asked, named, text = split_answers(answers)
    spots = [_GEOPOINT.fullmatch(value) for value in asked.values()]
    spot = next((s for s in spots if s), None)
    ends = [v for k, v in answers.items() if k.rsplit("/", 1)[-1] == "end"]
    return (
        report(
            delivery, "openrosa", ReportKind.FORM, id=id, sender=sender_of(named),
            text=text, at=ends[0] if ends else root.get("submissionDate"), fields=asked,
            place=position(spot[1], spot[2]) if spot else (None, None), attachments=delivery.attachments,
            replaces=(clean(old, 200),) if old else (),
        ),
    )  # fmt: skip


def _collect(element: ET.Element, path: str, answers: dict[str, str]) -> None:
    """Leaves by path; a repeated path gets a number."""
    for child in element:
        here = f"{path}{local(child)}"
        if len(child):
            _collect(child, here + "/", answers)
        elif words(child) and len(answers) < MOST_FIELDS:
            key, n = here, 1
            while key in answers:
                n += 1
                key = f"{path}{n}/{local(child)}"
            answers[key] = words(child)
