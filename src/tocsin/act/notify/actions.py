"""The outbox: messages are written with their cause, taken by one worker, sent, and settled.

A worker takes messages in one transaction (lease, addresses opened and written to the trail), sends them outside any
transaction, and settles each in another. A worker that dies leaves leases that run out; then another sends again. So a
message is sent at least once; gateways that know our id (SMS Gateway, Infobip) drop the second.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.act.notify.formats.gateways import SMS
from tocsin.act.notify.model import (
    COLUMN,
    Answer,
    Channel,
    Gateway,
    Message,
    Outgoing,
    Purpose,
    Receipt,
    Recipient,
    segments,
)
from tocsin.act.rules import Rules
from tocsin.act.tables import contact, notification
from tocsin.core.codes import Classification, Role, Tlp
from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.alerts.actions import change_alert
from tocsin.listen.alerts.tables import alert, gateway, source
from tocsin.store import sealed
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing
from tocsin.store.policy import EVERYWHERE, Actor, Thing, demand
from tocsin.store.sealed import Field
from tocsin.store.tables import account

# The program itself: opens an address only to send, which is written to the trail.
PROGRAM = Actor("program", frozenset({Role.INTAKE}), EVERYWHERE)
LEASE = dt.timedelta(minutes=3)
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=1)
OVER = ("sent", "delivered", "failed", "dropped")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_MAIL = re.compile(r"[^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]{1,190}\.[^@\s<>,;:\"]{2,60}")
SEALED = {Recipient.ACCOUNT: "account", Recipient.SOURCE: "source", Recipient.CONTACT: "contact"}


def enqueue(connection: sa.Connection, message: Message, now: dt.datetime) -> int | None:
    """Write a message into the outbox, in the running transaction.

    Returns
    -------
    int or None
        Its id; None if the same was written before.
    """
    if not message.channels or not message.body.strip():
        raise BadInput("a message needs words and a way to go")
    values: dict[str, Any] = {
        "key": message.key, "purpose": message.purpose.value, "to_kind": message.to_kind.value, "to_id": message.to_id,
        "channel": message.channels[0].value, "further": [c.value for c in message.channels[1:]],
        "gateway_id": message.gateway_id, "language": message.language, "subject": message.subject,
        "body": message.body, "document": message.document, "practice": message.practice, "urgent": message.urgent,
        "alert_id": message.alert_id, "task_id": message.task_id, "warning_id": message.warning_id,
        "state": "waiting", "tries": 0, "due_at": message.due_at or now, "expires_at": message.expires_at,
        "cost": 0.0, "made_at": now,
    }  # fmt: skip
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    query = insert(notification).values(**values).on_conflict_do_nothing(index_elements=["key"])
    return connection.execute(query.returning(notification.c.id)).scalar_one_or_none()


def check_address(channel: Channel, address: str) -> str:
    """An address fit for a channel.

    Raises
    ------
    BadInput
        Without the address in it.
    """
    text = address.strip()
    good = {
        Channel.SMS: lambda: bool(_PHONE.fullmatch(text)),
        Channel.EMAIL: lambda: bool(_MAIL.fullmatch(text)),
        Channel.WEBHOOK: lambda: text.startswith(("https://", "http://")) and len(text) < 2000,
    }[channel]()
    if not good:
        form = {
            Channel.SMS: "+ and the country's number", Channel.EMAIL: "name@host", Channel.WEBHOOK: "https://…",
        }[channel]  # fmt: skip
        raise BadInput("that is no address for {channel}: write it as {form}", channel=channel.value, form=form)
    return text


def set_address(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    kind: Recipient,
    id: str,
    channel: Channel,
    address: str,
    now: dt.datetime,
) -> None:
    """Put the address of an account or contact under seal; of a webhook with a secret after a space, to sign with."""
    text = check_address(channel, address)
    sealed.seal(
        connection, keys, actor, Field(SEALED[kind], id, COLUMN[channel]), text, now, thing_of(connection, kind, id)
    )


def thing_of(connection: sa.Connection, kind: Recipient, id: str) -> Thing:
    """A recipient as rights see it.

    Raises
    ------
    NotFound
    """
    table = {Recipient.ACCOUNT: account, Recipient.SOURCE: source, Recipient.CONTACT: contact}[kind]
    row = connection.execute(sa.select(table).where(table.c.id == id)).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such {kind}", kind=kind.value)
    if kind is Recipient.SOURCE:
        return Thing(row["area"], row["owner"], None, Tlp(row["tlp"]), Classification(row["classification"]))
    owner = row["id"] if kind is Recipient.ACCOUNT else row["owner"]
    area = row["area"] if kind is Recipient.CONTACT else None
    return Thing(area, owner, None, Tlp.CLEAR, Classification.UNCLASSIFIED)


def set_sender(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    gateway_id: str,
    provider: str,
    settings: dict[str, Any],
    secret: str,
    now: dt.datetime,
) -> None:
    """Let messages go out by a gateway; a gateway that does not exist yet is made, for sending only.

    Parameters
    ----------
    provider : str
        One of the SMS gateways, or ``smtp``.
    settings : dict
        What the provider needs: url, account, from, callback; ``cost`` of one short message; for SMTP host, port,
        user, from, and ``plain`` = true on the mission's own network only.
    """
    if provider not in SMS and provider != "smtp":
        raise BadInput("'{name}' sends nothing; there are: {known}", name=provider, known=", ".join([*SMS, "smtp"]))
    if any(word in str(key).lower() for key in settings for word in ("secret", "password", "token")):
        raise BadInput("a secret does not belong into the settings: give it on its own, it is sealed")
    demand(actor, "change", "gateway", "*", Thing(tlp=Tlp.CLEAR, classification=Classification.UNCLASSIFIED))
    row = connection.execute(sa.select(gateway).where(gateway.c.id == gateway_id)).mappings().one_or_none()
    if row is None:
        connection.execute(sa.insert(gateway).values(
            id=gateway_id, provider=provider, path="", allowed=[], settings={"send": settings}, sends=True,
            accepted=0, repeated=0, refused=0, unreadable=0, made_at=now,
        ))  # fmt: skip
    elif row["provider"] != provider:
        raise BadInput("gateway {id} is of {provider}: give another name", id=gateway_id, provider=row["provider"])
    else:
        values = {"settings": {**row["settings"], "send": settings}, "sends": True, "closed_at": None}
        connection.execute(sa.update(gateway).where(gateway.c.id == gateway_id).values(**values))
    if secret:
        sealed.put(connection, keys, Field("gateway", gateway_id, "send_secret"), secret, now)
    record(connection, now, Entry(actor.id, "gateway.send", "gateway", gateway_id, details={"provider": provider}))


@dataclass(frozen=True)
class Taken:
    """What one look into the outbox gave: messages to send, and how many were put off or dropped."""

    messages: tuple[Outgoing, ...]
    held: int = 0
    dropped: int = 0


def take(
    connection: sa.Connection, keys: KeyRing, rules: Rules, worker: str, now: dt.datetime, most: int = 20
) -> Taken:
    """Take messages that are due: leased to this worker, addresses opened. Commit before sending.

    Rows that another worker looks at are passed over (PostgreSQL); on SQLite writers queue.
    """
    c = notification.c
    free = sa.or_(c.state == "waiting", sa.and_(c.state == "sending", c.lease_until <= now))
    query = (
        sa.select(notification).where(free, c.due_at <= now).order_by(c.urgent.desc(), c.due_at, c.id)
        .limit(most).with_for_update(skip_locked=True)
    )  # fmt: skip
    rows = connection.execute(query).mappings().all()
    if not rows:
        return Taken(())
    ways = _ways(connection, keys)
    spent = _spent(connection, rules, now)
    out: list[Outgoing] = []
    held = dropped = 0
    for row in rows:
        verdict, until = _holds(connection, rules, row, now)
        if verdict == "dropped":
            dropped += 1
            _set(connection, row["id"], state="dropped", problem=until, leased_by=None, lease_until=None)
            continue
        chosen = _way(ways, row)
        cost = _cost(chosen, row)
        if verdict is None and not row["urgent"] and cost > 0 and spent + cost > rules.cap_per_day + 1e-9:
            verdict, until = "cost_cap", rules.day_of(now)[1]
        if verdict is not None:
            held += 1
            _set(connection, row["id"], held=verdict, due_at=until, state="waiting", leased_by=None, lease_until=None)
            continue
        address = _address(connection, keys, row, now)
        if address is None:
            dropped += 1
            _fail(connection, row, "no_address", now)
            continue
        spent += cost
        _set(connection, row["id"], state="sending", leased_by=worker, lease_until=now + LEASE, tries=row["tries"] + 1,
             gateway_id=chosen.id if chosen else row["gateway_id"], cost=row["cost"] + cost, held=None)  # fmt: skip
        out.append(Outgoing(
            row["id"], row["key"], Channel(row["channel"]), chosen, address, row["subject"], row["body"],
            row["document"], row["practice"], row["tries"] + 1, worker,
        ))  # fmt: skip
    return Taken(tuple(out), held, dropped)


def settle(
    connection: sa.Connection, keys: KeyRing, rules: Rules, out: Outgoing, answer: Answer, now: dt.datetime
) -> bool:
    """Write down what became of a message.

    Returns
    -------
    bool
        False if the lease had run out and somebody else has it now; then nothing is changed.
    """
    c = notification.c
    query = sa.select(notification).where(c.id == out.id, c.state == "sending", c.leased_by == out.worker)
    row = connection.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        return False
    if answer.sent:
        _set(connection, out.id, state="sent", sent_at=now, provider_id=answer.provider_id or f"tocsin-{out.id}",
             problem=None, leased_by=None, lease_until=None)  # fmt: skip
        if row["purpose"] == Purpose.FEEDBACK.value and row["alert_id"] is not None:
            mark_told(connection, row["alert_id"], now)
        return True
    if answer.opted_out:
        opt_out(connection, keys, Recipient(row["to_kind"]), row["to_id"], now)
        _set(connection, out.id, state="dropped", problem=answer.problem, leased_by=None, lease_until=None)
        return True
    if answer.permanent or row["tries"] >= rules.tries:
        _fail(connection, row, answer.problem or "failed", now)
        return True
    wait = min(FIRST_WAIT * 2 ** (row["tries"] - 1), LONGEST_WAIT)
    _set(connection, out.id, state="waiting", held="retry", problem=answer.problem, due_at=now + wait,
         leased_by=None, lease_until=None)  # fmt: skip
    return True


def mark_told(connection: sa.Connection, alert_id: int, now: dt.datetime) -> None:
    """Note on an alert that a source of it was told what happened; only the first time counts."""
    told = connection.execute(sa.select(alert.c.told_at).where(alert.c.id == alert_id)).one_or_none()
    if told is not None and told.told_at is None:
        change_alert(connection, PROGRAM, alert_id, None, {"told_at": now}, "told", {}, now)


def take_receipts(
    connection: sa.Connection, keys: KeyRing, gateway_id: str, receipts: Sequence[Receipt], now: dt.datetime
) -> int:
    """Note what a gateway says of messages it was given; those it does not know are left.

    Returns
    -------
    int
        How many were ours.
    """
    c, count = notification.c, 0
    for receipt in receipts:
        query = sa.select(notification).where(c.gateway_id == gateway_id, c.provider_id == receipt.provider_id)
        row = connection.execute(query.with_for_update()).mappings().first()
        if row is None:
            continue
        count += 1
        if receipt.delivered and row["state"] in ("sent", "sending", "failed"):
            _set(connection, row["id"], state="delivered", delivered_at=now, problem=None)
        elif receipt.failed and row["state"] == "sent":  # what was delivered stays delivered
            _fail(connection, row, receipt.problem or "not_delivered", now)
        if receipt.opted_out:
            opt_out(connection, keys, Recipient(row["to_kind"]), row["to_id"], now)
    return count


def opt_out(connection: sa.Connection, keys: KeyRing, kind: Recipient, id: str, now: dt.datetime) -> int:
    """Somebody wants no messages: held for every source and contact with the same number. People on duty stay.

    Returns
    -------
    int
        How many rows were marked.
    """
    rows = {(kind, id)}
    number = sealed.program_secret(connection, keys, Field(SEALED[kind], id, "phone"))
    if number is not None:
        for other in (Recipient.SOURCE, Recipient.CONTACT):
            found = sealed.find(connection, keys, PROGRAM, SEALED[other], "phone", number, now)
            rows |= {(other, row) for row in found}
    count = 0
    for each, row in sorted(rows):
        if each is not Recipient.ACCOUNT:
            table = source if each is Recipient.SOURCE else contact
            change = sa.update(table).where(table.c.id == row, table.c.opted_out_at.is_(None))
            count += connection.execute(change.values(opted_out_at=now)).rowcount
    if count:
        record(connection, now, Entry(PROGRAM.id, "opt_out", kind.value, id, details={"n": count}))
    return count


def _holds(connection: sa.Connection, rules: Rules, row: sa.RowMapping, now: dt.datetime) -> tuple[str | None, Any]:
    """Why a message may not go now: held with until when, or dropped with why; (None, None) when it may."""
    if row["expires_at"] is not None and row["expires_at"] <= now:
        return "dropped", "expired"
    if row["made_at"] + rules.longest <= now and row["tries"] > 0:
        return "dropped", "too_old"
    kind = Recipient(row["to_kind"])
    if kind is not Recipient.ACCOUNT:
        table = source if kind is Recipient.SOURCE else contact
        gone = table.c.erased_at if kind is Recipient.SOURCE else table.c.closed_at
        found = connection.execute(
            sa.select(table.c.opted_out_at, gone.label("gone")).where(table.c.id == row["to_id"])
        ).one_or_none()
        if found is None or found.gone is not None:
            return "dropped", "gone"
        if found.opted_out_at is not None:
            return "dropped", "opted_out"
    until = None if row["urgent"] else rules.quiet_until(now)
    return (None, None) if until is None else ("quiet_hours", until)


def _ways(connection: sa.Connection, keys: KeyRing) -> list[Gateway]:
    """Gateways that send, by name. PostgreSQL locks the rows, so that workers count costs one after the other."""
    query = sa.select(gateway).where(gateway.c.sends, gateway.c.closed_at.is_(None)).order_by(gateway.c.id)
    found = []
    for row in connection.execute(query.with_for_update()).mappings():
        secret = sealed.program_secret(connection, keys, Field("gateway", row["id"], "send_secret"))
        if secret is None:
            secret = sealed.program_secret(connection, keys, Field("gateway", row["id"], "secret"))
        settings = row["settings"].get("send", row["settings"])
        found.append(Gateway(row["id"], row["provider"], dict(settings), secret or ""))
    return found


def _way(ways: Sequence[Gateway], row: sa.RowMapping) -> Gateway | None:
    """The gateway for a message: the one asked for first, then in turn with each try."""
    if row["channel"] == Channel.WEBHOOK.value:
        return None
    email = row["channel"] == Channel.EMAIL.value
    fit = [w for w in ways if (w.provider == "smtp") == email and (email or w.provider in SMS)]
    fit.sort(key=lambda w: (w.id != row["gateway_id"], w.id))
    return fit[row["tries"] % len(fit)] if fit and row["tries"] else (fit[0] if fit else None)


def _cost(way: Gateway | None, row: sa.RowMapping) -> float:
    one = way.settings.get("cost") if way else None
    return float(one) * segments(row["body"]) if isinstance(one, int | float) and one > 0 else 0.0


def _spent(connection: sa.Connection, rules: Rules, now: dt.datetime) -> float:
    """What messages of this day cost so far, those on the way included."""
    begin, _ = rules.day_of(now)
    c = notification.c
    at = sa.func.coalesce(c.sent_at, c.lease_until, c.due_at)
    total = connection.execute(sa.select(sa.func.sum(c.cost)).where(c.cost > 0, at >= begin)).scalar_one()
    return float(total or 0.0)


def _address(connection: sa.Connection, keys: KeyRing, row: sa.RowMapping, now: dt.datetime) -> str | None:
    kind = Recipient(row["to_kind"])
    at = Field(SEALED[kind], row["to_id"], COLUMN[Channel(row["channel"])])
    try:
        thing = thing_of(connection, kind, row["to_id"])
        return sealed.unseal(connection, keys, PROGRAM, at, thing, f"to send a {row['purpose']}", now, action="send")
    except NotFound:
        return None


def _fail(connection: sa.Connection, row: sa.RowMapping, problem: str, now: dt.datetime) -> None:
    """Failed for good by this way; the next way, if there is one, is a message of its own."""
    _set(connection, row["id"], state="failed", problem=problem, leased_by=None, lease_until=None)
    further = [Channel(c) for c in row["further"]]
    if further:
        digest = hashlib.sha256(row["key"].encode()).hexdigest()[:8]
        enqueue(connection, Message(
            f"{row['key']}/{further[0].value}-{digest}", Purpose(row["purpose"]), Recipient(row["to_kind"]),
            row["to_id"], row["body"], row["subject"], tuple(further), row["language"], row["urgent"], row["practice"],
            row["document"], None, row["alert_id"], row["task_id"], row["warning_id"], now, row["expires_at"],
        ), now)  # fmt: skip


def _set(connection: sa.Connection, id: int, **values: Any) -> None:
    connection.execute(sa.update(notification).where(notification.c.id == id).values(**values))
