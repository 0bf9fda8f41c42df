"""From a roster and posts, weighed by the mission's forecast, to who goes where, written down as a run."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import first_day, last_day, month_text
from tocsin.core.words import mark
from tocsin.plan.location.model import data_hash
from tocsin.plan.people.fit import counted, fitness
from tocsin.plan.people.match import match
from tocsin.plan.people.model import IN_UNITS, Person, Post, Rule, Trait
from tocsin.plan.people.rosters import Placed
from tocsin.plan.situation import Situation, situation
from tocsin.plan.stakes import stakes, weights
from tocsin.store import finish_run
from tocsin.store.runs import run_id

ENDS_MONTHS = 6  # contracts and clearances that end within so many months are told
COMMUNITY = "community"
ASSUMES = (
    mark("A post without a weight counts 1, and up to 5 where most deaths are forecast within 100 km (judgement)."),
    mark("A post without dates is filled by who is under contract and cleared on the first day after the as-of month."),
    mark("Skills and languages are as the roster says; nobody has tested them here."),
    mark("People of unknown sex count neither as women nor as men."),
    mark("That a post is filled does not say that it protects anybody."),
)
WORSE = (
    mark("A printed assignment tells who serves where: give each section only its own part."),
    mark("Speakers of a local language can be at risk from their own community: ask them before they are sent."),
    mark("Posts left vacant are where forecasts are low, and forecasts are low where nobody reports."),
    mark("Women counted only to meet a share do the same posts again and again: look at who rotates."),
)


@dataclass(frozen=True)
class Staffing:
    """What is asked: who there is, what is to be filled, under which rules, and how long to look (seconds)."""

    people: Sequence[Person]
    posts: Sequence[Placed]
    rules: Sequence[Rule] = ()
    seconds: float = 60.0


@dataclass(frozen=True)
class Staffed:
    """What the planner of people made: the run's id and its documented summary."""

    run: str
    summary: dict[str, Any]


def plan_people(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    asked: Staffing,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Staffed:
    """Who fills which post, so that most of what is wanted is there where most is at stake.

    Only a hash of the roster is written down with the run, and the handles of those placed.

    Raises
    ------
    NotFound
        If a post is at a place or in an area there is none of.
    Infeasible
        If the demands cannot all be met; names the fewest that clash.
    """
    here = situation(connection, mission, now, as_of, operations, tell)
    tell("Matching", 0, 1)
    result = people_of(here, asked)
    code = data_hash(repr(list(asked.people)), repr(list(asked.posts)), repr(list(asked.rules)))
    inputs = {"assess": here.run, "roster": code, "seconds": asked.seconds, "operations": list(operations)}
    id = run_id("people", inputs)
    result = {"run": id, "as_of": month_text(here.month), "assess_run": here.run, **result}
    finish_run(connection, id, "people", inputs, result, now)
    tell("Matching", 1, 1)
    return Staffed(id, result)


def people_of(here: Situation, asked: Staffing) -> dict[str, Any]:
    """The same from a situation already read; what `plan_people` gives without the run."""
    at_stake = stakes(here, [(f"post {p.post.id}", p.place, p.area) for p in asked.posts])
    soon = first_day(here.month + 1)  # nobody whose contract or clearance is over by then serves
    posts = [replace(p.post, weight=w, days=p.post.days or (soon, soon)) for p, w in
             zip(asked.posts, weights([p.weight for p in asked.posts], at_stake), strict=True)]  # fmt: skip
    people = list(asked.people)
    found = match(people, posts, asked.rules, seconds=asked.seconds)
    fit = fitness(people, posts)
    placed = {j: i for i, j in found.pairs}
    free = set(range(len(people))) - set(placed.values())
    return {
        "people": len(people),
        "posts": len(posts),
        "filled": len(found.pairs),
        "pairs": [_pair(people[i], posts[j], asked.posts[j], at_stake[j], float(fit[i, j])) for i, j in found.pairs],
        "vacant": [
            {"post": posts[j].id, "weight": posts[j].weight, "place": asked.posts[j].place or asked.posts[j].area,
             "why": found.unfillable.get(j) or _taken(fit, j, placed, posts)}
            for j in sorted(found.vacant, key=lambda j: (-posts[j].weight, posts[j].id))
        ],
        "not_placed": len(free),
        "rules": [_rule(r, people, posts, placed) for r in asked.rules],
        "women": _share_of(people, list(placed.values())),
        "formed": _formed(people, posts, placed),
        "ending": _ending(people, posts, placed, here.month),
        "value": found.value, "bound": found.bound, "gap": found.gap, "proven": found.proven,
        "assumes": list(ASSUMES), "worse": list(WORSE), "method": found.method, "data_hash": found.data_hash,
    }  # fmt: skip


def _pair(person: Person, post: Post, placed: Placed, stake: float | None, fit: float) -> dict[str, Any]:
    return {
        "post": post.id, "person": person.id, "kind": person.kind.value, "size": person.size,
        "place": placed.place or placed.area or None, "fit": fit, "weight": post.weight, "deaths_a_month": stake,
        "short_of": [f"{k} {levels.get(k, 0.0):g} of {v:g}" for wanted, levels in
                     ((post.skills, person.skills), (post.languages, person.languages))
                     for k, v in sorted(wanted.items()) if levels.get(k, 0.0) < v - 1e-9],
    }  # fmt: skip


def _taken(fit: np.ndarray, post: int, placed: dict[int, int], posts: Sequence[Post]) -> str:
    """Why a post that somebody could fill is vacant."""
    able = np.flatnonzero(~np.isnan(fit[:, post]))
    serving = {i: j for j, i in placed.items()}
    free = [i for i in able if i not in serving]
    if free:
        return f"{len(free)} could fill it and are not placed: a rule holds them back"
    others = sorted({posts[serving[int(i)]].id for i in able})
    named = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
    return f"the {len(able)} who may fill it are worth more elsewhere ({named})"


def _rule(rule: Rule, people: Sequence[Person], posts: Sequence[Post], placed: dict[int, int]) -> dict[str, Any]:
    inside = [i for j, i in placed.items() if rule.group in posts[j].groups]
    number = float(counted(people, rule)[inside].sum())
    all_of = sum(people[i].size for i in inside)
    return {"rule": rule.text(), "counted": number, "of": all_of}


def _share_of(people: Sequence[Person], rows: list[int]) -> dict[str, Any]:
    women, men = (int(counted([people[i] for i in rows], Rule("", t)).sum()) for t in (Trait.WOMAN, Trait.MAN))
    return {"women": women, "men": men, "not_known": sum(people[i].size for i in rows) - women - men}


def _formed(people: Sequence[Person], posts: Sequence[Post], placed: dict[int, int]) -> dict[str, Any]:
    """Posts that formed units fill, and which of these are community police because the request says so."""
    filled = [j for j, i in placed.items() if people[i].formed or people[i].kind in IN_UNITS]
    community = [posts[j].id for j in sorted(filled) if COMMUNITY in posts[j].skills]
    return {"posts": len(filled), "of": len(placed), "in_community_posts": community}


def _ending(
    people: Sequence[Person], posts: Sequence[Post], placed: dict[int, int], month: int
) -> list[dict[str, Any]]:
    last = last_day(month + ENDS_MONTHS)
    told = []
    for j, i in placed.items():
        p = people[i]
        dates = [(p.available[1], "contract")] if p.available else []
        dates += [(p.medical_until, "medical clearance")] if p.medical_until else []
        told += [{"person": p.id, "post": posts[j].id, "on": day.isoformat(), "what": what}
                 for day, what in dates if day <= last]  # fmt: skip
    return sorted(told, key=lambda t: (t["on"], t["person"]))
