"""Forecasts: for each cell and month ahead, how likely killing is and how large, as draws of joint futures."""

import zlib
from collections.abc import Callable

import numpy as np

from tocsin.assess.forecast.analogues import Analogues
from tocsin.assess.forecast.benchmarks import Bootstrap, Conflictology, Last, Zero
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.forecast import LEVELS, Forecast
from tocsin.assess.forecast.model import Fitted, Model
from tocsin.assess.forecast.pool import country
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput

__all__ = ["BENCHMARKS", "LEVELS", "MODELS", "Fitted", "Forecast", "Model", "forecast", "stream"]

MODELS: dict[str, Callable[[], Model]] = {
    "zero": Zero,
    "last": Last,
    "conflictology": Conflictology,
    "conflictology_n": lambda: Conflictology(ring=True, name="conflictology_n"),
    "bootstrap": Bootstrap,
    "analogues": Analogues,
    "country": country,
    "additive": lambda: Cells(share=0, name="additive"),
    "combined": Cells,
}
BENCHMARKS = ("zero", "last", "conflictology", "conflictology_n", "bootstrap")


def stream(seed: int, *words: str | int) -> np.random.Generator:
    """A stream of random numbers of its own for each use of one seed, the same on every machine."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in words)])


def forecast(panel: Panel, target: str, model: str, horizon: int = 12, seed: int = 1) -> Forecast:
    """Forecast the `horizon` months after the panel's last.

    Parameters
    ----------
    panel : Panel
        What was known as of its last month; cut it with ``panel.until`` first.
    target : str
        One of the panel's targets.
    model : str
        One of `MODELS`.
    horizon : int
        Months ahead, 1 to 60.
    seed : int
        The same seed, panel and model give the same numbers.

    Raises
    ------
    BadInput
        If the model, the target or the horizon does not exist.
    """
    if model not in MODELS:
        raise BadInput("there is no model '{model}': choose {known}", model=model, known=", ".join(MODELS))
    if not 1 <= horizon <= 60:
        raise BadInput("a horizon is 1 to 60 months, not {horizon}", horizon=horizon)
    fitted = MODELS[model]().fit(panel, target)
    return fitted.predict(np.arange(1, horizon + 1), stream(seed, model, target, panel.as_of))
