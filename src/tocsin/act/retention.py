"""What is kept how long: words, identities, messages and sessions go by their type's rule; what was counted stays.

A report loses its words, its pictures and its exact place, and keeps the codes that figures are made of: when, which
area and cell, what kind of threat, what became of it. A source loses who it is and keeps its record. What is still
being worked on is never touched, and the audit trail never shrinks.
"""

import datetime as dt
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tocsin.act.tables import notification
from tocsin.core import lattice
from tocsin.core.codes import Classification, Role, Tlp
from tocsin.core.errors import BadFile
from tocsin.core.mission import SETTINGS, Mission
from tocsin.listen.alerts import media
from tocsin.listen.alerts.refresh import OVER
from tocsin.listen.alerts.tables import alert, notice, report, report_change, source
from tocsin.store import sealed
from tocsin.store.audit import Entry, record
from tocsin.store.policy import EVERYWHERE, Actor, Thing, demand
from tocsin.store.tables import api_token, known_device, one_time_link, session

SENT = ("sent", "delivered", "failed", "dropped")
REASON = "the time it may be kept is over"
BATCH = 500
# Takes identities away whoever keeps the source; the console that started it stands beside it in the trail.
_ERASER = Actor("retention", frozenset({Role.HUMAN_RIGHTS_OFFICER}), EVERYWHERE)


@dataclass(frozen=True)
class Keep:
    """Days after which something goes; 0 keeps it for ever.

    Parameters
    ----------
    words : int
        Words, pictures and exact places of reports, counted from the closing of their alert.
    identities : int
        Who a source is, counted from its last report.
    messages : int
        Words of messages that went out.
    sessions : int
        Sessions, tokens, links and devices that ended; notices that are over.
    """

    words: int = 0
    identities: int = 0
    messages: int = 365
    sessions: int = 90


@dataclass(frozen=True)
class Gone:
    """How many of each were, or would be, taken away; `files` are pictures whose last report let go of them."""

    reports: int = 0
    sources: int = 0
    messages: int = 0
    sessions: int = 0
    files: tuple[str, ...] = ()


def keep_rules(mission: Mission) -> Keep:
    """What ``[keep]`` in ``tocsin.toml`` says.

    Raises
    ------
    BadFile
        If a rule is unknown or is not a number of days.
    """
    path = mission.folder / SETTINGS
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")).get("keep", {})
        wrong = [n for n, v in given.items() if n not in {f.name for f in fields(Keep)} or type(v) is not int or v < 0]
        if wrong:
            raise ValueError(f"{', '.join(sorted(wrong))} is no rule with a number of days")
        return Keep(**given)
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise BadFile("{name}: [keep] {why}; compare it with docs/settings.md", name=path, why=problem) from problem


def retain(connection: sa.Connection, actor: Actor, keep: Keep, now: dt.datetime, only_look: bool = False) -> Gone:
    """Take away what is past its time; run again, it finds nothing more.

    Parameters
    ----------
    actor : Actor
        Who starts it: needs the right to run backups, as whoever runs the machine has.
    only_look : bool
        Count, and change nothing.
    """
    demand(actor, "create", "backup")

    def since(days: int) -> dt.datetime | None:
        return now - dt.timedelta(days=days) if days else None

    reports, files = _words(connection, since(keep.words), only_look)
    gone = Gone(
        reports, _identities(connection, since(keep.identities), now, only_look),
        _messages(connection, since(keep.messages), only_look), _sessions(connection, since(keep.sessions), only_look),
        files,
    )  # fmt: skip
    counts = {name: value for name, value in asdict(gone).items() if name != "files"} | {"files": len(files)}
    if not only_look and any(counts.values()):
        record(connection, now, Entry(actor.id, "retention", "store", "records", REASON, counts))
    return gone


def remove_files(folder: Path, gone: Gone) -> int:
    """Remove the pictures that no report holds any more; call it once the transaction is kept."""
    removed = 0
    for word in gone.files:
        path = folder / media.FOLDER / word.removeprefix(media.MARK)
        if path.exists():
            path.unlink()
            removed += 1
    return removed


def _words(connection: sa.Connection, before: dt.datetime | None, only_look: bool) -> tuple[int, tuple[str, ...]]:
    if before is None:
        return 0, ()
    r, a = report.c, alert.c
    over = sa.or_(
        sa.and_(r.state == "joined", a.state.in_(OVER), sa.func.coalesce(a.closed_at, a.last_at) < before),
        sa.and_(r.state == "dismissed", r.received_at < before),
    )
    holds = sa.or_(
        r.text != "", r.place.is_not(None), r.given_lon.is_not(None), r.radius_km.is_not(None),
        sa.cast(r.attachments, sa.Text) != "[]", sa.cast(r.fields, sa.Text) != "{}",
    )  # fmt: skip
    query = (
        sa.select(r.id, r.lon, r.lat, r.attachments)
        .select_from(report.outerjoin(alert, r.alert_id == a.id))
        .where(over, holds)
    )
    rows = connection.execute(query).all()
    if only_look:
        return len(rows), ()
    empty: dict[str, Any] = {
        "text": "", "fields": {}, "attachments": [], "given_lon": None, "given_lat": None, "understood": {},
        "places": sa.null(), "place": None, "radius_km": None,
    }  # fmt: skip
    for row in rows:
        lon, lat = _in_cell(row.lon, row.lat)
        connection.execute(sa.update(report).where(r.id == row.id).values(**empty, lon=lon, lat=lat))
    for start in range(0, len(rows), BATCH):
        ids = [row.id for row in rows[start : start + BATCH]]
        connection.execute(sa.update(report_change).where(report_change.c.report_id.in_(ids)).values(before={}))
    places = sa.select(a.id, a.lon, a.lat).where(
        a.state.in_(OVER), sa.func.coalesce(a.closed_at, a.last_at) < before,
        sa.or_(a.place.is_not(None), a.radius_km.is_not(None)),
    )  # fmt: skip
    for old in connection.execute(places).all():
        lon, lat = _in_cell(old.lon, old.lat)
        connection.execute(sa.update(alert).where(a.id == old.id).values(place=None, radius_km=None, lon=lon, lat=lat))
    let_go = {str(w) for row in rows for _kind, w in (row.attachments or []) if str(w).startswith(media.MARK)}
    if let_go:
        held = connection.execute(sa.select(r.attachments).where(sa.cast(r.attachments, sa.Text) != "[]")).scalars()
        let_go -= {str(w) for kept in held for _kind, w in kept}
    return len(rows), tuple(sorted(let_go))


def _in_cell(lon: float | None, lat: float | None) -> tuple[float | None, float | None]:
    """The centre of the PRIO-GRID cell a point is in."""
    if lon is None or lat is None:
        return None, None
    x, y = lattice.centre(lattice.gid_at([lon], [lat]))
    return float(x[0]), float(y[0])


def _identities(connection: sa.Connection, before: dt.datetime | None, now: dt.datetime, only_look: bool) -> int:
    if before is None:
        return 0
    last = sa.select(sa.func.max(report.c.received_at)).where(report.c.source_id == source.c.id).scalar_subquery()
    at_work = (
        sa.select(report.c.id)
        .select_from(report.outerjoin(alert, report.c.alert_id == alert.c.id))
        .where(
            report.c.source_id == source.c.id,
            sa.or_(report.c.state.in_(("new", "waiting")), alert.c.state.not_in(OVER)),
        )
        .exists()
    )
    query = sa.select(source).where(
        source.c.erased_at.is_(None), sa.func.coalesce(last, source.c.made_at) < before, ~at_work
    )
    rows = connection.execute(query).mappings().all()
    for row in rows if not only_look else ():
        thing = Thing(row["area"], row["owner"], None, Tlp(row["tlp"]), Classification(row["classification"]))
        sealed.erase(connection, _ERASER, "source", row["id"], thing, REASON, now)
        connection.execute(sa.update(source).where(source.c.id == row["id"]).values(erased_at=now, lon=None, lat=None))
    return len(rows)


def _messages(connection: sa.Connection, before: dt.datetime | None, only_look: bool) -> int:
    if before is None:
        return 0
    c = notification.c
    old = sa.and_(c.state.in_(SENT), c.made_at < before, sa.or_(c.body != "", c.document.is_not(None)))
    if only_look:
        return int(connection.execute(sa.select(sa.func.count()).where(old)).scalar_one())
    return connection.execute(sa.update(notification).where(old).values(subject="", body="", document=None)).rowcount


def _sessions(connection: sa.Connection, before: dt.datetime | None, only_look: bool) -> int:
    if before is None:
        return 0
    found = 0
    for table, end in (
        (session, session.c.seen_at), (api_token, api_token.c.expires_at), (known_device, known_device.c.ended_at),
        (one_time_link, one_time_link.c.expires_at), (notice, notice.c.ended_at),
    ):  # fmt: skip
        old = end < before
        if "ended_at" in table.c and table is not notice:
            old = sa.or_(old, table.c.ended_at < before)
        if only_look:
            found += int(connection.execute(sa.select(sa.func.count()).select_from(table).where(old)).scalar_one())
        else:
            found += connection.execute(sa.delete(table).where(old)).rowcount
    return found
