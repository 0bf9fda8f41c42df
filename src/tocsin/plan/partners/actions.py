"""From forces, offers and gaps, weighed by the mission's forecast, to who lends what to whom, written down as a run."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.core.words import mark
from tocsin.plan.location.model import data_hash
from tocsin.plan.partners.model import Force, Need, Offer
from tocsin.plan.partners.pair import Paired, fits, pair
from tocsin.plan.partners.safeguards import stops
from tocsin.plan.situation import Situation, situation
from tocsin.plan.stakes import stakes, weights
from tocsin.plan.ways import ON_THE_GROUND, hours_between, way_of
from tocsin.store import finish_run
from tocsin.store.runs import run_id

MOST_FORCES = 12  # for how many forces it is asked what their leaving would take away
ASSUMES = (
    mark("Offers are as the forces say; that a capability is offered does not say that it is ready."),
    mark("A gap without a weight counts 1, and up to 5 where most deaths are forecast within 100 km (judgement)."),
    mark("A missing, unfinished or expired assessment counts as no; nothing here can replace one."),
    mark("Who pays, and who is liable, is not in it: an agreement has to say so first."),
)
WORSE = (
    mark("Support can make its giver answerable for what its receiver does: stop it when conduct changes."),
    mark("Being seen with a force can take from others the trust they live on: ask them first."),
    mark("What is lent is missing at home: look at what the giver's own people lose."),
    mark("A list of who lacks what tells an armed group where to press."),
)


@dataclass(frozen=True)
class Pairing:
    """What is asked: the forces, what they offer, what they lack (with the weight given, if any), months ahead."""

    forces: Sequence[Force]
    offers: Sequence[Offer]
    needs: Sequence[tuple[Need, float | None]]
    months: int = 6
    seconds: float = 30.0


@dataclass(frozen=True)
class Shared:
    """What the planner of partners made: the run's id and its documented summary."""

    run: str
    summary: dict[str, Any]


def plan_partners(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    asked: Pairing,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Shared:
    """Which gaps of one force another can fill, where and when; nothing passes that the safeguards stop.

    Raises
    ------
    BadInput, NotFound
        If months are none, or a place or area is not known.
    """
    here = situation(connection, mission, now, as_of, operations, tell)
    tell("Pairing", 0, 1)
    result = partners_of(mission, here, asked)
    code = data_hash(repr(list(asked.forces)), repr(list(asked.offers)), repr(list(asked.needs)))
    inputs = {"assess": here.run, "asked": code, "months": asked.months, "operations": list(operations)}
    id = run_id("partners", inputs)
    result = {"run": id, "as_of": month_text(here.month), "assess_run": here.run, **result}
    finish_run(connection, id, "partners", inputs, result, now)
    tell("Pairing", 1, 1)
    return Shared(id, result)


def partners_of(mission: Mission, here: Situation, asked: Pairing) -> dict[str, Any]:
    """The same from a situation already read; what `plan_partners` gives without the run."""
    if not 1 <= asked.months <= 24 or not asked.seconds > 0:
        raise BadInput("partners are paired for 1 to 24 months ahead, in more than 0 seconds")
    force = {f.name: f for f in asked.forces}
    at_stake = stakes(here, [(f"gap {n.id}", n.place, n.area) for n, _ in asked.needs])
    offers = list(asked.offers)
    given = weights([w for _, w in asked.needs], at_stake)
    needs = [replace(n, weight=w) for (n, _), w in zip(asked.needs, given, strict=True)]
    months = [here.month + 1 + k for k in range(asked.months)]
    away, over = _away(mission, here, offers, needs)

    def why_not(o: int, n: int, month: int) -> str | None:
        told = stops(force[offers[o].force], force[needs[n].force], offers[o], needs[n], month)
        if told:
            return told
        if not away[o, n] <= offers[o].hours:
            far = "there is no way there" if np.isinf(away[o, n]) else f"it is {away[o, n]:.0f} h away"
            return f"{offers[o].id} of {offers[o].force}: {far}, and it goes {offers[o].hours:g} h"
        return None

    reasons = {(o, n, m): why_not(o, n, m) for m in months for n, need in enumerate(needs)
               for o, offer in enumerate(offers) if fits(offer, need, m)}  # fmt: skip

    def may(o: int, n: int, month: int) -> bool:
        return reasons[o, n, month] is None

    found = pair(offers, needs, months, may, seconds=asked.seconds)
    return {
        "months": [month_text(m) for m in months],
        "over": over,
        "forces": len(force),
        "passings": _runs(found, offers, needs, away),
        "gaps": [_gap(n, need, months, found, offers, needs, reasons, at_stake[n]) for n, need in enumerate(needs)],
        "stopped": _stopped(reasons, offers, needs, force),
        "both_ways": _both_ways(found, offers, needs),
        "sets": _sets(found, offers, needs, months),
        "without": _without(asked, found, offers, needs, months, may),
        "unused": [{"offer": o.id, "force": o.force, "capability": o.capability}
                   for k, o in enumerate(offers) if k not in {p.offer for p in found.passings}],
        "value": found.value, "bound": found.bound, "gap": found.gap, "proven": found.proven,
        "wanted": sum(need.weight * need.quantity * sum(need.months[0] <= m <= need.months[1] for m in months)
                      for need in needs),
        "assumes": list(ASSUMES), "worse": list(WORSE), "method": found.method, "data_hash": found.data_hash,
    }  # fmt: skip


def _away(mission: Mission, here: Situation, offers: Sequence[Offer], needs: Sequence[Need]) -> tuple[np.ndarray, str]:
    """Hours from each offer to each gap; 0 where either is nowhere said to be or the offer says no way of moving."""
    found = np.zeros((len(offers), len(needs)))
    over = "nothing measured"
    where = [here.point(n.place)[:2] if n.place else None for n in needs]
    ends = [k for k, w in enumerate(where) if w is not None]
    for by in sorted({o.by for o in offers if o.place and o.by != "any"}):
        rows = [k for k, o in enumerate(offers) if o.place and o.by == by]
        start = np.array([here.point(offers[k].place)[:2] for k in rows])
        end = np.array([where[k] for k in ends])
        if len(ends):
            mode = way_of(by, (*ON_THE_GROUND, "helicopter"))
            hours, over = hours_between(mission, here, mode, (start[:, 0], start[:, 1]), (end[:, 0], end[:, 1]))
            found[np.ix_(rows, ends)] = hours
    return found, over


def _runs(
    found: Paired, offers: Sequence[Offer], needs: Sequence[Need], away: np.ndarray
) -> list[dict[str, Any]]:  # fmt: skip
    """Passings as people read them: the same one of several months once, with its first and last month."""
    told: list[dict[str, Any]] = []
    for p in sorted(found.passings, key=lambda p: (p.offer, p.need, p.month)):
        last = told[-1] if told else None
        if last and (last["_o"], last["_n"], last["quantity"], last["_m"] + 1) == (
            p.offer,
            p.need,
            p.quantity,
            p.month,
        ):
            last["_m"], last["until"] = p.month, month_text(p.month)
            continue
        o, n = offers[p.offer], needs[p.need]
        hours = float(away[p.offer, p.need])
        told.append({
            "_o": p.offer, "_n": p.need, "_m": p.month, "offer": o.id, "giver": o.force, "gap": n.id,
            "receiver": n.force, "capability": o.capability, "detail": o.detail or None, "quantity": p.quantity,
            "from": month_text(p.month), "until": month_text(p.month), "place": n.place or n.area or None,
            "hours": hours if np.isfinite(hours) else None,
        })  # fmt: skip
    return [{k: v for k, v in t.items() if not k.startswith("_")} for t in told]


def _gap(
    n: int, need: Need, months: Sequence[int], found: Paired, offers: Sequence[Offer], needs: Sequence[Need],
    reasons: dict[tuple[int, int, int], str | None], stake: float | None,
) -> dict[str, Any]:  # fmt: skip
    wanted = [need.quantity if need.months[0] <= m <= need.months[1] else 0 for m in months]
    met = [int(v) for v in found.met[n]]
    why: list[str] = []
    if sum(met) < sum(wanted):
        having = [o for o, offer in enumerate(offers) if offer.capability == need.capability
                  and offer.force != need.force]  # fmt: skip
        fitting = [o for o in having if not need.detail or offers[o].detail == need.detail]
        told = Counter(r for (_, k, _), r in reasons.items() if k == n and r)
        open_to = {o for (o, k, _), r in reasons.items() if k == n and r is None}
        if not having:
            why.append(f"no other force offers {need.capability}")
        elif not fitting:
            why.append(f"{len(having)} offer {need.capability}, none with {need.detail}")
        elif not told and not open_to:
            why.append("those who offer it do so in other months")
        why += sorted(told)
        others = sorted({needs[p.need].id for p in found.passings if p.offer in open_to and p.need != n})
        if others:
            why.append(f"what could fill it is worth more elsewhere ({', '.join(others[:5])})")
        lame = sorted({needs[k].id for k, other in enumerate(needs) if other.set and other.set == need.set and k != n})
        if lame and open_to and not others:
            why.append(f"it helps only together with {', '.join(lame)}, and not all of these can be met")
    return {"gap": need.id, "force": need.force, "capability": need.capability, "detail": need.detail or None,
            "place": need.place or need.area or None, "set": need.set or None, "weight": need.weight,
            "deaths_a_month": stake, "wanted": wanted, "met": met, "why": why}  # fmt: skip


def _stopped(
    reasons: dict[tuple[int, int, int], str | None], offers: Sequence[Offer], needs: Sequence[Need],
    force: dict[str, Force],
) -> list[dict[str, Any]]:  # fmt: skip
    """Pairs of forces that the safeguards keep apart, with why and how many pairs of offer and gap that touches."""
    told: dict[tuple[str, str, str], set[tuple[int, int]]] = {}
    for o, n, month in reasons:
        giver, taker = force[offers[o].force], force[needs[n].force]
        reason = stops(giver, taker, offers[o], needs[n], month)
        if reason:
            told.setdefault((giver.name, taker.name, reason), set()).add((o, n))
    return [{"giver": g, "receiver": t, "why": why, "pairs": len(which)} for (g, t, why), which in sorted(told.items())]


def _both_ways(found: Paired, offers: Sequence[Offer], needs: Sequence[Need]) -> list[dict[str, Any]]:
    """Partners that complete each other: each fills a gap of the other. Worth in weight of gaps met."""
    worth: dict[tuple[str, str], float] = {}
    what: dict[tuple[str, str], set[str]] = {}
    for p in found.passings:
        key = (offers[p.offer].force, needs[p.need].force)
        worth[key] = worth.get(key, 0.0) + needs[p.need].weight * p.quantity
        what.setdefault(key, set()).add(offers[p.offer].capability)
    return [
        {"one": a, "other": b, "one_gives": sorted(what[a, b]), "other_gives": sorted(what[b, a]),
         "worth": worth[a, b] + worth[b, a]}
        for a, b in sorted(worth) if a < b and (b, a) in worth
    ]  # fmt: skip


def _sets(
    found: Paired, offers: Sequence[Offer], needs: Sequence[Need], months: Sequence[int]
) -> list[dict[str, Any]]:  # fmt: skip
    told = []
    for name in sorted({n.set for n in needs if n.set}):
        members = [k for k, n in enumerate(needs) if n.set == name]
        whole = [month_text(m) for t, m in enumerate(months)
                 if any(found.met[k, t] for k in members)]  # fmt: skip
        by = sorted({offers[p.offer].force for p in found.passings if p.need in members})
        told.append({"set": name, "gaps": [needs[k].id for k in members], "months_met": whole, "forces": by})
    return told


def _without(
    asked: Pairing, found: Paired, offers: Sequence[Offer], needs: Sequence[Need], months: Sequence[int], may: Any
) -> list[dict[str, Any]]:
    """What would be lost if one force lent nothing: the whole is planned again without it."""
    givers = Counter(offers[p.offer].force for p in found.passings)
    told: list[dict[str, Any]] = []
    for name, _ in givers.most_common(MOST_FORCES):

        def left(o: int, n: int, month: int, gone: str = name) -> bool:
            return offers[o].force != gone and bool(may(o, n, month))

        again = pair(offers, needs, months, left, seconds=asked.seconds)
        told.append({"force": name, "loses": found.value - again.value})
    return sorted(told, key=lambda t: (-t["loses"], t["force"]))
