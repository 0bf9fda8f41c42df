"""Plans asked for, the newest first, each with how far it has come."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from tocsin.plan.wishes.actions import SILENT
from tocsin.plan.wishes.model import CARDS, LEAVING, WHATIFS, wanted
from tocsin.plan.wishes.tables import plan_wish
from tocsin.plan.wishes.whatifs import AskedWhatIfs
from tocsin.store import run_of
from tocsin.store.policy import Actor, demand, only_readable


def list_wishes(connection: sa.Connection, actor: Actor, now: dt.datetime, most: int = 10) -> list[dict[str, Any]]:
    """Plans asked for, by everybody; one that nobody works on any more is 'stopped'."""
    found = _list(connection, actor, now, most, plan_wish.c.objective.not_in([*CARDS, *LEAVING, *WHATIFS]))
    for one in found:
        plan = run_of(connection, one["run"]) if one["run"] else None
        one["changes"] = None if plan is None else [
            {k: c.get(k) for k in ("what", "unit", "kind", "near", "area", "gid")} for c in plan.get("changes", [])
        ]  # fmt: skip
    return found


def list_cards(connection: sa.Connection, actor: Actor, now: dt.datetime, most: int = 10) -> list[dict[str, Any]]:
    """Cards of patrols and ways asked for, by everybody."""
    return _list(connection, actor, now, most, plan_wish.c.objective.in_(list(CARDS)))


def list_leaving(connection: sa.Connection, actor: Actor, now: dt.datetime, most: int = 10) -> list[dict[str, Any]]:
    """Orders of closing and watches asked for, by everybody."""
    return _list(connection, actor, now, most, plan_wish.c.objective.in_(list(LEAVING)))


def list_whatifs(connection: sa.Connection, actor: Actor, now: dt.datetime, most: int = 10) -> list[dict[str, Any]]:
    """Scenarios asked for, by everybody; `changed` names those whose figures are not those of the file loaded."""
    found = _list(connection, actor, now, most, plan_wish.c.objective.in_(list(WHATIFS)))
    for one in found:
        asked = wanted(one["objective"], one["demands"])
        made = run_of(connection, one["run"]) if one["run"] else None
        one["changed"] = None
        if isinstance(asked, AskedWhatIfs) and made is not None:
            one["changed"] = asked.changed_since_saved(made)
    return found


def _list(
    connection: sa.Connection, actor: Actor, now: dt.datetime, most: int, which: sa.ColumnElement[bool]
) -> list[dict[str, Any]]:
    demand(actor, "read", "plan")
    demand(actor, "read", "deployment")
    query = only_readable(sa.select(plan_wish), plan_wish, actor).where(which).order_by(plan_wish.c.id.desc())
    found = []
    for row in connection.execute(query.limit(most)).mappings():
        one = {k: row[k] for k in ("id", "objective", "demands", "state", "step", "run", "problem", "asked_at")}
        if one["state"] in ("waiting", "working") and row["beat_at"] < now - SILENT:
            one["state"] = "stopped"
        one["mine"] = row["asked_by"] == actor.id
        end = row["ended_at"] or now
        one["seconds"] = None if row["begun_at"] is None else round((end - row["begun_at"]).total_seconds(), 1)
        found.append(one)
    return found
