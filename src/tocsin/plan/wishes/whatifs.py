"""What-ifs asked for: named scenarios side by side, as plain values that can be kept, and their file."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlalchemy as sa

from tocsin.core.errors import BadInput, refuse
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress
from tocsin.core.time import parse_month
from tocsin.plan.actions import Planned
from tocsin.plan.scenarios.model import MOST, SAME, Kept, Scenario, kept_of, scenarios_of

MOST_ADDED, MOST_MOVES, MOST_HOURS, MOST_NAME = 20, 50, 48, 80
NOTHING = "as it is"


@dataclass(frozen=True)
class AskedWhatIfs:
    """Scenarios asked for; `scenarios` and the settings are those of the file of `tocsin plan scenario`.

    `saved` are the figures of a file that was loaded, to say whether they still come out.
    """

    objective: ClassVar[str] = "scenario"
    kind: ClassVar[str] = "scenario"
    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)
    as_of: str | None = None
    additional: int = 3
    moves: int = 3
    hours: float = 6.0
    operations: list[str] = field(default_factory=list)
    seed: int = 1
    saved: list[dict[str, Any]] = field(default_factory=list)

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

        >>> AskedWhatIfs({"as it is": {}}, hours=0).wrong()
        {'hours': 'hours lie above zero and up to 48', 'scenarios.as it is': "'as it is' stands beside them anyway: \
give this what-if another name"}
        """
        found: dict[str, str] = {}
        if not 1 <= len(self.scenarios) <= MOST:
            found["scenarios"] = f"name 1 to {MOST} what-ifs"
        if not 0 <= self.additional <= MOST_ADDED:
            found["additional"] = f"0 to {MOST_ADDED} new bases"
        if not 0 <= self.moves <= MOST_MOVES:
            found["moves"] = f"0 to {MOST_MOVES} units may move"
        if not 0 < self.hours <= MOST_HOURS:
            found["hours"] = f"hours lie above zero and up to {MOST_HOURS}"
        for name, part in self.scenarios.items():
            if name.strip() == NOTHING:
                found[f"scenarios.{name}"] = f"'{NOTHING}' stands beside them anyway: give this what-if another name"
            elif not 0 < len(name.strip()) <= MOST_NAME:
                found[f"scenarios.{name}"] = f"a what-if has a name of up to {MOST_NAME} letters"
            else:
                try:
                    self._one(name, part)
                except BadInput as problem:
                    found[f"scenarios.{name}"] = str(problem)
        return found

    @staticmethod
    def _one(name: str, part: dict[str, Any]) -> Scenario:
        return scenarios_of({"scenario": {name: part}})[0]

    def kept(self, result: dict[str, Any] | None = None) -> Kept:
        """As a file, with what came of it."""
        settings: dict[str, Any] = {"additional": self.additional, "moves": self.moves, "hours": self.hours,
                                    "operations": list(self.operations), "seed": self.seed}  # fmt: skip
        if self.as_of:
            settings["as_of"] = self.as_of
        return Kept(scenarios_of({"scenario": self.scenarios}), settings, result)

    def changed_since_saved(self, result: dict[str, Any]) -> list[str] | None:
        """Scenarios whose figures are no longer those of the file they came from; None when they came from none."""
        if not self.saved:
            return None
        return Kept((), {}, {"scenarios": self.saved}).changed_since(result)

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return dataclasses.asdict(self)

    def calculate(self, connection: sa.Connection, mission: Mission, now: dt.datetime, tell: Progress) -> Planned:
        """The comparison."""
        from tocsin.plan.scenarios.actions import compare_scenarios

        month = parse_month(self.as_of) if self.as_of else None
        found = compare_scenarios(
            connection, mission, now, self.kept().scenarios, month, self.additional, self.moves, self.hours,
            tuple(self.operations), self.seed, tell,
        )  # fmt: skip
        return Planned(found.run, found.summary, found.inputs)


def read_whatifs(text: str, json: bool) -> AskedWhatIfs:
    """What a file asks for, without working it out; the figures saved in it stay with it.

    Raises
    ------
    BadInput
        If it is no such file; one sentence says why.
    """
    kept = kept_of(text, "the file", json)
    rows = [] if kept.result is None else kept.result["scenarios"]
    saved = [{"name": row["name"], **{key: row.get(key) for key in SAME}} for row in rows]
    parts = {s.name: {k: v for k, v in s.to_json().items() if k != "name"} for s in kept.scenarios}
    found = AskedWhatIfs(parts, saved=saved, **kept.settings)
    found.check()
    return found


def whatifs_of(inputs: dict[str, Any], as_of: str) -> AskedWhatIfs:
    """What a run was asked, from what went into it."""
    parts = {s["name"]: {k: v for k, v in s.items() if k != "name"} for s in inputs["scenarios"]}
    return AskedWhatIfs(parts, as_of, inputs["additional"], inputs["most_moves"], inputs["limit_hours"],
                        list(inputs["operations"]), inputs["seed"])  # fmt: skip
