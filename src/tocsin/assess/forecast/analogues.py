"""What followed when it looked like this before: draws from past months of all places that resemble this one.

A random forest (LightGBM) sorts past months of every place by what was then known, so that months in one leaf were
followed by a similar change; a draw takes a tree, a past month out of the leaf, and applies the change seen then to
the present level of the place (a quantile regression forest, Meinshausen 2006, JMLR 7). The horizon is a feature. All
draws of a place are then moved a little to the middle of its past months (`moved`).
Levels above `CLIP` deaths a month look alike to the forest, because there are too few of them to tell apart; without
that, wars larger than any before are forecast to end soon.

The change is (deaths + `OFFSET`) / (level + `OFFSET`), no more than `LARGEST` fold, with the level an exponentially
weighted mean of half-life `HALF_LIFE` months unless told otherwise. All constants were chosen on outcomes before 2015.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.assess.features import decayed, since, trailing, trailing_max
from tocsin.assess.forecast.benchmarks import plane_of, seen_in
from tocsin.assess.forecast.faded import MOST_MONTHS, OFFSET, PULL, fading, middle
from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.forecast.model import Part, largest_first
from tocsin.assess.forecast.trees import THREADS, grow
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLIP = 150.0
LARGEST = 8.0
HALF_LIFE = 4.0
FARTHEST = 14
WARM_UP = 36
LEAST_HISTORY = 60
WINDOWS = (1, 2, 3, 6, 12, 24, 60, 120)
QUIET_SHARE = 0.2
EVENTS = "events"
LASTS = 0.8  # how far the rank of a draw lasts from one month to the next
HORIZONS = 3  # how many horizons each past month is learned at


def country_features(panel: Panel, target: str) -> npt.NDArray[np.float32]:
    """What is known of each place at each month, shape (months, places, features).

    Trailing means of the target relative to its yearly mean and clipped, time since, share of active months; of every
    other plane in the panel (events by kind, other deaths) the trailing means over 3 and 12 months; where the panel
    counts `EVENTS`, how many die in one.
    """
    plane = plane_of(panel, target).astype(np.float64)
    clip = np.log1p(CLIP)
    level = np.log1p(trailing(plane, 12))
    found: list[Floats] = []
    logs = {k: np.log1p(trailing(plane, k)) for k in WINDOWS}
    for k, values in logs.items():
        found.append(np.minimum(values, clip))
        if k != 12:
            found.append(values - level)
    peak = np.log1p(trailing_max(plane, 12))
    found += [np.minimum(peak, clip), peak - level, since(plane), logs[3] - logs[12], logs[1] - logs[6]]
    active = np.where(np.isnan(plane), np.nan, plane > 0)
    found += [trailing(active, 12), trailing(active, 60)]
    for name, other in panel.counts.items():
        if name != target:
            for k in (3, 12):
                values = np.log1p(trailing(other.astype(np.float64), k))
                found += [np.minimum(values, clip)]
    if EVENTS in panel.counts and target != EVENTS:
        events = panel.counts[EVENTS].astype(np.float64)
        found += [np.log1p(trailing(plane, k)) - np.log1p(trailing(events, k)) for k in (3, 12)]
    return np.stack(found, axis=-1).astype(np.float32)


@dataclass(frozen=True)
class FittedAnalogues:
    """A forest and the past months in its leaves.

    `order` (trees, rows) lists rows by leaf, `mass` (trees, rows + 1) sums their weights, `ends` (trees, leaves + 1)
    says at which weight a leaf begins; `gid` and `month` (rows,) say of which place and origin a row is.
    """

    model: "Analogues"
    panel: Panel
    target: str
    forest: Any
    order: Ints
    mass: Floats
    ends: Floats
    change: Floats
    quiet: npt.NDArray[np.bool_]
    gid: Ints
    month: Ints

    def seeing(self, panel: Panel) -> "FittedAnalogues":
        """The same forest at the end of a newer panel."""
        return replace(self, panel=panel)

    def explain(self, cell: int, step: int) -> list[Part]:
        """Past months of places like this one: what followed them, as a change, is what is drawn."""
        now = country_features(self.panel, self.target)[-1][[cell]]
        x = _with_horizon(now, np.array([min(step, FARTHEST)]))
        leaves = np.asarray(self.forest.predict(x, pred_leaf=True, num_threads=THREADS)).ravel()
        share = np.zeros(len(self.gid))
        for tree, leaf in enumerate(leaves):
            low, high = np.searchsorted(self.mass[tree], self.ends[tree, [leaf, leaf + 1]])
            weight = np.diff(self.mass[tree, low : high + 1])
            share[self.order[tree, low:high]] += weight / weight.sum() / len(leaves)
        rows = np.flatnonzero(share)
        return largest_first(Part("change", float(share[r]), int(self.gid[r]), int(self.month[r])) for r in rows)

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Draws for each place and step."""
        recent = self.panel
        places = len(recent.gids)
        now = country_features(recent, self.target)[-1]
        level = decayed(plane_of(recent, self.target), self.model.half_life)[-1]
        x = np.concatenate([_with_horizon(now, np.full(places, min(int(s), FARTHEST))) for s in steps])
        levels = np.tile(level, len(steps))[:, None] + OFFSET
        there = np.asarray(self.forest.predict(x, pred_leaf=True, num_threads=THREADS)).reshape(len(x), -1)
        per_tree = max(self.model.n_draws // there.shape[1], 1)
        blocks = []
        for tree in range(there.shape[1]):
            low, high = self.ends[tree, there[:, tree]], self.ends[tree, there[:, tree] + 1]
            evenly = (np.arange(per_tree) + rng.random((len(x), per_tree))) / per_tree
            place = low[:, None] + (high - low)[:, None] * evenly
            at = np.searchsorted(self.mass[tree], place, side="right") - 1
            pick = self.order[tree, np.clip(at, 0, self.order.shape[1] - 1)]
            grown = np.maximum(np.rint(self.change[pick] * levels - OFFSET), 1)
            blocks.append(np.where(self.quiet[pick], 0, grown).astype(np.float32))
        plane = plane_of(recent, self.target)[: -MOST_MONTHS - 1 : -1]
        said = np.concatenate(blocks, axis=1).reshape(len(steps), places, -1)
        drawn = moved(said, middle(plane, fading(FARTHEST, np.arange(len(plane)))))
        draws = csr_matrix(lasting(drawn, steps, rng))
        known = seen_in(plane_of(recent, self.target)[-12:])
        return Forecast(recent.gids, recent.as_of, steps, self.target, self.model.name, draws, known)


def moved(draws: npt.NDArray[np.float32], to: Floats) -> npt.NDArray[np.float32]:
    """Draws, shape (H, C, S), all multiplied so that their median moves by `PULL` to what past months had (C,).

    Levels are means, which one bad month lifts for long. In logarithms (+ `OFFSET`); no deaths stay no deaths.
    """
    times = ((to[:, None] + OFFSET) / (np.median(draws, axis=-1, keepdims=True) + OFFSET)) ** PULL
    grown = np.maximum(np.rint((draws + OFFSET) * times - OFFSET), 1)
    return np.where(draws < 1, draws, grown).astype(np.float32)


def lasting(draws: npt.NDArray[np.float32], steps: Ints, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draws of each step and place in an order that makes columns futures: a bad month is followed by a bad one.

    Which of its draws a place takes follows a normal process that keeps `LASTS` of itself from month to month, each
    place its own. Every row keeps its draws, so nothing said of one month changes.

    Parameters
    ----------
    draws : ndarray, shape (H, C, S)
    steps : ndarray of int64, shape (H,)
        Months ahead, ascending.

    Returns
    -------
    ndarray, shape (H * C, S)
    """
    out = np.sort(draws, axis=-1)
    state = np.zeros(draws.shape[1:])
    for at, gap in enumerate([np.inf, *np.abs(np.diff(steps))]):
        keep = LASTS**gap
        state = keep * state + np.sqrt(1 - keep**2) * rng.normal(size=state.shape)
        rank = np.argsort(np.argsort(state, axis=-1), axis=-1)
        out[at] = np.take_along_axis(out[at], rank, axis=-1)
    return out.reshape(-1, draws.shape[-1])


def _with_horizon(x: npt.NDArray[np.float32], horizon: Ints) -> npt.NDArray[np.float32]:
    return np.column_stack([x, horizon.astype(np.float32)])


@dataclass(frozen=True)
class Analogues:
    """Draws of past changes of places like this one (countries, first-level areas)."""

    trees: int = 60
    n_draws: int = 300
    leaves: int = 80
    least_in_leaf: int = 40
    half_life: float = HALF_LIFE
    seed: int = 1
    name: str = "analogues"

    def fit(self, panel: Panel, target: str) -> FittedAnalogues:
        """Grow the forest on every origin and horizon whose outcome the panel holds.

        Raises
        ------
        BadInput
            If the panel is shorter than five years.
        """
        if panel.n_months < LEAST_HISTORY:
            raise BadInput("looking for similar months needs five years of history, the panel has less")
        rng = np.random.default_rng(self.seed)
        plane = plane_of(panel, target).astype(np.float64)
        features = country_features(panel, target)
        level = decayed(plane, self.half_life)
        decade = np.nan_to_num(trailing(plane, 120))
        origin, place = (a.ravel() for a in np.indices((panel.n_months, len(panel.gids))))
        origin, place = (np.tile(a[origin >= WARM_UP], HORIZONS) for a in (origin, place))
        horizon = rng.integers(1, FARTHEST + 1, len(origin))
        inside = origin + horizon < panel.n_months
        peaceful = decade[origin, place] == 0
        keep = inside & (~peaceful | (rng.random(len(origin)) < QUIET_SHARE))
        origin, place, horizon, peaceful = (a[keep] for a in (origin, place, horizon, peaceful))
        outcome = plane[origin + horizon, place]
        known = ~np.isnan(outcome) & ~np.isnan(plane[origin, place])
        origin, place, horizon, peaceful, outcome = (a[known] for a in (origin, place, horizon, peaceful, outcome))
        change = (outcome + OFFSET) / (level[origin, place] + OFFSET)
        weight = np.where(peaceful, 1 / QUIET_SHARE, 1.0)
        x = _with_horizon(features[origin, place], horizon)
        settings = {
            "boosting": "rf",
            "objective": "l2",
            "bagging_fraction": 0.5,
            "bagging_freq": 1,
            "feature_fraction": 0.6,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.least_in_leaf,
        }
        forest = grow(x, np.log(change), weight, self.trees, self.seed, settings)
        leaves = np.asarray(forest.predict(x, pred_leaf=True, num_threads=THREADS), dtype=np.int32).reshape(len(x), -1)
        order = np.argsort(leaves.T, axis=1, kind="stable")
        mass = np.concatenate([np.zeros((len(order), 1)), np.cumsum(weight[order], axis=1)], axis=1)
        # Where each leaf begins and ends in the ordered weights of its tree.
        marks = np.arange(leaves.max() + 2)
        ends = np.stack(
            [m[np.searchsorted(leaves[o, tree], marks)] for tree, (m, o) in enumerate(zip(mass, order, strict=True))]
        )
        capped = np.minimum(change, LARGEST)
        gid, month = panel.gids[place], origin + panel.first_month
        return FittedAnalogues(self, panel, target, forest, order, mass, ends, capped, outcome == 0, gid, month)
