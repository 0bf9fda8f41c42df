"""What was driven against what was planned: GPX tracks, written and read."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.core.geometry import distance_km

Floats = npt.NDArray[np.float64]

MOST_POINTS = 500_000
REACHED_KM = 2.0


@dataclass(frozen=True)
class Track:
    """Points of a track in order; `at` is seconds since 1970 (UTC), NaN where a point has no time."""

    lon: Floats
    lat: Floats
    at: Floats


@dataclass(frozen=True)
class Stop:
    """A place a patrol should visit."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Followed:
    """A track against a plan.

    Parameters
    ----------
    reached : tuple of bool
        Whether each stop was come within `within_km` of.
    nearest_km : tuple of float
    at : tuple of float or None
        When the track was nearest, seconds since 1970; None without times.
    share : float
        Of stops reached.
    in_order : bool
        Whether the stops reached were reached in the order planned.
    km : float
        Length driven.
    off_plan_km : float
        Of it, farther than `within_km` from the straight lines between stops.
    """

    reached: tuple[bool, ...]
    nearest_km: tuple[float, ...]
    at: tuple[float | None, ...]
    share: float
    in_order: bool
    km: float
    off_plan_km: float


def read_gpx(body: bytes) -> Track:
    """Track and route points of a GPX 1.0 or 1.1 file, in file order.

    Raises
    ------
    BadInput
        If it is not GPX, declares a document type, has points that are no place on earth, or has none at all.
    """
    lon: list[float] = []
    lat: list[float] = []
    at: list[float] = []
    inside, text, root = False, "", ""

    def refuse(*_: object) -> None:
        raise BadInput("the track declares a document type, which is not accepted")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside, text, root
        tag = name.rpartition(":")[2]
        root = root or tag
        text = ""
        if tag not in ("trkpt", "rtept"):
            return
        try:
            x, y = float(attributes["lon"]), float(attributes["lat"])
        except (KeyError, ValueError):
            x = y = np.nan
        if not (abs(x) <= 180 and abs(y) <= 90):
            raise BadInput("point {number} of the track is no place on earth", number=len(lon) + 1)
        if len(lon) >= MOST_POINTS:
            raise BadInput("the track has more than {most} points: thin it out", most=MOST_POINTS)
        lon.append(x)
        lat.append(y)
        at.append(np.nan)
        inside = True

    def end(name: str) -> None:
        nonlocal inside
        tag = name.rpartition(":")[2]
        if tag in ("trkpt", "rtept"):
            inside = False
        elif tag == "time" and inside:
            try:
                when = dt.datetime.fromisoformat(text.strip())
            except ValueError:
                return
            at[-1] = (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp()

    def words(data: str) -> None:
        nonlocal text
        text = (text + data)[:64]

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, words
    try:
        parser.Parse(body, True)
    except expat.ExpatError as wrong:
        raise BadInput("the track is not GPX: {why}", why=str(wrong)) from None
    if root != "gpx" or not lon:
        raise BadInput("the file is not a GPX track, or has no points")
    return Track(np.array(lon), np.array(lat), np.array(at))


def write_gpx(name: str, stops: Sequence[Stop]) -> str:
    """A planned route as GPX 1.1, for a receiver.

    >>> write_gpx("a", [Stop("Bria", 21.98, 6.53)]).count("<rtept")
    1
    """
    points = "".join(f'<rtept lat="{s.lat:.6f}" lon="{s.lon:.6f}"><name>{escape(s.name)}</name></rtept>' for s in stops)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Tocsin" '
        f'xmlns="http://www.topografix.com/GPX/1/1"><rte><name>{escape(name)}</name>{points}</rte></gpx>\n'
    )


def follow(stops: Sequence[Stop], track: Track, within_km: float = REACHED_KM) -> Followed:
    """Which stops a track reached, in order or not, and how much of it lies off the plan.

    Between two points of a track a straight line is taken; where points are far apart the answer is as coarse.
    """
    if not stops or not within_km > 0:
        raise BadInput("a plan has at least one stop, and a stop is reached within more than 0 km")
    line = np.array([[s.lon, s.lat] for s in stops])
    nearest, when = [], []
    so_far, in_order = 0.0, True
    for stop in stops:
        away, share = _to_lines(np.array([stop.lon]), np.array([stop.lat]), track.lon, track.lat)
        k = int(np.argmin(away[0]))
        nearest.append(float(away[0, k]))
        # In order: some passage of this stop comes after a passage of the one before.
        passed = (np.arange(len(away[0])) + share[0])[away[0] <= within_km]
        later = passed[passed >= so_far - 1e-9]
        in_order &= not len(passed) or bool(len(later))
        so_far = float(later.min(initial=np.inf)) if len(later) else so_far
        last = min(k + 1, len(track.at) - 1)
        t = track.at[k] + float(share[0, k]) * (track.at[last] - track.at[k])
        when.append(None if np.isnan(t) else float(t))
    reached = tuple(d <= within_km for d in nearest)
    legs = distance_km(track.lon[:-1], track.lat[:-1], track.lon[1:], track.lat[1:])
    middle = (track.lon[:-1] + track.lon[1:]) / 2, (track.lat[:-1] + track.lat[1:]) / 2
    off = np.zeros(len(legs), dtype=bool)
    for begin in range(0, len(legs), 4096):  # in parts: tracks are long
        part = slice(begin, begin + 4096)
        away, _ = _to_lines(middle[0][part], middle[1][part], line[:, 0], line[:, 1])
        off[part] = away.min(axis=1) > within_km
    return Followed(
        reached, tuple(nearest), tuple(when), sum(reached) / len(stops),
        in_order, float(legs.sum()), float(legs[off].sum()),
    )  # fmt: skip


def _to_lines(lon: Floats, lat: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Distance (km) from points to each stretch of a line, and how far along the stretch, (n_points, n_stretches)."""
    if len(x) == 1:
        return distance_km(lon[:, None], lat[:, None], x[None, :], y[None, :]), np.zeros((len(lon), 1))
    # A plane around each point: good to a few metres over the tens of km a stretch is long.
    wide = np.cos(np.radians(lat))[:, None]
    ax, ay = (x[None, :-1] - lon[:, None]) * wide, y[None, :-1] - lat[:, None]
    bx, by = (x[None, 1:] - lon[:, None]) * wide, y[None, 1:] - lat[:, None]
    dx, dy = bx - ax, by - ay
    square = dx**2 + dy**2
    share = np.clip(-(ax * dx + ay * dy) / np.where(square > 0, square, 1.0), 0, 1)
    return np.asarray(np.hypot(ax + share * dx, ay + share * dy) * 111.195), np.asarray(share)
