"""Cards asked for: patrols to send, or the way of a convoy, as plain values that can be kept, and their calculation."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlalchemy as sa

from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress
from tocsin.plan.actions import Planned

MODES = ("wheeled", "tracked", "foot")
MOST_BASES, MOST_PLACES = 6, 12


def _check(start: float, mode: str) -> None:
    if mode not in MODES:
        raise BadInput("'{mode}' is no way to move; there are: {known}", mode=mode, known=", ".join(MODES))
    if not 0 <= start < 24:
        raise BadInput("the hour of leaving is a time of day from 0 to 24")


@dataclass(frozen=True)
class AskedPatrols:
    """Patrols asked for; values as `tocsin plan patrols` has them."""

    objective: ClassVar[str] = "patrols"
    kind: ClassVar[str] = "patrols"
    bases: list[str] = field(default_factory=list)
    patrols: int = 1
    days: int = 1
    leave: float = 6.0
    back: float = 18.0
    stay_hours: float = 1.0
    mode: str = "wheeled"
    must: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
        """
        _check(self.leave, self.mode)
        if not self.leave < self.back <= 24 or not 0 <= self.stay_hours <= 12:
            raise BadInput("patrols leave before they are back within a day, and stay up to 12 hours at a place")
        if not 1 <= self.patrols <= 8 or self.days not in (1, 2):
            raise BadInput("a base sends 1 to 8 patrols, for 1 or 2 days")
        if len(self.bases) > MOST_BASES or len(self.must) > MOST_PLACES:
            raise BadInput("name up to {bases} bases and {places} places that must be visited", bases=MOST_BASES,
                           places=MOST_PLACES)  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return dataclasses.asdict(self)

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The patrols."""
        from tocsin.plan.patrols.actions import plan_patrols
        from tocsin.plan.patrols.asked import Out

        asked = Out(tuple(self.bases), self.patrols, self.days, self.leave, self.back, self.stay_hours, self.mode,
                    tuple(self.must))  # fmt: skip
        sent = plan_patrols(connection, mission, now, asked, tell=tell)
        return Planned(sent.run, sent.summary, sent.inputs)


@dataclass(frozen=True)
class AskedWay:
    """The way of a convoy asked for; values as `tocsin plan corridor` has them."""

    objective: ClassVar[str] = "corridor"
    kind: ClassVar[str] = "corridor"
    start: str = ""
    end: str = ""
    mode: str = "wheeled"
    leave: float = 6.0
    night: bool = False

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
        """
        _check(self.leave, self.mode)
        if not self.start.strip() or not self.end.strip() or self.start.strip() == self.end.strip():
            raise BadInput("say where the convoy starts and where it goes, as two different places")

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return dataclasses.asdict(self)

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The ways."""
        from tocsin.plan.corridors.actions import Asked, plan_corridor

        asked = Asked(self.start, self.end, self.mode, self.leave, self.night)
        found = plan_corridor(connection, mission, now, asked, tell=tell)
        return Planned(found.run, found.summary, found.inputs)
