"""The best posture for what is wanted and demanded: exact by branch and bound, or the best found with its bound."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from tocsin.core.errors import Infeasible
from tocsin.plan.location.model import data_hash, relative_gap
from tocsin.plan.posture.mixed import Mixed, areas_of
from tocsin.plan.posture.model import AIMS, Floats, Goals, Posture, Problem


def evaluate(problem: Problem, chosen: Sequence[int]) -> dict[str, float]:
    """All aims of a posture, from the problem's data and the choice alone: what a reader recomputes."""
    value = np.zeros(problem.draws.shape[1])
    for cover, share, backup in problem.tiers:
        times = np.asarray(cover.tocsr()[:, list(chosen)].sum(axis=1)).ravel()
        value += share * (times >= (2 if backup else 1))
    total = problem.draws.sum(axis=1)
    out = np.divide(problem.draws @ (1 - value), total, out=np.zeros(len(total)), where=total > 0)
    mean = problem.draws.mean(axis=0)
    shares = [
        float((mean * (1 - value))[problem.areas == a].sum() / mean[problem.areas == a].sum())
        for a in areas_of(problem)
    ]
    expected = float(mean @ (1 - value) / mean.sum()) if mean.sum() > 0 else 0.0
    picked = [problem.options[j] for j in chosen]
    return {
        "harm": expected,
        "tail": _tail_mean(out, problem.tail_share),
        "worst_area": max(shares, default=0.0),
        "spread": max(shares, default=0.0) - min(shares, default=0.0),
        "cost": float(sum(o.cost for o in picked)),
        "flying_hours": float(sum(o.flying_hours for o in picked)),
        "moves": float(sum(o.moves for o in picked)),
    }


def _tail_mean(out: Floats, share: float) -> float:
    """Mean of the worst 1 - share of draws (conditional value at risk, Rockafellar and Uryasev 2000)."""
    weight = 1.0 / len(out)
    left, total = 1 - share, 0.0
    for value in -np.sort(-out):
        part = min(weight, left)
        total += part * value
        left -= part
        if left <= 1e-12:
            break
    return float(total / (1 - share))


def best_posture(
    problem: Problem, goals: Goals | None = None, limits: dict[str, float] | None = None, *, seconds: float = 30.0
) -> Posture:
    """The posture with the least weighted sum of aims that meets every demand.

    Parameters
    ----------
    problem : Problem
    goals : Goals, optional
        Least expected harm out of reach when None.
    limits : mapping of aim → most, optional
        Aims that may not exceed a value (how a Pareto front is made).
    seconds : float

    Returns
    -------
    Posture
        With `value` recomputed from the choice, and a proven `bound` (least possible).

    Raises
    ------
    Infeasible
        If no posture meets all demands; names a smallest set that clash: leave any one of them out, and the rest can
        be met.
    """
    wanted, caps = goals or Goals(), limits or {}
    solved = Mixed(problem, wanted, caps).solve(problem.demands, seconds)
    if solved.status == 2:
        names = clash(problem, caps)
        raise Infeasible("these demands cannot be met together: {names}", names="; ".join(names), demands=names)
    if solved.chosen is None:
        raise Infeasible("no posture was found within {seconds:g} seconds; allow more time", seconds=seconds)
    chosen = solved.chosen
    aims = evaluate(problem, chosen)
    value = sum(getattr(wanted, a) * aims[a] for a in AIMS)
    code = data_hash(
        problem.draws,
        problem.areas,
        *(t for c, s, b in problem.tiers for t in (c.tocsr(), s, b)),
        wanted,
        sorted(caps.items()),
    )
    bound = min(solved.bound, value)
    how = "branch and bound" if solved.status == 0 else "branch and bound, stopped at its limit"
    return Posture(chosen, aims, value, bound, relative_gap(value, bound), how, code, _binding(problem, chosen))


def _binding(problem: Problem, chosen: Sequence[int]) -> tuple[str, ...]:
    """Demands that are met with nothing to spare."""
    marks = np.zeros(len(problem.options))
    marks[list(chosen)] = 1
    tight = []
    for demand in problem.demands:
        amount = demand.rows @ marks
        active = np.asarray(abs(demand.rows).sum(axis=1)).ravel() > 0
        on_edge = (np.abs(amount - demand.most) < 1e-6) | (np.abs(amount - demand.least) < 1e-6)
        if np.any(on_edge & active):
            tight.append(demand.name)
    return tuple(tight)


def clash(problem: Problem, limits: dict[str, float] | None = None, seconds: float = 10.0) -> list[str]:
    """A smallest set of demands that cannot be met together: each is needed for the clash.

    Demands are left out one by one; what can be left out while the rest still clash is not part of it.
    """
    model = Mixed(problem, Goals(harm=0.0), limits or {})
    kept = list(problem.demands)
    if model.solve(kept, seconds).status != 2:
        return []
    for demand in list(kept):
        rest = [d for d in kept if d is not demand]
        if model.solve(rest, seconds).status == 2:
            kept = rest
    names = [d.name for d in kept]
    return names + [f"{k} at most {v:g}" for k, v in (limits or {}).items()] if limits else names


def front(problem: Problem, one: str, other: str, points: int = 10, *, seconds: float = 10.0) -> list[Posture]:
    """The Pareto front between two aims: postures of which none is better in both, from best `one` to best `other`.

    Each is found with a limit on the other aim; a small weight on the second keeps out postures that waste it. Of
    postures alike in both aims one is kept; a point for which no posture was found in time is left out.
    """

    def only(aim: str, second: str) -> Goals:
        return replace(Goals(harm=0.0), **{aim: 1.0, second: 1e-6})

    first = best_posture(problem, only(one, other), seconds=seconds)
    last = best_posture(problem, only(other, one), seconds=seconds)
    high, low = first.aims[other], last.aims[other]
    found = [first]
    between = [float(v) + 1e-9 for v in np.linspace(high, low, points)[1:-1]]
    for most in between:
        with suppress(Infeasible):  # the last posture keeps every one of these limits: only the time can have run out
            found.append(best_posture(problem, only(one, other), {other: most}, seconds=seconds))
    found.append(last)
    kept: list[Posture] = []
    for posture in found:
        better = any(
            q.aims[one] <= posture.aims[one] + 1e-9
            and q.aims[other] <= posture.aims[other] + 1e-9
            and (q.aims[one] < posture.aims[one] - 1e-9 or q.aims[other] < posture.aims[other] - 1e-9)
            for q in found
        )
        alike = any(
            abs(q.aims[one] - posture.aims[one]) <= 1e-9 and abs(q.aims[other] - posture.aims[other]) <= 1e-9
            for q in kept
        )
        if not better and not alike:
            kept.append(posture)
    return kept
