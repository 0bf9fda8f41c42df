"""A named what-if, as a file that can be kept and shared."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tocsin.core.errors import BadInput

MOST = 12
SETTINGS: dict[str, Any] = {
    "as_of": str, "additional": int, "moves": int, "hours": (int, float), "operations": list, "seed": int,
}  # fmt: skip

SAME = ("data_hash", "risk", "within_now", "within_planned")  # figures that say whether a saved result still comes out


@dataclass(frozen=True)
class Scenario:
    """What would be different.

    Parameters
    ----------
    name : str
    wet : bool, optional
        True: the rains are there for all months ahead; False: they stay away; None: as the mission says.
    without_units, without_contributors, without_operations : tuple of str
        Who is gone. A unit of several contributors goes only when all of them do, their shares not being known.
    shared_units_go : bool
        A unit of several contributors goes when any of them does: the worst case.
    risk : mapping of area → factor
        The forecast of a first-level area is multiplied by it (a new front, an election).
    shift : tuple of (from, to)
        The forecast and the people of the cell at one place are moved to that of another (a camp moved). Places as
        people give them: ``lon,lat``, a unit or a place.
    forbidden_areas : tuple of str
        Areas where no unit may newly be put (consent withdrawn).
    closed : tuple of tuple of str
        Lines from place to place that nobody crosses on the ground (a border closed, a front); crossings of the
        mission's ground on them stay open. Needs the mission's ground.
    """

    name: str
    wet: bool | None = None
    without_units: tuple[str, ...] = ()
    without_contributors: tuple[str, ...] = ()
    without_operations: tuple[str, ...] = ()
    shared_units_go: bool = False
    risk: Mapping[str, float] = field(default_factory=dict)
    shift: tuple[tuple[str, str], ...] = ()
    forbidden_areas: tuple[str, ...] = ()
    closed: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse factors that are none."""
        for area, factor in self.risk.items():
            if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor <= 1000:
                raise BadInput("scenario '{name}': the factor of {area} lies between 0 and 1000", name=self.name,
                               area=area)  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """The scenario as plain values, only what is different."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["risk"] = dict(self.risk)
        plain["shift"], plain["closed"] = [list(s) for s in self.shift], [list(line) for line in self.closed]
        return {
            k: list(v) if isinstance(v, tuple) else v
            for k, v in plain.items()
            if v not in (None, False, (), {}, []) or (k == "wet" and v is False)
        }


@dataclass(frozen=True)
class Kept:
    """A file of scenarios: what they are, with which settings they are compared, and what came of it when saved.

    Parameters
    ----------
    scenarios : tuple of Scenario
    settings : mapping
        Some of `SETTINGS`; what is left out has its usual value.
    result : mapping or None
        What `compare_scenarios` gave when the file was saved.
    """

    scenarios: tuple[Scenario, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The file as plain values; `read_kept` reads them back."""
        parts = {s.name: {k: v for k, v in s.to_json().items() if k != "name"} for s in self.scenarios}
        found: dict[str, Any] = {"settings": dict(self.settings), "scenario": parts}
        return found if self.result is None else {**found, "result": dict(self.result)}

    def changed_since(self, result: Mapping[str, Any]) -> list[str] | None:
        """Scenarios whose figures are no longer those that were saved; None when none were."""
        if self.result is None:
            return None
        before = {s["name"]: s for s in self.result["scenarios"]}
        now = {s["name"]: s for s in result["scenarios"]}
        return [n for n in now if n not in before or any(before[n].get(k) != now[n][k] for k in SAME)]


def read_kept(path: Path) -> Kept:
    """Scenarios of a TOML or JSON file: a table ``scenario``, in it one table a name; and ``settings``, if any.

    Raises
    ------
    BadInput
        If the file cannot be read, names something that is no part of a scenario or no setting, or has none or too
        many.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as wrong:
        raise BadInput("the scenarios in {name} cannot be read: {why}", name=path.name, why=str(wrong)) from None
    return kept_of(text, path.name, path.suffix.lower() == ".json")


def kept_of(text: str, name: str, as_json: bool) -> Kept:
    """The same from the text of a file, called `name` in what is wrong with it."""
    try:
        found = json.loads(text) if as_json else tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise BadInput("the scenarios in {name} cannot be read: {why}", name=name, why=str(wrong)) from None
    scenarios = scenarios_of(found)
    settings, result = found.get("settings", {}), found.get("result")
    if not isinstance(settings, dict) or set(settings) - set(SETTINGS):
        raise BadInput("the settings in {name} may have: {known}", name=name, known=", ".join(SETTINGS))
    for key, value in settings.items():
        kind = SETTINGS[key]
        fits = _texts(value) if kind is list else isinstance(value, kind) and not isinstance(value, bool)
        if not fits:
            raise BadInput("the setting '{key}' in {name} is not what it should be", key=key, name=name)
    if result is not None and not _was_compared(result):
        raise BadInput("the result in {name} is none that was saved: leave it out", name=name)
    return Kept(scenarios, settings, result)


def _was_compared(result: Any) -> bool:
    rows = result.get("scenarios") if isinstance(result, dict) else None
    return isinstance(rows, list) and all(isinstance(r, dict) and isinstance(r.get("name"), str) for r in rows)


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of a file alone; errors as `read_kept`."""
    return read_kept(path).scenarios


def scenarios_of(found: Any) -> tuple[Scenario, ...]:
    """Scenarios of plain values, as they come from a file.

    >>> scenarios_of({"scenario": {"early rains": {"wet": True}}})[0].wet
    True
    """
    table = found.get("scenario") if isinstance(found, dict) else None
    if not isinstance(table, dict) or not 1 <= len(table) <= MOST:
        raise BadInput("a file of scenarios has 1 to {most} tables such as [scenario.'early rains']", most=MOST)
    return tuple(_one(str(name), part) for name, part in table.items())


def _one(name: str, part: Any) -> Scenario:
    known = {f.name for f in fields(Scenario)} - {"name"}
    if not isinstance(part, dict) or set(part) - known:
        wrong = sorted(set(part) - known) if isinstance(part, dict) else [part]
        raise BadInput("scenario '{name}' has {wrong}; it may have: {known}", name=name, wrong=wrong,
                       known=", ".join(sorted(known)))  # fmt: skip
    for key, value in part.items():
        if not _fits(key, value):
            raise BadInput("scenario '{name}': '{key}' is not what it should be", name=name, key=key)
    return Scenario(name, **{key: _frozen(value) for key, value in part.items()})


def _fits(key: str, value: Any) -> bool:
    if key in ("wet", "shared_units_go"):
        return isinstance(value, bool)
    if key == "risk":
        return isinstance(value, dict)
    if key == "shift":
        return isinstance(value, list) and all(_texts(pair) and len(pair) == 2 for pair in value)
    if key == "closed":
        return isinstance(value, list) and all(_texts(line) and len(line) >= 2 for line in value)
    return _texts(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(t, str) for t in value)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
