"""What reports say together: the columns of an alert, from its reports and their sources' records. Pure."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.core.codes import Component
from tocsin.core.geometry import distance_km
from tocsin.listen.alerts.echoes import echo_chances, independent_sources
from tocsin.listen.alerts.grade import Grade, TrackRecord, Voice, grade
from tocsin.listen.alerts.join import Item
from tocsin.listen.alerts.model import Imminence, ThreatKind

FRESH = dt.timedelta(hours=6)  # how soon it is, is what was said in this time before the latest report
# Whose an alert is first, until a person says otherwise.
COMPONENTS = {
    ThreatKind.ATTACK: Component.MILITARY, ThreatKind.ARMED_PRESENCE: Component.MILITARY,
    ThreatKind.ROAD_BLOCK: Component.MILITARY, ThreatKind.EXPLOSIVE: Component.MILITARY,
    ThreatKind.LOOTING: Component.POLICE, ThreatKind.ABDUCTION: Component.POLICE,
    ThreatKind.SEXUAL_VIOLENCE: Component.POLICE, ThreatKind.CATTLE_RAID: Component.POLICE,
}  # fmt: skip
_KINDS = {kind.value: kind for kind in ThreatKind}
_URGENT = {Imminence.HAPPENING: 3, Imminence.HOURS: 2, Imminence.DAYS: 1, Imminence.PAST: 0}


@dataclass(frozen=True)
class Source:
    """A source as grading sees it: its record and its usual place."""

    record: TrackRecord
    home: tuple[float, float] | None = None


@dataclass(frozen=True)
class Summed:
    """An alert as its reports make it."""

    kind: ThreatKind | None
    soon: Imminence | None
    grade: Grade
    lon: float | None
    lat: float | None
    heard_at: dt.datetime
    values: Mapping[str, Any]
    echoes: Mapping[int, float]


@dataclass(frozen=True)
class Ranked:
    """How urgent an alert is, and by when it wants an answer; `why` holds the factors of the sentence."""

    priority: float
    level: str
    why: Mapping[str, Any]
    acknowledge_by: dt.datetime
    decide_by: dt.datetime


Rank = Callable[[Summed], Ranked]


def not_ranked(summed: Summed) -> Ranked:
    """Where no door gave a ranking: everything comes last and nothing is said about why."""
    return Ranked(
        0.0, "4", {}, summed.heard_at + dt.timedelta(hours=12), summed.heard_at + dt.timedelta(days=2)
    )  # fmt: skip


def item_of(row: Mapping[str, Any], home: tuple[float, float] | None) -> Item:
    """A placed report as joining sees it."""
    away = None if home is None else float(distance_km(home[0], home[1], row["lon"], row["lat"]))
    return Item(
        str(row["id"]), row["sent_at"], row["lon"], row["lat"], row["radius_km"] or 0.0, _kind(row["threat"]),
        row["number"], row["source_id"] or f"report:{row['id']}", away, row["text"],
    )  # fmt: skip


def sum_up(rows: Sequence[Mapping[str, Any]], sources: Mapping[str, Source]) -> Summed:
    """What the reports of one alert say together.

    Parameters
    ----------
    rows : sequence of mapping, at least one
        Reports, earliest received first.
    sources : mapping of source id → Source
    """
    speaking = [r for r in rows if r["text"]]
    items = [_spoken(r, sources) for r in speaking]
    chances = echo_chances(items)
    graded = grade(_voices(speaking, items, chances, sources))
    affirm = [r for r in rows if not r["denied"]] or list(rows)
    kind = _most(affirm)
    soon, harm_at = _soon(affirm)
    actors = Counter(r["actor"] for r in affirm if r["actor"])
    spot = _best_place(affirm)
    heard_at = min(r["received_at"] for r in rows)
    independent = independent_sources(items, chances) if items else 0.0
    values = {
        "practice": all(r["practice"] for r in rows),
        "threat": kind,
        "imminence": soon,
        "actor": min(actors, key=lambda a: (-actors[a], a)) if actors else None,
        "harm_at": harm_at,
        **{k: spot[k] if spot else None for k in ("place", "lon", "lat", "radius_km", "area")},
        "component": (COMPONENTS.get(kind) if kind else None) or Component.CIVILIAN,
        "reports": len(rows),
        "independent": round(independent, 2),
        "reliability": graded.reliability.value,
        "credibility": graded.credibility.value,
        "truth": graded.truth,
        "grade_why": [{"code": f.code, "values": dict(f.values)} for f in graded.why],
        "heard_at": heard_at,
        "last_at": max(r["received_at"] for r in rows),
    }
    echoes = {r["id"]: float(c) for r, c in zip(speaking, chances, strict=True) if not np.isnan(c)}
    return Summed(
        kind, soon, graded, values["lon"], values["lat"], heard_at,
        values | {"component": values["component"].value}, echoes,
    )  # fmt: skip


def _spoken(row: Mapping[str, Any], sources: Mapping[str, Source]) -> Item:
    known = sources.get(row["source_id"] or "")
    if row["lon"] is None:
        return item_of({**row, "lon": 0.0, "lat": 0.0}, None)
    return item_of(row, known.home if known else None)


def _voices(
    rows: Sequence[Mapping[str, Any]], items: Sequence[Item], chances: Any, sources: Mapping[str, Source]
) -> list[Voice]:
    """One voice a source: its least doubtful report, its latest word on whether it happened."""
    best: dict[str, Voice] = {}
    for row, item, chance in zip(rows, items, chances, strict=True):
        echo = 0.0 if np.isnan(chance) else float(chance)
        known = sources.get(row["source_id"] or "")
        before = best.get(item.source)
        record = known.record if known else TrackRecord()
        best[item.source] = Voice(record, min(echo, before.echo) if before else echo, bool(row["denied"]))
    return list(best.values())


def _most(rows: Sequence[Mapping[str, Any]]) -> ThreatKind | None:
    """The kind that most of the confidence is for; the graver of two."""
    weight: Counter[ThreatKind] = Counter()
    for row in rows:
        kind = _kind(row["threat"])
        if kind is not None:
            told: Mapping[str, Any] = row["understood"] or {}
            sure = 1.0 if "threat" in told.get("set", ()) else float(told.get("kind", {}).get("confidence", 0) or 0.6)
            weight[kind] += sure  # type: ignore[assignment]
    order = list(ThreatKind)
    return min(weight, key=lambda k: (-weight[k], order.index(k)), default=None)


def _soon(rows: Sequence[Mapping[str, Any]]) -> tuple[Imminence | None, dt.datetime | None]:
    """The most urgent that was said lately, and when harm began or is expected by that report."""
    told = [r for r in rows if r["imminence"]]
    if not told:
        return None, None
    latest = max(r["received_at"] for r in told)
    fresh = [r for r in told if latest - r["received_at"] <= FRESH]
    best = max(fresh, key=lambda r: (_URGENT[Imminence(r["imminence"])], r["received_at"]))
    harm = (best["understood"] or {}).get("harm_at")
    return Imminence(best["imminence"]), dt.datetime.fromisoformat(harm) if harm else None


def _best_place(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The surest place: a person's choice, then the smallest radius, then the earliest."""
    placed = [r for r in rows if r["lon"] is not None]
    order = lambda r: (r["placed_by"] in (None, "program"), r["radius_km"] or 0.0, r["received_at"])  # noqa: E731
    return min(placed, key=order, default=None)


def _kind(text: str | None) -> ThreatKind | None:
    return _KINDS[text] if text else None
