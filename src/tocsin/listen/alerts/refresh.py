"""Bringing alerts up to date after their reports changed: summed, graded, ranked, with a line of history."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Classification, Tlp
from tocsin.listen.alerts.grade import TrackRecord
from tocsin.listen.alerts.intake import LABEL
from tocsin.listen.alerts.summing import Rank, Source, Summed, sum_up
from tocsin.listen.alerts.tables import alert, alert_change, report, source
from tocsin.store.labels import Label, inherited

PROGRAM = "program"
GONE = ("merged", "dismissed")
OVER = (*GONE, "closed")
COLUMNS = (
    "id", "alert_id", "kind", "practice", "sent_at", "received_at", "source_id", "text", "understood", "threat",
    "imminence", "actor", "number", "denied", "place", "lon", "lat", "radius_km", "placed_by", "area", "state",
    "tlp", "classification",
)  # fmt: skip
_TOLD = ("threat", "imminence", "reliability", "credibility", "priority", "level", "reports", "place")


def start_alerts(connection: sa.Connection, count: int, now: dt.datetime) -> list[int]:
    """New alerts without reports; `refresh` fills them in the same transaction."""
    empty = {
        "state": "open", "practice": False, "component": "civilian", "reports": 0, "independent": 0.0,
        "reliability": "F", "credibility": "6", "truth": 0.5, "grade_why": [], "priority": 0.0, "level": "4",
        "priority_why": {}, "heard_at": now, "last_at": now, "acknowledge_by": now, "decide_by": now, "changed": 0,
        **LABEL,
    }  # fmt: skip
    if not count:
        return []
    query = sa.insert(alert).returning(alert.c.id, sort_by_parameter_order=True)
    return list(connection.execute(query, [dict(empty) for _ in range(count)]).scalars())


def refresh(
    connection: sa.Connection,
    alert_ids: Collection[int],
    rank: Rank,
    now: dt.datetime,
    who: str = PROGRAM,
    lines: Sequence[Mapping[str, Any]] = (),
    held: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Sum, grade and rank alerts anew, and write their history.

    An alert that lost its last report is dismissed, or merged where it was merged; one that got reports back is open.

    Parameters
    ----------
    rank : callable
        How urgent an alert is; given by the door, because it needs the forecast.
    who : str
        Account whose deed made it necessary.
    held : mapping of alert → reports, optional
        Reports of alerts that the caller knows to be all of them, as they are now (a long storm is not read anew with
        each of its reports).
    lines : sequence of mapping
        Lines of history to write first (``alert_id``, ``what``, ``details``): started, joined, split …
    """
    ids = sorted(set(alert_ids))
    if not ids:
        return
    if lines:
        base = {"at": now, "who": who, "undoes": None}
        connection.execute(sa.insert(alert_change), [base | dict(line) for line in lines])
    alerts = [dict(row) for row in connection.execute(_ALERTS, {"ids": ids}).mappings()]
    rows = rows_of_alerts(connection, [id for id in ids if held is None or id not in held])
    rows |= {id: sorted(held[id], key=lambda r: (r["received_at"], r["id"])) for id in ids if held and id in held}
    sources = sources_of(connection, {r["source_id"] for part in rows.values() for r in part if r["source_id"]})
    updates, changes = [], []
    for old in alerts:
        values = _values(old, rows[old["id"]], sources, rank)
        news = {k: values[k] for k in _TOLD if k in values and values[k] != old[k]}
        if news or "state" in values:
            details = {
                **news,
                **({"state": values["state"]} if values.get("state") not in (None, old["state"]) else {}),
            }
            changes.append({"alert_id": old["id"], "at": now, "who": PROGRAM, "what": "graded", "details": details})
        updates.append({"key": old["id"], "new_changed": old["changed"] + 1, **_whole(old, values)})
    if updates:
        names = ("key", "new_changed")
        connection.execute(_UPDATE, [{k if k in names else f"v_{k}": u[k] for k in u} for u in updates])
    if changes:
        connection.execute(sa.insert(alert_change), changes)


_WRITTEN = (
    "state", "merged_into", "practice", "threat", "imminence", "actor", "harm_at", "place", "lon", "lat", "radius_km",
    "area", "component", "reports", "independent", "reliability", "credibility", "truth", "grade_why", "priority",
    "level", "priority_why", "heard_at", "last_at", "acknowledge_by", "decide_by", "tlp", "classification",
)  # fmt: skip


IDS: sa.BindParameter[int] = sa.bindparam("ids", expanding=True)
# Put together once: building a statement of thirty columns costs more than running it.
_ALERTS = sa.select(alert).where(alert.c.id.in_(IDS)).order_by(alert.c.id).with_for_update()
_UPDATE = (
    sa.update(alert).where(alert.c.id == sa.bindparam("key"))
    .values({"changed": sa.bindparam("new_changed"), **{n: sa.bindparam(f"v_{n}") for n in _WRITTEN}})
)  # fmt: skip
# The state is looked at afterwards: asked for in SQL, SQLite walks through every joined report (21 ms, not 0.05).
_REPORTS = (
    sa.select(*(report.c[name] for name in COLUMNS)).where(report.c.alert_id.in_(IDS))
    .order_by(report.c.received_at, report.c.id)
)  # fmt: skip
_SOURCES = (
    sa.select(source.c.id, source.c.verified, source.c.refuted, source.c.lon, source.c.lat)
    .where(source.c.id.in_(IDS))
)  # fmt: skip


def _whole(old: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values.get(name, old[name]) for name in _WRITTEN}


def _values(
    old: dict[str, Any], rows: Sequence[Mapping[str, Any]], sources: Mapping[str, Source], rank: Rank
) -> dict[str, Any]:
    if not rows:
        over = old["state"] == "closed" or old["state"] in GONE
        return {"reports": 0} if over else {"reports": 0, "state": "merged" if old["merged_into"] else "dismissed"}
    summed = sum_up(rows, sources)
    ranked = rank(summed)
    values = dict(summed.values)
    values |= {"priority": ranked.priority, "level": ranked.level, "priority_why": dict(ranked.why)}
    if old["acknowledged_at"] is None:
        values["acknowledge_by"] = ranked.acknowledge_by
    if old["decided_at"] is None:
        values["decide_by"] = ranked.decide_by
    label = inherited(*(Label(Tlp(t), Classification(c)) for t, c in {(r["tlp"], r["classification"]) for r in rows}))
    mine = Label(Tlp(old["tlp"]), Classification(old["classification"])) | label  # a label never falls here
    values |= {"tlp": mine.tlp.value, "classification": mine.classification.value}
    if old["state"] in GONE:
        again = "decided" if old["decided_at"] else "acknowledged" if old["acknowledged_at"] else "open"
        values |= {"state": again, "merged_into": None}
    return values


def rows_of_alerts(connection: sa.Connection, ids: Collection[int]) -> dict[int, list[Mapping[str, Any]]]:
    """Joined reports of alerts, earliest received first; an empty list for one that has none."""
    rows: dict[int, list[Mapping[str, Any]]] = {id: [] for id in ids}
    if ids:
        for values in connection.execute(_REPORTS, {"ids": list(ids)}):
            row = dict(zip(COLUMNS, values, strict=True))
            if row["state"] == "joined":
                rows[row["alert_id"]].append(row)
    return rows


def sources_of(connection: sa.Connection, ids: Collection[str]) -> dict[str, Source]:
    """Records and usual places of sources."""
    if not ids:
        return {}
    return {
        r.id: Source(TrackRecord(r.verified, r.refuted), None if r.lon is None or r.lat is None else (r.lon, r.lat))
        for r in connection.execute(_SOURCES, {"ids": list(ids)})
    }


def summed_now(connection: sa.Connection, alert_id: int) -> Summed | None:
    """What an alert's reports say together now; None if it has none."""
    rows = rows_of_alerts(connection, [alert_id])[alert_id]
    return sum_up(rows, sources_of(connection, {r["source_id"] for r in rows if r["source_id"]})) if rows else None
