"""A way through the day: when each stretch is driven, where the convoy waits for light, what it is exposed to then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.core.errors import BadInput
from tocsin.plan.corridors.model import Corridor, Floats, Network

WHOLE_DAY = (0.0, 24.0)
ALIKE = (1.0,) * 24


@dataclass(frozen=True)
class Rest:
    """Where a convoy must stop because the day ends, the hours until it may go on, and events expected near it then."""

    after_leg: int
    hours: float
    exposure: float = 0.0


@dataclass(frozen=True)
class Pace:
    """A way driven from an hour of the day on.

    Parameters
    ----------
    enter : ndarray, shape (n_stretches,)
        Hours since the midnight before leaving at which each stretch is entered.
    rests : tuple of Rest
    rested_at : tuple of float
        When each rest begins, on the same clock.
    arrive_after_hours : float
        From leaving, rests included.
    """

    enter: Floats
    rests: tuple[Rest, ...]
    rested_at: tuple[float, ...]
    arrive_after_hours: float


def pace(network: Network, way: Corridor, cuts: Sequence[int], leave: float, daylight: tuple[float, float]) -> Pace:
    """When a way is driven that stops at the last of its points (`cuts`) it reaches by the end of the day.

    A leg longer than the day is driven into the dark. A rest is as exposed an hour as the stretch after it.

    >>> import numpy as np
    >>> from tocsin.plan.corridors.front import corridor
    >>> net = Network(np.arange(2), np.arange(1, 3), np.array([5.0, 4.0]), np.array([0.0, 2.0]), np.ones(2),
    ...               np.zeros(3), np.zeros(3))
    >>> found = pace(net, corridor(net, [0, 1], 0), [0, 1, 2], 10.0, (6.0, 18.0))
    >>> found.rests, found.enter.tolist(), found.arrive_after_hours
    ((Rest(after_leg=1, hours=15.0, exposure=7.5),), [10.0, 30.0], 24.0)
    """
    first, last = daylight
    if not 0 <= first < last <= 24 or not 0 <= leave < 24:
        raise BadInput("daylight and the hour of leaving are times of day from 0 to 24")
    edges = np.array(way.edges, dtype=np.int64)
    hours = network.hours[edges]
    enter = np.empty(len(edges))
    rests, begun = list[Rest](), list[float]()
    clock = leave
    for k in range(len(cuts) - 1):
        part = slice(cuts[k], cuts[k + 1])
        time, of_day = float(hours[part].sum()), clock % 24
        late = of_day < first or of_day + time > last
        if daylight != WHOLE_DAY and late and (time <= last - first or of_day != first):
            wait = (first - of_day) % 24
            if wait > 0:
                rate = float(network.exposure[edges[cuts[k]]] / hours[cuts[k]])
                rests.append(Rest(k, wait, rate * wait))
                begun.append(clock)
                clock += wait
        enter[part] = clock + np.concatenate(([0.0], np.cumsum(hours[part])[:-1]))
        clock += time
    return Pace(enter, tuple(rests), tuple(begun), clock - leave)


def exposed(network: Network, way: Corridor, driven: Pace, of_hour: Sequence[float] = ALIKE) -> float:
    """Events expected near a convoy on a way driven so, its rests included, with a factor for each hour of the day.

    The factor of a stretch is that of when it is entered; 24 factors, one an hour from midnight.

    >>> import numpy as np
    >>> from tocsin.plan.corridors.front import corridor
    >>> net = Network(np.arange(2), np.arange(1, 3), np.ones(2), np.ones(2), np.ones(2), np.zeros(3), np.zeros(3))
    >>> way, dark = corridor(net, [0, 1], 0), [1.0] * 18 + [3.0] * 6
    >>> exposed(net, way, pace(net, way, [0, 1, 2], 17.5, (0.0, 24.0)), dark)
    4.0

    A rest from six in the evening to six in the morning is more:

    >>> round(exposed(net, way, pace(net, way, [0, 1, 2], 17.0, (6.0, 18.0)), dark), 6)
    26.0
    """
    factor = np.asarray(of_hour, dtype=np.float64)
    if factor.shape != (24,) or not np.all(factor >= 0):
        raise BadInput("hazard by time of day needs 24 factors of zero or more, one an hour from midnight")
    edges = np.array(way.edges, dtype=np.int64)
    total = float((network.exposure[edges] * factor[(driven.enter % 24).astype(np.int64)]).sum())
    for rest, begin in zip(driven.rests, driven.rested_at, strict=True):
        marks = np.unique(np.r_[begin, np.arange(np.ceil(begin), begin + rest.hours), begin + rest.hours])
        share = np.diff(marks) / rest.hours
        total += rest.exposure * float(share @ factor[(marks[:-1] % 24).astype(np.int64)])
    return total
