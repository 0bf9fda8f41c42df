"""Cards asked for: patrols to send, or the way of a convoy, as plain values that can be kept, and their calculation."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlalchemy as sa

from tocsin.core.errors import BadInput, refuse
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress
from tocsin.plan.actions import Planned
from tocsin.plan.patrols.asked import Out, tasks_of
from tocsin.plan.patrols.mix import GUESS

MODES = ("wheeled", "tracked", "foot")
MOST_BASES, MOST_PLACES, MOST_VISITED = 6, 12, 40
MOST_STAY, MOST_GUESS = 12, 3
MOST_TIMES, MOST_OTHERS = 5, 4


def _check(start: float, mode: str) -> None:
    if mode not in MODES:
        raise BadInput("'{mode}' is no way to move; there are: {known}", mode=mode, known=", ".join(MODES))
    if not 0 <= start < 24:
        raise BadInput("the hour of leaving is a time of day from 0 to 24")


@dataclass(frozen=True)
class AskedPatrols:
    """Patrols asked for; values as `tocsin plan patrols` has them, tasks as the rows of `--tasks`."""

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
    visited: dict[str, list[float]] = field(default_factory=dict)
    keep: dict[str, list[int]] = field(default_factory=dict)
    range_hours: float | None = None
    fuel_at: list[str] = field(default_factory=list)
    litres: float | None = None
    guess: float = GUESS
    escorts: list[dict[str, Any]] = field(default_factory=list)
    joint: list[dict[str, Any]] = field(default_factory=list)
    companions: list[dict[str, Any]] = field(default_factory=list)

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
            With a sentence for each wrong field; its parameter `wrong` has them by field.
        """
        refuse(self.wrong())

    def wrong(self) -> dict[str, str]:
        """What cannot be, a sentence for each field."""
        found: dict[str, str] = {}
        if self.mode not in MODES:
            found["mode"] = f"'{self.mode}' is no way to move; there are: {', '.join(MODES)}"
        if not 0 <= self.stay_hours <= MOST_STAY:
            found["stay_hours"] = f"patrols stay up to {MOST_STAY} hours at a place"
        if not 1 <= self.guess <= MOST_GUESS:
            found["guess"] = f"the cap on a guess lies between 1 and {MOST_GUESS} times blind chance"
        lengths = {"bases": (self.bases, MOST_BASES), "must": (self.must, MOST_PLACES),
                   "fuel_at": (self.fuel_at, MOST_BASES), "keep": (self.keep, MOST_PLACES),
                   "visited": (self.visited, MOST_VISITED)}  # fmt: skip
        for name, (given, most) in lengths.items():
            if len(given) > most:
                found[name] = f"name up to {most} at a time, not {len(given)}"
        if any(len(pair) != 2 for pair in self.keep.values()):
            return {**found, "keep": "say how often as visits and days, such as 2 and 7"}
        return self.out().wrong() | found

    def out(self) -> Out:
        """As the calculation wants it."""
        tasks = tasks_of({"escort": self.escorts, "visit": self.joint, "companion": self.companions})
        return Out(
            tuple(self.bases), self.patrols, self.days, self.leave, self.back, self.stay_hours, self.mode,
            tuple(self.must), {k: tuple(v) for k, v in self.visited.items()}, guess=self.guess,
            keep={k: (v[0], v[1]) for k, v in self.keep.items()}, range_hours=self.range_hours,
            fuel_at=tuple(self.fuel_at), litres=self.litres, escorts=tasks["escorts"], joint=tasks["joint"],
            companions=tasks["companions"],
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return dataclasses.asdict(self)

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The patrols."""
        from tocsin.plan.patrols.actions import plan_patrols

        sent = plan_patrols(connection, mission, now, self.out(), tell=tell)
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
    most_time: float = 2.0
    others: int = 2

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
        """
        _check(self.leave, self.mode)
        if not 1 <= self.most_time <= MOST_TIMES or not 0 <= self.others <= MOST_OTHERS:
            raise BadInput("the way chosen takes 1 to {times} times the time of the fastest, and up to {others} other "
                           "ways are looked for", times=MOST_TIMES, others=MOST_OTHERS)  # fmt: skip
        if not self.start.strip() or not self.end.strip() or self.start.strip() == self.end.strip():
            raise BadInput("say where the convoy starts and where it goes, as two different places")

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return dataclasses.asdict(self)

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The ways."""
        from tocsin.plan.corridors.actions import Asked, plan_corridor

        asked = Asked(self.start, self.end, self.mode, self.leave, self.night, others=self.others,
                      most_time=self.most_time)  # fmt: skip
        found = plan_corridor(connection, mission, now, asked, tell=tell)
        return Planned(found.run, found.summary, found.inputs)
