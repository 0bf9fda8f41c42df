"""After leaving: a watch on each area, when to come back, and the least that would have to."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.core.words import mark
from tocsin.listen.deployments.model import Unit
from tocsin.plan.actions import largest_places
from tocsin.plan.drawdown.trigger import CAME_TRUE, calibrate, delay, quiet_of
from tocsin.plan.mobility import hours, responders
from tocsin.plan.reach import overland_of
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run
from tocsin.store.runs import run_id

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

RISES = (2.0, 4.0)  # rises whose delay is stated
MOST_BACK = 6  # bases looked for, per area
SECONDS = 5.0  # for the fewest, per area
NONE_CAN = 2  # the solver's word for: nothing meets this
ASSUMES = (
    mark("A watch counts events that were reported; after a mission leaves fewer may be."),
    mark("The months before the watch are taken as quiet; where they were not, the watch sees only what is worse than "
         "that."),
    mark("Counts are negative binomial and months independent; a slow rise is seen late."),
    mark("The chance of a false alarm is for one area; with many areas some watch errs more often."),
    mark("The chance of a false alarm allows for real quiet that drifts more than simulated quiet; on series it was "
         "not learned from it came out at {low} to {high} times what is stated."),
)  # fmt: skip
WORSE = (
    mark("An alarm is a reason to look, not to move: decide with those who live there."),
    mark("Coming back to one place can draw fighting to it, or leave another place without."),
)
CAME = {"low": CAME_TRUE[0], "high": CAME_TRUE[1]}  # what fills the assumptions


@dataclass(frozen=True)
class Watch:
    """What is asked of a watch.

    Parameters
    ----------
    left : int, optional
        Month number of leaving; the watch begins with the month after. `months` before the as-of month if not given.
    baseline : int
        Months up to leaving from which quiet is learned.
    months : int
        Length of the watch the chance of a false alarm is stated for.
    false_alarm : float
        Chance of a false alarm in one area within `months`.
    limit_hours, floor : float
        The share of an area's expected deaths that should be within so many hours.
    seed : int
    """

    left: int | None = None
    baseline: int = 24
    months: int = 24
    false_alarm: float = 0.1
    limit_hours: float = 6.0
    floor: float = 0.5
    seed: int = 1


@dataclass(frozen=True)
class Watched:
    """What the watch made: the run's id and its documented summary."""

    run: str
    summary: dict[str, Any]


def plan_contingency(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    asked: Watch,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Watched:
    """Which areas have changed since the mission left, and the smallest return that restores a floor of protection.

    Raises
    ------
    BadInput
        If the months or shares make no sense.
    """
    here = situation(connection, mission, now, as_of, operations, tell)
    result = contingency_of(mission, here, asked, largest_places(connection, here.gids), tell)
    inputs = {"assess": here.run, "asked": asked.__dict__, "operations": list(operations)}
    id = run_id("contingency", inputs)
    result = {"run": id, "as_of": month_text(here.month), "assess_run": here.run, **result}
    finish_run(connection, id, "contingency", inputs, result, now)
    return Watched(id, result)


def contingency_of(
    mission: Mission, here: Situation, asked: Watch, points: tuple[Floats, Floats], tell: Progress = silent
) -> dict[str, Any]:
    """The same from a situation already read; what `plan_contingency` gives without the run."""
    left = here.month - asked.months if asked.left is None else asked.left
    if not (left < here.month and asked.baseline >= 6 and asked.months >= 1):
        raise BadInput("a watch begins before the month it is read in and learns from at least six months")
    if not (0 < asked.floor <= 1 and 0 < asked.false_alarm < 1 and asked.limit_hours > 0):
        raise BadInput("a floor and a chance of a false alarm lie between 0 and 1, and hours above 0")
    area = np.array(here.land.area_names, dtype=object)
    names = sorted({a for a in area if a})
    seen = monthly_counts(here, area, names, left - asked.baseline + 1)
    able = [u for u, ok in zip(here.units, responders(here.units), strict=True) if ok]
    overland = overland_of(mission, here.gids, here.month)
    measure = hours if overland is None else overland.hours
    x, y = points
    soonest = measure(able, x, y, here.month, wet_months=mission.wet_months).min(axis=0, initial=np.inf)
    held = np.asarray(soonest <= asked.limit_hours, dtype=bool)
    probes = [Unit("", UnitKind.TOB, float(a), float(b), None) for a, b in zip(x, y, strict=True)]
    reach = measure(probes, x, y, here.month, wet_months=mission.wet_months) <= asked.limit_hours
    found = []
    for k, name in enumerate(names):
        tell("Watching", k, len(names))
        # A seed of its own for each area: one more area does not change another's threshold.
        rng = np.random.default_rng([asked.seed, k])
        quiet = quiet_of(seen[k, : asked.baseline])
        trigger = calibrate(quiet, rng, months=asked.months, false_alarm=asked.false_alarm)
        watched = seen[k, asked.baseline :]
        value = trigger.rule(quiet, watched)
        first = int(trigger.first(watched))
        alarm = bool(value[-1] > trigger.threshold)
        late = [delay(trigger, rng, ratio) for ratio in RISES]
        inside = np.asarray(area == name, dtype=bool)
        found.append({
            "area": name,
            "quiet_a_month": quiet.mean,
            "spread": quiet.spread,
            "last_month": int(watched[-1]),
            "last_3_months": int(watched[-3:].sum()),
            "statistic": float(value[-1]),
            "threshold": trigger.threshold,
            "alarm": alarm,
            "first_alarm": month_text(left + 1 + first) if first >= 0 else None,
            "events_next_month_that_raise_it": None if alarm else trigger.raises_next(watched),
            "false_alarm": trigger.false_alarm,
            "false_alarm_between": list(trigger.false_alarm_between),
            "delays": [d.__dict__ for d in late],
            "protected_share": _share(here.risk, inside, held),
            "back": _back(here, inside, held, reach, points, asked) if alarm else None,
        })  # fmt: skip
    tell("Watching", len(names), len(names))
    found.sort(key=lambda row: (not row["alarm"], -row["statistic"] / row["threshold"] if row["threshold"] else 0.0))
    return {
        "left": month_text(left),
        "baseline_from": month_text(left - asked.baseline + 1),
        "months": asked.months,
        "false_alarm_asked": asked.false_alarm,
        "limit_hours": asked.limit_hours,
        "floor": asked.floor,
        "areas": found,
        "assumes": [line.format(**CAME) for line in ASSUMES],
        "worse": list(WORSE),
        "method": "largest of three cumulative sums of log-likelihood ratios, threshold by simulation",
    }


def monthly_counts(
    here: Situation, area: npt.NDArray[np.object_], names: Sequence[str], first: int
) -> npt.NDArray[np.int64]:
    """Events in each area and month from month `first` to the situation's, shape (n_areas, n_months)."""
    at = np.searchsorted(here.gids, here.events.gid)
    month = here.events.first_day.astype("datetime64[M]").astype(np.int64) + (1970 - 1980) * 12 + 1
    row = {name: k for k, name in enumerate(names)}
    where = np.array([row.get(a, -1) for a in area])[at]
    keep = (where >= 0) & (month >= first) & (month <= here.month)
    found = np.zeros((len(names), here.month - first + 1), dtype=np.int64)
    np.add.at(found, (where[keep], month[keep] - first), 1)
    return found


def _share(risk: Floats, inside: Flags, held: Flags) -> float | None:
    total = float(risk[inside].sum())
    return float(risk[inside & held].sum() / total) if total > 0 else None


def _back(
    here: Situation, inside: Flags, held: Flags, reach: Flags, points: tuple[Floats, Floats], asked: Watch
) -> dict[str, Any]:
    """The fewest temporary bases that bring the floor of an area's expected deaths within reach, and where."""
    share = _share(here.risk, inside, held)
    sites, enough, proven = fewest_bases(here.risk * inside, held, reach, asked.floor)
    covered = held | reach[sites].any(axis=0)
    return {
        "bases": [{"gid": int(here.gids[s]), "near": here.name_of(float(points[0][s]), float(points[1][s])),
                   "lon": float(lattice.centre(here.gids[s])[0]), "lat": float(lattice.centre(here.gids[s])[1])}
                  for s in sites],
        "share_before": share,
        "share_after": _share(here.risk, inside, covered),
        "restores_floor": enough,
        "proven": proven,
    }  # fmt: skip


class Fewest(NamedTuple):
    """The fewest sites that restore a floor.

    Parameters
    ----------
    sites : list of int
    enough : bool
        False when `MOST_BACK` sites do not restore it, wherever they are: then those that add most one by one.
    proven : bool
        No fewer would do, or none at all; False when time ran out first.
    """

    sites: list[int]
    enough: bool
    proven: bool


def fewest_bases(weight: Floats, held: Flags, reach: Flags, floor: float) -> Fewest:
    """The fewest sites that bring a share of the weight within reach, beside what is held already; exact.

    Parameters
    ----------
    weight : ndarray, shape (n_places,)
    held : ndarray of bool, shape (n_places,)
    reach : ndarray of bool, shape (n_sites, n_places)
    floor : float

    >>> fewest_bases(np.array([1.0, 1.0, 2.0]), np.array([True, False, False]), np.eye(3, dtype=bool), 0.7)
    Fewest(sites=[2], enough=True, proven=True)
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    missing = floor * float(weight.sum()) - float(weight[held].sum())
    if missing <= 1e-12:
        return Fewest([], enough=True, proven=True)
    open_ = np.flatnonzero((weight > 0) & ~held & reach.any(axis=0))
    useful = _not_within_another(reach[:, open_])
    gain, inside = weight[open_], reach[np.ix_(useful, open_)]
    left, greedy = gain.copy(), list[int]()
    while len(greedy) < MOST_BACK and left.any() and gain.sum() - left.sum() < missing - 1e-12:
        best = int(np.argmax(inside @ left))
        greedy.append(int(useful[best]))
        left = np.where(inside[best], 0.0, left)
    enough = bool(gain.sum() - left.sum() >= missing - 1e-12)
    if gain.sum() < missing - 1e-12 or (enough and len(greedy) == 1):
        return Fewest(greedy, enough, proven=True)
    # One after another they may not do where others would: whether so few do at all is asked of the whole program.
    n, k = len(useful), len(open_)
    rows = np.hstack([-inside.T.astype(np.float64), np.eye(k)])
    rows = np.vstack([rows, np.r_[np.zeros(n), gain], np.r_[np.ones(n), np.zeros(k)]])
    solved = milp(
        # Of answers with as few sites, the one that reaches most.
        np.concatenate([np.ones(n), -gain / (gain.sum() * 2)]),
        constraints=LinearConstraint(rows, np.r_[np.full(k, -np.inf), missing - 1e-12, 0.0],
                                     np.r_[np.zeros(k), np.inf, MOST_BACK]),
        bounds=Bounds(0, 1), integrality=np.r_[np.ones(n), np.zeros(k)], options={"time_limit": SECONDS},
    )  # fmt: skip
    if solved.x is None:
        return Fewest(greedy, enough, proven=solved.status == NONE_CAN and not enough)
    found = [int(s) for s in useful[solved.x[:n] > 0.5]]
    return Fewest(found if len(found) <= len(greedy) or not enough else greedy, enough=True, proven=solved.status == 0)


def _not_within_another(reach: Flags) -> Ints:
    """Sites that reach something, and not only what another reaches; of those that reach the same, the first."""
    size = reach.sum(axis=1)
    order = np.lexsort((np.arange(len(reach)), -size))
    kept: list[int] = []
    for site in order[size[order] > 0]:
        if not any((reach[site] <= reach[other]).all() for other in kept):
            kept.append(int(site))
    return np.array(sorted(kept), dtype=np.int64)
