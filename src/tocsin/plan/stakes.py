"""How much is at stake where something is wanted: the forecast around a place or in an area, and weights from it."""

from collections.abc import Sequence

import numpy as np

from tocsin.core import lattice
from tocsin.core.errors import NotFound
from tocsin.core.geometry import distance_km
from tocsin.plan.situation import Situation

NEAR_KM = 100.0  # whose forecast counts for what is wanted at a place
AT_STAKE = 4.0  # weight above 1 where the forecast is highest (judgement)


def stakes(here: Situation, wanted: Sequence[tuple[str, str, str]]) -> list[float | None]:
    """Deaths a month forecast where each thing is wanted; None for what is nowhere said to be.

    Parameters
    ----------
    wanted : sequence of (what it is called, place, area)
        The place counts before the area; both may be empty.

    Raises
    ------
    NotFound
        If there is no such place or area.
    """
    monthly = here.risk / max(1, here.horizon)
    lon, lat = (np.asarray(v) for v in lattice.centre(here.gids))
    areas = np.array([a or "" for a in here.land.area_names])
    found: list[float | None] = []
    for name, place, area in wanted:
        if place:
            x, y, _ = here.point(place)
            found.append(float(monthly[distance_km(lon, lat, x, y) <= NEAR_KM].sum()))
        elif area:
            inside = areas == area
            if not inside.any():
                known = ", ".join(sorted({a for a in areas if a}))[:300]
                raise NotFound("{what} is in the area '{area}', which there is none of; there are: {some}", what=name,
                               area=area, some=known)  # fmt: skip
            found.append(float(monthly[inside].sum()))
        else:
            found.append(None)
    return found


def weights(given: Sequence[float | None], at_stake: Sequence[float | None]) -> list[float]:
    """Weights: those given, else 1 and up to 5 by what is at stake.

    >>> weights([None, None, 2.0, None], [10.0, 5.0, 0.0, None])
    [5.0, 3.0, 2.0, 1.0]
    """
    top = max((s for s in at_stake if s is not None), default=0.0)
    return [g or (1.0 + (AT_STAKE * s / top if s and top else 0.0)) for g, s in zip(given, at_stake, strict=True)]
