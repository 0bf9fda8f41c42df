"""Which way to take: the trade between time and exposure, all of it, and other ways that are really different."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.corridors.model import Corridor, Floats, Front, Ints, Network

KM_A_DEGREE = 111.195
MOST_TOO_LONG = 8  # ways in a row that take too long before no more are looked for

STEP_HOURS = 1 / 3600  # a second
FAR = 1 << 60
MOST_LABELS = 1 << 26
HULL_WAYS = 24  # weighted sums solved for bounds before the search


@dataclass(frozen=True)
class _Rows:
    """Stretches by the node they leave (or, turned round, enter), with whole-number costs."""

    first: Ints
    head: Ints
    order: Ints


def _rows(tail: Ints, head: Ints, nodes: int) -> _Rows:
    order = np.argsort(tail, kind="stable")
    first = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    return _Rows(first, np.ascontiguousarray(head[order]), order)


def _whole(cost: Floats, step: float) -> Ints:
    """Costs rounded up to whole steps; -1 where barred. A hair above a whole number is that number."""
    found = np.full(len(cost), -1, dtype=np.int64)
    open_ = np.isfinite(cost)
    found[open_] = np.ceil(cost[open_] / step - 1e-9).astype(np.int64)
    return found


def pareto_front(
    network: Network, start: int, end: int, *, step_hours: float = STEP_HOURS, step_exposure: float | None = None
) -> Front:
    """All ways from one place to another that no other beats on both time and exposure.

    Label-setting with exact lower bounds from the far end (BOA*); costs are rounded up to a second and, for exposure,
    to a millionth of the fastest way's, so that the answer is exact in whole numbers. Of ways that agree on both sums,
    one is kept.

    Parameters
    ----------
    network : Network
    start, end : int
        Places of the network.
    step_hours : float
    step_exposure : float, optional

    Returns
    -------
    Front
        Fastest first; exposure falls from one to the next.

    Raises
    ------
    BadInput
        If a place does not exist.
    Infeasible
        If there is no way.

    Examples
    --------
    The fast road is exposed, the long way round is not, and the third is beaten by the first:

    >>> import numpy as np
    >>> net = Network(np.array([0, 1, 0, 2, 0]), np.array([1, 3, 2, 3, 3]), np.array([1.0, 1, 3, 2, 2.5]),
    ...               np.array([4.0, 2, 0, 1, 7]), np.ones(5), np.zeros(4), np.zeros(4))
    >>> [(c.hours, c.exposure) for c in pareto_front(net, 0, 3).corridors]
    [(2.0, 6.0), (5.0, 1.0)]
    """
    from tocsin.plan.corridors.frontloops import pareto, shortest, unrolled

    for place in (start, end):
        if not 0 <= place < network.nodes:
            raise BadInput("place {place} is not in the network", place=place)
    out = _rows(network.tail, network.head, network.nodes)
    back = _rows(network.head, network.tail, network.nodes)
    barred = ~np.isfinite(network.hours)
    one = _whole(network.hours, step_hours)
    rest_one = shortest(back.first, back.head, one[back.order], end, FAR)
    if rest_one[start] >= FAR:
        seen = int((rest_one < FAR).sum())
        raise Infeasible(
            "there is no way from place {start} to place {end}: only {seen} of {nodes} places can reach it; open a "
            "closed stretch, allow another way of moving, or choose a nearer meeting point",
            start=start, end=end, seen=seen, nodes=network.nodes,
        )  # fmt: skip
    if step_exposure is None:
        step_exposure = _exposure_step(network, one, rest_one, out, start)
    risk = _whole(np.where(barred, np.inf, network.exposure), step_exposure)
    rest_two = shortest(back.first, back.head, risk[back.order], end, FAR)
    longest = _hours_of_safest(one, risk, rest_two, out, network.head, start, end)
    hull = _hull(out, back, one, risk, rest_one, rest_two, start, end, longest)
    via, parent, ends, complete = pareto(
        out.first, out.head, one[out.order], risk[out.order], rest_one, rest_two, start, end, longest, FAR, MOST_LABELS,
        hull.rest, hull.line, hull.segment,
    )  # fmt: skip
    steps, first = unrolled(ends, via, parent)
    edges = out.order[steps]
    # Within one second the way found first may be beaten by the next.
    seconds = np.add.reduceat(one[edges], first[:-1]) if len(edges) else np.zeros(len(ends), dtype=np.int64)
    last = np.flatnonzero(np.r_[seconds[:-1] < seconds[1:], True])
    ways = tuple(corridor(network, edges[first[k] : first[k + 1]], start) for k in last)
    return Front(ways, complete, step_hours, step_exposure, len(via))


@dataclass(frozen=True)
class _Hull:
    """Bounds from some ways on the lower hull of the front; see `frontloops.pareto`."""

    rest: Ints
    line: Ints
    segment: Ints


def _hull(
    out: _Rows, back: _Rows, one: Ints, risk: Ints, rest_one: Ints, rest_two: Ints, start: int, end: int, longest: int
) -> _Hull:
    """Ways on the lower hull by weighted sums, the widest stretch between two of them first (as in two-phase methods).

    Every way that is worth having lies in a triangle over one stretch of the hull, and labels that cannot get into any
    triangle need not be followed.
    """
    from tocsin.plan.corridors.frontloops import shortest, sums_along

    open_ = (one >= 0) & (risk >= 0)
    least, most = sums_along(out.first, out.head, one[out.order], one[out.order], risk[out.order], rest_one, start)
    # A stretch: its two ends, weights, and which solved sums its bound is from (None: not yet).
    waiting = [((least, most), (longest, int(rest_two[start])), (0, 0), -1)]
    rests: list[Ints] = []
    done = []
    while waiting:
        waiting.sort(key=lambda s: (s[1][0] - s[0][0]) * (s[0][1] - s[1][1]))
        a, b, _, _ = stretch = waiting.pop()
        w1, w2 = a[1] - b[1], b[0] - a[0]
        if len(rests) >= HULL_WAYS or w1 <= 0 or w2 <= 0 or w1 * b[0] + w2 * a[1] > FAR >> 10:
            done.append(stretch)
            continue
        cost = np.where(open_, w1 * one + w2 * risk, -1)
        rests.append(shortest(back.first, back.head, cost[back.order], end, FAR))
        x, y = sums_along(
            out.first, out.head, cost[out.order], one[out.order], risk[out.order], rests[-1], start
        )  # fmt: skip
        now = ((w1, w2), len(rests) - 1)
        if w1 * x + w2 * y < w1 * a[0] + w2 * a[1] and a[0] < x < b[0]:
            waiting += [(a, (x, y), *now), ((x, y), b, *now)]
        else:
            done.append((a, b, *now))
    done = sorted(s for s in done if s[3] >= 0)
    line = [(a[1], w[0], w[1], w[0] * (b[0] - 1) + w[1] * a[1]) for a, b, w, _ in done]
    begins = np.array([a[0] for a, *_ in done], dtype=np.int64)
    over = np.arange(max(longest - least, 0) + 1) + least
    segment = np.searchsorted(begins, over, side="right") - 1
    segment[over >= longest] = len(done)  # the safest way itself: nothing to hold it against
    rest = np.stack([rests[s[3]] for s in done], axis=1) if done else np.zeros((len(rest_one), 0), dtype=np.int64)
    return _Hull(np.ascontiguousarray(rest), np.array(line, dtype=np.int64).reshape(-1, 4), segment)


def _hours_of_safest(one: Ints, risk: Ints, rest_two: Ints, out: _Rows, head: Ints, start: int, end: int) -> int:
    """Whole-number time of one least-exposed way: of stretches that lead to it, always one that comes nearer.

    Where stretches have no exposure, the least-exposed stretches may run in circles: time breaks the tie.
    """
    from tocsin.plan.corridors.frontloops import shortest

    tight = np.full(len(one), -1, dtype=np.int64)
    tail = np.repeat(np.arange(len(out.first) - 1), np.diff(out.first))
    edges = out.order
    good = (one[edges] >= 0) & (rest_two[tail] < FAR) & (rest_two[tail] == risk[edges] + rest_two[head[edges]])
    tight[good] = one[edges][good]
    return int(shortest(out.first, out.head, tight, start, FAR)[end])


def _exposure_step(network: Network, one: Ints, rest: Ints, out: _Rows, start: int) -> float:
    """A millionth of the fastest way's exposure (or of the network's mean stretch when that has none)."""
    total, at = 0.0, start
    while rest[at] > 0:
        edges = out.order[out.first[at] : out.first[at + 1]]
        good = [int(e) for e in edges if one[e] >= 0 and rest[network.head[e]] + one[e] == rest[at]]
        total += float(network.exposure[good[0]])
        at = int(network.head[good[0]])
    mean = float(network.exposure.mean()) if len(network.exposure) else 0.0
    return (total or mean or 1.0) * 1e-6


def corridor(network: Network, edges: Sequence[int] | Ints, start: int) -> Corridor:
    """A way as its stretches say, summed."""
    at = np.asarray(edges, dtype=np.int64)
    return Corridor(
        tuple(at.tolist()), (start, *network.head[at].tolist()),
        float(network.hours[at].sum()), float(network.exposure[at].sum()), float(network.km[at].sum()),
    )  # fmt: skip


def shared_share(network: Network, a: Corridor, b: Corridor, apart_km: float = 0.0) -> float:
    """Share of the shorter way's length that both use, in either direction; or that lies beside the other way.

    With `apart_km` a stretch counts as shared when both its ends are within so far of a place of the other way: on a
    grid two ways a cell apart are the same way to whoever waits beside it.

    >>> import numpy as np
    >>> net = Network(np.array([0, 1, 1]), np.array([1, 2, 2]), np.ones(3), np.zeros(3), np.array([3.0, 1, 2]),
    ...               np.zeros(3), np.zeros(3))
    >>> shared_share(net, corridor(net, [0, 1], 0), corridor(net, [0, 2], 0))
    0.75
    """
    shorter, other = sorted((a, b), key=lambda c: c.km)
    if apart_km > 0:
        near = _beside(network, other, apart_km)
        at = list(shorter.edges)
        beside = float(network.km[at][near[network.tail[at]] & near[network.head[at]]].sum())
        return beside / shorter.km if shorter.km else 1.0

    def key(edge: int) -> tuple[int, int, float]:
        u, v = sorted((int(network.tail[edge]), int(network.head[edge])))
        return u, v, float(network.km[edge])

    have = {key(e) for e in other.edges}
    both = sum(float(network.km[e]) for e in shorter.edges if key(e) in have)
    return both / shorter.km if shorter.km else 1.0


def _beside(network: Network, way: Corridor, km: float) -> npt.NDArray[np.bool_]:
    """Places of the network within so far of a place of the way."""
    from scipy.spatial import cKDTree

    x = network.lon * np.cos(np.radians(float(network.lat.mean()))) * KM_A_DEGREE
    at = np.column_stack([x, network.lat * KM_A_DEGREE])
    found: npt.NDArray[np.bool_] = cKDTree(at[list(way.nodes)]).query(at, distance_upper_bound=km)[0] <= km
    return found


def alternatives(
    network: Network,
    first: Corridor,
    *,
    k: int = 3,
    most_shared: float = 0.5,
    most_longer: float = 2.0,
    weight: float = 0.0,
    tries: int = 24,
    apart_km: float = 0.0,
) -> list[Corridor]:
    """Other ways between the same places that are really different: each shares little with every one before it.

    The stretches of ways found are made dearer and the search run again (penalty method) until ways appear that share
    at most `most_shared` of their length with each way kept and take at most `most_longer` times the first way's time.
    A heuristic: fewer than k may come back, and then no more were found.

    Parameters
    ----------
    weight : float
        Hours one would spend to avoid one unit of exposure; 0 looks at time alone.
    apart_km : float
        How far apart ways must be to count as different; 0: they need only be other stretches.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    open_ = np.flatnonzero(np.isfinite(network.hours))
    cost = network.hours[open_] + weight * network.exposure[open_]
    tail, head = network.tail[open_], network.head[open_]
    dear = np.ones(len(open_))
    kept = [first]
    used = [first]
    too_long = 0
    pair = np.minimum(network.tail, network.head) * np.int64(network.nodes) + np.maximum(network.tail, network.head)
    for _ in range(tries):
        if len(kept) > k or too_long >= MOST_TOO_LONG:
            break
        if apart_km > 0:
            near = _beside(network, used[-1], apart_km)
            dear[near[tail] & near[head]] *= 1.4
        else:
            dear[np.isin(pair[open_], pair[list(used[-1].edges)])] *= 1.4
        price = cost * dear
        # of parallel stretches the cheapest is looked at
        order = np.lexsort((price, head, tail))
        t, h = tail[order], head[order]
        only = np.r_[True, (t[1:] != t[:-1]) | (h[1:] != h[:-1])] if len(t) else np.empty(0, dtype=bool)
        pick = order[only]
        graph = coo_matrix((price[pick], (tail[pick], head[pick])), shape=(network.nodes,) * 2).tocsr()
        _, before = dijkstra(graph, indices=first.nodes[0], return_predecessors=True)
        by_pair = {(int(tail[p]), int(head[p])): int(open_[p]) for p in pick}
        edges, at = [], first.nodes[-1]
        while at != first.nodes[0]:
            edges.append(by_pair[int(before[at]), at])
            at = int(before[at])
        new = corridor(network, edges[::-1], first.nodes[0])
        used.append(new)
        too_long = too_long + 1 if new.hours > most_longer * first.hours else 0
        if new.hours <= most_longer * first.hours and all(
            shared_share(network, new, c, apart_km) <= most_shared for c in kept
        ):
            kept.append(new)
    return kept[1:]


def knee(front: Front) -> int:
    """The way where giving up more time stops paying: farthest below the line from fastest to safest.

    >>> import numpy as np
    >>> one = [Corridor((), (), h, e, 0.0) for h, e in ((1.0, 10.0), (1.2, 3.0), (4.0, 1.0))]
    >>> knee(Front(tuple(one), True, 1.0, 1.0, 0))
    1
    """
    if not front.corridors:
        raise BadInput("there is no way to choose from")
    h = np.array([c.hours for c in front.corridors])
    x = np.array([c.exposure for c in front.corridors])
    wide, high = np.ptp(h) or 1.0, np.ptp(x) or 1.0
    below = 1 - (h - h[0]) / wide - (x - x[-1]) / high
    return int(np.argmax(below))
