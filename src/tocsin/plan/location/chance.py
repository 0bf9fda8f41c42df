"""Random numbers inside compiled loops: seeded, the same on every machine."""

from typing import Any

import numpy as np

from tocsin.plan.compiled import compiled

Array = Any


@compiled
def draw(state: Array) -> Any:
    """Next number of a xorshift64* generator; the state is an array of one uint64, not zero (Vigna 2016)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return (x * np.uint64(2685821657736338717)) >> np.uint64(11)


@compiled
def draw_below(state: Array, top: int) -> Any:
    """A number from 0 to `top` - 1, even to one part in 2^53 / top."""
    return np.int64(np.float64(draw(state)) * 1.1102230246251565e-16 * top)


@compiled
def draw_share(state: Array) -> Any:
    """A number from 0 to 1 (not 1)."""
    return np.float64(draw(state)) * 1.1102230246251565e-16
