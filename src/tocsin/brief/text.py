"""From facts to words: every sentence of the brief, in the words of the field.

Two rules. A forecast is never a fact: it says expected, with its interval. Presence is never a cause: research on
peacekeepers and killing is about association (troops are sent where killing is), and so are our sentences.
"""

from tocsin.brief.content import (
    AreaFigures,
    BriefContent,
    HarmKind,
    Move,
    Place,
    cleaned,
)
from tocsin.brief.map import draw
from tocsin.brief.page import Page, Section, Table, linked
from tocsin.brief.phrases import chance, estimate, harm, hours, killed, place_name, reasons, unknown
from tocsin.brief.symbols import FAMILIES, FAMILY
from tocsin.core import lattice
from tocsin.core.words import Translator, translator


def compose(content: BriefContent, language: str, kept_at: str = "") -> Page:
    """Write the brief in a language; `kept_at` is the path under which the door keeps it.

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
        kept=_kept(facts, kept_at, _),
        more={"page": mark_page(_), "scroll": _("Map; scroll sideways on a small screen")},
    )


def _kept(content: BriefContent, path: str, _: Translator) -> str:
    target = _at(content, path) if path else None
    return "" if target is None else _("This brief stays as it is at {address}", address=linked(target, target))


def _to_place(content: BriefContent, place: Place, words: str) -> str:
    """Words about a place, leading to its cell's page."""
    return _to_cell(content, int(lattice.gid_at(place.lon, place.lat)), words)


def _to_cell(content: BriefContent, gid: int | None, words: str) -> str:
    return words if gid is None else linked(words, _at(content, f"/assess/cells/{gid}"))


def _at(content: BriefContent, path: str) -> str | None:
    return None if content.address is None else content.address + path


def mark_page(_: Translator) -> str:
    """Pattern for the page number in print, with ``%1`` and ``%2`` for page and number of pages."""
    return _("Page {page} of {pages}", page="%1", pages="%2")


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
                place=_to_place(content, top, place_name(top, _)),
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
            said.append(_("Its price: {harm}", harm=harm(worst, _)))
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
            _(
                "Largest rise: {place} (+{n}).",
                place=_to_place(content, rising[0], place_name(rising[0], _)),
                n=killed(rising[0].change or 0, _),
            )
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
                _to_place(content, place, place_name(place, _)),
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
            place=_to_cell(content, g.gid, g.name),
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
                gaps=("؛ " if _.language == "ar" else "; ").join(gaps),
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
    unit = move.unit
    if not unit and move.kind is not None:
        kind = _(FAMILIES[FAMILY[move.kind]][1])
        unit = kind[:1].lower() + kind[1:]
    if move.origin is None:
        return _("adding {unit} at {destination}", unit=unit, destination=move.destination)
    return _(
        "moving {unit} from {origin} to {destination}", unit=unit, origin=move.origin, destination=move.destination
    )


def _moves(content: BriefContent, _: Translator) -> Section:
    rows = []
    for move in content.moves:
        gain = _("+{share} within {hours} h", share=_.percent(move.gain, 1), hours=_.number(move.hours))
        if move.expected is not None:
            gain += " " + _("({n} expected killed)", n=killed(move.expected, _))
        worse = " ".join(harm(h, _) for h in move.harms) or _("Not assessed.")
        what = _what(move, _)
        rows.append((linked(what[:1].upper() + what[1:], _at(content, "/plan")), gain, worse))
    table = Table(
        _("Options for decision, not orders; each gain comes on top of the options above it"),
        (_("Option"), _("Risk brought within reach"), _("What it could make worse")),
        tuple(rows),
        "lll",
        (32, 20, 48),
    )
    return Section("moves", _("What could be moved, and what that could make worse"), table=table if rows else None)


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
        "unknowns", _("What we do not know"), points=tuple(unknown(u, _) for u in content.unknowns if u.count != 0)
    )


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
