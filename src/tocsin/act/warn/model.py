"""A warning: its words, where it holds, whom it is for, and what exercise looks like so that nobody mistakes it."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.formats.cap import CODES, RESPONSES
from tocsin.listen.alerts.model import Imminence

AUDIENCES = ("focal_point", "liaison_assistant", "base", "humanitarian", "host_state", "broadcaster")
STATUSES = ("Actual", "Exercise", "Test")
# A smaller circle would show whose house it is about.
SMALLEST_KM = 3.0
LARGEST_KM = 500.0
LONGEST = dt.timedelta(days=7)
LONGEST_SMS = 300
# In front of and behind every text that is not actual, in the reader's language.
MARKS: Mapping[str, Mapping[str, str]] = {
    "Exercise": {"en": "EXERCISE", "fr": "EXERCICE", "ar": "تمرين", "sw": "ZOEZI", "sg": "EXERCICE", "ln": "EXERCICE"},
    "Test": {"en": "TEST", "fr": "ESSAI", "ar": "اختبار", "sw": "JARIBIO", "sg": "ESSAI", "ln": "ESSAI"},
}


@dataclass(frozen=True)
class Text:
    """What people read in one language; `sms` is for telephones, headline and instruction where it is empty."""

    headline: str
    description: str = ""
    instruction: str = ""
    sms: str = ""

    def short(self) -> str:
        """For a telephone."""
        return self.sms or " ".join(p for p in (self.headline, self.instruction) if p)


@dataclass(frozen=True)
class NewWarning:
    """A warning to be drafted.

    Parameters
    ----------
    texts : mapping
        By language; the first is the one for readers of other languages.
    circle : (lon, lat, radius_km) or None
    polygon : sequence of (lon, lat), or empty
        One of the two.
    audiences : tuple of str
        Kinds of contact, of `AUDIENCES`.
    margin_km : float
        How far beyond the geofence people are told.
    """

    event: str
    texts: Mapping[str, Text]
    area_name: str
    expires_at: dt.datetime
    circle: tuple[float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    audiences: tuple[str, ...] = ("focal_point", "liaison_assistant", "base")
    status: str = "Exercise"
    scope: str = "Restricted"
    urgency: str = "Unknown"
    severity: str = "Unknown"
    certainty: str = "Unknown"
    responses: tuple[str, ...] = ("Monitor",)
    margin_km: float = 10.0
    alert_id: int | None = None
    area: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def check(self, now: dt.datetime) -> None:
        """Refuse what cannot be sent.

        Raises
        ------
        BadInput
        """
        if self.status not in STATUSES or self.scope not in CODES["scope"]:
            raise BadInput(
                "a warning is {known}; its scope is Public, Restricted or Private", known=", ".join(STATUSES)
            )
        for name in ("urgency", "severity", "certainty"):
            if getattr(self, name) not in CODES[name]:
                raise BadInput("{name} is one of {known}", name=name, known=", ".join(CODES[name]))
        if not set(self.responses) <= set(RESPONSES):
            raise BadInput("responses are of {known}", known=", ".join(RESPONSES))
        if not self.audiences or not set(self.audiences) <= set(AUDIENCES):
            raise BadInput("say whom it is for, of {known}", known=", ".join(AUDIENCES))
        if not self.event.strip() or not self.area_name.strip() or not self.texts:
            raise BadInput("a warning needs an event, the name of its area, and words")
        for language, text in self.texts.items():
            if not text.headline.strip() or not 2 <= len(language) <= 8:
                raise BadInput("each language needs a headline")
            if len(text.short()) > LONGEST_SMS or len(text.description) > 4000 or len(text.instruction) > 2000:
                raise BadInput("the short text has {n} letters at most", n=LONGEST_SMS)
            told = text.headline.upper()
            if self.status == "Actual" and any(m.upper() in told for marks in MARKS.values() for m in marks.values()):
                raise BadInput("the words say that it is an exercise or test, the status says actual: which is it?")
        if self.expires_at.tzinfo is None or not now < self.expires_at <= now + LONGEST:
            raise BadInput("a warning expires within a week from now")
        if (self.circle is None) == (not self.polygon):
            raise BadInput("a warning holds in a circle or in a polygon, one of the two")
        if self.circle is not None:
            _check_circle(*self.circle)
        if self.polygon:
            _check_polygon(self.polygon)
        if not 0 <= self.margin_km <= 200:
            raise BadInput("the margin is 0 to 200 km")


def _check_circle(lon: float, lat: float, radius_km: float) -> None:
    if not (abs(lon) <= 180 and abs(lat) <= 90) or not SMALLEST_KM <= radius_km <= LARGEST_KM:
        raise BadInput(
            "a circle has a centre on the earth and a radius of {a} to {b} km: a smaller one would show whose house",
            a=SMALLEST_KM, b=LARGEST_KM,
        )  # fmt: skip


def _check_polygon(corners: tuple[tuple[float, float], ...]) -> None:
    import shapely

    if any(not (abs(x) <= 180 and abs(y) <= 90) for x, y in corners) or len(set(corners)) < 3:
        raise BadInput("a polygon has three corners or more, each on the earth")
    shape = shapely.Polygon(corners)
    middle = shape.centroid.y if shape.is_valid else 0.0
    km2 = shape.area * 111.2**2 * math.cos(math.radians(middle))
    if not shape.is_valid or km2 < math.pi * SMALLEST_KM**2:
        raise BadInput("a polygon does not cross itself and is no smaller than a circle of {a} km", a=SMALLEST_KM)


def marked(text: str, status: str, language: str) -> str:
    """A text as people may read it: what is no actual warning says so at both ends.

    >>> marked("Leave the road", "Exercise", "fr")
    'EXERCICE EXERCICE EXERCICE – Leave the road – EXERCICE'
    >>> marked("Leave the road", "Actual", "fr")
    'Leave the road'
    """
    if status == "Actual":
        return text
    words = MARKS[status]
    word = words.get(language) or words["en"]
    return f"{word} {word} {word} – {text} – {word}" if text else ""


URGENCY: Mapping[str | None, str] = {
    Imminence.HAPPENING.value: "Immediate", Imminence.HOURS.value: "Expected", Imminence.DAYS.value: "Future",
    Imminence.PAST.value: "Past", None: "Unknown",
}  # fmt: skip
CERTAINTY: Mapping[str, str] = {
    "1": "Observed", "2": "Likely", "3": "Possible", "4": "Possible", "5": "Unlikely", "6": "Unknown",
}  # fmt: skip


def suggested(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Urgency, severity, certainty and circle that an alert suggests; a person decides.

    The centre is rounded to a hundredth of a degree and the circle is never smaller than `SMALLEST_KM`.
    """
    grave = {"1": "Extreme", "2": "Severe", "3": "Moderate", "4": "Minor"}
    known = alert["lon"] is not None and alert["lat"] is not None
    radius = max(alert["radius_km"] or 0.0, SMALLEST_KM)
    return {
        "urgency": URGENCY.get(alert["imminence"], "Unknown"), "severity": grave.get(alert["level"], "Unknown"),
        "certainty": CERTAINTY.get(alert["credibility"], "Unknown"), "area": alert["area"],
        "circle": [round(alert["lon"], 2), round(alert["lat"], 2), math.ceil(radius)] if known else None,
    }  # fmt: skip
