"""Patrols nobody can learn: a lot drawn among good plans, with a cap on how often any of them is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tocsin.core.errors import BadInput
from tocsin.plan.patrols.lots import Plan, best_lot, every_route
from tocsin.plan.patrols.model import Floats, Outing, Routes, check_routes, times
from tocsin.plan.patrols.solve import solve_outing

GUESS = 1.5  # times chance an observer's best guess may be right
TRIES = 5  # plans looked for, for each plan wanted
NOISE = (0.2, 1.0)  # standard deviation of the logarithm of a place's worth, first and last, while looking for plans
STEPS = 4_000
TIGHTER = 3  # times that caps are lowered for the routes a lot came out with
WORTH_SHARES = (0.85, 0.7, 0.5)  # of a patrol's best route: how good another must be to be driven as often


@dataclass(frozen=True)
class Mix:
    """Plans and the chance of each; draw one a day, and a new one every day.

    Parameters
    ----------
    plans : tuple of tuple of tuple of int
        Visits of each patrol, for each plan.
    chance : tuple of float
        Sums to one.
    values : tuple of float
        Worth of each plan.
    value : float
        Expected worth of the mix.
    best : float
        Worth of the best fixed plan found.
    guess : tuple of float
        For each patrol the chance that the likeliest of its routes is the one of tomorrow.
    routes : tuple of int
        Different routes each patrol has; blind chance is one over it.
    entropy : float
        Of the plan drawn, nats; with the cap at least ``log(plans / guess)``.
    bound : float or None
        No lot at all in which each patrol's routes are driven no more often than ``guess / routes`` is worth more; None
        where the patrols have too many routes to list.
    """

    plans: tuple[tuple[tuple[int, ...], ...], ...]
    chance: tuple[float, ...]
    values: tuple[float, ...]
    value: float
    best: float
    guess: tuple[float, ...]
    routes: tuple[int, ...]
    entropy: float
    bound: float | None = None

    @property
    def least_loss(self) -> float | None:
        """Share of the best plan's worth that any lot as hard to guess gives up; None where it is not known."""
        return None if self.bound is None or self.best <= 0 else max(0.0, 1 - self.bound / self.best)

    @property
    def loss(self) -> float:
        """Share of the best plan's worth given up for not being learned."""
        return max(0.0, 1 - self.value / self.best) if self.best > 0 else 0.0

    @property
    def guess_over_chance(self) -> float:
        """How many times better than blind chance the best guess is, of the patrol that is easiest to guess."""
        return max(g * n for g, n in zip(self.guess, self.routes, strict=True))

    @property
    def route_entropy(self) -> tuple[float, ...]:
        """How uncertain tomorrow's route of each patrol is, nats."""
        held = [np.array(list(_shares(list(self.plans), np.array(self.chance), r).values()))
                for r in range(len(self.guess))]  # fmt: skip
        return tuple(float(-(p[p > 0] * np.log(p[p > 0])).sum()) for p in held)

    @property
    def entropy_floors(self) -> tuple[float, ...]:
        """What that is at least, because no route is drawn more often than the best guess is right."""
        return tuple(float(-np.log(g)) for g in self.guess)

    @property
    def overlap(self) -> float:
        """Mean share of places that two routes of the same patrol have in common: 0, nothing; 1, the same places."""
        shares = []
        for patrol in range(len(self.guess)):
            routes = [set(plan[patrol]) for plan in self.plans]
            shares += [len(a & b) / max(1, len(a | b)) for k, a in enumerate(routes) for b in routes[:k]]
        return float(np.mean(shares)) if shares else 1.0

    def draw(self, rng: np.random.Generator) -> int:
        """Tomorrow's plan."""
        return int(rng.choice(len(self.plans), p=np.array(self.chance) / sum(self.chance)))

    def presence(self, places: int) -> Floats:
        """Chance that each place sees a patrol tomorrow, shape (places,)."""
        found = np.zeros(places)
        for plan, chance in zip(self.plans, self.chance, strict=True):
            found[sorted({p for route in plan for p in route})] += chance
        return found


def mix_routes(
    problem: Outing,
    best: Routes,
    *,
    plans: int = 12,
    guess: float = GUESS,
    seed: int = 0,
    floors: Mapping[int, float] | None = None,
) -> Mix:
    """Mix over good plans: the most expected worth while no route is drawn more than `guess` times as often as chance.

    Other plans are found by solving again with every worth shaken, which keeps good places in and changes which and in
    which order; those that give every patrol a route it does not have yet come first. Then a linear program.

    Parameters
    ----------
    best : Routes
        The best fixed plan, from `solve_outing`.
    plans : int
        Different routes wanted of each patrol, and plans to mix over. The lot that is worth most at the same caps may
        need fewer plans or more; it is as uncertain as so many at the cap, or else fewer are to be had.
    guess : float
        Cap on the best guess, in multiples of blind chance; 1 draws all alike.
    floors : mapping of place → chance
        How likely each of these is visited at least. A place for which no lot keeps both to this and to the cap is
        visited in every plan.

    Raises
    ------
    BadInput
        If fewer than one plan or a cap below 1 is asked.
    Infeasible
        If a place with a floor cannot be visited.
    """
    if plans < 1 or guess < 1:
        raise BadInput("a mix has one plan or more, and a best guess cannot be worse than blind chance (1)")
    rng = np.random.default_rng(seed)
    pool = {best.visits: best.value}
    for turn in range(TRIES * plans if plans > 1 else 0):
        noise = NOISE[0] + (NOISE[1] - NOISE[0]) * turn / (TRIES * plans)
        shaken = replace(problem, worth=problem.worth * np.exp(rng.normal(0, noise, len(problem.worth))))
        if floors and turn % 2 == 1:
            shaken = replace(shaken, must=problem.must | {sorted(floors)[turn // 2 % len(floors)]})
        found = solve_outing(shaken, seed=int(rng.integers(1 << 31)), rounds=1, steps=STEPS, bound=False)
        for visits in _ways_round(problem, found.visits, rng):
            pool.setdefault(visits, check_routes(problem, visits))
        if turn >= 2 * plans and len(_different(pool, plans, only_new=True)) == plans:
            break
    # A shaken search may meet a better plan than the one given: it is then what the loss is measured against.
    top = max(pool.values())
    chosen, values, chance = _best_lot(problem, pool, plans, guess)
    chosen, values, chance, bound = _improved(problem, pool, chosen, values, chance, guess, floors or {})
    seldom = [p for p in floors or {} if _seen(chosen, chance, p) < (floors or {})[p] - 1e-6]
    if seldom:
        held = replace(problem, must=problem.must | set(seldom))
        left = {p: f for p, f in (floors or {}).items() if p not in seldom}
        again = solve_outing(held, seed=seed, bound=False)
        found_mix = mix_routes(held, again, plans=plans, guess=guess, seed=seed, floors=left)
        return replace(found_mix, best=max(top, found_mix.best))
    shares = [_shares(chosen, chance, r) for r in range(len(problem.patrols))]
    some = chance[chance > 0]
    return Mix(
        tuple(chosen), tuple(float(c) for c in chance), tuple(float(v) for v in values), float(chance @ values), top,
        tuple(max(s.values()) for s in shares), tuple(len(s) for s in shares), float(-(some * np.log(some)).sum()),
        bound,
    )  # fmt: skip


def _ways_round(problem: Outing, visits: Plan, rng: np.random.Generator) -> list[Plan]:
    """A plan, and it with like patrols' routes exchanged and some driven the other way round where times allow."""
    turned = list(visits)
    for r, patrol in enumerate(problem.patrols):
        same = [k for k in range(r + 1) if replace(problem.patrols[k], name=patrol.name) == patrol]
        other = same[int(rng.integers(len(same)))]
        turned[r], turned[other] = turned[other], turned[r]
    for r, (patrol, route) in enumerate(zip(problem.patrols, tuple(turned), strict=True)):
        back = tuple(reversed(route))
        if rng.random() < 0.5 and times(problem, patrol, back) is not None:
            turned[r] = back
    return list(dict.fromkeys([visits, tuple(turned)]))


def _best_lot(problem: Outing, pool: dict[Plan, float], plans: int, guess: float) -> tuple[list[Plan], Floats, Floats]:
    """Plans and chances that keep to the cap and are worth most; where none keeps to it, those that come nearest.

    Tried are the plans that differ most, and plans put together anew so that each patrol uses all its routes alike:
    where a patrol has few good routes, the others' must not decide how often each of them is driven.
    """
    lots = [_different(pool, plans)]
    for share in WORTH_SHARES if plans > 1 else ():
        even = _even(problem, pool, plans, share)
        if len(even) >= len(lots[0]):
            lots.append(even)
    found = []
    for chosen in lots:
        values = np.array([check_routes(problem, v) for v in chosen])
        chance = _chances(chosen, values, guess)
        over = 0.0
        for r in range(len(problem.patrols)):
            held = _shares(chosen, chance, r)
            over = max(over, max(held.values()) * len(held)) if len(held) > 1 else over
        found.append(((over > guess + 1e-6) * over, -float(chance @ values), chosen, values, chance))
    _, _, chosen, values, chance = min(found, key=lambda f: f[:2])
    return chosen, values, chance


def _improved(
    problem: Outing,
    pool: dict[Plan, float],
    chosen: list[Plan],
    values: Floats,
    chance: Floats,
    guess: float,
    floors: Mapping[int, float],
) -> tuple[list[Plan], Floats, Floats, float | None]:
    """The lot that is worth most with as many routes of each patrol as these plans have, and a bound on any such lot.

    Over all routes where they can be listed, else over those met. It is taken only where it is worth more, keeps to the
    cap as these do, and its plan is as uncertain as the cap promises; where these do not keep to the cap, if it does.
    """
    m = len(problem.patrols)
    listed = [every_route(problem, p) for p in problem.patrols]
    routes = [_met(problem, pool, r) if some is None else some for r, some in enumerate(listed)]
    count = [len(_shares(chosen, chance, r)) for r in range(m)]
    caps = [min(1.0, guess / n) for n in count]
    found = best_lot(problem, routes, caps, floors)
    bound = found.bound if found is not None and all(some is not None for some in listed) else None
    before = _over(chosen, chance, m)
    seldom = any(_seen(chosen, chance, p) < least - 1e-6 for p, least in floors.items())
    for turn in range(TIGHTER + 1):
        if found is None:
            break
        plans = list(found.plans)
        entropy = float(-(found.chance * np.log(found.chance)).sum())
        no_better = found.value <= float(chance @ values) + 1e-9 or entropy < np.log(len(chosen) / guess) - 1e-9
        if no_better and before <= guess + 1e-6 and not seldom:
            break
        if _over(plans, found.chance, m) <= guess + 1e-6:
            worth = np.array([check_routes(problem, v) for v in plans])
            return plans, worth, found.chance, bound
        # More routes than the cap is reckoned with: again, each of them driven as seldom as so many ask for; where that
        # cannot be, with those driven most.
        shares = [_shares(plans, found.chance, r) for r in range(m)]
        tight = [min(cap, guess / len(s)) for cap, s in zip(caps, shares, strict=True)]
        again = best_lot(problem, routes, tight, floors) if turn < TIGHTER and tight != caps else None
        if again is None:
            few = [_driven_most(shares[r], count[r]) for r in range(m)]
            found = best_lot(problem, few, caps, floors)
        else:
            found, caps = again, tight
    return chosen, values, chance, bound


def _seen(plans: list[Plan], chance: Floats, place: int) -> float:
    """Chance that a place is visited."""
    return float(sum(c for plan, c in zip(plans, chance, strict=True) if any(place in route for route in plan)))


def _driven_most(shares: dict[tuple[int, ...], float], most: int) -> list[tuple[int, ...]]:
    """The routes driven most, no more than so many, the other way round counted; each set of places once."""
    ways: dict[frozenset[int], list[tuple[int, ...]]] = {}
    for route in sorted(shares, key=lambda v: (-shares[v], v)):
        ways.setdefault(frozenset(route), []).append(route)
    kept: list[tuple[int, ...]] = []
    for some in ways.values():
        if len(some) <= most:
            kept.append(some[0])
            most -= len(some)
    return kept


def _met(problem: Outing, pool: dict[Plan, float], patrol: int) -> list[tuple[int, ...]]:
    """Routes met that a patrol could drive, its own and those of patrols alike; each set of places once."""
    alike = [
        r for r, p in enumerate(problem.patrols) if replace(p, name="") == replace(problem.patrols[patrol], name="")
    ]
    found: dict[frozenset[int], tuple[int, ...]] = {frozenset(): ()}
    for plan in pool:
        for r in alike:
            found.setdefault(frozenset(plan[r]), plan[r])
    return sorted(found.values())


def _over(plans: list[Plan], chance: Floats, patrols: int) -> float:
    """How many times likelier than blind chance the likeliest route is, of the patrol that is easiest to guess."""
    shares = [_shares(plans, chance, r) for r in range(patrols)]
    return max([max(s.values()) * len(s) for s in shares if len(s) > 1], default=1.0)


def _even(problem: Outing, pool: dict[Plan, float], plans: int, share: float) -> list[Plan]:
    """Plans made of the patrols' own good routes, each taken as often as the others; places visited twice are left out.

    A route is good when it is worth at least `share` of the patrol's best.
    """
    m = len(problem.patrols)
    worth = [{v[r]: float(problem.worth[list(v[r])].sum()) for v in pool} for r in range(m)]
    routes = []
    for of in worth:
        best = max(of.values())
        ranked = sorted(of, key=lambda v: (-of[v], v))
        good = [v for v in ranked if of[v] >= share * best - 1e-12][:plans]
        routes.append(good)
    used = [dict.fromkeys(some, 0) for some in routes]
    made: dict[Plan, None] = {}
    for turn in range(3 * plans):
        taken: set[int] = set()
        plan: list[tuple[int, ...]] = [()] * m
        for r in [(turn + k) % m for k in range(m)]:  # each patrol chooses first in turn
            order = sorted(routes[r], key=lambda v: (used[r].get(v, 0), len(taken & set(v)), -worth[r][v], v))
            for route in order:
                left = tuple(p for p in route if p not in taken)
                if times(problem, problem.patrols[r], left) is not None:
                    plan[r] = left
                    break
            taken |= set(plan[r])
        if not problem.must - taken:
            made[tuple(plan)] = None
        for r in range(m):  # also of one met before, so that the next is another
            used[r][plan[r]] = used[r].get(plan[r], 0) + 1
        if len(made) == plans:
            break
    return list(made)


def _different(pool: dict[Plan, float], plans: int, *, only_new: bool = False) -> list[Plan]:
    """The most valuable plans, first those in which every patrol's route is new."""
    ranked = sorted(pool, key=lambda v: (-pool[v], v))
    chosen: list[Plan] = []
    for strict in (True,) if only_new else (True, False):
        for visits in ranked:
            if len(chosen) == plans:
                return chosen
            new = [all(visits[r] != other[r] for other in chosen) for r in range(len(visits))]
            if visits not in chosen and (all(new) if strict else any(new)):
                chosen.append(visits)
    return chosen


def _chances(chosen: list[Plan], values: Floats, guess: float) -> Floats:
    """Chances that give the most expected worth, none above ``guess / n`` nor below ``(2 - guess) / n`` (at least 0).

    Routes that several plans share are capped too, as low as the plans allow.
    """
    from scipy.optimize import linprog

    n = len(chosen)
    rows, shares = [], []
    for r in range(len(chosen[0])):
        kinds = sorted({v[r] for v in chosen})
        for kind in kinds if len(kinds) > 1 else ():
            rows.append([1.0 if v[r] == kind else 0.0 for v in chosen])
            shares.append(1 / len(kinds))
    low, high = max(0.0, 2 - guess) / n, min(1.0, guess / n)
    if not rows:
        return np.full(n, 1 / n)
    # First how low the likeliest route can be held, then the most worth at that.
    table, cap = np.array(rows), np.array(shares)[:, None]
    held = linprog(
        np.r_[np.zeros(n), 1.0], A_ub=np.hstack([table, -cap]), b_ub=np.zeros(len(rows)),
        A_eq=np.r_[np.ones(n), 0.0][None, :], b_eq=[1.0], bounds=[(low, high)] * n + [(guess, None)], method="highs",
    )  # fmt: skip
    solved = linprog(
        -values, A_ub=table, b_ub=(cap[:, 0] * held.x[-1]) + 1e-9, A_eq=np.ones((1, n)), b_eq=[1.0],
        bounds=[(low, high)] * n, method="highs",
    )  # fmt: skip
    chance = np.clip(solved.x, 0, None)
    return np.asarray(chance / chance.sum())


def _shares(chosen: list[Plan], chance: Floats, patrol: int) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {}
    for visits, share in zip(chosen, chance, strict=True):
        found[visits[patrol]] = found.get(visits[patrol], 0.0) + float(share)
    return found


def watched(mix: Mix, patrol: int, days: int, rng: np.random.Generator) -> float:
    """Share of days on which somebody who saw every day before, and bets on what was most frequent, is right."""
    seen: dict[tuple[int, ...], int] = {}
    right = 0
    for _ in range(days):
        route = mix.plans[mix.draw(rng)][patrol]
        right += bool(seen) and route == max(seen, key=lambda r: seen[r])
        seen[route] = seen.get(route, 0) + 1
    return right / days
