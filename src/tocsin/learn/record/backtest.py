"""The record: forecasts as they would have been made, month after month, judged by what then happened.

At each origin a model sees the panel up to that month and nothing later; `Panel.until` cuts it. Models that are dear
to fit may be fitted anew only every so many origins and carried forward in between by `Fitted.seeing`.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast import MODELS, Fitted, Forecast, Model, stream
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput
from tocsin.core.progress import Progress, silent
from tocsin.core.spread import spread
from tocsin.learn.record.scores import Rows, joined, score


def outcomes(panel: Panel, target: str, origin: int, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """What was counted `steps` months after `origin`, shape (H, C); NaN after the panel's end."""
    plane = panel.counts[target]
    at = origin + steps - panel.first_month
    found = np.full((len(steps), len(panel.gids)), np.nan)
    inside = (at >= 0) & (at < len(plane))
    found[inside] = plane[at[inside]]
    return found


def backtest(
    panel: Panel,
    target: str,
    model: Model,
    origins: Iterable[int],
    steps: npt.NDArray[np.int64],
    seed: int = 0,
    refit_every: int = 1,
    cells: npt.NDArray[np.int64] | None = None,
    tell: Progress = silent,
    how: str = "no",
) -> Rows:
    """Score a model over rolling origins.

    Parameters
    ----------
    panel : Panel
        The whole history; it is cut at each origin.
    target : str
    model : Model
    origins : iterable of int
        Last months seen, ascending.
    steps : ndarray of int64
        Months ahead.
    seed : int
    refit_every : int
        Fit anew at every so many origins.
    cells : ndarray of int64, optional
        Judge these cells only; the model may learn from all.
    tell : Progress
    how : str
        Where it runs (`core.spread`): each run of origins that share a fit is one task. The numbers are the same.

    Raises
    ------
    BadInput
        If origins are not ascending, or nothing can be judged.
    """
    months = list(origins)
    if any(b <= a for a, b in itertools.pairwise(months)):
        raise BadInput("origins must be ascending months")
    blocks = [months[at : at + refit_every] for at in range(0, len(months), refit_every)]
    tasks = [_Block(panel.until(b[-1]) if how != "no" else panel, target, model, tuple(b), steps, seed) for b in blocks]
    made: Iterable[list[Forecast]]
    made = spread(forecasts_of, tasks, how) if how != "no" else map(forecasts_of, tasks)
    parts: list[Rows] = []
    for n, block in enumerate(made):
        tell(f"Judging {model.name}", n * refit_every, len(months))
        for one in block:
            rows = score(one, outcomes(panel, target, one.as_of, steps))
            parts.append(rows if cells is None else rows.where(np.isin(rows.gid, cells)))
    tell(f"Judging {model.name}", len(months), len(months))
    return joined(parts)


@dataclass(frozen=True)
class _Block:
    """Origins that share one fit: a task that can be made anywhere."""

    panel: Panel
    target: str
    model: Model
    origins: tuple[int, ...]
    steps: npt.NDArray[np.int64]
    seed: int


def forecasts_of(block: _Block) -> list[Forecast]:
    """The forecasts of one block, the model fitted at its first origin."""
    fitted: Fitted | None = None
    made = []
    for origin in block.origins:
        seen = block.panel.until(origin)
        fitted = block.model.fit(seen, block.target) if fitted is None else fitted.seeing(seen)
        made.append(fitted.predict(block.steps, stream(block.seed, block.model.name, block.target, origin)))
    return made


@dataclass(frozen=True)
class Origin:
    """What was known at one origin and what then came: a task that can be done anywhere.

    Parameters
    ----------
    seen : Panel
        The panel as it would have been built then.
    came : dict of target → ndarray, shape (H, C)
        What happened (`outcomes`).
    models : tuple of str
        Names in `MODELS`; each is fitted anew.
    steps : ndarray of int64, shape (H,)
    seed : int
    """

    seen: Panel
    came: dict[str, npt.NDArray[np.float64]]
    models: tuple[str, ...]
    steps: npt.NDArray[np.int64]
    seed: int


def judged(origin: Origin) -> dict[tuple[str, str], Rows]:
    """Rows of every target and model of one origin."""
    found = {}
    for target, came in origin.came.items():
        for name in origin.models:
            fitted = MODELS[name]().fit(origin.seen, target)
            made = fitted.predict(origin.steps, stream(origin.seed, name, target, origin.seen.as_of))
            found[target, name] = score(made, came)
    return found
