"""Compile inner loops to machine code; only modules of loops import this, and they are imported where they are used."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Made = TypeVar("Made")


def compiled(function: Callable[..., Made]) -> Callable[..., Made]:
    """The function as machine code, kept on disk so that the next run need not compile it again.

    Loops compiled this way check no index: callers pass arrays that agree in size.
    """
    return cast("Callable[..., Made]", numba.njit(cache=True, nogil=True)(function))
