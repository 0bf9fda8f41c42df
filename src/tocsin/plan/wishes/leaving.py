"""Leaving asked for: an order of closing bases, or a watch on what was left, as plain values that can be kept."""

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlalchemy as sa

from tocsin.core.errors import refuse
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress
from tocsin.core.time import parse_month
from tocsin.plan.actions import Planned

MOST_STEPS, MOST_KEPT, MOST_HOURS, MOST_SECONDS = 60, 200, 48, 60
MOST_LEARNED = 120
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class AskedLeave:
    """An order of closing asked for; values as `tocsin plan drawdown` has them."""

    objective: ClassVar[str] = "drawdown"
    kind: ClassVar[str] = "drawdown"
    steps: int = 6
    keep: int = 0
    limit_hours: float = 6.0
    not_before: dict[str, int] = field(default_factory=dict)
    by: dict[str, int] = field(default_factory=dict)
    contracts: dict[str, int] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    seconds: float = 30.0

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
            With a sentence for each wrong field; its parameter `wrong` has them by field.
        """
        refuse(self.wrong())

    def wrong(self) -> dict[str, str]:
        """What cannot be, a sentence for each field.

        >>> AskedLeave(steps=0, by={"Bria": 0}).wrong()
        {'steps': 'bases close over 1 to 60 months', 'by.Bria': 'Bria: months count from 1'}
        """
        found: dict[str, str] = {}
        if not 1 <= self.steps <= MOST_STEPS:
            found["steps"] = f"bases close over 1 to {MOST_STEPS} months"
        if not 0 <= self.keep <= MOST_KEPT:
            found["keep"] = f"0 to {MOST_KEPT} bases stay at the end"
        found |= _hours(self.limit_hours)
        if not 0 < self.seconds <= MOST_SECONDS:
            found["seconds"] = f"the search takes up to {MOST_SECONDS} seconds"
        for name, dates in (("not_before", self.not_before), ("by", self.by), ("contracts", self.contracts)):
            found |= {f"{name}.{base}": f"{base}: months count from 1" for base, step in dates.items() if step < 1}
        for base, first in self.not_before.items():
            if base in self.by and self.by[base] < first:
                found[f"by.{base}"] = f"{base} must be closed by month {self.by[base]} and not before month {first}"
        found |= {f"costs.{base}": f"the cost of {base} is a number of zero or more"
                  for base, cost in self.costs.items() if not 0 <= cost < float("inf")}  # fmt: skip
        return found

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return dataclasses.asdict(self)

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The order."""
        from tocsin.plan.drawdown.actions import Leave, plan_drawdown

        left = plan_drawdown(connection, mission, now, Leave(**dataclasses.asdict(self)), tell=tell)
        return Planned(left.run, left.summary, left.inputs)


@dataclass(frozen=True)
class AskedWatch:
    """A watch on each area after leaving asked for; values as `tocsin plan contingency` has them."""

    objective: ClassVar[str] = "contingency"
    kind: ClassVar[str] = "contingency"
    left: str | None = None
    baseline: int = 24
    months: int = 24
    false_alarm: float = 0.1
    limit_hours: float = 6.0
    floor: float = 0.5

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
            With a sentence for each wrong field; its parameter `wrong` has them by field.
        """
        refuse(self.wrong())

    def wrong(self) -> dict[str, str]:
        """What cannot be, a sentence for each field.

        >>> AskedWatch(left="2018-13", floor=0.0).wrong()
        {'left': "'2018-13' is no month: write it as 2018-06", 'floor': 'the floor is a share above 0 and up to 1'}
        """
        found: dict[str, str] = {}
        if self.left is not None and not _MONTH.fullmatch(self.left):
            found["left"] = f"'{self.left}' is no month: write it as 2018-06"
        if not 6 <= self.baseline <= MOST_LEARNED:
            found["baseline"] = f"quiet is learned from 6 to {MOST_LEARNED} months"
        if not 1 <= self.months <= MOST_STEPS:
            found["months"] = f"a watch is stated for 1 to {MOST_STEPS} months"
        if not 0.01 <= self.false_alarm <= 0.5:
            found["false_alarm"] = "the chance of a false alarm lies between 0.01 and 0.5"
        found |= _hours(self.limit_hours)
        if not 0 < self.floor <= 1:
            found["floor"] = "the floor is a share above 0 and up to 1"
        return found

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return dataclasses.asdict(self)

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The watch."""
        from tocsin.plan.drawdown.contingency import Watch, plan_contingency

        asked = Watch(parse_month(self.left) if self.left else None, self.baseline, self.months, self.false_alarm,
                      self.limit_hours, self.floor)  # fmt: skip
        found = plan_contingency(connection, mission, now, asked, tell=tell)
        inputs = {"assess": found.summary["assess_run"], "asked": asked.__dict__, "operations": []}
        return Planned(found.run, found.summary, inputs)


def _hours(limit: float) -> dict[str, str]:
    return {} if 0 < limit <= MOST_HOURS else {"limit_hours": f"hours lie above zero and up to {MOST_HOURS}"}
