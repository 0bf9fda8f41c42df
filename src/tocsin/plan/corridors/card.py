"""What a convoy needs to know about its way: legs, where it is exposed, where to turn back, who can reach it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.core.errors import BadInput
from tocsin.core.geometry import distance_km
from tocsin.plan.corridors.day import WHOLE_DAY, Rest, pace
from tocsin.plan.corridors.model import Corridor, Floats, Network

MOST_HELPERS = 3  # told for each leg


@dataclass(frozen=True)
class Leg:
    """A part of the way between two points that have names.

    `hours` and `exposure` are of this leg; `clock` is the time of day (hours) on leaving it; `helper` can arrive in
    `helper_hours` at the point of the leg that is hardest to reach (None: nobody can); `helpers` are the first few who
    can, with their hours. Up to the end of the last leg with `turn_back` going back is no longer than going on.
    """

    start: str
    end: str
    lon: float
    lat: float
    km: float
    hours: float
    exposure: float
    clock: float
    dark: bool
    helper: str | None
    helper_hours: float | None
    turn_back: bool
    helpers: tuple[tuple[str, float], ...] = ()


def cut_points(network: Network, way: Corridor, legs: int) -> list[int]:
    """Positions on the way that cut it into about equal times; the first is 0, the last its end.

    >>> import numpy as np
    >>> net = Network(np.arange(4), np.arange(1, 5), np.array([1.0, 1, 1, 3]), np.zeros(4), np.ones(4), np.zeros(5),
    ...               np.zeros(5))
    >>> from tocsin.plan.corridors.front import corridor
    >>> cut_points(net, corridor(net, [0, 1, 2, 3], 0), 2)
    [0, 3, 4]
    """
    if legs < 1:
        raise BadInput("a way has at least one leg")
    done = np.concatenate(([0.0], np.cumsum(network.hours[list(way.edges)])))
    marks = np.searchsorted(done, done[-1] * np.arange(1, legs) / legs - 1e-9)
    return sorted({0, *(int(m) for m in marks), len(way.edges)})


def legs_of(
    network: Network,
    way: Corridor,
    cuts: Sequence[int],
    names: Sequence[str],
    *,
    leave: float = 6.0,
    daylight: tuple[float, float] = (6.0, 18.0),
    help_hours: Floats | None = None,
    helpers: Sequence[str] = (),
) -> tuple[list[Leg], list[Rest]]:
    """The legs of a way with times of day, who could help and up to where turning back is the shorter way to safety.

    Parameters
    ----------
    cuts : sequence of int
        Positions from `cut_points`.
    names : sequence of str
        Name of the point at each cut.
    leave : float
        Time of day of leaving, hours.
    daylight : (float, float)
        Hours of the day within which a convoy may move; it stops at the last named point it reaches by the end of the
        day. A leg longer than the day is driven into the dark and marked.
    help_hours : ndarray, shape (n_helpers, n_nodes), optional
        Hours each helper needs to each node.
    helpers : sequence of str
    """
    first, last = daylight
    driven = pace(network, way, cuts, leave, daylight)
    made: list[Leg] = []
    hours_so_far = 0.0
    for k in range(len(cuts) - 1):
        edges = np.array(way.edges[cuts[k] : cuts[k + 1]], dtype=np.int64)
        time = float(network.hours[edges].sum())
        begin = float(driven.enter[cuts[k]]) % 24
        nodes = list(way.nodes[cuts[k] : cuts[k + 1] + 1])
        helper: str | None = None
        most: float | None = None
        able: tuple[tuple[str, float], ...] = ()
        if help_hours is not None and len(helpers):
            nearest = help_hours[:, nodes].min(axis=0)
            worst = int(np.argmax(nearest))
            if np.isfinite(nearest[worst]):
                most = float(nearest[worst])
                first_there = np.argsort(help_hours[:, nodes[worst]], kind="stable")[:MOST_HELPERS]
                helper = helpers[int(first_there[0])]
                able = tuple((helpers[int(h)], float(help_hours[h, nodes[worst]])) for h in first_there
                             if np.isfinite(help_hours[h, nodes[worst]]))  # fmt: skip
        hours_so_far += time
        end = int(way.nodes[cuts[k + 1]])
        dark = daylight != WHOLE_DAY and (begin < first or begin + time > last)
        made.append(
            Leg(
                names[k],
                names[k + 1],
                float(network.lon[end]),
                float(network.lat[end]),
                float(network.km[edges].sum()),
                time,
                float(network.exposure[edges].sum()),
                (begin + time) % 24,
                dark,
                helper,
                most,
                hours_so_far <= way.hours / 2,
                able,
            )
        )
    return made, list(driven.rests)


def straight_help(lon: Floats, lat: Floats, kmh: Floats, start: Floats, network: Network) -> Floats:
    """Hours from helpers to every node as the crow flies, shape (n_helpers, n_nodes); inf where a speed is zero."""
    away = distance_km(lon[:, None], lat[:, None], network.lon[None, :], network.lat[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = start[:, None] + away / kmh[:, None]
    return np.where(kmh[:, None] > 0, found, np.where(away > 0, np.inf, start[:, None]))


def stops_on(
    network: Network, nodes: Sequence[int], stops: Sequence[tuple[float, float, float]], km: float
) -> list[int]:
    """Which checkpoints (lon, lat, hours) a part of a way passes within `km`, in the order they are met.

    >>> import numpy as np
    >>> net = Network(np.arange(2), np.arange(1, 3), np.ones(2), np.zeros(2), np.ones(2), np.array([0.0, 1.0, 2.0]),
    ...               np.zeros(3))
    >>> stops_on(net, [0, 1, 2], [(2.0, 0.01, 1.0), (0.5, 0.0, 0.5), (1.0, 1.0, 1.0)], 5.0)
    [1, 0]
    """
    x, y = network.lon[list(nodes)], network.lat[list(nodes)]
    met = []
    for row, (lon, lat, _) in enumerate(stops):
        # Nearest point of each straight stretch, on a plane around the checkpoint.
        east, north = (x - lon) * np.cos(np.radians(lat)), y - lat
        dx, dy = np.diff(east), np.diff(north)
        length = dx * dx + dy * dy
        share = np.clip(-(east[:-1] * dx + north[:-1] * dy) / np.where(length > 0, length, 1.0), 0, 1)
        away = np.hypot(east[:-1] + share * dx, north[:-1] + share * dy) * 111.2
        if len(away) and away.min() <= km:
            nearest = int(np.argmin(away))
            met.append((nearest + float(share[nearest]), row))
    return [row for _, row in sorted(met)]
