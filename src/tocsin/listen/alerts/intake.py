"""Taking reports in: a batch of deliveries becomes rows, each once, whoever sends it how often.

The same delivery is told by the provider's own id and the content. Same id with other content: both are kept, the later
one names the earlier (``conflict_with``); another version of it is a correction (``corrects``). Without an id, the same
content from the same sender within `AGAIN` counts as the same delivery. Senders' addresses go under seal at once; what
is hashed is hashed with the mission's key, so that nobody guesses a number from a hash.
"""

import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput
from tocsin.listen.alerts.model import Attachment, Received, ReportKind
from tocsin.listen.alerts.tables import gateway, report, source
from tocsin.store import sealed
from tocsin.store.keys import KeyRing

AGAIN = dt.timedelta(minutes=15)  # the same words without an id, sent again so soon, are a repeated delivery
LABEL = {"tlp": Tlp.AMBER.value, "classification": Classification.UNCLASSIFIED.value}


@dataclass(frozen=True)
class Arrived:
    """A report that came through a gateway and is to be kept.

    Parameters
    ----------
    gateway_id : str
    received : Received
    at : datetime
        When it arrived, UTC-aware.
    address : str or None
        The sender in one form (`addresses.sender_address`), to be sealed.
    owner : str or None
        Account of the liaison assistant who brought it, if one did.
    source_id : str or None
        The source, where it is known already (a call-back to it).
    answers : int or None
        Report (a missed call) that this one answers.
    """

    gateway_id: str
    received: Received
    at: dt.datetime
    address: str | None = field(default=None, repr=False)
    owner: str | None = None
    source_id: str | None = None
    answers: int | None = None


@dataclass(frozen=True)
class Taken:
    """What became of one delivery: the report that holds it, and whether it was there before or contradicts one."""

    report_id: int
    repeated: bool = False
    conflict: bool = False


@dataclass
class _Row:
    place: int
    item: Arrived
    content: str
    delivery: str
    ids: tuple[str, ...]  # the provider's own id and those it replaces, as they are kept
    near: str | None  # the delivery's name in the time before, for those without an id
    lookup: str | None


def take_in(connection: sa.Connection, keys: KeyRing, items: Sequence[Arrived], now: dt.datetime) -> list[Taken]:
    """Keep reports; the caller commits. Doing it again with the same items changes nothing.

    `now` may be later than the reports arrived: they may come out of the spool.

    Returns
    -------
    list of Taken
        One an item, in their order.
    """
    hashes = sealed.lookups(keys, "source", "phone", {i.address for i in items if i.address and not i.source_id})
    rows = [_row(keys, n, item, hashes) for n, item in enumerate(items)]
    _lock(connection, rows)
    found: dict[int, Taken] = {}
    for part in _apart(rows):
        _take_part(connection, keys, part, found)
    _count(connection, rows, found, now)
    return [found[n] for n in range(len(items))]


def _row(keys: KeyRing, place: int, item: Arrived, hashes: dict[str, str]) -> _Row:
    got = item.received
    says: list[Any] = [
        got.kind.value, item.address, item.source_id, got.text, got.lon, got.lat, sorted(got.fields.items()),
        [] if got.provider == "openrosa" else [[a.content_type, a.where] for a in got.attachments],
    ]  # fmt: skip
    content = _keyed(keys, "content", says)
    near = None
    if got.provider_id:
        name: list[Any] = [item.gateway_id, got.provider_id, got.version, content]
    else:
        slot = int(item.at.timestamp() // AGAIN.total_seconds())
        sent = None if got.at == item.at else got.at.isoformat()  # a second call has another time, a retry has not
        name = [item.gateway_id, slot, content, sent]
        near = _keyed(keys, "delivery", [item.gateway_id, slot - 1, content, sent])
    lookup = hashes.get(item.address) if item.address and not item.source_id else None
    ids = tuple(_safe_id(keys, item, id) for id in (got.provider_id or "", *got.replaces))
    return _Row(place, item, content, _keyed(keys, "delivery", name), ids, near, lookup)


def _safe_id(keys: KeyRing, item: Arrived, id: str) -> str:
    """A provider's id; its keyed hash where the sender stands in it, as in Telegram's (chat/message)."""
    who = (item.address or "").rpartition(":")[2].lstrip("+")
    if item.received.provider != "cap" and len(who) >= 4 and who in id.casefold():
        return "keyed:" + _keyed(keys, "provider id", id)
    return id


def _keyed(keys: KeyRing, purpose: str, what: Any) -> str:
    text = json.dumps([purpose, what], ensure_ascii=False, separators=(",", ":"))
    return hmac.new(keys.current.lookup, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:40]


def _lock(connection: sa.Connection, rows: Iterable[_Row]) -> None:
    """Two processes that take in the same sender or the same delivery go one after the other."""
    if connection.dialect.name != "postgresql":
        return
    names = {r.lookup for r in rows if r.lookup}
    names |= {f"{r.item.gateway_id}\n{r.item.received.provider_id or r.content}" for r in rows}
    numbers = sorted({int.from_bytes(hashlib.sha256(n.encode()).digest()[:8], signed=True) for n in names})
    each = sa.func.unnest(sa.cast(numbers, sa.ARRAY(sa.BigInteger))).column_valued("number")
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(each))).all()


def _apart(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Parts in which no row speaks of another: their ids, names and what they replace differ."""
    parts: list[list[_Row]] = []
    seen: set[tuple[str, str]] = set()
    for row in rows:
        mine = {(row.item.gateway_id, row.ids[0] or row.content)}
        mine |= {(row.item.gateway_id, old) for old in row.ids[1:]}
        if not parts or mine & seen:
            parts.append([])
            seen = set()
        parts[-1].append(row)
        seen |= mine
    return parts


def _take_part(connection: sa.Connection, keys: KeyRing, rows: Sequence[_Row], found: dict[int, Taken]) -> None:
    known = _known(connection, rows)
    fresh: list[_Row] = []
    for row in rows:
        before = known.get(row.delivery) or _recent(known.get(row.near or ""), row.item.at)
        if before is None:
            fresh.append(row)
        else:
            found[row.place] = Taken(before[0], repeated=True)
            _add_media(connection, before[0], row.item.received.attachments)
    if not fresh:
        return
    sources = _sources(connection, keys, fresh)
    earlier = _earlier(connection, fresh)
    values = [_values(row, sources, earlier) for row in fresh]
    query = _insert_once(connection).returning(report.c.id, report.c.delivery)
    made = {r.delivery: r.id for r in connection.execute(query, values)}
    for row, value in zip(fresh, values, strict=True):
        if row.delivery in made:
            found[row.place] = Taken(made[row.delivery], conflict=value["conflict_with"] is not None)
    late = [row for row in fresh if row.place not in found]  # somebody without the same lock was faster
    there = _known(connection, late)
    for row in late:
        found[row.place] = Taken(there[row.delivery][0], repeated=True)


def _insert_once(connection: sa.Connection) -> Any:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(report).on_conflict_do_nothing(index_elements=["delivery"])


def _known(connection: sa.Connection, rows: Sequence[_Row]) -> dict[str, tuple[int, dt.datetime]]:
    names = {n for r in rows for n in (r.delivery, r.near) if n}
    if not names:
        return {}
    query = sa.select(report.c.delivery, report.c.id, report.c.received_at).where(report.c.delivery.in_(names))
    return {r[0]: (r[1], r[2]) for r in connection.execute(query)}


def _recent(before: tuple[int, dt.datetime] | None, at: dt.datetime) -> tuple[int, dt.datetime] | None:
    return before if before is not None and abs(at - before[1]) <= AGAIN else None


def _add_media(connection: sa.Connection, report_id: int, media: Sequence[Attachment]) -> None:
    """Phones send a form's pictures in several goes: they all belong to the one report."""
    if not media:
        return
    query = sa.select(report.c.attachments).where(report.c.id == report_id).with_for_update()
    there = list(connection.execute(query).scalar_one())
    more = [m for m in _media(media) if m not in there]
    if more:
        connection.execute(sa.update(report).where(report.c.id == report_id).values(attachments=[*there, *more]))


def _media(media: Iterable[Attachment]) -> list[dict[str, str]]:
    return [{"type": a.content_type, "where": a.where} for a in media]


def _sources(connection: sa.Connection, keys: KeyRing, rows: Sequence[_Row]) -> dict[str, tuple[str, str | None]]:
    """Source and its owner by look-up; new ones are made and their addresses sealed."""
    wanted = {r.lookup: r for r in rows if r.lookup}
    at = sealed.rows_of(connection, "source", "phone", list(wanted))
    new = {lookup: secrets.token_hex(8) for lookup in wanted if lookup not in at}
    if new:
        lines: list[dict[str, Any]] = [
            {"id": id, "owner": wanted[k].item.owner, "verified": 0.0, "refuted": 0.0, "made_at": wanted[k].item.at}
            | LABEL
            for k, id in new.items()
        ]
        connection.execute(sa.insert(source), lines)
        boxes = [(sealed.Field("source", id, "phone"), str(wanted[k].item.address)) for k, id in new.items()]
        sealed.put_new(connection, keys, boxes, rows[0].item.at)
    at |= new
    ids = set(at.values()) | {r.item.source_id for r in rows if r.item.source_id}
    owners = {}
    if ids:
        query = sa.select(source.c.id, source.c.owner).where(source.c.id.in_(ids))
        owners = {r.id: r.owner for r in connection.execute(query)}
    found = {lookup: (id, owners.get(id)) for lookup, id in at.items()}
    return found | {f"id:{id}": (str(id), owners.get(id)) for id in ids}


def _earlier(connection: sa.Connection, rows: Sequence[_Row]) -> dict[tuple[str, str], list[Any]]:
    """Reports that were kept under the same ids, oldest first."""
    wanted = {(r.item.gateway_id, id) for r in rows for id in r.ids if id}
    if not wanted:
        return {}
    c = report.c
    query = sa.select(c.id, c.gateway_id, c.provider_id, c.version, c.content_hash).where(
        c.gateway_id.in_({g for g, _ in wanted}), c.provider_id.in_({i for _, i in wanted})
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(query.order_by(c.id)):
        found.setdefault((row.gateway_id, row.provider_id), []).append(row)
    return found


def _values(row: _Row, sources: dict[str, tuple[str, str | None]], earlier: dict[tuple[str, str], list[Any]]) -> Any:
    item, got = row.item, row.item.received
    source_id, owner = None, item.owner
    if item.source_id or row.lookup:
        source_id, kept_by = sources[f"id:{item.source_id}" if item.source_id else str(row.lookup)]
        owner = owner or kept_by
    before = earlier.get((item.gateway_id, row.ids[0]), [])
    same = [b for b in before if b.version == got.version]
    replaced = [b for old in row.ids[1:] for b in earlier.get((item.gateway_id, old), [])]
    corrected = (replaced or [b for b in before if b.version != got.version])[-1:]
    return {
        "delivery": row.delivery,
        "gateway_id": item.gateway_id,
        "provider_id": row.ids[0] or None,
        "version": got.version,
        "content_hash": row.content,
        "conflict_with": same[0].id if same else None,
        "corrects": corrected[0].id if corrected and not same else None,
        "answers": item.answers,
        "kind": got.kind.value,
        "practice": got.practice,
        "sent_at": got.at,
        "received_at": item.at,
        "source_id": source_id,
        "text": got.text,
        "fields": dict(got.fields),
        "attachments": _media(got.attachments),
        "given_lon": got.lon,
        "given_lat": got.lat,
        "denied": False,
        "owner": owner,
        "state": "new",
        **LABEL,
    }


def _count(connection: sa.Connection, rows: Sequence[_Row], found: dict[int, Taken], now: dt.datetime) -> None:
    for id in sorted({r.item.gateway_id for r in rows}):
        mine = [r for r in rows if r.item.gateway_id == id]
        repeated = sum(found[r.place].repeated for r in mine)
        latest = max(r.item.at for r in mine)
        # what the spool gives up is older than what was heard since; a time ahead of us is of a clock that was put back
        later = sa.and_(gateway.c.heard_at > latest, gateway.c.heard_at <= now)
        connection.execute(
            sa.update(gateway)
            .where(gateway.c.id == id)
            .values(
                accepted=gateway.c.accepted + len(mine) - repeated,
                repeated=gateway.c.repeated + repeated,
                heard_at=sa.case((later, gateway.c.heard_at), else_=latest),
            )
        )


def to_json(item: Arrived) -> dict[str, Any]:
    """As the spool keeps it."""
    got = item.received
    return {
        "gateway": item.gateway_id,
        "at": item.at.isoformat(),
        "address": item.address,
        "owner": item.owner,
        "source_id": item.source_id,
        "answers": item.answers,
        "provider": got.provider,
        "provider_id": got.provider_id,
        "text": got.text,
        "sent": got.at.isoformat(),
        "kind": got.kind.value,
        "raw": got.raw_sha256,
        "attachments": [[a.content_type, a.where] for a in got.attachments],
        "version": got.version,
        "replaces": list(got.replaces),
        "practice": got.practice,
        "lon": got.lon,
        "lat": got.lat,
        "fields": dict(got.fields),
    }


def from_json(raw: dict[str, Any]) -> Arrived:
    """From the spool.

    Raises
    ------
    BadInput
        If it is none of ours.
    """
    try:
        got = Received(
            provider=raw["provider"], provider_id=raw["provider_id"], sender=None, text=raw["text"],
            at=dt.datetime.fromisoformat(raw["sent"]), kind=ReportKind(raw["kind"]), raw_sha256=raw["raw"],
            attachments=tuple(Attachment(t, w) for t, w in raw["attachments"]), version=raw["version"],
            replaces=tuple(raw["replaces"]), practice=raw["practice"], lon=raw["lon"], lat=raw["lat"],
            fields=raw["fields"],
        )  # fmt: skip
        return Arrived(
            raw["gateway"], got, dt.datetime.fromisoformat(raw["at"]), raw["address"], raw["owner"],
            raw["source_id"], raw["answers"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput("a line of the spool cannot be read: another program version wrote it") from problem
