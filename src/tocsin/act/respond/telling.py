"""What a source may read: words that hurt nobody if the telephone is read. Data: `telling.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tocsin.act.tasks.model import Outcome
from tocsin.core.errors import BadFile
from tocsin.core.mission import Mission

DEFAULT = Path(__file__).with_name("telling.toml")
OWN = "telling.toml"
# Averted, deterred and in time read the same: which of them it was tells a stranger that somebody came.
LINE: Mapping[Outcome, str] = {
    Outcome.AVERTED: "helped", Outcome.DETERRED: "helped", Outcome.IN_TIME: "helped", Outcome.LATE: "late",
    Outcome.NOT_REACHED: "not_reached", Outcome.REFERRED: "passed_on", Outcome.FALSE: "nothing_found",
}  # fmt: skip
LINES = frozenset(LINE.values())
LONGEST = 160
# Words that must not stand in a text, in any language we know; whole words, any case.
_DANGEROUS = re.compile(
    r"\b(alert\w*|alarm\w*|attack\w*|attaqu\w*|arm(ed|ée?s?|y)|soldiers?|soldats?|troops?|patrol\w*|patrouill\w*|rebel\w*|"
    r"militia|milices?|police|mission|un|onu|minusca|monusco|unmiss|peacekeep\w*|casques?|source|inform\w*|"
    r"mashambulizi|jeshi|waasi|askari|doria|الأمم|هجوم|جيش|دورية|متمردون|شرطة|turugu|basoda|basoldat|bitumba)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Telling:
    """One text: in which language, the words, and whether a speaker has checked them."""

    language: str
    words: str
    checked: bool


def read_telling(text: str, own: str = "") -> dict[str, dict[str, str | bool]]:
    """Texts by language and line, the mission's own on top.

    Raises
    ------
    BadFile
        If a line is missing, too long for one short message, or holds a word that could hurt.
    """
    try:
        base, more = tomllib.loads(text), tomllib.loads(own)
        made = {lang: {**base.get(lang, {}), **more.get(lang, {})} for lang in {**base, **more}}
        for language, lines in made.items():
            missing = (LINES | {"checked"}) - set(lines)
            if missing or set(lines) - LINES - {"checked"}:
                raise ValueError(f"{language}: lines must be {', '.join(sorted(LINES))}, and checked")
            for name in LINES:
                words = str(lines[name])
                if not 10 <= len(words) <= LONGEST:
                    raise ValueError(f"{language}.{name}: 10 to {LONGEST} letters")
                found = _DANGEROUS.search(words)
                if found:
                    raise ValueError(f"{language}.{name}: '{found.group()}' could hurt whoever holds the telephone")
    except (tomllib.TOMLDecodeError, ValueError, TypeError, AttributeError) as problem:
        raise BadFile("{file} is wrong ({why})", file=OWN, why=problem) from problem
    return made


def texts_of(mission: Mission) -> dict[str, dict[str, str | bool]]:
    """A mission's texts."""
    own = mission.folder / OWN
    return read_telling(DEFAULT.read_text(encoding="utf-8"), own.read_text(encoding="utf-8") if own.exists() else "")


def words_for(texts: Mapping[str, Mapping[str, str | bool]], outcome: Outcome, *languages: str | None) -> Telling:
    """The text for an outcome in the first language that there is.

    >>> words_for(texts_of_program(), Outcome.DETERRED, None, "sg", "fr").language
    'sg'
    """
    language = next((name for name in languages if name is not None and name in texts), "en")
    lines = texts[language]
    return Telling(language, str(lines[LINE[outcome]]), bool(lines["checked"]))


def texts_of_program() -> dict[str, dict[str, str | bool]]:
    """The program's texts."""
    return read_telling(DEFAULT.read_text(encoding="utf-8"))
