"""Where a report means: known places in its words, ranked, each with a radius that should hold the true point.

Reads names with spelling drift, "N km <direction> of X", "N km from X", "between X and Y", "X-Y axis"; falls back on
the sender's usual place. The radius is the error that was not exceeded in `share` of real place phrases with the same
kind of evidence (``radius.toml``, calibrated on UCDP GED; see docs/methods/alerts.md).
"""

import functools
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tocsin.core.geometry import distance_km
from tocsin.listen.alerts.model import Fact
from tocsin.listen.alerts.names import Names
from tocsin.listen.alerts.reading import Lexicon, Mark, Word, default_lexicon, find_marks, split

_BEARINGS = {
    "north": 0.0, "north_east": 45.0, "east": 90.0, "south_east": 135.0, "south": 180.0, "south_west": 225.0,
    "west": 270.0, "north_west": 315.0,
}  # fmt: skip
_LONGEST = 4  # words of a name
_KM_A_DEGREE = 111.2
EVIDENCE = ("exact", "similar", "alike", "near", "inside", "offset", "ring", "axis", "area", "home")


@dataclass(frozen=True)
class Candidate:
    """A place that a report may mean.

    Parameters
    ----------
    name : str
        Main name of the known place it is told from.
    lon, lat : float
        Degrees WGS84.
    radius_km : float
        The true point should lie this near in the share of cases that the radii were calibrated for.
    score : float
        0 to 1, for ranking and for leaving weak ones to a person; not a probability.
    evidence : str
        One of `EVIDENCE`.
    why : tuple of Fact
    """

    name: str
    lon: float
    lat: float
    radius_km: float
    score: float
    evidence: str
    why: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class _Mention:
    start: int
    end: int
    hits: tuple[tuple[int, float], ...]  # row, quality


@functools.cache
def default_radii() -> Mapping[str, float]:
    """Radius by kind of evidence, km, as shipped."""
    found = tomllib.loads((Path(__file__).parent / "radius.toml").read_text(encoding="utf-8"))
    return {k: float(v) for k, v in found["radius_km"].items()}


def locate(
    text: str,
    places: Names,
    *,
    home: tuple[float, float] | None = None,
    lexicon: Lexicon | None = None,
    radii: Mapping[str, float] | None = None,
    most: int = 5,
) -> tuple[Candidate, ...]:
    """Places that a text may mean, best first; empty when it names none and the sender's usual place is not known.

    Parameters
    ----------
    text : str
    places : Names
    home : (lon, lat), optional
        The sender's usual place: nearer places of the same name come first; the answer when no place is named.
    lexicon : Lexicon, optional
    radii : mapping of evidence → km, optional
    most : int
        How many to give.
    """
    book, table = lexicon or default_lexicon(), radii or default_radii()
    words = split(text)
    marks = find_marks(words, book)
    mentions = _mentions(words, marks, places)
    found = _Reader(words, marks, places, mentions, home).candidates()
    if home is not None and not found:
        found = [Candidate("", home[0], home[1], 0.0, 0.3, "home", (Fact("usual_place"),))]
    best: dict[tuple[float, float], Candidate] = {}
    for one in found:
        key = (round(one.lon, 3), round(one.lat, 3))
        if key not in best or best[key].score < one.score:
            best[key] = one
    ranked = sorted(best.values(), key=lambda c: (-c.score, c.radius_km, c.name, c.lon))[:most]
    return tuple(_with_radius(c, table) for c in ranked)


def _with_radius(one: Candidate, radii: Mapping[str, float]) -> Candidate:
    """Evidence's radius, at least what the place or the distance told makes sure (kept in `radius_km` so far)."""
    base = radii[one.evidence]
    radius = one.radius_km * radii["area_factor"] if one.evidence == "area" else max(base, one.radius_km)
    return Candidate(one.name, one.lon, one.lat, round(radius, 1), round(one.score, 3), one.evidence, one.why)


def _mentions(words: Sequence[Word], marks: Sequence[Mark], places: Names) -> list[_Mention]:
    """Names found, longest first; words of the lexicons count as names only when written like one."""
    known = {i for m in marks if not m.fuzzy for i in range(m.start, m.end)}
    capitals = any(w.capital for w in words)
    found: list[_Mention] = []
    at = 0
    while at < len(words):
        best: _Mention | None = None
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            span = range(at, at + length)
            told = [i for i in span if i in known]
            if words[at].folded.isdecimal() or (len(told) == length and not words[at].capital) or at in told[1:]:
                continue
            if at in known and not words[at].capital:
                continue
            name = " ".join(words[i].written for i in span)
            fuzzy = not told and (words[at].capital or not capitals) and len(name) >= 5
            hits = places.find(name, fuzzy=fuzzy)
            if length == 1 and told:
                hits = [h for h in hits if h.quality == 1.0]
            if hits and (best is None or hits[0].quality > best.hits[0][1] + 0.1):
                best = _Mention(at, at + length, tuple((h.row, h.quality) for h in hits))
        if best is not None:
            found.append(best)
            at = best.end
        else:
            at += 1
    return found


class _Reader:
    """One text: its names, what stands around them, and what follows."""

    def __init__(
        self, words: Sequence[Word], marks: Sequence[Mark], places: Names, mentions: list[_Mention],
        home: tuple[float, float] | None,
    ) -> None:  # fmt: skip
        self.words, self.places, self.mentions, self.home = words, places, mentions, home
        self.meanings: dict[int, set[str]] = {}
        for mark in marks:
            for i in range(mark.start, mark.end):
                if not mark.fuzzy:
                    self.meanings.setdefault(i, set()).add(mark.meaning)
        named = {i for m in mentions for i in range(m.start, m.end)}
        self.unknown = [
            i for i, w in enumerate(words)
            if i not in self.meanings and i not in named and not w.folded[0].isdigit() and len(w.folded) > 2
            and (w.capital or not any(v.capital for v in words))
        ]  # fmt: skip

    def is_(self, i: int, *meanings: str) -> bool:
        return bool(self.meanings.get(i, set()) & set(meanings))

    def candidates(self) -> list[Candidate]:
        found: list[Candidate] = []
        for order, mention in enumerate(self.mentions):
            found += self._of(order, mention)
        return found + self._axes(found)

    def _of(self, order: int, mention: _Mention) -> list[Candidate]:
        km, bearing, near = self._relation(mention)
        head = any(i < mention.start for i in self.unknown) and order == 0
        elsewhere = bool(self.unknown)
        found = []
        for row, quality in mention.hits:
            x, y, extent = (float(v[row]) for v in (self.places.lon, self.places.lat, self.places.extent_km))
            area = extent > 0
            likely = self._likely(row, x, y, mention, area)
            if quality < 0.95 and likely < 0.62:
                continue  # a weak likeness, and nothing else speaks for it
            score = quality * 0.9**order * likely
            name = self.places.names[row]
            why = [Fact("name_found", {"name": name, "quality": round(quality, 2)})]
            evidence, least = "exact" if quality == 1 else "similar" if self._backed(x, y, mention) else "alike", 0.0
            if area:
                evidence, least, score = "area", extent, score * 0.5
            elif km is not None and bearing is not None:
                x, y = _moved(x, y, km, bearing)
                evidence, least = "offset", 0.15 * km
                why.append(Fact("distance_and_direction", {"km": km, "bearing": bearing}))
                score *= 1.0 if head or order == 0 else 0.4
            elif km is not None:
                other = self._other(order)
                if other is not None and order > 0 and not head:
                    score *= 0.4
                evidence, least = "ring", km
                why.append(Fact("distance_only", {"km": km}))
            elif head or elsewhere:
                evidence = "inside"
                why.append(Fact("other_words_may_name_a_place_in_it"))
            elif near:
                evidence = "near"
            found.append(Candidate(name, x, y, least, min(score, 1.0), evidence, tuple(why)))
        return found

    def _relation(self, mention: _Mention) -> tuple[float | None, float | None, bool]:
        """What stands before a name: distance, bearing, and whether 'near' does."""
        i, skipped = mention.start - 1, 0
        bearing: float | None = None
        near = False
        while i >= 0 and skipped < 5:
            here = self.meanings.get(i, set())
            sides = [m for m in _BEARINGS if m in here]
            if sides and bearing is None:
                bearing = _BEARINGS[max(sides, key=len)]
            elif "km" in here or self.words[i].folded in ("km", "kms"):
                number = self.words[i - 1].folded.replace(",", ".") if i else ""
                if number and number.replace(".", "", 1).isdecimal() and 0 < float(number) <= 400:
                    return float(number), bearing, near
                return None, None, near
            elif "near" in here:
                near = True
            elif not here & {"stop", "settlement", "axis", "between", "part"}:
                break
            else:
                skipped += 1
            i -= 1
        return None, None, near or bearing is not None

    def _likely(self, row: int, x: float, y: float, mention: _Mention, area: bool) -> float:
        """Between 0.3 and 1: larger places, nearer to the sender and to other names in the text are likelier."""
        people = self.places.people[row]
        size = 0.5 if math.isnan(people) else min(math.log10(people + 1) / 6, 1.0)
        factor = (0.8 + 0.2 * size) * float(self.places.prior[row])
        if self.home is not None and not area:
            away = float(distance_km(self.home[0], self.home[1], x, y))
            factor *= 0.4 + 0.6 * math.exp(-away / 120)
        others = [m for m in self.mentions if m is not mention]
        if others and not area:
            away = min(self._away(x, y, m) for m in others)
            factor *= 0.5 + 0.5 * math.exp(-away / 150)
        elif self.home is None and mention.hits[0][1] < 0.7:
            factor *= 0.5  # alone and only alike
        if others and any(self.is_(i, "part") for i in (mention.start - 1, mention.end)):
            factor *= 0.5  # "X market, Y": Y is the place
        beside = [i for i in (mention.start - 1, mention.start - 2, mention.end) if self.is_(i, "region")]
        return factor * (1.6 if area and beside else 0.8 if beside else 1.0)

    def _backed(self, x: float, y: float, mention: _Mention) -> bool:
        """Whether the sender's usual place or another name in the text is near."""
        if self.home is not None and float(distance_km(self.home[0], self.home[1], x, y)) < 150:
            return True
        return any(self._away(x, y, m) < 100 for m in self.mentions if m is not mention)

    def _away(self, x: float, y: float, mention: _Mention) -> float:
        rows = [r for r, _ in mention.hits]
        reach = distance_km(x, y, self.places.lon[rows], self.places.lat[rows]) - self.places.extent_km[rows]
        return float(np.min(np.maximum(reach, 0)))

    def _other(self, order: int) -> _Mention | None:
        return next((m for k, m in enumerate(self.mentions) if k != order), None)

    def _axes(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Between two names joined by 'between', 'axis' or a dash: the middle, or so far along as the text says."""
        lines = []
        for one, two in zip(self.mentions, self.mentions[1:], strict=False):
            gap = range(one.end, two.start)
            around = [
                *range(max(one.start - 3, 0), one.start),
                *gap,
                *range(two.end, min(two.end + 2, len(self.words))),
            ]
            told = any(self.is_(i, "between", "axis") for i in around)
            if len(gap) > 1 or not (told or (len(gap) == 0 and self._plain(one) and self._plain(two))):
                continue
            a, b = self._point(one), self._point(two)
            length = float(distance_km(a[0], a[1], b[0], b[1]))
            if not 1 < length < 250:
                continue
            km = next((self._relation(m)[0] for m in self.mentions if self._relation(m)[0] is not None), None)
            share = 0.5 if km is None else min(km / length, 1.0)
            x, y = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
            names = f"{self.places.names[one.hits[0][0]]} – {self.places.names[two.hits[0][0]]}"
            why = (Fact("between", {"names": names, "km": km}),)
            best = max((c.score for c in found), default=0.5)
            weight = 1.02 if told else 0.7
            lines.append(Candidate(names, x, y, 0.5 * length if km is None else 0.15 * km, best * weight, "axis", why))
        return lines

    def _plain(self, mention: _Mention) -> bool:
        return mention.hits[0][1] == 1.0 and self.places.extent_km[mention.hits[0][0]] == 0

    def _point(self, mention: _Mention) -> tuple[float, float]:
        row = mention.hits[0][0]
        return float(self.places.lon[row]), float(self.places.lat[row])


def _moved(lon: float, lat: float, km: float, bearing: float) -> tuple[float, float]:
    """A point `km` away at a bearing; flat, good to a per cent at these distances."""
    angle = math.radians(bearing)
    y = max(-90.0, min(90.0, lat + km * math.cos(angle) / _KM_A_DEGREE))
    x = lon + km * math.sin(angle) / (_KM_A_DEGREE * max(math.cos(math.radians(lat)), 0.05))
    return (x + 180) % 360 - 180, y
