"""From a report's words to what is known of it, and whether a person must look: pure, one report at a time."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tocsin.core.geometry import distance_km
from tocsin.listen.alerts.model import ActorKind, Fact, Imminence, ReportKind, ThreatKind
from tocsin.listen.alerts.names import Names
from tocsin.listen.alerts.places import Candidate, locate
from tocsin.listen.alerts.reading import Lexicon
from tocsin.listen.alerts.understand import Understood, understand

LEAST_PLACE = 0.4  # score of a place below which a person chooses
AMBIGUOUS = 0.9  # another place that scores this share of the best, and lies elsewhere, leaves a doubt
GIVEN_RADIUS_KM = 1.0  # of a position that a phone measured
PROGRAM = "program"


@dataclass(frozen=True)
class Known:
    """What reading a report needs beside it: names of places, words, radii, the local time, and where areas lie."""

    places: Names
    lexicon: Lexicon
    radii: Mapping[str, float] | None = None
    utc_offset_hours: float = 0.0


@dataclass(frozen=True)
class Settled:
    """Columns of a report once read, and why it waits for a person; ready to be joined when `doubts` is empty."""

    values: Mapping[str, Any]
    doubts: tuple[str, ...]
    text: str


def settle(row: Mapping[str, Any], known: Known, home: tuple[float, float] | None) -> Settled:
    """Read one report.

    Parameters
    ----------
    row : mapping
        Columns of the report. A place or a kind that a person gave (``placed_by``, ``understood.by``) stays.
    known : Known
    home : (lon, lat) or None
        The sender's usual place.

    Returns
    -------
    Settled
        `doubts` are codes: ``kind``, ``place``, ``places`` (several fit), ``denied``, ``missed_call``.
    """
    fields: Mapping[str, str] = row["fields"]
    text = "\n".join(t for t in (row["text"], _field(fields, "place")) if t)
    by_person = row["placed_by"] not in (None, PROGRAM)
    said = understand(row["text"], row["sent_at"], utc_offset_hours=known.utc_offset_hours, lexicon=known.lexicon)
    values = _meaning(row, said, fields)
    found = () if by_person else locate(text, known.places, home=home, lexicon=known.lexicon, radii=known.radii)
    doubts: list[str] = []
    if by_person:
        values["places"] = row["places"]
    else:
        values |= _placed(row, found, doubts, missed=row["kind"] == ReportKind.MISSED_CALL.value)
    if not by_person:
        if row["kind"] == ReportKind.MISSED_CALL.value:
            doubts += ["missed_call"] if values["lon"] is None else []
        elif values["threat"] is None and not values["denied"]:
            doubts.append("kind")
        if values["denied"]:
            doubts.append("denied")
    return Settled(values, tuple(doubts), text)


def _field(fields: Mapping[str, str], name: str) -> str:
    return next((v for k, v in fields.items() if k.rsplit("/", 1)[-1].lower() == name), "")


def _meaning(row: Mapping[str, Any], said: Understood, fields: Mapping[str, str]) -> dict[str, Any]:
    """What the words say; what a form asked for in so many words comes first, a person's correction before both."""
    kind = _one_of(ThreatKind, _field(fields, "kind")) or said.kind.value
    soon = _one_of(Imminence, _field(fields, "imminence")) or said.imminence.value
    actor = _one_of(ActorKind, _field(fields, "actor")) or said.actor.value
    told = _number(_field(fields, "number"))
    number = told if told is not None else (said.counts[0].number if said.counts else None)
    before: Mapping[str, Any] = row["understood"] or {}
    values: dict[str, Any] = {
        "threat": kind, "imminence": soon, "actor": actor, "number": number, "language": said.language,
        "denied": said.denied,
    }  # fmt: skip
    if before.get("by"):
        values |= {k: row[k] for k in before.get("set", ()) if k in values}
    harm = _harm_at(values["imminence"], said, row["sent_at"])
    values["understood"] = {
        "kind": {"value": said.kind.value, "confidence": said.kind.confidence},
        "imminence": {"value": said.imminence.value, "confidence": said.imminence.confidence},
        "actor": {"value": said.actor.value, "confidence": said.actor.confidence},
        "counts": [asdict(c) for c in said.counts],
        "code": said.code,
        "harm_at": None if harm is None else harm.isoformat(),
        "why": [_fact(f) for f in said.why],
        **{k: before[k] for k in ("by", "set") if before.get("by")},
    }
    return values


def _placed(row: Mapping[str, Any], found: tuple[Candidate, ...], doubts: list[str], missed: bool) -> dict[str, Any]:
    """The place of a report: as measured by the phone, or the best candidate unless it is doubtful."""
    listed = [
        {"name": c.name, "lon": c.lon, "lat": c.lat, "radius_km": c.radius_km, "score": c.score,
         "evidence": c.evidence, "why": [_fact(f) for f in c.why]}
        for c in found
    ]  # fmt: skip
    nowhere = {"places": listed, "place": None, "lon": None, "lat": None, "radius_km": None, "placed_by": None}
    if row["given_lon"] is not None:
        name = found[0].name if found and found[0].evidence != "home" else None
        return nowhere | {
            "place": name, "lon": row["given_lon"], "lat": row["given_lat"], "radius_km": GIVEN_RADIUS_KM,
            "placed_by": PROGRAM,
        }  # fmt: skip
    if not found:
        doubts.append("place")
        return nowhere
    best = found[0]
    rivals = [c for c in found[1:] if c.score >= AMBIGUOUS * best.score and _apart(best, c)]
    if best.evidence == "home" and not missed:
        doubts.append("place")  # the words name no place: they may speak of anywhere
    elif best.evidence != "home" and best.score < LEAST_PLACE:
        doubts.append("place")
    elif rivals:
        doubts.append("places")
    return nowhere | {
        "place": best.name or None, "lon": best.lon, "lat": best.lat, "radius_km": best.radius_km,
        "placed_by": PROGRAM,
    }  # fmt: skip


def _apart(one: Candidate, two: Candidate) -> bool:
    return float(distance_km(one.lon, one.lat, two.lon, two.lat)) > one.radius_km + two.radius_km


def _one_of(kinds: Any, text: str) -> Any:
    """A code that a form gave, whatever its case and dashes; None when it is none of ours."""
    wanted = " ".join(text.replace("_", " ").casefold().split())
    return next((k for k in kinds if k.value == wanted or k.name.replace("_", " ").casefold() == wanted), None)


def _number(text: str) -> float | None:
    try:
        found = float(text.replace(",", ".")) if text else math.nan
    except ValueError:
        return None
    return found if math.isfinite(found) and 0 <= found < 1e7 else None


def _harm_at(soon: Imminence | None, said: Understood, sent_at: dt.datetime) -> dt.datetime | None:
    """When harm began or is expected, as far as the words say."""
    if soon is Imminence.HAPPENING:
        return sent_at
    if soon is None or not said.spans:
        return None
    first = min(s.first_at for s in said.spans)
    return first if soon is Imminence.PAST else max(first, sent_at)


def _fact(fact: Fact) -> dict[str, Any]:
    return {"code": fact.code, "values": {k: list(v) if isinstance(v, tuple) else v for k, v in fact.values.items()}}
