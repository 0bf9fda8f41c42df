"""How urgent an alert is: imminence × expected harm × credibility, as a number and as a sentence that says why.

A ranking aid, not a measurement: the weights are stated judgements, and what is not known counts as the middle of its
scale, never as low. A person may always override it.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.core.errors import BadInput
from tocsin.core.words import Translator, mark
from tocsin.listen.alerts.grade import Grade
from tocsin.listen.alerts.model import Imminence, ThreatKind

# How much an hour's delay matters. Past attacks stay above zero: survivors need help and attacks repeat.
IMMINENCE: Mapping[Imminence, float] = {
    Imminence.HAPPENING: 1.0, Imminence.HOURS: 0.9, Imminence.DAYS: 0.5, Imminence.PAST: 0.4,
}  # fmt: skip
# How grave one happening of a kind is for the people it meets, between 0 and 1: a judgement a mission may replace.
GRAVITY: Mapping[ThreatKind, float] = {
    ThreatKind.ATTACK: 1.0, ThreatKind.SEXUAL_VIOLENCE: 0.95, ThreatKind.ABDUCTION: 0.85, ThreatKind.EXPLOSIVE: 0.7,
    ThreatKind.ARMED_PRESENCE: 0.6, ThreatKind.DISPLACEMENT: 0.6, ThreatKind.CATTLE_RAID: 0.55,
    ThreatKind.LOOTING: 0.5, ThreatKind.HATE_SPEECH: 0.45, ThreatKind.ROAD_BLOCK: 0.4, ThreatKind.OTHER: 0.4,
}  # fmt: skip
UNKNOWN_IMMINENCE = 0.6
UNKNOWN_GRAVITY = 0.6

_HAPPENING: Mapping[Imminence | None, str] = {
    Imminence.HAPPENING: mark("it is happening now"),
    Imminence.HOURS: mark("it is expected within hours"),
    Imminence.DAYS: mark("it is expected within days"),
    Imminence.PAST: mark("it has happened"),
    None: mark("how soon is not known"),
}
_KINDS: Mapping[ThreatKind | None, str] = {
    ThreatKind.ATTACK: mark("attack"),
    ThreatKind.ARMED_PRESENCE: mark("armed presence"),
    ThreatKind.LOOTING: mark("looting"),
    ThreatKind.ABDUCTION: mark("abduction"),
    ThreatKind.ROAD_BLOCK: mark("road block"),
    ThreatKind.CATTLE_RAID: mark("cattle raid"),
    ThreatKind.DISPLACEMENT: mark("displacement"),
    ThreatKind.SEXUAL_VIOLENCE: mark("sexual violence"),
    ThreatKind.EXPLOSIVE: mark("mine or unexploded ordnance"),
    ThreatKind.HATE_SPEECH: mark("hate speech"),
    ThreatKind.OTHER: mark("another threat"),
    None: mark("a threat of unknown kind"),
}


@dataclass(frozen=True)
class Level:
    """A service level: from which priority it holds, and by when an alert must be acknowledged and decided on."""

    name: str
    from_priority: float
    acknowledge: dt.timedelta
    decide: dt.timedelta


LEVELS = (
    Level("1", 50, dt.timedelta(minutes=10), dt.timedelta(minutes=30)),
    Level("2", 30, dt.timedelta(minutes=30), dt.timedelta(hours=2)),
    Level("3", 15, dt.timedelta(hours=2), dt.timedelta(hours=12)),
    Level("4", 0, dt.timedelta(hours=12), dt.timedelta(days=2)),
)


@dataclass(frozen=True)
class Priority:
    """How urgent (0 to 100), its three factors (0 to 1), and the service level.

    `unknown` names the factors that were not known and counted as the middle.
    """

    value: float
    imminence: float
    harm: float
    credibility: float
    level: Level
    kind: ThreatKind | None
    soon: Imminence | None
    grade: str
    forecast: float | None
    unknown: tuple[str, ...] = field(default=())

    def due(self, received: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """By when to acknowledge and to decide."""
        return received + self.level.acknowledge, received + self.level.decide

    def sentence(self, _: Translator) -> str:
        """Why, in one sentence."""
        first = _(
            "Priority {value} of 100: {kind}, {soon}; graded {grade}",
            value=_.number(self.value), kind=_(_KINDS[self.kind]), soon=_(_HAPPENING[self.soon]),
            grade=self.grade,
        )  # fmt: skip
        if self.forecast is None:
            second = _("no forecast covers the place, so its risk counts as middling.")
        else:
            second = _(
                "the forecast expects {n} civilian deaths around there in its month.", n=_.number(self.forecast, 2)
            )
        return f"{first}; {second}"


def prioritise(
    kind: ThreatKind | None,
    soon: Imminence | None,
    grade: Grade,
    forecast: float | None,
    *,
    usual: float = 0.5,
    gravity: Mapping[ThreatKind, float] = GRAVITY,
    levels: tuple[Level, ...] = LEVELS,
) -> Priority:
    """How urgent an alert is.

    value = 100 · imminence · harm · credibility, where harm = gravity · (0.6 + 0.4 · f / (f + usual)) for a forecast of
    f deaths, so that a quiet cell never takes away more than two fifths: a forecast is what is known without this
    alert. Credibility is 0.25 + 0.75 · truth: an alert that nobody can judge keeps five eighths, one thought false a
    quarter.

    Parameters
    ----------
    kind, soon : ThreatKind, Imminence, or None where not known
    grade : Grade
    forecast : float or None
        Expected deaths of civilians in the alert's cell in the month; None where there is no forecast.
    usual : float
        A forecast that counts as middling, deaths (the mission's median over cells with people at risk).
    gravity : mapping
    levels : tuple of Level, highest first

    Raises
    ------
    BadInput
        If the forecast or `usual` is impossible, or the levels leave a gap.

    Examples
    --------
    >>> from tocsin.listen.alerts.grade import Voice, TrackRecord, grade
    >>> two = grade([Voice(TrackRecord()), Voice(TrackRecord())])
    >>> now = prioritise(ThreatKind.ATTACK, Imminence.HAPPENING, two, 2.0)
    >>> now.level.name, prioritise(ThreatKind.ROAD_BLOCK, Imminence.PAST, two, 0.0).level.name
    ('1', '4')
    """
    if not usual > 0 or (forecast is not None and not (forecast >= 0 and math.isfinite(forecast))):
        raise BadInput("a forecast of {forecast} deaths cannot be: give a number from 0 up", forecast=forecast)
    if not levels or levels[-1].from_priority > 0 or list(levels) != sorted(levels, key=lambda v: -v.from_priority):
        raise BadInput("service levels must be given from the highest down to one that starts at 0")
    unknown = [n for n, v in (("imminence", soon), ("kind", kind), ("forecast", forecast)) if v is None]
    imminence = UNKNOWN_IMMINENCE if soon is None else IMMINENCE[soon]
    grave = UNKNOWN_GRAVITY if kind is None else gravity.get(kind, UNKNOWN_GRAVITY)
    risk = 0.5 if forecast is None else forecast / (forecast + usual)
    harm = grave * (0.6 + 0.4 * risk)
    credibility = 0.25 + 0.75 * grade.truth
    value = 100 * imminence * harm * credibility
    level = next(v for v in levels if value >= v.from_priority)
    return Priority(
        round(value, 1), imminence, round(harm, 4), round(credibility, 4), level, kind, soon, grade.code, forecast,
        tuple(unknown),
    )  # fmt: skip
