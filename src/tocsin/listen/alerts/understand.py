"""What a short text says: kind of threat, how soon, who, how many, when, and the words that may name a place.

Rules and word lists are data (``lexicon/*.toml``). What they cannot tell is None, for a person to decide.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tocsin.core.errors import BadFile
from tocsin.listen.alerts.model import ActorKind, Fact, Imminence, ThreatKind
from tocsin.listen.alerts.reading import Lexicon, Mark, Word, default_lexicon, find_marks, fold, split

T = TypeVar("T")
_COUNTED = ("dead", "kill", "people", "families", "cattle", "armed", "goods", "abduct", "state", "rebel", "militia")
_NOT_COUNTS = ("km", "day_unit", "hour_unit", "settlement", "axis")
_WHEN = {  # meaning → (imminence, first hour, last hour); hours count from midnight of the sender's day
    "this_morning": (Imminence.PAST, 3, 12),
    "last_night": (Imminence.PAST, -7, 6),
    "before_yesterday": (Imminence.PAST, -48, -24),
    "yesterday": (Imminence.PAST, -24, 0),
    "today": (None, 0, 24),
    "tonight": (Imminence.HOURS, 17, 30),
    "tomorrow": (Imminence.DAYS, 24, 48),
    "days_ahead": (Imminence.DAYS, 24, 168),
}


@dataclass(frozen=True)
class Answer(Generic[T]):
    """One thing understood, and how sure (0 to 1); `value` is None where it is left to a person."""

    value: T | None = None
    confidence: float = 0.0


@dataclass(frozen=True)
class Count:
    """A number, and what it seems to count (a meaning of the lexicon, or None)."""

    number: float
    of: str | None


@dataclass(frozen=True)
class Span:
    """When, by one of the text's time words: from and to (UTC)."""

    meaning: str
    first_at: dt.datetime
    last_at: dt.datetime


@dataclass(frozen=True)
class Understood:
    """What a text says.

    `phrases` are runs of words that no lexicon knows, as written, which may name a place. `language` is the lexicon
    that knew most of the words, None when two knew as much. `denied`: the message seems to say that it did not happen.
    `code`: it was a short code.
    """

    kind: Answer[ThreatKind] = field(default_factory=Answer)
    imminence: Answer[Imminence] = field(default_factory=Answer)
    actor: Answer[ActorKind] = field(default_factory=Answer)
    counts: tuple[Count, ...] = ()
    spans: tuple[Span, ...] = ()
    phrases: tuple[str, ...] = ()
    language: str | None = None
    denied: bool = False
    code: bool = False
    why: tuple[Fact, ...] = ()


def understand(
    text: str, at: dt.datetime, *, utc_offset_hours: float = 0, lexicon: Lexicon | None = None
) -> Understood:
    """What a text says.

    Parameters
    ----------
    text : str
    at : datetime
        When it was sent, UTC-aware; time words count from it.
    utc_offset_hours : float
        The sender's local time, for "this morning".
    lexicon : Lexicon, optional
        The mission's; the one that ships with the program when None.

    Examples
    --------
    >>> now = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)
    >>> said = understand("20 hommes armés vus près de Ippy hier soir", now)
    >>> said.kind.value.value, said.imminence.value.value, said.counts[0].number, said.phrases
    ('armed presence', 'past', 20.0, ('Ippy',))
    """
    book = lexicon or default_lexicon()
    words = split(text)
    if not words:
        return Understood()
    code = _read_code(words, book)
    if code is not None:
        return code
    marks = find_marks(words, book)
    denied, kept = _without_denied(marks)
    kind, why = _kind(kept, book)
    spans = _spans(words, kept, at, utc_offset_hours)
    return Understood(
        kind=Answer() if denied and kind.confidence < 0.9 else kind,
        imminence=_imminence(kept, spans, at),
        actor=_actor(kept),
        counts=_counts(words, marks, book),
        spans=spans,
        phrases=place_phrases(words, marks),
        language=_language(marks, len(words)),
        denied=denied,
        why=why,
    )


def _read_code(words: list[Word], book: Lexicon) -> Understood | None:
    """A short code of the configured grammar, or None."""
    grammar = book.rules.get("code", {})
    if words[0].folded not in {fold(w) for w in grammar.get("words", ())} or len(words) < 3:
        return None
    left, kind, number = words[1:], None, None
    order = grammar.get("order", ["kind", "place", "number"])
    if order[0] == "kind":
        kind, left = grammar.get("kinds", {}).get(left[0].folded), left[1:]
    if kind is None:
        return None
    if order[-1] == "number" and len(left) > 1 and left[-1].folded.isdecimal():
        number, left = float(left[-1].folded), left[:-1]
    place = " ".join(w.written for w in left)
    return Understood(
        kind=Answer(ThreatKind(kind), 0.95),
        counts=(Count(number, None),) if number is not None else (),
        phrases=(place,),
        code=True,
        why=(Fact("short_code", {"kind": kind}),),
    )


def _without_denied(marks: list[Mark]) -> tuple[bool, list[Mark]]:
    """Whether something is denied, and the meanings that are not (a denial covers the two words after it)."""
    denials = [m for m in marks if m.meaning == "no" and not m.fuzzy]
    if not denials:
        return False, marks
    hit = [m for m in marks if any(0 <= m.start - d.end <= 1 for d in denials) and m.meaning != "stop"]
    return bool(hit) or all(m.meaning in ("no", "stop") for m in marks), [m for m in marks if m not in hit]


def _kind(marks: list[Mark], book: Lexicon) -> tuple[Answer[ThreatKind], tuple[Fact, ...]]:
    """The kind of threat: strongest rule, less whatever else is said that it does not explain."""
    weight = dict[str, float]()
    for mark in marks:
        given = float(book.rules.get("fuzzy_weight", 0.7)) if mark.fuzzy else 1.0
        weight[mark.meaning] = max(weight.get(mark.meaning, 0.0), given)
    scores: dict[str, tuple[float, list[str]]] = {}
    beats: dict[str, list[str]] = {}
    for entry in book.rules.get("kind", ()):
        beats[entry["name"]] = entry.get("beats", [])
        held = [
            (rule["weight"] * min(weight[m] for m in rule["all"]), rule["all"])
            for rule in entry["rules"]
            if all(m in weight for m in rule["all"])
        ]
        if held:
            scores[entry["name"]] = max(held, key=lambda h: h[0])
    if not scores:
        return Answer(), ()
    ordered = sorted(scores, key=lambda k: (any(k in beats[o] for o in scores if o != k), -scores[k][0], k))
    best = ordered[0]
    score, meanings = scores[best]
    rivals = [scores[k][0] for k in ordered[1:] if k not in beats[best]]
    confidence = min(score, 1.0) * score / (score + max(rivals, default=0.0)) * 0.95
    why = (Fact("kind_by_words", {"kind": best, "meanings": tuple(meanings), "score": round(score, 2)}),)
    if confidence < float(book.rules.get("least_confidence", 0.5)):
        return Answer(None, confidence), why
    try:
        return Answer(ThreatKind(best), round(confidence, 3)), why
    except ValueError as problem:
        raise BadFile("rules.toml: '{kind}' is not a kind of threat", kind=best) from problem


def _actor(marks: list[Mark]) -> Answer[ActorKind]:
    """Who: the only kind of actor named, or the first where one follows; unsure when several are named apart."""
    found = {m.meaning: m for m in reversed(marks) if m.meaning in {a.value for a in ActorKind}}
    if not found:
        return Answer()
    if len(found) == 1:
        (one,) = found.values()
        return Answer(ActorKind(one.meaning), 0.6 if one.fuzzy else 0.85)
    same = {(m.start, m.end) for m in found.values()}
    return Answer(None, 0.4 if len(same) > 1 else 0.5)


def _spans(words: list[Word], marks: list[Mark], at: dt.datetime, offset: float) -> tuple[Span, ...]:
    local = dt.timedelta(hours=offset)
    midnight = (at + local).replace(hour=0, minute=0, second=0, microsecond=0) - local
    longest = [m for m in marks if not any(_covers(o, m) for o in marks)]
    found = []
    for mark in longest:
        if mark.meaning == "now":
            found.append(Span("now", at - dt.timedelta(hours=2), at))
        elif mark.meaning in _WHEN:
            _, first, last = _WHEN[mark.meaning]
            start, end = midnight + dt.timedelta(hours=first), midnight + dt.timedelta(hours=last)
            if mark.meaning in ("this_morning", "today", "last_night"):
                end = max(min(end, at), start)
            found.append(Span(mark.meaning, start, end))
    return (*found, *_agos(words, marks, at))


def _covers(outer: Mark, inner: Mark) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and outer.end - outer.start > inner.end - inner.start


def _agos(words: list[Word], marks: list[Mark], at: dt.datetime) -> list[Span]:
    """'il y a 2 jours', '3 hours ago'."""
    found = []
    units = {m.start: dt.timedelta(days=1) if m.meaning == "day_unit" else dt.timedelta(hours=1)
             for m in marks if m.meaning in ("day_unit", "hour_unit")}  # fmt: skip
    before = {m.end for m in marks if m.meaning == "ago_before"}
    after = {m.start for m in marks if m.meaning == "ago_after"}
    for place, unit in units.items():
        number = words[place - 1].folded if place else ""
        if number.isdecimal() and len(number) < 4 and (place - 1 in before or place + 1 in after):
            then = at - int(number) * unit
            found.append(Span("ago", then - unit / 2, then + unit / 2))
    return found


def _imminence(marks: list[Mark], spans: tuple[Span, ...], at: dt.datetime) -> Answer[Imminence]:
    """How soon: what is ahead counts before what is past, and what is happening before both."""
    meanings = {m.meaning for m in marks if not m.fuzzy}
    if "now" in meanings:
        return Answer(Imminence.HAPPENING, 0.9)
    if "soon" in meanings:
        return Answer(Imminence.HOURS, 0.7)
    told = [_WHEN[s.meaning][0] for s in spans if s.meaning in _WHEN]
    for value in (Imminence.HOURS, Imminence.DAYS, Imminence.PAST):
        if value in told:
            return Answer(value, 0.8)
    if any(s.meaning == "ago" and s.last_at < at for s in spans):
        return Answer(Imminence.PAST, 0.8)
    return Answer()


def _counts(words: list[Word], marks: list[Mark], book: Lexicon) -> tuple[Count, ...]:
    """Numbers that count something: not distances, not days, not the '2' of a place called 'Ngola 2'."""
    starts = {i: m.meaning for m in marks if m.meaning in _NOT_COUNTS for i in range(m.start, m.end)}
    known = {i for m in marks if not m.fuzzy for i in range(m.start, m.end)}
    found = []
    for i, word in enumerate(words):
        number = _number(word, book)
        if number is None or starts.get(i + 1) in _NOT_COUNTS or (i in known and not word.folded[0].isdigit()):
            continue
        near = [
            (m.start - i if m.start > i else (i - m.end + 1) * 1.5, m.meaning)
            for m in marks
            if m.meaning in _COUNTED and -3 <= m.start - i <= 2 and m.start != i
        ]
        of = min(near, default=(0.0, None))[1]
        named = i > 0 and words[i - 1].capital and i - 1 not in known and number < 10
        if not (named and (of is None or not any(m.start == i + 1 for m in marks))):
            found.append(Count(number, of))
    return tuple(found)


def _number(word: Word, book: Lexicon) -> float | None:
    if word.folded[0].isdigit():
        plain = word.folded.replace(",", ".")
        return float(plain) if plain.replace(".", "", 1).isdecimal() and len(plain) <= 7 else None
    return book.numbers.get(word.folded)


def place_phrases(words: list[Word], marks: list[Mark]) -> tuple[str, ...]:
    """Runs of words that are in no lexicon (or only resemble a word of one), as written."""
    known = {i for m in marks if not m.fuzzy for i in range(m.start, m.end)}
    runs: list[list[str]] = [[]]
    for i, word in enumerate(words):
        part_of_name = word.folded.isdecimal() and len(word.folded) <= 2 and bool(runs[-1]) and i not in known
        if (i in known or word.folded[0].isdigit()) and not part_of_name:
            runs.append([])
        else:
            runs[-1].append(word.written)
    return tuple(" ".join(r) for r in runs if r and any(len(w) > 1 for w in r))


def _language(marks: list[Mark], count: int) -> str | None:
    seen: dict[str, set[int]] = {}
    for mark in marks:
        if not mark.fuzzy:
            seen.setdefault(mark.language, set()).update(range(mark.start, mark.end))
    ranked = sorted(((len(v), k) for k, v in seen.items()), reverse=True)
    if not ranked or ranked[0][0] < min(2, count) or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1]
