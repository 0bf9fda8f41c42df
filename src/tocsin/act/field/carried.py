"""What a person in the field carries on the device: alerts of their area, their own focal points, the last warnings."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from tocsin.act.warn import contacts
from tocsin.act.warn.reads import list_warnings
from tocsin.listen.alerts.reads import AlertFilter, list_alerts
from tocsin.listen.alerts.tables import source
from tocsin.store.policy import Actor, allowed, only_readable

MOST_ALERTS, MOST_WARNINGS, MOST_POINTS = 20, 10, 60
DAYS = 14  # warnings that ended longer ago are no longer carried


def carried(connection: sa.Connection, actor: Actor, now: dt.datetime, language: str = "en") -> dict[str, Any]:
    """Open alerts, focal points of the actor's own, and warnings that hold or ended lately: what rights allow, no more.

    Parameters
    ----------
    language : str
        Two letters; a warning that is not written in it comes in English, else in the first it has.

    Returns
    -------
    dict
        `alerts`, `points` and `warnings`; a list is None where the role may read none of its kind. Points are without
        names and numbers.
    """
    return {
        "alerts": _alerts(connection, actor) if allowed(actor, "read", "alert") else None,
        "points": _points(connection, actor),
        "warnings": _warnings(connection, actor, now, language) if allowed(actor, "read", "warning") else None,
    }


def _alerts(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]]:
    names = ("id", "state", "threat", "imminence", "place", "area", "level", "reports", "heard_at", "practice")
    page = list_alerts(connection, actor, AlertFilter(state=("open", "acknowledged", "decided")), MOST_ALERTS)
    return [{name: row.get(name) for name in names} for row in page.rows]


def _points(connection: sa.Connection, actor: Actor) -> list[dict[str, Any]] | None:
    if not (allowed(actor, "read", "source") or allowed(actor, "read", "contact")):
        return None
    found: list[dict[str, Any]] = []
    if allowed(actor, "read", "contact"):
        found += [
            {"kind": "warned", "label": row["label"], "area": row["area"], "language": row["language"]}
            for row in contacts.list_contacts(connection, actor)
            if row["owner"] == actor.id and row["kind"] == "focal_point"
        ]
    if allowed(actor, "read", "source"):
        c = source.c
        query = sa.select(source).where(c.owner == actor.id, c.erased_at.is_(None)).order_by(c.area, c.id)
        for row in connection.execute(only_readable(query, source, actor).limit(MOST_POINTS)).mappings():
            found.append({"kind": "tells", "label": row["id"][:6], "area": row["area"], "language": row["language"]})
    return found[:MOST_POINTS]


def _warnings(connection: sa.Connection, actor: Actor, now: dt.datetime, language: str) -> list[dict[str, Any]]:
    rows = list_warnings(connection, actor, now, ("released",), None, MOST_WARNINGS)
    told = []
    for row in rows:
        if row["expires_at"] < now - dt.timedelta(days=DAYS):
            continue
        texts = row["texts"]
        spoken = language if language in texts else "en" if "en" in texts else next(iter(texts), "")
        text = texts.get(spoken, {})
        told.append({
            "id": row["id"], "language": spoken, "area_name": row["geofence"].get("description", ""),
            "status": row["status"],
            "severity": row["severity"], "expires_at": row["expires_at"], "holds": row["holds"],
            "headline": text.get("headline", ""), "description": text.get("description", ""),
            "instruction": text.get("instruction", ""),
        })  # fmt: skip
    return told
