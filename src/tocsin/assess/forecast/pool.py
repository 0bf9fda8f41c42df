"""Several models in one forecast: a linear pool of draws, shares fixed or fitted on the past."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import hstack, vstack

from tocsin.assess.forecast.analogues import Analogues
from tocsin.assess.forecast.faded import Faded
from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.forecast.model import Fitted, Model, Part, largest_first
from tocsin.assess.panel.model import Panel

SHARES = (360, 360, 480)  # draws of analogues of either level, and of past months
LEVELS = (2.0, 4.0)  # half-lives in months of the level that analogues start from


@dataclass(frozen=True)
class FittedPool:
    """Several fitted models, each with its number of columns."""

    name: str
    parts: tuple[Fitted, ...]
    columns: tuple[int, ...]

    def seeing(self, panel: Panel) -> "FittedPool":
        """All of them at the end of a newer panel."""
        return replace(self, parts=tuple(part.seeing(panel) for part in self.parts))

    def explain(self, cell: int, step: int) -> list[Part]:
        """What every part rests on, by its number of columns."""
        whole = sum(self.columns)
        return largest_first(
            replace(part, share=part.share * columns / whole)
            for one, columns in zip(self.parts, self.columns, strict=True)
            for part in one.explain(cell, step)
        )

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Columns of every part side by side: a draw comes from one model, so its joint future stays whole."""
        made = [part.predict(steps, rng) for part in self.parts]
        blocks = []
        for one, wanted in zip(made, self.columns, strict=True):
            whole, rest = divmod(wanted, one.n_draws)
            pick = np.concatenate([np.tile(np.arange(one.n_draws), whole), rng.permutation(one.n_draws)[:rest]])
            rows = [one.step_draws(int(step))[:, pick] for step in steps]
            blocks.append(vstack(rows, format="csr"))
        first = made[0]
        known = np.logical_and.reduce([one.known for one in made])
        draws = hstack(blocks, format="csr", dtype=np.float32)
        return Forecast(first.gids, first.as_of, steps, first.target, self.name, draws, known)


@dataclass(frozen=True)
class Pool:
    """A linear pool of models with fixed shares."""

    models: tuple[Model, ...]
    columns: tuple[int, ...]
    name: str

    def fit(self, panel: Panel, target: str) -> FittedPool:
        """Fit each."""
        return FittedPool(self.name, tuple(model.fit(panel, target) for model in self.models), self.columns)


def country() -> Pool:
    """The forecast for countries and areas: analogues, and past months, the newer the likelier (`Faded`).

    Analogues take the present level once quickly and once slowly, with half the trees each. All was chosen on target
    years 1999 to 2014 by the mean and by the worst year.
    """
    alike = (Analogues(trees=30, n_draws=n, half_life=level) for n, level in zip(SHARES, LEVELS, strict=False))
    return Pool((*alike, Faded(n_draws=SHARES[-1])), SHARES, "country")
