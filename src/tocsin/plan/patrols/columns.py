"""The linear program over patrol routes, priced by ways that may come back; and the routes a better plan could have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.plan.patrols.model import Floats, Ints, Outing, Patrol, times

Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Route = tuple[int, ...]

REMINDED = 4  # near places that a place reminds of, at first
LABELS = 400_000  # of one patrol, made at a time, before its ways count as too many
TURNS = 60  # of the linear program, in one proof
COLUMNS = 100  # routes taken up in a turn, a kind of patrol
HELD = 1_500  # routes in the linear program at most
LISTED = 1_000_000  # parts of routes looked at, at a time, in listing those that could better a plan
CHOICES = 5_000  # routes among which the proof is left to branch and bound
EASE = 1e-6
SLIGHT = 1e-7
MOST = 128  # places; more have no room in a label


@dataclass
class _Kind:
    """Patrols that differ by name alone: the places each could visit, and times between these, its start and end."""

    patrol: Patrol
    members: list[int]
    places: Ints
    hours: Floats
    stay: Floats
    opens: Floats
    closes: Floats
    plain: bool  # no way is shorter by a detour

    @classmethod
    def of(cls, problem: Outing, members: list[int], clients: Ints) -> "_Kind":
        patrol = replace(problem.patrols[members[0]], fuel=np.inf)
        places = np.array([p for p in clients if problem.can(patrol, int(p))], dtype=np.int64)
        stops = np.r_[places, patrol.start, patrol.end].astype(np.int64)
        hours = np.where(np.isfinite(problem.hours), problem.hours, 1e9)[np.ix_(stops, stops)].astype(np.float64)
        stay = problem.stay[places].astype(np.float64)
        plain = all(bool((hours <= hours[:, [k]] + stay[k] + hours[[k], :] + 1e-12).all()) for k in range(len(places)))
        return cls(patrol, members, places, hours, stay, problem.opens[places].astype(np.float64),
                   problem.closes[places].astype(np.float64), plain)  # fmt: skip

    def backwards(self) -> "_Kind":
        """The same with time running the other way: from the end to the start."""
        k = len(self.places)
        order = np.r_[np.arange(k), k + 1, k]
        patrol = replace(self.patrol, leave=-self.patrol.back, back=-self.patrol.leave)
        return _Kind(patrol, self.members, self.places, np.ascontiguousarray(self.hours.T[np.ix_(order, order)]),
                     self.stay, -(self.closes + self.stay), -(self.opens + self.stay), self.plain)  # fmt: skip


class _Labels:
    """Labels of one kind of patrol at given gains."""

    def __init__(
        self, kind: _Kind, gain: Floats, reminds: Flags, effort: Ints, *, all_places: bool = False, loose: bool = False
    ) -> None:
        from tocsin.plan.patrols.columnloops import label_routes

        keep = np.flatnonzero(gain > 0) if kind.plain and not all_places else np.arange(len(gain))
        self.kind, self.keep = kind, keep
        n = len(keep)
        stops = np.r_[keep, len(gain), len(gain) + 1]
        self.place, self.parent = np.empty(LABELS, dtype=np.int64), np.empty(LABELS, dtype=np.int64)
        self.when, self.value = np.empty(LABELS), np.empty(LABELS)
        memory, alive = np.empty((LABELS, 2), dtype=np.uint64), np.empty(LABELS, dtype=np.bool_)
        self.made = label_routes(
            np.ascontiguousarray(kind.hours[np.ix_(stops, stops)]), gain[keep], kind.stay[keep], kind.opens[keep],
            kind.closes[keep], float(kind.patrol.leave), float(kind.patrol.back), _bits(reminds[np.ix_(keep, keep)]),
            self.place, self.when, self.value, memory, self.parent, alive, effort, loose,
        ) if n else 0  # fmt: skip

    @property
    def most(self) -> float:
        """What the best way gains; nothing for staying at home."""
        return float(max(0.0, self.value[: self.made].max(initial=0.0)))

    def ways(self, above: float, many: int) -> list[Route]:
        """The best ways that gain more than so much, as places of the problem; some may visit a place twice."""
        good = np.flatnonzero(self.value[: self.made] > above)
        good = good[np.argsort(-self.value[good], kind="stable")][: 4 * many]
        found: dict[Route, Route] = {}
        for label in good.tolist():
            way, at = [], label
            while at >= 0:
                way.append(int(self.kind.places[self.keep[self.place[at]]]))
                at = self.parent[at]
            found.setdefault(tuple(sorted(way)), tuple(way[::-1]))
            if len(found) >= many:
                break
        return list(found.values())


def _bits(reminds: Flags) -> Words:
    """Rows of truth values as bits, shape (k, 2)."""
    k = len(reminds)
    wide = np.zeros((k, MOST), dtype=np.uint64)
    wide[:, :k] = reminds
    shifted = wide.reshape(k, 2, 64) << np.arange(64, dtype=np.uint64)
    return np.ascontiguousarray(np.bitwise_or.reduce(shifted, axis=2))


class RouteProgram:
    """The linear program over routes: each place once, each kind of patrol as often as there are; its dual prices."""

    def __init__(self, problem: Outing, clients: Ints, routes: Iterable[Route], effort: int) -> None:
        kinds: dict[Patrol, list[int]] = {}
        for k, p in enumerate(problem.patrols):
            kinds.setdefault(replace(p, name=""), []).append(k)
        self.problem, self.clients = problem, clients
        self.kinds = [_Kind.of(problem, members, clients) for members in kinds.values()]
        self.columns: list[tuple[int, Route]] = []
        self._known: set[tuple[int, Route]] = set()
        for route in [*((int(p),) for p in clients), *routes]:
            for g, kind in enumerate(self.kinds):
                if times(problem, kind.patrol, route) is not None:
                    self.take(g, route)
        self.reminds = []
        for kind in self.kinds:
            k = len(kind.places)
            near = np.argsort(kind.hours[:k, :k] + kind.hours[:k, :k].T, axis=0, kind="stable")[: REMINDED + 1]
            table = np.zeros((k, k), dtype=np.bool_)
            np.put_along_axis(table, near, values=True, axis=0)
            self.reminds.append(table | np.eye(k, dtype=np.bool_))
        self.row_of = np.full(len(problem.worth), -1, dtype=np.int64)
        self.row_of[clients] = np.arange(len(clients))
        # Of the turn with the least bound: prices of places, and what the best way of each kind gains at them.
        self.prices = problem.worth[clients].astype(np.float64)
        self.mosts = [0.0 for _ in self.kinds]
        self.bound = float(self.prices.sum())
        self.share = np.zeros(0)
        self.effort, self.turns = np.array([effort], dtype=np.int64), TURNS

    def take(self, g: int, route: Route) -> bool:
        """Take up a route of a kind of patrol, unless one with the same visits is known."""
        key = (g, tuple(sorted(route)))
        if key in self._known:
            return False
        self._known.add(key)
        self.columns.append((g, route))
        return True

    def solve(self, enough: float) -> bool:
        """Add routes until none is missing or the bound is under `enough`; False if that takes too much."""
        from scipy.optimize import linprog
        from scipy.sparse import coo_matrix

        if not self.columns:
            return False
        n, many = len(self.clients), np.array([len(k.members) for k in self.kinds], dtype=np.float64)
        worth = self.problem.worth[self.clients]
        loose = True
        while self.turns > 0:
            self.turns -= 1
            loose = loose and self.turns > 0
            row = [self.row_of[p] for _, r in self.columns for p in r] + [n + g for g, _ in self.columns]
            col = [k for k, (_, r) in enumerate(self.columns) for _ in r] + list(range(len(self.columns)))
            shape = (n + len(many), len(self.columns))
            matrix = coo_matrix((np.ones(len(row)), (row, col)), shape=shape).tocsr()
            gain = np.array([float(self.problem.worth[list(r)].sum()) for _, r in self.columns])
            solved = linprog(-gain, A_ub=matrix, b_ub=np.r_[np.ones(n), many], bounds=(0, None), method="highs-ds")
            prices = np.maximum(0.0, -solved.ineqlin.marginals)
            self.share = solved.x
            if len(self.columns) > HELD:  # those nearest to being used stay
                gain = gain - matrix.T @ prices
                stay = np.sort(np.argsort(-gain, kind="stable")[: HELD // 2])
                self.columns, self.share = [self.columns[k] for k in stay.tolist()], solved.x[stay]
                self._known = {(g, tuple(sorted(r))) for g, r in self.columns}
            prices, rent = prices[:n], prices[n:]
            total, new, mosts = float(prices.sum()), 0, []
            for g, kind in enumerate(self.kinds):
                gains = (worth - prices)[self.row_of[kind.places]]
                labels = _Labels(kind, gains, self.reminds[g], self.effort, loose=loose)
                if labels.made < 0:
                    return False
                mosts.append(labels.most)
                total += many[g] * labels.most
                new += sum(self.take(g, r) for r in labels.ways(rent[g] + SLIGHT, COLUMNS))
            if loose:  # not all ways were followed: no bound, and all are when these say nothing new
                loose = new > 0
                continue
            loose = True
            if total < self.bound:
                self.bound, self.prices, self.mosts = total, prices, mosts
            if not new or self.bound < enough:
                return True
        return False

    def forget_less(self) -> int:
        """Have places remind of those that used routes visit twice on the way from them; how many were added."""
        added = 0
        for (g, route), share in zip(self.columns, self.share, strict=False):
            if share < EASE or len(set(route)) == len(route):
                continue
            places = self.kinds[g].places
            index = [int(np.searchsorted(places, p)) for p in route]
            last: dict[int, int] = {}
            for k, p in enumerate(index):
                for q in index[last[p] + 1 : k] if p in last else ():
                    added += not self.reminds[g][q, p]
                    self.reminds[g][q, p] = True
                last[p] = k
        return added


def list_routes(program: RouteProgram, g: int, least: float, room: int = LISTED) -> list[Route] | None:
    """Routes of a kind of patrol that gain at least so much at the program's prices, each set of places once.

    A part of a route is given up when even the best way on from it, revisits allowed, gains too little.
    None when they are too many.
    """
    kind, problem = program.kinds[g], program.problem
    k = len(kind.places)
    gain = (problem.worth[program.clients] - program.prices)[program.row_of[kind.places]]
    back = _Labels(kind.backwards(), gain, program.reminds[g], program.effort, all_places=True)
    if back.made < 0:
        return None
    limits, tops = _ways_on(back, kind)
    last = np.arange(k)
    seen = np.zeros((k, 2), dtype=np.uint64)
    bit = np.zeros((k, 2), dtype=np.uint64)
    bit[last, last >> 6] = np.uint64(1) << (last & 63).astype(np.uint64)
    seen[:] = bit
    when = np.maximum(kind.patrol.leave + kind.hours[k, :k], kind.opens)
    value, looked = gain.copy(), 0
    layers: list[tuple[Ints, Ints]] = []
    parent = np.full(k, -1, dtype=np.int64)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    while len(last):
        good = np.zeros(len(last), dtype=np.bool_)
        for p in range(k):
            mine = np.flatnonzero(last == p)
            if len(mine):
                spot = np.searchsorted(limits[p], when[mine] - EASE, side="left")
                on = np.r_[tops[p], -np.inf][spot]
                good[mine] = value[mine] + on - gain[p] >= least - EASE
        last, seen, when, value, parent = last[good], seen[good], when[good], value[good], parent[good]
        order = np.lexsort((when, seen[:, 1], seen[:, 0], last))
        last, seen, when, value, parent = last[order], seen[order], when[order], value[order], parent[order]
        fresh = np.ones(len(last), dtype=np.bool_)
        fresh[1:] = (last[1:] != last[:-1]) | (seen[1:] != seen[:-1]).any(axis=1)
        last, seen, when, value, parent = last[fresh], seen[fresh], when[fresh], value[fresh], parent[fresh]
        layers.append((last, parent))
        for label in np.flatnonzero(value >= least - EASE).tolist():
            found.setdefault((int(seen[label, 0]), int(seen[label, 1])), (len(layers) - 1, label))
        looked += len(last)
        if looked > room or len(found) > CHOICES:
            return None
        parts = []
        for p in range(k):
            free = np.flatnonzero((seen & bit[p] == 0).all(axis=1))
            start = np.maximum(when[free] + kind.stay[last[free]] + kind.hours[last[free], p], kind.opens[p])
            ok = start <= kind.closes[p] + EASE
            ok &= start + kind.stay[p] + kind.hours[p, k + 1] <= kind.patrol.back + EASE
            free, start = free[ok], start[ok]
            parts.append((np.full(len(free), p), seen[free] | bit[p], start, value[free] + gain[p], free))
        last, seen, when, value, parent = (np.concatenate(v) for v in zip(*parts, strict=True))
    return [_followed(layers, at, label, kind.places) for at, label in found.values()]


def _followed(layers: Sequence[tuple[Ints, Ints]], at: int, label: int, places: Ints) -> Route:
    way = []
    while at >= 0:
        last, parent = layers[at]
        way.append(int(places[last[label]]))
        at, label = at - 1, int(parent[label])
    return tuple(way[::-1])


def _ways_on(back: _Labels, kind: _Kind) -> tuple[list[Floats], list[Floats]]:
    """For each place, latest times a visit may begin, rising, and the most gained from it on by then or later."""
    limits, tops = [], []
    where = back.keep[back.place[: back.made]]
    latest = -back.when[: back.made] - kind.stay[where]
    for p in range(len(kind.places)):
        mine = np.flatnonzero(where == p)
        order = mine[np.argsort(latest[mine], kind="stable")]
        limits.append(latest[order])
        tops.append(np.maximum.accumulate(back.value[order][::-1])[::-1])
    return limits, tops
