"""The outing of a mission: bases, places, escorts and stops for fuel as one problem, and who goes along with whom."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tocsin.core.errors import BadInput, Infeasible, NotFound
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.listen.deployments.model import Unit
from tocsin.plan.mobility import responders
from tocsin.plan.patrols.asked import Escort, Out
from tocsin.plan.patrols.frequency import chance_today, due_in
from tocsin.plan.patrols.model import Floats, Outing, Patrol
from tocsin.plan.patrols.solve import solve_outing
from tocsin.plan.situation import Situation, Spot, spots
from tocsin.plan.ways import hours_between, way_of

MOST_SPOTS = 70
FADES_DAYS = 14.0  # a visit's worth comes back with time: 1 - exp(-days / FADES_DAYS) (judgement)
NIGHTS = 3  # other bases tried for a night, of each patrol
FILLING_HOURS = 0.5  # a stop for fuel (judgement)
MOST_STOPS = 3  # patrols that can fill their tanks at the same base on the way
TRIED = 40  # ways of sending companions along that are all looked at
QUICK_STEPS = 4_000
DAY = 24.0


@dataclass(frozen=True)
class Node:
    """One thing a patrol can do: a visit, an escort (with where it ends), a stop for fuel, or standing at a base."""

    name: str
    lon: float
    lat: float
    deaths: float = 0.0
    to: tuple[str, float, float] | None = None
    kind: str = "visit"


@dataclass(frozen=True)
class Due:
    """A place that is visited at least so often: the last visits known, and how soon and how likely the next is."""

    place: str
    node: int
    visits: int
    days: int
    ago: tuple[float, ...]
    due_in: int
    chance: float


@dataclass(frozen=True)
class Layout:
    """The outing and what its places are; `aboard` says which patrols each companion goes with.

    `freer` is the outing as if patrols could sleep at any base and everybody were aboard all of them: no choice of
    nights and companions gives more than its bound. None where there was nothing of that to choose.
    """

    problem: Outing
    freer: Outing | None
    nodes: list[Node]
    bases: list[Unit]
    over: str
    due: list[Due]
    aboard: dict[str, list[str]]

    @property
    def floors(self) -> dict[int, float]:
        """How likely places must be visited that need not be yet."""
        return {d.node: d.chance for d in self.due if d.chance < 1}


def layout_of(mission: Mission, here: Situation, asked: Out) -> Layout:
    """The problem that is asked, with nights and companions where they are worth most.

    Raises
    ------
    BadInput, NotFound
        If a base, place or mode is not known.
    Infeasible
        If an escort has no way, or takes longer than its hours.
    """
    asked.check()
    seen = _spots(here, asked)
    bases = _bases(here, asked, seen)
    nights = [u for u, ok in zip(here.units, responders(here.units), strict=True) if ok] if asked.days > 1 else []
    ends = list({(u.lon, u.lat): u for u in [*bases, *nights]}.values())
    filling = [here.unit(name) for name in asked.fuel_at] or ends
    fuel = [] if asked.range_hours is None else filling
    nodes = [Node(u.name, u.lon, u.lat, kind="base") for u in ends]
    nodes += [Node(s.name, s.lon, s.lat, s.risk / here.horizon) for s in seen]
    nodes += [_escort(here, e) for e in asked.escorts]
    nodes += [
        Node(u.name, u.lon, u.lat, kind="fuel") for u in fuel for _ in range(min(MOST_STOPS, _teams(asked, bases)))
    ]
    # All ways between where a node begins or ends at once: into it from its row, out of it from where it ends.
    n = len(nodes)
    there = [(v.lon, v.lat) for v in nodes] + [(v.to[1], v.to[2]) for v in nodes if v.to]
    at = np.array(there).T
    ways, over = hours_between(mission, here, way_of(asked.mode), (at[0], at[1]), (at[0], at[1]))
    last = np.arange(n)
    last[[k for k, v in enumerate(nodes) if v.to]] = np.arange(n, len(there))
    problem = _problem(asked, nodes, ways[last][:, :n], ways[np.arange(n), last])
    dry = frozenset() if asked.range_hours is None else frozenset(
        k for k, u in enumerate(ends) if u.name not in {f.name for f in filling})  # fmt: skip
    sent = _Sent(asked, bases, ends, dry)
    problem = replace(problem, patrols=sent.patrols({}))
    due = _due(asked, nodes)
    closes = problem.closes.copy()
    for d in due:
        if d.chance >= 1:
            closes[d.node] = min(closes[d.node], DAY * (max(d.due_in, 0) + 1))
    problem = replace(problem, must=problem.must | {d.node for d in due if d.chance >= 1}, closes=closes)
    freer = _freer(problem, len(ends), asked) if asked.days > 1 or problem.needs else None
    if asked.days > 1:
        problem = replace(problem, patrols=sent.with_nights(problem))
    problem, aboard = _with_companions(problem, asked, bases)
    return Layout(problem, freer, nodes, bases, over, due, aboard)


def _teams(asked: Out, bases: list[Unit]) -> int:
    return len(bases) * asked.patrols


def _escort(here: Situation, asked: Escort) -> Node:
    lon, lat, start = here.point(asked.start)
    to_lon, to_lat, end = here.point(asked.end)
    if (lon, lat) == (to_lon, to_lat):
        raise BadInput("escort '{name}' begins where it ends", name=asked.name)
    return Node(f"{asked.name}: {start}", lon, lat, to=(f"{asked.name}: {end}", to_lon, to_lat), kind="escort")


def _problem(asked: Out, nodes: list[Node], hours: Floats, inside: Floats) -> Outing:
    """The problem without its patrols; `inside` are the hours from where each node begins to where it ends."""
    n = len(nodes)
    worth = np.array([v.deaths * _fresh(asked, v.name) if v.kind == "visit" else 0.0 for v in nodes])
    stays = {"base": 0.0, "fuel": FILLING_HOURS, "visit": asked.stay_hours, "escort": 0.0}
    stay, drives = np.array([stays[v.kind] for v in nodes]), np.zeros(n)
    opens, closes = np.zeros(n), np.full(n, DAY * asked.days)
    at = {v.name.casefold(): k for k, v in enumerate(nodes) if v.kind == "visit"}
    must = {at[name.casefold()] for name in asked.must}
    needs: dict[int, frozenset[str]] = {}
    own = []  # visits with hours of their own
    for visit in asked.joint:
        k = at[visit.place.casefold()]
        own.append(k)
        stay[k] = asked.stay_hours if visit.hours is None else visit.hours
        needs |= {k: frozenset(visit.needs)} if visit.needs else {}
        must |= {k} if visit.must else set()
        first, last = (visit.day or 1) - 1, (visit.day or asked.days) - 1
        opens[k], closes[k] = DAY * first + visit.after, DAY * last + visit.before - stay[k]
    escorts = [k for k, v in enumerate(nodes) if v.kind == "escort"]
    for k, escort in zip(escorts, asked.escorts, strict=True):
        stay[k] = drives[k] = inside[k] if escort.hours is None else escort.hours
        must |= {k} if escort.worth is None else set()
        worth[k] = escort.worth or 0.0
        opens[k], closes[k] = DAY * (escort.day - 1) + escort.after, DAY * (escort.day - 1) + escort.before - stay[k]
        if not math.isfinite(stay[k]):
            raise Infeasible("there is no way by {mode} for escort '{name}': go by another, or give its hours",
                             mode=asked.mode, name=escort.name)  # fmt: skip
    for k in [*own, *escorts]:
        if opens[k] > closes[k]:
            raise Infeasible("{name} takes {hours:.1f} hours and cannot be over within the hours given for it: give "
                             "more", name=nodes[k].name, hours=stay[k])  # fmt: skip
    nobody = (Patrol("", 0, 0, 0.0, 0.0),)  # until it is known who is sent
    return Outing(hours, worth, stay, opens, closes, nobody, frozenset(must), None, drives, needs,
                  frozenset(k for k, v in enumerate(nodes) if v.kind == "fuel"))  # fmt: skip


def _due(asked: Out, nodes: list[Node]) -> list[Due]:
    at = {v.name.casefold(): k for k, v in enumerate(nodes) if v.kind == "visit"}
    found = []
    for place, (visits, days) in asked.keep.items():
        ago = asked.ago(place)
        due = due_in(visits, days, ago)
        found.append(Due(place, at[place.casefold()], visits, days, ago, due, chance_today(due, asked.days)))
    return found


def _spots(here: Situation, asked: Out) -> list[Spot]:
    found = spots(here, MOST_SPOTS)
    known = {s.name.casefold() for s in found}
    for name in (*asked.must, *asked.keep, *(v.place for v in asked.joint)):
        if name.casefold() not in known:
            lon, lat, _ = here.point(name)
            found.append(Spot(name, lon, lat, "", 0.0, None, 0))
            known.add(name.casefold())
    return found


def _fresh(asked: Out, name: str) -> float:
    ago = asked.ago(name)
    return float(1 - np.exp(-ago[0] / FADES_DAYS)) if ago else 1.0


def _bases(here: Situation, asked: Out, seen: list[Spot]) -> list[Unit]:
    if asked.bases:
        return [here.unit(name) for name in asked.bases]
    able = [u for u, ok in zip(here.units, responders(here.units), strict=True) if ok]
    if not able:
        raise NotFound("no unit is known here that could send a patrol: add units with `tocsin listen`")
    speed = way_of(asked.mode).straight_kmh[here.season]
    if speed <= 0:
        raise BadInput("nobody moves by {mode} in the {season} season here", mode=asked.mode, season=here.season)
    x, y = np.array([s.lon for s in seen]), np.array([s.lat for s in seen])
    risk = np.array([s.risk for s in seen])
    left = np.ones(len(seen), dtype=bool)
    chosen: list[Unit] = []
    for _ in range(min(3, len(able))):
        near = [distance_km(u.lon, u.lat, x, y) / speed <= (asked.back - asked.leave) / 2 for u in able]
        best = max(range(len(able)), key=lambda k: (float(risk[near[k] & left].sum()), -k))
        if chosen and not (near[best] & left).any():
            break
        chosen.append(able.pop(best))
        left &= ~near[best]
    return chosen


@dataclass(frozen=True)
class _Sent:
    """Who is sent from where; `dry` are the ends where no tank can be filled."""

    asked: Out
    bases: list[Unit]
    ends: list[Unit]
    dry: frozenset[int]

    def patrols(self, nights: Mapping[int, Sequence[int]]) -> tuple[Patrol, ...]:
        """Each base's patrols, day by day, with where they sleep; without fuel there, days share one tank."""
        asked = self.asked
        tank = float("inf") if asked.range_hours is None else asked.range_hours
        found = []
        for b, base in enumerate(self.bases):
            stand = self.stand(base)
            slept = list(nights.get(b, [stand] * (asked.days - 1)))
            ends = [stand, *slept, stand]
            fuel = [tank / share for share in _sharing([n in self.dry and n != stand for n in slept])]
            for k in range(asked.patrols):
                name = base.name if asked.patrols == 1 else f"{base.name} {k + 1}"
                for day in range(asked.days):
                    label = name if asked.days == 1 else f"{name}, day {day + 1}"
                    found.append(Patrol(label, ends[day], ends[day + 1], DAY * day + asked.leave,
                                        DAY * day + asked.back, fuel=fuel[day]))  # fmt: skip
        return tuple(found)

    def stand(self, base: Unit) -> int:
        """The end that a base is."""
        return next(k for k, u in enumerate(self.ends) if (u.lon, u.lat) == (base.lon, base.lat))

    def with_nights(self, problem: Outing) -> tuple[Patrol, ...]:
        """Where each base's patrols sleep: one base and one night after the other, at the best of those near.

        Tried are the base itself, where they slept before, and the nearest others; as if they stayed there until the
        last day, when they have to be home.
        """
        nights: dict[int, list[int]] = {}
        for b, base in enumerate(self.bases):
            own = self.stand(base)
            slept: list[int] = []
            for night in range(self.asked.days - 1):
                before = slept[-1] if slept else own
                away = problem.hours[before, : len(self.ends)]
                near = [int(k) for k in np.argsort(away, kind="stable") if k not in (own, before)][:NIGHTS]
                best = (-1.0, own)
                for place in dict.fromkeys([own, before, *near]):
                    plan = [*slept, *[place] * (self.asked.days - 1 - night)]
                    tried = replace(problem, patrols=self.patrols({**nights, b: plan}), needs={})
                    value = _worth_of(tried, self.asked.seed)
                    if value > best[0] + 1e-9:
                        best = (value, place)
                slept.append(best[1])
            nights[b] = slept
        return self.patrols(nights)


def _sharing(dry: Sequence[bool]) -> list[int]:
    """How many days share one tank, for each day; `dry` says for each night whether no tank can be filled then.

    >>> _sharing([True, True, False])
    [3, 3, 3, 1]
    """
    runs = [[0]]
    for night, none in enumerate(dry, 1):
        runs = [*runs[:-1], [*runs[-1], night]] if none else [*runs, [night]]
    return [len(run) for run in runs for _ in run]


def _freer(problem: Outing, ends: int, asked: Out) -> Outing:
    """The outing with nights anywhere at once: a place as near to everything as the nearest base; nobody is needed."""
    n = len(problem.worth)
    hours = np.zeros((n + 1, n + 1))
    hours[:n, :n] = problem.hours
    hours[n, :n], hours[:n, n] = problem.hours[:ends].min(axis=0), problem.hours[:, :ends].min(axis=1)
    one = np.append
    last = asked.days - 1
    patrols = tuple(
        replace(p, start=p.start if k % asked.days == 0 else n, end=p.end if k % asked.days == last else n)
        for k, p in enumerate(problem.patrols)
    )
    return replace(
        problem, hours=hours, worth=one(problem.worth, 0.0), stay=one(problem.stay, 0.0), opens=one(problem.opens, 0.0),
        closes=one(problem.closes, problem.closes.max()), patrols=patrols, needs={},
        drives=None if problem.drives is None else one(problem.drives, 0.0),
    )  # fmt: skip


def _worth_of(problem: Outing, seed: int) -> float:
    """What a quick search finds the patrols to be worth, places that must be visited more than all else; -1 if none."""
    worth = problem.worth.copy()
    worth[sorted(problem.must)] += worth.sum() + 1.0
    quick = replace(problem, worth=worth, must=frozenset())
    try:
        return solve_outing(quick, seed=seed, rounds=1, steps=QUICK_STEPS, bound=False).value
    except Infeasible:
        return -1.0


def _with_companions(problem: Outing, asked: Out, bases: list[Unit]) -> tuple[Outing, dict[str, list[str]]]:
    """Companions sent with the patrols where they are worth most; those that nothing is gained with stay at home.

    All ways of sending them are looked at where they are few, else one companion after the other.
    """
    if not problem.needs:
        return problem, {c.name: [] for c in asked.companions}
    choices: list[list[int | None]] = []
    for c in asked.companions:
        units = {name.casefold() for name in c.at}
        choices.append([None, *(t for t in range(_teams(asked, bases))
                                if not units or bases[t // asked.patrols].name.casefold() in units)])  # fmt: skip
    several = math.prod(len(c) for c in choices) <= TRIED
    rounds = [choices] if several else [[c if k == turn else [] for k, c in enumerate(choices)]
                                        for turn in range(len(choices))]  # fmt: skip
    chosen: list[int | None] = [None] * len(choices)
    best = _worth_of(problem, asked.seed)
    for some in rounds:
        for tried in itertools.product(*(c or [chosen[k]] for k, c in enumerate(some))):
            value = _worth_of(_joined(problem, asked, tried), asked.seed)
            if value > best + 1e-9:
                best, chosen = value, list(tried)
    joined = _joined(problem, asked, chosen)
    return joined, {c.name: [p.name for p in joined.patrols if c.name in p.brings] for c in asked.companions}


def _joined(problem: Outing, asked: Out, teams: Sequence[int | None]) -> Outing:
    """The problem with each companion aboard a team's patrols, which then keep to its hours."""
    patrols = list(problem.patrols)
    for companion, team in zip(asked.companions, teams, strict=True):
        for day in range(asked.days) if team is not None else ():
            k = (team or 0) * asked.days + day
            p = patrols[k]
            leave, back = max(p.leave, DAY * day + companion.after), min(p.back, DAY * day + companion.before)
            patrols[k] = replace(p, leave=leave, back=max(leave, back),
                                 brings=p.brings | {companion.name, *companion.skills})  # fmt: skip
    return replace(problem, patrols=tuple(patrols))
