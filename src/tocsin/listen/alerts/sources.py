"""Sources: what became of what they said, where they usually are, and, for a stated reason only, who they are."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.alerts.grade import TrackRecord, reliability
from tocsin.listen.alerts.refresh import summed_now
from tocsin.listen.alerts.tables import report, source
from tocsin.store import sealed
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing
from tocsin.store.policy import Actor, Thing, demand, only_readable
from tocsin.store.tables import sealed_value

# What an outcome says about those who told of it; for the others nobody knows.
TRUE = frozenset({"averted", "deterred", "in_time", "late"})
FALSE = frozenset({"false"})
IDENTITY = ("phone", "name")


def judge_sources(connection: sa.Connection, alert_id: int, before: str | None, outcome: str | None) -> None:
    """Write an alert's outcome into the records of those who spoke of it; an echo counts by the chance it is none.

    Who denied was right where the alert was false. An outcome that is changed later is taken back first.
    """
    summed = summed_now(connection, alert_id)
    if summed is None:
        return
    query = sa.select(report.c.id, report.c.source_id, report.c.denied).where(
        report.c.alert_id == alert_id, report.c.source_id.is_not(None), report.c.id.in_(summed.echoes)
    )
    weight: dict[str, tuple[float, bool]] = {}
    for row in connection.execute(query.order_by(report.c.id)):
        own = 1.0 - summed.echoes[row.id]
        weight[row.source_id] = (max(own, weight.get(row.source_id, (0.0, False))[0]), bool(row.denied))
    for told, sign in ((before, -1.0), (outcome, 1.0)):
        if told in TRUE or told in FALSE:
            for id, (own, denied) in sorted(weight.items()):
                column = source.c.verified if (told in TRUE) != denied else source.c.refuted
                new = sa.func.round(sa.cast(column + sign * own, sa.Numeric(12, 4)), 4)
                least = sa.case((column + sign * own < 0, 0.0), else_=sa.cast(new, sa.Float))
                connection.execute(sa.update(source).where(source.c.id == id).values({column.name: least}))


def describe(
    connection: sa.Connection, actor: Actor, source_id: str, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """Say what is known of a source without saying who it is: owner, area, language, usual place (to one decimal)."""
    wrong = set(given) - {"owner", "area", "language", "lon", "lat"}
    if wrong:
        raise BadInput("a source's {names} cannot be set", names=", ".join(sorted(wrong)))
    row = _row(connection, source_id)
    demand(actor, "change", "source", "*", thing_of_source(row))
    values = dict(given)
    if ("lon" in values) != ("lat" in values):
        raise BadInput("a usual place needs lon and lat")
    if values.get("lon") is not None:
        if values["lat"] is None or not (abs(values["lon"]) <= 180 and abs(values["lat"]) <= 90):
            raise BadInput("a usual place needs lon and lat in degrees")
        values |= {"lon": round(values["lon"], 1), "lat": round(values["lat"], 1)}
    if not values:
        raise BadInput("say what to set: owner, area, language, or lon and lat")
    connection.execute(sa.update(source).where(source.c.id == source_id).values(values))
    if "owner" in values:
        connection.execute(sa.update(report).where(report.c.source_id == source_id).values(owner=values["owner"]))
    record(connection, now, Entry(actor.id, "source.describe", "source", source_id, details={"set": sorted(values)}))


def read_source(connection: sa.Connection, actor: Actor, source_id: str) -> dict[str, Any]:
    """A source without its identity: area, language, record, letter and why."""
    query = only_readable(sa.select(source).where(source.c.id == source_id), source, actor)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such source, or it is not for you")
    letter, why = reliability(TrackRecord(max(row["verified"], 0.0), max(row["refuted"], 0.0)))
    return dict(row) | {
        "reliability": letter.value,
        "reliability_why": [{"code": f.code, "values": dict(f.values)} for f in why],
    }


def open_identity(
    connection: sa.Connection, keys: KeyRing, actor: Actor, source_id: str, reason: str, now: dt.datetime
) -> dict[str, str]:
    """Who a source is, for one person's eyes: needs the right and a reason, and is written to the audit trail.

    Show it only after the transaction is kept.
    """
    row = _row(connection, source_id)
    thing = thing_of_source(row)
    query = sa.select(sealed_value.c.column_name).where(
        sealed_value.c.table_name == "source", sealed_value.c.row_id == source_id
    )
    columns = sorted(connection.execute(query).scalars())
    found = {}
    for column in columns or IDENTITY[:1]:
        at = sealed.Field("source", source_id, column)
        found[column] = sealed.unseal(connection, keys, actor, at, thing, reason, now)
    return found


def erase_identity(connection: sa.Connection, actor: Actor, source_id: str, reason: str, now: dt.datetime) -> int:
    """Take a source's identity away; what was said stays and is counted."""
    row = _row(connection, source_id)
    gone = sealed.erase(connection, actor, "source", source_id, thing_of_source(row), reason, now)
    connection.execute(sa.update(source).where(source.c.id == source_id).values(erased_at=now))
    return gone


def thing_of_source(row: Mapping[str, Any]) -> Thing:
    """A source as rights see it."""
    return Thing(
        area=row["area"], owner=row["owner"], tlp=Tlp(row["tlp"]), classification=Classification(row["classification"])
    )


def _row(connection: sa.Connection, source_id: str) -> dict[str, Any]:
    row = connection.execute(sa.select(source).where(source.c.id == source_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such source, or it is not for you")
    return dict(row)
