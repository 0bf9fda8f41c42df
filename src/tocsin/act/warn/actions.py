"""Drafting a warning, releasing it (two people when it is public), changing and cancelling it, and who acknowledged."""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from tocsin.act.notify import enqueue
from tocsin.act.rules import Rules
from tocsin.act.tables import warning, warning_ack
from tocsin.act.tasks.actions import is_sensitive
from tocsin.act.warn.audience import message_for, readers
from tocsin.act.warn.model import NewWarning, marked
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, Conflict, Forbidden, NotFound
from tocsin.listen.alerts.actions import thing_of as thing_of_alert
from tocsin.listen.alerts.formats.cap import NAMESPACE, CapArea, CapText, CapWarning, write_cap
from tocsin.listen.alerts.formats.xml import local, parse, words
from tocsin.listen.alerts.tables import alert
from tocsin.store.audit import Entry, check_reason, record
from tocsin.store.keys import KeyRing
from tocsin.store.labels import Label
from tocsin.store.policy import Actor, Thing, demand
from tocsin.store.sealed import keyed_hash

OUT = ("released",)


def thing_of(row: Mapping[str, Any]) -> Thing:
    """A warning as rights see it."""
    return Thing(row["area"], row["made_by"], None, Tlp(row["tlp"]), Classification(row["classification"]))


def get(connection: sa.Connection, id: int) -> dict[str, Any]:
    """The row of a warning.

    Raises
    ------
    NotFound
    """
    row = connection.execute(sa.select(warning).where(warning.c.id == id).with_for_update()).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no warning {id}", id=id)
    return dict(row)


def draft(
    connection: sa.Connection, actor: Actor, new: NewWarning, now: dt.datetime, follows: int | None = None,
    cancels: bool = False,
) -> int:  # fmt: skip
    """Write a warning down; nothing goes out before it is released.

    Parameters
    ----------
    follows : int, optional
        The released warning that this one updates (or, with `cancels`, cancels).

    Raises
    ------
    BadInput
        If it cannot be sent like this, or an exercise would follow an actual warning.
    """
    new.check(now)
    demand(actor, "create", "warning", "*", Thing(new.area, actor.id, None, Tlp.GREEN, Classification.UNCLASSIFIED))
    # Whoever it goes to may read it: that is what a warning is. The alert it came from keeps its own label.
    label = Label(Tlp.CLEAR if new.scope == "Public" else Tlp.GREEN, Classification.UNCLASSIFIED)
    if new.alert_id is not None:
        about = connection.execute(sa.select(alert).where(alert.c.id == new.alert_id)).mappings().one_or_none()
        if about is None:
            raise NotFound("there is no alert {id}", id=new.alert_id)
        demand(actor, "read", "alert", "*", thing_of_alert(dict(about)))
        if about["practice"] and new.status == "Actual":
            raise BadInput("alert {id} is an exercise: its warning cannot be actual", id=new.alert_id)
    kind = "Alert"
    if follows is not None:
        old = get(connection, follows)
        if old["state"] not in OUT:
            raise Conflict(
                "warning {id} is {state}: only one that is out can be changed", id=follows, state=old["state"]
            )
        if old["status"] != new.status:
            raise BadInput("an exercise follows an exercise, and an actual warning an actual one")
        kind = "Cancel" if cancels else "Update"
    geofence = {"description": new.area_name.strip(), "circle": list(new.circle) if new.circle else None,
                "polygon": [list(p) for p in new.polygon] or None}  # fmt: skip
    values = {
        "identifier": f"tocsin.{secrets.token_hex(8)}", "state": "draft", "status": new.status, "msg_type": kind,
        "scope": new.scope, "alert_id": new.alert_id, "follows": follows, "event": new.event.strip(),
        "urgency": new.urgency, "severity": new.severity, "certainty": new.certainty, "responses": list(new.responses),
        "expires_at": new.expires_at, "area": new.area, "geofence": geofence,
        "texts": {k: asdict(t) for k, t in new.texts.items()}, "audiences": list(new.audiences),
        "margin_km": new.margin_km, "made_by": actor.id, "made_at": now, "recipients": 0, "changed": 1,
        "tlp": label.tlp.value, "classification": label.classification.value,
    }  # fmt: skip
    id: int = connection.execute(sa.insert(warning).values(**values).returning(warning.c.id)).scalar_one()
    record(connection, now, Entry(actor.id, "warning.draft", "warning", str(id), details={"status": new.status}))
    return id


def cancel(connection: sa.Connection, actor: Actor, id: int, texts: Mapping[str, Any], now: dt.datetime) -> int:
    """Draft the cancellation of a released warning: same place and people, words of its own."""
    old = get(connection, id)
    fence = old["geofence"]
    new = NewWarning(
        old["event"], texts, fence["description"], max(old["expires_at"], now + dt.timedelta(hours=1)),
        tuple(fence["circle"]) if fence["circle"] else None, tuple((x, y) for x, y in fence["polygon"] or ()),
        tuple(old["audiences"]), old["status"], old["scope"], "Past", "Minor", "Observed", ("AllClear",),
        old["margin_km"], old["alert_id"], old["area"],
    )  # fmt: skip
    return draft(connection, actor, new, now, follows=id, cancels=True)


def withdraw(connection: sa.Connection, actor: Actor, id: int, now: dt.datetime) -> None:
    """Throw a draft away."""
    row = get(connection, id)
    demand(actor, "change", "warning", "*", thing_of(row))
    if row["state"] != "draft":
        raise Conflict("warning {id} is {state}: what is out is cancelled, not withdrawn", id=id, state=row["state"])
    _write(connection, row, {"state": "withdrawn"})
    record(connection, now, Entry(actor.id, "warning.withdraw", "warning", str(id)))


def release(
    connection: sa.Connection, rules: Rules, actor: Actor, id: int, expected_changed: int, now: dt.datetime
) -> bool:
    """Release a warning: it goes out at once, or, where two people are needed, after the second of them.

    Returns
    -------
    bool
        Whether it is out.

    Raises
    ------
    Forbidden
        If the actor may not, or released it already and a second person is needed.
    Conflict
        If it was changed since, or is no draft.
    """
    row = get(connection, id)
    demand(actor, "approve", "warning", "*", thing_of(row))
    if row["changed"] != expected_changed:
        raise Conflict("warning {id} was changed since you saw it: read the preview again", id=id)
    if row["state"] != "draft":
        raise Conflict("warning {id} is {state}", id=id, state=row["state"])
    if row["expires_at"] <= now:
        raise Conflict("warning {id} has expired: write a new one", id=id)
    if row["scope"] in rules.two_persons:
        if row["approved_by"] is None:
            _write(connection, row, {"approved_by": actor.id, "approved_at": now})
            record(connection, now, Entry(actor.id, "warning.approve", "warning", str(id)))
            return False
        if row["approved_by"] == actor.id:
            raise Forbidden("a second person must release this warning")
    if row["follows"] is not None:
        old = get(connection, row["follows"])
        if old["state"] not in OUT:
            raise Conflict("warning {id} is {state} by now", id=old["id"], state=old["state"])
        _write(connection, old, {"state": "cancelled" if row["msg_type"] == "Cancel" else "replaced"})
    document = cap_of(connection, rules, row, now).decode()
    about = None
    if row["alert_id"] is not None:
        about = dict(connection.execute(sa.select(alert).where(alert.c.id == row["alert_id"])).mappings().one())
    to = readers(connection, row, about is not None and is_sensitive(connection, about, rules))
    count = sum(enqueue(connection, message_for(row, reader, document), now) is not None for reader in to)
    _write(connection, row, {"state": "released", "released_by": actor.id, "released_at": now, "document": document,
                             "recipients": count})  # fmt: skip
    details = {"n": count, "status": row["status"], "scope": row["scope"]}
    record(connection, now, Entry(actor.id, "warning.release", "warning", str(id), details=details))
    return True


def cap_of(connection: sa.Connection, rules: Rules, row: Mapping[str, Any], now: dt.datetime) -> bytes:
    """A warning as CAP 1.2 in our profile (docs/methods/act.md)."""
    references = []
    before = row["follows"]
    while before is not None:
        old = connection.execute(sa.select(warning).where(warning.c.id == before)).mappings().one()
        references.append((rules.sender, old["identifier"], old["released_at"]))
        before = old["follows"]
    fence, status = row["geofence"], row["status"]
    area = CapArea(
        fence["description"], (tuple((x, y) for x, y in fence["polygon"]),) if fence["polygon"] else (),
        (tuple(fence["circle"]),) if fence["circle"] else (),
    )  # fmt: skip
    said = [
        CapText(
            lang, marked(row["event"], status, lang), marked(t["headline"], status, lang),
            marked(t["description"], status, lang), marked(t["instruction"], status, lang),
        )
        for lang, t in row["texts"].items()
    ]  # fmt: skip
    first = said[0]
    private = row["scope"] == "Private"
    made = CapWarning(
        row["identifier"], rules.sender, now, status=status, msg_type=row["msg_type"], scope=row["scope"],
        restriction=rules.restriction if row["scope"] == "Restricted" else "",
        addresses=tuple(row["audiences"]) if private else (),
        note="" if status == "Actual" else marked(status.upper(), status, "en"), references=tuple(references),
        responses=tuple(row["responses"]), urgency=row["urgency"], severity=row["severity"], certainty=row["certainty"],
        expires_at=row["expires_at"], sender_name=rules.sender_name, areas=(area,), more=tuple(said[1:]),
    )  # fmt: skip
    return write_cap(replace(made, **vars(first)))


def acknowledge(connection: sa.Connection, actor: Actor, id: int, who: str, how: str, now: dt.datetime) -> bool:
    """Note that a reader has got a warning and said so.

    Returns
    -------
    bool
        False if they had before.
    """
    row = get(connection, id)
    demand(actor, "create", "warning_ack")
    if row["document"] is None:
        raise Conflict("warning {id} did not go out", id=id)
    if how not in ("screen", "cap", "radio", "reply"):
        raise BadInput("an acknowledgement comes by screen, cap, radio or reply")
    a = warning_ack.c
    if connection.execute(sa.select(a.who).where(a.warning_id == id, a.who == who)).first():
        return False
    connection.execute(sa.insert(warning_ack).values(warning_id=id, who=who, at=now, how=how))
    return True


def take_cap_ack(connection: sa.Connection, keys: KeyRing, actor: Actor, document: bytes, now: dt.datetime) -> int:
    """Read a CAP Ack that refers to warnings of ours; its sender is kept as a keyed hash.

    Returns
    -------
    int
        How many warnings it acknowledges.
    """
    root = parse(document, "cap")
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise BadInput("that is no alert of CAP 1.2")
    head = {local(e): words(e) for e in root if not len(e)}
    if head.get("msgType") != "Ack" or not head.get("sender"):
        raise BadInput("that CAP message is no Ack")
    count = 0
    for reference in head.get("references", "").split()[:50]:
        parts = reference.split(",")
        query = sa.select(warning.c.id).where(warning.c.identifier == parts[1]) if len(parts) == 3 else None
        id = None if query is None else connection.execute(query).scalar_one_or_none()
        if id is not None:
            who = keyed_hash(keys, "cap sender", head["sender"])[:32]
            count += acknowledge(connection, actor, id, who, "cap", now)
    return count


def _write(connection: sa.Connection, row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    new = int(row["changed"]) + 1
    connection.execute(sa.update(warning).where(warning.c.id == row["id"]).values(**values, changed=new))


def change_draft(
    connection: sa.Connection, actor: Actor, id: int, expected_changed: int, new: NewWarning, why: str, now: dt.datetime
) -> int:
    """Rewrite a draft; a release that one person gave before is void.

    Returns
    -------
    int
        Its counter.
    """
    row = get(connection, id)
    demand(actor, "change", "warning", "*", thing_of(row))
    if row["changed"] != expected_changed or row["state"] != "draft":
        raise Conflict("warning {id} was changed since you saw it, or is out", id=id)
    new.check(now)
    reason = check_reason(why, needed=False)
    fence = {"description": new.area_name.strip(), "circle": list(new.circle) if new.circle else None,
             "polygon": [list(p) for p in new.polygon] or None}  # fmt: skip
    if new.scope != row["scope"] or new.status != row["status"]:
        raise BadInput("status and scope of a draft stay: withdraw it and write another")
    _write(connection, row, {
        "event": new.event.strip(), "texts": {k: asdict(t) for k, t in new.texts.items()}, "geofence": fence,
        "audiences": list(new.audiences), "urgency": new.urgency, "severity": new.severity, "certainty": new.certainty,
        "responses": list(new.responses), "expires_at": new.expires_at, "margin_km": new.margin_km, "area": new.area,
        "approved_by": None, "approved_at": None,
    })  # fmt: skip
    record(connection, now, Entry(actor.id, "warning.change", "warning", str(id), reason))
    return int(row["changed"]) + 1
