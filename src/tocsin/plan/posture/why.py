"""Why this posture: what each place gains, what is second best, which demand binds and what one more would bring."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from tocsin.core.errors import Infeasible
from tocsin.plan.posture.model import AIMS, Demand, Goals, Posture, Problem
from tocsin.plan.posture.optimise import best_posture, evaluate


@dataclass(frozen=True)
class Reason:
    """One chosen option: how much worse the aims get without it, and the best other place for the same unit."""

    option: int
    worth: float
    second_place: int | None
    second_loss: float | None
    only_link: bool


@dataclass(frozen=True)
class Shadow:
    """A demand or count that binds: what the weighted aims gain if it is eased by `by` (0 when nothing changes)."""

    demand: str
    by: float
    gain: float


def _score(problem: Problem, goals: Goals, chosen: Sequence[int]) -> float:
    aims = evaluate(problem, chosen)
    return float(sum(getattr(goals, a) * aims[a] for a in AIMS))


def _meets(problem: Problem, chosen: Sequence[int]) -> bool:
    marks = np.zeros(len(problem.options))
    marks[list(chosen)] = 1
    return all(
        bool(np.all(d.rows @ marks >= d.least - 1e-6) and np.all(d.rows @ marks <= d.most + 1e-6))
        for d in problem.demands
    )


def reasons(problem: Problem, goals: Goals, posture: Posture, fragile: Sequence[int] = ()) -> list[Reason]:
    """What each chosen option brings and the best alternative place for its unit, all else as it is.

    `fragile` lists options whose place hangs on a single road (from the travel fields); they are marked.
    """
    base = _score(problem, goals, posture.chosen)
    found = []
    for j in posture.chosen:
        rest = [k for k in posture.chosen if k != j]
        others = [k for k, o in enumerate(problem.options) if o.unit == problem.options[j].unit and k != j]
        scored = [(_score(problem, goals, [*rest, k]), k) for k in others if _meets(problem, [*rest, k])]
        best = min(scored, default=None)
        found.append(
            Reason(
                j,
                _score(problem, goals, rest) - base,
                None if best is None else problem.options[best[1]].place,
                None if best is None else best[0] - base,
                j in set(fragile),
            )
        )
    return found


def shadow_values(
    problem: Problem, goals: Goals, posture: Posture, *, by: float = 1.0, seconds: float = 10.0
) -> list[Shadow]:
    """What easing each binding demand by `by` would bring, by solving again."""
    found = []
    for name in posture.binding:
        eased = [replace(d, least=d.least - by, most=d.most + by) if d.name == name else d for d in problem.demands]
        other = best_posture(replace(problem, demands=eased), goals, seconds=seconds)
        found.append(Shadow(name, by, max(0.0, posture.value - other.value)))
    return found


def second_best(problem: Problem, goals: Goals, posture: Posture, *, seconds: float = 30.0) -> Posture | None:
    """The best posture other than this one; None when there is no other."""
    n = len(problem.options)
    row = np.full(n, 1.0)
    row[list(posture.chosen)] = -1.0
    # at least one option differs from the posture found
    cut = Demand(
        "a different posture", csr_matrix(row[None, :]), np.array([1.0 - len(posture.chosen)]), np.array([np.inf])
    )
    try:
        return best_posture(replace(problem, demands=[*problem.demands, cut]), goals, seconds=seconds)
    except Infeasible:
        return None
