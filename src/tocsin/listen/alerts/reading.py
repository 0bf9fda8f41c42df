"""Short texts as words, and the meanings that lexicons give them."""

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.core.errors import BadFile
from tocsin.core.toml import read_toml

LEXICON = Path(__file__).parent / "lexicon"
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|\d+")
_STRIP = str.maketrans({"ـ": None, "ى": "ي", "ة": "ه", "ی": "ي", "ک": "ك", "œ": "oe", "Œ": "oe", "ß": "ss", "ı": "i"})
_MARKS = str.maketrans(dict.fromkeys("ʿʾ`´’‘ʼ", "'"))
_POINTS = str.maketrans({",": None, ".": None})
MOST_WORDS = 400
_MOST_MET = 20_000


def fold(text: str) -> str:
    """Text without case, accents, vowel marks and variant letters; digits of any script become 0 to 9.

    >>> fold("Ouandá-Djallé ١٢")
    'ouanda-djalle 12'
    """
    if text.isascii():
        return text.replace("`", "'").lower()
    plain = unicodedata.normalize("NFKD", text.translate(_STRIP).translate(_MARKS))
    kept = (str(unicodedata.digit(c)) if c.isdigit() else c for c in plain if not unicodedata.combining(c))
    return "".join(kept).translate(_STRIP).lower()


@dataclass(frozen=True)
class Word:
    """One word of a text: folded, as written, and whether the writer gave it a capital (in a text not all capitals)."""

    folded: str
    written: str
    capital: bool


def split(text: str) -> list[Word]:
    """The words and numbers of a text, at most 400; an apostrophe or hyphen parts words."""
    return list(_split(text))


@functools.lru_cache(maxsize=64)  # what is understood, placed and joined is the same text, soon after
def _split(text: str) -> tuple[Word, ...]:
    written = [m.group() for m in _TOKEN.finditer(unicodedata.normalize("NFKC", text))][:MOST_WORDS]
    shouting = sum(w.isupper() for w in written) * 2 > sum(w[0].isalpha() for w in written)
    return tuple(
        Word(f, w, w[0].isupper() and not shouting)
        for w in written
        if (f := fold(w)) and f.translate(_POINTS).isalnum()
    )


@dataclass(frozen=True)
class Mark:
    """A meaning found in words `start` to `end` (not included) of a text, in the lexicon of a language."""

    meaning: str
    start: int
    end: int
    language: str
    fuzzy: bool = False


@dataclass(frozen=True)
class Lexicon:
    """All languages' words by meaning, ready for finding.

    `first` maps the first word of a phrase to (rest of the phrase, meaning, language); phrases that begin with a word
    with ``*`` are in `wild`. `singles` maps single words to their (meaning, language), `long` those of
    five letters or more, for misspelt ones.
    """

    first: Mapping[str, tuple[tuple[tuple[str, ...], str, str], ...]]
    wild: tuple[tuple[tuple[str, ...], str, str], ...]
    singles: Mapping[str, tuple[str, str]]
    long: tuple[str, ...]
    numbers: Mapping[str, int]
    rules: Mapping[str, Any]
    _met: dict[str, tuple[tuple[tuple[str, ...], str, str], ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def wild_for(self, word: str) -> tuple[tuple[tuple[str, ...], str, str], ...]:
        """Those of `wild` whose first word fits; remembered, because people use the same words."""
        found = self._met.get(word)
        if found is None:
            if len(self._met) >= _MOST_MET:
                self._met.clear()
            found = self._met[word] = tuple(e for e in self.wild if _fits(e[0][0], word))
        return found


def load_lexicon(folder: Path = LEXICON) -> Lexicon:
    """Lexicons of a folder: ``rules.toml`` and one file a language.

    Raises
    ------
    BadFile
        If a file cannot be read as TOML or holds something that is not a list of words.
    """
    first: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    wild: list[tuple[tuple[str, ...], str, str]] = []
    singles: dict[str, tuple[str, str]] = {}
    numbers: dict[str, int] = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name == "rules.toml":
            continue
        for meaning, phrase in _phrases(path, numbers):
            entry = (phrase, meaning, path.stem)
            if "*" in phrase[0]:
                wild.append(entry)
            else:
                first.setdefault(phrase[0], []).append(entry)
            if len(phrase) == 1:
                singles.setdefault(phrase[0].strip("*"), (meaning, path.stem))
    return Lexicon(
        {k: tuple(sorted(v, key=lambda e: -len(e[0]))) for k, v in first.items()},
        tuple(sorted(wild, key=lambda e: -len(e[0]))),
        singles,
        tuple(w for w in singles if len(w) >= 5),
        numbers,
        read_toml(folder / "rules.toml"),
    )


def _phrases(path: Path, numbers: dict[str, int]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for meaning, values in read_toml(path).items():
        if meaning == "numbers" and isinstance(values, dict):
            for word, number in values.items():
                if type(number) is not int:
                    raise BadFile("{name}: the number '{word}' is not whole", name=path.name, word=word)
                numbers[fold(word)] = number
            continue
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise BadFile("{name}: '{meaning}' is not a list of words", name=path.name, meaning=meaning)
        for value in values:
            phrase = tuple(re.findall(r"[\w*]+", fold(value)))
            if not phrase or any(len(p.strip("*")) < 1 for p in phrase):
                raise BadFile("{name}: '{word}' in '{meaning}' is no word", name=path.name, word=value, meaning=meaning)
            yield meaning, phrase


@functools.cache
def default_lexicon() -> Lexicon:
    """The lexicons that ship with the program."""
    return load_lexicon()


def _fits(pattern: str, word: str) -> bool:
    if "*" not in pattern:
        return pattern == word
    bare = pattern.strip("*")
    if pattern.startswith("*"):
        return bare in word if pattern.endswith("*") else word.endswith(bare)
    return word.startswith(bare)


def find_marks(words: list[Word], lexicon: Lexicon, fuzzy: bool = True) -> list[Mark]:
    """Every meaning of every phrase found in the words, in order of place.

    A word that no lexicon knows, that is five letters or longer and not written like a name, counts as the single
    lexicon word from which it differs by one letter (two from nine letters on), marked `fuzzy`. Where languages
    disagree about a word, the one that knows most of the message is believed.
    """
    found: list[Mark] = []
    covered = 0
    for at, word in enumerate(words):
        entries = [*lexicon.first.get(word.folded, ()), *lexicon.wild_for(word.folded)]
        hits = [
            Mark(meaning, at, at + len(phrase), language)
            for phrase, meaning, language in entries
            if len(phrase) <= len(words) - at
            and all(_fits(p, w.folded) for p, w in zip(phrase[1:], words[at + 1 :], strict=False))
        ]
        covered = max([covered, *(m.end for m in hits)])
        if covered <= at and fuzzy and len(word.folded) >= 5 and not word.capital:
            hits = _misspelt(at, word.folded, lexicon)
        found += hits
    return _in_one_language(found)


def _in_one_language(marks: list[Mark]) -> list[Mark]:
    """Without what other languages would make of words that the message's main language knows.

    People mix languages, so words that only another language knows keep their meaning.
    """
    known: dict[str, set[int]] = {}
    for mark in marks:
        if not mark.fuzzy:
            known.setdefault(mark.language, set()).update(range(mark.start, mark.end))
    if not known:
        return marks
    main = max(sorted(known), key=lambda language: len(known[language]))
    if sum(len(v) == len(known[main]) for v in known.values()) > 1:
        return marks
    return [m for m in marks if m.language == main or not known[main] & set(range(m.start, m.end))]


def _misspelt(at: int, word: str, lexicon: Lexicon) -> list[Mark]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = 2 if len(word) >= 9 else 1
    near = process.extractOne(word, lexicon.long, scorer=OSA.distance, score_cutoff=most)
    if near is not None:
        meaning, language = lexicon.singles[near[0]]
        return [Mark(meaning, at, at + 1, language, fuzzy=True)]
    for pattern, meaning, language in lexicon.wild:
        stem = pattern[0].rstrip("*")
        cuts = {word[: len(stem)], word[: len(stem) - 1]}
        if len(pattern) == 1 and len(stem) >= 5 and min(OSA.distance(c, stem) for c in cuts) <= 1:
            return [Mark(meaning, at, at + 1, language, fuzzy=True)]
    return []
