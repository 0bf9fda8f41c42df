"""Forecasts behind one interface: every model turns a panel as of a month into a `Forecast`."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.benchmarks import Conflictology, Last, Zero
from tocsin.assess.forecast.forecast import QUANTILES, Forecast
from tocsin.assess.panel import Panel

__all__ = ["MODELS", "QUANTILES", "Forecast", "Model", "forecast"]


class Model(Protocol):
    """What every model can do."""

    @property
    def name(self) -> str:
        """Name in files and tables."""

    def predict(self, panel: Panel, target: str, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Forecast from a panel that ends with the as-of month; nothing later is in it."""


MODELS: dict[str, Callable[[], Model]] = {
    "zero": Zero,
    "last": Last,
    "conflictology": Conflictology,
    "conflictology_n": lambda: Conflictology("conflictology_n", with_neighbours=True),
}


def forecast(panel: Panel, target: str, model: str, horizon: int, seed: int) -> Forecast:
    """Forecast the months after the panel's end.

    Parameters
    ----------
    panel : Panel
    target : str
        One of the panel's targets.
    model : str
        Name in `MODELS`.
    horizon : int
        Months ahead.
    seed : int
        The same seed gives the same forecast.
    """
    rng = np.random.default_rng([seed, panel.as_of])
    return MODELS[model]().predict(panel, target, np.arange(1, horizon + 1), rng)
