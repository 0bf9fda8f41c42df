"""What is asked for, as plain values that can be kept, and as the wish that is calculated."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa

from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress
from tocsin.plan.actions import Planned
from tocsin.plan.objectives import OBJECTIVES, Wish, best
from tocsin.plan.posture.request import SEASONS, request_of
from tocsin.plan.wishes.leaving import AskedLeave, AskedWatch
from tocsin.plan.wishes.sheets import AskedPatrols, AskedWay
from tocsin.plan.wishes.whatifs import AskedWhatIfs

FORM = Path("the form")
MOST_HOURS = 48.0
MOST_SECONDS = 60.0


class Wanted(Protocol):
    """Anything that can be asked for: kept as plain values, checked, calculated beside the server."""

    @property
    def objective(self) -> str:
        """What it is kept under."""

    @property
    def kind(self) -> str:
        """Kind of run that comes of it."""

    def check(self) -> None:
        """Refuse what cannot be."""

    def plain(self) -> dict[str, Any]:
        """As it is kept, without the objective."""

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """What comes of it."""


@dataclass(frozen=True)
class Asked:
    """A plan asked for: the aim, how many bases and moves, within how many hours, in which season, and the request.

    `request` has the names of the request's file (docs/methods/plan.md): `limits`, `cost`, `forbidden`, `fixed` …
    """

    kind: ClassVar[str] = "posture"
    objective: str = "harm"
    additional: int = 3
    moves: int = 3
    limit_hours: float = 6.0
    season: str = ""
    seconds: float = 30.0
    request: dict[str, Any] = field(default_factory=dict)

    def wish(self) -> Wish:
        """As the calculation wants it.

        Raises
        ------
        BadInput
            If a value cannot be; says which.
        """
        if self.objective not in OBJECTIVES:
            raise BadInput("'{name}' is no objective; there are: {known}", name=self.objective,
                           known=", ".join(OBJECTIVES))  # fmt: skip
        if self.season and self.season not in SEASONS:
            raise BadInput("the season is 'dry' or 'wet', or left out for all months ahead")
        if not 0 < self.limit_hours <= MOST_HOURS or not 0 < self.seconds <= MOST_SECONDS:
            raise BadInput("hours must lie above zero and up to {hours:g}, seconds up to {seconds:g}",
                           hours=MOST_HOURS, seconds=MOST_SECONDS)  # fmt: skip
        return Wish(
            request_of(self.request, FORM), self.additional, self.moves, self.limit_hours, seconds=self.seconds,
            season=self.season,
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Everything but the objective, as it is kept."""
        return {k: v for k, v in dataclasses.asdict(self).items() if k != "objective"}

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
        """
        self.wish()

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The plan."""
        return best(connection, mission, now, self.objective, self.wish(), tell=tell)


# Everything but a posture, by the page it is asked for on; on each the kinds of things that can be asked.
CARDS: dict[str, type[AskedPatrols] | type[AskedWay]] = {"patrols": AskedPatrols, "corridor": AskedWay}
LEAVING: dict[str, type[AskedLeave] | type[AskedWatch]] = {"drawdown": AskedLeave, "contingency": AskedWatch}
WHATIFS: dict[str, type[AskedWhatIfs]] = {"scenario": AskedWhatIfs}


def wanted(objective: str, demands: dict[str, Any]) -> Wanted:
    """What was asked for, from what was kept."""
    kinds: dict[str, Any] = {**CARDS, **LEAVING, **WHATIFS}
    found: Wanted = kinds[objective](**demands) if objective in kinds else Asked(objective=objective, **demands)
    return found
