"""A part of a proposed plan, taken by hand: which of its changes, what they do without the rest, kept as a plan."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput, Conflict, NotFound
from tocsin.core.time import month_text
from tocsin.plan.board import Board, Change, Dragged
from tocsin.plan.cover import LIMITS, best_hours
from tocsin.store import finish_run, run_of
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor, demand
from tocsin.store.runs import run_id
from tocsin.store.tables import run as table

ASSUMES = (
    "Chosen by hand out of a plan: nobody has proven that a better choice of as many changes does not exist.",
    "Reach is not safety: being within reach says that somebody could come, not that they will, nor that it helps.",
)
OTHER_TRAVEL = ("night", "payload", "slow_in_danger")


@dataclass(frozen=True)
class Proposed:
    """A plan as drawn up, and its changes in the order it names them."""

    run: str
    assess: str
    season: str
    limit_hours: float
    objective: str | None
    ground: bool
    other_travel: bool
    changes: tuple[dict[str, Any], ...]
    part_of: str | None


def proposed(connection: sa.Connection, run: str) -> Proposed:
    """A plan that was drawn up, by its run.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = connection.execute(
        sa.select(table.c.inputs, table.c.output).where(table.c.id == run, table.c.kind.in_(("plan", "posture")))
    ).one_or_none()
    made = None if row is None else {**row.output, **row.output.get("axes", {})}
    if row is None or made is None or "limit_hours" not in made:
        raise NotFound("there is no plan {run}; `tocsin plan --json` gives a plan's run", run=run)
    changes = row.output.get("changes", row.output.get("moves", []))
    return Proposed(
        run, made["assess_run"], made["season"], float(made["limit_hours"]), made.get("objective"),
        bool(made.get("ground")), any(row.inputs.get(name) or made.get(name) for name in OTHER_TRAVEL),
        tuple(changes), made.get("part_of"),
    )  # fmt: skip


def changes_of(plan: Proposed, taken: Collection[int]) -> list[Change]:
    """The changes taken, by their numbers from 0.

    Raises
    ------
    BadInput
        If a number is none of the plan's.
    """
    if any(not 0 <= k < len(plan.changes) for k in taken):
        raise BadInput("the plan has {n} changes: name them by their numbers from 0", n=len(plan.changes))
    return [
        Change(c["what"], c["unit"], UnitKind(c["kind"]), c["gid"], c.get("strength"))
        for c in (plan.changes[k] for k in sorted(set(taken)))
    ]


def check_board(plan: Proposed, board: Board) -> None:
    """Refuse to measure a plan with travel times that are not those it was drawn up with.

    Raises
    ------
    Conflict
        If it rests on another assessment, or on other travel than the board's.
    """
    if plan.assess != board.here.run:
        raise Conflict("this plan rests on an earlier assessment: draw up a new one, then take parts of it")
    if plan.other_travel or plan.ground != (board.over == "ground"):
        raise Conflict("this plan was drawn up for other ways of travelling (night, load, danger or no roads): "
                       "its parts cannot be measured here")  # fmt: skip


def part_of(plan: Proposed, taken: Collection[int], board: Board) -> Dragged:
    """What some changes of a plan do without the rest, in its season and within its hours.

    Raises
    ------
    BadInput
        If a number is none of the plan's.
    Conflict
        If the board's travel times are not the plan's.
    NotFound
        If a unit of it is no longer there.
    """
    check_board(plan, board)
    return board.together(changes_of(plan, taken), plan.limit_hours)


def accept_part(
    connection: sa.Connection, actor: Actor, plan: Proposed, taken: Collection[int], board: Board, now: dt.datetime
) -> str:
    """Keep some changes of a plan as a plan of their own, with who chose them in the audit trail; its run.

    Raises
    ------
    BadInput
        If nothing is taken.
    Forbidden
        If the actor may not plan.
    """
    demand(actor, "create", "plan")
    demand(actor, "read", "deployment")
    if not taken:
        raise BadInput("take at least one change of the plan")
    chosen = sorted(set(taken))
    found = part_of(plan, chosen, board)
    here, told = board.here, found.summary
    first, later = board.first, best_hours(found.hours)
    total = float(here.risk[later <= plan.limit_hours].sum())
    inputs = {"of": plan.run, "taken": chosen, "assess": here.run}
    id = run_id("posture", inputs)
    axes = {
        "season": board.season, "ground": board.over == "ground",
        "before": float(here.risk[first <= plan.limit_hours].sum()), "value": total,
        "covered": board.stands(LIMITS), "covered_after": board.after(found, LIMITS), "by_area": told["by_area"],
        "worse": [c["gid"] for c in told["loses"]],
        "unreachable": [int(g) for g in here.gids[np.isinf(first)]],
        "moves": [{"what": plan.changes[k]["what"]} for k in chosen],
    }  # fmt: skip
    result = {
        "run": id, "as_of": month_text(here.month), "assess_run": here.run, "target": here.target,
        "horizon": here.horizon, "limit_hours": plan.limit_hours, "objective": plan.objective, "part_of": plan.run,
        "taken": chosen, "of": len(plan.changes), "changes": [plan.changes[k] for k in chosen], "value": total,
        "bound": None, "gap": None, "method": "chosen by hand", "assumes": list(ASSUMES), "axes": axes,
    }  # fmt: skip
    if run_of(connection, id) is None:
        finish_run(connection, id, "posture", inputs, result, now)
    details = {"of": f"r{plan.run}", "taken": len(chosen)}  # twelve digits alone could be a telephone
    record(connection, now, Entry(actor.id, "plan.accept", "plan", id, details=details))
    return id
