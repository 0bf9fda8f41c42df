"""What a file is and what an import of it did."""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from tocsin.core.time import last_day, month_id

# Yearly releases of UCDP GED appear about June; monthly candidate releases about the 20th of the next month
# (Hegre et al. 2020, Research & Politics 7(3)). An exact day can be given with --published.
_RELEASE = re.compile(r"(?:^|[^0-9])v?_?(\d{1,2})[._](\d{1,2})(?:[._](\d{1,2}))?(?=[^0-9]|$)", re.IGNORECASE)

# Data published within this many days of the month's end count as published in time; later ones were reconstructed.
IN_TIME_DAYS = 62


@dataclass
class Counts:
    """What became of the rows: read = added + updated + unchanged + rejected, always."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def read(self) -> int:
        """Rows read."""
        return self.added + self.updated + self.unchanged + self.rejected


@dataclass
class Coverage:
    """What a file speaks of: months (numbers, inclusive) and countries (Gleditsch-Ward; empty = the world)."""

    first: int | None = None
    last: int | None = None
    countries: tuple[int, ...] = ()


@dataclass(frozen=True)
class Imported:
    """Summary of one imported file."""

    file: str
    layout: str
    release: str
    published_on: dt.date
    counts: Counts
    known_already: bool
    rejects_file: str | None = None
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Documented keys: file, layout, release, published_on, read, added, updated, unchanged, rejected …."""
        c = self.counts
        return {
            "file": self.file,
            "layout": self.layout,
            "release": self.release,
            "published_on": self.published_on.isoformat(),
            "read": c.read,
            "added": c.added,
            "updated": c.updated,
            "unchanged": c.unchanged,
            "rejected": c.rejected,
            "known_already": self.known_already,
            "rejects_file": self.rejects_file,
            "warnings": self.warnings,
        }


def release_of(name: str) -> str:
    """Release number in a UCDP file name, or an empty string.

    >>> release_of("GEDEvent_v23_1_CAF_1991_2020.csv"), release_of("GEDEvent_v26_0_1.csv"), release_of("ged201.csv")
    ('23.1', '26.0.1', '')
    """
    stem = re.sub(r"\.(csv|gz|zip|xlsx|json)\b", "", name, flags=re.IGNORECASE)
    found = _RELEASE.search(stem)
    return ".".join(str(int(part)) for part in found.groups() if part is not None) if found else ""


def month_of_release(release: str) -> int | None:
    """Month number that a monthly candidate release speaks of; None for other releases.

    >>> month_of_release("26.0.1"), month_of_release("23.1")
    (553, None)
    """
    parts = [int(part) for part in release.split(".") if part]
    if len(parts) != 3 or not 5 <= parts[0] <= 79 or not 1 <= parts[2] <= 12:
        return None
    return month_id(2000 + parts[0], parts[2])


def published_on(release: str) -> dt.date | None:
    """Day from which a UCDP release was public, by its number; None if the number says nothing.

    >>> published_on("23.1"), published_on("26.0.1"), published_on("25.0.12"), published_on("")
    (datetime.date(2023, 6, 1), datetime.date(2026, 2, 20), datetime.date(2026, 1, 20), None)
    """
    parts = [int(part) for part in release.split(".") if part]
    if len(parts) < 2 or not 5 <= parts[0] <= 79:
        return None
    year = 2000 + parts[0]
    if len(parts) == 2:
        return dt.date(year, 6, 1)
    month = parts[2]
    if not 1 <= month <= 12:
        return None
    return dt.date(year + month // 12, month % 12 + 1, 20)


def seen_by(month: int) -> dt.date:
    """Last day on which something may have become public to count as known for a month, by the rule for events."""
    return last_day(month) + dt.timedelta(days=IN_TIME_DAYS)
