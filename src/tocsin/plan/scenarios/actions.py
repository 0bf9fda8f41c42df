"""The same plan under each scenario, on the same axes, written down as a run."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

from tocsin.core import lattice
from tocsin.core.errors import BadInput, NotFound
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.core.words import mark
from tocsin.plan.actions import largest_places, movable_rows
from tocsin.plan.drawn import draw_up
from tocsin.plan.mobility import Overland
from tocsin.plan.reach import overland_of
from tocsin.plan.scenarios.model import Scenario
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run
from tocsin.store.runs import run_id

Floats = npt.NDArray[np.float64]
AS_IT_IS = "as it is"
ASSUMES = (
    mark("A scenario is what somebody wrote down: how likely it is, is not in it."),
    mark("Only what it names changes; people would move and groups react, and that is not in it."),
    mark("Moves are those within the same few changes as of today; no plan prepares for two scenarios at once."),
)


WORSE = (
    mark("A what-if that becomes known can be read as a plan: a contributor, a party or a camp may act on it."),
    mark("Moving today for a scenario that does not come leaves those behind who are within reach now."),
)


@dataclass(frozen=True)
class Imagined:
    """What comparing scenarios made: the run's id, its documented summary and what went in."""

    run: str
    summary: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)


def compare_scenarios(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    scenarios: Sequence[Scenario],
    as_of: int | None = None,
    additional: int = 3,
    most_moves: int = 3,
    limit_hours: float = 6.0,
    operations: tuple[str, ...] = (),
    seed: int = 1,
    tell: Progress = silent,
) -> Imagined:
    """Who would be out of reach if each scenario came true, and which few changes would help most then.

    Raises
    ------
    BadInput, NotFound
        If a scenario names what is not there, or two have the same name.
    """
    names = [s.name for s in scenarios]
    if len(set(names)) != len(names) or AS_IT_IS in names or not names:
        raise BadInput("scenarios have different names, and none is called '{name}'", name=AS_IT_IS)
    here = situation(connection, mission, now, as_of, operations, tell)
    points = largest_places(connection, here.gids)
    found = []
    over: dict[tuple[tuple[str, ...], ...], Overland | None] = {}  # what was travelled once serves all on that ground
    for number, scenario in enumerate((Scenario(AS_IT_IS), *scenarios)):
        tell("Imagining", number, len(names) + 1)
        if scenario.closed not in over:
            over[scenario.closed] = _overland(mission, here, scenario)
        found.append(
            _plan(mission, here, scenario, over[scenario.closed], points, additional, most_moves, limit_hours, seed)
        )
    tell("Imagining", len(names) + 1, len(names) + 1)
    base = found[0]
    for row in found:
        row["within_now_less"] = base["within_now"] - row["within_now"]
        row["within_planned_less"] = base["within_planned"] - row["within_planned"]
    inputs = {
        "assess": here.run, "scenarios": [s.to_json() for s in scenarios], "operations": list(operations),
        "additional": additional, "most_moves": most_moves, "limit_hours": limit_hours, "seed": seed,
    }  # fmt: skip
    id = run_id("scenario", inputs)
    result = {
        "run": id, "as_of": month_text(here.month), "assess_run": here.run, "limit_hours": limit_hours,
        "scenarios": found, "assumes": list(ASSUMES), "worse": list(WORSE),
    }  # fmt: skip
    finish_run(connection, id, "scenario", inputs, result, now)
    return Imagined(id, result, inputs)


def _plan(
    mission: Mission, here: Situation, scenario: Scenario, over: Overland | None, points: tuple[Floats, Floats],
    additional: int, most_moves: int, limit_hours: float, seed: int,
) -> dict[str, Any]:  # fmt: skip
    units = [u for u in here.units if not _gone(here, scenario, u)]
    risk, people = changed(here, scenario)
    wet = mission.wet_months if scenario.wet is None else tuple(range(1, 13)) if scenario.wet else ()
    area = here.land.area_names
    _known_areas(here, scenario.forbidden_areas)
    forbidden = [int(g) for g, a in zip(here.gids, area, strict=True) if a in scenario.forbidden_areas]
    drawn = draw_up(
        units, here.gids, risk, None if np.isnan(people).all() else people, area, here.month, additional=additional,
        movable=movable_rows(units), most_moves=most_moves, limit=limit_hours, limits=(limit_hours,),
        ahead=here.horizon, wet_months=wet, points=points, seed=seed, forbidden=forbidden,
        overland=over,
    ).to_json()  # fmt: skip
    lost = [(a["within"] / a["risk"], a["area"]) for a in drawn["by_area"] if a["risk"] > 0]
    return {
        "name": scenario.name,
        "changes": {k: v for k, v in scenario.to_json().items() if k != "name"},
        "units": len(units),
        "shared": [u.name for u in units if set(u.contributors) & set(scenario.without_contributors)],
        "risk": float(np.nansum(risk)),
        "season": drawn["season"],
        "within_now": drawn["before"],
        "within_planned": drawn["value"],
        "bound": drawn["bound"],
        "share_now": drawn["covered"][0]["risk_share"],
        "people_share_now": drawn["covered"][0]["people_share"],
        "moves": drawn["moves"],
        "worst_off": min(lost)[1] if lost else None,
        "gaps": drawn["gaps"][:5],
        "worse": drawn["worse"][:5],
        "data_hash": drawn["data_hash"],
    }


def _overland(mission: Mission, here: Situation, scenario: Scenario) -> Overland | None:
    lines = [shapely.LineString([here.point(text)[:2] for text in line]) for line in scenario.closed]
    over = overland_of(mission, here.gids, here.month, closed=lines)
    if lines and over is None:
        raise BadInput("scenario '{name}' closes a line, and nothing is known of the ground: add roads first, with "
                       "`tocsin plan ground add`", name=scenario.name)  # fmt: skip
    return over


def _gone(here: Situation, scenario: Scenario, unit: Any) -> bool:
    for name in scenario.without_units:
        here.unit(name)  # says which there are
    if scenario.without_contributors:
        known = {c for u in here.units for c in u.contributors}
        unknown = sorted(set(scenario.without_contributors) - known)
        if unknown:
            raise NotFound("no unit here comes from {who}; there are: {known}", who=", ".join(unknown),
                           known=", ".join(sorted(known)) or "none")  # fmt: skip
    if scenario.without_operations:
        known = {u.mission for u in here.units if u.mission}
        unknown = sorted(set(scenario.without_operations) - known)
        if unknown:
            raise NotFound("no unit here is of the operation {who}; there are: {known}", who=", ".join(unknown),
                           known=", ".join(sorted(known)) or "none")  # fmt: skip
    own, gone = set(unit.contributors), set(scenario.without_contributors)
    leaves = bool(own & gone) if scenario.shared_units_go else bool(own) and own <= gone
    return leaves or unit.name in scenario.without_units or unit.mission in scenario.without_operations


def changed(here: Situation, scenario: Scenario) -> tuple[Floats, Floats]:
    """Forecast and people of each cell under a scenario; nothing is lost or made by a shift."""
    _known_areas(here, tuple(scenario.risk))
    factor = np.array([float(scenario.risk.get(a, 1.0)) for a in here.land.area_names])
    risk, people = here.risk * factor, here.land.people.people.copy()
    row = {int(g): k for k, g in enumerate(here.gids)}
    for start, end in scenario.shift:
        a, b = (row.get(int(lattice.gid_at(*here.point(text)[:2]))) for text in (start, end))
        if a is None or b is None:
            raise BadInput("scenario '{name}' moves people from or to a place outside the mission", name=scenario.name)
        if a == b:
            continue
        risk[b], risk[a] = risk[b] + risk[a], 0.0
        if not np.isnan(people[a]):
            people[b] = np.nan_to_num(people[b]) + people[a]
            people[a] = 0.0
    return risk, people


def _known_areas(here: Situation, areas: Sequence[str]) -> None:
    known = sorted({a for a in here.land.area_names if a})
    for area in areas:
        if area not in known:
            raise NotFound("there is no area '{area}'; there are: {known}", area=area, known=", ".join(known))
