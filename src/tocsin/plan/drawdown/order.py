"""The order of closing bases that keeps the most protection step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack, identity, vstack

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.location.model import data_hash, relative_gap

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SECOND = 0.3  # worth of a second base within reach, the first being 1 (judgement)


@dataclass(frozen=True)
class Closing:
    """What is asked: reach, weights, how many bases stay at each step, and when each may or must close.

    Parameters
    ----------
    reach : ndarray of bool, shape (n_places, n_bases)
        Which base reaches which place in time.
    weight : ndarray, shape (n_steps, n_places)
        Harm expected at each place at each step (already less what others protect by then).
    stay : ndarray of int, shape (n_steps,)
        Bases still open after each step, never rising.
    earliest : ndarray of int, shape (n_bases,)
        First step at which a base may close (what must be in place before it is ready by then); n_steps: never.
    latest : ndarray of int, shape (n_bases,)
        Step by which it must be closed (end of contract or consent); n_steps: no date.
    second : float
        Worth of a second base within reach.
    """

    reach: npt.NDArray[np.bool_]
    weight: Floats
    stay: Ints
    earliest: Ints
    latest: Ints
    second: float = SECOND

    def __post_init__(self) -> None:
        """Refuse closings that cannot be."""
        places, bases = self.reach.shape
        steps = len(self.stay)
        if self.weight.shape != (steps, places) or self.earliest.shape != (bases,) or self.latest.shape != (bases,):
            raise BadInput("a drawdown needs a weight for every step and place and dates for every base")
        if not np.all(np.isfinite(self.weight) & (self.weight >= 0)) or not 0 <= self.second <= 1:
            raise BadInput("weights must be zero or more, and a second base is worth 0 to 1")
        if np.any(np.diff(self.stay) > 0) or self.stay[0] > bases or self.stay[-1] < 0:
            raise BadInput("the number of bases that stay can only fall from step to step")
        if np.any(self.earliest > self.latest):
            row = int(np.argmax(self.earliest > self.latest))
            raise Infeasible(
                "base {row} must be closed by step {latest}, and what must be in place before it closes is ready only "
                "by step {earliest}", row=row, latest=int(self.latest[row]), earliest=int(self.earliest[row]),
            )  # fmt: skip
        for t, stay in enumerate(self.stay):
            held = int((self.earliest > t).sum())
            free = bases - int((self.latest <= t).sum())
            if held > stay:
                raise Infeasible(
                    "after step {step} only {stay} bases may stay, and {held} cannot close by then because what must "
                    "be in place is not", step=t, stay=int(stay), held=held,
                )  # fmt: skip
            if free < stay:
                raise Infeasible(
                    "after step {step} {stay} bases should stay, and only {free} may still be open", step=t,
                    stay=int(stay), free=free,
                )  # fmt: skip
        if not _dates_fit(self, np.ones(bases, dtype=bool), 0):
            raise Infeasible(
                "no order keeps every date: between some two steps more bases must close than the plan lets go; let "
                "more close by then, or move a date"
            )


@dataclass(frozen=True)
class Order:
    """When each base closes, and the certificate.

    Parameters
    ----------
    closes : tuple of int
        Step at which each base closes (n_steps: it stays).
    curve : tuple of float
        Protection after each step: expected harm within reach, a second base counting less.
    value, bound, gap : float
        Sum of the curve; no order keeps more than the bound.
    price_of_order : float
        What is lost because a closed base stays closed, at most: separate best choices for each step less this order.
    method : str
    """

    closes: tuple[int, ...]
    curve: tuple[float, ...]
    value: float
    bound: float
    gap: float
    price_of_order: float
    method: str
    data_hash: str

    @property
    def proven(self) -> bool:
        """Whether no better order exists."""
        return self.gap <= 1e-7


def protection(asked: Closing, closes: Sequence[int] | Ints) -> Floats:
    """Protection after each step of an order, shape (n_steps,).

    >>> import numpy as np
    >>> one = Closing(np.array([[True, True], [False, True]]), np.ones((1, 2)), np.array([1]), np.zeros(2, int),
    ...               np.ones(2, int))
    >>> float(protection(one, [1, 0])[0]), float(protection(one, [0, 1])[0])
    (1.0, 2.0)
    """
    at = np.asarray(closes)
    found = np.empty(len(asked.stay))
    for t in range(len(asked.stay)):
        count = asked.reach[:, at > t].sum(axis=1)
        found[t] = asked.weight[t] @ ((count > 0) + asked.second * (count > 1))
    return found


def greedy_order(asked: Closing) -> Ints:
    """Close at each step the bases whose loss costs least then; the usual way, and the floor of what is given.

    A base is passed over where its closing would leave no way of keeping the dates of the others.
    """
    steps, bases = len(asked.stay), asked.reach.shape[1]
    closes = np.full(bases, steps)
    reach = asked.reach.astype(np.int64)
    for t in range(steps):
        open_ = closes > t
        while open_.sum() > asked.stay[t]:
            may = np.flatnonzero(open_ & (asked.earliest <= t))
            count = reach[:, open_].sum(axis=1)
            worth = (count > 0) + asked.second * (count > 1)
            less = count[:, None] - reach[:, may]
            loss = asked.weight[t] @ (worth[:, None] - ((less > 0) + asked.second * (less > 1)))
            for gone in may[np.argsort(loss, kind="stable")]:
                open_[gone] = False
                if _dates_fit(asked, open_, t):
                    closes[gone] = t
                    break
                open_[gone] = True
    return closes


def close_by(asked: Closing, key: Floats) -> Ints:
    """Close the bases with the lowest key first, as closing by cost or by contract date does, within their dates."""
    closes = np.full(asked.reach.shape[1], len(asked.stay))
    for t in range(len(asked.stay)):
        open_ = closes > t
        while open_.sum() > asked.stay[t]:
            may = np.flatnonzero(open_ & (asked.earliest <= t))
            for gone in may[np.argsort(key[may], kind="stable")]:
                open_[gone] = False
                if _dates_fit(asked, open_, t):
                    closes[gone] = t
                    break
                open_[gone] = True
    return closes


def _dates_fit(asked: Closing, open_: npt.NDArray[np.bool_], first: int) -> bool:
    """Whether the bases still open can close from step `first` on within their dates (the nearest date goes first)."""
    steps = len(asked.stay)
    left = open_.copy()
    for t in range(first, steps):
        may = np.flatnonzero(left & (asked.earliest <= t))
        go = int(left.sum() - asked.stay[t])
        if not 0 <= go <= len(may):
            return False
        left[may[np.argsort(asked.latest[may], kind="stable")][:go]] = False
        if np.any(left & (asked.latest <= t)):
            return False
    return True


def close_in_order(asked: Closing, *, seconds: float = 30.0, seed: int = 0) -> Order:
    """The order that keeps most protection, summed over the steps.

    Greedy removal, then exchanges of two bases' places in the order until none helps, from several starts; a bound
    from one program over all steps, and branch and bound on it for the time left. Never below greedy.

    Raises
    ------
    Infeasible
        When dates and numbers contradict each other, in words (see `Closing`).
    """
    import time

    begun = time.monotonic()
    reach, groups = np.unique(asked.reach, axis=0, return_inverse=True)
    groups = groups.ravel()
    weight = np.stack([np.bincount(groups, w, minlength=len(reach)).astype(np.float64) for w in asked.weight])
    small = Closing(reach, weight, asked.stay, asked.earliest, asked.latest, asked.second)
    rng = np.random.default_rng(seed)
    best = _exchange(small, greedy_order(small))
    value = float(protection(small, best).sum())
    for _ in range(6):
        if time.monotonic() - begun > seconds / 6:
            break
        tried = _exchange(small, _shaken(small, best, rng))
        worth = float(protection(small, tried).sum())
        if worth > value:
            best, value = tried, worth
    found, bound, how = _exact(small, best, value, max(1.0, seconds - (time.monotonic() - begun)))
    if found is not None and float(protection(small, found).sum()) > value:
        best, value = found, float(protection(small, found).sum())
    curve = protection(asked, best)
    free = sum(_free_step(small, t) for t in range(len(asked.stay)))
    bound = max(min(bound, free), value)
    return Order(
        tuple(int(c) for c in best), tuple(float(c) for c in curve), value, bound, relative_gap(value, bound),
        free - value, how, data_hash(asked.reach, asked.weight, asked.stay, asked.earliest, asked.latest),
    )  # fmt: skip


def _allowed(asked: Closing, closes: Ints) -> bool:
    steps = len(asked.stay)
    good = np.all((closes >= asked.earliest) & ((closes <= asked.latest) | (asked.latest >= steps)))
    return bool(good) and all(int((closes > t).sum()) == asked.stay[t] for t in range(steps))


def _exchange(asked: Closing, closes: Ints) -> Ints:
    """Exchange the steps of two bases while that helps (first improvement)."""
    best = closes.copy()
    value = float(protection(asked, best).sum())
    n = len(best)
    again = True
    while again:
        again = False
        for a in range(n):
            for b in range(a + 1, n):
                if best[a] == best[b]:
                    continue
                best[a], best[b] = best[b], best[a]
                ok = all(
                    asked.earliest[k] <= best[k] and (best[k] <= asked.latest[k] or asked.latest[k] >= len(asked.stay))
                    for k in (a, b)
                )
                if ok:
                    worth = float(protection(asked, best).sum())
                    if worth > value + 1e-9:
                        value, again = worth, True
                        continue
                best[a], best[b] = best[b], best[a]
    return best


def _shaken(asked: Closing, closes: Ints, rng: np.random.Generator) -> Ints:
    new = closes.copy()
    for _ in range(max(3, len(new) // 4)):
        a, b = rng.integers(len(new), size=2)
        new[a], new[b] = new[b], new[a]
        if not _allowed(asked, new):
            new[a], new[b] = new[b], new[a]
    return new


def _step_rows(asked: Closing) -> tuple[csr_matrix, int]:
    """Rows z1 + z2 <= sum of open bases, for one step; variables are bases, then first and second cover of places."""
    places = len(asked.reach)
    eye = identity(places, format="csr")
    return hstack([-csr_matrix(asked.reach.astype(np.float64)), eye, eye], format="csr"), places


def _free_step(asked: Closing, t: int) -> float:
    """Bound of one step alone: its best bases, as if those closed earlier could open again (linear relaxation)."""
    from scipy.optimize import linprog

    rows, places = _step_rows(asked)
    bases = asked.reach.shape[1]
    gain = np.concatenate([np.zeros(bases), asked.weight[t], asked.second * asked.weight[t]])
    low = np.where(asked.earliest > t, 1.0, 0.0)
    high = np.where(asked.latest <= t, 0.0, 1.0)
    one = np.concatenate([np.ones(bases), np.zeros(2 * places)])[None, :]
    solved = linprog(
        -gain, A_ub=rows, b_ub=np.zeros(places), A_eq=one, b_eq=[float(asked.stay[t])],
        bounds=[*zip(low, high, strict=True), *[(0.0, 1.0)] * (2 * places)], method="highs",
    )  # fmt: skip
    return -float(solved.fun) if solved.status == 0 else float((1 + asked.second) * asked.weight[t].sum())


def _exact(asked: Closing, best: Ints, value: float, seconds: float) -> tuple[Ints | None, float, str]:
    """One program over all steps: x[j, t] is one while base j is open after step t, and never rises."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    steps, bases = len(asked.stay), asked.reach.shape[1]
    rows, places = _step_rows(asked)
    one = bases + 2 * places
    blocks = [hstack([csr_matrix((places, t * one)), rows, csr_matrix((places, (steps - 1 - t) * one))], format="csr")
              for t in range(steps)]  # fmt: skip
    never = []
    for t in range(steps - 1):
        left = hstack([-identity(bases), csr_matrix((bases, 2 * places))])
        right = hstack([identity(bases), csr_matrix((bases, 2 * places))])
        never.append(
            hstack(
                [csr_matrix((bases, t * one)), left, right, csr_matrix((bases, (steps - 2 - t) * one))], format="csr"
            )
        )
    count = np.zeros((steps, steps * one))
    for t in range(steps):
        count[t, t * one : t * one + bases] = 1.0
    gain = np.concatenate(
        [np.concatenate([np.zeros(bases), asked.weight[t], asked.second * asked.weight[t]]) for t in range(steps)]
    )
    low = np.concatenate([np.r_[np.where(asked.earliest > t, 1.0, 0.0), np.zeros(2 * places)] for t in range(steps)])
    high = np.concatenate([np.r_[np.where(asked.latest <= t, 0.0, 1.0), np.ones(2 * places)] for t in range(steps)])
    whole = np.concatenate([np.r_[np.ones(bases), np.zeros(2 * places)] for _ in range(steps)])
    matrix = vstack([*blocks, *never, csr_matrix(count), csr_matrix(gain[None, :])], format="csc")
    n_upper = steps * places + (steps - 1) * bases
    lower = np.concatenate([np.full(n_upper, -np.inf), asked.stay.astype(np.float64), [value - 1e-6 * abs(value)]])
    upper = np.concatenate([np.zeros(n_upper), asked.stay.astype(np.float64), [np.inf]])
    solved = milp(
        -gain, constraints=LinearConstraint(matrix, lower, upper), bounds=Bounds(low, high), integrality=whole,
        options={"time_limit": seconds, "mip_rel_gap": 1e-8},
    )  # fmt: skip
    bound = -float(solved.mip_dual_bound) if solved.mip_dual_bound is not None else np.inf
    if not np.isfinite(bound):
        bound = np.inf
    how = "greedy, exchanges, branch and bound over all steps"
    how += "" if solved.status == 0 else ", stopped at its limit"
    if solved.x is None:
        return None, bound, how
    closes = np.full(bases, steps)
    for t in range(steps - 1, -1, -1):
        closes[solved.x[t * one : t * one + bases] < 0.5] = t
    return closes, bound, how
