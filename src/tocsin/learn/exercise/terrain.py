"""The shape of a fictional country: outline, first-level areas and rivers, in whole numbers.

Positions are (x, y) in units of 1/10,000 degree (about 11 m), east and north. All decisions (inside, crossing, area)
are made on integers and so are exact and the same on every machine.
"""

import itertools
from dataclasses import dataclass
from math import isqrt

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import Infeasible
from tocsin.learn.exercise.dice import Dice
from tocsin.learn.exercise.scenario import Scenario

DEGREE = 10_000
KM = 90  # units a kilometre: 111.2 km a degree; near the equator, so that longitudes shrink by 1.2 % at most
STEP = 1_100  # lines are bent until their pieces are no longer than this

Point = tuple[int, int]
Ring = list[Point]  # closed: the last point is joined to the first

# Sixteen directions, length 1,000.
_ROSE = [(1000, 0), (924, 383), (707, 707), (383, 924)]
_ROSE += [(-y, x) for x, y in _ROSE]
_ROSE += [(-x, -y) for x, y in _ROSE]


@dataclass(frozen=True)
class Terrain:
    """Outline, areas (rings that share their borders exactly) and rivers (lines, source first)."""

    outline: Ring
    areas: list[Ring]
    rivers: list[list[Point]]


def doubled_area(ring: Ring) -> int:
    """Twice the signed area of a ring, square units; positive when it runs anticlockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True))


def inside(ring: Ring, points: list[Point]) -> list[bool]:
    """Which points lie in a ring (even-odd rule; points on the line may be either)."""
    if not points:
        return []
    corners = np.array(ring, dtype=np.int64)
    ax, ay = corners[:, 0], corners[:, 1]
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    p = np.array(points, dtype=np.int64)
    x, y = p[:, :1], p[:, 1:]
    spans = (ay > y) != (by > y)
    side = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
    left = np.where(by > ay, side > 0, side < 0)
    return [bool(odd) for odd in (np.count_nonzero(spans & left, axis=1) % 2)]


def crossings(line: list[Point], other: list[Point]) -> npt.NDArray[np.bool_]:
    """Which pieces of `line` (rows) cross or touch which pieces of `other` (columns)."""
    a, b = np.array(line[:-1], dtype=np.int64)[:, None], np.array(line[1:], dtype=np.int64)[:, None]
    c, d = np.array(other[:-1], dtype=np.int64)[None], np.array(other[1:], dtype=np.int64)[None]

    def side(p: npt.NDArray[np.int64], q: npt.NDArray[np.int64], r: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        cross = (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        return np.asarray(np.sign(cross))

    meets: npt.NDArray[np.bool_] = (side(a, b, c) * side(a, b, d) <= 0) & (side(c, d, a) * side(c, d, b) <= 0)
    return meets


def bend(start: Point, end: Point, dice: Dice, permille: int, step: int = STEP) -> list[Point]:
    """A winding line between two points, both included, by displacing midpoints sideways."""
    line = [start, end]
    while True:
        bent = [line[0]]
        done = True
        for (ax, ay), (bx, by) in itertools.pairwise(line):
            if (bx - ax) ** 2 + (by - ay) ** 2 > step * step:
                r = dice.between(-permille, permille)
                bent.append(((ax + bx) // 2 - (by - ay) * r // 1000, (ay + by) // 2 + (bx - ax) * r // 1000))
                done = False
            bent.append((bx, by))
        line = bent
        if done:
            return line


def _is_simple(ring: Ring) -> bool:
    closed = [*ring, ring[0]]
    meets = crossings(closed, closed)
    n = len(ring)
    at = np.arange(n)
    for shift in (-1, 0, 1):
        meets[at, (at + shift) % n] = False
    return not meets.any()


def _outline(scenario: Scenario, dice: Dice) -> Ring:
    centre = (scenario.centre_lon * DEGREE, scenario.centre_lat * DEGREE)
    for _ in range(500):
        corners = []
        for x, y in _ROSE:
            length = dice.between(21_000, 33_000)
            corners.append((x * length // 1000, y * length // 1000))
        ring = [p for a, b in zip(corners, corners[1:] + corners[:1], strict=True) for p in bend(a, b, dice, 260)[:-1]]
        # Scale to the area asked for, so that every seed gives a country of the same size.
        want, have = 2 * scenario.area_sq_deg * DEGREE**2, doubled_area(ring)
        if have <= 0:
            continue
        scale = isqrt(want * 10**12 // have)
        ring = [(x * scale // 10**6, y * scale // 10**6) for x, y in ring]
        fits = all(abs(x) < 4 * DEGREE and abs(y) < 4 * DEGREE for x, y in ring)
        if fits and len(set(ring)) == len(ring) and _is_simple(ring):
            return [(x + centre[0], y + centre[1]) for x, y in ring]
    raise Infeasible("no outline of {size} square degrees fits: ask for a smaller country", size=scenario.area_sq_deg)


def _split(ring: Ring, dice: Dice) -> tuple[Ring, Ring] | None:
    """Cut a ring in two of similar size along a short winding line between two of its corners."""
    n, whole = len(ring), doubled_area(ring)
    chords = []
    for _ in range(160):
        i, j = sorted((dice.below(n), dice.below(n)))
        if j - i < 3 or n - (j - i) < 3:
            continue
        part = doubled_area(ring[i : j + 1])
        if 2 * whole < 5 * part < 3 * whole:
            length = (ring[i][0] - ring[j][0]) ** 2 + (ring[i][1] - ring[j][1]) ** 2
            chords.append((length, i, j))
    for _, i, j in sorted(chords)[:40]:
        line = bend(ring[i], ring[j], dice, 170)
        middle = line[1:-1]
        if len(middle) < 3 or not all(inside(ring, middle)):
            continue
        if crossings(line[1:-1], [*ring, ring[0]]).any() or not _is_simple([*ring[j:], *ring[: i + 1], *middle]):
            continue
        one, two = [*ring[i:j], *line[:0:-1]], [*ring[j:], *ring[:i], *line[:-1]]
        if _is_simple(one) and _is_simple(two):
            return one, two
    return None


def _areas(outline: Ring, count: int, dice: Dice) -> list[Ring]:
    rings = [outline]
    stuck = 0
    while len(rings) < count:
        rings.sort(key=lambda r: (-doubled_area(r), r[0]))
        parts = _split(rings[0], dice)
        if parts is None:
            stuck += 1
            if stuck > 200:
                raise Infeasible("the country cannot be cut into {count} areas: ask for fewer", count=count)
            continue
        rings = [*parts, *rings[1:]]
    # Numbered from north to south, as a reader of a map would.
    return sorted(rings, key=lambda r: (-sum(y for _, y in r) // len(r), r[0]))


def _rivers(outline: Ring, count: int, dice: Dice) -> list[list[Point]]:
    middle = (sum(x for x, _ in outline) // len(outline), sum(y for _, y in outline) // len(outline))
    rivers: list[list[Point]] = []
    mouth, n = dice.below(len(outline)), len(outline)
    for number in range(count):
        for _ in range(80):
            at = outline[(mouth + number * n // count + dice.between(-n // 30, n // 30)) % n]
            source = (
                middle[0] + (at[0] - middle[0]) * dice.between(5, 30) // 100 + dice.spread(1_500),
                middle[1] + (at[1] - middle[1]) * dice.between(5, 30) // 100 + dice.spread(1_500),
            )
            if _flows(line := bend(source, at, dice, 200, 700), outline, rivers):
                rivers.append(line)
                break
    for main in list(rivers):
        for _ in range(40):
            joins = main[dice.between(len(main) // 3, 2 * len(main) // 3)]
            source = (joins[0] + dice.spread(6_000), joins[1] + dice.spread(6_000))
            far = (joins[0] - source[0]) ** 2 + (joins[1] - source[1]) ** 2 > 6_000**2
            if far and _flows((line := bend(source, joins, dice, 200, 700))[:-1], outline, rivers):
                rivers.append(line)
                break
    return rivers


def _flows(line: list[Point], outline: Ring, rivers: list[list[Point]]) -> bool:
    """Whether a river stays on land up to its mouth and meets no other."""
    if len(line) < 8 or not all(inside(outline, line[:-1])):
        return False
    return not any(crossings(line[:-1], other).any() for other in rivers)


def shape_country(scenario: Scenario) -> Terrain:
    """Outline, first-level areas and rivers of a scenario's country.

    Raises
    ------
    Infeasible
        If the numbers asked for leave no such country.
    """
    outline = _outline(scenario, Dice(scenario.seed, "outline"))
    areas = _areas(outline, scenario.areas, Dice(scenario.seed, "areas"))
    return Terrain(outline, areas, _rivers(outline, scenario.rivers, Dice(scenario.seed, "rivers")))


def land_by_cell(outline: Ring, step: int = 100) -> dict[tuple[int, int], int]:
    """Land in each half-degree cell, in small squares of `step` units, keyed by (column, row) of 5,000 units.

    Counted along scan lines. Cells that the outline passes through without holding a small square count as 1.
    """
    found: dict[tuple[int, int], int] = {}
    edges = list(zip(outline, outline[1:] + outline[:1], strict=True))
    south, north = min(y for _, y in outline), max(y for _, y in outline)
    for line in range(south // step, north // step + 1):
        y = line * step + step // 2
        meets = sorted(ax + (y - ay) * (bx - ax) // (by - ay) for (ax, ay), (bx, by) in edges if (ay > y) != (by > y))
        for west, east in zip(meets[::2], meets[1::2], strict=True):
            for square in range(west // step + 1, east // step):
                key = (square * step // 5_000, y // 5_000)
                found[key] = found.get(key, 0) + 1
    for start, end in edges:
        for key in _cells_along(start, end):
            found.setdefault(key, 1)
    return found


def _cells_along(start: Point, end: Point) -> list[tuple[int, int]]:
    """Half-degree cells (column, row) that a line shorter than a cell passes through: one, two or three."""
    (ax, ay), (bx, by) = sorted((start, end))
    first, last = (ax // 5_000, ay // 5_000), (bx // 5_000, by // 5_000)
    if first[0] == last[0] or first[1] == last[1]:
        return [first, last]
    # It passes a corner of the lattice on one side or the other, and so through a third cell.
    x, y = last[0] * 5_000, max(first[1], last[1]) * 5_000
    below = (x - ax) * (by - ay) < (y - ay) * (bx - ax)
    row = min(first[1], last[1]) if below else max(first[1], last[1])
    return [first, (first[0], row), (last[0], row), last]
