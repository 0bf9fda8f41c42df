"""What if troops were sent: a documented parameter with its doubt, never read off a forecast.

Troops go where killing is, so a forecasting model that saw them would say that they cause it. The effect is therefore
kept apart: a log rate ratio per 1,000 troops in the country, given as a normal distribution that includes no effect
at all (`EFFECTS`), and shown as an association with its interval.

`negative_binomial` refits the model behind it: Hultman, Kathman and Shannon (2013), American Journal of Political
Science 57(4), Table 1, Model 1. It reproduces their numbers (troops −0.530, standard error 0.062, theta 0.0592). Their
data without Rwanda give −0.24, and with country and year effects and without Rwanda in 1994 +0.07 (0.14): hence the
wide distributions. Fjelde, Hultman and Nilsson (2019, International Organization 73) find less rebel violence near
peacekeepers and no change in that of governments.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]

MOST_TROOPS = 29_209.0  # the largest force in the data


@dataclass(frozen=True)
class Effect:
    """A log rate ratio per 1,000 troops: normal, our judgement of the studies in `source`."""

    mean: float
    sd: float
    source: str


EFFECTS = {
    "rebels": Effect(-0.20, 0.20, "Hultman et al. 2013; Fjelde et al. 2019; Carnegie and Mikulaschek 2020"),
    "government": Effect(0.0, 0.15, "Fjelde et al. 2019; Carnegie and Mikulaschek 2020"),
}


@dataclass(frozen=True)
class WhatIf:
    """What a change of troops goes with: ratio of expected deaths, 90 % interval, and the chance that there are fewer.

    `word` is what it must be called wherever it is shown.
    """

    ratio: float
    low_90: float
    high_90: float
    p_fewer: float
    source: str
    word: str = "association"


def what_if(troops_now: float, troops_then: float, perpetrator: str = "rebels") -> WhatIf:
    """How expected killings by one side go with a change of troops in the country.

    Parameters
    ----------
    troops_now, troops_then : float
        Troops of the mission in the country.
    perpetrator : str
        One of `EFFECTS`.

    Raises
    ------
    BadInput
        If the perpetrator is unknown, or a force is negative or larger than any that was studied.
    """
    from scipy.stats import norm

    if perpetrator not in EFFECTS:
        raise BadInput(
            "there is no effect for '{name}': choose {known}", name=perpetrator, known=", ".join(EFFECTS)
        )  # fmt: skip
    for troops in (troops_now, troops_then):
        if not 0 <= troops <= MOST_TROOPS:
            raise BadInput(
                "{n:,.0f} troops is outside what was studied: give 0 to {top:,.0f}", n=troops, top=MOST_TROOPS
            )
    effect = EFFECTS[perpetrator]
    thousands = (troops_then - troops_now) / 1000
    ends = np.exp(thousands * norm.ppf([0.05, 0.95], effect.mean, effect.sd))
    if thousands == 0:
        return WhatIf(1.0, 1.0, 1.0, 0.0, effect.source)
    fewer = norm.cdf(0, effect.mean, effect.sd)
    return WhatIf(
        ratio=float(np.exp(thousands * effect.mean)),
        low_90=float(ends.min()),
        high_90=float(ends.max()),
        p_fewer=float(fewer if thousands > 0 else 1 - fewer),
        source=effect.source,
    )


@dataclass(frozen=True)
class CountModel:
    """A fitted negative binomial: coefficients and standard errors (K,), theta, log-likelihood."""

    coefficients: Floats
    errors: Floats
    theta: float
    log_likelihood: float


def negative_binomial(x: Floats, y: Floats, theta: float = 5.0, sweeps: int = 200) -> CountModel:
    """Maximum likelihood of counts y with mean exp(x·b) and variance m + m²/theta.

    Coefficients by iteratively reweighted least squares with step halving, theta by Newton's method on its logarithm,
    in turn until the likelihood stands still; standard errors from the expected information at that theta, as R's
    ``MASS::glm.nb`` gives them. A search that only looks near the Poisson solution stops far away (troops −0.170).

    Parameters
    ----------
    x : ndarray, shape (N, K)
        With a column of ones.
    y : ndarray, shape (N,)
        Counts.
    theta : float
        Where to start.

    Raises
    ------
    BadInput
        If a count is negative, or the fit does not settle.
    """
    from scipy.special import digamma, gammaln, polygamma

    if np.any(y < 0) or len(x) != len(y):
        raise BadInput("counts are 0 or more, one for each row")

    def likelihood(m: Floats, size: float) -> float:
        part = gammaln(y + size) - gammaln(size) - gammaln(y + 1) + size * np.log(size)
        return float((part - (y + size) * np.log(size + m) + y * np.log(m)).sum())

    def mean(b: Floats) -> Floats:
        return np.asarray(np.exp(np.clip(x @ b, -50, 50)))

    b: Floats = np.asarray(np.linalg.lstsq(x, np.log(y + 0.1), rcond=None)[0], dtype=np.float64)
    before, ll = -np.inf, likelihood(mean(b), theta)
    for _ in range(sweeps):
        for _ in range(50):
            m = mean(b)
            weight = m / (1 + m / theta)
            step = np.linalg.solve(x.T @ (x * weight[:, None]), x.T @ (weight * (y - m) / m))
            length, here = 1.0, likelihood(m, theta)
            while likelihood(mean(b + length * step), theta) < here and length > 1e-8:
                length /= 2
            b = np.asarray(b + length * step, dtype=np.float64)
            if np.abs(length * step).max() < 1e-10:
                break
        m = mean(b)
        for _ in range(50):
            slope = (
                digamma(y + theta) - digamma(theta) + np.log(theta) + 1 - np.log(theta + m) - (y + theta) / (m + theta)
            )
            bend = (
                polygamma(1, y + theta) - polygamma(1, theta) + 1 / theta - 2 / (m + theta)
                + (y + theta) / (m + theta) ** 2
            )  # fmt: skip
            g, h = theta * slope.sum(), theta * slope.sum() + theta**2 * bend.sum()
            move = float(np.clip(-g / h if h < 0 else np.sign(g) * 0.5, -1, 1))
            theta *= float(np.exp(move))
            if abs(move) < 1e-12:
                break
        before, ll = ll, likelihood(m, theta)
        if abs(ll - before) < 1e-9:
            break
    else:
        raise BadInput("the counts do not settle on one negative binomial: check for columns that repeat each other")
    weight = m / (1 + m / theta)
    errors = np.sqrt(np.diag(np.linalg.inv(x.T @ (x * weight[:, None]))))
    return CountModel(b, errors, theta, ll)
