"""Inner loop of the bound by routes, compiled; imported only where it runs."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import compiled

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

EASE = 1e-6  # hours over a window or the hour of return that are forgiven, as in checking
SLIGHT = 1e-9
WORDS = 2  # of 64 places each
SLICES = 150  # of a patrol's hours, by which labels are kept apart


@compiled
def dominated(
    place: int, at: float, worth: float, seen0: np.uint64, seen1: np.uint64, piece: int, head: Longs, next_one: Longs,
    best: Floats, when: Floats, value: Floats, memory: Words, alive: npt.NDArray[np.bool_], effort: Longs,
    loose: bool,
) -> bool:  # fmt: skip
    """Whether a label at a place is no later, worth no less and may go wherever this one may."""
    none = np.uint64(0)
    for other in range(piece + 1):
        if best[place, other] < worth - SLIGHT:
            continue
        k = head[place, other]
        while k >= 0:
            effort[0] -= 1
            if (
                alive[k] and when[k] <= at and value[k] >= worth - SLIGHT
                and (loose or (memory[k, 0] & ~seen0 == none and memory[k, 1] & ~seen1 == none))
            ):  # fmt: skip
                return True
            k = next_one[k]
    return False


@compiled
def overtake(
    place: int, at: float, worth: float, seen0: np.uint64, seen1: np.uint64, piece: int, head: Longs, next_one: Longs,
    when: Floats, value: Floats, memory: Words, alive: npt.NDArray[np.bool_], effort: Longs,
    loose: bool,
) -> None:  # fmt: skip
    """Strike the labels at a place that this one dominates."""
    none = np.uint64(0)
    for other in range(piece, head.shape[1]):
        before, k = -1, head[place, other]
        while k >= 0:
            after = next_one[k]
            effort[0] -= 1
            if (
                when[k] >= at and value[k] <= worth
                and (loose or (seen0 & ~memory[k, 0] == none and seen1 & ~memory[k, 1] == none))
            ):  # fmt: skip
                alive[k] = False
                if before < 0:
                    head[place, other] = after
                else:
                    next_one[before] = after
            else:
                before = k
            k = after


@compiled
def label_routes(
    hours: Floats, gain: Floats, stay: Floats, opens: Floats, closes: Floats, leave: float, back: float, reminds: Words,
    place: Longs, when: Floats, value: Floats, memory: Words, parent: Longs, alive: npt.NDArray[np.bool_],
    effort: Longs, loose: bool,
) -> int:  # fmt: skip
    """All ways of a patrol that no other way beats, as labels: where it is, since when, and what was gained.

    A place may be visited again when the way since has led by a place that does not remind of it (ng-routes: Baldacci,
    Mingozzi and Roberti 2011, doi 10.1287/opre.1110.0975), so that the best label is worth at least the best route.

    Parameters
    ----------
    hours : places, then the start and the end, shape (k + 2, k + 2)
    gain, stay, opens, closes : shape (k,)
    reminds : which places a place reminds of, as bits, shape (k, WORDS)
    place, when, value, memory, parent, alive : room for labels; filled
    effort : how many labels may still be compared, shape (1,); lowered
    loose : strike labels even if they may go where those that are better may not: fast, and no bound

    Returns
    -------
    How many labels were made; -1 when there was no room or effort for all.
    """
    many, room = len(gain), len(place)
    span = max(back - leave, 1e-9)
    head = np.full((many, SLICES), -1, dtype=np.int64)
    best = np.full((many, SLICES), -np.inf)
    first, last = np.full(SLICES, -1, dtype=np.int64), np.full(SLICES, -1, dtype=np.int64)
    next_one, queue = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    one, none = np.uint64(1), np.uint64(0)
    made = 0
    for turn in range(-1, SLICES):
        at_label = -1 if turn < 0 else first[turn]
        while turn < 0 or at_label >= 0:
            if turn < 0 or alive[at_label]:
                came = many if turn < 0 else place[at_label]
                ready = leave if turn < 0 else when[at_label] + stay[came]
                for p in range(many):
                    word, bit = p >> 6, one << np.uint64(p & 63)
                    if turn >= 0 and (p == came or memory[at_label, word] & bit != none):
                        continue
                    start = max(ready + hours[came, p], opens[p])
                    if start > closes[p] + EASE or start + stay[p] + hours[p, many + 1] > back + EASE:
                        continue
                    worth = gain[p] + (0.0 if turn < 0 else value[at_label])
                    seen0 = none if turn < 0 else memory[at_label, 0] & reminds[p, 0]
                    seen1 = none if turn < 0 else memory[at_label, 1] & reminds[p, 1]
                    if word == 0:
                        seen0 |= bit
                    else:
                        seen1 |= bit
                    piece = min(SLICES - 1, max(0, int((start - leave) / span * SLICES)))
                    if dominated(
                        p,
                        start,
                        worth,
                        seen0,
                        seen1,
                        piece,
                        head,
                        next_one,
                        best,
                        when,
                        value,
                        memory,
                        alive,
                        effort,
                        loose,
                    ):
                        continue
                    overtake(
                        p, start, worth, seen0, seen1, piece, head, next_one, when, value, memory, alive, effort, loose
                    )
                    if made >= room or effort[0] < 0:
                        return -1
                    place[made], when[made], value[made], alive[made] = p, start, worth, True
                    memory[made, 0], memory[made, 1] = seen0, seen1
                    parent[made] = at_label
                    next_one[made], queue[made] = head[p, piece], -1
                    head[p, piece] = made
                    best[p, piece] = max(best[p, piece], worth)
                    if first[piece] < 0:
                        first[piece] = made
                    else:
                        queue[last[piece]] = made
                    last[piece] = made
                    made += 1
            if turn < 0:
                break
            at_label = queue[at_label]
    return made
