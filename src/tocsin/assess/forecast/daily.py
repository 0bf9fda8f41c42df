"""Days to weeks ahead: violence that sets off more violence, cell by cell and day by day (a Hawkes process).

The rate of events in a cell on a day is Σₖ bₖ xₖ: a base (towns, the old map, everywhere) and decayed counts of past
events here, in the ring and further off, with several half-lives, of the kind forecast and of others. Additive with
bₖ ≥ 0, so expectation-maximisation finds the one optimum from the event rows and the column sums
(`additive.fit_rates`). Cells rather than points, because published events sit on gazetteer points and a continuous
kernel would shrink to nothing. After Mohler et al. (2011), JASA 106, and Lewis et al. (2012), Security Journal 25.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.assess.features.around import near, townspeople
from tocsin.assess.forecast.additive import fit_rates
from tocsin.core import lattice

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HALF_LIVES = (2.0, 10.0, 45.0, 365.0)
MAP_DAYS = 3650.0
WARM_UP_DAYS = 3 * 365


@dataclass(frozen=True)
class Days:
    """Events by day and cell.

    Parameters
    ----------
    gids : ndarray of int64, shape (C,)
    n_days : int
        Days 0 to n_days - 1 are known.
    day, cell : ndarray of int64, shape (N,)
        When and where (index into `gids`).
    own : ndarray of bool, shape (N,)
        Whether the event is of the kind forecast.
    """

    gids: Ints
    n_days: int
    day: Ints
    cell: Ints
    own: npt.NDArray[np.bool_]

    def until(self, day: int) -> "Days":
        """The same without anything on or after `day`."""
        keep = self.day < day
        return Days(self.gids, day, self.day[keep], self.cell[keep], self.own[keep])

    def plane(self, own: bool) -> npt.NDArray[np.float32]:
        """Events of one sort, shape (n_days, C)."""
        out = np.zeros((self.n_days, len(self.gids)), dtype=np.float32)
        keep = self.own == own
        np.add.at(out, (self.day[keep], self.cell[keep]), 1)
        return out


def before(plane: npt.NDArray[np.float32], half_life: float) -> npt.NDArray[np.float32]:
    """Kernel-weighted past of each day, without the day itself; one more row than `plane`: the day to come.

    An event counts (1 − q) qᵈ⁻¹ d days later, q = 0.5^(1/half-life), 1 in all: weights are numbers of children.
    """
    q = np.float32(0.5 ** (1 / half_life))
    out = np.zeros((len(plane) + 1, plane.shape[1]), dtype=np.float32)
    for day in range(len(plane)):
        out[day + 1] = q * out[day] + (1 - q) * plane[day]
    return out


def sources(days: Days) -> Iterator[tuple[str, npt.NDArray[np.float32], float]]:
    """Name, plane (n_days + 1, C) and half-life (0 for what does not fade) of each source."""
    own, other = days.plane(True), days.plane(False)
    ring = lattice.adjacency(days.gids) / 8
    far = near(days.gids)
    far = far / max(float(far.sum(axis=1).max()), 1e-9)
    for half_life in HALF_LIVES:
        state = before(own, half_life)
        yield f"own {half_life:g}", state, half_life
        yield f"ring {half_life:g}", np.asarray(state @ ring.T, dtype=np.float32), half_life
        if half_life > 2:
            yield f"far {half_life:g}", np.asarray(state @ far.T, dtype=np.float32), half_life
            fought = before(other, half_life)
            yield f"other {half_life:g}", fought, half_life
            yield f"other ring {half_life:g}", np.asarray(fought @ ring.T, dtype=np.float32), half_life
    old = before(own, MAP_DAYS)
    yield "map", old + np.asarray(old @ ring.T + old @ far.T, dtype=np.float32), MAP_DAYS
    towns = np.sqrt(townspeople(days.gids) / 1e5).astype(np.float32)
    yield "towns", np.broadcast_to(towns, own[:1].shape).repeat(len(own) + 1, axis=0), 0.0
    yield "everywhere", np.ones((len(own) + 1, own.shape[1]), dtype=np.float32), 0.0


def states(days: Days, when: Ints) -> npt.NDArray[np.float32]:
    """Sources as they stood at the beginning of each day of `when` (0 to n_days), shape (len(when), C, K)."""
    return np.stack([plane[when] for _, plane, _ in sources(days)], axis=-1)


@dataclass(frozen=True)
class Excitation:
    """Fitted weights: `weights[k]` children per event of source k (or events a day for what does not fade).

    `errors` are standard errors from the observed information of the sources that are in use; NaN at the bound 0.
    """

    names: tuple[str, ...]
    half_lives: Floats
    weights: Floats
    errors: Floats

    def expected(self, days: Days, ahead: int) -> Floats:
        """Expected events of each cell in the `ahead` days after the last known, shape (C,)."""
        return self.expected_from(states(days, np.array([days.n_days]))[0], ahead)

    def expected_from(self, state: npt.NDArray[np.floating], ahead: int) -> Floats:
        """Expected events from sources as they stand on the first of `ahead` days, state of shape (C, K).

        Events still to come set off more: the whole is raised by the mean number of children they will have within
        the period.
        """
        q = 0.5 ** (1 / np.where(self.half_lives > 0, self.half_lives, 1))
        share = np.where(self.half_lives > 0, (1 - q**ahead) / (1 - q), ahead)
        return np.asarray(state.astype(np.float64) @ (self.weights * share) * (1 + self._soon(ahead)))

    def _soon(self, ahead: int) -> float:
        """Children within the period of an event at a uniform time in it."""
        children = 0.0
        for name, half_life, weight in zip(self.names, self.half_lives, self.weights, strict=True):
            if half_life > 0 and not name.startswith(("other", "map")):
                q = 0.5 ** (1 / half_life)
                children += weight * float(np.mean(1 - q ** np.arange(ahead)))
        return children


def fit(days: Days, warm_up: int = WARM_UP_DAYS) -> Excitation:
    """Fit by expectation-maximisation on every day after the warm-up."""
    keep = days.own & (days.day >= warm_up)
    day, cell = days.day[keep], days.cell[keep]
    names, lives, x, exposure = [], [], [], []
    for name, plane, half_life in sources(days):
        names.append(name)
        lives.append(half_life)
        x.append(plane[day, cell].astype(np.float64))
        exposure.append(plane[warm_up:-1].sum(dtype=np.float64))
    rows = np.stack(x, axis=1)
    weights = fit_rates(rows, np.asarray(exposure), sweeps=1000)
    weights[weights < 1e-9] = 0
    return Excitation(tuple(names), np.asarray(lives), weights, standard_errors(rows, weights))


def standard_errors(x: Floats, weights: Floats) -> Floats:
    """Standard errors from the observed information Σ x xᵀ / (x·b)² over events, for weights above 0."""
    used = weights > 0
    scaled = x[:, used] / (x @ weights)[:, None]
    out = np.full(len(weights), np.nan)
    out[used] = np.sqrt(np.diag(np.linalg.pinv(scaled.T @ scaled)).clip(0))
    return out


def simulate(
    gids: Ints, n_days: int, base: float, children: dict[float, float], ring: float, rng: np.random.Generator
) -> Days:
    """Made-up events: a base rate a cell and day, `children` per event by half-life, a share `ring` of them next door.

    For checking that `fit` finds what is there.
    """
    weights = lattice.adjacency(gids) / 8
    states = {h: np.zeros(len(gids)) for h in children}
    day, cell = [], []
    for now in range(n_days):
        rate = np.full(len(gids), base)
        for half_life, n in children.items():
            state = states[half_life]
            rate += n * ((1 - ring) * state + ring * (weights @ state))
        new = rng.poisson(rate)
        at = np.repeat(np.arange(len(gids)), new)
        day += [now] * len(at)
        cell += at.tolist()
        for half_life in children:
            q = 0.5 ** (1 / half_life)
            states[half_life] = q * states[half_life] + (1 - q) * new
    return Days(gids, n_days, np.asarray(day), np.asarray(cell), np.ones(len(day), bool))
