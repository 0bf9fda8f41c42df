"""Compile inner loops to machine code; only modules of loops import this, and they are imported where they are used."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Made = TypeVar("Made")
NOT_COUNTED: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def compiled(function: Callable[..., Made]) -> Callable[..., Made]:
    """The function as machine code, kept on disk so that the next run need not compile it again.

    Loops compiled this way check no index: callers pass arrays that agree in size.
    """
    return cast("Callable[..., Made]", numba.njit(cache=True, nogil=True)(function))


def lean(function: Callable[..., Made]) -> Callable[..., Made]:
    """As `compiled`, for loops that make no arrays and are called with many: references to these are not counted.

    Counting goes to memory twice for each array of each call: where a step calls small functions with tuples of arrays
    hundreds of times it took more time than the work (fleets of patrols: a third of the time without, the same plans).
    Numba uses this option inside but does not document it; `compiled` in its place gives the same, slower.
    """
    return cast("Callable[..., Made]", numba.njit(**NOT_COUNTED)(function))
