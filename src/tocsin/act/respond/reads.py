"""Who could act on an alert, in all three tiers; the sentence of its priority; what its sources would read."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.act.respond.actions import get
from tocsin.act.respond.telling import words_for
from tocsin.act.rules import Rules
from tocsin.act.tables import duty_away, responder, task
from tocsin.act.tasks.actions import host_state_chance
from tocsin.act.tasks.model import Outcome, TaskState
from tocsin.act.triage.priority import LEVELS, Level, Priority
from tocsin.act.triage.proposal import Means, Owner, Proposal, Responder, propose
from tocsin.core.codes import Classification, Role, Tlp, UnitKind
from tocsin.core.errors import NoData
from tocsin.core.mission import Mission
from tocsin.core.time import month_of
from tocsin.core.words import Translator
from tocsin.listen.alerts.actions import thing_of
from tocsin.listen.alerts.model import ActorKind, Imminence, ThreatKind
from tocsin.listen.alerts.tables import report, source
from tocsin.listen.deployments.model import Unit
from tocsin.listen.deployments.reads import posture
from tocsin.plan.mobility import hours as straight_hours
from tocsin.store.policy import Actor, Thing, demand
from tocsin.store.tables import account

MEANS: Mapping[UnitKind, frozenset[Means]] = {
    UnitKind.BASE: frozenset({Means.FORCE}), UnitKind.TOB: frozenset({Means.FORCE}),
    UnitKind.QRF: frozenset({Means.FORCE}), UnitKind.HELICOPTER: frozenset({Means.FORCE, Means.MEDICAL}),
    UnitKind.FPU: frozenset({Means.POLICING, Means.FORCE}), UnitKind.IPO: frozenset({Means.POLICING, Means.DIALOGUE}),
    UnitKind.OBSERVER: frozenset({Means.DIALOGUE}), UnitKind.MEDICAL: frozenset({Means.MEDICAL}),
    UnitKind.ENGINEER: frozenset({Means.CLEARANCE}), UnitKind.CLA: frozenset({Means.DIALOGUE, Means.PHONE}),
    UnitKind.HQ: frozenset(), UnitKind.OTHER: frozenset(),
}  # fmt: skip
_OF: Mapping[UnitKind, Owner] = {UnitKind.FPU: Owner.POLICE, UnitKind.IPO: Owner.POLICE, UnitKind.CLA: Owner.CIVILIAN}
PARTNER_KMH = 20.0  # of those who are in no deployment list, straight distance: a judgement


class Travel(Protocol):
    """Hours from the order to arrival, from every unit to every place: straight, or over the terrain."""

    def __call__(
        self, units: Sequence[Unit], lon: npt.ArrayLike, lat: npt.ArrayLike, month: int, *, wet_months: tuple[int, ...]
    ) -> npt.NDArray[np.float64]:
        """Shape (n_units, n_places); inf where a unit cannot get there."""


@dataclass(frozen=True)
class Choice:
    """A proposal with what is needed to give it as a task: by responder's name, the account that answers for it."""

    proposal: Proposal
    accounts: dict[str, str]
    busy: tuple[str, ...]
    harm_in_hours: float | None


def proposal_for(
    connection: sa.Connection,
    mission: Mission,
    rules: Rules,
    actor: Actor,
    alert_id: int,
    now: dt.datetime,
    travel: Travel | None = None,
    most: int = 3,
) -> Choice:
    """Who could do something about an alert before the harm.

    It names units and responders, so it is for those who may read them wherever they are: with some of them left out
    it would say "nobody arrives in time" to somebody who believes it.

    Units as of today with their readiness, liaison assistants of the area, partners and the host state's posts. A unit
    that is out on another task, or that is not available, is left out and named in `busy`.

    Parameters
    ----------
    travel : Travel, optional
        Straight distances when None.
    """
    row = get(connection, alert_id)
    demand(actor, "read", "alert", "*", thing_of(row))
    anywhere = Thing(tlp=Tlp.AMBER, classification=Classification.UNCLASSIFIED)
    demand(actor, "read", "deployment", "*", anywhere)
    demand(actor, "read", "responder", "*", anywhere)
    where = None if row["lon"] is None or row["lat"] is None else (float(row["lon"]), float(row["lat"]))
    notes = {
        r["name"]: dict(r)
        for r in connection.execute(sa.select(responder).where(responder.c.closed_at.is_(None))).mappings()
    }
    out = set(connection.execute(
        sa.select(task.c.responder).where(
            task.c.state.in_([TaskState.STARTED.value, TaskState.ARRIVED.value]), task.c.responder != "",
            task.c.alert_id.is_distinct_from(alert_id),
        )
    ).scalars())  # fmt: skip
    people: list[Responder] = []
    times: list[float] = []
    units = _units(connection, mission, now)
    if units:
        ready = {n: r["ready_hours"] for n, r in notes.items() if r["ready_hours"] is not None}
        wet = mission.wet_months
        if where is None:
            found = np.full(len(units), np.nan)
        elif travel is None:
            month = month_of(now.date())
            found = straight_hours(units, [where[0]], [where[1]], month, start_hours=ready, wet_months=wet)[:, 0]
        else:
            found = np.asarray(travel(units, [where[0]], [where[1]], month_of(now.date()), wet_months=wet))[:, 0]
        for unit, time in zip(units, found.tolist(), strict=True):
            note = notes.pop(unit.name, None)
            free = unit.name not in out and (note is None or bool(note["available"])) and unit.strength != 0
            means = frozenset(Means(m) for m in note["means"]) if note and note["means"] else MEANS[unit.kind]
            people.append(Responder(unit.name, _OF.get(unit.kind, Owner.MILITARY), means, free))
            times.append(time)
    for name, note in notes.items():
        means = frozenset(Means(m) for m in note["means"])
        people.append(Responder(name, Owner(note["owner"]), means, bool(note["available"]) and name not in out))
        times.append(_partner_hours(note, where))
    assistants = _assistants(connection, row["area"], now)
    for id, here in assistants:
        people.append(Responder(id, Owner.CIVILIAN, frozenset({Means.DIALOGUE, Means.PHONE}), here))
        times.append(0.0)
    harm = None if row["harm_at"] is None else round((row["harm_at"] - now).total_seconds() / 3600, 2)
    if harm is None and row["imminence"] == Imminence.HAPPENING.value:
        harm = 0.0
    made = propose(
        ThreatKind(row["threat"]) if row["threat"] else None, people, np.array(times, dtype=np.float64), harm,
        actor=ActorKind(row["actor"]) if row["actor"] else None,
        host_state_chance=host_state_chance(connection, alert_id), most=most,
    )  # fmt: skip
    known = connection.execute(
        sa.select(responder.c.name, responder.c.account_id).where(responder.c.account_id.is_not(None))
    )
    accounts = {r.name: str(r.account_id) for r in known} | {id: id for id, _ in assistants}
    busy = tuple(sorted(p.name for p in people if not p.available))
    return Choice(made, accounts, busy, harm)


def _units(connection: sa.Connection, mission: Mission, now: dt.datetime) -> list[Unit]:
    try:
        return posture(connection, month_of(now.date()), mission.cells()).units
    except NoData:
        return []


def _assistants(connection: sa.Connection, area: str | None, now: dt.datetime) -> list[tuple[str, bool]]:
    """Liaison assistants of an area (all of them where the area is not known), and whether they are here."""
    away = set(connection.execute(
        sa.select(duty_away.c.person).where(duty_away.c.first_at <= now, duty_away.c.last_at > now)
    ).scalars())  # fmt: skip
    rows = connection.execute(
        sa.select(account.c.id, account.c.roles, account.c.areas).where(account.c.closed_at.is_(None))
    )
    return [
        (r.id, r.id not in away) for r in rows.all()
        if Role.LIAISON_ASSISTANT.value in r.roles and (area is None or area in r.areas or "*" in r.areas)
    ]  # fmt: skip


def _partner_hours(note: Mapping[str, Any], where: tuple[float, float] | None) -> float:
    from tocsin.core.geometry import distance_km

    if where is None or note["lon"] is None or note["lat"] is None:
        return float("nan")
    away = float(distance_km(np.array(note["lon"]), np.array(note["lat"]), np.array(where[0]), np.array(where[1])))
    return (note["ready_hours"] if note["ready_hours"] is not None else 1.0) + away / PARTNER_KMH


def proposal_json(choice: Choice) -> dict[str, Any]:
    """A proposal as the API and `--json` give it."""
    made = choice.proposal
    options = [{**asdict(o), "account": choice.accounts.get(o.who) if o.who else None} for o in made.options]
    return {
        "ladder": made.ladder, "gap": made.gap, "notes": [asdict(n) for n in made.notes], "options": options,
        "busy": list(choice.busy), "harm_in_hours": choice.harm_in_hours,
    }  # fmt: skip


def priority_sentence(row: Mapping[str, Any], _: Translator) -> str | None:
    """Why an alert has its priority, in one sentence; None where it was not ranked yet."""
    why = row["priority_why"]
    if not isinstance(why, dict) or "imminence" not in why:
        return None
    level: Level = next(v for v in LEVELS if v.name == row["level"])
    made = Priority(
        row["priority"], why["imminence"], why["harm"], why["credibility"], level,
        ThreatKind(row["threat"]) if row["threat"] else None, Imminence(row["imminence"]) if row["imminence"] else None,
        why["grade"], why["forecast"], tuple(why["unknown"]),
    )  # fmt: skip
    return made.sentence(_)


def telling_preview(
    connection: sa.Connection,
    actor: Actor,
    alert_id: int,
    outcome: Outcome,
    texts: Mapping[str, Mapping[str, str | bool]],
    language: str,
) -> list[dict[str, Any]]:
    """What sources would read, by language: the words, how many read them, and whether a speaker has checked them."""
    row = get(connection, alert_id)
    demand(actor, "change", "alert", "*", thing_of(row))
    query = (
        sa.select(source.c.id, source.c.language, report.c.language.label("wrote"))
        .join(report, report.c.source_id == source.c.id)
        .where(report.c.alert_id == alert_id, source.c.opted_out_at.is_(None)).distinct()
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    seen = set()
    for each in connection.execute(query):
        if each.id in seen:
            continue
        seen.add(each.id)
        text = words_for(texts, outcome, each.language, each.wrote, language)
        line = found.setdefault(
            text.language, {"language": text.language, "words": text.words, "checked": text.checked, "sources": 0}
        )
        line["sources"] += 1
    return sorted(found.values(), key=lambda line: line["language"])
