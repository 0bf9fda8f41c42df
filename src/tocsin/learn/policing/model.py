"""One thing police did, and the log it comes from."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tocsin.act.triage.proposal import Tier
from tocsin.core.errors import BadInput
from tocsin.plan.people.model import IN_UNITS, Kind
from tocsin.plan.sheets import Row, read_rows

LOG = ("day", "what", "unit", "kind", "area", "tier", "skill", "count", "officers", "women", "hours", "people",
       "joint_with")  # fmt: skip
SHIFT_HOURS = 8.0  # of one officer's day


class Indicator(StrEnum):
    """What a police planning cell reports (DPO/DFS Guidelines on Police Operations and on Capacity-Building)."""

    PATROL = "patrol"
    ESCORT = "escort"
    TRAINING = "training"  # of host-state police: `people` is how many were trained
    REFERRAL = "referral"  # of people to help: `people` is how many; small counts are hidden
    CONTACT = "contact"  # with the community
    INVESTIGATION = "investigation"  # help with one
    OTHER = "other"


# Which tier a thing belongs to when the log does not say (DPO Policy on the Protection of Civilians, 2019).
USUAL_TIER: dict[Indicator, Tier] = {
    Indicator.PATROL: Tier.PHYSICAL, Indicator.ESCORT: Tier.PHYSICAL, Indicator.CONTACT: Tier.DIALOGUE,
    Indicator.TRAINING: Tier.ENVIRONMENT, Indicator.REFERRAL: Tier.ENVIRONMENT,
    Indicator.INVESTIGATION: Tier.ENVIRONMENT, Indicator.OTHER: Tier.ENVIRONMENT,
}  # fmt: skip


@dataclass(frozen=True)
class Did:
    """So many of one thing, on one day, by one unit.

    Parameters
    ----------
    officers, women, people : int or None
        None where the log does not say: not known is not zero.
    hours : float or None
        That it took; a whole shift is taken where the log does not say.
    """

    day: dt.date
    what: Indicator
    kind: Kind
    tier: Tier
    area: str = ""
    unit: str = ""
    skill: str = ""
    count: int = 1
    officers: int | None = None
    women: int | None = None
    hours: float | None = None
    people: int | None = None
    joint_with: str = ""

    @property
    def formed(self) -> bool:
        """Whether a formed unit did it."""
        return self.kind in IN_UNITS

    @property
    def officer_days(self) -> float | None:
        """Officers times shifts; None where it is not known how many they were.

        >>> Did(dt.date(2026, 1, 1), Indicator.PATROL, Kind.FORMED, Tier.PHYSICAL, officers=10, hours=4).officer_days
        5.0
        """
        if self.officers is None:
            return None
        return self.officers * (1.0 if self.hours is None else self.hours / SHIFT_HOURS)


def read_log(path: Path) -> list[Did]:
    """What a log says police did.

    Raises
    ------
    BadFile
        If a row is wrong; names the rows and what to do.
    """
    found = read_rows(path, LOG, ("day", "what", "kind"), _did)
    if not found:
        raise BadInput("{name} has nothing in it", name=path.name)
    return found


def _did(row: Row) -> Did:
    row.needed("day")
    day = row.day("day")
    what = Indicator(row.one_of("what", [i.value for i in Indicator], ""))
    kind = Kind(row.one_of("kind", [k.value for k in Kind], ""))
    tier = row.text("tier").upper() or USUAL_TIER[what].value
    if day is None or tier not in [t.value for t in Tier]:
        raise BadInput("tier is '{text}': write I, II or III, or leave it empty", text=row.text("tier"))
    officers = row.whole("officers", 0, 1, 5000) if row.text("officers") else None
    women = row.whole("women", 0, 0, 5000) if row.text("women") else None
    if women is not None and (officers is None or women > officers):
        raise BadInput("{women} women of {officers} officers: write how many officers there were, women among them",
                       women=women, officers="no" if officers is None else officers)  # fmt: skip
    return Did(
        day, what, kind, Tier(tier), row.text("area"), row.text("unit"), row.text("skill").casefold(),
        row.whole("count", 1, 1, 10_000), officers, women,
        row.number("hours", SHIFT_HOURS, 0.0, 24.0 * 31) if row.text("hours") else None,
        row.whole("people", 0, 0, 1_000_000) if row.text("people") else None, row.text("joint_with"),
    )  # fmt: skip
