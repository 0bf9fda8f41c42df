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
def step_lengths(width_km: Array, height_km: float, step_row: Array, step_col: Array) -> Any:
    """Length of each of the 16 steps out of a cell of each row, km, by what its pace is a mean of (2 or 4 cells)."""
    rows = len(width_km)
    found = np.zeros((rows, 16), dtype=np.float32)
    for r in range(2, rows - 2):
        for k in range(16):
            across = step_col[k] * 0.5 * (width_km[r] + width_km[r + step_row[k]])
            along = step_row[k] * height_km
            found[r, k] = np.sqrt(across * across + along * along) * (0.5 if k < 8 else 0.25)
    return found


@compiled
def spread_out(
    edges: Array,
    slow: Array,
    lengths: Array,
    cols: int,
    sources: Array,
    starts: Array,
    cutoff: float,
    width: float,
    n_buckets: int,
    step_row: Array,
    step_col: Array,
    room: int,
) -> Any:
    """Least hours from the nearest source (by start time) to every cell, up to `cutoff`; inf beyond.

    A bucket queue (Dial 1969) over hours: cells wait in a ring of buckets of `width` hours, a power of two in
    number and more than the longest step spans. A cell that gets nearer while its bucket is open is looked at again,
    so the result is exact for any width (Meyer and Sanders 2003).

    Waiting for memory is what costs time here. Hours and pace lie side by side; on flat land the 16 steps are worked
    out from the paces around, each read once, rather than read; an entry carries the hours it was made with, so that
    one overtaken by a better is known without another table. `edges` has one row when the land is flat. At most `room`
    entries wait at a time; when that is too few the answer is empty: ask again with more (arrays that may grow inside
    the loop would make every step three times as slow).
    """
    n = len(slow)
    flat = edges.shape[0] == 1
    infinite = np.float32(np.inf)
    both = np.empty((n, 2), dtype=np.float32)
    for c in range(n):
        both[c, 0] = infinite
        both[c, 1] = slow[c]
    offset = step_row * cols + step_col
    step = np.empty(16, dtype=np.float32)
    head = np.full(n_buckets, -1, dtype=np.int32)
    room = max(room, len(sources))
    cell_of = np.empty(room, dtype=np.int32)
    after = np.empty(room, dtype=np.int32)
    when = np.empty(room, dtype=np.float32)
    used = 0
    free = np.int32(-1)
    waiting = 0
    per = np.float32(1.0 / width)
    mask = np.int64(n_buckets - 1)
    share_of_row = 1.0 / cols
    lowest = np.int64(1 << 60)
    for q in range(len(sources)):
        if starts[q] <= cutoff and starts[q] < both[sources[q], 0]:
            both[sources[q], 0] = starts[q]
    for q in range(len(sources)):
        s = sources[q]
        if both[s, 0] == infinite:
            continue
        b = np.int64(both[s, 0] * per)
        lowest = min(lowest, b)
        cell_of[used] = s
        when[used] = both[s, 0]
        after[used] = head[b & mask]
        head[b & mask] = used
        used += 1
        waiting += 1
    now = lowest
    while waiting > 0:
        slot = now & mask
        while head[slot] >= 0:
            e = head[slot]
            head[slot] = after[e]
            cell = np.int64(cell_of[e])
            base = when[e]
            after[e] = free
            free = e
            waiting -= 1
            if base > both[cell, 0]:
                continue
            if flat:
                row = np.int64((cell + 0.5) * share_of_row)  # a division of whole numbers would cost as much as a step
                here = both[cell, 1]
                east, west = both[cell + 1, 1], both[cell - 1, 1]
                south, north = both[cell + cols, 1], both[cell - cols, 1]
                south_east, south_west = both[cell + cols + 1, 1], both[cell + cols - 1, 1]
                north_east, north_west = both[cell - cols + 1, 1], both[cell - cols - 1, 1]
                step[0], step[1], step[2], step[3] = here + east, here + west, here + south, here + north
                step[4] = here + south_east if min(south, east) < infinite else infinite
                step[5] = here + south_west if min(south, west) < infinite else infinite
                step[6] = here + north_east if min(north, east) < infinite else infinite
                step[7] = here + north_west if min(north, west) < infinite else infinite
                step[8] = here + east + south_east + both[cell + offset[8], 1]
                step[9] = here + west + south_west + both[cell + offset[9], 1]
                step[10] = here + east + north_east + both[cell + offset[10], 1]
                step[11] = here + west + north_west + both[cell + offset[11], 1]
                step[12] = here + south + south_east + both[cell + offset[12], 1]
                step[13] = here + south + south_west + both[cell + offset[13], 1]
                step[14] = here + north + north_east + both[cell + offset[14], 1]
                step[15] = here + north + north_west + both[cell + offset[15], 1]
                for k in range(16):
                    step[k] *= lengths[row, k]
            else:
                for k in range(16):
                    step[k] = edges[cell, k]
            for k in range(16):
                reach = base + step[k]
                to = cell + offset[k]
                if reach < both[to, 0] and reach <= cutoff:
                    both[to, 0] = reach
                    b = np.int64(reach * per)
                    if b < now:
                        b = now
                    b &= mask
                    if free >= 0:
                        x = free
                        free = after[x]
                    else:
                        if used == room:
                            return both[:0, 0]
                        x = np.int32(used)
                        used += 1
                    cell_of[x] = to
                    when[x] = reach
                    after[x] = head[b]
                    head[b] = x
                    waiting += 1
        now += 1
    return both[:, 0]
