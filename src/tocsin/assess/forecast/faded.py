"""One of the past months again, the newer the likelier: `Conflictology` without an edge where months are forgotten."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.assess.forecast.benchmarks import Repeated, filled_in, months_of_cell, plane_of, seen_in
from tocsin.assess.forecast.forecast import Bools, Forecast
from tocsin.assess.forecast.model import Part, largest_first
from tocsin.assess.panel.model import Panel

HALF_LIFE = 3.0
MOST_MONTHS = 60


@dataclass(frozen=True)
class FittedFaded:
    """The last months of each place and how many of the draws are each of them."""

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
        weight = [0.5 ** ((self.panel.as_of - (part.month or 0)) / self.model.half_life) for part in seen]
        parts = [replace(part, share=w / sum(weight)) for part, w in zip(seen, weight, strict=True)]
        return largest_first(parts) or [Part("nothing", 1.0)]

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Each column is one past month of all places; months come in proportion to their weights, within one draw."""
        age = np.arange(len(self.recent))[::-1]
        upto = np.cumsum(0.5 ** (age / self.model.half_life))
        places = (np.arange(self.model.n_draws) + 0.5) / self.model.n_draws * upto[-1]
        month = np.searchsorted(upto, places)
        draws = csr_matrix(np.nan_to_num(filled_in(self.recent, rng))[month].T)
        return Repeated(self.panel, self.target, self.model.name, self.known, draws).predict(steps, rng)


@dataclass(frozen=True)
class Faded:
    """One of the last five years' months, half as likely every `half_life` months."""

    half_life: float = HALF_LIFE
    n_draws: int = 1000
    name: str = "faded"

    def fit(self, panel: Panel, target: str) -> FittedFaded:
        """Keep the last months."""
        recent = plane_of(panel, target)[-MOST_MONTHS:]
        return FittedFaded(self, panel, target, seen_in(recent[-12:]), recent)
