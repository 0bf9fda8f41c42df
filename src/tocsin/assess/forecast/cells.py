"""The forecast for cells: a chance of killing from two models that err differently, then a size.

- the additive model (`additive`), which is steady where history is thin;
- one gradient-boosted classifier for all horizons (LightGBM), with the horizon as a feature, fitted on all months
  with killing at random horizons and a weighted sample of the others.

Which of them is believed, and how much, is a share fitted on forecasts of past months that neither had seen, by CRPS
(`stacking`), and what they say together is calibrated on the same months (`calibrate`). Sizes come from past months
with killing that were about as violent, brought to the level of the last months (`sizes`); how many cells are hit in
all follows the last months (`restless`), and where events are known to the day, next month is a quarter of what the
daily process says of it (`days_and_months`). The cell's number is never a feature. Constants were chosen on Central
African origins from 2009 to 2013.

What else is known of cells (`Panel.also`: alerts, displaced people, indicators) is for the trees alone, as it is and
NaN where it is not known, so that "not known" can carry a risk of its own; the additive model stays as it was.

An event known only to lie in an area is a fraction of an event in each of its cells (`Happened`): it counts for that
much and no more, in the rates, the trees, the correction and the stock of sizes.
"""

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from tocsin.assess.forecast.additive import BANDS, Rates, band_of, fit_rates
from tocsin.assess.forecast.benchmarks import plane_of, seen_in
from tocsin.assess.forecast.calibrate import AS_SAID, Curve, curve
from tocsin.assess.forecast.daily import Outlook
from tocsin.assess.forecast.days_and_months import SHARE, by_days, next_month
from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.forecast.gathering import (
    LOOK_BACK,
    MOST_ROWS,
    WARM_UP,
    Happened,
    gather,
    happened,
    recent,
    seen_from,
)
from tocsin.assess.forecast.model import Part
from tocsin.assess.forecast.restless import FOLLOW, restless
from tocsin.assess.forecast.sampling import occurrence, with_sizes
from tocsin.assess.forecast.sizes import lately, past_sizes
from tocsin.assess.forecast.stacking import Terms, shares, terms
from tocsin.assess.forecast.trees import THREADS, grow
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_HISTORY = 120
FARTHEST = 12  # months ahead the classifier learns from; further off it says what it says of this one
ZEROS_PER_EVENT = 10
SIZE_HALF_LIFE = 24.0
FLOOR = 1e-4
HELD_OUT = 60
MOST_CORRECTION = 3.0
DAYS = "days"  # what the daily process is called among the sources
MOST_CELLS = 10_000  # from which the sum of chances over a larger panel is told


@dataclass(frozen=True)
class FittedCells:
    """Rates, a classifier, the share between them and a stock of sizes."""

    model: "Cells"
    panel: Panel
    target: str
    rates: Rates
    trees: Any
    share: float
    past: npt.NDArray[np.float32]
    largest: Floats
    calibration: Curve = AS_SAID
    days: Outlook | None = None

    def seeing(self, panel: Panel) -> "FittedCells":
        """The same weights at the end of a newer panel.

        Raises
        ------
        BadInput
            If what else is known of cells is not what the trees have learned from.
        """
        if self.trees is not None and tuple(panel.also) != tuple(self.panel.also):
            raise BadInput("this panel has other indicators than the model was fitted with: fit it anew")
        return replace(self, panel=panel, past=self.model.seen(panel, self.target, recent(panel)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sources, then of what else is known of cells, and last of the daily process, if there is one."""
        return (*self.rates.names, *self.panel.also, *(() if self.newest is None else (DAYS,)))

    @functools.cached_property
    def newest(self) -> Floats | None:
        """Chance next month by the daily process, shape (C,); None where there is none."""
        return None if self.days is None else next_month(self.panel, self.target, self.days)

    @functools.cached_property
    def now(self) -> Floats:
        """Sources at the last month (`names`), shape (C, K + E), or one more with the daily process."""
        found = np.asarray(self.past[-1], dtype=np.float64)
        return found if self.newest is None else np.column_stack([found, self.newest])

    @functools.cached_property
    def correction(self) -> Floats:
        """How far forecasts of late were out, per band: months with killing counted over expected (`LOOK_BACK` months).

        Drawn towards 1 by `Cells.prior_events`; never beyond a factor of `MOST_CORRECTION`. In a world the sum of what
        was expected is told from `MOST_CELLS` cells, at even distances in the order of their risk.
        """
        plane = plane_of(self.panel, self.target)
        found = np.ones(len(BANDS))
        for n, band in enumerate(BANDS[:4]):
            expected = counted = 0.0
            for back in range(LOOK_BACK):
                at = len(self.past) - 1 - back - band[-1]
                outcome = plane[-1 - back]
                expected += self._expected(self.past[at][~np.isnan(outcome)].astype(np.float64), band[-1])
                counted += float(np.nansum(np.minimum(outcome, 1)))
            ratio = (counted + self.model.prior_events) / (expected + self.model.prior_events)
            found[n] = np.clip(ratio, 1 / MOST_CORRECTION, MOST_CORRECTION)
        found[4:] = found[3]
        return found

    def _expected(self, sources: Floats, step: int) -> float:
        """Sum over cells with these sources of the chance that both models give."""
        every = 1.0
        if len(sources) > MOST_CELLS:
            order = np.argsort(self.rates.rate(sources[:, : len(self.rates.names)], step), kind="stable")
            every = len(sources) / MOST_CELLS
            sources = sources[order[((np.arange(MOST_CELLS) + 0.5) * every).astype(np.int64)]]
        additive, boosted = self.opinions(sources, step)
        return every * float(self.together(additive, boosted).sum())

    @functools.cached_property
    def _boosted(self) -> dict[int, Floats]:
        """What the trees say now, by months ahead."""
        return {}

    @functools.cached_property
    def _levels(self) -> dict[int, float]:
        """`level` by months ahead, as far as it was asked for."""
        return {}

    def level(self, step: int) -> float:
        """What the rate of every cell is multiplied by: `correction`, and then how far their sum follows (`restless`).

        The sum is that of the whole panel.
        """
        if step not in self._levels:
            self.chance(step)
        return self._levels[step]

    def chance(self, step: int) -> Floats:
        """Probability of any death `step` months ahead, shape (C,)."""
        rate = -np.log1p(-self._said(step))
        if step not in self._levels:
            band = band_of(step)
            level = float(self.correction[band])
            follow = self.model.follow[band]
            if follow:
                level *= restless(plane_of(self.panel, self.target), -np.expm1(-rate * level), follow)
            self._levels[step] = level
        return self._pooled(-np.expm1(-rate * self._levels[step]), step, self.newest)

    def chance_of(self, sources: Floats, step: int, level: float | Floats) -> Floats:
        """Probability of any death in N cells with these sources (`now`), whose rates are multiplied by `level`."""
        additive, boosted = self.opinions(sources, step)
        months = -np.expm1(np.log1p(-self.together(additive, boosted)) * level)
        return self._pooled(months, step, sources[:, -1])

    def _pooled(self, months: Floats, step: int, newest: Floats | None) -> Floats:
        """What months say of next month, with a share of what days say."""
        if step > 1 or newest is None or self.newest is None:
            return np.asarray(months)
        return np.asarray((1 - SHARE) * months + SHARE * newest)

    def _said(self, step: int) -> Floats:
        """What both models say together, calibrated, before the last months are looked at."""
        known = min(step, FARTHEST)
        if self.trees is not None and known not in self._boosted:
            self._boosted[known] = self._boosts(self._rows_now.copy(), known)
        additive = 1 - np.exp(-self.rates.rate(self.now[:, : len(self.rates.names)], step))
        boosted = additive if self.trees is None else self._boosted[known]
        return self.together(additive, boosted)

    def together(self, additive: Floats, boosted: Floats) -> Floats:
        """One chance from the two, calibrated; not yet corrected by the last months."""
        return self.calibration.of((1 - self.share) * additive + self.share * boosted)

    def opinions(self, sources: Floats, step: int) -> tuple[Floats, Floats]:
        """What each of the two models says of cells with these sources (N, K + E); further columns are not theirs."""
        k = len(self.rates.names)
        sources = sources[:, : k + len(self.panel.also)]
        additive = 1 - np.exp(-self.rates.rate(sources[:, :k], step))
        if self.trees is None:
            return additive, additive
        return additive, self._boosts(_for_trees(sources, k, np.zeros(len(sources))), step)

    def _boosts(self, x: npt.NDArray[np.float32], step: int) -> Floats:
        """What the trees say of rows made for them (`_for_trees`), whose months ahead are set here."""
        x[:, -1] = min(step, FARTHEST)
        return np.asarray(self.trees.predict(x, num_threads=THREADS))

    @functools.cached_property
    def _rows_now(self) -> npt.NDArray[np.float32]:
        """`now` as the trees want it."""
        return _for_trees(self.past[-1].astype(np.float64), len(self.rates.names), np.zeros(len(self.panel.gids)))

    def explain(self, cell: int, step: int) -> list[Part]:
        """Groups of sources by their part in the difference to a typical cell (`reasons`)."""
        from tocsin.assess.forecast.reasons import groups_apart

        return groups_apart(self, cell, step)

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Draws that share a factor within a region."""
        plane = plane_of(self.panel, self.target)
        law = past_sizes(plane, self.model.size_half_life)

        def drawn(chance: Floats, own: np.random.Generator) -> tuple[csr_matrix, Floats]:
            hit = occurrence(chance, self.panel.gids, self.model.n_draws, own)
            here = law.scaled(lately(plane, chance, law))
            return with_sizes(hit, here, own), chance * here.mean

        # Each step has random numbers of its own, so that it does not matter which is drawn first.
        streams = rng.spawn(len(steps))
        with ThreadPoolExecutor(2 if len(self.panel.gids) > MOST_CELLS else 1) as pool:
            if self.trees is not None:
                new = sorted({min(int(step), FARTHEST) for step in steps} - self._boosted.keys())
                rows = self._rows_now
                said = pool.map(lambda step: self._boosts(rows.copy(), step), new)
                self._boosted.update(zip(new, said, strict=True))
            chances = [self.chance(int(step)) for step in steps]
            blocks = [*pool.map(drawn, chances, streams)]
        known = seen_in(plane[-12:])
        draws = vstack([block for block, _ in blocks], format="csr", dtype=np.float32)
        return Forecast(
            self.panel.gids,
            self.panel.as_of,
            steps,
            self.target,
            self.model.name,
            draws,
            known,
            chances=np.concatenate(chances),
            means=np.concatenate([mean for _, mean in blocks]),
        )


def _for_trees(sources: npt.NDArray[Any], k: int, horizon: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """What the trees split on: logarithms of the first `k` columns, the rest as it is, the months ahead."""
    out = np.empty((len(sources), sources.shape[1] + 1), dtype=np.float32)
    out[:, :-1] = sources
    np.log(out[:, :k] + np.float32(FLOOR), out=out[:, :k])
    out[:, -1] = horizon
    return out


def combine(earlier: FittedCells, panel: Panel) -> tuple[float, Curve]:
    """The share of the classifier with the lowest CRPS on the last months, unseen by both, and then a calibration.

    Parameters
    ----------
    earlier : FittedCells
        Fitted on a panel that ends `HELD_OUT` months before this one.
    panel : Panel
        What is known now; nothing later is touched.

    Returns
    -------
    share : float
    calibration : Curve
    """
    origins = np.arange(earlier.panel.as_of, panel.as_of, 3)
    sources = earlier.model.seen(panel, earlier.target, origins)
    # A world is judged by some of its cells.
    some = np.arange(0, len(panel.gids), max(len(panel.gids) // MOST_CELLS, 1))
    plane = plane_of(panel, earlier.target)[:, some]
    law = past_sizes(earlier.panel.counts[earlier.target], earlier.model.size_half_life)
    found = Terms(np.zeros(2), np.zeros((2, 2)), 0)
    said, counted = [], []
    for at, origin in enumerate(origins):
        for step in (1, 3, 6, 12):
            if origin + step > panel.as_of:
                continue
            chances = np.stack(earlier.opinions(sources[at, some].astype(np.float64), step))
            outcome = plane[origin + step - panel.first_month].astype(np.float64)
            known = plane[: origin - panel.first_month + 1]
            sized = law.scaled(lately(known, chances.mean(axis=0), law))
            found += terms(chances, sized, [], outcome)
            said.append(chances)
            counted.append(np.minimum(outcome, 1))
    share = float(shares(found)[1])
    pooled = np.concatenate([(1 - share) * one[0] + share * one[1] for one in said])
    return share, curve(pooled, np.concatenate(counted))


@dataclass(frozen=True)
class Cells:
    """Chance and size for each cell; see the module. With `share` None the share is fitted on the past.

    `follow` says how far the sum of the chances follows the last months, for each band of horizons (`restless`); `days`
    whether next month takes a share of what the daily process says. A panel of many cells is walked over in up to
    `blocks` blocks, one after the other or where `how` says (`core.spread`); the numbers are the same.

    With `leave_out` k, outcomes of every eighth year, from the k-th on, are not learned from: eight such refits say how
    far reasons depend on single years.
    """

    n_draws: int = 1000
    share: float | None = None
    rounds: int = 120
    size_half_life: float = SIZE_HALF_LIFE
    prior_events: float = 20.0
    leave_out: int | None = None
    follow: tuple[float, ...] = FOLLOW
    days: bool = True
    seed: int = 1
    name: str = "combined"
    blocks: int = 8
    how: str = "no"

    def fit(self, panel: Panel, target: str) -> FittedCells:
        """Fit both models.

        Raises
        ------
        BadInput
            If the panel is shorter than ten years.
        """
        if panel.n_months < LEAST_HISTORY:
            raise BadInput(
                "this model needs ten years of months; use conflictology_n for a shorter history of {n} months",
                n=panel.n_months,
            )
        rng = np.random.default_rng(self.seed)
        plane = plane_of(panel, target)
        learned = np.ones(panel.n_months, dtype=bool)
        if self.leave_out is not None:
            learned = (np.arange(panel.n_months) // 12) % 8 != self.leave_out
        events = happened(plane, rng).where(learned)
        rows, horizon, label, weight = self._rows(plane, events, learned, rng)
        found = gather(panel, target, events, rows, rng, self.blocks, self.how)
        weights: list[Floats] = []
        for n, band in enumerate(BANDS):
            usable = [h for h in band if WARM_UP + h < panel.n_months]
            if not usable:
                weights.append(weights[-1])
                continue
            exposure = sum(learned[WARM_UP + h :] @ found.known_sums[n][WARM_UP : panel.n_months - h] for h in usable)
            weights.append(fit_rates(found.before[n], np.asarray(exposure), found.count[n]))
        rates = Rates(found.names, np.stack(weights))
        trees = None
        share, calibration = 0.5 if self.share is None else self.share, AS_SAID
        if self.share != 0 and label.any():
            with ThreadPoolExecutor(1) as pool:
                sources = len(found.names)
                x = _for_trees(found.rows, sources, horizon)
                growing = pool.submit(self._grow, x, label, weight, sources)  # meanwhile the fit that judges
                if self.share is None and panel.n_months - HELD_OUT >= LEAST_HISTORY:
                    earlier = replace(self, share=0.5, days=False).fit(panel.until(panel.as_of - HELD_OUT), target)
                    share, calibration = combine(earlier, panel)
                trees = growing.result()
        days = by_days(panel, target) if self.days else None
        return FittedCells(self, panel, target, rates, trees, share, found.past, found.largest, calibration, days)

    def seen(self, panel: Panel, target: str, months: Ints) -> npt.NDArray[np.float32]:
        """Sources as they stood at each of the months (`seen_from`)."""
        return seen_from(panel, target, months, self.blocks, self.how)

    def _rows(
        self,
        plane: npt.NDArray[np.float32],
        events: Happened,
        learned: npt.NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> tuple[tuple[Ints, Ints], Ints, Floats, Floats]:
        """Origins for the classifier: every event at four random horizons, and ten times as many others."""
        months, cells = plane.shape
        least = min(len(events.month), MOST_ROWS)
        chosen = np.sort(rng.permutation(len(events.month))[:least])
        repeat = 4 * least / max(len(events.month), 1)
        month, cell = np.tile(events.month[chosen], 4), np.tile(events.cell[chosen], 4)
        part = np.tile(events.weight[chosen], 4)
        horizon = rng.integers(1, FARTHEST + 1, len(month))
        n = ZEROS_PER_EVENT * len(month)
        at, where, ahead = rng.integers(WARM_UP, months, n), rng.integers(0, cells, n), rng.integers(1, FARTHEST + 1, n)
        quiet = (plane[at, where] == 0) & learned[at]
        zeros = float(np.sum(plane[WARM_UP:][learned[WARM_UP:]] == 0))
        others = np.full(quiet.sum(), zeros / max(float(quiet.sum()), 1))
        weight = np.concatenate([part / max(repeat, 1e-9), others])
        month = np.concatenate([month, at[quiet]])
        cell = np.concatenate([cell, where[quiet]])
        horizon = np.concatenate([horizon, ahead[quiet]])
        label = np.repeat([1.0, 0.0], [len(part), int(quiet.sum())])
        keep = month - horizon >= WARM_UP
        return (month[keep] - horizon[keep], cell[keep]), horizon[keep], label[keep], weight[keep]

    def _grow(self, x: npt.NDArray[Any], label: Floats, weight: Floats, sources: int) -> Any:
        settings = {
            "objective": "binary",
            "num_leaves": 8,
            "learning_rate": 0.04,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.3,
            "bagging_fraction": 0.6,
            "bagging_freq": 1,
            "lambda_l2": 20,
            # More violence seen never lowers a chance; what else is known of cells and months ahead may go either way.
            "monotone_constraints": [1] * sources + [0] * (x.shape[1] - sources),
        }
        return grow(x, label, weight, self.rounds, self.seed, settings)
