"""Where people live in a fictional country, and the roads between them."""

from dataclasses import dataclass, replace
from math import isqrt

from tocsin.core.errors import Infeasible
from tocsin.learn.exercise.dice import Dice
from tocsin.learn.exercise.names import alternates, invent
from tocsin.learn.exercise.scenario import Scenario
from tocsin.learn.exercise.terrain import KM, Point, Ring, Terrain, bend, crossings, inside, shape_country


@dataclass(frozen=True)
class Settlement:
    """A town or village; `area` and `district` are indices; `cut` means no open road to the capital when it is wet."""

    name: str
    alternates: tuple[str, ...]
    at: Point
    population: int
    area: int
    district: int
    rank: str  # capital, chief, district or village
    cut: bool = False


@dataclass(frozen=True)
class Road:
    """A road between two settlements (indices); `crosses` are indices of rivers."""

    ends: tuple[int, int]
    line: tuple[Point, ...]
    kind: str  # trunk or track
    crosses: tuple[int, ...]
    bridge: bool
    wet_open: bool


@dataclass(frozen=True)
class Area:
    """A first-level area; `chief` is the index of its chief town, `districts` those of its districts' towns."""

    code: str
    name: str
    ring: Ring
    chief: int
    districts: tuple[int, ...]


@dataclass(frozen=True)
class Country:
    """The ground on which a scenario plays; the settlement with index `capital` is the capital."""

    terrain: Terrain
    areas: list[Area]
    settlements: list[Settlement]
    roads: list[Road]
    rivers: list[str]
    capital: int


def distance(a: Point, b: Point) -> int:
    """Distance in km, whole, rounded down."""
    return isqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) // KM


def _random_inside(ring: Ring, dice: Dice) -> Point:
    west, east = min(x for x, _ in ring), max(x for x, _ in ring)
    south, north = min(y for _, y in ring), max(y for _, y in ring)
    while True:
        points = [(dice.between(west, east), dice.between(south, north)) for _ in range(8)]
        for point, good in zip(points, inside(ring, points), strict=True):
            if good:
                return point


def _sites(scenario: Scenario, terrain: Terrain, dice: Dice) -> tuple[list[Point], list[int], int]:
    """Places to live, the area of each, and which area holds the capital; the first of each area is its chief town."""
    coast = [sum(1 for p in ring if p in set(terrain.outline)) for ring in terrain.areas]
    first_area = coast.index(max(coast))
    sites: list[Point] = []
    homes: list[int] = []
    for number, ring in enumerate(terrain.areas):
        options = [_random_inside(ring, dice) for _ in range(24)]
        shore = terrain.outline if number == first_area else ring
        room = [min(distance(p, q) for q in shore) for p in options]
        # Ports lie by the sea; other chief towns lie well inside their area.
        wish = [abs(r - 6) for r in room] if number == first_area else [-r for r in room]
        sites.append(options[wish.index(min(wish))])
        homes.append(number)
    stream = [p for river in terrain.rivers for p in river]
    tries = 0
    while len(sites) < scenario.settlements:
        tries += 1
        if tries > 200 * scenario.settlements:
            raise Infeasible("no room for {count} settlements: ask for fewer", count=scenario.settlements)
        way = dice.weighted([62, 22, 16])
        if way == 0:
            point = _random_inside(terrain.outline, dice)
        else:
            near = dice.pick(sites) if way == 1 else dice.pick(stream)
            width = 25 * KM if way == 1 else 4 * KM
            point = (near[0] + dice.spread(width), near[1] + dice.spread(width))
        if any(distance(point, q) < 7 for q in sites):
            continue
        area = next((n for n, ring in enumerate(terrain.areas) if inside(ring, [point])[0]), None)
        if area is not None and inside(terrain.outline, [point])[0]:
            sites.append(point)
            homes.append(area)
    return sites, homes, first_area


def _population(rank: str, dice: Dice) -> int:
    low, high = {"capital": (540, 760), "chief": (28, 95), "district": (7, 26), "village": (4, 60)}[rank]
    people = dice.between(low * 1000, high * 1000)
    if rank == "village":
        people //= dice.between(8, 24)  # most villages are small, a few are not
    return people


def _reached(start: int, count: int, edges: list[tuple[int, int]]) -> set[int]:
    ways: dict[int, list[int]] = {n: [] for n in range(count)}
    for a, b in edges:
        ways[a].append(b)
        ways[b].append(a)
    found, todo = {start}, [start]
    while todo:
        for other in ways[todo.pop()]:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _links(sites: list[Point], outline: Ring, dice: Dice) -> list[tuple[int, int]]:
    """Which settlements a road joins: the shortest tree over land, and some short cuts."""

    def over_land(a: Point, b: Point) -> bool:
        return all(
            inside(outline, [(a[0] + (b[0] - a[0]) * k // 12, a[1] + (b[1] - a[1]) * k // 12) for k in range(1, 12)])
        )

    def cost(a: int, b: int) -> int:
        base = distance(sites[a], sites[b])
        return base if base > 120 or over_land(sites[a], sites[b]) else base + 1_000

    n = len(sites)
    edges: set[tuple[int, int]] = set()
    best = {other: (cost(0, other), 0) for other in range(1, n)}
    while best:
        new = min(best, key=lambda k: (best[k][0], k))
        edges.add(_edge(new, best.pop(new)[1]))
        for other in best:
            if distance(sites[new], sites[other]) < best[other][0]:
                best[other] = min(best[other], (cost(new, other), new))
    for a in range(n):
        order = sorted((k for k in range(n) if k != a), key=lambda k: (distance(sites[a], sites[k]), k))
        for b in order[:3]:
            if dice.chance(0.35) and over_land(sites[a], sites[b]):
                edges.add(_edge(a, b))
    return sorted(edges)


def _edge(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _trunks(capital: int, chiefs: list[int], sites: list[Point], links: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Links on the shortest ways from the capital to the chief towns."""
    ways: dict[int, list[tuple[int, int]]] = {n: [] for n in range(len(sites))}
    for a, b in links:
        length = distance(sites[a], sites[b]) + 3
        ways[a].append((b, length))
        ways[b].append((a, length))
    reach, came, done = {capital: 0}, {capital: capital}, set[int]()
    while len(done) < len(reach):
        at = min((k for k in reach if k not in done), key=lambda k: (reach[k], k))
        done.add(at)
        for other, length in ways[at]:
            if other not in reach or reach[at] + length < reach[other]:
                reach[other], came[other] = reach[at] + length, at
    found = set()
    for chief in chiefs:
        at = chief
        while at in came and at != capital:
            found.add(_edge(at, came[at]))
            at = came[at]
    return found


def _roads(capital: int, chiefs: list[int], sites: list[Point], terrain: Terrain, dice: Dice) -> list[Road]:
    links = _links(sites, terrain.outline, dice)
    trunks = _trunks(capital, chiefs, sites, links)
    roads = []
    for a, b in links:
        trunk = (a, b) in trunks
        line = [sites[a], sites[b]]
        for _ in range(6):
            winding = bend(sites[a], sites[b], dice, 70 if trunk else 120, 900)
            if all(inside(terrain.outline, winding)):
                line = winding
                break
        over = tuple(n for n, river in enumerate(terrain.rivers) if crossings(line, river).any())
        bridge = bool(over) and (trunk or dice.chance(0.5))
        is_open = (bridge or not over) and (trunk or dice.chance(0.75))
        roads.append(Road((a, b), tuple(line), "trunk" if trunk else "track", over, bridge, is_open))
    return roads


def build_country(scenario: Scenario) -> Country:
    """Areas, settlements, roads and rivers of a scenario.

    Raises
    ------
    Infeasible
        If the numbers asked for leave no such country.
    """
    terrain = shape_country(scenario)
    dice = Dice(scenario.seed, "settlements")
    sites, homes, first_area = _sites(scenario, terrain, dice)
    names = invent(scenario.settlements + len(terrain.areas) + len(terrain.rivers), Dice(scenario.seed, "names"))
    ranks = ["village"] * len(sites)
    for number in range(len(terrain.areas)):
        ranks[number] = "capital" if number == first_area else "chief"
    areas = []
    for number, ring in enumerate(terrain.areas):
        members = [k for k, home in enumerate(homes) if home == number]
        towns = [number, *dice.sample(members[1:], min(3, len(members) // 5))]
        for town in towns[1:]:
            ranks[town] = "district"
        label = names[scenario.settlements + number].split(" ")[0]
        areas.append(Area(f"{scenario.code}-{number + 1:02d}", label, ring, number, tuple(towns)))
    settlements = []
    spelling = Dice(scenario.seed, "spelling")
    for number, (point, home, rank) in enumerate(zip(sites, homes, ranks, strict=True)):
        towns_here = areas[home].districts
        district = min(towns_here, key=lambda t: (distance(sites[t], point), t))
        others = tuple(alternates(names[number], spelling))
        settlements.append(Settlement(names[number], others, point, _population(rank, dice), home, district, rank))
    chiefs = [a.chief for a in areas]
    roads = _roads(first_area, chiefs, sites, terrain, Dice(scenario.seed, "roads"))
    linked = _reached(first_area, len(sites), [r.ends for r in roads if r.wet_open])
    settlements = [replace(s, cut=n not in linked) for n, s in enumerate(settlements)]
    rivers = [n.split(" ")[0] for n in names[scenario.settlements + len(terrain.areas) :]]
    return Country(terrain, areas, settlements, roads, rivers, first_area)
