"""How far to believe: Admiralty reliability of a source and credibility of what is said, and why.

The Admiralty system (NATO AJP-2.1; codes and scores as in the admiralty-scale of misp-taxonomies): unknown (F, 6) is in
the middle, not low. A source's letter comes from its own track record, a Beta distribution over what was later
verified. An alert's digit comes from the odds that it is true, moved by each independent source that says so or
contradicts it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.model import Fact


class Reliability(StrEnum):
    """Of a source."""

    A = "A"  # completely reliable
    B = "B"  # usually
    C = "C"  # fairly
    D = "D"  # not usually
    E = "E"  # unreliable
    F = "F"  # cannot be judged


class Credibility(StrEnum):
    """Of what is said."""

    CONFIRMED = "1"  # by other independent sources
    PROBABLE = "2"
    POSSIBLE = "3"
    DOUBTFUL = "4"
    IMPROBABLE = "5"
    UNKNOWN = "6"  # cannot be judged


SCORES = {"A": 100, "B": 75, "C": 50, "D": 25, "E": 0, "F": 50, "1": 100, "2": 75, "3": 50, "4": 25, "5": 0, "6": 50}


@dataclass(frozen=True)
class TrackRecord:
    """What became of a source's earlier reports: how many were verified, how many refuted; the rest is not known.

    The prior Beta(2, 2) says that a new source is as likely right as wrong, worth four reports.
    """

    verified: float = 0.0
    refuted: float = 0.0

    def __post_init__(self) -> None:
        if not (self.verified >= 0 and self.refuted >= 0 and math.isfinite(self.verified + self.refuted)):
            raise BadInput("a track record counts reports: it cannot be negative")

    @property
    def mean(self) -> float:
        """Chance that the next report is true."""
        return (2 + self.verified) / (4 + self.verified + self.refuted)

    @property
    def deviation(self) -> float:
        """Standard deviation of that chance."""
        a, b = 2 + self.verified, 2 + self.refuted
        return math.sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))

    def after(self, true: bool, weight: float = 1.0) -> "TrackRecord":
        """The record once a report is verified or refuted; `weight` below 1 for an echo."""
        return TrackRecord(self.verified + weight * true, self.refuted + weight * (not true))


def reliability(record: TrackRecord, least: float = 3.0) -> tuple[Reliability, tuple[Fact, ...]]:
    """Letter of a source, and why.

    F until `least` of its reports were verified or refuted. From then on by the chance that the next one is true: A
    from 0.85 (and 0.8 a standard deviation below), B from 0.7, C from 0.5, D from 0.3, else E.

    >>> [reliability(TrackRecord(*counts))[0].value for counts in ((0, 0), (5, 0), (30, 1), (0, 9))]
    ['F', 'B', 'A', 'E']
    """
    judged = record.verified + record.refuted
    why = (Fact("track_record", {"verified": record.verified, "refuted": record.refuted}),)
    if judged < least:
        return Reliability.F, (*why, Fact("too_few_to_judge", {"least": least}))
    sure = record.mean - record.deviation
    if record.mean >= 0.85 and sure >= 0.8:
        return Reliability.A, why
    steps = ((0.7, Reliability.B), (0.5, Reliability.C), (0.3, Reliability.D))
    return next((letter for least_mean, letter in steps if record.mean >= least_mean), Reliability.E), why


@dataclass(frozen=True)
class Voice:
    """One source's word on an alert: its record, the chance that it only repeats, and whether it denies."""

    record: TrackRecord
    echo: float = 0.0
    denies: bool = False


@dataclass(frozen=True)
class Grade:
    """Letter of the best source, digit of the alert, the odds behind them and why.

    `score` (0 to 100) is the mean of both codes' scores: F6 gives 50. `truth` is the chance that it is true.
    """

    reliability: Reliability
    credibility: Credibility
    truth: float
    independent: float
    score: float
    why: tuple[Fact, ...]

    @property
    def code(self) -> str:
        """As written, for example B2."""
        return f"{self.reliability}{self.credibility}"


def grade(voices: Sequence[Voice], prior: float = 0.5) -> Grade:
    """Grade of an alert from all who spoke of it, each source once.

    Odds of truth start at `prior` and are multiplied by the source's odds of being right, to the power of the chance
    that it speaks for itself; a denial divides. One independent source that cannot be judged leaves the digit at 6; two
    independent sources that agree confirm it (1) when together they make it likely.

    Parameters
    ----------
    voices : sequence of Voice
        Without missed calls and other reports that say nothing.
    prior : float
        Chance that such an alert is true before anybody's record counts, between 0 and 1; 0.5 when nothing is known.

    Raises
    ------
    BadInput
        If `prior` is not between 0 and 1.
    """
    if not 0 < prior < 1:
        raise BadInput("prior is {prior}: give a chance between 0 and 1, without the ends", prior=prior)
    odds = math.log(prior / (1 - prior))
    weights = [1.0 - v.echo for v in voices]
    for voice, weight in zip(voices, weights, strict=True):
        # agreement itself speaks: two who do not know of each other seldom invent the same
        own = math.log(voice.record.mean / (1 - voice.record.mean))
        odds += weight * own * (-1 if voice.denies else 1)
    agree = sum(w for v, w in zip(voices, weights, strict=True) if not v.denies)
    deny = sum(w for v, w in zip(voices, weights, strict=True) if v.denies)
    odds += 1.4 * max(agree - 1.0, 0.0) - 1.4 * max(deny - 1.0, 0.0) - 0.7 * min(deny, 1.0) * (agree > 0)
    truth = 1 / (1 + math.exp(-max(-8.0, min(8.0, odds))))
    letters = [reliability(v.record)[0] for v in voices if not v.denies or agree == 0]
    best = max(letters, key=lambda r: (r is not Reliability.F, SCORES[r]), default=Reliability.F)
    digit = _digit(truth, agree, deny, [letter for letter in letters if letter is not Reliability.F])
    facts = [Fact("independent_sources", {"agree": round(agree, 1), "deny": round(deny, 1), "voices": len(voices)})]
    if any(v.echo > 0.5 for v in voices):
        facts.append(Fact("repeats_set_aside", {"count": sum(v.echo > 0.5 for v in voices)}))
    if deny:
        facts.append(Fact("contradicted", {"by": round(deny, 1)}))
    if digit is Credibility.UNKNOWN:
        facts.append(Fact("cannot_be_judged"))
    score = (SCORES[best] + SCORES[digit]) / 2
    return Grade(best, digit, round(truth, 3), round(agree, 2), score, tuple(facts))


def _digit(truth: float, agree: float, deny: float, judged: Sequence[Reliability]) -> Credibility:
    if not judged and agree < 1.5 and deny < 0.5:
        return Credibility.UNKNOWN
    if truth >= 0.75 and agree >= 1.8:
        return Credibility.CONFIRMED
    steps = (
        (0.65, Credibility.PROBABLE), (0.45, Credibility.POSSIBLE), (0.25, Credibility.DOUBTFUL),
    )  # fmt: skip
    return next((digit for least, digit in steps if truth >= least), Credibility.IMPROBABLE)
