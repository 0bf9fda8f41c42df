"""What every forecasting model is: something that learns from a panel, and then speaks about the months ahead."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.panel.model import Panel


@dataclass(frozen=True)
class Part:
    """One thing that a forecast of a cell and month rests on.

    Parameters
    ----------
    what : str
        ``month`` (a past month of a place, here or elsewhere, that may come again), ``change`` (what followed a past
        month of a place), ``pool`` (any month of any cell), ``nothing``, or a group of sources (`reasons.GROUPS`).
    share : float
        Its share; those of all parts add up to 1.
    gid, month : int, optional
        Which place and month, where it is one.
    factor : float, optional
        Of a group: how many times higher it makes the chance than in a typical cell.
    """

    what: str
    share: float
    gid: int | None = None
    month: int | None = None
    factor: float | None = None


def largest_first(parts: Iterable[Part]) -> list[Part]:
    """Parts about the same thing added up, the largest first."""
    found: dict[tuple[str, int | None, int | None, float | None], float] = {}
    for part in parts:
        key = (part.what, part.gid, part.month, part.factor)
        found[key] = found.get(key, 0.0) + part.share
    rows = [Part(what, share, gid, month, factor) for (what, gid, month, factor), share in found.items() if share > 0]
    return sorted(rows, key=lambda part: -part.share)


class Fitted(Protocol):
    """A model that has seen the past and nothing else."""

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Draws for the months `steps` ahead of the last one seen."""
        ...

    def explain(self, cell: int, step: int) -> list[Part]:
        """What the forecast of a cell (index) `step` months ahead rests on, the largest part first."""
        ...

    def seeing(self, panel: Panel) -> "Fitted":
        """The same model, not fitted anew, standing at the end of a newer panel."""
        ...


class Model(Protocol):
    """A way to forecast. `fit` may use everything in the panel it is given: cut the panel first (`Panel.until`)."""

    @property
    def name(self) -> str:
        """What the record and the tables call it."""
        ...

    def fit(self, panel: Panel, target: str) -> Fitted:
        """Learn from the panel."""
        ...
