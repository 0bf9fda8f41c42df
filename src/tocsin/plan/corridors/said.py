"""What a corridor assumes and what it could make worse, in words that can be translated."""

import re
from collections.abc import Iterable

from tocsin.core.words import Translator, mark
from tocsin.plan.corridors.ground import HAZARD_KM, HAZARD_MONTHS
from tocsin.plan.printed import said

ASSUMES = (
    mark("Exposure counts events expected within {km} km while the convoy passes, at the rate of {months} months "
         "past."),
    mark("Most events near a road are not aimed at a convoy."),
    mark("Events that nobody reported are not in it: a quiet stretch may be one from which no news comes."),
    mark("Times are for the documented speed of the mode; a convoy moves at the speed of its slowest vehicle."),
)  # fmt: skip
WORSE = (
    mark("The safest way today becomes the known way tomorrow: change it, and do not announce it."),
    mark("A convoy can draw attackers to villages along its way, and may block the road for others."),
)
OVER = {
    "straight line": mark("Nothing of the ground went in: every cell is passed at the mode's speed as the crow flies."),
    "ground": mark("Roads, rivers and crossings are as the mission knew them: {layers}."),
    "roads": mark("Roads are those of the file given; rivers and crossings did not go in."),
}
ALL_HOURS = mark("Every hour of the day counts as equally dangerous: events are reported with a day and no hour.")
FAR = mark("{place} is {km} km from where the mode can move: that part is not in the way.")
APART = 15  # km: ways nearer than this to each other count as the same way (judgement)
VALUES = {"km": int(HAZARD_KM), "months": int(HAZARD_MONTHS)}


def plain_assumptions() -> list[str]:
    """`ASSUMES` filled in, in English."""
    return [line.format(**VALUES) for line in ASSUMES]


def assumed(lines: Iterable[str], _: Translator) -> list[str]:
    """The assumptions of a run in the reader's language, those of them that hold names included."""
    found = []
    for line in said(lines, ASSUMES, _, **VALUES):
        made = line
        for template in (OVER["ground"], FAR):
            form = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template))
            if match := re.fullmatch(form, line, re.DOTALL):
                made = _(template, **match.groupdict())
        found.append(made)
    return found
