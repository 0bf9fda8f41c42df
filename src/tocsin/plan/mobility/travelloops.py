"""Inner loops of travel time over a raster, compiled. Nothing here checks its input.

Rasters are padded by two impassable cells on every side, so that no step needs to look whether it leaves the map.
"""

from typing import Any

import numpy as np

from tocsin.plan.compiled import compiled

Array = Any

# 16 directions: 4 straight, 4 diagonal, 8 knight's moves (rows, columns)
STEP_ROW = np.array([0, 0, 1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 2, 2, -2, -2], dtype=np.int64)
STEP_COL = np.array([1, -1, 0, 0, 1, -1, 1, -1, 2, -2, 2, -2, 1, -1, 1, -1], dtype=np.int64)


@compiled
def edge_hours(
    slow: Array,
    width_km: Array,
    height_km: float,
    climb: Array,
    uphill: float,
    downhill: float,
    step_row: Array,
    step_col: Array,
) -> Any:
    """Hours of each of the 16 steps out of every cell; inf where the step is barred.

    `slow` is hours per km (inf: impassable), `width_km` the width of a cell in each row, `climb` elevation in km (one
    cell of zeros when flat). A knight's move spends a quarter of its way in each of the four cells it crosses; a
    diagonal between two impassable cells is barred. On a slope s the pace is multiplied by exp(uphill s) going up and
    exp(downhill |s|) going down.
    """
    rows, cols = slow.shape
    hilly = climb.shape[0] > 1
    found = np.full((rows * cols, 16), np.inf, dtype=np.float32)
    for r in range(2, rows - 2):
        for c in range(2, cols - 2):
            here = slow[r, c]
            if here == np.inf:
                continue
            for k in range(16):
                dr, dc = step_row[k], step_col[k]
                there = slow[r + dr, c + dc]
                if there == np.inf:
                    continue
                if k < 4:
                    pace = 0.5 * (here + there)
                elif k < 8:
                    if slow[r + dr, c] == np.inf and slow[r, c + dc] == np.inf:
                        continue
                    pace = 0.5 * (here + there)
                elif k < 12:
                    half = dc // 2
                    pace = 0.25 * (here + slow[r, c + half] + slow[r + dr, c + half] + there)
                else:
                    half = dr // 2
                    pace = 0.25 * (here + slow[r + half, c] + slow[r + half, c + dc] + there)
                if pace == np.inf:
                    continue
                across = dc * 0.5 * (width_km[r] + width_km[r + dr])
                along = dr * height_km
                km = np.sqrt(across * across + along * along)
                if hilly:
                    slope = (climb[r + dr, c + dc] - climb[r, c]) / km
                    if slope > 0:
                        pace *= np.exp(uphill * slope)
                    else:
                        pace *= np.exp(-downhill * slope)
                found[r * cols + c, k] = km * pace
    return found


@compiled
def spread_out(
    edges: Array,
    cols: int,
    sources: Array,
    starts: Array,
    cutoff: float,
    width: float,
    n_buckets: int,
    step_row: Array,
    step_col: Array,
) -> Any:
    """Least hours from the nearest source (by start time) to every cell, up to `cutoff`; inf beyond.

    A bucket queue (Dial 1969) over hours: cells wait in a ring of buckets of `width` hours, a power of two in
    number and more than the longest step spans. A cell that gets nearer while its bucket is open is looked at again,
    so the result is exact for any width (Meyer and Sanders 2003).
    """
    n = edges.shape[0]
    hours = np.full(n, np.inf, dtype=np.float32)
    settled = np.zeros(n, dtype=np.uint8)
    offset = step_row * cols + step_col
    head = np.full(n_buckets, -1, dtype=np.int32)
    room = max(1024, n // 2)
    cell_of = np.empty(room, dtype=np.int32)
    after = np.empty(room, dtype=np.int32)
    used = 0
    free = np.int32(-1)
    waiting = 0
    per = np.float32(1.0 / width)
    mask = np.int64(n_buckets - 1)
    lowest = np.int64(1 << 60)
    for q in range(len(sources)):
        if starts[q] <= cutoff and starts[q] < hours[sources[q]]:
            hours[sources[q]] = starts[q]
    for q in range(len(sources)):
        s = sources[q]
        if hours[s] == np.inf:
            continue
        b = np.int64(hours[s] * per)
        lowest = min(lowest, b)
        e = used
        used += 1
        cell_of[e] = s
        after[e] = head[b & mask]
        head[b & mask] = e
        waiting += 1
    now = lowest
    while waiting > 0:
        slot = now & mask
        while head[slot] >= 0:
            e = head[slot]
            head[slot] = after[e]
            cell = cell_of[e]
            after[e] = free
            free = e
            waiting -= 1
            if settled[cell]:
                continue
            settled[cell] = 1
            base = hours[cell]
            for k in range(16):
                reach = base + edges[cell, k]
                to = cell + offset[k]
                was = hours[to]
                if reach < was and reach <= cutoff:
                    hours[to] = reach
                    b = np.int64(reach * per)
                    if b < now:
                        b = now
                    if settled[to] == 0 and was < np.inf and np.int64(was * per) == b:
                        continue  # it waits in that bucket already
                    settled[to] = 0
                    b &= mask
                    if free >= 0:
                        x = free
                        free = after[x]
                    else:
                        if used == room:
                            bigger = np.empty(2 * room, dtype=np.int32)
                            bigger[:room] = cell_of
                            cell_of = bigger
                            longer = np.empty(2 * room, dtype=np.int32)
                            longer[:room] = after
                            after = longer
                            room *= 2
                        x = np.int32(used)
                        used += 1
                    cell_of[x] = to
                    after[x] = head[b]
                    head[b] = x
                    waiting += 1
        now += 1
    return hours
