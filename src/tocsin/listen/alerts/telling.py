"""Reports that people of the mission write down: from the radio room, from a visit, from calling back."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.alerts import handling, media
from tocsin.listen.alerts.addresses import sender_address
from tocsin.listen.alerts.formats.values import clean
from tocsin.listen.alerts.intake import Arrived, Taken, take_in
from tocsin.listen.alerts.model import Received, ReportKind
from tocsin.listen.alerts.tables import report
from tocsin.store.keys import KeyRing
from tocsin.store.policy import Actor, Thing, demand, only_readable

DESK = "desk"  # stands where other reports have their gateway
EARLIEST = dt.timedelta(days=45)
PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
MOST_PICTURE = 1_000_000
MOST_PICTURES = 8


@dataclass(frozen=True)
class Words:
    """What was said, by whom, where and when."""

    text: str = field(repr=False)
    kind: str = "liaison"
    sender: str = field(default="", repr=False)
    place: str = ""
    lon: float | None = None
    lat: float | None = None
    sent_at: dt.datetime | None = None
    practice: bool = False
    source_id: str | None = None
    answers: int | None = None


def tell(
    connection: sa.Connection, keys: KeyRing, actor: Actor, said: Words, now: dt.datetime, key: str | None = None
) -> Taken:
    """Keep a report that a person wrote down; it is theirs (`owner`), and read like any other.

    Parameters
    ----------
    key : str, optional
        The same key is the same report.
    """
    demand(actor, "create", "report", "*", _mine(actor))
    at = said.sent_at or now
    if not now - EARLIEST <= at <= now + dt.timedelta(minutes=15):
        raise BadInput("a report is at most 45 days old and not of the future")
    if (said.lon is None) != (said.lat is None):
        raise BadInput("a position needs lon and lat")
    text = clean(said.text)
    if not text:
        raise BadInput("write down what was said")
    id = f"{actor.id}/{key}" if key else secrets.token_hex(8)
    got = Received(
        "liaison", id, None, text, at, ReportKind(said.kind), hashlib.sha256(text.encode()).hexdigest(),
        practice=said.practice, lon=said.lon, lat=said.lat,
        fields={"place": clean(said.place, 200)} if clean(said.place) else {},
    )  # fmt: skip
    provider = "radio" if said.kind == "radio" else "generic"
    item = Arrived(
        DESK, got, now, sender_address(provider, clean(said.sender, 300)) if not said.source_id else None,
        actor.id, said.source_id, said.answers,
    )  # fmt: skip
    return take_in(connection, keys, [item], now)[0]


def call_back(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    report_id: int,
    reached: bool,
    text: str,
    place: str,
    now: dt.datetime,
) -> int | None:
    """Log the call-back of a missed call; gives the report of what was said, if something was.

    The new report is of the same source, without anybody having to see who that is.
    """
    c = report.c
    query = sa.select(c.id, c.kind).where(c.id == report_id)
    seen = connection.execute(only_readable(query, report, actor)).one_or_none()
    if seen is None:
        raise NotFound("there is no such report, or it is not for you")
    answer = None
    if text.strip():
        if not reached:
            raise BadInput("who was not reached said nothing: leave the text out, or say that the caller was reached")
        if seen.kind != ReportKind.MISSED_CALL.value:
            raise BadInput("report {id} is no missed call", id=report_id)
        source_id = connection.execute(sa.select(c.source_id).where(c.id == report_id)).scalar_one()
        said = Words(text, place=place, source_id=source_id, answers=report_id)
        answer = tell(connection, keys, actor, said, now).report_id
    handling.call_back(connection, actor, report_id, reached, now, answer)
    return answer


def add_picture(
    connection: sa.Connection, keys: KeyRing, folder: Path, actor: Actor, report_id: int, content: bytes
) -> int:
    """Keep a picture with a report that the actor wrote, without what a camera writes beside it; how many it has then.

    The same picture again changes nothing.

    Raises
    ------
    BadInput
        If it is no picture, or too large, or there are too many.
    NotFound
        If the actor wrote no such report.
    """
    demand(actor, "create", "report", "*", _mine(actor))
    c = report.c
    mine = sa.select(c.attachments).where(c.id == report_id, c.owner == actor.id).with_for_update()
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise NotFound("there is no such report of yours")
    kind = next((k for mark, k in PICTURES.items() if content.startswith(mark)), None)
    if kind is None or len(content) > MOST_PICTURE:
        raise BadInput("send a JPEG or PNG picture of at most {kb} kB", kb=MOST_PICTURE // 1000)
    there = list(row.attachments)
    one = {"type": kind, "where": media.keep(folder, keys, content)}
    if one["where"] not in [a["where"] for a in there]:
        if len(there) >= MOST_PICTURES:
            raise BadInput("a report holds at most {n} pictures", n=MOST_PICTURES)
        there.append(one)
        connection.execute(sa.update(report).where(c.id == report_id).values(attachments=there))
    return len(there)


def _mine(actor: Actor) -> Thing:
    from tocsin.core.codes import Classification, Tlp

    return Thing(owner=actor.id, tlp=Tlp.AMBER, classification=Classification.UNCLASSIFIED)
