"""The panel as arrays: cells × months × targets, with NaN where the source does not look."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.assess.panel.dated import Dated
from tocsin.core.errors import BadInput
from tocsin.core.time import first_day

# sb, ns, os: deaths (UCDP best) in state-based, non-state and one-sided violence. civilians: all deaths in
# one-sided violence plus civilian deaths in the other two.
TARGETS = ("sb", "ns", "os", "civilians")
# All deaths, whoever died: counted only when asked for (`Panel.with_total`).
TOTAL = "deaths"
ASKED = (*TARGETS, TOTAL)


@dataclass(frozen=True)
class Panel:
    """Counts per cell and month.

    Parameters
    ----------
    gids : ndarray of int64, shape (n_cells,)
        PRIO-GRID cells, ascending.
    first_month : int
        Month number of row 0 (month 1 = January 1980).
    counts : dict of target → ndarray of float32, shape (n_months, n_cells)
        Deaths; NaN where no source covers the cell and month (unknown is not zero). Events placed only in an area or
        a span of time are shared over it, so counts may be fractions.
    as_of : int
        Last month the panel may speak of; equals ``first_month + n_months - 1``.
    about : dict
        Where it comes from: sources, data vintage, licence, citation.
    also : dict of name → ndarray of float32, shape (n_months, n_cells)
        What else was known at the end of each month (``alerts …``, displaced people, an indicator); NaN where it was
        not. Models that use it treat missing as a value of its own, never as zero.
    dated : Dated, optional
        The events that are known to the day, for what months are too coarse for.
    """

    gids: npt.NDArray[np.int64]
    first_month: int
    counts: dict[str, npt.NDArray[np.float32]]
    about: dict[str, Any] = field(default_factory=dict)
    also: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    dated: Dated | None = None

    def __post_init__(self) -> None:
        """Check that shapes agree."""
        shapes = {plane.shape for plane in (*self.counts.values(), *self.also.values())}
        if len(shapes) != 1 or next(iter(shapes))[1] != len(self.gids):
            raise BadInput("the panel's planes and cells do not agree in size")

    @property
    def n_months(self) -> int:
        """Number of months."""
        return int(next(iter(self.counts.values())).shape[0])

    @property
    def as_of(self) -> int:
        """Last month in the panel."""
        return self.first_month + self.n_months - 1

    @property
    def months(self) -> npt.NDArray[np.int64]:
        """Month numbers of the rows."""
        return np.arange(self.first_month, self.as_of + 1)

    @property
    def n_days(self) -> int:
        """Number of days from the first day of the first month to the last of the last."""
        return (first_day(self.as_of + 1) - first_day(self.first_month)).days

    def with_total(self) -> "Panel":
        """The panel with all deaths (sb + ns + os) as the target `TOTAL`; NaN where any of them is unknown."""
        whole = self.counts["sb"] + self.counts["ns"] + self.counts["os"]
        return replace(self, counts={**self.counts, TOTAL: whole})

    def until(self, month: int) -> "Panel":
        """The same panel without anything after `month`: what a forecast as of `month` may see."""
        if not self.first_month <= month <= self.as_of:
            raise BadInput("month {month} is outside the panel", month=month)
        keep = month - self.first_month + 1
        counts, also = ({name: plane[:keep] for name, plane in planes.items()} for planes in (self.counts, self.also))
        days = (first_day(month + 1) - first_day(self.first_month)).days
        dated = None if self.dated is None else self.dated.until(days)
        return Panel(self.gids, self.first_month, counts, self.about, also, dated)
