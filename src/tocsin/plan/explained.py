"""Why this plan: what one more unit would bring, the second best, roads everything hangs on, what deaths go with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from tocsin.core import lattice
from tocsin.core.errors import BadInput
from tocsin.plan.drawn import Plan
from tocsin.plan.mobility import Mode, Terrain, lifelines
from tocsin.plan.posture import compare

Floats = npt.NDArray[np.float64]

MOST_ROADS = 300  # each road is cut alone and the times computed again
WORST_ROADS = 5


@dataclass(frozen=True)
class Explained:
    """What stands behind a plan.

    Parameters
    ----------
    one_more : list of dict
        `what` and what it `brings`: expected deaths within reach beyond those of the plan (the shadow value).
    second_best : dict or None
        The best plan without the first recommendation's cell: `without`, `value`, `moves`; None if nothing moves.
    lifelines : list of dict
        Roads whose cutting takes cells out of reach: `road`, `ends`, `lost` (cells), `risk`. Empty without roads.
    lifelines_note : str
        Why there are none, if they were not computed.
    association : dict
        What the change of posture is associated with: `words`, `change`, `low_90`, `high_90`, `better`, `displaced`.
    """

    one_more: list[dict[str, Any]]
    second_best: dict[str, Any] | None
    lifelines: list[dict[str, Any]]
    lifelines_note: str
    association: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return dict(vars(self))


def explain(
    plan: Plan,
    draw: Callable[..., Plan],
    additional: int,
    most_moves: int,
    terrain: Terrain | None,
    mode: Mode,
    state_share: Floats | None,
    risk: Floats,
    points: tuple[Floats, Floats],
    rng: np.random.Generator,
) -> Explained:
    """Explain a plan.

    Parameters
    ----------
    plan : Plan
    draw : callable
        `draw_up` with everything set but `additional`, `most_moves` and `forbidden`.
    terrain, mode : Terrain or None, Mode
        For the roads; the mode of the bases.
    state_share : ndarray, shape (n_cells,), or None
        Share of each cell's harm that state forces do; None when nothing is known of perpetrators.
    risk : ndarray, shape (n_cells,)
        Expected deaths; NaN where there is no forecast.
    points : longitudes and latitudes that times are measured to, shape (n_cells,)
    """
    value = plan.moves.value
    one_more = []
    for what, more, moved in (
        ("one more temporary base", additional + 1, most_moves),
        ("one more unit that may move", additional, most_moves + 1),
    ):
        then = draw(additional=more, most_moves=moved)
        one_more.append({"what": what, "brings": max(then.moves.value - value, 0.0)})
    second = None
    if plan.moves.moves:
        first = int(plan.gids[plan.moves.moves[0].place])
        then = draw(additional=additional, most_moves=most_moves, forbidden=[first])
        second = {"without": first, "value": then.moves.value, "moves": then.to_json()["moves"]}
    roads, note = _roads(plan, terrain, mode, risk, points)
    return Explained(one_more, second, roads, note, _association(plan, state_share, risk, points, rng))


def _roads(
    plan: Plan, terrain: Terrain | None, mode: Mode, risk: Floats, points: tuple[Floats, Floats]
) -> tuple[list[dict[str, Any]], str]:
    if terrain is None or not terrain.roads:
        return [], "no roads are known"
    if len(terrain.roads) > MOST_ROADS:
        return [], f"there are more than {MOST_ROADS} pieces of road: not every one was tried"
    units = plan.posture_after()
    places = [(u.lon, u.lat) for u in units]
    grid = terrain.grid
    inside = [grid.west <= x <= grid.west + grid.cols * grid.step
              and grid.north - grid.rows * grid.step <= y <= grid.north for x, y in places]  # fmt: skip
    stand = [p for p, good in zip(places, inside, strict=True) if good]
    found = lifelines(
        terrain, mode, plan.season, stand, [0.5] * len(stand), *points, np.nan_to_num(risk), plan.limit_hours
    )
    return [
        {
            "road": line.road,
            "ends": _ends(terrain.roads[line.road].line),
            "lost": [int(plan.gids[p]) for p in line.lost],
            "risk": line.weight,
        }
        for line in found[:WORST_ROADS]
    ], ""


def _ends(line: Any) -> list[list[float]]:
    """First and last point of a road, lon and lat."""
    points = shapely.get_coordinates(line)
    return [points[0].tolist(), points[-1].tolist()]


def _association(
    plan: Plan, state_share: Floats | None, risk: Floats, points: tuple[Floats, Floats], rng: np.random.Generator
) -> dict[str, Any]:
    before = [u for u, able in zip(plan.units, plan.able, strict=True) if able and u.strength is not None]
    hours = plan.hours_before[[u.strength is not None for u in _able(plan)]]
    after = [(u, h) for u, h in zip(plan.posture_after(), plan.moves.hours_after, strict=True)
             if u.strength is not None]  # fmt: skip
    harm = np.nan_to_num(risk)
    share = np.zeros(len(harm)) if state_share is None else state_share
    try:
        told = compare(
            (before, hours), ([u for u, _ in after], np.array([h for _, h in after]).reshape(len(after), len(harm))),
            *points, harm * (1 - share), harm * share, lattice.adjacency(plan.gids), rng,
        )  # fmt: skip
    except BadInput as problem:
        return {"words": str(problem)}
    words = told.words + ("" if state_share is not None else " Who kills is not known here: taken as armed groups.")
    return {"words": words, "change": told.change, "low_90": told.change_low, "high_90": told.change_high,
            "better": told.better, "displaced": told.displaced, "by_actor": told.by_actor}  # fmt: skip


def _able(plan: Plan) -> Sequence[Any]:
    return [u for u, able in zip(plan.units, plan.able, strict=True) if able]
