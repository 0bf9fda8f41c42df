"""Learning from several countries at once, and speaking of one: for a place whose own history is too short.

The panels are laid side by side in one, each NaN outside its own months and cells, and the model for cells is fitted
on all of it; the fitted weights then look at the panel asked for alone. So what follows from what is learned together,
while the level of the last months and the sizes of killings stay those of the place. The daily process is learned from
the one panel that knows most events of the kind to the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.days_and_months import by_days
from tocsin.assess.forecast.model import Fitted
from tocsin.assess.panel.model import Panel
from tocsin.core.errors import BadInput


def side_by_side(panels: Sequence[Panel]) -> Panel:
    """One panel of all cells and months, up to the last month of the first panel; NaN where none of them looked.

    A cell on a border that is in two of them is taken from the first.

    Raises
    ------
    BadInput
        If they do not count the same targets.
    """
    if any(tuple(p.counts) != tuple(panels[0].counts) for p in panels):
        raise BadInput("these panels count different targets: build them alike")
    own: list[npt.NDArray[np.int64]] = []
    taken = np.empty(0, dtype=np.int64)
    for p in panels:
        own.append(np.flatnonzero(~np.isin(p.gids, taken)))
        taken = np.concatenate([taken, p.gids])
    gids = np.concatenate([p.gids[keep] for p, keep in zip(panels, own, strict=True)])
    order = np.argsort(gids)
    first, end = min(p.first_month for p in panels), panels[0].as_of
    counts = {}
    for target in panels[0].counts:
        plane = np.full((end - first + 1, len(gids)), np.nan, dtype=np.float32)
        at = 0
        for p, keep in zip(panels, own, strict=True):
            seen = p.counts[target][: max(end - p.first_month + 1, 0), keep]
            plane[p.first_month - first : p.first_month - first + len(seen), at : at + len(keep)] = seen
            at += len(keep)
        counts[target] = plane[:, order]
    return Panel(gids[order], first, counts, panels[0].about)


@dataclass(frozen=True)
class Together:
    """`Cells`, fitted on other places' panels as well; none of their months after the panel's last is seen."""

    others: tuple[Panel, ...]
    model: Cells = field(default_factory=Cells)
    name: str = "combined"

    def fit(self, panel: Panel, target: str) -> Fitted:
        """Fit on everything known by the panel's last month, and stand at its end."""
        found = self.model.fit(side_by_side([panel, *self.others]), target).seeing(panel)
        seen = [panel, *(p.until(min(p.as_of, panel.as_of)) for p in self.others if p.first_month <= panel.as_of)]
        known = [0 if p.dated is None else int(p.dated.own[target].sum()) for p in seen]
        days = by_days(seen[int(np.argmax(known))], target) if self.model.days else None
        return replace(found, days=days)
