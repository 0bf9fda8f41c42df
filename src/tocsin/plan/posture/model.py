"""A posture problem: what could stand where, what each place would reach, what is wanted, what is demanded."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Option:
    """One thing that could be done: a unit (or a new one) at a place.

    Parameters
    ----------
    unit : str
        The unit's name; options of one unit exclude each other. A new unit has a name of its own.
    kind : UnitKind
    place : int
        Index of the cell.
    strength : int
    cost, flying_hours : float
        A month, zero or more.
    moves : bool
        Whether the unit would have to move (or be found) for it.
    tags : frozenset of str
        Contributor, languages, 'women officers', 'medical', 'engineers' …
    """

    unit: str
    kind: UnitKind
    place: int
    strength: int
    cost: float = 0.0
    flying_hours: float = 0.0
    moves: bool = False
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Demand:
    """A demand in words, and the linear rows that express it: least ≤ coefficients · options ≤ most."""

    name: str
    rows: csr_matrix
    least: Floats
    most: Floats


@dataclass(frozen=True)
class Goals:
    """How much each aim weighs; all are minimised, each on its own scale.

    harm: share of expected deaths out of reach (mean over draws) · tail: mean share in the worst draws ·
    worst_area: share out of reach in the worst-off area · spread: difference between worst- and best-off area ·
    cost, flying_hours, moves: per unit of each.
    """

    harm: float = 1.0
    tail: float = 0.0
    worst_area: float = 0.0
    spread: float = 0.0
    cost: float = 0.0
    flying_hours: float = 0.0
    moves: float = 0.0

    def __post_init__(self) -> None:
        """Refuse weights below zero: an aim cannot be turned round."""
        if any(not v >= 0 for v in vars(self).values()):
            raise BadInput("goals must have weights of zero or more")


AIMS = ("harm", "tail", "worst_area", "spread", "cost", "flying_hours", "moves")


@dataclass(frozen=True)
class Problem:
    """Everything a posture is chosen from.

    Parameters
    ----------
    options : sequence of Option
    tiers : sequence of (csr_matrix of shape (n_cells, n_options), share, backup)
        What counts as reached: a cell gains `share` of its weight when an option of the pattern is chosen (when two
        are, for a back-up tier). Shares add to 1: presence, projection and back-up in one sum (gradual cover).
    draws : ndarray, shape (n_draws, n_cells)
        Possible deaths; one row for a plain forecast.
    areas : ndarray of int, shape (n_cells,)
        Area (or group) of each cell; -1 for none.
    demands : sequence of Demand
    """

    options: Sequence[Option]
    tiers: Sequence[tuple[csr_matrix, float, bool]]
    draws: Floats
    areas: Ints
    demands: Sequence[Demand] = ()
    tail_share: float = 0.9

    def __post_init__(self) -> None:
        """Check that shapes agree and numbers are possible."""
        n_cells, n = self.draws.shape[1], len(self.options)
        if any(t.shape != (n_cells, n) for t, _, _ in self.tiers) or self.areas.shape != (n_cells,):
            raise BadInput("cells and options do not agree in number between the parts of the problem")
        if not np.all(np.isfinite(self.draws) & (self.draws >= 0)):
            raise BadInput("forecast draws must be numbers of zero or more")
        if abs(sum(s for _, s, _ in self.tiers) - 1) > 1e-9:
            raise BadInput("the shares of the tiers must add to 1")
        for row, option in enumerate(self.options, start=1):
            if option.strength < 0 or option.cost < 0 or option.flying_hours < 0:
                raise BadInput("option {row} ({unit}) has a number below zero", row=row, unit=option.unit)

    @property
    def names(self) -> list[str]:
        """Units in order of first appearance."""
        return list(self.by_unit)

    @property
    def by_unit(self) -> dict[str, list[int]]:
        """The options of each unit, by their numbers; units in order of first appearance."""
        found: dict[str, list[int]] = {}
        for j, option in enumerate(self.options):
            found.setdefault(option.unit, []).append(j)
        return found


@dataclass(frozen=True)
class Posture:
    """A chosen posture and its certificate: no other has a weighted sum of aims below `bound`."""

    chosen: tuple[int, ...]
    aims: dict[str, float]
    value: float
    bound: float
    gap: float
    method: str
    data_hash: str
    binding: tuple[str, ...] = field(default_factory=tuple)
