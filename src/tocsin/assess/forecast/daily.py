"""Days to weeks ahead: violence that sets off more violence, cell by cell and day by day (a Hawkes process).

The rate of events in a cell on a day is Σₖ bₖ xₖ: a base (towns, the old map, everywhere) and decayed counts of past
events here, in the ring and further off, with several half-lives, of the kind forecast and of others; an event may
count for more when its actor had been in another one shortly before (`panel.dated.on_campaign`). Additive with
bₖ ≥ 0, so expectation-maximisation finds the one optimum from the event rows and the column sums
(`additive.fit_rates`). Cells rather than points, because published events sit on gazetteer points and a continuous
kernel would shrink to nothing. After Mohler et al. (2011), JASA 106, and Lewis et al. (2012), Security Journal 25.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.assess.features.around import near, townspeople
from tocsin.assess.forecast.additive import fit_rates
from tocsin.assess.panel.dated import Dated
from tocsin.core import lattice

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HALF_LIVES = (2.0, 10.0, 45.0, 365.0)
CAMPAIGN_LIVES = (10.0, 45.0)
MAP_DAYS = 3650.0
WARM_UP_DAYS = 3 * 365
YEAR = 365
LEVEL_EVENTS = 20.0  # how many events "as fitted" weighs against the last year's
PAST_YEARS = 10  # of weekly origins from which the chance of any event is learned
FITTED_CELLS = 300  # of a larger area the process is fitted on those with most events


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
    marked : ndarray of bool, shape (N,), optional
        Whether its actors were on campaign; where actors are not told, nothing is marked.
    """

    gids: Ints
    n_days: int
    day: Ints
    cell: Ints
    own: npt.NDArray[np.bool_]
    marked: npt.NDArray[np.bool_] | None = None

    def where(self, keep: npt.NDArray[np.bool_]) -> "Days":
        """Those events only."""
        marked = None if self.marked is None else self.marked[keep]
        return Days(self.gids, self.n_days, self.day[keep], self.cell[keep], self.own[keep], marked)

    def until(self, day: int) -> "Days":
        """The same without anything on or after `day`."""
        return replace(self.where(self.day < day), n_days=day)

    def of(self, sort: str) -> npt.NDArray[np.bool_]:
        """Events of one sort, shape (N,): ``own``, ``other``, or ``campaign`` (own ones that are marked)."""
        if sort == "campaign":
            return np.zeros_like(self.own) if self.marked is None else self.own & self.marked
        return np.asarray(self.own == (sort == "own"))

    def plane(self, own: bool) -> npt.NDArray[np.float32]:
        """Events of the kind forecast or of others, shape (n_days, C)."""
        return self.plane_of("own" if own else "other")

    def plane_of(self, sort: str) -> npt.NDArray[np.float32]:
        """Events of one sort (`of`), shape (n_days, C)."""
        out = np.zeros((self.n_days, len(self.gids)), dtype=np.float32)
        keep = self.of(sort)
        np.add.at(out, (self.day[keep], self.cell[keep]), 1)
        return out


def days_of(dated: Dated, gids: Ints, n_days: int, target: str) -> Days:
    """Dated events of a panel of these cells, those that the target counts as of the kind forecast."""
    return Days(gids, n_days, dated.day, dated.cell, dated.own[target], dated.marked)


def busiest(days: Days) -> Days:
    """The `FITTED_CELLS` cells with most events, where there are more than fitting can hold."""
    if len(days.gids) <= FITTED_CELLS:
        return days
    busy = np.argsort(-np.bincount(days.cell, minlength=len(days.gids)), kind="stable")[:FITTED_CELLS]
    gids = np.sort(days.gids[busy])
    kept = days.where(np.isin(days.gids[days.cell], gids))
    return replace(kept, gids=gids, cell=np.searchsorted(gids, days.gids[kept.cell]))


@dataclass(frozen=True)
class Around:
    """What does not change from day to day: weights of the ring and further off (C, C), and towns (C,)."""

    gids: Ints
    ring: csr_matrix
    far: csr_matrix
    towns: Floats


def around(gids: Ints) -> Around:
    """Weights of the eight cells around each, and of those within about 150 km; in the fullest place 1 in all."""
    far = near(gids)
    far = far / max(float(far.sum(axis=1).max()), 1e-9)
    return Around(gids, lattice.adjacency(gids) / 8, far, np.sqrt(townspeople(gids) / 1e5))


def places(ground: Around) -> list[tuple[str, float, str, csr_matrix | None]]:
    """Name, half-life, sort (`Days.of`) and spatial weights of each source that fades, but for the old map."""
    found: list[tuple[str, float, str, csr_matrix | None]] = []
    for h in HALF_LIVES:
        found += [(f"own {h:g}", h, "own", None), (f"ring {h:g}", h, "own", ground.ring)]
        if h > 2:
            found += [(f"far {h:g}", h, "own", ground.far), (f"other {h:g}", h, "other", None)]
            found.append((f"other ring {h:g}", h, "other", ground.ring))
    for h in CAMPAIGN_LIVES:
        found += [(f"campaign {h:g}", h, "campaign", None), (f"campaign ring {h:g}", h, "campaign", ground.ring)]
        found.append((f"campaign far {h:g}", h, "campaign", ground.far))
    return found


STEADY = ("map", "towns", "everywhere")  # the sources after `places`


def before(plane: npt.NDArray[np.float32], half_life: float) -> npt.NDArray[np.float32]:
    """Kernel-weighted past of each day, without the day itself; one more row than `plane`: the day to come.

    An event counts (1 − q) qᵈ⁻¹ d days later, q = 0.5^(1/half-life), 1 in all: weights are numbers of children.
    """
    q = np.float32(0.5 ** (1 / half_life))
    out = np.zeros((len(plane) + 1, plane.shape[1]), dtype=np.float32)
    out[1:] = (1 - q) * plane
    for day in range(1, len(out)):
        out[day] += q * out[day - 1]
    return out


class Past:
    """The sources of a record of events, made once: as they stood before any day, and summed over all cells.

    `names` are those of the sources, `half_lives` (K,) theirs, 0 for what does not fade.
    """

    def __init__(self, days: Days) -> None:
        """Let the events of each sort fade; nothing is spread over cells until it is asked for."""
        self._ground = around(days.gids)
        self._places = places(self._ground)
        planes = {sort: days.plane_of(sort) for sort in ("own", "other", "campaign")}
        wanted = dict.fromkeys([*((h, sort) for _, h, sort, _ in self._places), (MAP_DAYS, "own")])
        self._faded = {(h, sort): before(planes[sort], h) for h, sort in wanted}
        self.names = (*(name for name, *_ in self._places), *STEADY)
        self.half_lives = np.array([*(h for _, h, *_ in self._places), MAP_DAYS, 0.0, 0.0])
        self._cells = len(days.gids)

    def at(self, when: Ints) -> npt.NDArray[np.float32]:
        """Sources as they stood at the beginning of each day of `when` (0 to n_days), shape (len(when), C, K)."""
        return np.stack([*self._each(when)], axis=-1)

    def rows(self, day: Ints, cell: Ints) -> Floats:
        """Sources before each of N days in one cell each, shape (N, K)."""
        when, row = np.unique(day, return_inverse=True)
        return np.stack([plane[row, cell] for plane in self._each(when)], axis=1, dtype=np.float64)

    @functools.cached_property
    def totals(self) -> Floats:
        """Sum of each source over all cells before each day, shape (n_days + 1, K)."""
        ring, far = self._ground.ring, self._ground.far
        reach = np.stack([np.ones(self._cells), *(np.asarray(w.sum(axis=0)).ravel() for w in (ring, far))], axis=1)
        summed = {key: plane @ reach for key, plane in self._faded.items()}
        columns = [summed[h, s][:, 0 if w is None else 1 if w is ring else 2] for _, h, s, w in self._places]
        columns.append(summed[MAP_DAYS, "own"].sum(axis=1))
        steady = [np.full(len(columns[0]), value) for value in (self._ground.towns.sum(), float(self._cells))]
        return np.stack([*columns, *steady], axis=1)

    def _each(self, when: Ints) -> Iterator[npt.NDArray[np.float32]]:
        """Sources one at a time, each of shape (len(when), C)."""
        faded = {key: plane[when] for key, plane in self._faded.items()}

        def spread(plane: npt.NDArray[np.float32], weights: csr_matrix) -> npt.NDArray[np.float32]:
            return np.asarray(plane @ weights.T, dtype=np.float32)

        for _, h, sort, weights in self._places:
            yield faded[h, sort] if weights is None else spread(faded[h, sort], weights)
        old = faded[MAP_DAYS, "own"]
        yield old + spread(old, self._ground.ring) + spread(old, self._ground.far)
        yield np.broadcast_to(self._ground.towns.astype(np.float32), old.shape)
        yield np.ones_like(old)


def states(days: Days, when: Ints) -> npt.NDArray[np.float32]:
    """Sources as they stood at the beginning of each day of `when` (0 to n_days), shape (len(when), C, K)."""
    return Past(days).at(when)


@dataclass(frozen=True)
class Excitation:
    """Fitted weights: `weights[k]` children per event of source k (or events a day for what does not fade).

    `errors` are standard errors from the observed information of the sources that are in use; NaN at the bound 0.
    `marked` is the share of past events whose actors were on campaign: what is expected of those still to come.
    """

    names: tuple[str, ...]
    half_lives: Floats
    weights: Floats
    errors: Floats
    marked: float = 0.0

    def expected(self, days: Days, ahead: int) -> Floats:
        """Expected events of each cell in the `ahead` days after the last known, shape (C,)."""
        return self.expected_from(states(days, np.array([days.n_days]))[0], ahead)

    def expected_from(self, state: npt.NDArray[np.floating], ahead: int) -> Floats:
        """Expected events from sources as they stand on the first of `ahead` days, state of shape (C, K).

        Events still to come set off more: the whole is raised by the mean number of children they will have within
        the period.
        """
        return np.asarray(state.astype(np.float64) @ self.within(ahead))

    def within(self, ahead: int) -> Floats:
        """Events that a unit of each source sets off within `ahead` days, with those that follow from them, (K,)."""
        q = 0.5 ** (1 / np.where(self.half_lives > 0, self.half_lives, 1))
        share = np.where(self.half_lives > 0, (1 - q**ahead) / (1 - q), ahead)
        return np.asarray(self.weights * share * (1 + self._soon(ahead)))

    def _soon(self, ahead: int) -> float:
        """Children within the period of an event at a uniform time in it."""
        children = 0.0
        for name, half_life, weight in zip(self.names, self.half_lives, self.weights, strict=True):
            if half_life > 0 and not name.startswith(("other", "map")):
                q = 0.5 ** (1 / half_life)
                each = self.marked if name.startswith("campaign") else 1.0
                children += each * weight * float(np.mean(1 - q ** np.arange(ahead)))
        return children


def fit(days: Days, warm_up: int = WARM_UP_DAYS) -> Excitation:
    """Fit by expectation-maximisation on every day after the warm-up."""
    return _fit(days, Past(days), warm_up)


def _fit(days: Days, past: Past, warm_up: int) -> Excitation:
    keep = days.own & (days.day >= warm_up)
    rows = past.rows(days.day[keep], days.cell[keep])
    weights = fit_rates(rows, past.totals[warm_up:-1].sum(axis=0), sweeps=1000)
    weights[weights < 1e-9] = 0
    marked = float(days.of("campaign").sum() / max(int(days.own.sum()), 1))
    return Excitation(past.names, past.half_lives, weights, standard_errors(rows, weights), marked)


def standard_errors(x: Floats, weights: Floats) -> Floats:
    """Standard errors from the observed information Σ x xᵀ / (x·b)² over events, for weights above 0."""
    used = weights > 0
    scaled = x[:, used] / (x @ weights)[:, None]
    out = np.full(len(weights), np.nan)
    out[used] = np.sqrt(np.diag(np.linalg.pinv(scaled.T @ scaled)).clip(0))
    return out


@dataclass(frozen=True)
class Chance:
    """Chance that anything happens where `e` events are expected: 1 − (1 + s e / k)⁻ᵏ.

    Events come in bursts, so fewer cells are hit than a Poisson count says; `scale` s and `spread` k → ∞ is Poisson.
    """

    scale: float = 1.0
    spread: float = 1e9

    def of(self, expected: Floats) -> Floats:
        """Chance of one or more events, same shape."""
        return np.asarray(-np.expm1(-self.spread * np.log1p(self.scale * expected / self.spread)))


def fit_chance(expected: Floats, happened: npt.NDArray[np.bool_]) -> Chance:
    """Chance by maximum likelihood from what was expected and whether anything happened, arrays of one shape."""
    from scipy.optimize import minimize

    hit, quiet = expected[happened], expected[~happened]

    def against(logs: Floats) -> float:
        chance = Chance(*np.exp(np.clip(logs, -7, 7)))
        return float(-np.log(chance.of(hit) + 1e-12).sum() - np.log1p(-chance.of(quiet)).sum())

    if not len(hit):
        return Chance()
    found = np.exp(np.clip(minimize(against, np.zeros(2), method="Nelder-Mead").x, -7, 7))
    return Chance(float(found[0]), float(found[1]))


@dataclass(frozen=True)
class Outlook:
    """A fitted process and, for each number of days ahead, the chance of any event."""

    model: Excitation
    chance: Mapping[int, Chance]

    def chances(self, days: Days, when: Ints) -> dict[int, Floats]:
        """Chance of any event within each number of days ahead, from each day of `when`: shape (len(when), C) each."""
        found = _expected(days, Past(days), self.model, when, list(self.chance))
        return {a: self.chance[a].of(e) for a, e in found.items()}


def _expected(days: Days, past: Past, model: Excitation, when: Ints, aheads: Sequence[int]) -> dict[int, Floats]:
    """Expected events at the level of the year before."""
    raised, now = _level(days, past, model, when, LEVEL_EVENTS), past.at(when)
    within = np.stack([model.within(a) for a in aheads], axis=1)
    # Day by day, so that the numbers of a day do not depend on which others are asked for.
    found = np.stack([f * (s.astype(np.float64) @ within) for f, s in zip(raised, now, strict=True)])
    return {a: found[:, :, n] for n, a in enumerate(aheads)}


def level(days: Days, model: Excitation, when: Ints, events: float = LEVEL_EVENTS) -> Floats:
    """How the year before each day of `when` compares with what the model made of it, shape (len(when),).

    (seen + `events`) / (expected + `events`) over 365 days: a war that ends or begins moves every cell.
    """
    return _level(days, Past(days), model, when, events)


def _level(days: Days, past: Past, model: Excitation, when: Ints, events: float) -> Floats:
    expected = np.concatenate([[0.0], np.cumsum(past.totals @ model.weights)])
    seen = np.concatenate([[0.0], np.cumsum(np.bincount(days.day[days.own], minlength=days.n_days + 1))])
    first = np.maximum(when - YEAR, 0)
    return np.asarray((seen[when] - seen[first] + events) / (expected[when] - expected[first] + events))


def outlook(days: Days, aheads: Sequence[int]) -> Outlook:
    """Fit the process, and the chance of any event from the weekly origins of the last years before `days` end."""
    past = Past(days)
    model = _fit(days, past, WARM_UP_DAYS)
    first = max(WARM_UP_DAYS + YEAR, days.n_days - PAST_YEARS * YEAR)
    when = np.arange(first, days.n_days - max(aheads) + 1, 7)
    expected = _expected(days, past, model, when, aheads)
    return Outlook(model, {a: fit_chance(expected[a], _happened(days, when, a)) for a in aheads})


def _happened(days: Days, when: Ints, ahead: int) -> npt.NDArray[np.bool_]:
    """Whether anything happened in each cell in the `ahead` days from each day of `when`, shape (len(when), C)."""
    day, cell = days.day[days.own], days.cell[days.own]
    hit = np.zeros((len(when), len(days.gids)), dtype=bool)
    for row, first in enumerate(when):
        hit[row, cell[(day >= first) & (day < first + ahead)]] = True
    return hit


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
