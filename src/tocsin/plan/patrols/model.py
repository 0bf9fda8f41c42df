"""Places worth a visit, patrols that can make it, and the routes they take."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Patrol:
    """One patrol on one day: where it starts and ends, and between which hours it is out.

    `start` and `end` are places of the problem; times are hours on the problem's clock (day two begins at 24). What it
    can load is `carries`; it costs `fixed` when it goes out at all and `cost` for each hour of travel, in the units of
    worth; it is out no longer than `longest` hours, and then may leave later than `leave`. It leaves with full tanks,
    good for `fuel` hours of driving, and may fill them at the problem's `pumps`. `brings` names who and what is aboard
    that a visit can need.
    """

    name: str
    start: int
    end: int
    leave: float
    back: float
    carries: float = float("inf")
    cost: float = 0.0
    fixed: float = 0.0
    longest: float = float("inf")
    fuel: float = float("inf")
    brings: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse patrols that end before they begin."""
        if not self.leave <= self.back:
            raise BadInput("patrol {name} must be back at {back}, before it leaves at {leave}", name=self.name,
                           back=self.back, leave=self.leave)  # fmt: skip
        if not (self.carries >= 0 and self.cost >= 0 and self.fixed >= 0 and self.longest >= 0 and self.fuel >= 0):
            raise BadInput("patrol {name}: load, costs, fuel and longest hours are zero or more", name=self.name)


@dataclass(frozen=True)
class Outing:
    """A team orienteering problem with time windows: who visits what, so that the visits are worth most.

    Parameters
    ----------
    hours : ndarray, shape (n, n)
        Travel time between places; inf where there is no way. A visit may end elsewhere than it begins (an escort): its
        column is then to where it begins and its row from where it ends.
    worth : ndarray, shape (n,)
        Value of a visit; each place is visited at most once. Bases have 0.
    stay : ndarray, shape (n,)
        Hours a visit takes.
    opens, closes : ndarray, shape (n,)
        A visit begins within these hours; a patrol that comes early waits.
    patrols : tuple of Patrol
    must : frozenset of int
        Places that must be visited.
    load : ndarray, shape (n,), or None
        What a visit takes of what a patrol carries; None: nothing.
    drives : ndarray, shape (n,), or None
        Hours of each stay that are driven (the way of an escort) and take fuel; None: none.
    needs : mapping of place → names
        What a patrol must bring, all of it, to make a visit.
    pumps : frozenset of int
        Places where tanks are filled; worth nothing, and visited once each like all places.
    """

    hours: Floats
    worth: Floats
    stay: Floats
    opens: Floats
    closes: Floats
    patrols: tuple[Patrol, ...]
    must: frozenset[int] = frozenset()
    load: Floats | None = None
    drives: Floats | None = None
    needs: Mapping[int, frozenset[str]] = field(default_factory=dict)
    pumps: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Refuse problems that cannot be."""
        n = len(self.worth)
        if self.hours.shape != (n, n) or any(v.shape != (n,) for v in (self.stay, self.opens, self.closes)):
            raise BadInput("an outing needs a travel time between all places and a stay and window for each")
        if np.isnan(self.hours).any() or np.any(self.hours < 0) or not np.all(self.stay >= 0):
            raise BadInput("travel times and stays must be zero or more")
        if not np.all(np.isfinite(self.worth) & (self.worth >= 0)):
            raise BadInput("the worth of a visit must be a number of zero or more")
        if self.load is not None and (self.load.shape != (n,) or not np.all(np.isfinite(self.load) & (self.load >= 0))):
            raise BadInput("what visits take of the load must be numbers of zero or more, one a place")
        if self.drives is not None and (
            self.drives.shape != (n,) or not np.all((self.drives >= 0) & (self.drives <= self.stay))
        ):
            raise BadInput("the hours driven on a visit are part of its stay, one number a place")
        if any(not 0 <= p < n for p in (*self.pumps, *self.needs)) or self.worth[list(self.pumps)].any():
            raise BadInput(
                "places with fuel or with needs are places of the outing, and filling tanks is worth nothing"
            )
        if not self.patrols:
            raise BadInput("there is no patrol to plan for")
        if self.has_costs and (self.needs or any(np.isfinite(p.fuel) for p in self.patrols)):
            raise BadInput(
                "patrols that carry loads or cost something cannot yet have limited fuel or visits that need somebody: "
                "leave out loads, costs and longest hours, or the fuel and the needs"
            )
        for patrol in self.patrols:
            if not (0 <= patrol.start < n and 0 <= patrol.end < n):
                raise BadInput("patrol {name} starts or ends at a place that does not exist", name=patrol.name)

    @property
    def ends(self) -> frozenset[int]:
        """Places where patrols start or end: these are not visited."""
        return frozenset(p.start for p in self.patrols) | frozenset(p.end for p in self.patrols)

    @property
    def has_costs(self) -> bool:
        """Whether loads, costs or longest hours are in it, so that visiting everything in reach is not simply best."""
        return self.load is not None or any(p.cost or p.fixed or p.longest < p.back - p.leave for p in self.patrols)

    def can(self, patrol: Patrol, place: int) -> bool:
        """Whether a patrol brings what a visit needs."""
        return place not in self.needs or self.needs[place] <= patrol.brings

    def digest(self) -> str:
        """SHA-256 (16 hex digits) of what is solved."""
        found = hashlib.sha256()
        for part in (self.hours, self.worth, self.stay, self.opens, self.closes):
            found.update(np.ascontiguousarray(part).tobytes())
        if self.load is not None:
            found.update(np.ascontiguousarray(self.load).tobytes())
        if self.drives is not None:
            found.update(np.ascontiguousarray(self.drives).tobytes())
        found.update(repr((sorted((k, sorted(v)) for k, v in self.needs.items()), sorted(self.pumps))).encode())
        plain = [(*(v for k, v in vars(p).items() if k != "brings"), sorted(p.brings)) for p in self.patrols]
        found.update(repr((plain, sorted(self.must))).encode())
        return found.hexdigest()[:16]


@dataclass(frozen=True)
class Routes:
    """The visits of each patrol in order, and how good that is.

    Parameters
    ----------
    visits : tuple of tuple of int
        Places of each patrol in the order of the problem's patrols, without where it starts and ends.
    value : float
        Worth of the places visited.
    bound : float
        No plan is worth more.
    hours : tuple of float
        Hours each patrol is out (waiting included).
    cost : float
        Of all patrols that go out; 0 where patrols cost nothing. `bound` is on the worth before it.
    method : str
    seed : int
    data_hash : str
    """

    visits: tuple[tuple[int, ...], ...]
    value: float
    bound: float
    hours: tuple[float, ...]
    method: str
    seed: int
    data_hash: str
    cost: float = 0.0

    @property
    def gap(self) -> float:
        """``(bound - value) / bound``; 0 is proven."""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0


def times(problem: Outing, patrol: Patrol, visits: tuple[int, ...] | list[int]) -> tuple[list[float], float] | None:
    """When each visit begins and when the patrol is back, leaving at its first hour; None if it cannot.

    It cannot either when it does not bring what a visit needs, or would run out of fuel. A hair (1e-6 h) over a window
    or the hour of return is forgiven.
    """
    if problem.needs and not all(problem.can(patrol, place) for place in visits):
        return None
    if patrol.fuel < np.inf and fuel_used(problem, patrol, visits) is None:
        return None
    leave = patrol.leave if patrol.longest >= patrol.back - patrol.leave else _latest_start(problem, patrol, visits)
    if leave is None:
        return None
    clock, at = leave, patrol.start
    begun = []
    for place in visits:
        clock = max(clock + problem.hours[at, place], problem.opens[place])
        if not clock <= problem.closes[place] + 1e-6:
            return None
        begun.append(float(clock))
        clock += problem.stay[place]
        at = place
    clock += problem.hours[at, patrol.end]
    return (begun, float(clock)) if clock <= min(patrol.back, leave + patrol.longest) + 1e-6 else None


def fuel_used(problem: Outing, patrol: Patrol, visits: tuple[int, ...] | list[int]) -> list[float] | None:
    """Hours driven on one filling of the tanks, after each visit and at the end; None if they run dry.

    Parameters
    ----------
    visits : places in order; at one of the problem's pumps the tanks are filled
    """
    since, at = 0.0, patrol.start
    found: list[float] = []
    for place in (*visits, patrol.end):
        since += float(problem.hours[at, place])
        if problem.drives is not None and len(found) < len(visits):
            since += float(problem.drives[place])
        if since > patrol.fuel + 1e-6:
            return None
        found.append(since)
        if place in problem.pumps and len(found) <= len(visits):
            since = 0.0
        at = place
    return found


def driven(problem: Outing, patrol: Patrol, visits: tuple[int, ...] | list[int]) -> float:
    """Hours of driving of a route, those of escorts included; none for a patrol that stays at home."""
    if not len(visits):
        return 0.0
    way = [patrol.start, *visits, patrol.end]
    inside = 0.0 if problem.drives is None else float(problem.drives[list(visits)].sum())
    return float(problem.hours[way[:-1], way[1:]].sum()) + inside


def _latest_start(problem: Outing, patrol: Patrol, visits: tuple[int, ...] | list[int]) -> float | None:
    """Latest hour of leaving at which the patrol waits least and is back as early as can be; None if it cannot."""
    clock, at, slack = patrol.leave, patrol.start, np.inf
    waited = 0.0
    for place in visits:
        clock += problem.hours[at, place]
        waited += max(0.0, problem.opens[place] - clock)
        clock = max(clock, problem.opens[place])
        if clock > problem.closes[place] + 1e-6:
            return None
        slack = min(slack, waited + max(0.0, problem.closes[place] - clock))
        clock += problem.stay[place]
        at = place
    # Leaving later eats waiting first: as late as no window closes and the hour of return stays what it is.
    return patrol.leave + min(waited, slack)


def cost_of(problem: Outing, visits: tuple[tuple[int, ...], ...]) -> float:
    """What the patrols that go out cost: their fixed cost and their hours of travel."""
    total = 0.0
    for patrol, route in zip(problem.patrols, visits, strict=True):
        if route:
            way = [patrol.start, *route, patrol.end]
            total += patrol.fixed + patrol.cost * float(problem.hours[way[:-1], way[1:]].sum())
    return total


def check_routes(problem: Outing, visits: tuple[tuple[int, ...], ...]) -> float:
    """The worth of a plan, or a sentence on why it is none: recomputed from the data alone."""
    if len(visits) != len(problem.patrols):
        raise BadInput("the plan has {given} routes for {asked} patrols", given=len(visits), asked=len(problem.patrols))
    seen: set[int] = set()
    for patrol, route in zip(problem.patrols, visits, strict=True):
        if times(problem, patrol, route) is None:
            raise BadInput("patrol {name} cannot keep its times", name=patrol.name)
        if problem.load is not None and problem.load[list(route)].sum() > patrol.carries + 1e-6:
            raise BadInput("patrol {name} carries less than its visits take", name=patrol.name)
        for place in route:
            if place in seen or place in problem.ends:
                raise BadInput("place {place} is visited twice, or is a base", place=place)
            seen.add(place)
    missing = problem.must - seen
    if missing:
        raise BadInput("places that must be visited are not: {places}", places=sorted(missing))
    return float(problem.worth[sorted(seen)].sum())
