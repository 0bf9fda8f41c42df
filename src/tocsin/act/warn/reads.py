"""Warnings for screens and exports, and the preview of exactly what each audience will read."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from tocsin.act.notify.model import Channel, segments
from tocsin.act.rules import Rules
from tocsin.act.tables import notification, warning, warning_ack
from tocsin.act.tasks.actions import is_sensitive
from tocsin.act.warn.actions import cap_of, get, thing_of
from tocsin.act.warn.audience import message_for, readers
from tocsin.core.errors import NotFound
from tocsin.listen.alerts.tables import alert
from tocsin.store.policy import Actor, demand, only_readable


def list_warnings(
    connection: sa.Connection, actor: Actor, now: dt.datetime, states: tuple[str, ...] = (), before: int | None = None,
    most: int = 100,
) -> list[dict[str, Any]]:  # fmt: skip
    """Warnings, newest first, without their documents."""
    c = warning.c
    query = only_readable(sa.select(*(x for x in c if x.key != "document")), warning, actor)
    query = query.where(c.state.in_(states)) if states else query
    query = query.where(c.id < before) if before is not None else query
    rows = connection.execute(query.order_by(c.id.desc()).limit(min(most, 500))).mappings()
    return [{**r, "holds": r["state"] == "released" and r["expires_at"] > now} for r in rows]


def get_warning(connection: sa.Connection, actor: Actor, id: int) -> dict[str, Any]:
    """One warning with how far it got: messages by state, acknowledgements."""
    query = only_readable(sa.select(warning).where(warning.c.id == id), warning, actor)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no warning {id}", id=id)
    n, a = notification.c, warning_ack.c
    states = sa.select(n.state, sa.func.count()).where(n.warning_id == id).group_by(n.state)
    acks = connection.execute(sa.select(sa.func.count()).where(a.warning_id == id)).scalar_one()
    return {**row, "messages": {r[0]: r[1] for r in connection.execute(states)}, "acknowledged": acks}


def preview(connection: sa.Connection, rules: Rules, actor: Actor, id: int, now: dt.datetime) -> dict[str, Any]:
    """What will go out: for each audience, channel and language the very words, how many read them, and the CAP."""
    row = get(connection, id)
    demand(actor, "read", "warning", "*", thing_of(row))
    about = None
    if row["alert_id"] is not None:
        about = dict(connection.execute(sa.select(alert).where(alert.c.id == row["alert_id"])).mappings().one())
    sensitive = about is not None and is_sensitive(connection, about, rules)
    document = row["document"] or cap_of(connection, rules, row, now).decode()
    groups: dict[tuple[str, str, str], dict[str, Any]] = {}
    for reader in readers(connection, row, sensitive):
        message = message_for(row, reader, document)
        channel = message.channels[0]
        line = groups.setdefault((reader.audience, channel.value, message.language), {
            "audience": reader.audience, "channel": channel.value, "language": message.language, "readers": 0,
            "subject": message.subject, "body": message.body, "cap": message.document is not None,
            "messages_each": segments(message.body) if channel is Channel.SMS else 1,
        })  # fmt: skip
        line["readers"] += 1
    return {
        "id": id, "status": row["status"], "scope": row["scope"], "changed": row["changed"],
        "two_persons": row["scope"] in rules.two_persons, "approved_by": row["approved_by"],
        "left_out": ["host_state"] if sensitive and "host_state" in row["audiences"] else [],
        "audiences": [groups[key] for key in sorted(groups)], "cap": document,
    }  # fmt: skip
