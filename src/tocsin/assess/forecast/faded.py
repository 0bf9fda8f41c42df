"""One of the past months again, the newer the likelier, drawn a little to the middle of them.

How fast months are forgotten is a matter of how far ahead one looks: by half every month for the next month, by half
every `LONGEST` months from five months on. Each draw has one place among the months for all steps and places, so it is
one future: further ahead it repeats the same month or an older one, never a newer one.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from tocsin.assess.forecast.benchmarks import filled_in, months_of_cell, plane_of, seen_in
from tocsin.assess.forecast.forecast import Bools, Forecast
from tocsin.assess.forecast.model import Part, largest_first
from tocsin.assess.panel.model import Panel

Floats = npt.NDArray[np.float64]

NEXT_MONTH = 1.0  # half-life in months of what is told of the next month
EACH_MONTH = 0.5  # how much longer it is for each further month ahead
LONGEST = 3.0
MOST_MONTHS = 60
PULL = 0.2  # how far a month is drawn to the middle of the past months, in logarithms
OFFSET = 3.0


def fading(step: int, ages: npt.ArrayLike) -> Floats:
    """How likely a month so many months old comes again `step` months ahead, relative to the newest.

    >>> fading(1, [0, 1, 2]).round(3), fading(3, [0, 1, 2]).round(3)
    (array([1.  , 0.5 , 0.25]), array([1.   , 0.707, 0.5  ]))
    """
    half_life = min(NEXT_MONTH + EACH_MONTH * (step - 1), LONGEST)
    return np.asarray(0.5 ** (np.asarray(ages) / half_life))


def middle(months: npt.NDArray[np.floating], weight: Floats) -> Floats:
    """Weighted median of the months of each place, shape (M, C), months without data left out (0 where there are none).

    >>> middle(np.array([[0.0, np.nan], [10.0, 4.0], [100.0, np.nan]]), np.array([1.0, 1.0, 1.0]))
    array([10.,  4.])
    """
    order = np.argsort(months, axis=0, kind="stable")
    upto = np.cumsum((weight[:, None] * ~np.isnan(months))[order, np.arange(months.shape[1])], axis=0)
    at = np.minimum((upto < upto[-1] / 2).sum(axis=0), len(months) - 1)
    return np.asarray(np.nan_to_num(np.take_along_axis(months, np.take_along_axis(order, at[None], axis=0), axis=0)[0]))


def drawn_in(months: npt.NDArray[np.floating], weight: Floats) -> Floats:
    """Months, shape (M, C), each drawn by `PULL` to the weighted median of its place; no deaths stay no deaths.

    >>> drawn_in(np.array([[0.0], [10.0], [100.0]]), np.array([1.0, 1.0, 1.0])).ravel()
    array([ 0., 10., 65.])
    """
    drawn = np.rint((middle(months, weight) + OFFSET) ** PULL * (months + OFFSET) ** (1 - PULL) - OFFSET)
    return np.asarray(np.where(months < 1, months, np.maximum(drawn, 1)), dtype=np.float64)


@dataclass(frozen=True)
class FittedFaded:
    """The last months of each place, oldest first."""

    model: "Faded"
    panel: Panel
    target: str
    known: Bools
    recent: npt.NDArray[np.float32]

    def seeing(self, panel: Panel) -> "FittedFaded":
        """The last months of a newer panel."""
        return self.model.fit(panel, self.target)

    def explain(self, cell: int, step: int) -> list[Part]:
        """The months that may come again, the newer the likelier."""
        seen = months_of_cell(self.panel, self.target, cell, MOST_MONTHS)
        weight = fading(step, [self.panel.as_of - (part.month or 0) for part in seen])
        parts = [replace(part, share=float(w / weight.sum())) for part, w in zip(seen, weight, strict=True)]
        return largest_first(parts) or [Part("nothing", 1.0)]

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Each column is one past month of all places in each step; months come in proportion, within one draw."""
        newest_first = np.nan_to_num(filled_in(self.recent, rng)[::-1]).astype(np.float64)
        place = (np.arange(self.model.n_draws) + 0.5) / self.model.n_draws
        blocks = []
        for step in steps:
            weight = fading(int(step), np.arange(len(newest_first)))
            upto = np.cumsum(weight)
            age = np.searchsorted(upto, place * upto[-1])
            blocks.append(csr_matrix(drawn_in(newest_first, weight)[age].T.astype(np.float32)))
        draws = vstack(blocks, format="csr")
        gids, as_of = self.panel.gids, self.panel.as_of
        return Forecast(gids, as_of, steps, self.target, self.model.name, draws, self.known)


@dataclass(frozen=True)
class Faded:
    """One of the last five years' months, the newer the likelier, the more so the nearer the month ahead."""

    n_draws: int = 1000
    name: str = "faded"

    def fit(self, panel: Panel, target: str) -> FittedFaded:
        """Keep the last months."""
        recent = plane_of(panel, target)[-MOST_MONTHS:]
        return FittedFaded(self, panel, target, seen_in(recent[-12:]), recent)
