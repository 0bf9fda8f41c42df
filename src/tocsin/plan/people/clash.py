"""Which demands clash, when nobody could meet them all."""

import itertools
from typing import NoReturn

import numpy as np

from tocsin.core.errors import Infeasible
from tocsin.plan.people.demands import Demands, Flags, Floats, Ints
from tocsin.plan.people.prices import rows_of

MOST_PAIRED = 24  # demands up to which every pair is tried for a clash smaller than the one found
MOST_PAIRS = 60_000  # above that many pairs, few of the people who are alike stand for all
SECONDS = 20.0


def say_clash(worth: Floats, may: Flags, demands: Demands) -> NoReturn:
    """Raise with the fewest demands that clash: leave any one of them out and those that are left can be met."""

    def possible(some: list[int]) -> bool:
        part = demands.only(np.array(some, dtype=np.int64))
        at = np.argwhere(may).astype(np.int64)
        return can_be_met(_alike(may, part) if len(at) > MOST_PAIRS else at, may.shape, part)

    lines = list(range(len(demands)))
    needed = list(lines)
    if not possible(needed):
        for line in lines:
            without = [k for k in needed if k != line]
            if not possible(without):
                needed = without
        if len(needed) > 2 and len(lines) <= MOST_PAIRED:  # none can be left out of these, yet others may be fewer
            fewer = (list(some) for k in (1, 2) for some in itertools.combinations(lines, k))
            needed = next((some for some in fewer if not possible(some)), needed)
    clashing = demands.only(np.array(needed, dtype=np.int64))
    touched = clashing.inside.any(axis=1)
    who = int(may[:, touched].any(axis=1).sum())
    raise Infeasible("no assignment meets all demands; these clash: {rules}. Of all people {who} may fill any of the "
                     "{posts} posts in question. Leave one demand out or widen it",
                     rules="; ".join(dict.fromkeys(clashing.text)), who=who, posts=int(touched.sum()))  # fmt: skip


def can_be_met(at: Ints, shape: tuple[int, int], demands: Demands) -> bool:
    """Whether some assignment over these pairs keeps every demand."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    if not len(at):
        return bool(np.all(demands.limit >= 0))
    limit = np.r_[np.ones(sum(shape)), demands.limit]
    solved = milp(np.zeros(len(at)), constraints=LinearConstraint(rows_of(at, shape, demands), -np.inf, limit + 1e-9),
                  bounds=Bounds(0, 1), integrality=np.ones(len(at)), options={"time_limit": SECONDS})  # fmt: skip
    return solved.x is not None


def _alike(may: Flags, demands: Demands) -> Ints:
    """Pairs of few of the people who may fill the same posts and add the same to every demand."""
    _, kind = np.unique(np.column_stack([may, demands.weight]), axis=0, return_inverse=True)
    order = np.argsort(kind, kind="stable")
    place = np.empty(len(kind), dtype=np.int64)
    starts = np.r_[0, np.flatnonzero(np.diff(kind[order])) + 1]
    place[order] = np.arange(len(kind)) - np.repeat(starts, np.diff(np.r_[starts, len(kind)]))
    few = place < max(40, may.shape[1] // 4)
    return np.argwhere(may & few[:, None]).astype(np.int64)
