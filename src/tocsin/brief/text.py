"""From facts to words: every sentence of the brief, in the words of the field.

Two rules. A forecast is never a fact: it says expected, with its interval. Presence is never a cause: research on
peacekeepers and killing is about association (troops are sent where killing is), and so are our sentences.
"""

from tocsin.brief.content import (
    AreaFigures,
    BriefContent,
    Estimate,
    GapKind,
    Harm,
    HarmKind,
    Move,
    NearbyViolence,
    Place,
    Reason,
    RecentViolence,
    Trend,
    Unknown,
    cleaned,
)
from tocsin.brief.map import draw
from tocsin.brief.page import Page, Section, Table
from tocsin.core.words import Translator, mark, translator

_BEARINGS = (mark("N"), mark("NE"), mark("E"), mark("SE"), mark("S"), mark("SW"), mark("W"), mark("NW"))


def compose(content: BriefContent, language: str) -> Page:
    """Write the brief in a language.

    Raises
    ------
    BadInput
        If there is no translation into the language.
    """
    _ = translator(language)
    facts = cleaned(content)
    title = _("Protection brief: {area}", area=facts.area)
    first, last = facts.as_of + 1, facts.as_of + facts.horizon
    kind = _("reconstructed from a later release") if facts.reconstructed else _("as published at the time")
    about = [
        (_("As of"), _.month(facts.as_of)),
        (_("Looks at"), _("{first} to {last}", first=_.month(first), last=_.month(last))),
        (_("Data known on"), _("{day} ({kind})", day=_.date(facts.known_on), kind=kind)),
        (_("Forecast model"), facts.model),
    ]
    sections = [
        _places(facts, _),
        _moves(facts, _),
        _areas(facts, _),
        _unknowns(facts, _),
        _sources(facts, _),
    ]
    return Page(
        language=language,
        direction=_.direction,
        title=title,
        subtitle=facts.mission,
        facts=tuple(about),
        headlines=tuple(headlines(facts, _)),
        headlines_title=_("In short"),
        map=draw(facts, _),
        map_caption=_("Where civilians are expected to be killed, and where units are"),
        front=tuple(s for s in (_changes(facts, _), _reach(facts, _)) if s.points or s.paragraphs),
        sections=tuple(s for s in sections if s.points or s.paragraphs or s.table),
        skip=_("Skip to the brief"),
        footer=_("{title}, as of {month}", title=title, month=_.month(facts.as_of)),
        more={"page": mark_page(_), "scroll": _("Map; scroll sideways on a small screen")},
    )


def mark_page(_: Translator) -> str:
    """Pattern for the page number in print, with ``%1`` and ``%2`` for page and number of pages."""
    return _("Page {page} of {pages}", page="%1", pages="%2")


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


def headlines(content: BriefContent, _: Translator) -> list[str]:
    """Three to five sentences for someone who reads nothing else."""
    first, last = _.month(content.as_of + 1), _.month(content.as_of + content.horizon)
    total, said = content.total, []
    if total.low is not None and total.high is not None:
        said.append(
            _(
                "From {first} to {last} about {n} civilians are expected to be killed (80% interval {low} to {high}).",
                first=first,
                last=last,
                n=killed(total.mean, _),
                low=killed(total.low, _),
                high=killed(total.high, _),
            )
        )
    else:
        said.append(
            _(
                "From {first} to {last} about {n} civilians are expected to be killed.",
                first=first,
                last=last,
                n=killed(total.mean, _),
            )
        )
    if content.places and total.mean > 0:
        share = min(1.0, sum(p.expected.mean for p in content.places) / total.mean)
        top = min(content.places, key=lambda p: p.rank)
        said.append(
            _.ngettext(
                "{n} place carries {share} of it; first is {place}, {area}.",
                "{n} places carry {share} of it; first is {place}, {area}.",
                len(content.places),
                share=_.percent(share),
                place=place_name(top, _),
                area=top.area,
            )
        )
    near = next((r for r in content.reach if r.hours == content.reach_hours), None)
    if near:
        out = sum(1 for p in content.places if p.nearest.hours is None or p.nearest.hours > content.reach_hours)
        reach = _(
            "{share} of the expected killing is within {hours} hours of a unit",
            share=_.percent(near.share),
            hours=_.number(near.hours),
        )
        if out:
            said.append(
                _.ngettext(
                    "{reach}; {n} of the places below is not.",
                    "{reach}; {n} of the places below are not.",
                    out,
                    reach=reach,
                )
            )
        else:
            said.append(reach + ".")
    if content.moves:
        move = content.moves[0]
        said.append(
            _(
                "First option: {what}, which would bring a further {gain} of the expected killing within "
                "{hours} hours.",
                what=_what(move, _),
                gain=_.percent(move.gain, 1),
                hours=_.number(move.hours),
            )
        )
        worst = next((h for h in move.harms if h.kind is HarmKind.LOSES_REACH), None)
        if worst:
            said.append(_("Its price: {harm}", harm=_harm(worst, _)))
    return said


def _changes(content: BriefContent, _: Translator) -> Section:
    was, said = content.changes, []
    if was.total_before:
        ratio = content.total.mean / was.total_before - 1
        if abs(ratio) < 0.01:
            said.append(_("The forecast is as high as a month ago."))
        elif ratio > 0:
            said.append(
                _(
                    "The forecast is {share} higher than a month ago (then {n}).",
                    share=_.percent(ratio),
                    n=killed(was.total_before, _),
                )
            )
        else:
            said.append(
                _(
                    "The forecast is {share} lower than a month ago (then {n}).",
                    share=_.percent(-ratio),
                    n=killed(was.total_before, _),
                )
            )
    if was.recorded_last_month is not None:
        text = _(
            "Recorded in {month}: {n} civilians killed",
            month=_.month(content.as_of),
            n=killed(was.recorded_last_month, _),
        )
        if was.recorded_monthly_mean is not None:
            text += " " + _("(monthly mean of the twelve months before: {n})", n=killed(was.recorded_monthly_mean, _))
        said.append(text + ".")
    if was.entered:
        said.append(_("New among the places that matter most: {places}.", places=_.join(was.entered)))
    if was.left:
        said.append(_("No longer among them: {places}.", places=_.join(was.left)))
    before = {r.hours: r.share for r in was.reach_before}
    now = next((r for r in content.reach if r.hours == content.reach_hours), None)
    if now is not None and now.hours in before:
        said.append(
            _(
                "Within {hours} hours of a unit: {share} of the expected killing (a month ago {before}).",
                hours=_.number(now.hours),
                share=_.percent(now.share),
                before=_.percent(before[now.hours]),
            )
        )
    rising = sorted(
        (p for p in content.places if p.change is not None and p.change >= 0.5), key=lambda p: -(p.change or 0)
    )
    if rising:
        said.append(
            _("Largest rise: {place} (+{n}).", place=place_name(rising[0], _), n=killed(rising[0].change or 0, _))
        )
    if not said:
        said.append(_("There is no brief of a month earlier to compare with."))
    return Section("changes", _("What changed since last month"), points=tuple(said))


def _places(content: BriefContent, _: Translator) -> Section:
    rows = []
    for place in sorted(content.places, key=lambda p: p.rank):
        near = place.nearest
        reach = hours(near.hours, _) if near.hours is None else f"{near.name}, {hours(near.hours, _)}"
        rows.append(
            (
                str(place.rank),
                place_name(place, _),
                place.area,
                estimate(place.expected, _),
                chance(place.p_any, _),
                reasons(place, _) or "–",
                reach,
            )
        )
    title = _.ngettext(
        "The {n} place that matters most, and why", "The {n} places that matter most, and why", len(rows)
    )
    columns = (
        _("No."),
        _("Place"),
        _("Area"),
        _("Expected killed (80% interval)"),
        _("Chance of any killing"),
        _("Why"),
        _("Nearest unit"),
    )
    table = Table(
        _("Ranked by expected civilians killed in the cell, {n} months", n=_.number(content.horizon)),
        columns,
        tuple(rows),
        "rllrrll",
        (4, 18, 11.5, 12.5, 8.5, 33, 13),
        heads=1,
    )
    return Section("places", title, table=table if rows else None)


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


def _reach(content: BriefContent, _: Translator) -> Section:
    said = []
    if content.reach:
        shares = [
            _("{share} within {hours} h", share=_.percent(r.share), hours=_.number(r.hours)) for r in content.reach
        ]
        said.append(_("Share of the expected killing that some unit can reach: {shares}.", shares=_.join(shares)))
    gaps = [
        _(
            "{place}, {area}: {n} expected, {hours}",
            place=g.name,
            area=g.area,
            n=killed(g.expected, _),
            hours=hours(g.hours, _),
        )
        for g in content.gaps
    ]
    if gaps:
        said.append(
            _.ngettext(
                "Highest expected killing beyond {hours} hours ({n} place): {gaps}.",
                "Highest expected killing beyond {hours} hours ({n} places): {gaps}.",
                len(gaps),
                hours=_.number(content.reach_hours),
                gaps="; ".join(gaps),
            )
        )
    note = (
        _(
            "Being able to reach a place is not protecting it. Presence and killing are associated both ways: units "
            "are often sent where killing is."
        )
        if said
        else ""
    )
    return Section("reach", _("Who is out of reach"), paragraphs=tuple(said), note=note)


def _what(move: Move, _: Translator) -> str:
    if move.origin is None:
        return _("adding {unit} at {destination}", unit=move.unit, destination=move.destination)
    return _(
        "moving {unit} from {origin} to {destination}", unit=move.unit, origin=move.origin, destination=move.destination
    )


def _moves(content: BriefContent, _: Translator) -> Section:
    rows = []
    for move in content.moves:
        gain = _("+{share} within {hours} h", share=_.percent(move.gain, 1), hours=_.number(move.hours))
        if move.expected is not None:
            gain += " " + _("({n} expected killed)", n=killed(move.expected, _))
        worse = " ".join(_harm(h, _) for h in move.harms) or _("Not assessed.")
        what = _what(move, _)
        rows.append((what[:1].upper() + what[1:], gain, worse))
    table = Table(
        _("Options for decision, not orders; each gain comes on top of the options above it"),
        (_("Option"), _("Risk brought within reach"), _("What it could make worse")),
        tuple(rows),
        "lll",
        (32, 20, 48),
    )
    return Section("moves", _("What could be moved, and what that could make worse"), table=table if rows else None)


def _harm(harm: Harm, _: Translator) -> str:
    there = harm.place
    if harm.kind is HarmKind.LOSES_REACH:
        if harm.expected is None:
            return _("{place} falls out of reach.", place=there)
        return _("{place} falls out of reach ({n} expected killed).", place=there, n=killed(harm.expected, _))
    if harm.kind is HarmKind.THINS:
        return _("{place} keeps fewer people, or a number nobody knows.", place=there)
    if harm.kind is HarmKind.RAINS:
        return _("{place} may be cut off in the rains.", place=there)
    if harm.kind is HarmKind.SHIFTS:
        return (
            _("Violence may shift to {place}.", place=there)
            if there
            else _("Violence may shift to places without presence.")
        )
    return _("People who turn to the unit may be punished for it when it leaves.")


def _areas(content: BriefContent, _: Translator) -> Section:
    rows = []
    for row in content.figures:
        expected = _("no data") if row.expected is None else killed(row.expected, _)
        small = row.expected is not None and row.expected < 1
        rows.append(
            (
                row.area,
                expected,
                _at_least(row.troops, row, 0, _),
                _at_least(row.per_ten_thousand, row, 1, _),
                "–" if small else _at_least(row.per_expected, row, 1, _),
                _.number(row.cells_without_data),
            )
        )
    columns = (
        _("Area"),
        _("Expected killed"),
        _("Troops"),
        _("Troops per 10,000 people"),
        _("Troops per expected killed"),
        _("Cells without data"),
    )
    caption = _("The map in words. ≥: the strength of some units is unknown. –: fewer than one expected killed.")
    table = Table(caption, columns, tuple(rows), "lrrrrr", (26, 14, 12, 17, 18, 13))
    return Section("areas", _("Risk and presence, area by area"), table=table if rows else None)


def _at_least(value: float | None, row: AreaFigures, decimals: int, _: Translator) -> str:
    """A figure about troops, which is a lower bound where a unit's strength is unknown, and unknown if all are."""
    if value is None or (row.unknown_units and not row.troops):
        return _("unknown")
    return ("≥ " if row.unknown_units else "") + _.number(value, decimals)


def _unknowns(content: BriefContent, _: Translator) -> Section:
    return Section(
        "unknowns", _("What we do not know"), points=tuple(_unknown(u, _) for u in content.unknowns if u.count != 0)
    )


def _unknown(what: Unknown, _: Translator) -> str:
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


def _sources(content: BriefContent, _: Translator) -> Section:
    said = []
    for source in content.sources:
        until = ", " + _("to {month}", month=_.month(source.until)) if source.until is not None else ""
        said.append(
            _(
                "{name}{until} ({licence}). {citation}",
                name=source.name,
                until=until,
                licence=source.licence,
                citation=source.citation,
            )
        )
    return Section("sources", _("Sources"), points=tuple(said))
