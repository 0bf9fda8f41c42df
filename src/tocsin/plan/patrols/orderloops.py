"""One route's times, length and order, compiled; imported only where they run."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EASE = 1e-7  # hours; well under what is forgiven in checking


@compiled
def fill_up(
    route: Longs, n: int, start: int, end: int, hours: Floats, tank: float, drives: Floats, pump: Flags, until: Floats
) -> bool:
    """Driving from each visit (it included) to where the tank is filled next, or the end; False if it runs dry."""
    left, to, within = 0.0, end, True
    for k in range(n - 1, -1, -1):
        p = route[k]
        left += hours[p, to]
        within = within and left <= tank + EASE
        left = 0.0 if pump[p] else left + drives[p]
        until[k] = left
        to = p
    return bool(within and left + hours[start, to] <= tank + EASE)


@compiled
def retime(
    route: Longs,
    n: int,
    start: int,
    end: int,
    leave: float,
    back: float,
    hours: Floats,
    stay: Floats,
    opens: Floats,
    closes: Floats,
    begin: Floats,
    latest: Floats,
    tank: float,
    drives: Floats,
    pump: Flags,
    until: Floats,
) -> float:
    """Earliest begin and latest begin of each visit (arrays filled); hour of return, inf if it cannot be kept.

    With a `tank` that ends (hours of driving), also the driving from each visit to where it is filled next, or the end.
    """
    clock, at = leave, start
    if tank < np.inf and not fill_up(route, n, start, end, hours, tank, drives, pump, until):
        return np.inf
    for k in range(n):
        p = route[k]
        clock = max(clock + hours[at, p], opens[p])
        if clock > closes[p] + EASE:
            return np.inf
        begin[k] = clock
        clock += stay[p]
        at = p
    clock += hours[at, end]
    if clock > back + EASE:
        return np.inf
    late, to = back, end
    for k in range(n - 1, -1, -1):
        p = route[k]
        late = min(late - hours[p, to] - stay[p], closes[p])
        latest[k] = late
        to = p
    return float(clock)


@compiled
def better_order(
    route: Longs,
    n: int,
    start: int,
    end: int,
    leave: float,
    back: float,
    hours: Floats,
    stay: Floats,
    opens: Floats,
    closes: Floats,
    scratch: Longs,
    begin: Floats,
    latest: Floats,
    tank: float,
    drives: Floats,
    pump: Flags,
    until: Floats,
) -> bool:
    """Shorten one route in place by turning parts round and by moving short parts; True if it became shorter."""
    changed = False
    again = True
    while again:
        again = False
        for i in range(n - 1):
            a = start if i == 0 else route[i - 1]
            for j in range(i + 1, n):
                b = end if j == n - 1 else route[j + 1]
                gain = hours[a, route[i]] + hours[route[j], b] - hours[a, route[j]] - hours[route[i], b]
                for k in range(i, j):
                    gain += hours[route[k], route[k + 1]] - hours[route[k + 1], route[k]]
                if gain > 1e-9:
                    for k in range(n):
                        scratch[k] = route[i + j - k] if i <= k <= j else route[k]
                    back_at = retime(scratch, n, start, end, leave, back, hours, stay, opens, closes, begin, latest,
                                     tank, drives, pump, until)  # fmt: skip
                    if back_at < np.inf:
                        route[:n] = scratch[:n]
                        again = True
                        changed = True
                        break
            if again:
                break
        if again:
            continue
        for size in range(1, 4):
            for i in range(n - size + 1):
                a = start if i == 0 else route[i - 1]
                b = end if i + size == n else route[i + size]
                first, last = route[i], route[i + size - 1]
                saved = hours[a, first] + hours[last, b] - hours[a, b]
                inside = 0.0  # what driving the part the other way round costs more inside it
                for k in range(i, i + size - 1):
                    inside += hours[route[k + 1], route[k]] - hours[route[k], route[k + 1]]
                if saved - min(inside, 0.0) <= 1e-9:
                    continue
                for j in range(n - size + 1):
                    if j == i:
                        continue
                    # position among the visits that stay
                    left = j - 1 if j <= i else j - 1 + size
                    right = j if j < i else j + size
                    c = start if left < 0 else route[left]
                    d = end if right >= n else route[right]
                    for turned in range(2):
                        head, tail = (first, last) if turned == 0 else (last, first)
                        dearer = hours[c, head] + hours[tail, d] - hours[c, d] + (inside if turned == 1 else 0.0)
                        if saved - dearer <= 1e-9:
                            continue
                        m = 0
                        for k in range(n - size + 1):
                            if k == j:
                                for s in range(size):
                                    scratch[m] = route[i + s] if turned == 0 else route[i + size - 1 - s]
                                    m += 1
                            if k < n - size:
                                scratch[m] = route[k] if k < i else route[k + size]
                                m += 1
                        back_at = retime(scratch, n, start, end, leave, back, hours, stay, opens, closes, begin, latest,
                                         tank, drives, pump, until)  # fmt: skip
                        if back_at < np.inf:
                            route[:n] = scratch[:n]
                            again = True
                            changed = True
                            break
                    if again:
                        break
                if again:
                    break
            if again:
                break
    return changed


@compiled
def travel(route: Longs, n: int, start: int, end: int, hours: Floats) -> float:
    """Hours on the move along a route."""
    total, at = 0.0, start
    for k in range(n):
        total += hours[at, route[k]]
        at = route[k]
    return float(total + hours[at, end])
