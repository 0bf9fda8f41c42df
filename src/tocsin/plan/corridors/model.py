"""A road network with two costs on every stretch, and a route over it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """Places joined by directed stretches, each with a time and an exposure.

    Parameters
    ----------
    tail, head : ndarray of int64, shape (n_edges,)
        Node each stretch leaves and enters; a two-way road is two stretches.
    hours : ndarray, shape (n_edges,)
        Time to pass, above zero; inf bars it.
    exposure : ndarray, shape (n_edges,)
        What is to be avoided, zero or more, adding up along a route: for example the expected number of attacks met
        (``-log`` of the chance to pass unharmed).
    km : ndarray, shape (n_edges,)
    lon, lat : ndarray, shape (n_nodes,)
        Degrees WGS84.
    """

    tail: Ints
    head: Ints
    hours: Floats
    exposure: Floats
    km: Floats
    lon: Floats
    lat: Floats

    def __post_init__(self) -> None:
        """Refuse networks that cannot be."""
        n = len(self.lon)
        sizes = {len(v) for v in (self.tail, self.head, self.hours, self.exposure, self.km)}
        if len(sizes) != 1 or len(self.lat) != n:
            raise BadInput("a network needs one tail, head, time, exposure and length for every stretch")
        if len(self.tail) and (min(self.tail.min(), self.head.min()) < 0 or max(self.tail.max(), self.head.max()) >= n):
            raise BadInput("a stretch of the network begins or ends at a place that does not exist")
        bad = np.flatnonzero(~(self.hours > 0) | ~(self.exposure >= 0) | ~np.isfinite(self.exposure) | ~(self.km >= 0))
        if len(bad):
            raise BadInput(
                "stretch {row} of the network has no usable time, exposure or length; time must be above zero and "
                "exposure zero or more",
                row=int(bad[0]),
            )

    @property
    def nodes(self) -> int:
        """Number of places."""
        return len(self.lon)

    def node_at(self, lon: float, lat: float) -> int:
        """The place nearest to a point."""
        from tocsin.core.geometry import distance_km

        if not self.nodes:
            raise BadInput("the network has no place")
        return int(np.argmin(distance_km(self.lon, self.lat, lon, lat)))


@dataclass(frozen=True)
class Corridor:
    """One way from A to B: the stretches in order and what they sum to."""

    edges: tuple[int, ...]
    nodes: tuple[int, ...]
    hours: float
    exposure: float
    km: float

    @property
    def survival(self) -> float:
        """Chance to pass unharmed when exposure counts expected attacks: ``exp(-exposure)``."""
        return float(np.exp(-self.exposure))


@dataclass(frozen=True)
class Front:
    """Every way that no other beats on both time and exposure, fastest first.

    `complete` says whether all were found (else the search met its limit and what is shown is a part); `step_hours`
    and `step_exposure` are the steps costs were rounded up to: two ways that differ by less count as equal.
    """

    corridors: tuple[Corridor, ...]
    complete: bool
    step_hours: float
    step_exposure: float
    labels: int
