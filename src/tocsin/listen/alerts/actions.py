"""Changing alerts and reports: a change names what it saw, leaves a line of history, and is never committed here."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, Conflict, NotFound
from tocsin.listen.alerts.sources import judge_sources
from tocsin.listen.alerts.tables import alert, alert_change
from tocsin.store.policy import Actor, Thing, demand

PROGRAM = "program"
# What a change may not touch: the name of the row, its history's counter, and labels, which have a door of their own.
_FIXED = frozenset({"id", "changed", "tlp", "classification"})


def thing_of(row: Mapping[str, Any]) -> Thing:
    """A row of an alert, report or source as rights see it."""
    return Thing(
        area=row.get("area"),
        owner=row.get("owner"),
        component=row.get("component"),
        tlp=Tlp(row["tlp"]),
        classification=Classification(row["classification"]),
    )


def change_alert(
    connection: sa.Connection,
    actor: Actor,
    alert_id: int,
    expected_changed: int | None,
    values: Mapping[str, Any],
    what: str,
    details: Mapping[str, Any],
    now: dt.datetime,
    undoes: int | None = None,
) -> int:
    """Change columns of an alert and write a line of its history.

    Parameters
    ----------
    expected_changed : int or None
        Counter `changed` of the alert that the person saw; None only for the program itself, which looks first.
    values : mapping
        Columns and their new values; may be empty when only the history is to say something.
        An `outcome` also goes into the records of the sources who spoke of it.
    what : str
        acknowledged, decided, closed …
    details : mapping
        Codes, numbers, ids; never words of a source.
    undoes : int, optional
        Line of the history that this one takes back.

    Returns
    -------
    int
        The alert's new counter.

    Raises
    ------
    NotFound
    Forbidden
    Conflict
        If somebody changed the alert since: look again.
    """
    wrong = set(values) & _FIXED or set(values) - set(alert.c.keys())
    if wrong:
        raise BadInput("an alert's {names} cannot be changed this way", names=", ".join(sorted(wrong)))
    query = sa.select(
        alert.c.changed, alert.c.outcome, alert.c.area, alert.c.component, alert.c.tlp, alert.c.classification
    ).where(alert.c.id == alert_id).with_for_update()  # fmt: skip
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no such alert")
    demand(actor, "change", "alert", "*", thing_of(dict(row)))
    if expected_changed is not None and row["changed"] != expected_changed:
        raise Conflict("alert {id} was changed by somebody else since you saw it: look again", id=alert_id)
    new = int(row["changed"]) + 1
    connection.execute(sa.update(alert).where(alert.c.id == alert_id).values(**values, changed=new))
    line = {"alert_id": alert_id, "at": now, "who": actor.id, "what": what, "details": dict(details), "undoes": undoes}
    connection.execute(sa.insert(alert_change).values(line))
    if "outcome" in values and values["outcome"] != row["outcome"]:
        judge_sources(connection, alert_id, row["outcome"], values["outcome"])
    return new
