"""Who may do what: one table a person can read (``policy.toml``), applied on the query.

`allowed` answers for one action on one thing; `only_readable` narrows a query so that its rows and fields are those the
actor may see, whatever door asks: page, API, tile, search, count, live event, export, feed, history, notification.
What the table does not say is not allowed.
"""

import functools
import tomllib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from tocsin.core.codes import Classification, Component, Role, Tlp
from tocsin.core.errors import Forbidden, SetupProblem

TABLE = Path(__file__).with_name("policy.toml")
ACTIONS = {"read", "create", "change", "approve", "lower", "find", "send", "erase"}
LIMITS = {"area", "own", "component"}
EVERYWHERE = frozenset({"*"})
Select = TypeVar("Select", bound="sa.Select[Any]")


@dataclass(frozen=True)
class Actor:
    """Somebody, or a part of the program, who asks.

    Parameters
    ----------
    id : str
        Account id; stands in the audit trail.
    roles : frozenset of Role
        Rights are the union of the roles' rights.
    areas : frozenset of str
        Codes of the person's areas; ``{"*"}`` is the whole mission, an empty set is nowhere.
    component : Component
    scope : frozenset of str, optional
        What an API token was made for (``"read alert"``); None = everything the roles allow.
    """

    id: str
    roles: frozenset[Role]
    areas: frozenset[str] = frozenset()
    component: Component = Component.CIVILIAN
    scope: frozenset[str] | None = None


@dataclass(frozen=True)
class Thing:
    """One row as rights see it; what is not known about it is not matched.

    Parameters
    ----------
    area, owner, component : str, optional
    tlp, classification : optional
        Unknown labels count as the most restricted.
    regime : str
        Special regime of the row, empty if none.
    """

    area: str | None = None
    owner: str | None = None
    component: str | None = None
    tlp: Tlp = Tlp.RED
    classification: Classification = Classification.STRICTLY_CONFIDENTIAL
    regime: str = ""


@dataclass(frozen=True)
class _Ceiling:
    tlp: Tlp
    classification: Classification
    regimes: frozenset[str]


@dataclass(frozen=True)
class _Place:
    """Where a table says what."""

    object: str
    columns: Mapping[str, str] = field(default_factory=dict)
    tlp: Tlp = Tlp.RED
    classification: Classification = Classification.STRICTLY_CONFIDENTIAL


@dataclass(frozen=True)
class Policy:
    """The table, read and checked."""

    ceilings: Mapping[Role, _Ceiling]
    places: Mapping[str, _Place]
    rights: Mapping[tuple[str, str, Role, str], frozenset[str]]  # object, field, role, action -> limits
    own_lines: frozenset[tuple[str, str]]

    def limits(self, kind: str, field: str, role: Role, action: str) -> frozenset[str] | None:
        """Limits under which a role may do this, or None if it may not at all."""
        line = field if (kind, field) in self.own_lines else "*"
        return self.rights.get((kind, line, role, action))

    def limits_of(self, kind: str, role: Role, action: str) -> frozenset[str]:
        """Every limit that holds for some field."""
        found = (v for (k, _, r, a), v in self.rights.items() if (k, r, a) == (kind, role, action))
        return frozenset().union(*found)


def read_policy(text: str) -> Policy:
    """Read and check a table of rights.

    Raises
    ------
    SetupProblem
        If it names a role, action, limit or label that does not exist.
    """
    rights: dict[tuple[str, str, Role, str], frozenset[str]] = {}
    lines = set()
    try:
        raw = tomllib.loads(text)
        ceilings = {
            Role(name): _Ceiling(Tlp(c["tlp"]), Classification(c["classification"]), frozenset(c["regimes"]))
            for name, c in raw["roles"].items()
        }
        places = {name: _place(line) for name, line in raw["tables"].items()}
        for object_, fields in raw["rights"].items():
            for field_, roles in fields.items():
                lines.add((object_, field_))
                for role, words in roles.items():
                    actions, _, limits = words.partition("@")
                    wrong = (set(actions.split()) - ACTIONS) | (set(limits.split()) - LIMITS)
                    if wrong or not actions.split():
                        raise ValueError(f"{object_}.{field_} {role}: {' '.join(wrong) or 'no action'}")
                    for action in actions.split():
                        rights[object_, field_, Role(role), action] = frozenset(limits.split())
        if set(ceilings) != set(Role):
            raise ValueError(f"roles: {set(ceilings) ^ set(Role)}")
        unknown = {p.object for p in places.values()} - {o for o, _ in lines}
        if unknown:
            raise ValueError(f"objects without rights: {unknown}")
    except (KeyError, ValueError, TypeError, AttributeError) as problem:
        raise SetupProblem(
            "the table of rights is wrong ({why}): compare it with its heading", why=problem
        ) from problem
    return Policy(ceilings, places, rights, frozenset(lines))


def _place(line: dict[str, str]) -> _Place:
    columns = {k: v for k, v in line.items() if k in ("area", "owner", "component", "regime")}
    extra = set(line) - set(columns) - {"object", "tlp", "classification"}
    if extra:
        raise ValueError(f"unknown words {extra}")
    fixed: dict[str, Any] = {}
    for name, kind in (("tlp", Tlp), ("classification", Classification)):
        value = line.get(name)
        if value is not None and value == value.upper():
            fixed[name] = kind(value)
        elif value is not None:
            columns[name] = value
    return _Place(line["object"], columns, **fixed)


@functools.cache
def policy() -> Policy:
    """The program's table of rights."""
    return read_policy(TABLE.read_text(encoding="utf-8"))


def allowed(
    actor: Actor, action: str, kind: str, field: str = "*", thing: Thing | None = None, table: Policy | None = None
) -> bool:
    """Whether an actor may do this.

    Parameters
    ----------
    actor : Actor
    action : str
        read, create, change, approve, lower, find, send or erase.
    kind, field : str
        Object and field as in ``policy.toml``; ``"*"`` asks for the fields without a line of their own.
    thing : Thing, optional
        The row. None asks "on any row at all?", good for showing or hiding a control, not for opening a row.
    """
    rules = table or policy()
    if actor.scope is not None and f"{action} {kind}" not in actor.scope:
        return False
    for role in actor.roles:
        limits = rules.limits(kind, field, role, action)
        if limits is not None and (thing is None or _within(actor, rules.ceilings[role], limits, thing)):
            return True
    return False


def demand(
    actor: Actor, action: str, kind: str, field: str = "*", thing: Thing | None = None, table: Policy | None = None
) -> None:
    """Refuse what is not `allowed`.

    Raises
    ------
    Forbidden
    """
    if not allowed(actor, action, kind, field, thing, table):
        what = kind if field == "*" else f"{kind}.{field}"
        raise Forbidden("your role does not allow to {action} {what}; ask the administrator", action=action, what=what)


def _within(actor: Actor, ceiling: _Ceiling, limits: Iterable[str], thing: Thing) -> bool:
    holds = {
        "area": actor.areas >= EVERYWHERE or (thing.area is not None and thing.area in actor.areas),
        "own": thing.owner == actor.id,
        "component": thing.component == actor.component.value,
    }
    return (
        thing.tlp.rank <= ceiling.tlp.rank
        and thing.classification.rank <= ceiling.classification.rank
        and (not thing.regime or thing.regime in ceiling.regimes)
        and all(holds[limit] for limit in limits)
    )


def rights_of(actor: Actor, table: Policy | None = None) -> list[str]:
    """Every ``action object`` that some row may allow the actor, in order (for showing or hiding controls)."""
    rules = table or policy()
    found = {f"{action} {kind}" for kind, field, role, action in rules.rights if field == "*" and role in actor.roles}
    return sorted(found if actor.scope is None else found & actor.scope)


@functools.lru_cache(maxsize=1_000)
def view_of(actor: Actor, *kinds: str) -> Hashable:
    """What decides which rows and fields of these objects an actor may read: who has the same sees the same."""
    owns = any("own" in policy().limits_of(kind, role, "read") for kind in kinds for role in actor.roles)
    return actor.roles, actor.areas, actor.component, actor.scope, actor.id if owns else None


def readable_fields(actor: Actor, kind: str, fields: Iterable[str], thing: Thing | None = None) -> set[str]:
    """Those of the fields an actor may read (for live events and notifications, which are not queries)."""
    return {name for name in fields if allowed(actor, "read", kind, name, thing)}


def only_readable(
    statement: Select, table: sa.FromClause, actor: Actor, action: str = "read", rules: Policy | None = None
) -> Select:
    """Narrow a query to what an actor may see of a table.

    Rows: those that some role of the actor may read. Fields: a plain column in the select list that may not be read on
    a row comes back as null there. A column that is used in any other way (filter, order, count, expression) narrows
    the rows to those where it may be read, because an answer about it says what is in it.

    Parameters
    ----------
    statement : Select
        A query over `table`; call once for each table (or alias) of it, and on subqueries before they are used.
    table : Table or alias
    actor : Actor
    action : str
        The right asked for; ``read`` nearly always.

    Raises
    ------
    SetupProblem
        If the table has no line in ``policy.toml``.
    Forbidden
        If the query filters, orders or counts by a field the actor may never read.
    """
    rules = rules or policy()
    base = table.element if isinstance(table, sa.Alias) else table
    name = getattr(base, "name", "")
    place = rules.places.get(name)
    if place is None:
        raise SetupProblem("table {name} has no line in policy.toml, so nobody may read it: add one", name=name or "?")
    mine = set(table.c)
    plain = [c for c in statement.selected_columns if c in mine]
    result = statement
    seen: dict[frozenset[tuple[Role, frozenset[str]]], sa.ColumnElement[bool]] = {}

    def condition(column: str | None) -> sa.ColumnElement[bool]:
        grants = frozenset(
            (role, limits)
            for role in actor.roles
            if (limits := rules.limits(place.object, column or "*", role, action)) is not None
        )
        if actor.scope is not None and f"{action} {place.object}" not in actor.scope:
            grants = frozenset()
        if grants not in seen:
            parts = [_row_condition(actor, rules.ceilings[role], limits, place, table) for role, limits in grants]
            seen[grants] = sa.or_(sa.false(), *parts)
        return seen[grants]

    rows = condition("*")
    for column in _used_elsewhere(statement, mine):
        if not any(rules.limits(place.object, column.key, role, action) is not None for role in actor.roles):
            raise Forbidden(
                "your role does not allow to search or count by {name}", name=f"{place.object}.{column.key}"
            )
        if condition(column.key) is not rows:
            result = result.where(condition(column.key))
    if any(condition(c.key) is not rows for c in plain):
        masked = [
            c
            if c not in mine or condition(c.key) is rows
            else sa.case((condition(c.key), c), else_=sa.null()).label(c.key)
            for c in statement.selected_columns
        ]
        result = cast("Select", result.with_only_columns(*masked, maintain_column_froms=True))
    return result.where(rows)


def _used_elsewhere(statement: "sa.Select[Any]", mine: set[Any]) -> list[Any]:
    """Columns of the table that the query uses other than by listing them plainly."""
    found: dict[str, Any] = {}
    todo: list[Any] = [statement.with_only_columns(sa.literal(1), maintain_column_froms=True)]
    todo += [c for c in statement.selected_columns if c not in mine]
    while todo:
        element = todo.pop()
        if isinstance(element, sa.Table) or (isinstance(element, sa.Alias) and isinstance(element.element, sa.Table)):
            continue  # to stand in FROM is not to use the columns
        if isinstance(element, sa.TextClause) or (getattr(element, "is_literal", False) and str(element) != "*"):
            raise SetupProblem("a query with a piece of plain SQL cannot be checked for rights: write it as columns")
        if element in mine:
            found[str(element.key)] = element
        # SQLAlchemy keeps the former select list beside a join; only the join counts.
        former = element._raw_columns if element.__visit_name__ == "memoized_select_entities" else ()
        todo += [child for child in element.get_children() if not any(child is column for column in former)]
    return list(found.values())


def _row_condition(
    actor: Actor, ceiling: _Ceiling, limits: Iterable[str], place: _Place, table: sa.FromClause
) -> sa.ColumnElement[bool]:
    parts: list[sa.ColumnElement[bool]] = []
    for word, fixed, top in (
        ("tlp", place.tlp, ceiling.tlp),
        ("classification", place.classification, ceiling.classification),
    ):
        column = place.columns.get(word)
        if column is not None:
            ladder: Any = type(top)
            parts.append(table.c[column].in_([step.value for step in ladder if step.rank <= top.rank]))
        elif fixed.rank > top.rank:
            return sa.false()
    if "regime" in place.columns:
        parts.append(table.c[place.columns["regime"]].in_(["", *sorted(ceiling.regimes)]))
    wanted: dict[str, list[str]] = {
        "own": [actor.id],
        "component": [actor.component.value],
        "area": sorted(actor.areas),
    }
    for limit in limits:
        if limit == "area" and actor.areas >= EVERYWHERE:
            continue
        column = place.columns.get("owner" if limit == "own" else limit)
        if column is None:
            return sa.false()  # the table cannot say whose or where it is
        parts.append(table.c[column].in_(wanted[limit]))
    return sa.and_(sa.true(), *parts)
