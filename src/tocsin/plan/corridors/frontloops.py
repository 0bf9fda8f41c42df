"""Inner loops of the corridor search, compiled; imported only where they run."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled

Longs = npt.NDArray[np.int64]


@compiled
def shortest(first: Longs, head: Longs, cost: Longs, source: int, far: int) -> Longs:
    """Least sum of whole-number costs from one node to all; `far` where there is no way. Binary heap, lazy deletion."""
    n = len(first) - 1
    best = np.full(n, far, dtype=np.int64)
    room = len(head) + 2
    key = np.empty(room, dtype=np.int64)
    item = np.empty(room, dtype=np.int64)
    key[0], item[0] = 0, source
    best[source] = 0
    size = 1
    while size > 0:
        k, u = key[0], item[0]
        size -= 1
        lk, li = key[size], item[size]
        i = 0
        while True:
            child = 2 * i + 1
            if child >= size:
                break
            if child + 1 < size and key[child + 1] < key[child]:
                child += 1
            if key[child] >= lk:
                break
            key[i], item[i] = key[child], item[child]
            i = child
        key[i], item[i] = lk, li
        if k > best[u]:
            continue
        for e in range(first[u], first[u + 1]):
            c = cost[e]
            if c < 0:
                continue
            v = head[e]
            d = k + c
            if d < best[v]:
                best[v] = d
                i = size
                size += 1
                while i > 0:
                    up = (i - 1) // 2
                    if key[up] <= d:
                        break
                    key[i], item[i] = key[up], item[up]
                    i = up
                key[i], item[i] = d, v
    return best


@compiled
def pareto(
    first: Longs,
    head: Longs,
    one: Longs,
    two: Longs,
    rest_one: Longs,
    rest_two: Longs,
    source: int,
    target: int,
    longest: int,
    far: int,
    most: int,
    rest: Longs,
    line: Longs,
    segment: Longs,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Longs, bool]:
    """All ways from source to target that no other beats on both sums, in order of the first.

    Labels wait in one bucket for each whole-number lower bound of the first sum, so that taking and putting costs a
    few steps whatever their number; a label is beaten when an earlier one at its node had no larger second sum (one
    number a node, as in BOA*, Hernandez et al. 2020). `longest` is the first sum of the way that is least in the
    second: no way longer than it is worth having.

    `line` has a row for each stretch between neighbouring ways on the lower hull: the second sum where it begins,
    the two weights under which it is (about) level, and the largest weighted sum a way can have there that the
    hull's ways do not beat; `rest` (node, row) is the least weighted sum to the target and `segment` the row for
    each value of the first sum above its least. A label that cannot lead to such a way in any row is dropped.
    Returns each label's edge and parent, and the labels at the target (beaten ones with an equal first sum may be
    among them); False when `most` labels did not suffice.
    """
    room = 1 << 18
    g2 = np.empty(room, dtype=np.int64)
    edge = np.empty(room, dtype=np.int32)
    parent = np.empty(room, dtype=np.int32)
    after = np.empty(room, dtype=np.int32)
    least = np.full(len(first) - 1, far, dtype=np.int64)
    ends = np.empty(1024, dtype=np.int64)
    n_ends = 0
    base = rest_one[source]
    bucket = np.full(max(longest - base, 0) + 1, -1, dtype=np.int32)
    g2[0], edge[0], parent[0], after[0] = 0, -1, -1, -1
    bucket[0] = 0
    used = 1
    at = 0
    while at < len(bucket):
        label = bucket[at]
        if label < 0:
            at += 1
            continue
        bucket[at] = after[label]
        u = source if edge[label] < 0 else head[edge[label]]
        so_far = g2[label]
        if so_far >= least[u] or so_far + rest_two[u] >= least[target]:
            continue
        least[u] = so_far
        if u == target:
            if n_ends == len(ends):
                ends = np.concatenate((ends, np.empty(len(ends), dtype=np.int64)))
            ends[n_ends] = label
            n_ends += 1
            continue
        gone = at + base - rest_one[u]
        for e in range(first[u], first[u + 1]):
            v = head[e]
            if one[e] < 0 or rest_one[v] >= far:
                continue
            s2 = so_far + two[e]
            if s2 >= least[v] or s2 + rest_two[v] >= least[target]:
                continue
            slot = gone + one[e] + rest_one[v] - base
            if slot >= len(bucket):
                continue
            row = segment[slot]
            while row < len(line):
                if s2 + rest_two[v] > line[row, 0]:
                    row = -1
                    break
                if line[row, 1] * (slot + base - rest_one[v]) + line[row, 2] * s2 + rest[v, row] <= line[row, 3]:
                    break
                row += 1
            if row < 0:
                continue
            if used == room:
                if room >= most:
                    return edge[:used].copy(), parent[:used].copy(), ends[:n_ends].copy(), False
                g2 = np.concatenate((g2, np.empty(room, dtype=np.int64)))
                edge = np.concatenate((edge, np.empty(room, dtype=np.int32)))
                parent = np.concatenate((parent, np.empty(room, dtype=np.int32)))
                after = np.concatenate((after, np.empty(room, dtype=np.int32)))
                room *= 2
            g2[used], edge[used], parent[used], after[used] = s2, e, label, bucket[slot]
            bucket[slot] = used
            used += 1
    return edge[:used].copy(), parent[:used].copy(), ends[:n_ends].copy(), True


@compiled
def sums_along(
    first: Longs, head: Longs, cost: Longs, one: Longs, two: Longs, rest: Longs, source: int
) -> tuple[int, int]:
    """Both sums of one way whose whole-number cost is least, by the least costs `rest` from every node to the end."""
    at = source
    x = 0
    y = 0
    while rest[at] > 0:
        for e in range(first[at], first[at + 1]):
            if cost[e] >= 0 and cost[e] + rest[head[e]] == rest[at]:
                x += one[e]
                y += two[e]
                at = head[e]
                break
    return x, y


@compiled
def unrolled(ends: Longs, edge: npt.NDArray[np.int32], parent: npt.NDArray[np.int32]) -> tuple[Longs, Longs]:
    """The edges of each way from its first to its last, one way after the other, and where each begins (and ends)."""
    first = np.zeros(len(ends) + 1, dtype=np.int64)
    for k in range(len(ends)):
        count = 0
        at = ends[k]
        while parent[at] >= 0:
            count += 1
            at = parent[at]
        first[k + 1] = first[k] + count
    steps = np.empty(first[-1], dtype=np.int64)
    for k in range(len(ends)):
        at = ends[k]
        for place in range(first[k + 1] - 1, first[k] - 1, -1):
            steps[place] = edge[at]
            at = parent[at]
    return steps, first
