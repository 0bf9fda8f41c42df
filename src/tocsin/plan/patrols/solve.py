"""Patrol routes: annealing from several seeds, its good routes recombined by branch and bound, and a bound."""

import time
from dataclasses import replace

import numpy as np

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.patrols.anneal import anneal
from tocsin.plan.patrols.model import Floats, Ints, Outing, Patrol, Routes, check_routes, times

STEPS = 80_000  # of one round of annealing
ROUNDS = 4
FLEET_STEPS = 30  # steps of a fleet that carries and costs, for each of `steps`: one is much shorter there
MOST_A_PLACE = 6_000  # of these, for each place: a small fleet need not run to the clock
POOL = 6_000  # routes given to branch and bound
PRICED = 600  # routes given to the proof

Visits = tuple[int, ...]


def solve_outing(
    problem: Outing,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    steps: int = STEPS,
    seconds: float = 60.0,
    bound: bool = True,
) -> Routes:
    """Routes that visit what is worth most; where patrols carry or cost, after what they cost (`solve_fleet`).

    Rounds of annealing (removing strings of visits and putting visits back), each from the best found so far and its
    own seed; then branch and bound chooses among all good routes met those that are together worth most. More rounds
    than `ROUNDS` begin anew after every so many, until the plan is proven best. Work is decided by counts; the clock
    only stops it. A must counts more than everything else together.

    Parameters
    ----------
    problem : Outing
    seed : int
    rounds, steps : int
    seconds : float
    bound : bool
        Compute the bound too (linear programs; a second or two at 100 places), or a proof that no plan is better.

    Raises
    ------
    Infeasible
        If a place that must be visited cannot be, or a patrol cannot even get from its start to its end.
    """
    begun = time.monotonic()
    for patrol in problem.patrols:
        if times(problem, patrol, ()) is None:
            raise Infeasible(
                "patrol {name} cannot get from where it starts to where it ends in {hours:.1f} hours: give it longer "
                "or a nearer end", name=patrol.name, hours=patrol.back - patrol.leave,
            )  # fmt: skip
    clients = reachable(problem)
    cut_off = sorted(problem.must - set(clients.tolist()))
    if cut_off:
        raise Infeasible(
            "no patrol can visit {places} within its hours{also}, even with nothing else to do: move a start nearer, "
            "give more hours or widen the window", places=cut_off, also=_also(problem),
        )  # fmt: skip
    if problem.has_costs:
        from tocsin.plan.patrols.fleet import solve_fleet

        many = min(steps * FLEET_STEPS, MOST_A_PLACE * max(1, len(clients)))
        return solve_fleet(problem, clients, seed=seed, steps=many, seconds=seconds)
    worth = problem.worth.copy()
    big = float(worth.sum()) + 1.0
    worth[list(problem.must)] += big
    best, how, top = _search(problem, worth, clients, seed, rounds, steps, begun, seconds, bound)
    best = _filled_where_needed(problem, best)
    seen = {p for r in best for p in r}
    if problem.must - seen:
        raise Infeasible(
            "the patrols cannot visit all of the places that must be visited; left out in the best plan found: "
            "{places}. Give more patrols or hours, or name fewer", places=sorted(problem.must - seen),
        )  # fmt: skip
    value = check_routes(problem, best)
    out = []
    for patrol, route in zip(problem.patrols, best, strict=True):
        timed = times(problem, patrol, route)
        out.append(0.0 if timed is None else timed[1] - patrol.leave)
    return Routes(best, value, max(top, value), tuple(out), how, seed, problem.digest())


def _search(
    problem: Outing, worth: Floats, clients: Ints, seed: int, rounds: int, steps: int, begun: float, seconds: float,
    bound: bool,
) -> tuple[tuple[Visits, ...], str, float]:  # fmt: skip
    """The best plan found, how, and what no plan is worth more than."""
    best: tuple[Visits, ...] = ((),) * len(problem.patrols)
    value, top = -np.inf, float(problem.worth[clients].sum())
    pool: set[tuple[int, Visits]] = set()
    how, merged_of, proof = f"annealing, {rounds} rounds", 0, None
    for spell in range(max(1, -(-rounds // ROUNDS))):
        many = min(ROUNDS, rounds - spell * ROUNDS)
        found, gained, met = anneal(
            problem, worth, clients, (seed, spell) if spell else seed, many, steps, begun, seconds
        )
        pool |= met
        before = value
        if gained > value + 1e-9:
            best, value = found, gained
        left = seconds - (time.monotonic() - begun)
        if len(pool) > len(problem.patrols) > 1 and left > 0.2:
            merged = _recombine(problem, worth, pool, best, min(left, 10.0))
            merged_of = len(pool)
            if merged is not None and worth[[p for r in merged for p in r]].sum() > value + 1e-9:
                best, value = merged, float(worth[[p for r in merged for p in r]].sum())
        plain = float(problem.worth[[p for r in best for p in r]].sum())
        left = seconds - (time.monotonic() - begun)
        if bound and plain < top - 1e-9 and left > 1.0 and (proof is None or (proof.whole and value > before + 1e-9)):
            from tocsin.plan.patrols.proof import prove

            good = sorted({r for _, r in pool}, key=lambda r: (-float(worth[list(r)].sum()), r))[:PRICED]
            proof = prove(problem, clients, best, good)
            top = min(top, proof.bound)
            if proof.visits is not None and _keeps(problem, proof.visits):
                best, plain = proof.visits, proof.best
                value = max(value, float(worth[[p for r in best for p in r]].sum()))
        if plain >= top - 1e-9 or left < 0:
            break
    if merged_of:
        how += f", branch and bound over {merged_of:,} routes"
    if bound and plain < top - 1e-9 and not (proof is not None and proof.whole):
        from tocsin.plan.patrols.bound import linear_bound

        top = min(top, linear_bound(problem, clients))
    return best, how + (f"; the bound: {proof.how}" if proof is not None else ""), top


def _keeps(problem: Outing, visits: tuple[Visits, ...]) -> bool:
    """Whether a plan keeps to fuel and to what must be visited."""
    timed = all(times(problem, patrol, r) is not None for patrol, r in zip(problem.patrols, visits, strict=True))
    return timed and problem.must <= {p for r in visits for p in r}


def _also(problem: Outing) -> str:
    """What else than hours limits patrols here, in words."""
    fuel = ", its fuel" if any(p.fuel < np.inf for p in problem.patrols) else ""
    return fuel + (" and with what it brings" if problem.needs else "")


def reachable(problem: Outing) -> Ints:
    """Places some patrol could visit if it did nothing else, and that are worth it."""
    found = []
    for place in range(len(problem.worth)):
        if place in problem.ends:
            continue
        if problem.worth[place] <= 0 and place not in problem.must and place not in problem.pumps:
            continue
        if any(in_reach(problem, patrol, place) for patrol in problem.patrols):
            found.append(place)
    return np.array(found, dtype=np.int64)


def in_reach(problem: Outing, patrol: Patrol, place: int) -> bool:
    """Whether a patrol could visit a place if it did nothing else but fill its tanks where it must."""
    if times(problem, patrol, (place,)) is not None:
        return True
    if patrol.fuel == np.inf or not problem.can(patrol, place):
        return False
    stops: list[tuple[int, ...]] = [(), *((p,) for p in problem.pumps if p != place)]
    return any(a != b and times(problem, patrol, (*a, place, *b)) is not None for a in stops for b in stops if (a or b))


def _filled_where_needed(problem: Outing, visits: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """The same routes without stops for fuel that they can do without."""
    found = []
    for patrol, route in zip(problem.patrols, visits, strict=True):
        kept = route
        for pump in [p for p in route if p in problem.pumps]:
            shorter = tuple(p for p in kept if p != pump)
            kept = shorter if times(problem, patrol, shorter) is not None else kept
        found.append(kept)
    return tuple(found)


def _recombine(
    problem: Outing,
    worth: Floats,
    pool: set[tuple[int, tuple[int, ...]]],
    best: tuple[tuple[int, ...], ...],
    seconds: float,
) -> tuple[tuple[int, ...], ...] | None:
    """The routes of the pool that are together worth most, each place once, each patrol one route."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix

    # Of routes with the same visits the order does not matter here: any that keeps its times will do.
    kinds: dict[Patrol, list[int]] = {}
    for k, p in enumerate(problem.patrols):
        kinds.setdefault(replace(p, name=""), []).append(k)
    by_visits = {tuple(sorted(r)): r for _, r in pool}
    ranked = sorted(by_visits.values(), key=lambda r: (-float(worth[list(r)].sum()), r))[:POOL]
    ranked += [r for r in best if r and r not in set(ranked)]
    columns: list[tuple[int, tuple[int, ...]]] = []
    groups = list(kinds.values())
    for g, members in enumerate(groups):
        patrol = problem.patrols[members[0]]
        columns += [(g, r) for r in ranked if len(groups) == 1 or times(problem, patrol, r) is not None]
    if not columns:
        return None
    n = len(problem.worth)
    row = [p for _, r in columns for p in r] + [n + g for g, _ in columns]
    col = [k for k, (_, r) in enumerate(columns) for _ in r] + list(range(len(columns)))
    matrix = coo_matrix((np.ones(len(row)), (row, col)), shape=(n + len(groups), len(columns))).tocsr()
    limit = np.concatenate([np.ones(n), [len(g) for g in groups]])
    gain = np.array([float(worth[list(r)].sum()) for _, r in columns])
    solved = milp(
        -gain, constraints=LinearConstraint(matrix, -np.inf, limit), bounds=Bounds(0, 1),
        integrality=np.ones(len(columns)), options={"time_limit": seconds, "mip_rel_gap": 1e-9},
    )  # fmt: skip
    if solved.x is None:
        return None
    found: list[tuple[int, ...]] = [()] * len(problem.patrols)
    free = [list(g) for g in groups]
    for k in np.flatnonzero(solved.x > 0.5).tolist():
        g, route = columns[k]
        found[free[g].pop()] = route
    return tuple(found)


def distances(x: Floats, y: Floats) -> Floats:
    """Straight distances between points on a plane, shape (n, n)."""
    if len(x) != len(y):
        raise BadInput("points need as many x as y")
    return np.asarray(np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]))
