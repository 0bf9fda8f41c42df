"""Which offers go to which needs, month by month: whole units, sets that help only together, a bound."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.plan.location.model import data_hash, relative_gap
from tocsin.plan.partners.model import Need, Offer, Passing

MOST_LINKS = 200_000
Allowed = Callable[[int, int, int], bool]


@dataclass(frozen=True)
class Paired:
    """What passes, and the certificate.

    Parameters
    ----------
    passings : tuple of Passing
    value : float
        Weight of needs met, summed over units and months.
    bound : float
        Nothing that keeps to the same gate, places and dates is worth more.
    met : ndarray, shape (n_needs, n_months)
        Units of each need met.
    """

    passings: tuple[Passing, ...]
    value: float
    bound: float
    gap: float
    met: npt.NDArray[np.int64]
    method: str
    data_hash: str

    @property
    def proven(self) -> bool:
        """Whether nothing better exists."""
        return self.gap <= 1e-7


def fits(offer: Offer, need: Need, month: int) -> bool:
    """Whether an offer is what a need asks for in a month; not whether it may or can get there."""
    return (
        offer.force != need.force
        and offer.capability == need.capability
        and (not need.detail or need.detail == offer.detail)
        and offer.months[0] <= month <= offer.months[1]
        and need.months[0] <= month <= need.months[1]
    )


def pair(
    offers: Sequence[Offer], needs: Sequence[Need], months: Sequence[int], may: Allowed, *, seconds: float = 30.0
) -> Paired:
    """Meet the needs that weigh most with what others offer.

    A unit of a need met for a month is worth the need's weight. Needs of one set count only in months in which all
    units of all of them are met. Of answers worth the same, the one with the fewest pairs of offer and need over all
    months is taken, so that teams do not change hands every month.

    Parameters
    ----------
    months : sequence of int
        Month numbers planned for.
    may : callable
        (row of the offer, row of the need, month) → whether it may pass and gets there. A hard constraint.
    seconds : float
        Longest to look, for each of the two steps.

    Examples
    --------
    >>> offers = [Offer("clinic", "A", "medical"), Offer("drone", "B", "isr")]
    >>> needs = [Need("x", "B", "medical"), Need("y", "A", "isr", weight=2.0)]
    >>> pair(offers, needs, [1], lambda o, n, m: True).value
    3.0
    """
    if not months:
        raise BadInput("there is no month to plan for")
    links = [
        (o, n, t)
        for t, month in enumerate(months)
        for n, need in enumerate(needs)
        for o, offer in enumerate(offers)
        if fits(offer, need, month) and may(o, n, month)
    ]
    if len(links) > MOST_LINKS:
        raise BadInput("there are {n} ways to pair offers and needs, more than {most}: ask for fewer months",
                       n=len(links), most=MOST_LINKS)  # fmt: skip
    code = data_hash(repr(list(offers)), repr(list(needs)), repr(list(months)), repr(links))
    met = np.zeros((len(needs), len(months)), dtype=np.int64)
    if not links:
        return Paired((), 0.0, 0.0, 0.0, met, "no offer fits a need", code)
    quantity, value, bound = _solve(offers, needs, months, links, seconds)
    passings = []
    for (o, n, t), q in zip(links, quantity, strict=True):
        if q:
            passings.append(Passing(o, n, months[t], int(q)))
            met[n, t] += int(q)
    passings.sort(key=lambda p: (p.need, p.month, p.offer))
    return Paired(tuple(passings), value, bound, relative_gap(value, bound), met, "branch and bound, two steps", code)


def _solve(
    offers: Sequence[Offer], needs: Sequence[Need], months: Sequence[int], links: list[tuple[int, int, int]],
    seconds: float,
) -> tuple[npt.NDArray[np.int64], float, float]:  # fmt: skip
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix, hstack, vstack

    n_links = len(links)
    together = sorted({(need.set, t) for need in needs for t, month in enumerate(months)
                       if need.set and need.months[0] <= month <= need.months[1]})  # fmt: skip
    column = {key: n_links + k for k, key in enumerate(together)}
    size = n_links + len(together)
    rows: list[tuple[dict[int, float], float, float]] = []
    by_offer: dict[tuple[int, int], list[int]] = {}
    by_need: dict[tuple[int, int], list[int]] = {}
    for k, (o, n, t) in enumerate(links):
        by_offer.setdefault((o, t), []).append(k)
        by_need.setdefault((n, t), []).append(k)
    for (o, _), which in sorted(by_offer.items()):
        rows.append((dict.fromkeys(which, 1.0), -np.inf, float(offers[o].quantity)))
    for n, need in enumerate(needs):
        for t, month in enumerate(months):
            which = by_need.get((n, t), [])
            if need.set and need.months[0] <= month <= need.months[1]:
                whole = {**dict.fromkeys(which, 1.0), column[need.set, t]: -float(need.quantity)}
                rows.append((whole, 0.0, 0.0))  # all of the set, or nothing of it
            elif which:
                rows.append((dict.fromkeys(which, 1.0), -np.inf, float(need.quantity)))
    at = [(i, c, v) for i, (cells, _, _) in enumerate(rows) for c, v in cells.items()]
    matrix = coo_matrix(([v for *_, v in at], ([i for i, *_ in at], [c for _, c, _ in at])), shape=(len(rows), size))
    matrix = matrix.tocsr()
    low, high = np.array([r[1] for r in rows]), np.array([r[2] for r in rows])
    weight = np.r_[[needs[n].weight for _, n, _ in links], np.zeros(len(together))]
    top = np.r_[[float(min(offers[o].quantity, needs[n].quantity)) for o, n, _ in links], np.ones(len(together))]
    options = {"time_limit": seconds, "mip_rel_gap": 1e-9}
    first = milp(-weight, constraints=LinearConstraint(matrix, low, high), bounds=Bounds(0, top),
                 integrality=np.ones(size), options=options)  # fmt: skip
    if first.x is None:
        return np.zeros(n_links, dtype=np.int64), 0.0, float(weight @ top)
    chosen = np.round(first.x)
    value = float(weight @ chosen)
    bound = max(value, -float(first.mip_dual_bound))
    # The same worth with the fewest pairs that ever meet.
    pairs = sorted({(o, n) for o, n, _ in links})
    number = {p: k for k, p in enumerate(pairs)}
    opened = coo_matrix(
        (np.r_[np.ones(n_links), -top[:n_links]],
         (np.r_[np.arange(n_links), np.arange(n_links)],
          np.r_[np.arange(n_links), [size + number[o, n] for o, n, _ in links]])),
        shape=(n_links, size + len(pairs)),
    )  # fmt: skip
    wide = hstack([matrix, coo_matrix((len(rows), len(pairs)))])
    keep = np.r_[weight, np.zeros(len(pairs))][None, :]
    second: Any = milp(
        np.r_[np.zeros(size), np.ones(len(pairs))],
        constraints=LinearConstraint(
            vstack([wide, opened, keep]).tocsr(), np.r_[low, np.full(n_links, -np.inf), value * (1 - 1e-9) - 1e-9],
            np.r_[high, np.zeros(n_links), np.inf],
        ),
        bounds=Bounds(0, np.r_[top, np.ones(len(pairs))]), integrality=np.ones(size + len(pairs)),
        options={"time_limit": seconds},
    )  # fmt: skip
    if second.x is not None and weight @ np.round(second.x[:size]) >= value - 1e-6:
        chosen = np.round(second.x[:size])
    return chosen[:n_links].astype(np.int64), value, bound
