"""What people do with reports, one or by the hundred: place, correct, accept, dismiss, split, merge, and take it back.

Every deed keeps what it changed (``report_change.before``) under one name (`bulk`), so that it can be undone as a whole
as long as nobody built on it. Callers own the transaction.
"""

import datetime as dt
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput, Conflict, NotFound
from tocsin.listen.alerts.actions import change_alert, thing_of
from tocsin.listen.alerts.model import ActorKind, Imminence, ThreatKind
from tocsin.listen.alerts.refresh import GONE, refresh, start_alerts
from tocsin.listen.alerts.summing import Rank
from tocsin.listen.alerts.tables import alert, report, report_change
from tocsin.store.policy import Actor, demand, only_readable

MOST = 500
WHYS = ("false", "duplicate", "not_relevant", "test", "denied", "other")
UNDO_FOR = dt.timedelta(days=7)


@dataclass(frozen=True)
class Done:
    """What was done: its name for taking it back, and the reports and alerts it touched."""

    bulk: str
    reports: tuple[int, ...]
    alerts: tuple[int, ...]


@dataclass(frozen=True)
class Spot:
    """A place that a person chose: a candidate by its number in the report's list, or a point with a radius."""

    candidate: int | None = None
    lon: float | None = None
    lat: float | None = None
    radius_km: float = 5.0
    name: str = ""


def place(
    connection: sa.Connection,
    actor: Actor,
    ids: Collection[int],
    spot: Spot,
    area: str | None,
    rank: Rank,
    now: dt.datetime,
) -> Done:
    """Say where reports mean; the program then joins them, whatever else about them is in doubt.

    Parameters
    ----------
    area : str or None
        Code of the first-level area of the point (`Ground.area_of`).
    """
    rows = _rows(connection, actor, ids, ("waiting", "joined", "new"))
    values = {}
    for row in rows:
        values[row["id"]] = _spot_values(row, spot) | {"placed_by": actor.id, "state": "new", "alert_id": None}
        if spot.candidate is None:
            values[row["id"]]["area"] = area
    done = _change(connection, actor, "placed", rows, values, now, details={"candidate": spot.candidate})
    _left(connection, actor, rows, "placed", done, rank, now)
    return done


def _spot_values(row: Mapping[str, Any], spot: Spot) -> dict[str, Any]:
    if spot.candidate is not None:
        listed = row["places"] or []
        if not 0 <= spot.candidate < len(listed):
            raise BadInput("report {id} has {n} candidate places: number them from 0", id=row["id"], n=len(listed))
        one = listed[spot.candidate]
        return {"place": one["name"], "lon": one["lon"], "lat": one["lat"], "radius_km": one["radius_km"]}
    if spot.lon is None or spot.lat is None or not (abs(spot.lon) <= 180 and abs(spot.lat) <= 90):
        raise BadInput("say where: a candidate's number, or lon and lat in degrees")
    if not 0 <= spot.radius_km <= 500:
        raise BadInput("a radius is 0 to 500 km")
    return {"place": spot.name[:200] or None, "lon": spot.lon, "lat": spot.lat, "radius_km": spot.radius_km}


def correct(
    connection: sa.Connection,
    actor: Actor,
    ids: Collection[int],
    given: Mapping[str, Any],
    rank: Rank,
    now: dt.datetime,
) -> Done:
    """Say what reports mean: threat, imminence, actor, number, denied. What a person said, the program keeps."""
    known = {"threat": ThreatKind, "imminence": Imminence, "actor": ActorKind}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in known:
            if value is not None and value not in {k.value for k in known[name]}:
                raise BadInput("that is no {name}: {known}", name=name, known=", ".join(k.value for k in known[name]))
        elif name not in ("number", "denied"):
            raise BadInput("a report's {name} is not corrected this way", name=name)
        values[name] = value
    if not values:
        raise BadInput("say what to correct: threat, imminence, actor, number or denied")
    rows = _rows(connection, actor, ids, ("waiting", "joined"))
    each = {}
    for row in rows:
        told = dict(row["understood"] or {})
        told |= {"by": actor.id, "set": sorted({*told.get("set", ()), *values})}
        each[row["id"]] = {**values, "understood": told}
    done = _change(connection, actor, "corrected", rows, each, now, details={"fields": sorted(values)})
    refresh(connection, done.alerts, rank, now, actor.id)
    return done


def accept(
    connection: sa.Connection,
    actor: Actor,
    ids: Collection[int],
    alert_id: int | None,
    rank: Rank,
    now: dt.datetime,
) -> Done:
    """Put reports into an alert, or into a new one of their own, as a person says."""
    rows = _rows(connection, actor, ids, ("waiting", "new", "dismissed"))
    if alert_id is None:
        (target,) = start_alerts(connection, 1, now)
        what = "started"
    else:
        target, what = alert_id, "joined"
        _open_alert(connection, actor, alert_id)
    values = {r["id"]: {"state": "joined", "alert_id": target, "dismissed_why": None} for r in rows}
    done = _change(connection, actor, "accepted", rows, values, now, details={"alert": target})
    lines = [{"alert_id": target, "what": what, "details": {"report": r["id"], "bulk": done.bulk}} for r in rows]
    refresh(connection, done.alerts, rank, now, actor.id, lines)
    return done


def dismiss(
    connection: sa.Connection, actor: Actor, ids: Collection[int], why: str, rank: Rank, now: dt.datetime
) -> Done:
    """Set reports aside; they are kept, counted and can be taken back."""
    if why not in WHYS:
        raise BadInput("say why: {whys}", whys=", ".join(WHYS))
    rows = _rows(connection, actor, ids, ("waiting", "new", "joined"))
    values = {r["id"]: {"state": "dismissed", "alert_id": None, "dismissed_why": why} for r in rows}
    done = _change(connection, actor, "dismissed", rows, values, now, details={"why": why})
    _left(connection, actor, rows, "dismissed", done, rank, now)
    return done


def split(
    connection: sa.Connection,
    actor: Actor,
    alert_id: int,
    expected_changed: int,
    ids: Collection[int],
    rank: Rank,
    now: dt.datetime,
) -> tuple[Done, int]:
    """Take reports out of an alert into a new one; gives the new alert's number too.

    Raises
    ------
    Conflict
        If somebody changed the alert since it was seen.
    BadInput
        If no report, all of them, or one of another alert is named.
    """
    chosen = set(ids)
    there = set(
        connection.execute(
            sa.select(report.c.id).where(report.c.alert_id == alert_id, report.c.state == "joined")
        ).scalars()
    )
    change_alert(connection, actor, alert_id, expected_changed, {}, "split", {"reports": sorted(chosen)[:MOST]}, now)
    if not chosen or not chosen < there:
        raise BadInput("to split alert {number}, name some of its reports and not all", number=alert_id)
    rows = _rows(connection, actor, chosen, ("joined",))
    (new,) = start_alerts(connection, 1, now)
    values = {r["id"]: {"alert_id": new} for r in rows}
    done = _change(connection, actor, "moved", rows, values, now, details={"from": alert_id, "to": new})
    lines = [{"alert_id": new, "what": "started", "details": {"split_from": alert_id, "bulk": done.bulk}}]
    refresh(connection, {alert_id, new}, rank, now, actor.id, lines)
    return done, new


def merge(
    connection: sa.Connection,
    actor: Actor,
    into: int,
    expected_changed: int,
    other: int,
    other_changed: int,
    rank: Rank,
    now: dt.datetime,
) -> Done:
    """Put all reports of one alert into another.

    Raises
    ------
    Conflict
        If one of them was changed since it was seen, or is over.
    """
    if into == other:
        raise BadInput("alert {number} cannot be merged with itself", number=into)
    for id in sorted((into, other)):
        _open_alert(connection, actor, id)
    query = sa.select(report.c.id).where(report.c.alert_id == other, report.c.state == "joined")
    ids = list(connection.execute(query).scalars())
    if not ids:
        raise BadInput("alert {number} has no reports", number=other)
    change_alert(connection, actor, into, expected_changed, {}, "merged", {"from": other}, now)
    change_alert(connection, actor, other, other_changed, {"merged_into": into}, "merged", {"into": into}, now)
    rows = _rows(connection, actor, ids, ("joined",), most=100_000)
    values = {r["id"]: {"alert_id": into} for r in rows}
    done = _change(connection, actor, "moved", rows, values, now, details={"from": other, "to": into})
    refresh(connection, {into, other}, rank, now, actor.id)
    return done


def call_back(
    connection: sa.Connection,
    actor: Actor,
    report_id: int,
    reached: bool,
    now: dt.datetime,
    answer_id: int | None = None,
) -> None:
    """Log that a missed call was called back, and the report of what was said, if the caller was reached."""
    query = only_readable(sa.select(report).where(report.c.id == report_id), report, actor)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such report, or it is not for you")
    demand(actor, "create", "report", "*", thing_of(dict(row)))
    if row["kind"] != "missed_call":
        raise BadInput("report {id} is no missed call", id=report_id)
    details = {"reached": reached, **({"report": answer_id} if answer_id else {})}
    values: dict[str, Any] = {"called_back_at": now}
    if reached and row["state"] in ("new", "waiting"):
        # what was said stands in the report of the call; the call itself asks for nothing any more
        values |= {"state": "dismissed", "dismissed_why": "answered"}
    _change(connection, actor, "called_back", [dict(row)], {report_id: values}, now, details=details)


def undo(connection: sa.Connection, actor: Actor, bulk: str, rank: Rank, now: dt.datetime) -> Done:
    """Take back everything that was done under one name.

    Raises
    ------
    NotFound
        If there is nothing of that name, or it was taken back before.
    Conflict
        If somebody did more with one of the reports since; nothing is taken back then.
    """
    c = report_change.c
    query = sa.select(report_change).where(c.bulk == bulk, c.undone_at.is_(None)).order_by(c.id.desc())
    lines = connection.execute(query.with_for_update()).mappings().all()
    if not lines:
        raise NotFound("there is nothing to take back under that name")
    if now - lines[0]["at"] > UNDO_FOR:
        raise Conflict("that was done more than a week ago: change it by hand")
    ids = {line["report_id"] for line in lines}
    later = sa.select(sa.func.count(sa.distinct(c.report_id))).where(
        c.report_id.in_(ids), c.id > lines[0]["id"], sa.or_(c.bulk != bulk, c.bulk.is_(None)), c.undone_at.is_(None),
        c.what.not_in(("read", "undone")),
    )  # fmt: skip
    touched = connection.execute(later).scalar_one()
    if touched:
        raise Conflict("{n} of these reports were changed since: take that back first", n=touched)
    rows = {r["id"]: r for r in _rows(connection, actor, ids, None, most=100_000)}
    values: dict[int, dict[str, Any]] = {}
    for line in lines:  # the latest first, so that the earliest values win
        values.setdefault(line["report_id"], {}).update(_from_json(line["before"]))
    done = _change(connection, actor, "undone", list(rows.values()), values, now, details={"undoes": bulk})
    connection.execute(sa.update(report_change).where(c.bulk == bulk).values(undone_at=now))
    moved = [{"alert_id": a, "what": "undone", "details": {"bulk": bulk}} for a in done.alerts]
    refresh(connection, done.alerts, rank, now, actor.id, moved)
    return done


def _rows(
    connection: sa.Connection, actor: Actor, ids: Collection[int], states: Collection[str] | None, most: int = MOST
) -> list[dict[str, Any]]:
    """Reports that the actor may change, locked; all of them or none."""
    wanted = sorted(set(ids))
    if not wanted:
        raise BadInput("name at least one report")
    if len(wanted) > most:
        raise BadInput("name at most {most} reports at once", most=most)
    demand(actor, "change", "report")
    seen = only_readable(sa.select(report.c.id).where(report.c.id.in_(wanted)), report, actor)
    missing = set(wanted) - set(connection.execute(seen).scalars())
    if missing:
        raise NotFound("{n} of these reports are not there, or not for you", n=len(missing))
    query = sa.select(report).where(report.c.id.in_(wanted)).order_by(report.c.id).with_for_update()
    rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        demand(actor, "change", "report", "*", thing_of(row))
    wrong = [r["id"] for r in rows if states is not None and r["state"] not in states]
    if wrong:
        raise Conflict("somebody was faster with report {ids}: look again", ids=_some(wrong))
    return rows


def _some(ids: Iterable[int]) -> str:
    listed = sorted(ids)
    return ", ".join(str(i) for i in listed[:10]) + (" …" if len(listed) > 10 else "")


def _change(
    connection: sa.Connection,
    actor: Actor,
    what: str,
    rows: Sequence[Mapping[str, Any]],
    values: Mapping[int, Mapping[str, Any]],
    now: dt.datetime,
    details: Mapping[str, Any],
) -> Done:
    """Write values, what was before, and a line of history a report."""
    bulk = secrets.token_hex(8)
    alerts = set()
    lines = []
    for row in rows:
        new = values[row["id"]]
        alerts |= {row["alert_id"], new.get("alert_id", row["alert_id"])}
        before = {k: row[k] for k in new}
        connection.execute(sa.update(report).where(report.c.id == row["id"]).values(**new))
        lines.append(
            {"report_id": row["id"], "at": now, "who": actor.id, "what": what, "details": dict(details),
             "before": _to_json(before), "bulk": bulk}
        )  # fmt: skip
    connection.execute(sa.insert(report_change), lines)
    return Done(bulk, tuple(r["id"] for r in rows), tuple(sorted(a for a in alerts if a is not None)))


def _to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, dt.datetime) else v for k, v in values.items()}


def _from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        k: dt.datetime.fromisoformat(v) if k.endswith("_at") and isinstance(v, str) else v for k, v in values.items()
    }


def _left(
    connection: sa.Connection,
    actor: Actor,
    rows: Sequence[Mapping[str, Any]],
    what: str,
    done: Done,
    rank: Rank,
    now: dt.datetime,
) -> None:
    lines = [
        {"alert_id": r["alert_id"], "what": what, "details": {"report": r["id"], "bulk": done.bulk}}
        for r in rows
        if r["alert_id"] is not None
    ]
    refresh(connection, done.alerts, rank, now, actor.id, lines)


def _open_alert(connection: sa.Connection, actor: Actor, alert_id: int) -> None:
    query = only_readable(sa.select(alert.c.id, alert.c.state).where(alert.c.id == alert_id), alert, actor)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is no such alert, or it is not for you")
    if row.state in (*GONE, "closed"):
        raise Conflict("alert {id} is {state}: choose one that is open", id=alert_id, state=row.state)
