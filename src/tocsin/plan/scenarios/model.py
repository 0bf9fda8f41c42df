"""A named what-if, as a file that can be kept and shared."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tocsin.core.errors import BadInput

MOST = 12


@dataclass(frozen=True)
class Scenario:
    """What would be different.

    Parameters
    ----------
    name : str
    wet : bool, optional
        True: the rains are there for all months ahead; False: they stay away; None: as the mission says.
    without_units, without_contributors, without_operations : tuple of str
        Who is gone. A unit of several contributors goes only when all of them do.
    risk : mapping of area → factor
        The forecast of a first-level area is multiplied by it (a new front, an election).
    shift : tuple of (from, to)
        The forecast and the people of the cell at one place are moved to that of another (a camp moved). Places as
        people give them: ``lon,lat``, a unit or a place.
    forbidden_areas : tuple of str
        Areas where no unit may newly be put (a border closed, consent withdrawn).
    """

    name: str
    wet: bool | None = None
    without_units: tuple[str, ...] = ()
    without_contributors: tuple[str, ...] = ()
    without_operations: tuple[str, ...] = ()
    risk: Mapping[str, float] = field(default_factory=dict)
    shift: tuple[tuple[str, str], ...] = ()
    forbidden_areas: tuple[str, ...] = ()

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
        plain["shift"] = [list(s) for s in self.shift]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items() if v not in (None, (), {}, [])}


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Scenarios of a TOML or JSON file: a table ``scenario``, in it one table a name.

    Raises
    ------
    BadInput
        If the file cannot be read, names something that is no part of a scenario, or has none or too many.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as wrong:
        raise BadInput("the scenarios in {name} cannot be read: {why}", name=path.name, why=str(wrong)) from None
    return scenarios_of(found)


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
    if key == "wet":
        return isinstance(value, bool)
    if key == "risk":
        return isinstance(value, dict)
    if key == "shift":
        return isinstance(value, list) and all(_texts(pair) and len(pair) == 2 for pair in value)
    return _texts(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(t, str) for t in value)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
