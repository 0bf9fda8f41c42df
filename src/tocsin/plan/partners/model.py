"""Forces, what they could lend, what they lack, and the tables these come from."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tocsin.core.errors import BadInput
from tocsin.core.time import parse_month
from tocsin.plan.sheets import Row, read_rows

FORCES = ("force", "kind", "assessment", "assessed_until", "reason")
OFFERS = ("id", "force", "capability", "detail", "quantity", "place", "hours", "by", "from", "until", "lends_to")
NEEDS = ("id", "force", "capability", "detail", "quantity", "place", "area", "weight", "from", "until", "set",
         "requested")  # fmt: skip
MODES = ("wheeled", "tracked", "foot", "helicopter", "any")


class ForceKind(StrEnum):
    """What a force is, for what may pass between it and others."""

    UN = "un"
    SECURITY = "security"  # regional, bilateral … force that is not the United Nations'
    HOST_STATE = "host_state"
    HUMANITARIAN = "humanitarian"


ASSESSED = (ForceKind.SECURITY, ForceKind.HOST_STATE)  # nothing passes to or from these without an assessment


class Assessment(StrEnum):
    """What the human rights due diligence found (HRDDP, A/67/775-S/2013/110)."""

    CLEARED = "cleared"
    MITIGATED = "mitigated"  # support with measures that are in place
    PENDING = "pending"
    REFUSED = "refused"
    NONE = ""


@dataclass(frozen=True)
class Force:
    """A force, mission or organisation; `assessment` is that of the due diligence policy, valid to its day."""

    name: str
    kind: ForceKind = ForceKind.UN
    assessment: Assessment = Assessment.NONE
    assessed_until: dt.date | None = None
    reason: str = ""


@dataclass(frozen=True)
class Offer:
    """What a force could lend.

    Parameters
    ----------
    capability : str
        air, medical, isr, interpreters, demining … ; both sides write it the same way.
    detail : str
        Without which it does not fit: a language, night flying; a need that names one takes only offers that have it.
    quantity : int
        Units of it a month (teams, aircraft, people).
    place : str
        Where it is; empty: it can be brought anywhere.
    hours : float
        How long it may take to get there, by `by`; infinite when not limited.
    months : (int, int)
        First and last month.
    lends_to : frozenset of str
        Forces it may go to (caveats); empty: any.
    """

    id: str
    force: str
    capability: str
    quantity: int = 1
    detail: str = ""
    place: str = ""
    hours: float = float("inf")
    by: str = "any"
    months: tuple[int, int] = (0, 1 << 30)
    lends_to: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Need:
    """What a force lacks: so much of a capability somewhere; needs of one `set` help only when all of them are met."""

    id: str
    force: str
    capability: str
    quantity: int = 1
    detail: str = ""
    place: str = ""
    area: str = ""
    weight: float = 1.0
    months: tuple[int, int] = (0, 1 << 30)
    set: str = ""
    requested: bool = False


@dataclass(frozen=True)
class Passing:
    """So much of an offer goes to a need in a month (rows of both)."""

    offer: int
    need: int
    month: int
    quantity: int


def read_forces(path: Path) -> list[Force]:
    """Forces and what the due diligence found.

    Raises
    ------
    BadFile
        If a row is wrong; names the rows and what to do.
    """
    return read_rows(path, FORCES, ("force", "kind"), _force, key="force")


def _force(row: Row) -> Force:
    kind = ForceKind(row.one_of("kind", [k.value for k in ForceKind], ""))
    known = [a.value for a in Assessment if a.value]
    found = Assessment(row.one_of("assessment", known, known[0]) if row.text("assessment") else "")
    if found in (Assessment.CLEARED, Assessment.MITIGATED) and kind in ASSESSED and not row.text("assessed_until"):
        raise BadInput("assessed_until is empty: an assessment holds to a day, write it as YYYY-MM-DD")
    return Force(row.needed("force"), kind, found, row.day("assessed_until"), row.text("reason"))


def read_offers(path: Path, forces: Sequence[Force]) -> list[Offer]:
    """What forces could lend; each named force must be in the table of forces."""

    def make(row: Row) -> Offer:
        return Offer(
            row.needed("id"), _known(row, forces), row.needed("capability").casefold(),
            row.whole("quantity", 1, 1, 9999),
            row.text("detail").casefold(), row.text("place"), row.number("hours", float("inf"), 0.0, 1000.0),
            row.one_of("by", MODES, "any"), _months(row), row.names("lends_to"),
        )  # fmt: skip

    return read_rows(path, OFFERS, ("id", "force", "capability"), make, key="id")


def read_needs(path: Path, forces: Sequence[Force]) -> list[tuple[Need, float | None]]:
    """What forces lack, each with the weight given, or None when the forecast is to say it."""

    def make(row: Row) -> tuple[Need, float | None]:
        weight = row.number("weight", 0.0, 0.0, 1e6)
        return Need(
            row.needed("id"), _known(row, forces), row.needed("capability").casefold(),
            row.whole("quantity", 1, 1, 9999),
            row.text("detail").casefold(), row.text("place"), row.text("area"), weight or 1.0, _months(row),
            row.text("set"), row.flag("requested"),
        ), weight or None  # fmt: skip

    return read_rows(path, NEEDS, ("id", "force", "capability"), make, key="id")


def _known(row: Row, forces: Sequence[Force]) -> str:
    name = row.needed("force")
    if name not in {f.name for f in forces}:
        raise BadInput("the force '{name}' is not in the table of forces: add it there with its kind", name=name)
    return name


def _months(row: Row) -> tuple[int, int]:
    first = parse_month(row.text("from")[:7]) if row.text("from") else 0
    last = parse_month(row.text("until")[:7]) if row.text("until") else 1 << 30
    if first > last:
        raise BadInput("it ends before it begins: look at from and until")
    return first, last
