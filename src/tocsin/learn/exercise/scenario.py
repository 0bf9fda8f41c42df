"""What kind of country an exercise is played in: the parameters of the simulator."""

import dataclasses
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.core.time import month_text, parse_month
from tocsin.core.toml import read_toml

KINDS = ("state", "rebel", "militia")


@dataclass(frozen=True)
class Actor:
    """An armed actor.

    Parameters
    ----------
    name : str
    kind : str
        state, rebel or militia.
    events_a_month : float
        Attacks a month that nothing before them set off; others follow from them.
    reach_km : int
        How far from its home its hold goes in the first year.
    civilian_share : float
        Share of its attacks that are on civilians only.
    wet_factor : float
        How many times more it attacks in the wet season than in the dry one.
    """

    name: str
    kind: str
    events_a_month: float
    reach_km: int
    civilian_share: float
    wet_factor: float = 1.0


ACTORS = (
    Actor("Government of Tancora", "state", 1.3, 150, 0.30),
    Actor("Northern Front for Renewal", "rebel", 2.6, 150, 0.45, 1.8),
    Actor("Union of Highland Forces", "rebel", 2.2, 130, 0.40, 1.6),
    Actor("Salt Coast Movement", "rebel", 1.4, 110, 0.50, 1.5),
    Actor("Self-defence of the Rivers", "militia", 0.9, 70, 0.55),
    Actor("Herders' Guard", "militia", 0.8, 80, 0.50),
)


@dataclass(frozen=True)
class Scenario:
    """A fictional country and its violence; the same values give the same bytes.

    Parameters
    ----------
    seed : int
        Not negative; another seed is another country.
    name, code : str
        Name, and a code of ISO 3166's user-assigned range (XAA to XZZ).
    gw_number : int
        A number that Gleditsch and Ward have not given away.
    centre_lon, centre_lat : int
        Whole degrees; the default lies in the open South Atlantic, so that no real boundary is meant.
    area_sq_deg : int
        Land area, square degrees (one is about 12,300 km² there).
    areas, settlements, rivers : int
        How many first-level areas, settlements, main rivers.
    last_month : str
        ``YYYY-MM``; `months` are counted back from it.
    months : int
    wet_months : tuple of int
        Calendar months of the wet season.
    actors : tuple of Actor
        Exactly one of kind state.
    triggering : float
        Mean number of further attacks that one attack sets off directly, below 0.9.
    memory_days : int
        Mean delay of such an attack.
    spread_km : int
        Standard deviation of its distance, in each direction.
    retaliation : float
        Share of them made by the other side.
    wet_cut_factor : int
        How many times likelier rebels choose a place that the wet season has cut off.
    units : int
        Peacekeeping units over the whole time, at least 12.
    report_months : int
        Community reports exist for this many months, up to the last one.
    reports_an_event : int
        Mean number of people who report one happening near a focal point, with echoes left out.
    echo_share, rumour_share, missed_call_share : float
        Reports that are repeated; false stories, as a share of true happenings; reports that are a missed call.
    """

    seed: int = 1
    name: str = "Tancora"
    code: str = "XTC"
    gw_number: int = 999
    centre_lon: int = -6
    centre_lat: int = -5
    area_sq_deg: int = 28
    areas: int = 12
    settlements: int = 200
    rivers: int = 5
    last_month: str = "2025-12"
    months: int = 72
    wet_months: tuple[int, ...] = (11, 12, 1, 2, 3, 4)
    actors: tuple[Actor, ...] = ACTORS
    triggering: float = 0.45
    memory_days: int = 9
    spread_km: int = 15
    retaliation: float = 0.2
    wet_cut_factor: int = 4
    units: int = 26
    report_months: int = 24
    reports_an_event: int = 3
    echo_share: float = 0.25
    rumour_share: float = 0.12
    missed_call_share: float = 0.15

    def __post_init__(self) -> None:
        last = parse_month(self.last_month)
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("area_sq_deg", self.area_sq_deg, 6, 30)
        _within("areas", self.areas, 3, 30)
        _within("settlements", self.settlements, 4 * self.areas, 400)
        _within("rivers", self.rivers, 1, 8)
        _within("months", self.months, 1, 240)
        _within("last_month", month_text(last)[:4], "1990", "2100")
        _within("triggering", self.triggering, 0.0, 0.9)
        _within("memory_days", self.memory_days, 1, 90)
        _within("spread_km", self.spread_km, 1, 60)
        _within("wet_cut_factor", self.wet_cut_factor, 1, 20)
        _within("units", self.units, 12, 60)
        _within("report_months", self.report_months, 0, self.months)
        _within("reports_an_event", self.reports_an_event, 1, 10)
        for share in ("retaliation", "echo_share", "rumour_share", "missed_call_share"):
            _within(share, getattr(self, share), 0.0, 0.9)
        if not (len(self.code) == 3 and self.code.isascii() and self.code.isupper() and self.code[0] == "X"):
            raise BadInput("the code {code} may be a real country's: use one from XAA to XZZ", code=self.code)
        for actor in self.actors:
            _check_actor(actor)
        if [a.kind for a in self.actors].count("state") != 1 or self.actors[0].kind != "state":
            raise BadInput("a scenario needs exactly one actor of kind state, and it comes first")
        if "rebel" not in {a.kind for a in self.actors}:
            raise BadInput("a scenario needs at least one actor of kind rebel")
        if len({a.name for a in self.actors}) != len(self.actors):
            raise BadInput("two actors have the same name: give each its own")
        if not all(1 <= m <= 12 for m in self.wet_months):
            raise BadInput("wet_months are calendar months, 1 to 12")

    @property
    def first(self) -> int:
        """Number of the first month."""
        return self.last - self.months + 1

    @property
    def last(self) -> int:
        """Number of the last month."""
        return parse_month(self.last_month)


def _within(name: str, value: Any, low: Any, high: Any) -> None:
    if not low <= value <= high:
        raise BadInput("{name} is {value}: give {low} to {high}", name=name, value=value, low=low, high=high)


def _check_actor(actor: Actor) -> None:
    if actor.kind not in KINDS:
        raise BadInput("actor {name}: kind {kind} is not state, rebel or militia", name=actor.name, kind=actor.kind)
    _within(f"events_a_month of {actor.name}", actor.events_a_month, 0.0, 25.0)
    _within(f"reach_km of {actor.name}", actor.reach_km, 10, 600)
    _within(f"civilian_share of {actor.name}", actor.civilian_share, 0.0, 1.0)
    _within(f"wet_factor of {actor.name}", actor.wet_factor, 0.1, 10.0)


def _built(kind: Any, table: dict[str, Any], where: str) -> Any:
    types = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in types:
            raise BadInput(
                "{where}: {key} is not a parameter; known are {known}", where=where, key=key, known=", ".join(types)
            )
        if key == "actors" and isinstance(value, list) and all(isinstance(v, dict) for v in value):
            values[key] = tuple(_built(Actor, v, f"{where}, actor {n}") for n, v in enumerate(value, start=1))
        elif key == "wet_months" and isinstance(value, list) and all(type(v) is int for v in value):
            values[key] = tuple(value)
        elif types[key] is float and (type(value) is float or (type(value) is int and abs(value) < 10**300)):
            values[key] = float(value)
        elif type(value) is types[key]:
            values[key] = value
        else:
            raise BadInput("{where}: {key} has the wrong type", where=where, key=key)
    try:
        return kind(**values)
    except TypeError as problem:
        raise BadInput("{where}: {why}", where=where, why=str(problem)) from problem


def load(path: Path) -> Scenario:
    """Scenario of a TOML file; what it leaves out keeps its default.

    Raises
    ------
    BadFile
        If the file cannot be read as TOML.
    BadInput
        If it names an unknown parameter or a value that makes no country.
    """
    table = read_toml(path)
    scenario: Scenario = _built(Scenario, table, path.name)
    return scenario


def toml(scenario: Scenario) -> str:
    """The scenario as TOML that `load` reads back."""
    lines, tables = [], []
    for field in dataclasses.fields(scenario):
        value = getattr(scenario, field.name)
        if field.name == "actors":
            for actor in value:
                rows = [f"{f.name} = {_literal(getattr(actor, f.name))}" for f in dataclasses.fields(actor)]
                tables += ["", "[[actors]]", *rows]
        else:
            lines.append(f"{field.name} = {_literal(value)}")
    return "\n".join(lines + tables) + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    return repr(value)
