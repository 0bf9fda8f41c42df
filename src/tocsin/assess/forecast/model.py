"""What every forecasting model is: something that learns from a panel, and then speaks about the months ahead."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.forecast import Forecast
from tocsin.assess.panel.model import Panel


class Fitted(Protocol):
    """A model that has seen the past and nothing else."""

    def predict(self, steps: npt.NDArray[np.int64], rng: np.random.Generator) -> Forecast:
        """Draws for the months `steps` ahead of the last one seen."""
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
