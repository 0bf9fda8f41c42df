"""Sums over what police did, and gaps between what they can do and what they are faced with. Pure calculations."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tocsin.core.time import month_of, month_text
from tocsin.learn.policing.model import Did, Indicator
from tocsin.store.disclosure import suppress

FEW = 0.5  # a gap is told when less than this part of what should be there is there (judgement)


def contributed(done: Sequence[Did]) -> dict[str, Any]:
    """What was done, all together.

    Counts are of things done; `officer_days` of those whose officers the log counts, and `not_counted` how many do not
    say. Shares are None where there is nothing to divide. People referred and referrals are hidden when they are few.

    Returns
    -------
    dict
        counts (by indicator), trained, referred, officer_days, not_counted, formed_share, women_share, joint_share.
    """
    counts = Counter(d.what for d in done for _ in range(d.count))
    known = [d for d in done if d.officer_days is not None]
    days = sum(d.officer_days or 0.0 for d in known)
    formed = sum(d.officer_days or 0.0 for d in known if d.formed)
    counted = [d for d in done if d.women is not None and d.officers]
    officers = sum(d.officers or 0 for d in counted)
    total = sum(counts.values())
    return {
        "counts": {i.value: _few(counts[i]) if i is Indicator.REFERRAL else counts[i] for i in Indicator if counts[i]},
        "trained": _people(done, Indicator.TRAINING),
        "referred": _few(_people(done, Indicator.REFERRAL)),
        "officer_days": days,
        "not_counted": len(done) - len(known),
        "formed_share": formed / days if days else None,
        "women_share": sum(d.women or 0 for d in counted) / officers if officers else None,
        "joint_share": sum(d.count for d in done if d.joint_with) / total if total else None,
    }


def _few(number: int | None) -> int | None:
    return number if number is None or number == 0 else suppress([number]).shown()[0][0]


def _people(done: Iterable[Did], what: Indicator) -> int | None:
    """People of all that say how many; None when none does."""
    known = [d.people for d in done if d.what is what and d.people is not None]
    return sum(known) if known else None


def parts(done: Sequence[Did], key: Callable[[Did], str]) -> list[dict[str, Any]]:
    """`contributed` for each value of a key, the one with most officer-days first.

    Referrals are hidden over all parts together, so that none follows from the others and the whole.
    """
    names = sorted({key(d) for d in done})
    found = [{"name": n, **contributed([d for d in done if key(d) == n])} for n in names]
    if not names:
        return []
    made, people = ([sum(of(d) for d in done if key(d) == n) for n in names] for of in (_referrals, _referred))
    for row, one, many in zip(found, suppress(made).shown()[0], suppress(people).shown()[0], strict=False):
        row["referred"] = many
        if Indicator.REFERRAL.value in row["counts"]:
            row["counts"][Indicator.REFERRAL.value] = one
    return sorted(found, key=lambda r: (-r["officer_days"], r["name"]))


def _referrals(did: Did) -> int:
    return did.count if did.what is Indicator.REFERRAL else 0


def _referred(did: Did) -> int:
    return (did.people or 0) if did.what is Indicator.REFERRAL else 0


def by_month(done: Sequence[Did], first: int, last: int) -> list[dict[str, Any]]:
    """`contributed` month by month; months without a line are there too, as a log may have stopped."""
    inside = [d for d in done if first <= month_of(d.day) <= last]
    found = {row["name"]: row for row in parts(inside, lambda d: month_text(month_of(d.day)))}
    return [found.get(month_text(m), {"name": month_text(m), **contributed([])}) for m in range(first, last + 1)]


def gaps(wanted: Mapping[str, float], there: Mapping[str, float]) -> list[dict[str, Any]]:
    """Share of what was faced against share of the officer-days, for each area or skill; the worst first.

    Parameters
    ----------
    wanted : mapping of name → number
        Deaths, alerts … counted there.
    there : mapping of name → officer-days

    Returns
    -------
    list of dict
        name, faced_share, days_share (None when nothing is counted), short: less than half of its share is there.

    Examples
    --------
    >>> [(g["name"], g["short"]) for g in gaps({"East": 8, "West": 2}, {"West": 30.0, "East": 10.0})]
    [('East', True), ('West', False)]
    """
    all_wanted, all_there = sum(wanted.values()), sum(there.values())
    rows = []
    for name in sorted({*wanted, *there}):
        faced = wanted.get(name, 0.0) / all_wanted if all_wanted else None
        days = there.get(name, 0.0) / all_there if all_there else None
        short = bool(faced) and days is not None and days < FEW * (faced or 0.0)
        rows.append({"name": name, "faced": float(wanted.get(name, 0.0)), "officer_days": float(there.get(name, 0.0)),
                     "faced_share": faced, "days_share": days, "short": short})  # fmt: skip
    return sorted(rows, key=lambda r: ((r["days_share"] or 0.0) - (r["faced_share"] or 0.0), r["name"]))
