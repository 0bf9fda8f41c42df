"""Which visits of a route are taken out at once, compiled; imported only where the searches run."""

import numpy as np
import numpy.typing as npt

from tocsin.plan.compiled import lean
from tocsin.plan.location.chance import draw_below, draw_share


@lean
def string_of(
    state: npt.NDArray[np.uint64],
    n: int,
    k: int,
    longest: float,
    whole: bool,
    split: float,
    least_kept: int,
    on: float,
    most_kept: int,
) -> tuple[int, int, int, int]:
    """A string of neighbouring visits around the k-th of n, as in Christiaens and Vanden Berghe 2020.

    At most `longest` are in it, or all of the route if `whole`. With chance `split` a part in its middle stays:
    `least_kept` visits, and each time with chance `on` one more, `most_kept` at most.

    Returns its first position and the one behind its last, and the same of what stays.
    """
    size = min(n, 1 + int(draw_share(state) * min(longest, float(n))))
    if whole:
        size = n
    first = min(max(0, k - draw_below(state, size)), n - size)
    keep_from, keep_to = 0, 0
    if 1 < size < n and draw_share(state) < split:
        keep = min(least_kept, n - size)
        while first + size + keep < n and draw_share(state) < on and keep < most_kept:
            keep += 1
        if first + size + keep <= n:
            keep_from = first + 1 + draw_below(state, size - 1)
            keep_to = keep_from + keep
            size += keep
    return first, first + size, keep_from, keep_to
