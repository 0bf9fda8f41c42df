"""Whom a warning reaches, and exactly what each of them reads: the preview and the sending are one calculation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from tocsin.act.notify.model import Channel, Message, Purpose, Recipient
from tocsin.act.tables import contact, notification
from tocsin.act.warn.model import Text, marked
from tocsin.core.codes import Role
from tocsin.core.geometry import distance_km
from tocsin.store.tables import account

KM_A_DEGREE = 111.2


@dataclass(frozen=True)
class Reader:
    """One recipient: id, kind of audience, language, channels in order."""

    kind: Recipient
    id: str = field(repr=False)
    audience: str
    language: str
    channels: tuple[Channel, ...]


def within(geofence: Mapping[str, Any], margin_km: float, lon: float, lat: float) -> bool:
    """Whether a place is in a geofence or at most so far beyond it."""
    if geofence.get("circle"):
        x, y, radius = geofence["circle"]
        away = float(distance_km(np.array(lon), np.array(lat), np.array(x), np.array(y)))
        return bool(away <= radius + margin_km)
    shape = shapely.Polygon(geofence["polygon"])
    # Stretched so that a degree is as long east as north: good to a few per cent within some hundred km.
    scale = max(float(np.cos(np.radians(lat))), 0.05)
    flat = shapely.transform(shape, lambda c: c * np.array([scale, 1.0]))
    return bool(flat.distance(shapely.Point(lon * scale, lat)) * KM_A_DEGREE <= margin_km)


def readers(connection: sa.Connection, row: Mapping[str, Any], sensitive: bool) -> list[Reader]:
    """Who gets a warning: contacts of its audiences in its area, and liaison assistants of it; in order of id.

    A cancellation also goes to everybody who got what it cancels. When the host state's forces are the likely
    perpetrator, its contacts are left out whatever the audiences say.
    """
    kinds = [k for k in row["audiences"] if not (sensitive and k == "host_state")]
    c = contact.c
    found: dict[tuple[str, str], Reader] = {}
    query = sa.select(contact).where(c.kind.in_(kinds), c.closed_at.is_(None), c.opted_out_at.is_(None)).order_by(c.id)
    earlier = _earlier(connection, row)
    for each in connection.execute(query).mappings():
        known = each["lon"] is not None and each["lat"] is not None
        here = within(row["geofence"], row["margin_km"], each["lon"], each["lat"]) if known else (
            row["area"] is not None and each["area"] == row["area"])  # fmt: skip
        if here or ("contact", each["id"]) in earlier:
            channels = tuple(Channel(x) for x in each["channels"])
            found["contact", each["id"]] = Reader(
                Recipient.CONTACT, each["id"], each["kind"], each["language"], channels
            )
    if "liaison_assistant" in kinds:
        a = account.c
        for one in connection.execute(sa.select(a.id, a.roles, a.areas).where(a.closed_at.is_(None)).order_by(a.id)):
            there = row["area"] is None or row["area"] in one.areas or "*" in one.areas
            if Role.LIAISON_ASSISTANT.value in one.roles and (there or ("account", one.id) in earlier):
                ways = (Channel.SMS, Channel.EMAIL)
                language = next(iter(row["texts"]))
                found["account", one.id] = Reader(Recipient.ACCOUNT, one.id, "liaison_assistant", language, ways)
    return [found[key] for key in sorted(found)]


def _earlier(connection: sa.Connection, row: Mapping[str, Any]) -> set[tuple[str, str]]:
    if row["msg_type"] == "Alert" or row["follows"] is None:
        return set()
    n = notification.c
    sent = sa.select(n.to_kind, n.to_id).where(n.warning_id == row["follows"])
    return {(kind, id) for kind, id in connection.execute(sent)}


def message_for(row: Mapping[str, Any], reader: Reader, document: str) -> Message:
    """What one reader gets: words in their language on a telephone and by e-mail, CAP by webhook."""
    texts = row["texts"]
    language = reader.language if reader.language in texts else next(iter(texts))
    text = Text(**texts[language])
    first = reader.channels[0]
    long = "\n\n".join(p for p in (text.headline, text.description, text.instruction) if p)
    body = marked(text.short() if first is Channel.SMS else long, row["status"], language)
    with_cap = Channel.WEBHOOK in reader.channels or (
        Channel.EMAIL in reader.channels and reader.audience in ("base", "humanitarian", "broadcaster")
    )
    return Message(
        f"warning:{row['id']}:{reader.kind.value}:{reader.id}", Purpose.WARNING, reader.kind, reader.id, body,
        marked(text.headline, row["status"], language), reader.channels, language,
        row["urgency"] in ("Immediate", "Expected") and row["status"] == "Actual", row["status"] != "Actual",
        document if with_cap else None, warning_id=row["id"], alert_id=row["alert_id"], expires_at=row["expires_at"],
    )  # fmt: skip
