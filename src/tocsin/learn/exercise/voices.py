"""What the communities say: garbled reports, echoes, rumours and missed calls, with the truth kept apart."""

import datetime as dt
from dataclasses import dataclass

from tocsin.core.time import first_day
from tocsin.learn.exercise.country import Country, distance
from tocsin.learn.exercise.dice import Dice
from tocsin.learn.exercise.names import garble
from tocsin.learn.exercise.phrases import DISTANT, LANGUAGES, SIDES, WHEN, WHO, WORDS
from tocsin.learn.exercise.scenario import Scenario
from tocsin.learn.exercise.violence import LETHAL, OTHER_KINDS, Happening, date_of

WITNESS, ECHO, RUMOUR = "witness", "echo", "rumour"
_HEARD_KM = 35  # a focal point hears of what happens this near
_WEIGHTS = (34, 12, 18, 22, 14)  # of LANGUAGES


@dataclass(frozen=True)
class FocalPoint:
    """Somebody in a village who tells the mission; the identifier is invented and is no phone number."""

    source: str
    place: int
    language: str
    careless: int  # in 100: how often a detail is wrong


@dataclass(frozen=True)
class Report:
    """One message as received, and what is true about it.

    Parameters
    ----------
    at : datetime
        When it came in, UTC.
    teller : int
        Index of the focal point.
    channel : str
        sms, missed_call or radio.
    text : str
        Empty for a missed call.
    origin : str
        witness, echo or rumour.
    happening : int or None
        Position in the list of happenings; None where nothing happened.
    story : int
        All reports of one story (true or false) share this number.
    repeats : Report or None
        What an echo repeats.
    """

    at: dt.datetime
    teller: int
    channel: str
    language: str
    text: str
    origin: str
    happening: int | None
    story: int
    place: int
    kind: str
    number: int
    repeats: "Report | None" = None


def choose_focal_points(scenario: Scenario, country: Country) -> list[FocalPoint]:
    """About two focal points in three settlements of five, none of them more than a number."""
    dice = Dice(scenario.seed, "focal points")
    found: list[FocalPoint] = []
    tongue = [dice.weighted(_WEIGHTS) for _ in country.areas]
    for place, settlement in enumerate(country.settlements):
        for _ in range(dice.weighted([40, 20, 25, 15])):
            language = LANGUAGES[tongue[settlement.area] if dice.chance(0.6) else dice.weighted(_WEIGHTS)]
            found.append(FocalPoint(f"FP-{len(found) + 1:04d}", place, language, dice.between(5, 45)))
    return found


def _say(
    country: Country, language: str, kind: str, actor_kind: str, place: int, number: int, careless: int, dice: Dice
) -> str:
    """One sentence, garbled as often as its teller is careless."""
    town = country.settlements[place]
    name = dice.pick(town.alternates) if town.alternates and dice.chance(0.25) else town.name
    if dice.below(100) < careless:
        name = garble(name, dice)
    if dice.chance(0.12):
        near = min(
            (k for k in range(len(country.settlements)) if k != place),
            key=lambda k: distance(country.settlements[k].at, town.at),
        )
        other = country.settlements[near]
        dx, dy = town.at[0] - other.at[0], town.at[1] - other.at[1]
        side = (0 if dy > 0 else 2) if abs(dy) > abs(dx) else (1 if dx > 0 else 3)
        km = distance(other.at, town.at)
        name = DISTANT[language].format(km=km, side=SIDES[language][side], place=other.name)
    if dice.chance(0.04):
        return f"ALERT {1 + (LETHAL, *OTHER_KINDS).index(kind)} {name.upper()}"
    said = dice.pick(WORDS[language][kind]).format(
        place=name, number=number, when=dice.pick(WHEN[language]), who=dice.pick(WHO[language][actor_kind])
    )
    said = " ".join(said.replace(" ,", ",").split())
    if dice.chance(0.15):
        said = said.upper()
    return said


def _count(true: int, careless: int, dice: Dice) -> int:
    """A number as people pass it on: right, rounded, or grown."""
    if dice.below(100) >= careless * 2:
        return true
    return max(1, dice.pick((true - 1, true + 1, true * 2, (true // 5 + 1) * 5, true + dice.between(1, 6))))


def _true_number(one: Happening, dice: Dice) -> int:
    return one.deaths if one.kind == LETHAL else dice.between(2, 40)


class _Circle:
    """Who lives near what, and how a message is made."""

    def __init__(self, scenario: Scenario, country: Country, people: list[FocalPoint], dice: Dice) -> None:
        self.scenario, self.country, self.people, self.dice = scenario, country, people, dice
        self.homes = [country.settlements[p.place].at for p in people]

    def near(self, place: int, km: int) -> list[int]:
        at = self.country.settlements[place].at
        return [k for k, home in enumerate(self.homes) if distance(at, home) <= km]

    def tell(
        self, at: dt.datetime, teller: int, kind: str, actor: int, place: int, number: int, origin: str,
        happening: int | None, story: int, repeats: Report | None = None,
    ) -> Report:  # fmt: skip
        dice, who = self.dice, self.people[teller]
        number = _count(number, who.careless, dice)
        at = at.replace(second=dice.below(60))
        if dice.chance(self.scenario.missed_call_share) and repeats is None:
            return Report(at, teller, "missed_call", who.language, "", origin, happening, story, place, kind, number)
        actor_kind = self.scenario.actors[actor].kind
        text = _say(self.country, who.language, kind, actor_kind, place, number, who.careless, dice)
        channel = "radio" if dice.chance(0.08) else "sms"
        return Report(at, teller, channel, who.language, text, origin, happening, story, place, kind, number, repeats)

    def delay(self) -> dt.timedelta:
        """Mostly within hours, sometimes when the phone finds a signal a day or two later."""
        minutes = 5 + self.dice.waits(50)
        if self.dice.chance(0.12):
            minutes += self.dice.between(600, 3_000)
        return dt.timedelta(minutes=minutes)


def _instant(scenario: Scenario, day: int, hour: int, minute: int) -> dt.datetime:
    return dt.datetime.combine(date_of(scenario, day), dt.time(hour, minute), dt.UTC)


def hear_reports(
    scenario: Scenario, country: Country, happenings: list[Happening], people: list[FocalPoint]
) -> list[Report]:
    """Messages of the last `report_months`, in the order in which they came in."""
    dice = Dice(scenario.seed, "reports")
    circle = _Circle(scenario, country, people, dice)
    first = first_day(scenario.last - scenario.report_months + 1)
    found: list[Report] = []
    story = 0
    for position, one in enumerate(happenings):
        if date_of(scenario, one.day) < first or not people:
            continue
        near = circle.near(one.place, _HEARD_KM)
        tellers = dice.sample(near, min(len(near), dice.between(0, 2 * scenario.reports_an_event)))
        story += 1
        number = _true_number(one, dice)
        then = _instant(scenario, one.day, one.hour, dice.below(60))
        told = [
            circle.tell(then + circle.delay(), k, one.kind, one.actor, one.place, number, WITNESS, position, story)
            for k in tellers
        ]
        found += told + _echoes(circle, told, one.actor)
        if dice.chance(scenario.rumour_share):
            story += 1
            found += _rumour(circle, one, story)
    # What would have come in after the last day has not been received.
    end = dt.datetime.combine(first_day(scenario.last + 1), dt.time(0), dt.UTC)
    return sorted((r for r in found if r.at < end), key=lambda r: (r.at, r.teller, r.text))


def _echoes(circle: _Circle, told: list[Report], actor: int) -> list[Report]:
    """People who repeat what they heard from a report, from farther away, and often make it bigger."""
    dice = circle.dice
    found = []
    for report in told:
        if not report.text or not dice.chance(circle.scenario.echo_share):
            continue
        far = [k for k in circle.near(report.place, 3 * _HEARD_KM) if k != report.teller]
        for k in dice.sample(far, dice.between(1, 2)):
            later = report.at + dt.timedelta(minutes=dice.between(30, 2_000))
            grown = report.number + dice.between(0, 5)
            echo = circle.tell(
                later, k, report.kind, actor, report.place, grown, ECHO, report.happening, report.story, report
            )
            found.append(echo)
    return found


def _rumour(circle: _Circle, one: Happening, story: int) -> list[Report]:
    """A story of something that did not happen, told by one to three people who live apart, in nervous times."""
    dice = circle.dice
    near = circle.near(one.place, 4 * _HEARD_KM)
    if not near:
        return []
    place = circle.people[dice.pick(near)].place
    kind = LETHAL if dice.chance(0.5) else dice.pick(OTHER_KINDS)
    number = dice.between(2, 30)
    then = _instant(circle.scenario, one.day, dice.between(0, 23), dice.below(60)) + dt.timedelta(
        days=dice.between(1, 3)
    )
    tellers = dice.sample(near, dice.between(1, 3))
    return [circle.tell(then + circle.delay(), k, kind, one.actor, place, number, RUMOUR, None, story) for k in tellers]
