"""Open reports and alerts as points of a map, as an actor may see them: read once, then kept up with what changed.

Rows come through `only_readable` like every other read. A hundred thousand of them take most of a second to read, so
what was read is kept by who asks (the caller keeps it) and only rows that changed since are read again. What changed
stands in the histories (every change of a report or alert writes a line), and in the audit trail for the few deeds
that change who may see many rows at once; after one of those everything is read anew.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa

from tocsin.core import mvt
from tocsin.core.codes import Classification, Tlp
from tocsin.core.mvt import Floats, Ints, Words
from tocsin.core.points import Points, Weight, coded
from tocsin.listen.alerts.reads import OPEN
from tocsin.listen.alerts.tables import alert, alert_change, report, report_change
from tocsin.store.policy import Actor, Thing, allowed, demand, only_readable
from tocsin.store.tables import audit

Layer = Literal["reports", "alerts"]
OVERLAP = 200  # numbers looked at again: they may become visible later than higher ones
MOST_CHANGED = 5_000  # more rows than this are read faster all together
BLUR_DEGREES = 1  # decimals that are left to who sees no exact points; the lists give as much
# Deeds that change who may see rows, or take places out of them, without a line in each row's history.
SWEEPING = ("label.%", "source.%", "retention%")
WORDS: Mapping[Layer, tuple[str, ...]] = {
    "reports": ("kind", "state", "threat", "imminence", "actor", "area", "alert_id", "practice", "tlp"),
    "alerts": ("state", "level", "threat", "imminence", "actor", "area", "component", "practice", "tlp"),
}
_LABELS = ("area", "component", "tlp", "classification")


@dataclass(frozen=True)
class Marks:
    """How far each history was read: highest number, and how many of the last `OVERLAP` were there."""

    highest: tuple[int, ...] = (0, 0, 0)
    there: tuple[int, ...] = (0, 0, 0)
    audit: int = 0


@dataclass(frozen=True)
class Mapped:
    """Points of one layer, and how far the histories were read for them.

    Parameters
    ----------
    layer : str
    points : Points
    at : float array, shape (n,)
        When heard, seconds since 1970 UTC.
    marks : Marks
    known : mapping of str to dict
        Codes of each property's values.
    """

    layer: Layer
    points: Points
    at: Floats
    marks: Marks
    known: Mapping[str, dict[Any, int]] = field(repr=False)


def read_mapped(connection: sa.Connection, actor: Actor, layer: Layer, before: Mapped | None = None) -> Mapped:
    """Open reports, or open alerts, as points.

    Parameters
    ----------
    before : Mapped, optional
        What the same actor was given earlier; it is given again when nothing changed.

    Raises
    ------
    Forbidden
        If the role sees none at all.
    """
    demand(actor, "read", "report" if layer == "reports" else "alert")
    marks, since = _marks(connection, before.marks if before else Marks())
    if before is not None and marks == before.marks:
        return before
    swept = before is None or _swept(connection, before.marks, marks)
    if before is not None and not swept and replace(marks, audit=before.marks.audit) == before.marks:
        return replace(before, marks=marks)  # the same points: nothing that is drawn from them is stale
    changed = (
        None if before is None or swept else _changed(connection, layer, before.marks.highest, marks.highest, since)
    )
    if before is None or changed is None:
        known: dict[str, dict[Any, int]] = {name: {} for name in WORDS[layer]}
        return _joined(layer, None, _rows(connection, actor, layer, None), np.zeros(0, dtype=np.int64), marks, known,
                       actor)  # fmt: skip
    reports, alerts = changed
    rows = _rows(connection, actor, layer, changed)
    gone = np.array(sorted(reports if layer == "reports" else alerts), dtype=np.int64)
    return _joined(layer, before, rows, gone, marks, {k: dict(v) for k, v in before.known.items()}, actor)


def marks_now(connection: sa.Connection) -> Marks:
    """How far the histories of reports and alerts are: as long as it is the same, so is what everybody sees of them."""
    return _marks(connection, Marks())[0]


def _marks(connection: sa.Connection, before: Marks) -> tuple[Marks, tuple[int, ...]]:
    """How far the histories are now, and from which number on each is to be read again.

    That is where it was read to; some numbers before it where one of those came into sight late, or is gone.
    """
    parts = []
    for table, number in zip((report, report_change, alert_change), before.highest, strict=True):
        highest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0)).scalar_subquery()
        # One statement sees one state of the records: what comes into sight after it is missed by neither count.
        parts += [highest, _there(table, sa.literal(number)), _there(table, highest)]
    parts.append(sa.select(sa.func.coalesce(sa.func.max(audit.c.seq), 0)).scalar_subquery())
    found = [int(v) for v in connection.execute(sa.select(*parts)).one()]
    since = tuple(
        number if now == then else number - OVERLAP
        for number, now, then in zip(before.highest, found[1:9:3], before.there, strict=True)
    )
    return Marks(tuple(found[0:9:3]), tuple(found[2:9:3]), found[9]), since


def _there(table: sa.Table, number: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
    """How many of the `OVERLAP` numbers up to this one are in sight."""
    below = sa.and_(table.c.id > number - OVERLAP, table.c.id <= number)
    return sa.select(sa.func.count()).select_from(table).where(below).scalar_subquery()


def _swept(connection: sa.Connection, before: Marks, now: Marks) -> bool:
    """Whether a deed since then changed who may see what, or where it is, without a line in each history."""
    if now.audit == before.audit:
        return False
    deed = sa.or_(*(audit.c.what.like(w) for w in SWEEPING))
    query = sa.select(audit.c.seq).where(audit.c.seq > before.audit, deed).limit(1)
    return connection.execute(query).first() is not None


def _changed(
    connection: sa.Connection, layer: Layer, then: tuple[int, ...], now: tuple[int, ...], since: tuple[int, ...]
) -> tuple[set[int], set[int]] | None:
    """Reports and alerts that may have changed since the histories were read to `since`; None when too many."""
    of = {"reports": 0, "alerts": 1}
    histories = (
        (report, report.c.id, "reports"), (report_change, report_change.c.report_id, "reports"),
        (alert_change, alert_change.c.alert_id, "alerts"),
    )  # fmt: skip
    parts = [
        sa.select(sa.literal(of[kind]).label("kind"), thing.label("id")).where(table.c.id > since[n])
        for n, (table, thing, kind) in enumerate(histories) if now[n] != then[n] or since[n] != then[n]
    ]  # fmt: skip
    if not parts:
        return set(), set()
    found = connection.execute(sa.union_all(*parts).limit(2 * MOST_CHANGED)).all()
    reports, alerts = ({id for kind, id in found if kind == k} for k in of.values())
    if len(found) >= 2 * MOST_CHANGED or len(reports) > MOST_CHANGED or len(alerts) > MOST_CHANGED:
        return None
    r = report.c
    if layer == "alerts":  # what a report says can move the alert it belongs to
        joined = sa.select(r.alert_id).where(r.id.in_(reports), r.alert_id.is_not(None)).distinct()
        alerts |= set(connection.execute(joined).scalars()) if reports else set()
    elif alerts:  # an alert that is closed takes its reports along
        others = sa.select(r.id).where(r.alert_id.in_(alerts)).limit(MOST_CHANGED + 1)
        reports |= set(connection.execute(others).scalars())
    return None if len(reports) > MOST_CHANGED else (reports, alerts)


def _rows(
    connection: sa.Connection, actor: Actor, layer: Layer, only: tuple[set[int], set[int]] | None
) -> Sequence[sa.Row[Any]]:
    if layer == "alerts":
        c = alert.c
        names = dict.fromkeys(("id", "lon", "lat", "heard_at", *WORDS[layer], *_LABELS))
        query = sa.select(*(c[n] for n in names)).where(c.state.in_(OPEN))
        query = query if only is None else query.where(c.id.in_(only[1]))
        return connection.execute(only_readable(query, alert, actor)).all()
    c = report.c
    waiting = c.state.in_(("new", "waiting"))
    if allowed(actor, "read", "alert"):
        live = only_readable(sa.select(alert.c.id).where(alert.c.state.in_(OPEN)), alert, actor)
        is_open = sa.or_(waiting, sa.and_(c.state == "joined", c.alert_id.in_(live)))
    else:
        is_open = sa.or_(waiting, sa.false())
    names = dict.fromkeys(("id", "lon", "lat", "received_at", *WORDS[layer]))
    query = sa.select(*(c[n] for n in names)).where(is_open)
    query = query if only is None else query.where(c.id.in_(only[0]))
    return connection.execute(only_readable(query, report, actor)).all()


def _joined(
    layer: Layer, before: Mapped | None, rows: Sequence[sa.Row[Any]], gone: Ints, marks: Marks,
    known: dict[str, dict[Any, int]], actor: Actor,
) -> Mapped:  # fmt: skip
    """What was there without what changed, and what changed as it is now."""
    names = rows[0]._fields if rows else ()
    columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True))
    ids = np.array(columns.get("id", ()), dtype=np.int64)
    lon, lat = (np.array(columns.get(n, ()), dtype=float) for n in ("lon", "lat"))
    heard = columns.get("received_at" if layer == "reports" else "heard_at", ())
    at = np.fromiter((_seconds(v) for v in heard), dtype=float, count=len(ids))
    exact = _exact(actor, columns, len(ids)) if layer == "alerts" else np.ones(len(ids), dtype=bool)
    lon, lat = (np.where(exact, v, np.round(v, BLUR_DEGREES)) for v in (lon, lat))
    codes = {name: coded(columns.get(name, ()), known[name]) for name in WORDS[layer]}
    urgent = np.array([float(v) if str(v).isdigit() else np.nan for v in columns.get("level", ())], dtype=float)
    placed = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    parts: dict[str, Any] = {"ids": ids, "lon": lon, "lat": lat, "exact": exact, "at": at}
    parts |= {f"word {k}": v for k, v in codes.items()}
    if layer == "alerts":
        parts["urgent"] = urgent
    parts = {k: v[placed] for k, v in parts.items()}
    parts["x"], parts["y"] = mvt.to_world(parts["lon"], parts["lat"])
    if before is not None:
        old: dict[str, Any] = {
            "ids": before.points.ids, "lon": before.points.lon, "lat": before.points.lat, "exact": before.points.exact,
            "at": before.at, "x": before.points.x, "y": before.points.y,
            **{f"word {k}": w.codes for k, w in before.points.words.items()},
        }  # fmt: skip
        if before.points.weight is not None:
            old["urgent"] = before.points.weight.values
        kept = ~np.isin(before.points.ids, gone)
        if not kept.all():
            old = {k: v[kept] for k, v in old.items()}
        parts = {k: np.concatenate([old[k], v]) for k, v in parts.items()}
    words = {k: Words(list(known[k]), parts[f"word {k}"]) for k in WORDS[layer]}
    weight = Weight("level", "min", parts["urgent"]) if layer == "alerts" else None
    points = Points(parts["ids"], parts["lon"], parts["lat"], parts["exact"], words, weight, parts["x"], parts["y"])
    return Mapped(layer, points, parts["at"], marks, known)


def _exact(actor: Actor, columns: Mapping[str, Sequence[Any]], count: int) -> Any:
    """Whether the actor may know each alert's point: asked once for each kind of row, as rights see rows."""
    if not count:
        return np.zeros(0, dtype=bool)
    seen: dict[tuple[Any, ...], bool] = {}

    def may(key: tuple[Any, ...]) -> bool:
        if key not in seen:
            area, component, tlp, classification = key
            thing = Thing(area, None, component, Tlp(tlp), Classification(classification))
            seen[key] = allowed(actor, "read", "alert", "point", thing)
        return seen[key]

    keys = zip(*(columns[n] for n in _LABELS), strict=True)
    return np.fromiter((may(key) for key in keys), dtype=bool, count=count)


def _seconds(value: dt.datetime) -> float:
    return value.timestamp()
