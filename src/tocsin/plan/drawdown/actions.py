"""From the bases of a mission to the order of leaving them, written down as a run."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput, NoData
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.core.words import mark
from tocsin.listen.deployments.model import Unit
from tocsin.plan.actions import largest_places
from tocsin.plan.drawdown.inplace import in_place
from tocsin.plan.drawdown.order import Closing, Ints, Order, close_by, close_in_order, greedy_order, protection
from tocsin.plan.mobility import hours, responders, season_of
from tocsin.plan.reach import overland_of
from tocsin.plan.situation import Situation, situation
from tocsin.store import finish_run
from tocsin.store.runs import run_id

CLOSABLE = {UnitKind.BASE, UnitKind.TOB}
ASSUMES = (
    mark("One step is one month; the forecast of the months ahead is spread evenly and held for every step."),
    mark("Protection is expected deaths within reach; a second base within reach counts {second} (judgement)."),
    mark("Reach is not protection: what the units would do there is not in the figure."),
    mark("The largest headquarters, reaction forces, police units and helicopters stay to the end, where they are."),
    mark(
        "What must be in place is a list to check against the ground, made from who loses reach; it proves nothing "
        "ready."
    ),
)
WORSE = (
    mark("An order of closing that becomes known tells armed groups where nobody will be, and when."),
    mark(
        "People who were seen with the mission stay behind: before each step, ask who they are and what they want done."
    ),
    mark("Closing last where harm is highest keeps people beside a base that will also close."),
)


@dataclass(frozen=True)
class Leave:
    """What is asked of a drawdown.

    Parameters
    ----------
    steps : int
        Months over which bases close.
    keep : int
        Bases that still stand after the last step.
    limit_hours : float
        Within how many hours arrival counts.
    not_before : mapping of unit name → step
        First step (1 is the first) at which a base may close: when what must be in place is ready.
    by : mapping of unit name → step
        Step by which a base must be closed.
    contracts : mapping of unit name → step
        When each base's contract ends; only to compare with closing in that order.
    costs : mapping of unit name → cost
        What each base costs a month, in any one currency; only to compare with closing the dearest first.
    seconds : float
    """

    steps: int = 6
    keep: int = 0
    limit_hours: float = 6.0
    not_before: Mapping[str, int] = field(default_factory=dict)
    by: Mapping[str, int] = field(default_factory=dict)
    contracts: Mapping[str, int] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 30.0


@dataclass(frozen=True)
class Left:
    """What the planner of drawdowns made: the run's id, its documented summary and what went in."""

    run: str
    summary: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)


def plan_drawdown(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    asked: Leave,
    as_of: int | None = None,
    operations: tuple[str, ...] = (),
    tell: Progress = silent,
) -> Left:
    """In which order to close bases so that the most expected deaths stay within reach, month by month.

    Raises
    ------
    BadInput, NotFound
        If a base is not known or a step is none.
    Infeasible
        If dates and numbers contradict each other, in words.
    NoData
        If there is no base that could close.
    """
    here = situation(connection, mission, now, as_of, operations, tell)
    tell("Ordering", 0, 1)
    result = drawdown_of(mission, here, asked, largest_places(connection, here.gids))
    inputs = {
        "assess": here.run,
        "asked": {**asked.__dict__, **{k: dict(getattr(asked, k)) for k in ("not_before", "by", "contracts", "costs")}},
        "operations": list(operations),
    }
    id = run_id("drawdown", inputs)
    result = {"run": id, "as_of": month_text(here.month), "assess_run": here.run, **result}
    finish_run(connection, id, "drawdown", inputs, result, now)
    tell("Ordering", 1, 1)
    return Left(id, result, inputs)


def drawdown_of(
    mission: Mission, here: Situation, asked: Leave, points: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
) -> dict[str, Any]:
    """The same from a situation already read; what `plan_drawdown` gives without the run."""
    if not (1 <= asked.steps <= 60 and asked.keep >= 0 and asked.limit_hours > 0 and asked.seconds > 0):
        raise BadInput("a drawdown takes 1 to 60 months, keeps 0 or more bases, and its hours lie above zero")
    able = [u for u, ok in zip(here.units, responders(here.units), strict=True) if ok]
    centre = max((u for u in able if "hq" in u.has), key=lambda u: (u.strength or 0, u.name), default=None)
    closable = [u.kind in CLOSABLE and u != centre for u in able]
    bases = [u for u, may in zip(able, closable, strict=True) if may]
    if not bases:
        raise NoData("no base is known here that could close: add units with `tocsin listen`")
    if asked.keep >= len(bases):
        raise BadInput("{keep} bases should stay and there are only {count}: nothing to close", keep=asked.keep,
                       count=len(bases))  # fmt: skip
    months = [here.month + k for k in range(1, asked.steps + 1)]
    seasons = [season_of(m, mission.wet_months) for m in months]
    used = sorted(set(seasons))
    overland = overland_of(mission, here.gids, here.month)
    measure = hours if overland is None else overland.hours
    x, y = points
    time = {s: measure(able, x, y, months[seasons.index(s)], wet_months=mission.wet_months) for s in used}
    monthly = here.risk / max(1, here.horizon)
    # Every cell once a season: a month has the weight of its own season's rows only.
    n = len(monthly)
    weight = np.zeros((asked.steps, n * len(used)))
    for t, s in enumerate(seasons):
        weight[t, n * used.index(s) : n * (used.index(s) + 1)] = monthly
    reach = np.concatenate([(time[s] <= asked.limit_hours).T for s in used])
    stays = sum(not may for may in closable)
    closing = Closing(
        reach, weight, stays + np.round(np.linspace(len(bases), asked.keep, asked.steps + 1)).astype(np.int64)[1:],
        *_dates(here, asked, able, closable),
    )  # fmt: skip
    found = close_in_order(closing, seconds=asked.seconds)
    closes = np.array(found.closes)
    before = float(protection(_open_all(closing), np.full(len(able), asked.steps)).mean())
    steps = [_step(here, asked, able, closes, time[seasons[t]], monthly, t, months[t], seasons[t], found)
             for t in range(asked.steps)]  # fmt: skip
    last = time[seasons[-1]][closes >= asked.steps].min(axis=0, initial=np.inf)
    return {
        "limit_hours": asked.limit_hours,
        "over": "ground" if overland else "straight line",
        "bases": len(bases),
        "stay_to_the_end": [u.name for u, may in zip(able, closable, strict=True) if not may],
        "kept": [u.name for u, may, c in zip(able, closable, found.closes, strict=True) if may and c >= asked.steps],
        "units": [
            {"unit": u.name, "lon": u.lon, "lat": u.lat, "step": int(c) + 1 if may and c < asked.steps else None}
            for u, may, c in zip(able, closable, found.closes, strict=True)
        ],
        "expected_deaths_a_month": float(monthly.sum()),
        "before": before,
        "steps": steps,
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap,
        "proven": found.proven,
        "price_of_order": found.price_of_order,
        "compared": _compared(asked, able, closing, found),
        "residual": _gap_cells(here, np.flatnonzero(last > asked.limit_hours), monthly, last, 50),
        "assumes": [line.format(second=closing.second) for line in ASSUMES],
        "worse": list(WORSE),
        "method": found.method,
        "data_hash": found.data_hash,
    }


def _dates(here: Situation, asked: Leave, able: list[Unit], closable: list[bool]) -> tuple[Ints, Ints]:
    earliest = np.array([0 if may else asked.steps for may in closable], dtype=np.int64)
    latest = np.full(len(able), asked.steps, dtype=np.int64)
    for name, step in [*asked.not_before.items(), *asked.by.items(), *asked.contracts.items()]:
        if here.unit(name) not in able or not closable[able.index(here.unit(name))]:
            raise BadInput("'{name}' is not a base that closes in this plan", name=name)
        if step < 1:
            raise BadInput("steps count from 1, and {name} was given {step}", name=name, step=step)
    for name, cost in asked.costs.items():
        if here.unit(name) not in able or not closable[able.index(here.unit(name))]:
            raise BadInput("'{name}' is not a base that closes in this plan", name=name)
        if not 0 <= cost < float("inf"):
            raise BadInput("the cost of {name} is a number of zero or more", name=name)
    for name, step in asked.not_before.items():
        earliest[able.index(here.unit(name))] = min(step - 1, asked.steps)
    for name, step in asked.by.items():
        latest[able.index(here.unit(name))] = min(step - 1, asked.steps)
    return earliest, latest


def _open_all(closing: Closing) -> Closing:
    n = closing.reach.shape[1]
    steps = len(closing.stay)
    return Closing(closing.reach, closing.weight, np.full(steps, n), np.zeros(n, dtype=np.int64),
                   np.full(n, steps), closing.second)  # fmt: skip


def _step(
    here: Situation, asked: Leave, able: list[Unit], closes: Ints, time: npt.NDArray[np.float64],
    monthly: npt.NDArray[np.float64], t: int, month: int, season: str, found: Order,
) -> dict[str, Any]:  # fmt: skip
    gone = np.flatnonzero(closes == t)
    first = time[closes >= t].min(axis=0, initial=np.inf)
    later = time[closes > t].min(axis=0, initial=np.inf)
    lost = np.flatnonzero((first <= asked.limit_hours) & (later > asked.limit_hours))
    cells = _gap_cells(here, lost, monthly, later, 10)
    out = later > asked.limit_hours
    return {
        "step": t + 1,
        "month": month_text(month),
        "season": season,
        "closes": [{"unit": able[j].name, "strength": able[j].strength} for j in gone],
        "open": int((closes > t).sum()),
        "protection": found.curve[t],
        "out_of_reach": float(monthly[out].sum()),
        "loses_reach": cells,
        "deaths_a_month_losing_reach": float(monthly[lost].sum()),
        "people_losing_reach": _people(here, lost),
        "in_place_before": in_place(here, [able[j] for j in gone], lost, monthly),
    }


def _people(here: Situation, rows: npt.NDArray[np.int64]) -> float | None:
    folk = here.land.people.people[rows]
    return None if len(rows) and np.isnan(folk).all() else float(np.nansum(folk))


def _gap_cells(
    here: Situation, rows: npt.NDArray[np.int64], monthly: npt.NDArray[np.float64], time: npt.NDArray[np.float64],
    most: int,
) -> list[dict[str, Any]]:  # fmt: skip
    found = []
    for i in rows[np.argsort(-monthly[rows], kind="stable")][:most]:
        lon, lat = (float(v) for v in lattice.centre(here.gids[i]))
        folk = here.land.people.people[i]
        found.append({
            "gid": int(here.gids[i]), "lon": lon, "lat": lat, "area": here.land.area_names[i] or None,
            "near": here.name_of(lon, lat), "deaths_a_month": float(monthly[i]),
            "people": None if np.isnan(folk) else float(folk),
            "nearest_hours": float(time[i]) if np.isfinite(time[i]) else None,
        })  # fmt: skip
    return found


def _compared(asked: Leave, able: list[Unit], closing: Closing, found: Order) -> list[dict[str, Any]]:
    """The same closings in the orders usually taken. Strength stands in for cost where no cost is given."""

    def dearest_first(known: list[float | None]) -> Ints:
        # A base of unknown cost or strength closes where a middling one would.
        middle = float(np.median([k for k in known if k is not None])) if any(k is not None for k in known) else 0.0
        return close_by(closing, np.array([-(middle if k is None else k) for k in known]))

    rows = [("greedy", "the loss of each step alone (greedy)", greedy_order(closing))]
    if asked.costs:
        rows.append(("cost", "cost: the dearest first", dearest_first([asked.costs.get(u.name) for u in able])))
    else:
        size = dearest_first([None if u.strength is None else float(u.strength) for u in able])
        rows.append(("size", "cost: the largest first", size))
    if asked.contracts:
        ends = np.array([float(asked.contracts.get(u.name, asked.steps)) for u in able])
        rows.append(("contract", "contract date", close_by(closing, ends)))
    return [
        {"by": by, "order": name, "value": float(protection(closing, closes).sum()),
         "curve": [float(v) for v in protection(closing, closes)],
         "kept_more": (found.value - float(protection(closing, closes).sum())) / found.value if found.value else 0.0}
        for by, name, closes in rows
    ]  # fmt: skip
