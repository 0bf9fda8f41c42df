"""What if one unit moved: new cover, ratios and the next best moves, fast enough to drag it over the map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.core.errors import BadInput
from tocsin.plan.posture.model import Floats, Ints


@dataclass(frozen=True)
class Suggestion:
    """A move and the expected deaths it would bring within reach (less what it gives up)."""

    unit: int
    place: int
    gain: float


@dataclass(frozen=True)
class State:
    """The posture as it now stands.

    `harm_out` is the expected deaths out of reach, `troops_per_1000` and `troops_per_death` by area (NaN where unknown
    or divided by zero), `lost` the cells no longer reached after the last move.
    """

    covered_risk: float
    covered_people: float
    harm_out: float
    troops_per_1000: Floats
    troops_per_death: Floats
    lost: Ints
    next_best: tuple[Suggestion, ...]


class WhatIf:
    """A posture that can be changed one unit at a time.

    Parameters
    ----------
    cover : csr_matrix, shape (n_cells, n_places)
        Which cells a unit at each place reaches in time.
    risk, people : ndarray, shape (n_cells,)
        NaN counts as unknown and is left out.
    areas : ndarray of int, shape (n_cells,)
    place_areas : ndarray of int, shape (n_places,)
    at : sequence of int
        Place of each unit.
    strength : sequence of int
    """

    def __init__(
        self,
        cover: csr_matrix,
        risk: Floats,
        people: Floats,
        areas: Ints,
        place_areas: Ints,
        at: Sequence[int],
        strength: Sequence[int],
    ) -> None:
        self._by_cell = csr_matrix((np.ones(cover.nnz), cover.tocsr().indices, cover.tocsr().indptr), cover.shape)
        by_place = cover.tocsc()
        self._start, self._cells = by_place.indptr, by_place.indices
        self._risk, self._people = np.nan_to_num(risk), np.nan_to_num(people)
        self._place_areas, self._strength = place_areas, np.asarray(strength, dtype=np.int64)
        n_areas = int(max(areas.max(initial=-1), place_areas.max(initial=-1))) + 1
        inside = areas >= 0
        self._area_people = np.bincount(areas[inside], self._people[inside], n_areas)
        self._area_risk = np.bincount(areas[inside], self._risk[inside], n_areas)
        self.at = np.asarray(at, dtype=np.int64).copy()
        if len(self.at) != len(self._strength):
            raise BadInput("there must be one strength a unit")
        self._count = np.zeros(cover.shape[0], dtype=np.int64)
        for place in self.at:
            self._count[self._reach(int(place))] += 1

    def _reach(self, place: int) -> npt.NDArray[np.int32]:
        found: npt.NDArray[np.int32] = self._cells[self._start[place] : self._start[place + 1]]
        return found

    def move(self, unit: int, place: int, best: int = 10) -> State:
        """Put a unit at a place and say what that changes."""
        if not (0 <= unit < len(self.at) and 0 <= place < len(self._start) - 1):
            raise BadInput("there is no unit {unit} or no place {place}", unit=unit, place=place)
        before = self._count > 0
        self._count[self._reach(int(self.at[unit]))] -= 1
        self._count[self._reach(place)] += 1
        self.at[unit] = place
        return self._state(np.flatnonzero(before & (self._count == 0)), best)

    def state(self, best: int = 10) -> State:
        """The posture as it stands."""
        return self._state(np.empty(0, dtype=np.int64), best)

    def _state(self, lost: Ints, best: int) -> State:
        near = self._count > 0
        usable = self._place_areas[self.at] >= 0
        troops = np.bincount(
            self._place_areas[self.at][usable], self._strength[usable].astype(float), len(self._area_people)
        )
        none = np.full(len(troops), np.nan)
        covered = float(self._risk[near].sum())
        return State(
            covered,
            float(self._people[near].sum()),
            float(self._risk.sum()) - covered,
            np.divide(1000 * troops, self._area_people, out=none.copy(), where=self._area_people > 0),
            np.divide(troops, self._area_risk, out=none.copy(), where=self._area_risk > 0),
            lost,
            self.next_best(best),
        )

    def next_best(self, best: int = 10) -> tuple[Suggestion, ...]:
        """The moves that bring most within reach, at most one a place; exact for every unit and place.

        A move's gain is what the place reaches that nobody does, plus what it takes over of the cells only the moving
        unit reached, less those cells.
        """
        open_gain = self._by_cell.T @ np.where(self._count == 0, self._risk, 0.0)
        top_gain = np.full(len(open_gain), -np.inf)
        top_unit = np.zeros(len(open_gain), dtype=np.int64)
        for unit, place in enumerate(self.at):
            reach = self._reach(int(place))
            alone = reach[self._count[reach] == 1]
            gain = open_gain - self._risk[alone].sum()
            if len(alone):
                gain += np.asarray(self._by_cell[alone].T @ self._risk[alone])
            gain[place] = -np.inf
            better = gain > top_gain
            top_gain[better], top_unit[better] = gain[better], unit
        order = np.argsort(-top_gain, kind="stable")[:best]
        return tuple(Suggestion(int(top_unit[p]), int(p), float(top_gain[p])) for p in order if top_gain[p] > 1e-12)
