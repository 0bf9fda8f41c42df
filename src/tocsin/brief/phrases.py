"""Small facts as words: numbers, places, times, reasons, harms and gaps in knowledge, each in one phrase."""

from tocsin.brief.content import (
    Estimate,
    GapKind,
    Harm,
    HarmKind,
    NearbyViolence,
    Place,
    Reason,
    RecentViolence,
    Trend,
    Unknown,
)
from tocsin.core.words import Translator, mark

_BEARINGS = (mark("N"), mark("NE"), mark("E"), mark("SE"), mark("S"), mark("SW"), mark("W"), mark("NW"))


def killed(value: float, _: Translator) -> str:
    """An expected number in as many digits as it deserves."""
    if 0 < value < 0.05:
        return _("under {n}", n=_.number(0.1, 1))
    return _.number(value, 0 if value >= 9.95 or value == round(value) else 1)


def estimate(value: Estimate, _: Translator) -> str:
    """An expected number with its interval: 14 (3–41)."""
    if value.low is None or value.high is None:
        return killed(value.mean, _)
    return f"{killed(value.mean, _)} ({killed(value.low, _)}–{killed(value.high, _)})"


def chance(share: float, _: Translator) -> str:
    """A probability as a percentage that never says certain."""
    if share < 0.01:
        return _("under {n}", n=_.percent(0.01))
    return _("over {n}", n=_.percent(0.99)) if share > 0.99 else _.percent(share)


def hours(value: float | None, _: Translator) -> str:
    """A time to get there, or that nobody does."""
    if value is None:
        return _("out of reach")
    if value < 1:
        return _("under 1 h")
    return _("{hours} h", hours=_.number(value, 0 if value >= 10 else 1))


def place_name(place: Place, _: Translator) -> str:
    """Where it is, from the nearest town: near Bria (12 km N)."""
    if place.km < 1:
        return place.anchor
    way = _(_BEARINGS[round((place.bearing % 360) / 45) % 8])
    return _("near {town} ({km} km {way})", town=place.anchor, km=_.number(place.km), way=way)


def reasons(place: Place, _: Translator) -> str:
    """Why a place is on the list, in short sentences; a number already given is not said twice."""
    told = {(r.months, r.deaths) for r in place.reasons if isinstance(r, RecentViolence)}
    return " ".join(_reason(r, isinstance(r, Trend) and (r.months, r.recent) in told, _) for r in place.reasons)


def _reason(why: Reason, told: bool, _: Translator) -> str:
    months = _.number(why.months)
    if isinstance(why, RecentViolence):
        return _recent(why, _)
    if isinstance(why, NearbyViolence):
        if why.deaths == 0:
            return _("None recorded killed in cells next to it in {months} months.", months=months)
        return _("{n} killed in cells next to it in {months} months.", n=killed(why.deaths, _), months=months)
    if isinstance(why, Trend):
        values = {"now": killed(why.recent, _), "before": killed(why.earlier, _), "months": months}
        if told and why.recent > why.earlier * 1.1:
            return _("Rising, from {before} in the {months} months before.", **values)
        if told and why.recent < why.earlier * 0.9:
            return _("Falling, from {before} in the {months} months before.", **values)
        if why.recent > why.earlier * 1.1:
            return _("Rising: {now} killed in {months} months, {before} in the {months} before.", **values)
        if why.recent < why.earlier * 0.9:
            return _("Falling: {now} killed in {months} months, {before} in the {months} before.", **values)
        return _("Steady: {now} killed in {months} months, {before} in the {months} before.", **values)
    return _("Killing in {n} of {months} months.", n=_.number(why.months_with_killing), months=months)


def _recent(why: RecentViolence, _: Translator) -> str:
    said = _.ngettext("{n} event", "{n} events", why.events)
    if why.last_on:
        said = _("{events}, last {day}", events=said, day=_.date(why.last_on))
    if why.actors:
        said = _("{events} ({actors})", events=said, actors=_.join(why.actors[:3]))
    return _(
        "{events}: {n} killed in {months} months.", events=said, n=killed(why.deaths, _), months=_.number(why.months)
    )


def harm(what: Harm, _: Translator) -> str:
    """One thing a move could make worse, as a sentence."""
    there = what.place
    if what.kind is HarmKind.LOSES_REACH:
        if what.expected is None:
            return _("{place} falls out of reach.", place=there)
        return _("{place} falls out of reach ({n} expected killed).", place=there, n=killed(what.expected, _))
    if what.kind is HarmKind.THINS:
        return _("{place} keeps fewer people, or a number nobody knows.", place=there)
    if what.kind is HarmKind.RAINS:
        return _("{place} may be cut off in the rains.", place=there)
    if what.kind is HarmKind.SHIFTS:
        return (
            _("Violence may shift to {place}.", place=there)
            if there
            else _("Violence may shift to places without presence.")
        )
    return _("People who turn to the unit may be punished for it when it leaves.")


def unknown(what: Unknown, _: Translator) -> str:
    """One thing we do not know, as a sentence."""
    count, of = what.count or 0, _.number(what.of or 0)
    if what.kind is GapKind.MONTHS_WITHOUT_DATA:
        return _.ngettext("{n} of {of} months has no data.", "{n} of {of} months have no data.", count, of=of)
    if what.kind is GapKind.CELLS_WITHOUT_DATA:
        return _.ngettext(
            "{n} of {of} cells has no data: hatched on the map, not counted as safe.",
            "{n} of {of} cells have no data: hatched on the map, not counted as safe.",
            count,
            of=of,
        )
    if what.kind is GapKind.IMPRECISE:
        return _(
            "{share} of recorded deaths are placed only in a district or coarser and are shared over it.",
            share=_.percent(what.share or 0),
        )
    if what.kind is GapKind.UNITS_UNKNOWN:
        return _.ngettext(
            "Strength of {n} of {of} units is unknown; unknown is not zero.",
            "Strength of {n} of {of} units is unknown; unknown is not zero.",
            count,
            of=of,
        )
    if what.kind is GapKind.STALE:
        return _.ngettext(
            "{name} ends in {month}, {n} month before the date of this brief.",
            "{name} ends in {month}, {n} months before the date of this brief.",
            count,
            name=what.name,
            month=_.month(what.month) if what.month is not None else _("an unknown month"),
        )
    if what.kind is GapKind.ONLY_LETHAL:
        return _("The sources count deaths: abduction, rape, looting and threats are not in the forecast.")
    if what.kind is GapKind.STRAIGHT_LINE:
        return _(
            "Hours are by straight line at the speed of the kind of unit: broken roads and rains make them longer."
        )
    if what.kind is GapKind.RECONSTRUCTED:
        return _("The past was rebuilt from a later release: a brief written at the time would have known less.")
    return _.ngettext("Population of {n} area is unknown.", "Population of {n} areas is unknown.", count)
