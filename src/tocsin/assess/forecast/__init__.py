"""Forecasts: for each cell and month ahead, how likely killing is and how large, as draws of joint futures."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tocsin.assess.forecast.analogues import Analogues
from tocsin.assess.forecast.benchmarks import Bootstrap, Conflictology, Last, Zero
from tocsin.assess.forecast.cells import LEAST_HISTORY, MOST_CELLS, Cells
from tocsin.assess.forecast.forecast import LEVELS, Forecast
from tocsin.assess.forecast.model import Fitted, Model
from tocsin.assess.forecast.pool import country
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput

__all__ = [
    "BENCHMARKS",
    "CLIMATOLOGY",
    "LEVELS",
    "MODELS",
    "PREFERRED",
    "Fitted",
    "Forecast",
    "Model",
    "fit_and_forecast",
    "forecast",
    "main_model",
    "stream",
    "usual_models",
]

MODELS: dict[str, Callable[[], Model]] = {
    "zero": Zero,
    "last": Last,
    "conflictology": Conflictology,
    "conflictology_n": lambda: Conflictology(ring=True, name="conflictology_n"),
    "bootstrap": Bootstrap,
    "climatology": lambda: Conflictology(36, name="climatology"),
    "analogues": Analogues,
    "country": country,
    "additive": lambda: Cells(share=0, days=False, name="additive"),
    "combined": Cells,
}
CLIMATOLOGY = "climatology"  # conflictology of three years: what the field's own record is kept against
BENCHMARKS = ("zero", "last", "conflictology", "conflictology_n", "bootstrap")
# What plans and briefs go by: the first of these that was made.
PREFERRED = ("combined", "conflictology_n")


def usual_models(n_months: int, n_cells: int) -> tuple[str, ...]:
    """The models made unless others are asked for: the benchmarks, and `combined` where history is long enough for it.

    A world is not fitted unasked: that takes minutes.

    >>> usual_models(119, 250) == BENCHMARKS, usual_models(120, 250)[-1]
    (True, 'combined')
    """
    return (*BENCHMARKS, "combined") if n_months >= LEAST_HISTORY and n_cells <= MOST_CELLS else BENCHMARKS


def main_model(names: Sequence[str]) -> str:
    """The one of these models that is shown first, and that plans go by: of `PREFERRED`, else the last.

    >>> main_model(("zero", "conflictology_n", "last")), main_model(("last", "zero"))
    ('conflictology_n', 'zero')
    """
    return next((name for name in PREFERRED if name in names), names[-1])


def stream(seed: int, *words: str | int) -> np.random.Generator:
    """A stream of random numbers of its own for each use of one seed, the same on every machine."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in words)])


def forecast(panel: Panel, target: str, model: str, horizon: int = 12, seed: int = 1, how: str = "no") -> Forecast:
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
    how : str
        Where the models for cells walk over a large panel, block by block (`core.spread`).

    Raises
    ------
    BadInput
        If the model, the target or the horizon does not exist.
    """
    return fit_and_forecast(panel, target, model, horizon, seed, how)[1]


def fit_and_forecast(
    panel: Panel, target: str, model: str, horizon: int = 12, seed: int = 1, how: str = "no"
) -> tuple[Fitted, Forecast]:
    """`forecast`, and the fitted model it comes from, for who takes it apart."""
    if model not in MODELS:
        raise BadInput("there is no model '{model}': choose {known}", model=model, known=", ".join(MODELS))
    if not 1 <= horizon <= 60:
        raise BadInput("a horizon is 1 to 60 months, not {horizon}", horizon=horizon)
    made = MODELS[model]()
    fitted = (replace(made, how=how) if isinstance(made, Cells) else made).fit(panel, target)
    return fitted, fitted.predict(np.arange(1, horizon + 1), stream(seed, model, target, panel.as_of))
