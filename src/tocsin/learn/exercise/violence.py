"""Violence that feeds on itself: who attacks whom, where and when, in a fictional country.

A branching form of the self-exciting process of Hawkes (1971) and of Mohler et al. (2011): background attacks by each
actor, each of which sets off a geometric number of others nearby and soon after, some by the other side. Time is
counted in days from the first day of the scenario.
"""

import datetime as dt
from dataclasses import dataclass

from tocsin.core.time import days_in, first_day, last_day, year_month
from tocsin.learn.exercise.country import Country, distance
from tocsin.learn.exercise.dice import Dice
from tocsin.learn.exercise.scenario import Scenario
from tocsin.learn.exercise.terrain import KM, Point, inside

LETHAL = "attack"
OTHER_KINDS = ("armed presence", "looting", "abduction", "road block", "cattle raid", "displacement")


@dataclass(frozen=True)
class Happening:
    """Something that truly happened, whoever heard of it.

    Parameters
    ----------
    day : int
        Days since the first day of the scenario.
    hour : int
    at : (x, y)
        Where exactly.
    place : int
        Index of the nearest settlement.
    actor, victim : int
        Indices into the scenario's actors; `victim` is -1 for civilians.
    kind : str
        ``attack`` (people died, or could have) or one of `OTHER_KINDS`.
    deaths_actor, deaths_victim, deaths_civilians : int
    cause : int or None
        Index of the happening that set it off; None for the background.
    """

    day: int
    hour: int
    at: Point
    place: int
    actor: int
    victim: int
    kind: str
    deaths_actor: int = 0
    deaths_victim: int = 0
    deaths_civilians: int = 0
    cause: int | None = None

    @property
    def deaths(self) -> int:
        """All who died."""
        return self.deaths_actor + self.deaths_victim + self.deaths_civilians


def date_of(scenario: Scenario, day: int) -> dt.date:
    """Calendar day of a scenario's day."""
    return first_day(scenario.first) + dt.timedelta(days=day)


def length_days(scenario: Scenario) -> int:
    """How many days a scenario lasts."""
    return (last_day(scenario.last) - first_day(scenario.first)).days + 1


@dataclass(frozen=True)
class Hold:
    """Who holds what: `score[actor][settlement]` (km, higher is firmer) in one year, and each actor's home."""

    homes: list[int]
    score: list[list[list[int]]]  # by year since the first, actor, settlement

    def holder(self, year: int, place: int) -> int:
        """The actor with the firmest hold on a settlement."""
        column = [row[place] for row in self.score[year]]
        return column.index(max(column))


def _homes(scenario: Scenario, country: Country, dice: Dice) -> list[int]:
    """The state lives in the capital; rebels far from it and from each other; militias in between."""
    places = country.settlements
    homes = [country.capital]
    for actor in scenario.actors[1:]:
        options = dice.sample(range(len(places)), 30)
        if actor.kind == "rebel":
            room = [min(distance(places[p].at, places[h].at) for h in homes) for p in options]
        else:
            room = [-abs(min(distance(places[p].at, places[h].at) for h in homes) - 90) for p in options]
        homes.append(options[room.index(max(room))])
    return homes


def take_territory(scenario: Scenario, country: Country) -> Hold:
    """Hold of every actor on every settlement, year by year: reach that drifts, less the distance from home."""
    dice = Dice(scenario.seed, "territory")
    homes = _homes(scenario, country, dice)
    places = country.settlements
    chiefs = [a.chief for a in country.areas]
    reach = [a.reach_km for a in scenario.actors]
    years = year_month(scenario.last)[0] - year_month(scenario.first)[0] + 1
    score = []
    for year in range(years):
        table = []
        for number, actor in enumerate(scenario.actors):
            if year:
                reach[number] = max(20, reach[number] + dice.between(-30, 30))
            row = [reach[number] - distance(places[homes[number]].at, p.at) for p in places]
            if actor.kind == "state":
                # Garrisons hold the chief towns a little beyond the reach of the capital.
                near = [min(distance(places[c].at, p.at) for c in chiefs) for p in places]
                row = [max(far, 25 - close) for far, close in zip(row, near, strict=True)]
            table.append(row)
        score.append(table)
    return Hold(homes, score)


def _pull(scenario: Scenario, country: Country, hold: Hold, year: int, actor: int, wet: bool) -> list[int]:
    """How much each settlement draws an actor's attacks: front lines and people do, cut-off places when it is wet."""
    weights = []
    for place, settlement in enumerate(country.settlements):
        own = hold.score[year][actor][place]
        other = max(row[place] for k, row in enumerate(hold.score[year]) if k != actor)
        gap = abs(own - other)
        weight = max(0, 70 - gap) ** 2 if own > -45 else 0
        if own > 20 and other < own - 70:
            weight = 150  # deep in its own land there is violence too, but little
        weight *= 10 + min(60, settlement.population // 2_000)
        if wet and settlement.cut and scenario.actors[actor].kind == "rebel":
            weight *= scenario.wet_cut_factor
        weights.append(weight)
    return weights if any(weights) else [1] * len(weights)


class _Stage:
    """What every attack needs to know, made ready once."""

    def __init__(self, scenario: Scenario, country: Country, hold: Hold) -> None:
        self.scenario, self.country, self.hold = scenario, country, hold
        self.start, self.end = first_day(scenario.first), length_days(scenario)
        self.by_kind = {k: [n for n, a in enumerate(scenario.actors) if a.kind == k] for k in ("rebel", "militia")}

    def nearest(self, at: Point) -> int:
        places = self.country.settlements
        return min(range(len(places)), key=lambda k: (places[k].at[0] - at[0]) ** 2 + (places[k].at[1] - at[1]) ** 2)

    def year(self, day: int) -> int:
        return (self.start + dt.timedelta(days=day)).year - self.start.year

    def land_near(self, at: Point, width_km: int, dice: Dice) -> Point:
        for _ in range(8):
            point = (at[0] + dice.spread(width_km * KM), at[1] + dice.spread(width_km * KM))
            if inside(self.country.terrain.outline, [point])[0]:
                return point
        return at

    def opponent(self, actor: int, place: int, day: int, dice: Dice) -> int:
        """Whom an actor fights at a place: rebels fight the state or a militia, the others fight rebels."""
        if self.scenario.actors[actor].kind == "rebel":
            return dice.pick(self.by_kind["militia"]) if self.by_kind["militia"] and dice.chance(0.3) else 0
        firm = [self.hold.score[self.year(day)][k][place] for k in self.by_kind["rebel"]]
        return self.by_kind["rebel"][firm.index(max(firm))]


def _deaths(dice: Dice, mean: int) -> int:
    """A long-tailed count, at least 1: mostly few, now and then a massacre."""
    count = 1 + dice.waits(mean)
    return count * dice.between(3, 9) if dice.chance(0.035) else count


def _attack(stage: _Stage, dice: Dice, day: int, at: Point, actor: int, cause: int | None) -> Happening:
    place = stage.nearest(at)
    hour = dice.between(0, 23) if dice.chance(0.4) else (20 + dice.between(0, 9)) % 24
    if dice.chance(stage.scenario.actors[actor].civilian_share):
        return Happening(day, hour, at, place, actor, -1, LETHAL, 0, 0, _deaths(dice, 3), cause)
    victim = stage.opponent(actor, place, day, dice)
    ours, theirs = dice.waits(2), _deaths(dice, 2)
    bystanders = _deaths(dice, 1) if dice.chance(0.3) else 0
    return Happening(day, hour, at, place, actor, victim, LETHAL, ours, theirs, bystanders, cause)


def _background(stage: _Stage, dice: Dice) -> list[Happening]:
    scenario, country = stage.scenario, stage.country
    found = []
    day = 0
    for month in range(scenario.first, scenario.last + 1):
        wet = year_month(month)[1] in scenario.wet_months
        length = days_in(month)
        for number, actor in enumerate(scenario.actors):
            pull = _pull(scenario, country, stage.hold, stage.year(day), number, wet)
            # The factor parts the year's attacks between the seasons and leaves their mean as it is.
            share = len(scenario.wet_months) / 12
            rate = actor.events_a_month * (actor.wet_factor if wet else 1.0) / (1 + share * (actor.wet_factor - 1))
            for offset in range(length):
                if dice.chance(min(1.0, rate / length)):
                    place = country.settlements[dice.weighted(pull)]
                    at = place.at if dice.chance(0.45) else stage.land_near(place.at, 5, dice)
                    found.append(_attack(stage, dice, day + offset, at, number, None))
        day += length
    return found


def let_violence_run(scenario: Scenario, country: Country, hold: Hold) -> list[Happening]:
    """All attacks of a scenario, background and set off, in order of time.

    Returns
    -------
    list of Happening
        `cause` points into this list.
    """
    stage = _Stage(scenario, country, hold)
    dice = Dice(scenario.seed, "violence")
    found = _background(stage, dice)
    again = scenario.triggering / (1 + scenario.triggering)  # geometric with this mean
    at = 0
    while at < len(found):
        parent = found[at]
        while dice.chance(again):
            day = parent.day + 1 + dice.waits(scenario.memory_days - 1)
            if day >= stage.end:
                continue
            actor = parent.actor
            if dice.chance(scenario.retaliation):
                actor = parent.victim if parent.victim >= 0 else stage.opponent(actor, parent.place, day, dice)
            where = stage.land_near(parent.at, scenario.spread_km, dice)
            if dice.chance(0.4):
                where = country.settlements[stage.nearest(where)].at
            found.append(_attack(stage, dice, day, where, actor, at))
        at += 1
    return in_order(found)


def in_order(happenings: list[Happening]) -> list[Happening]:
    """Sorted by time, with `cause` pointing at the new positions."""
    order = sorted(range(len(happenings)), key=lambda k: (happenings[k].day, happenings[k].hour, k))
    new = {old: position for position, old in enumerate(order)}
    return [_moved(happenings[k], new) for k in order]


def _moved(one: Happening, new: dict[int, int]) -> Happening:
    if one.cause is None:
        return one
    return Happening(**{**vars(one), "cause": new[one.cause]})


def add_other_harm(scenario: Scenario, country: Country, attacks: list[Happening]) -> list[Happening]:
    """What happens round the attacks without deaths: armed presence before, looting and flight after.

    Returns
    -------
    list of Happening
        Attacks and the rest in order of time.
    """
    stage = _Stage(scenario, country, Hold([], []))
    dice = Dice(scenario.seed, "other harm")
    found = list(attacks)
    for number, attack in enumerate(attacks):
        for kind in OTHER_KINDS:
            share = {"armed presence": 0.35, "looting": 0.2, "displacement": 0.15}.get(kind, 0.1)
            if not dice.chance(share):
                continue
            shift = -dice.between(1, 4) if kind == "armed presence" else dice.between(0, 5)
            day = attack.day + shift
            if not 0 <= day < stage.end:
                continue
            where = stage.land_near(attack.at, 8, dice)
            place = stage.nearest(where)
            hour = dice.between(0, 23)
            if kind != "armed presence" and shift == 0:
                hour = dice.between(attack.hour, 23)
            found.append(Happening(day, hour, where, place, attack.actor, -1, kind, cause=number))
    return in_order(found)
