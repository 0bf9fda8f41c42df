"""Where the peacekeepers of a fictional mission are, and where people flee."""

from dataclasses import dataclass

from tocsin.core.codes import UnitKind
from tocsin.core.time import month_of
from tocsin.learn.exercise.country import Country, distance
from tocsin.learn.exercise.dice import Dice
from tocsin.learn.exercise.scenario import Scenario
from tocsin.learn.exercise.violence import LETHAL, Happening, date_of

# What a mission of this size has, in the order in which it is given out; the rest are TOBs.
_ESTABLISHMENT = (
    [UnitKind.HQ, UnitKind.MEDICAL]
    + [UnitKind.BASE] * 5
    + [UnitKind.HELICOPTER, UnitKind.QRF, UnitKind.FPU, UnitKind.CLA, UnitKind.CLA]
    + [UnitKind.FPU, UnitKind.HELICOPTER, UnitKind.QRF, UnitKind.CLA, UnitKind.CLA, UnitKind.IPO]
    + [UnitKind.OBSERVER, UnitKind.ENGINEER]
)
_STRENGTH = {
    UnitKind.HQ: (120, 260), UnitKind.MEDICAL: (50, 70), UnitKind.BASE: (180, 650), UnitKind.HELICOPTER: (80, 140),
    UnitKind.QRF: (90, 150), UnitKind.FPU: (140, 180), UnitKind.CLA: (1, 3), UnitKind.IPO: (12, 30),
    UnitKind.OBSERVER: (6, 20), UnitKind.ENGINEER: (90, 180), UnitKind.TOB: (30, 75),
}  # fmt: skip


@dataclass(frozen=True)
class Post:
    """A unit at a settlement from a month until a month (both included); `until` is None while it is still there."""

    name: str
    kind: UnitKind
    place: int
    strength: int
    start: int
    until: int | None
    contributor: str


def deploy(scenario: Scenario, country: Country, happenings: list[Happening]) -> list[Post]:
    """Units of the mission: bases in chief towns, TOBs (late) where civilians were killed."""
    dice = Dice(scenario.seed, "mission")
    places = country.settlements
    chiefs = [a.chief for a in country.areas if a.chief != country.capital]
    bases = [country.capital, *dice.sample(chiefs, 6)]
    given: dict[UnitKind, int] = {}
    posts: list[Post] = []
    for number in range(scenario.units):
        kind = _ESTABLISHMENT[number] if number < len(_ESTABLISHMENT) else UnitKind.TOB
        start, until, place = scenario.first, None, country.capital
        serial = given[kind] = given.get(kind, 0) + 1
        if kind in (UnitKind.BASE, UnitKind.FPU, UnitKind.QRF, UnitKind.HELICOPTER):
            place = bases[(serial - 1 if kind != UnitKind.BASE else serial) % len(bases)]
        elif kind in (UnitKind.CLA, UnitKind.TOB):
            start, until, place = _where_it_hurt(scenario, country, happenings, posts, dice)
            if kind == UnitKind.CLA:
                until = None
        elif kind in (UnitKind.OBSERVER, UnitKind.ENGINEER, UnitKind.IPO):
            place = bases[dice.below(len(bases))]
        if kind == UnitKind.BASE and serial > 3 and scenario.months > 24:
            start = scenario.first + dice.between(3, scenario.months // 3)
        low, high = _STRENGTH[kind]
        label = {"hq": "HQ", "tob": "TOB", "qrf": "QRF", "fpu": "FPU", "cla": "CLA", "ipo": "IPO"}
        name = f"{label.get(kind.value, kind.value.title())} {places[place].name}"
        if name in {p.name for p in posts}:
            name = f"{name} ({serial})"
        contributor = "Civilian staff" if kind == UnitKind.CLA else f"Contributor {'ABCDEFG'[dice.below(7)]}"
        posts.append(Post(name, kind, place, dice.between(low, high), start, until, contributor))
    return posts


def _where_it_hurt(
    scenario: Scenario, country: Country, happenings: list[Happening], posts: list[Post], dice: Dice
) -> tuple[int, int | None, int]:
    """(start, until, settlement) of a post: two to seven months after an attack on civilians, where none is near."""
    hurt = [h for h in happenings if h.deaths_civilians > 2]
    for _ in range(40):
        if not hurt:
            break
        attack = dice.pick(hurt)
        start = month_of(date_of(scenario, attack.day)) + dice.between(2, 7)
        watched = any(
            distance(country.settlements[p.place].at, country.settlements[attack.place].at) < 30 for p in posts
        )
        if start <= scenario.last and not watched:
            stay = dice.between(5, 30)
            return start, start + stay if start + stay < scenario.last else None, attack.place
    return scenario.first, None, dice.below(len(country.settlements))


@dataclass(frozen=True)
class Move:
    """People who moved from one settlement to another in a month; `kind` is flight or return."""

    month: int
    origin: int
    destination: int
    people: int
    kind: str


def displace(scenario: Scenario, country: Country, happenings: list[Happening]) -> list[Move]:
    """Flight after attacks that kill civilians, towards larger and quieter places; part of the people return later."""
    dice = Dice(scenario.seed, "displacement")
    places = country.settlements
    moved: dict[tuple[int, int, int, str], int] = {}
    fled_from = dict.fromkeys(range(len(places)), 0)
    recent: dict[int, int] = {}
    for one in happenings:
        if one.kind != LETHAL or not one.deaths_civilians:
            continue
        month = month_of(date_of(scenario, one.day))
        recent[one.place] = month
        home = places[one.place]
        left = home.population - fled_from[one.place]
        people = min(left * 2 // 5, left * min(40, 2 + one.deaths_civilians) // 200 + dice.between(20, 300))
        if people < 20:
            continue
        options = [
            k
            for k, p in enumerate(places)
            if k != one.place
            and month - recent.get(k, -99) > 3
            and (p.population > home.population or p.rank != "village")
        ]
        if not options:
            continue
        best = min(options, key=lambda k: (distance(places[k].at, home.at) - places[k].population // 8_000, k))
        _add(moved, (month, one.place, best, "flight"), people)
        back = month + 3 + dice.waits(6)
        fled_from[one.place] += people
        if back <= scenario.last and dice.chance(0.6):
            _add(moved, (back, best, one.place, "return"), people * dice.between(30, 90) // 100)
    return [Move(m, a, b, people, kind) for (m, a, b, kind), people in sorted(moved.items())]


def _add(moved: dict[tuple[int, int, int, str], int], key: tuple[int, int, int, str], people: int) -> None:
    moved[key] = moved.get(key, 0) + people
