"""Hours between places by one way of moving, over the ground where it is known and as the crow flies elsewhere."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.plan.mobility import Mode, default_speeds
from tocsin.plan.reach import overland_of
from tocsin.plan.situation import Situation

Floats = npt.NDArray[np.float64]
ON_THE_GROUND = ("wheeled", "tracked", "foot")


def way_of(name: str, among: Collection[str] = ON_THE_GROUND) -> Mode:
    """A way of moving by its name.

    Raises
    ------
    BadInput
        If it is none of those that are possible here.

    Examples
    --------
    >>> way_of("foot").name
    'foot'
    """
    if name not in among:
        raise BadInput("'{mode}' is not a way to move here; try {known}", mode=name, known=", ".join(among))
    return default_speeds().modes[name]


def hours_between(
    mission: Mission, here: Situation, mode: Mode, start: tuple[Floats, Floats], end: tuple[Floats, Floats]
) -> tuple[Floats, str]:
    """Hours of movement, shape (n_starts, n_ends), inf where there is no way; and over what: ground, straight line.

    Parameters
    ----------
    start, end : (longitudes, latitudes)
    """
    overland = overland_of(mission, here.gids, here.month)
    if overland is not None:
        return overland.travel(mode, here.season, *start, *end), "ground"
    speed = mode.straight_kmh[here.season]
    away = distance_km(start[0][:, None], start[1][:, None], end[0][None, :], end[1][None, :])
    hours = away / speed if speed > 0 else np.where(away > 0, np.inf, 0.0)
    return np.asarray(np.where(away <= mode.radius_km, hours, np.inf)), "straight line"
