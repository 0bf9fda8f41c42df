"""The record: forecasts as they would have been made, month after month, judged by what then happened.

At each origin a model sees the panel up to that month and nothing later; `Panel.until` cuts it. Models that are dear
to fit may be fitted anew only every so many origins and carried forward in between by `Fitted.seeing`.
"""

import itertools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast import Fitted, Model, stream
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput
from tocsin.core.progress import Progress, silent
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

    Raises
    ------
    BadInput
        If origins are not ascending, or nothing can be judged.
    """
    months = list(origins)
    if any(b <= a for a, b in itertools.pairwise(months)):
        raise BadInput("origins must be ascending months")
    fitted: Fitted | None = None
    parts: list[Rows] = []
    for n, origin in enumerate(months):
        tell(f"Judging {model.name}", n, len(months))
        seen = panel.until(origin)
        anew = fitted is None or n % refit_every == 0
        fitted = model.fit(seen, target) if fitted is None or anew else fitted.seeing(seen)
        made = fitted.predict(steps, stream(seed, model.name, target, origin))
        rows = score(made, outcomes(panel, target, origin, steps))
        parts.append(rows if cells is None else rows.where(np.isin(rows.gid, cells)))
    tell(f"Judging {model.name}", len(months), len(months))
    return joined(parts)
