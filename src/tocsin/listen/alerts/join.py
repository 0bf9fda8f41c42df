"""Reports about the same happening become one alert; people who repeat each other are told from independent sources.

Each report is compared with those near it in space and time; what speaks for the same happening adds up to log-odds
(`Weights`, fitted on simulated streams with known truth, see docs/methods/alerts.md). It joins the alert whose reports
fit best, or starts one. Joining is transitive, up to a cap in distance, time and number.
"""

import datetime as dt
import functools
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.alerts.model import ThreatKind
from tocsin.listen.alerts.reading import split

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CELL_DEG = 0.5
_KINDS = {kind: number for number, kind in enumerate(ThreatKind)}
_UNKNOWN = -1
# happenings that come with or before one another and are told as either
_RELATED = ((ThreatKind.ATTACK, ThreatKind.DISPLACEMENT), (ThreatKind.ATTACK, ThreatKind.LOOTING),
            (ThreatKind.ATTACK, ThreatKind.ARMED_PRESENCE), (ThreatKind.LOOTING, ThreatKind.CATTLE_RAID),
            (ThreatKind.ATTACK, ThreatKind.ABDUCTION), (ThreatKind.ROAD_BLOCK, ThreatKind.ARMED_PRESENCE))  # fmt: skip
_RELATION = np.zeros((len(_KINDS) + 1, len(_KINDS) + 1))
for _a, _b in _RELATED:
    _RELATION[_KINDS[_a], _KINDS[_b]] = _RELATION[_KINDS[_b], _KINDS[_a]] = 1.0


@dataclass(frozen=True)
class Item:
    """A report as joining sees it.

    Parameters
    ----------
    id : str
    at : datetime
        When it was sent, UTC-aware.
    lon, lat : float
    radius_km : float
        Radius of uncertainty of the place.
    kind : ThreatKind or None
    number : float or None
        The first number it counts.
    source : str
        Opaque key of the sender, the same for the same sender.
    home_km : float or None
        From the sender's usual place to the place reported; None when unknown.
    text : str
    """

    id: str
    at: dt.datetime
    lon: float
    lat: float
    radius_km: float
    kind: ThreatKind | None = None
    number: float | None = None
    source: str = ""
    home_km: float | None = None
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class Weights:
    """Log-odds that two reports tell of the same happening, by what is alike.

    Fitted by logistic regression on simulated streams, except `related_kind` and `other_kind`: there every story
    has one kind, which would make them much more negative than real talk bears.
    """

    start: float = 1.9
    space: float = -1.77  # a unit of distance over both radii together
    hours: float = -0.09
    late: float = 0.79  # when more than a day lies between: a phone without signal
    same_kind: float = 1.93
    related_kind: float = -3.0
    other_kind: float = -5.0
    number: float = 0.22  # alike (within a third)
    number_off: float = -0.93
    words: float = 0.39  # share of words in common
    threshold: float = 0.0
    best_share: float = 0.5  # how much the best fit counts against the mean fit

    def of(self, features: Floats) -> Floats:
        """Log-odds of features, shape (9, n) → (n,)."""
        row = (self.space, self.hours, self.late, self.same_kind, self.related_kind, self.other_kind, self.number,
               self.number_off, self.words)  # fmt: skip
        return np.asarray(self.start + np.array(row) @ features)


@dataclass(frozen=True)
class Caps:
    """How far an alert may grow by joining alone; a person may merge beyond it."""

    km: float = 60.0  # from its first report, plus the radii
    hours: float = 96.0  # from its first report
    window_hours: float = 72.0  # from its latest fitting report
    reports: int = 1000


@dataclass(frozen=True)
class Change:
    """One line of an alert's history: what, which reports, from and to which alert, by whom (None: the program)."""

    what: str
    items: tuple[str, ...]
    source: int | None
    target: int
    by: str | None
    at: dt.datetime
    fit: float | None = None


@dataclass
class _Columns:
    """Reports as growing columns."""

    hours: Floats
    lon: Floats
    lat: Floats
    radius: Floats
    kind: Ints
    number: Floats
    mask: npt.NDArray[np.uint64]
    alert: Ints

    @classmethod
    def empty(cls, room: int) -> "_Columns":
        zeros = [np.zeros(room) for _ in range(5)]
        return cls(zeros[0], zeros[1], zeros[2], zeros[3], np.zeros(room, dtype=np.int64), zeros[4],
                   np.zeros(room, dtype=np.uint64), np.full(room, -1, dtype=np.int64))  # fmt: skip

    def grown(self) -> "_Columns":
        more = _Columns.empty(2 * len(self.hours))
        for name, values in vars(self).items():
            getattr(more, name)[: len(values)] = values
        return more


@functools.lru_cache(maxsize=20_000)
def words_mask(text: str) -> int:
    """Set of a text's words (numbers left out) as 64 bits, for quick comparing.

    >>> words_mask("on tire à Ippy") == words_mask("ON TIRE A IPPY 12")
    True
    """
    found = 0
    for word in split(text):
        if not word.folded[0].isdigit() and len(word.folded) > 2:
            found |= 1 << (zlib.crc32(word.folded.encode()) & 63)
    return found


def link_features(columns: _Columns, among: Ints, item: int) -> Floats:
    """What speaks for and against report `item` telling of the same happening as each of `among`: shape (9, n)."""
    c = columns
    found = np.zeros((9, len(among)))
    dx = (c.lon[among] - c.lon[item]) * (math.cos(math.radians(c.lat[item])) * 111.2)
    dy = (c.lat[among] - c.lat[item]) * 111.2
    apart = np.sqrt((dx * dx + dy * dy) / (c.radius[among] ** 2 + (c.radius[item] ** 2 + 25.0)))
    np.minimum(apart, 8.0, out=found[0])
    np.abs(c.hours[among] - c.hours[item], out=found[1])
    found[2] = found[1] > 24
    kind = int(c.kind[item])
    if kind != _UNKNOWN:
        kinds = c.kind[among]
        found[3] = kinds == kind
        found[4] = _RELATION[kinds, kind]
        found[5] = (kinds != _UNKNOWN) - found[3] - found[4]
    if math.isfinite(c.number[item]):
        ratio = np.abs(np.log(c.number[among] / c.number[item]))  # NaN where none was said: neither alike nor off
        found[6], found[7] = ratio < 0.29, ratio > 0.8
    both = np.bitwise_count(c.mask[among] & c.mask[item])
    either = np.bitwise_count(c.mask[among] | c.mask[item])
    np.divide(both, either, out=found[8], where=either > 0)
    return found


class Joiner:
    """Open reports and the alerts they form. One at a time, in the order in which they are to be joined.

    Holds no clock and no randomness: the same calls give the same alerts.
    """

    def __init__(self, weights: Weights | None = None, caps: Caps | None = None) -> None:
        self.weights, self.caps = weights or Weights(), caps or Caps()
        self._columns = _Columns.empty(1024)
        self._items: list[Item] = []
        self._rows: dict[str, int] = {}
        self._cells: dict[tuple[int, int, int], list[int]] = {}
        self._members: dict[int, list[int]] = {}
        self._history: list[Change] = []
        self._next = 1

    def add(self, item: Item) -> int:
        """Join a report to an alert or start one; gives the alert's number.

        Raises
        ------
        BadInput
            If a report with this id is already there, its place is not on the earth or its time has no zone.
        """
        row = self._store(item)
        near = self._near(row)
        target, fit = None, None
        if len(near):
            fits = self.weights.of(link_features(self._columns, near, row))
            target, fit = self._best(row, near, fits)
        what = "joined" if target is not None else "started"
        if target is None:
            target = self._next
            self._next += 1
            self._members[target] = []
        self._members[target].append(row)
        self._columns.alert[row] = target
        self._index(row)
        self._history.append(Change(what, (item.id,), None, target, None, item.at, fit))
        return target

    def restore(self, item: Item, alert: int) -> None:
        """Put a report back where the records say it belongs, deciding nothing: for starting again after a stop.

        Restore reports in the order in which they came to their alerts; later `add` then decides as it would have.
        """
        if alert < 1:
            raise BadInput("alert numbers start at 1, not {number}", number=alert)
        row = self._store(item)
        self._members.setdefault(alert, []).append(row)
        self._columns.alert[row] = alert
        self._index(row)
        self._next = max(self._next, alert + 1)

    def _store(self, item: Item) -> int:
        if item.id in self._rows:
            raise BadInput("report {id} has been joined already", id=item.id)
        if item.at.tzinfo is None or not (abs(item.lon) <= 180 and abs(item.lat) <= 90 and item.radius_km >= 0):
            raise BadInput("report {id} has no time zone or no place on the earth", id=item.id)
        row = len(self._items)
        if row == len(self._columns.hours):
            self._columns = self._columns.grown()
        c = self._columns
        c.hours[row], c.lon[row], c.lat[row] = item.at.timestamp() / 3600, item.lon, item.lat
        c.radius[row], c.mask[row] = item.radius_km, words_mask(item.text)
        c.kind[row] = _UNKNOWN if item.kind is None else _KINDS[item.kind]
        c.number[row] = item.number if item.number is not None and item.number > 0 else np.nan
        self._items.append(item)
        self._rows[item.id] = row
        return row

    def _index(self, row: int) -> None:
        self._cells.setdefault(self._cell(row), []).append(row)

    def _cell(self, row: int) -> tuple[int, int, int]:
        c = self._columns
        return (
            math.floor(c.lon[row] / _CELL_DEG), math.floor(c.lat[row] / _CELL_DEG),
            math.floor(c.hours[row] / self.caps.window_hours),
        )  # fmt: skip

    def _near(self, row: int) -> Ints:
        """Reports in the same or a neighbouring cell and within the window, earlier or later."""
        x, y, slab = self._cell(row)
        found: list[int] = []
        for i in (x - 1, x, x + 1):
            for j in (y - 1, y, y + 1):
                for k in (slab - 1, slab, slab + 1):
                    found += self._cells.get((i, j, k), ())
        near = np.array(found, dtype=np.int64)
        near.sort()
        gap: Floats = np.abs(self._columns.hours[near] - self._columns.hours[row])
        return near[gap <= self.caps.window_hours]

    def _best(self, row: int, near: Ints, fits: Floats) -> tuple[int | None, float | None]:
        """Alert that fits best and how well, or none: half the best of its reports' fits, half their mean."""
        alert, share = self._columns.alert[near], self.weights.best_share
        # where an alert has reports that say a kind, a missed call beside them does not decide
        said = (self._columns.kind[near] != _UNKNOWN) & (self._columns.kind[row] != _UNKNOWN)
        scores = []
        for one in {int(a) for a in alert[fits >= self.weights.threshold]}:  # a mean is never above the best
            mine = alert == one
            told = mine & said
            its = fits[told if told.any() else mine]
            score = share * its.max() + (1 - share) * np.maximum(its, -12.0).mean()
            if score >= self.weights.threshold:
                scores.append((-float(score), one))
        for score, one in sorted(scores):
            if self._may_grow(one, row):
                return one, round(-score, 3)
        return None, None

    def _may_grow(self, alert: int, row: int) -> bool:
        members, c = self._members[alert], self._columns
        first = members[0]
        km = math.hypot(
            (c.lon[row] - c.lon[first]) * math.cos(math.radians(c.lat[row])) * 111.2,
            (c.lat[row] - c.lat[first]) * 111.2,
        )
        within = km <= self.caps.km + c.radius[row] + c.radius[first]
        return bool(
            within and abs(c.hours[row] - c.hours[first]) <= self.caps.hours and len(members) < self.caps.reports
        )

    def alerts(self) -> dict[int, tuple[str, ...]]:
        """Reports of each alert, in the order in which they came to it."""
        return {a: tuple(self._items[r].id for r in rows) for a, rows in self._members.items() if rows}

    def reports(self, alert: int) -> tuple[Item, ...]:
        """Reports of one alert."""
        if not self._members.get(alert):
            raise NotFound("there is no alert {number}", number=alert)
        return tuple(self._items[r] for r in self._members[alert])

    def alert_of(self, item: str) -> int:
        """Alert of a report."""
        if item not in self._rows:
            raise NotFound("there is no report {id}", id=item)
        return int(self._columns.alert[self._rows[item]])

    def split(self, alert: int, items: Iterable[str], by: str, at: dt.datetime) -> int:
        """Take reports out of an alert into a new one, as a person says; gives the new alert's number.

        Raises
        ------
        BadInput
            If no report, all of them, or one of another alert is named.
        """
        chosen = list(dict.fromkeys(items))
        mine = {i.id for i in self.reports(alert)}
        if not chosen or not set(chosen) < mine:
            raise BadInput("to split alert {number}, name some of its reports and not all", number=alert)
        new = self._next
        self._next += 1
        self._move(chosen, alert, new)
        self._history.append(Change("split", tuple(chosen), alert, new, by, at))
        return new

    def merge(self, into: int, other: int, by: str, at: dt.datetime) -> int:
        """Put all reports of `other` into `into`, as a person says; gives `into`.

        Raises
        ------
        BadInput
            If both are the same.
        """
        if into == other:
            raise BadInput("alert {number} cannot be merged with itself", number=into)
        self.reports(into)
        moved = [i.id for i in self.reports(other)]
        self._move(moved, other, into)
        self._history.append(Change("merged", tuple(moved), other, into, by, at))
        return into

    def _move(self, items: Sequence[str], source: int, target: int) -> None:
        rows = [self._rows[i] for i in items]
        self._members[source] = [r for r in self._members[source] if r not in set(rows)]
        self._members.setdefault(target, []).extend(rows)
        self._columns.alert[rows] = target

    def history(self, alert: int) -> tuple[Change, ...]:
        """Everything that made an alert what it is, what left it included, in order."""
        return tuple(c for c in self._history if alert in (c.source, c.target))

    def leave(self, item: str) -> None:
        """Take one report out, as if it had never come; it may be put back by `restore`.

        Raises
        ------
        NotFound
            If it is not there.
        """
        alert = self.alert_of(item)
        row = self._rows.pop(item)
        self._members[alert] = [r for r in self._members[alert] if r != row]
        cell = self._cell(row)
        self._cells[cell] = [r for r in self._cells.get(cell, ()) if r != row]

    def __contains__(self, item: str) -> bool:
        """Whether a report is there."""
        return item in self._rows

    def __len__(self) -> int:
        """How many reports it has ever taken in: what its memory grows with."""
        return len(self._items)

    def close(self, alert: int) -> None:
        """Take an alert's reports out of the search: later ones start anew. Its history stays."""
        self.reports(alert)
        for row in self._members[alert]:
            cell = self._cell(row)
            self._cells[cell] = [r for r in self._cells[cell] if r != row]
