"""Place names: how they sound, and finding them whatever the spelling."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.listen.alerts.reading import fold

Floats = npt.NDArray[np.float64]
_ARTICLES = re.compile(r"^(?:al|el|as|ad|an|ar|ash|at|um|umm|الـ?)[ -]+(?=\w{3})")
# how French, English and Arabic-in-Latin write the same sounds, longest first
_SOUNDS = [
    ("sch", "x"), ("tch", "x"), ("ch", "x"), ("sh", "x"), ("dj", "j"), ("gh", "g"), ("kh", "k"), ("dh", "d"),
    ("th", "t"), ("ph", "f"), ("qu", "k"), ("gu", "g"), ("oua", "ua"), ("ouo", "uo"), ("ou", "u"), ("oo", "u"),
    ("ee", "i"), ("aa", "a"), ("ei", "i"), ("ai", "i"), ("ay", "i"), ("ey", "i"), ("q", "k"), ("c", "k"), ("w", "u"),
    ("y", "i"), ("z", "s"), ("e", "i"), ("o", "u"), ("v", "b"), ("h", ""),
]  # fmt: skip
_CODE = re.compile("[A-Z]{3,4}")  # of airports
MOST_HITS = 24


def plain(name: str) -> str:
    """A name folded, its parts joined: for comparing exactly.

    >>> plain("N'Délé"), plain("Sam-Ouandja")
    ('ndele', 'samouandja')
    """
    return "".join(c for c in fold(name) if c.isalnum())


def sound(name: str) -> str:
    """What stays of a name when it is only heard: spellings of the same name mostly give the same.

    >>> sound("Kabkabiyah") == sound("Kebkabiya") == sound("Kabkabiya")
    False
    >>> sound("El Fashir") == sound("Al-Fasher"), sound("Oualo") == sound("Walo"), sound("Djema") == sound("Jéma")
    (True, True, True)
    """
    text = _ARTICLES.sub("", fold(name).strip())
    text = "".join(c for c in text if c.isalnum())
    text = text.removeprefix("ال") if len(text) > 4 else text
    for old, new in _SOUNDS:
        text = text.replace(old, new)
    return re.sub(r"(.)\1+", r"\1", text)


@dataclass(frozen=True)
class Hit:
    """A known name found: its row in the gazetteer, and how well it fits (1: letter by letter)."""

    row: int
    quality: float


@dataclass(frozen=True)
class Names:
    """Known places by name.

    Parameters
    ----------
    names : sequence of str
        One main name a place.
    lon, lat : ndarray of float64, shape (n,)
        Degrees WGS84.
    extent_km : ndarray of float64, shape (n,)
        Radius of the place itself: 0 for a settlement, that of a circle of the same area for an administrative area.
    people : ndarray of float64, shape (n,)
        Inhabitants; NaN where not known.
    prior : ndarray of float64, shape (n,)
        How likely reports are about it before reading them, 0 to 1 (1 in the mission's area, less outside).
    """

    names: Sequence[str]
    lon: Floats
    lat: Floats
    extent_km: Floats
    people: Floats
    prior: Floats
    _exact: dict[str, list[int]]
    _sounds: dict[str, list[int]]
    _sound_list: list[str]
    _keys: npt.NDArray[np.int64]
    _of_key: npt.NDArray[np.int32]

    def __len__(self) -> int:
        """Number of places."""
        return len(self.names)

    def find(self, name: str, fuzzy: bool = True) -> list[Hit]:
        """Places whose name is the one given, best first; at most 24.

        Exact spelling fits with 1, the same sound with 0.92 (0.75 when it is short), one letter of the sound apart with
        0.55 to 0.75, growing with its length, two letters apart (from eight letters on) with 0.6. The first letter must
        sound the same, and names under four letters must be exact.
        """
        found: dict[int, float] = {}
        for row in self._exact.get(plain(name), ()):
            found[row] = 1.0
        heard = sound(name)
        if len(heard) >= 4:
            for row in self._sounds.get(heard, ()):
                found.setdefault(row, 0.92 if len(heard) >= 5 else 0.75)
        if fuzzy and not found and len(heard) >= 4:
            for other, quality in self._similar(heard):
                for row in self._sounds[other]:
                    found[row] = max(found.get(row, 0.0), quality)
        ranked = sorted(found.items(), key=lambda f: (-f[1], -np.nan_to_num(self.people[f[0]]), f[0]))
        return [Hit(row, quality) for row, quality in ranked[:MOST_HITS]]

    def _similar(self, heard: str) -> list[tuple[str, float]]:
        from rapidfuzz.distance import OSA

        keys = np.array([hash(k) for k in _shorter(heard)], dtype=np.int64)
        first = np.searchsorted(self._keys, keys, "left")
        last = np.searchsorted(self._keys, keys, "right")
        near = {int(i) for a, b in zip(first, last, strict=True) for i in self._of_key[a:b]}
        found = []
        for i in sorted(near):
            other = self._sound_list[i]
            apart = OSA.distance(heard, other)
            if heard[0] != other[0]:
                continue
            if apart == 1:
                found.append((other, 0.85 - 1.2 / len(heard)))
            elif apart == 2 and len(heard) >= 8:
                found.append((other, 0.6))
        return found


def _shorter(heard: str) -> set[str]:
    """The sound itself and with each letter left out."""
    return {heard, *(heard[:i] + heard[i + 1 :] for i in range(len(heard)))}


def _put(table: dict[str, list[int]], key: str, row: int) -> None:
    rows = table.setdefault(key, []) if len(key) >= 2 else []
    if not rows or rows[-1] != row:
        rows.append(row)


def index_names(
    names: Sequence[str],
    alternates: Sequence[str],
    lon: Any,
    lat: Any,
    extent_km: Any = None,
    people: Any = None,
    prior: Any = None,
) -> Names:
    """Make places findable.

    Parameters
    ----------
    names : sequence of str, length n
    alternates : sequence of str, length n
        Other names, ``|`` between them. Codes of three capitals (airports) are left out: they are no names.
    lon, lat : array_like, shape (n,)
    extent_km, people, prior : array_like, shape (n,), optional
        0, unknown and 1 where not given.
    """
    exact: dict[str, list[int]] = {}
    sounds: dict[str, list[int]] = {}
    for row, (name, others) in enumerate(zip(names, alternates, strict=True)):
        known = [name, *(o for o in others.split("|") if o and not _CODE.fullmatch(o))]
        for each in dict.fromkeys(known):
            _put(exact, plain(each), row)
            # the lower-case ones in GeoNames are letter-by-letter transcriptions, which nobody says
            if each == name or not each.islower() or not each.isascii():
                _put(sounds, sound(each), row)
    listed = sorted(s for s in sounds if len(s) >= 4)
    pairs = [(hash(k), i) for i, s in enumerate(listed) for k in _shorter(s)]
    keys = np.array([p[0] for p in pairs], dtype=np.int64)
    of_key = np.array([p[1] for p in pairs], dtype=np.int32)
    order = np.argsort(keys, kind="stable")
    count = len(names)
    return Names(
        names, np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64),
        np.zeros(count) if extent_km is None else np.asarray(extent_km, dtype=np.float64),
        np.full(count, np.nan) if people is None else np.asarray(people, dtype=np.float64),
        np.ones(count) if prior is None else np.asarray(prior, dtype=np.float64),
        exact, sounds, listed, keys[order], of_key[order],
    )  # fmt: skip
