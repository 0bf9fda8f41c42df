"""Labels of sensitivity on rows: inherited upwards, and lowered in one place only.

A labelled table has the columns of `label_columns` and, from its migration, the triggers of `guard`: the database
itself refuses to let a label fall unless `lower` wrote the change down first, as the newest row of the audit trail.
"""

import datetime as dt
import functools
import operator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, NotFound, SetupProblem
from tocsin.store.audit import Entry, check_reason, record
from tocsin.store.policy import Actor, Thing, demand, policy
from tocsin.store.tables import label_change


@dataclass(frozen=True)
class Label:
    """Who may hear it, and its class as a document."""

    tlp: Tlp
    classification: Classification

    def __or__(self, other: "Label") -> "Label":
        """The stricter of two, step by step: what a thing made of both inherits.

        >>> (Label(Tlp.GREEN, Classification.CONFIDENTIAL) | Label(Tlp.RED, Classification.UNCLASSIFIED)).tlp.value
        'RED'
        """
        if self == other:
            return self
        return Label(
            max(self.tlp, other.tlp, key=lambda t: t.rank),
            max(self.classification, other.classification, key=lambda c: c.rank),
        )


def label_columns() -> tuple[sa.Column[str], sa.Column[str]]:
    """Columns of a labelled table."""
    return sa.Column("tlp", sa.Text, nullable=False), sa.Column("classification", sa.Text, nullable=False)


def inherited(*labels: Label) -> Label:
    """Label of a thing made from others: the strictest of each. Made from nothing, the strictest there is."""
    if not labels:
        return Label(Tlp.RED, Classification.STRICTLY_CONFIDENTIAL)
    return functools.reduce(operator.or_, set(labels))  # the reports of an alert mostly bear the same one


def raise_label(
    connection: sa.Connection, actor: Actor, table: sa.Table, row_id: Any, label: Label, now: dt.datetime
) -> Label:
    """Make a row's label at least this strict; needs the right to change the row.

    Returns
    -------
    Label
        The label it has now.
    """
    old, thing = _row(connection, table, row_id)
    demand(actor, "change", policy().places[table.name].object, "*", thing)
    new = old | label
    if new != old:
        _write_down(connection, actor, table, row_id, old, new, "label.raise", "", now)
    return new


def lower(
    connection: sa.Connection,
    actor: Actor,
    table: sa.Table,
    row_id: Any,
    label: Label,
    reason: str,
    now: dt.datetime,
) -> None:
    """Let a row's label fall: the only way, for who has the right ``lower`` on it, with a reason, in the trail.

    Raises
    ------
    Forbidden
    BadInput
        If it would not fall, or no reason is given.
    """
    old, thing = _row(connection, table, row_id)
    demand(actor, "lower", policy().places[table.name].object, "label", thing)
    why = check_reason(reason)
    if label == old or label | old != old:
        raise BadInput("that label is not lower than the present one; raising needs no reason")
    _write_down(connection, actor, table, row_id, old, label, "label.lower", why, now)


def _row(connection: sa.Connection, table: sa.Table, row_id: Any) -> tuple[Label, Thing]:
    place = policy().places.get(table.name)
    if place is None or "tlp" not in table.c:
        raise SetupProblem("table {name} carries no label", name=table.name)
    row = connection.execute(sa.select(table).where(table.c.id == row_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("there is no {object} {id}", object=place.object, id=row_id)
    label = Label(Tlp(row["tlp"]), Classification(row["classification"]))
    said = {k: row[place.columns[k]] for k in ("area", "owner", "component", "regime") if k in place.columns}
    return label, Thing(tlp=label.tlp, classification=label.classification, **said)


def _write_down(
    connection: sa.Connection,
    actor: Actor,
    table: sa.Table,
    row_id: Any,
    old: Label,
    new: Label,
    what: str,
    why: str,
    now: dt.datetime,
) -> None:
    details = {
        "from": [old.tlp.value, old.classification.value],
        "to": [new.tlp.value, new.classification.value],
    }
    seq = record(connection, now, Entry(actor.id, what, table.name, str(row_id), why, details))
    connection.execute(
        sa.insert(label_change).values(
            audit_seq=seq,
            table_name=table.name,
            row_id=str(row_id),
            from_tlp=old.tlp.value,
            to_tlp=new.tlp.value,
            from_classification=old.classification.value,
            to_classification=new.classification.value,
        )
    )
    values = {"tlp": new.tlp.value, "classification": new.classification.value}
    connection.execute(sa.update(table).where(table.c.id == row_id).values(values))


def guard(table: str, dialect: str) -> list[str]:
    """Statements for a migration: triggers that refuse a label that falls, or is none of the ladder.

    Parameters
    ----------
    table : str
        A table with ``id`` and `label_columns`.
    dialect : str
        ``sqlite`` or ``postgresql``.
    """

    def rank(column: str, ladder: Any) -> str:
        steps = " ".join(f"WHEN '{step.value}' THEN {step.rank}" for step in ladder)
        return f"(CASE {column} {steps} END)"

    falls = " OR ".join(
        f"{rank(f'NEW.{c}', ladder)} < {rank(f'OLD.{c}', ladder)}"
        for c, ladder in (("tlp", Tlp), ("classification", Classification))
    )
    unknown = f"{rank('NEW.tlp', Tlp)} IS NULL OR {rank('NEW.classification', Classification)} IS NULL"
    written = f"""EXISTS (SELECT 1 FROM label_change l JOIN audit_head h ON h.seq = l.audit_seq
        WHERE l.table_name = '{table}' AND l.row_id = CAST(OLD.id AS TEXT)
        AND l.from_tlp = OLD.tlp AND l.to_tlp = NEW.tlp
        AND l.from_classification = OLD.classification AND l.to_classification = NEW.classification)"""  # noqa: S608
    message = "a label never falls unseen"
    if dialect == "sqlite":
        raised = f"SELECT RAISE(ABORT, '{message}')"
        return [
            f"""CREATE TRIGGER {table}_label_falls BEFORE UPDATE ON {table} WHEN {falls}
                BEGIN {raised} WHERE NOT {written}; END""",
            f"CREATE TRIGGER {table}_label_known BEFORE UPDATE ON {table} WHEN {unknown} BEGIN {raised}; END",
            f"CREATE TRIGGER {table}_label_given BEFORE INSERT ON {table} WHEN {unknown} BEGIN {raised}; END",
        ]
    return [
        f"""CREATE FUNCTION {table}_label_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {unknown} THEN RAISE EXCEPTION '{message}'; END IF;
            IF TG_OP = 'UPDATE' THEN IF ({falls}) AND NOT {written} THEN RAISE EXCEPTION '{message}'; END IF; END IF;
            RETURN NEW; END $$""",
        f"""CREATE TRIGGER {table}_label_guard BEFORE INSERT OR UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_label_guard()""",
    ]
