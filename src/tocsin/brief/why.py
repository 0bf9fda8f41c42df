"""Why a place matters, as facts: what was recorded there and around, how often before, and the trend."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.assess.panel import Panel
from tocsin.brief import content as c
from tocsin.core import lattice
from tocsin.core.time import months_of
from tocsin.listen.events.model import Events

RECENT = 12  # months of recorded violence told as recent
HALF = 6  # months compared with as many before for the trend
MEMORY = 60  # months over which months with killing are counted


@dataclass(frozen=True)
class RecentEvents:
    """Events of the last months in which civilians were killed, placed well enough to name a place.

    `deaths` are civilians killed.
    """

    events: Events
    deaths: npt.NDArray[np.float64]

    @classmethod
    def read(cls, known: Events, as_of: int) -> "RecentEvents":
        """Those of the last `RECENT` months up to a month."""
        deaths = np.where(known.kind == 3, known.best, np.nan_to_num(known.deaths_civilians))
        keep = (months_of(known.first_day) > as_of - RECENT) & (known.where_prec <= 3) & (deaths > 0)
        return cls(known.take(keep), deaths[keep])

    def recent_ids(self) -> list[int]:
        """Ids, for looking up what people read about them."""
        return [int(i) for i in self.events.id]

    def at(self, gid: int, texts: dict[int, dict[str, Any]]) -> c.RecentViolence | None:
        """What was recorded in a cell."""
        inside = np.flatnonzero(self.events.gid == gid)
        if not len(inside):
            return None
        last = inside[np.argmax(self.events.first_day[inside])]
        by_actor: dict[str, float] = {}
        for i in inside:
            told = texts.get(int(self.events.id[i]))
            if told:
                sides = [told["side_a"]] if self.events.kind[i] == 3 else [told["side_a"], told["side_b"]]
                for side in sides:
                    by_actor[side] = by_actor.get(side, 0.0) + float(self.deaths[i])
        actors = sorted(by_actor, key=lambda name: (-by_actor[name], name))[:2]
        day = self.events.first_day[last].astype("datetime64[D]").item()
        return c.RecentViolence(len(inside), float(self.deaths[inside].sum()), RECENT, day, tuple(actors))


def reasons_of(
    i: int,
    gids: npt.NDArray[np.int64],
    panel: Panel,
    target: str,
    events: RecentEvents,
    texts: dict[int, dict[str, Any]],
) -> tuple[c.Reason, ...]:
    """Reasons for the cell at index `i`, the strongest kinds first."""
    plane = panel.counts[target]
    own = plane[:, i]
    found: list[c.Reason] = []
    recorded = events.at(int(gids[i]), texts)
    if recorded:
        found.append(recorded)
    ring = lattice.neighbours(gids[i])[0]
    at = np.searchsorted(gids, ring)
    around = [int(k) for k, g in zip(at, ring, strict=True) if k < len(gids) and gids[k] == g]
    nearby = float(np.nansum(plane[-RECENT:, around]))
    if nearby >= 0.5:
        found.append(c.NearbyViolence(nearby, RECENT))
    recent, earlier = float(np.nansum(own[-HALF:])), float(np.nansum(own[-2 * HALF : -HALF]))
    if len(own) >= 2 * HALF and max(recent, earlier) >= 1:
        found.append(c.Trend(recent, earlier, HALF))
    memory = own[-MEMORY:]
    with_killing = int((memory >= 0.5).sum())
    if with_killing:
        found.append(c.History(with_killing, int(np.isfinite(memory).sum())))
    return tuple(found)
