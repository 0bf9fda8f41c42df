"""The best posture for what is wanted and demanded: exact by branch and bound, or the best found with its bound."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from tocsin.core.errors import Infeasible
from tocsin.plan.location.model import data_hash, relative_gap
from tocsin.plan.location.reduce import merge_rows
from tocsin.plan.posture.model import AIMS, Demand, Floats, Goals, Ints, Posture, Problem


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
        float((mean * (1 - value))[problem.areas == a].sum() / mean[problem.areas == a].sum()) for a in _areas(problem)
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


def _areas(problem: Problem) -> list[int]:
    mean = problem.draws.mean(axis=0)
    return [int(a) for a in np.unique(problem.areas[problem.areas >= 0]) if mean[problem.areas == a].sum() > 0]


class _Model:
    """The mixed-integer model: options x, reached shares z per tier and merged cell, and the aims."""

    def __init__(self, problem: Problem, goals: Goals, limits: dict[str, float]) -> None:
        self.n = len(problem.options)
        self.n_columns = self.n
        self.cost: list[Floats] = [np.zeros(self.n)]
        self.upper: list[Floats] = [np.ones(self.n)]
        self.whole: list[Floats] = [np.ones(self.n)]
        self.blocks: list[tuple[csr_matrix, Ints, Floats, Floats]] = []
        total = problem.draws.sum(axis=1)
        mean = problem.draws.mean(axis=0)
        scale = float(mean.sum()) or 1.0
        areas = _areas(problem)
        want_area = goals.worst_area > 0 or goals.spread > 0 or "worst_area" in limits or "spread" in limits
        want_tail = goals.tail > 0 or "tail" in limits
        reach: list[tuple[Ints, csr_matrix]] = []  # columns of z and (aims by columns) what each is worth
        aims = len(areas) if want_area else 0
        tails = len(total) if want_tail else 0
        for cover, share, backup in problem.tiers:
            # rows alike in cover may be merged when they also lie in one area; per-draw worth is summed with them
            worth = [share * mean[None, :] / scale]
            if aims:
                worth.append(
                    np.array(
                        [np.where(problem.areas == a, share * mean / mean[problem.areas == a].sum(), 0) for a in areas]
                    )
                )
            if tails:
                some = np.maximum(total, 1e-300)
                worth.append(share * problem.draws / some[:, None])
            table = np.vstack(worth)
            use = np.flatnonzero((mean > 0) & (np.diff(cover.tocsr().indptr) > 0))
            rows = cover.tocsr()[use].astype(float)
            rows.data[:] = 1.0
            if not aims and not tails:
                merged = merge_rows(rows, table[0, use])
                rows, table = merged.cover.astype(float), merged.weight[None, :]
                rows.data[:] = 1.0
            else:
                table = table[:, use]
            m = rows.shape[0]
            at = self._add(m, -goals.harm * table[0], whole=backup)
            eye = csr_matrix((np.ones(m), (np.arange(m), np.arange(m))), shape=(m, m))
            if backup:
                # z ≤ times reached - 1, through "reached at all" ≥ z; z is yes or no, for half a back-up is none
                first = self._add(m, np.zeros(m))
                self._row(hstack([rows, -eye, -eye]), np.concatenate([np.arange(self.n), first, at]), 0, np.inf)
                self._row(hstack([eye, -eye]), np.concatenate([first, at]), 0, np.inf)
            else:
                self._row(hstack([rows, -eye]), np.concatenate([np.arange(self.n), at]), 0, np.inf)
            reach.append((at, csr_matrix(table)))
        columns = np.concatenate([c for c, _ in reach])
        table_all = hstack([t for _, t in reach], format="csr")
        self.constant = goals.harm * (1.0 if mean.sum() > 0 else 0.0)
        ones = np.ones(1)
        if "harm" in limits:
            self._row(table_all[0], columns, 1 - limits["harm"], np.inf)
        at_row = 1
        if want_area and areas:
            worst, best = self._add(1, ones * (goals.worst_area + goals.spread)), self._add(1, -ones * goals.spread)
            block = table_all[at_row : at_row + aims]
            # worst ≥ 1 - reached in every area, best ≤ 1 - reached
            every = csr_matrix(np.ones((aims, 1)))
            self._row(hstack([block, every]), np.concatenate([columns, worst]), 1, np.inf)
            self._row(hstack([block, every]), np.concatenate([columns, best]), -np.inf, 1)
            if "worst_area" in limits:
                self._row(csr_matrix(np.ones((1, 1))), worst, -np.inf, limits["worst_area"])
            if "spread" in limits:
                self._row(csr_matrix(np.array([[1.0, -1.0]])), np.concatenate([worst, best]), -np.inf, limits["spread"])
            at_row += aims
        if want_tail:
            weight = 1 / (len(total) * (1 - problem.tail_share))
            eta, over = self._add(1, ones * goals.tail), self._add(tails, np.full(tails, goals.tail * weight))
            eye = csr_matrix((np.ones(tails), (np.arange(tails), np.arange(tails))), shape=(tails, tails))
            full = np.where(total > 0, 1.0, 0.0)
            every = csr_matrix(np.ones((tails, 1)))
            joined = np.concatenate([columns, eta, over])
            self._row(hstack([table_all[at_row:], every, eye]), joined, full, np.inf)
            if "tail" in limits:
                line = csr_matrix(np.concatenate([[1.0], np.full(tails, weight)])[None, :])
                self._row(line, np.concatenate([eta, over]), -np.inf, limits["tail"])
        for name in ("cost", "flying_hours", "moves"):
            amount = np.array([float(getattr(o, name)) for o in problem.options])
            self.cost[0] = self.cost[0] + getattr(goals, name) * amount
            if name in limits:
                self._row(csr_matrix(amount[None, :]), np.arange(self.n), -np.inf, limits[name])
        by_unit: dict[str, list[int]] = {}
        for j, option in enumerate(problem.options):
            by_unit.setdefault(option.unit, []).append(j)
        for members in by_unit.values():
            self._row(csr_matrix(np.ones((1, len(members)))), np.array(members), -np.inf, 1)

    def _add(self, count: int, cost: Floats, whole: bool = False) -> Ints:
        at = np.arange(self.n_columns, self.n_columns + count)
        self.n_columns += count
        self.cost.append(np.asarray(cost, dtype=float))
        self.upper.append(np.ones(count))
        self.whole.append(np.full(count, float(whole)))
        return at

    def _row(self, matrix: csr_matrix, columns: Ints, least: float | Floats, most: float | Floats) -> None:
        rows = matrix.shape[0]
        self.blocks.append((csr_matrix(matrix), columns, np.broadcast_to(least, rows), np.broadcast_to(most, rows)))

    def solve(self, demands: Sequence[Demand], seconds: float) -> tuple[int, Floats | None, float]:
        """Status (0 solved, 1 limit, 2 infeasible), solution and proven bound."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        blocks = list(self.blocks)
        blocks += [(d.rows, np.arange(self.n), d.least, d.most) for d in demands if d.rows.shape[0]]
        wide = []
        for matrix, columns, _, _ in blocks:
            spread = csr_matrix(
                (np.ones(len(columns)), (np.arange(len(columns)), columns)), (len(columns), self.n_columns)
            )
            wide.append(matrix @ spread)
        least = np.concatenate([b[2] for b in blocks])
        most = np.concatenate([b[3] for b in blocks])
        solved = milp(
            np.concatenate(self.cost),
            constraints=LinearConstraint(vstack(wide, format="csc"), least, most),
            bounds=Bounds(0, np.concatenate(self.upper)),
            integrality=np.concatenate(self.whole),
            options={"time_limit": seconds, "mip_rel_gap": 1e-9},
        )
        bound = -np.inf if solved.mip_dual_bound is None else float(solved.mip_dual_bound)
        return int(solved.status), solved.x, bound + self.constant


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
    model = _Model(problem, wanted, caps)
    status, found, bound = model.solve(problem.demands, seconds)
    if status == 2:
        names = clash(problem, caps)
        raise Infeasible("these demands cannot be met together: {names}", names="; ".join(names), demands=names)
    if found is None:
        raise Infeasible("no posture was found within {seconds:g} seconds; allow more time", seconds=seconds)
    chosen = tuple(int(j) for j in np.flatnonzero(found[: model.n] > 0.5))
    aims = evaluate(problem, chosen)
    value = sum(getattr(wanted, a) * aims[a] for a in AIMS)
    code = data_hash(
        problem.draws,
        problem.areas,
        *(t for c, s, b in problem.tiers for t in (c.tocsr(), s, b)),
        wanted,
        sorted(caps.items()),
    )
    bound = min(bound, value)
    how = "branch and bound" if status == 0 else "branch and bound, stopped at its limit"
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
    model = _Model(problem, Goals(harm=0.0), limits or {})
    kept = list(problem.demands)
    if model.solve(kept, seconds)[0] != 2:
        return []
    for demand in list(kept):
        rest = [d for d in kept if d is not demand]
        if model.solve(rest, seconds)[0] == 2:
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
