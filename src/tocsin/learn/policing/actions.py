"""From a log and the mission's records to what police did in a period, written down as a run."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.act.tables import task
from tocsin.assess.ground import gw_of, land_of
from tocsin.core.codes import Component, UnitKind
from tocsin.core.errors import BadInput, NoData, NotFound
from tocsin.core.mission import Mission
from tocsin.core.time import first_day, last_day, month_of, month_text
from tocsin.core.words import mark
from tocsin.learn.policing.contributions import by_month, contributed, gaps, parts
from tocsin.learn.policing.model import Did
from tocsin.listen.alerts.model import ThreatKind
from tocsin.listen.alerts.tables import alert
from tocsin.listen.deployments.reads import posture
from tocsin.listen.events.reads import known_events, vintage
from tocsin.plan.location.model import data_hash
from tocsin.store import finish_run
from tocsin.store.disclosure import suppress
from tocsin.store.policy import Actor, only_readable
from tocsin.store.runs import run_id

MOST_MONTHS = 120
# What helps against what people say they fear: skills as rosters and logs call them (judgement).
ANSWERS: dict[str, str] = {
    ThreatKind.SEXUAL_VIOLENCE: "gbv", ThreatKind.ABDUCTION: "investigation", ThreatKind.LOOTING: "public order",
    ThreatKind.ATTACK: "public order", ThreatKind.ARMED_PRESENCE: "public order",
    ThreatKind.ROAD_BLOCK: "public order", ThreatKind.CATTLE_RAID: "community", ThreatKind.DISPLACEMENT: "community",
    ThreatKind.HATE_SPEECH: "community", ThreatKind.EXPLOSIVE: "eod",
}  # fmt: skip
ASSUMES = (
    mark("What is not in the log or among the tasks counts as not known, not as not done."),
    mark("An officer-day is eight hours of one officer; where no hours are given a whole day is taken."),
    mark("Which skill answers which threat is our judgement; deaths are events in the media, and many are missing."),
    mark("Doing more is not protecting more: nothing here says what would have happened without it."),
)
WORSE = (
    mark("Counting patrols makes more patrols: ask what changed for the people there."),
    mark("Few referrals can mean that nobody dares to come; a target for them would bring people into danger."),
    mark("A table of who patrols where, month by month, shows what an armed group would like to know."),
)


def what_police_did(
    connection: sa.Connection, mission: Mission, now: dt.datetime, actor: Actor, log: Sequence[Did],
    first: int | None = None, last: int | None = None, operations: tuple[str, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Contributions of police in a period, with indicators, gaps, and the share of formed units.

    Parameters
    ----------
    actor : Actor
        Tasks and alerts that this reader may not see are not counted.
    log : sequence of Did
    first, last : int, optional
        Months; those of the log by default.
    operations : tuple of str
        Only units of these peace operations.

    Raises
    ------
    NoData
        If there is neither a line of a log nor a task of police in the period.
    NotFound
        If the log names areas there are none of.
    """
    months = [month_of(d.day) for d in log]
    end = last or (max(months) if months else month_of(now.date()))
    begin = first or (min(months) if months else end - 11)
    if not 0 <= end - begin < MOST_MONTHS:
        raise BadInput("the period is 1 to {most} months, its first before its last", most=MOST_MONTHS)
    land = land_of(connection, mission, end)
    areas = {a for a in land.area_names if a}
    odd = sorted({d.area for d in log if d.area and d.area not in areas})
    if odd:
        raise NotFound("the log names the area '{area}', which there is none of; there are: {some}", area=odd[0],
                       some=", ".join(sorted(areas)))  # fmt: skip
    done = [d for d in log if begin <= month_of(d.day) <= end]
    tasks = _tasks(connection, actor, begin, end)
    if not done and not tasks["known"]:
        raise NoData("nothing is known of what police did from {first} to {last}: give a log with --log",
                     first=month_text(begin), last=month_text(end))  # fmt: skip
    days, skilled = _officer_days(done, "area"), _officer_days(done, "skill")
    feared = _feared(connection, actor, begin, end)
    killed = _killed(connection, mission, land.ground.gids, land.area_names, begin, end)
    result = {
        "first": month_text(begin), "last": month_text(end), "lines": len(done), "left_out": len(log) - len(done),
        "all": contributed(done),
        "by_month": by_month(done, begin, end),
        "by_tier": parts(done, lambda d: d.tier.value),
        "by_area": parts(done, lambda d: d.area or "unknown"),
        "by_skill": parts(done, lambda d: d.skill or "unknown"),
        "by_kind": parts(done, lambda d: d.kind.value),
        "tasks": tasks,
        "area_gaps": gaps(killed, days),
        "skill_gaps": _skill_gaps(feared, skilled),
        "deployed": [_deployed(connection, land.ground.gids, m, operations) for m in sorted({begin, end})],
        "assumes": list(ASSUMES), "worse": list(WORSE),
    }  # fmt: skip
    code = data_hash(repr(list(done)))
    inputs = {"log": code, "first": begin, "last": end, "operations": list(operations), "reader": actor.id}
    id = run_id("police", inputs)
    finish_run(connection, id, "police", inputs, {"run": id, **result}, now)
    return {"run": id, **result}


def _officer_days(done: Sequence[Did], what: str) -> dict[str, float]:
    """Officer-days by area or skill; of lines that name neither, and of unknown officers, nothing."""
    found: dict[str, float] = {}
    for d in done:
        if name := getattr(d, what):
            found[name] = found.get(name, 0.0) + (d.officer_days or 0.0)
    return found


def _tasks(connection: sa.Connection, actor: Actor, first: int, last: int) -> dict[str, Any]:
    """Tasks of police given in the period: by tier, and by what became of them; few are hidden."""
    begin = dt.datetime.combine(first_day(first), dt.time(), dt.UTC)
    end = dt.datetime.combine(last_day(last) + dt.timedelta(days=1), dt.time(), dt.UTC)
    t = task.c
    query = sa.select(t.tier, t.state, t.outcome).where(
        t.component == Component.POLICE.value, t.practice.is_(False), t.given_at >= begin, t.given_at < end
    )
    rows = connection.execute(only_readable(query, task, actor)).all()
    cells = Counter((r.tier, f"done, {r.outcome or 'not said'}" if r.state == "done" else r.state) for r in rows)
    tiers, states = sorted({t for t, _ in cells}), sorted({s for _, s in cells})
    if not cells:
        return {"known": False, "all": 0, "by_tier": {}, "by_state": {}}
    # One table for both, so that no hidden count follows from the other.
    shown = suppress([[cells[tier, state] for state in states] for tier in tiers]).shown()
    return {"known": True, "all": shown[-1][-1],
            "by_tier": {tier: line[-1] for tier, line in zip(tiers, shown, strict=False)},
            "by_state": dict(zip(states, shown[-1], strict=False))}  # fmt: skip


def _feared(connection: sa.Connection, actor: Actor, first: int, last: int) -> Counter[str]:
    """Alerts of the period by the skill that answers them."""
    begin = dt.datetime.combine(first_day(first), dt.time(), dt.UTC)
    end = dt.datetime.combine(last_day(last) + dt.timedelta(days=1), dt.time(), dt.UTC)
    a = alert.c
    query = sa.select(a.id, a.threat).where(
        a.heard_at >= begin, a.heard_at < end, a.practice.is_(False), a.state.not_in(("merged", "dismissed"))
    )
    rows = connection.execute(only_readable(query, alert, actor)).all()
    return Counter(ANSWERS.get(r.threat or "", "not known") for r in rows)


def _skill_gaps(feared: Counter[str], skilled: Mapping[str, float]) -> list[dict[str, Any]]:
    """Gaps between skills deployed and threats heard of; how many alerts lie behind one is hidden when they are few."""
    wanted = {k: float(v) for k, v in feared.items() if k != "not known"}
    rows = gaps(wanted, skilled)
    shown = suppress([int(r["faced"]) for r in rows]).shown()[0] if rows else []
    for row, number in zip(rows, shown, strict=False):
        row["faced"] = number
        row["faced_share"] = row["faced_share"] if number else None
    return rows


def _killed(
    connection: sa.Connection, mission: Mission, gids: np.ndarray, names: Sequence[str], first: int, last: int
) -> dict[str, float]:
    """Deaths of civilians in events of the period, as known at its end, by area."""
    events = known_events(connection, vintage(connection, last, gw_of(mission)), last)
    start = np.datetime64(first_day(first))
    area = dict(zip(gids.tolist(), names, strict=True))
    found: dict[str, float] = {}
    for gid, day, deaths in zip(events.gid.tolist(), events.first_day, events.deaths_civilians.tolist(), strict=True):
        if day >= start and area.get(gid) and deaths > 0:  # not where the source does not tell civilians apart
            found[area[gid]] = found.get(area[gid], 0.0) + deaths
    return found


def _deployed(
    connection: sa.Connection, gids: np.ndarray, month: int, operations: tuple[str, ...]
) -> dict[str, Any]:  # fmt: skip
    """Where police stood in a month, by the list of units: places with formed units, with others, and strengths."""
    try:
        units = posture(connection, month, gids, list(operations) or None).units
    except NoData:
        units = []
    formed = [u for u in units if u.kind is UnitKind.FPU or "fpu" in u.has]
    single = [u for u in units if u.kind is UnitKind.IPO or ("police" in u.has and u not in formed)]

    def strength(kind: UnitKind) -> int | None:
        known = [u.strength for u in units if u.kind is kind and u.strength is not None]
        return sum(known) if known else None

    one, other = strength(UnitKind.FPU), strength(UnitKind.IPO)
    share = one / (one + other) if one is not None and other is not None and one + other else None
    return {"month": month_text(month), "units_known": bool(units), "formed_at": len(formed), "others_at": len(single),
            "formed": one, "individual": other, "formed_share": share}  # fmt: skip
