"""When to come back: a watch on counts of events that says how often it errs and how late it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RATIOS = (1.5, 3.0, 6.0)  # times the quiet mean that is looked for
WINDOW = 3  # months of the moving average it is compared with
# What is believed of the spread of monthly counts before any is seen (variance = mean + spread mean^2), and how many
# months' worth of evidence that belief is (judgement; conflict counts are bunched).
SPREAD = 1.5
BELIEF = 12.0
SPREAD_DOUBT = 1.0  # standard deviation of the logarithm of the spread, at no evidence but the belief
DRAWS = 4000
# Real quiet areas raise so many times more alarms than simulated ones: quiet drifts. Learned on every second country of
# the world but CAR, Sudan and South Sudan, 1992 to 2021 (28 of 208 series where 10 % were simulated). What was stated
# then came true on the other half so many times over (90 % interval; docs/methods/contingency.md).
UNQUIET = 1.4
CAME_TRUE = (0.7, 1.5)


@dataclass(frozen=True)
class Quiet:
    """What monthly counts are like in an area that is quiet: negative binomial, with the doubt about both numbers.

    Parameters
    ----------
    mean : float
        Events a month.
    spread : float
        Variance is ``mean + spread * mean**2``; 0 would be Poisson.
    months : int
        Months it was learned from.
    """

    mean: float
    spread: float
    months: int

    def draw(self, rng: np.random.Generator, series: int, months: int) -> Ints:
        """Quiet series, shape (series, months), each with a mean and spread that could be the true ones."""
        doubt = (self.mean + self.spread * self.mean**2) / self.months
        shape = self.mean**2 / doubt
        mean = rng.gamma(shape, self.mean / shape, (series, 1))
        wide = SPREAD_DOUBT * np.sqrt(BELIEF / (BELIEF + self.months))
        spread = self.spread * np.exp(rng.normal(0, wide, (series, 1)))
        return counts(rng, mean, spread, (series, months))


def counts(rng: np.random.Generator, mean: Floats | float, spread: Floats | float, shape: tuple[int, int]) -> Ints:
    """Negative binomial counts of a mean and spread."""
    m, s = np.broadcast_to(mean, shape), np.broadcast_to(spread, shape)
    return np.asarray(rng.poisson(rng.gamma(1 / s, m * s)), dtype=np.int64)


def quiet_of(history: npt.ArrayLike) -> Quiet:
    """What a quiet area is like, from its months before the watch.

    The mean has half an event added, so that an area without any event is not taken to be one where none can happen.

    >>> quiet_of([0, 1, 0, 2, 0, 0, 1, 0]).mean
    0.5625

    Raises
    ------
    BadInput
        If there are fewer than six months or counts below zero.
    """
    seen = np.asarray(history, dtype=np.float64)
    if seen.ndim != 1 or len(seen) < 6 or not np.all(seen >= 0):
        raise BadInput("a watch needs at least six months of counts to learn what quiet is")
    n, mean = len(seen), float(seen.mean())
    found = max(0.0, (float(seen.var(ddof=1)) - mean) / mean**2) if mean > 0 else SPREAD
    return Quiet((float(seen.sum()) + 0.5) / n, (n * found + BELIEF * SPREAD) / (n + BELIEF), n)


Rule = Callable[[Quiet, npt.NDArray[np.generic]], Floats]


def cusum(quiet: Quiet, seen: npt.NDArray[np.generic]) -> Floats:
    """Evidence that the mean has risen: the largest of three cumulative sums of log-likelihood ratios.

    Each sum looks for one rise (`RATIOS`), never falls below zero and forgets what was quiet (Page 1954). A month that
    is not known (NaN) adds nothing.

    Parameters
    ----------
    quiet : Quiet
    seen : ndarray, shape (..., n_months)

    Returns
    -------
    ndarray, same shape
    """
    y = np.asarray(seen, dtype=np.float64)
    size, m = 1 / quiet.spread, quiet.mean
    best = np.zeros(y.shape)
    for ratio in RATIOS:
        shift = np.log((size + ratio * m) / (size + m))
        gain = np.where(np.isnan(y), 0.0, y * (np.log(ratio) - shift) - size * shift)
        total = np.zeros(y.shape[:-1])
        for t in range(y.shape[-1]):
            total = np.maximum(0.0, total + gain[..., t])
            best[..., t] = np.maximum(best[..., t], total)
    return best


def single_month(quiet: Quiet, seen: npt.NDArray[np.generic]) -> Floats:
    """The usual fixed threshold: the month's count itself."""
    return np.nan_to_num(np.asarray(seen, dtype=np.float64))


def moving_average(quiet: Quiet, seen: npt.NDArray[np.generic]) -> Floats:
    """The usual average of the last three months (fewer at the beginning count as quiet months)."""
    y = np.nan_to_num(np.asarray(seen, dtype=np.float64), nan=quiet.mean)
    past = np.concatenate([np.full((*y.shape[:-1], WINDOW - 1), quiet.mean), y], axis=-1)
    return np.asarray(sum(past[..., k : k + y.shape[-1]] for k in range(WINDOW)) / WINDOW)


@dataclass(frozen=True)
class Trigger:
    """A rule with its threshold: it raises an alarm in a quiet area with a stated chance within a stated time.

    Parameters
    ----------
    quiet : Quiet
    rule : callable
    threshold : float
        The alarm is the first month whose statistic is above it.
    tie : float
        Chance of an alarm in a month whose statistic equals the threshold; only used to compare rules fairly.
    months : int
    false_alarm : float
        Chance of an alarm within `months` if nothing changes, at most what was asked: as simulated, times what real
        quiet areas raised more than simulated ones (`UNQUIET`).
    """

    quiet: Quiet
    rule: Rule
    threshold: float
    tie: float
    months: int
    false_alarm: float

    @property
    def false_alarm_between(self) -> tuple[float, float]:
        """What the chance turned out to be on real quiet series it was not learned from: a nine-tenths interval."""
        return self.false_alarm * CAME_TRUE[0], min(1.0, self.false_alarm * CAME_TRUE[1])

    def first(self, seen: npt.NDArray[np.generic], rng: np.random.Generator | None = None) -> Ints:
        """Month (0 is the first) of the alarm in each series, -1 for none; ties are drawn when `rng` is given."""
        value = self.rule(self.quiet, seen)
        over = value > self.threshold + 1e-9
        if rng is not None:
            # One lot for each series: a series that is unlucky once is not given another chance to be.
            over |= (np.abs(value - self.threshold) <= 1e-9) & (rng.random(value.shape[:-1]) < self.tie)[..., None]
        return np.where(over.any(axis=-1), over.argmax(axis=-1), -1)

    def raises_next(self, seen: npt.NDArray[np.generic], most: int = 2000) -> int | None:
        """How many events in the coming month would raise the alarm, None if more than `most`.

        >>> import numpy as np
        >>> watch = Trigger(Quiet(1.0, 1.0, 24), single_month, 4.0, 0.0, 24, 0.1)
        >>> watch.raises_next(np.array([0, 3]))
        5
        """
        low, high = 0, most
        while low < high:
            middle = (low + high) // 2
            if self.rule(self.quiet, np.append(seen, middle))[-1] > self.threshold + 1e-9:
                high = middle
            else:
                low = middle + 1
        return low if low < most else None


def calibrate(
    quiet: Quiet, rng: np.random.Generator, *, rule: Rule = cusum, months: int = 24, false_alarm: float = 0.1,
    draws: int = DRAWS,
) -> Trigger:  # fmt: skip
    """Set the threshold so that a quiet area raises an alarm within `months` with at most the chance asked.

    By simulation over what the quiet mean and spread could be, given the months they were learned from: a threshold
    that took the estimates for the truth would raise more false alarms than it states. Simulated quiet stays what it
    is and real quiet does not, so the simulation may raise only ``false_alarm / UNQUIET``.

    Raises
    ------
    BadInput
        If the chance or the months make no sense.
    """
    if not 0 < false_alarm < 1 or months < 1:
        raise BadInput("a false-alarm chance lies between 0 and 1, within a month or more")
    top = np.sort(rule(quiet, quiet.draw(rng, draws, months)).max(axis=-1))
    simulated = false_alarm / UNQUIET
    threshold = float(top[int(np.ceil((1 - simulated) * draws)) - 1])
    above = float(np.mean(top > threshold + 1e-9))
    equal = float(np.mean(np.abs(top - threshold) <= 1e-9))
    tie = (simulated - above) / equal if equal else 0.0
    return Trigger(quiet, rule, threshold, tie, months, above * UNQUIET)


@dataclass(frozen=True)
class Delay:
    """How late an alarm is when the mean rises `ratio`-fold: share seen within a time, and mean months until then.

    Months a rise was missed count as the whole time; `within` and `mean` have one standard error beside them.
    """

    ratio: float
    months: int
    within: float
    within_error: float
    mean: float
    mean_error: float


def delay(trigger: Trigger, rng: np.random.Generator, ratio: float, *, months: int = 12, draws: int = 2000) -> Delay:
    """Simulate a rise after a quiet half of the watch, and how long the alarm takes (1: in the month of the rise).

    Series with an alarm before the rise are left out.
    """
    lead = trigger.months // 2
    quiet = trigger.quiet
    seen = quiet.draw(rng, draws, lead + months)
    seen[:, lead:] = counts(rng, ratio * quiet.mean, quiet.spread, (draws, months))
    at = trigger.first(seen)
    at = at[(at < 0) | (at >= lead)]
    late = np.where(at < 0, months, at - lead + 1).astype(np.float64)
    n = max(1, len(at))
    within = float(np.mean(at >= 0))
    return Delay(ratio, months, within, float(np.sqrt(within * (1 - within) / n)), float(late.mean()),
                 float(late.std() / np.sqrt(n)))  # fmt: skip
