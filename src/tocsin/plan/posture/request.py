"""What a plan has to keep to, as a mission writes it down: a TOML file, every part of which may be left out.

docs/methods/plan.md holds the whole form. A name that is not in it is refused, so that a demand with a slip of the pen
is not silently left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile
from tocsin.core.toml import read_toml
from tocsin.plan.posture.model import AIMS

SEASONS = ("dry", "wet")
MOST_NEW = 20


@dataclass(frozen=True)
class Tier:
    """What counts as reached: arrival within `hours` is worth `share`; with `backup` only if two can arrive."""

    hours: float
    share: float
    backup: bool = False


@dataclass(frozen=True)
class Barred:
    """Where nothing (or not these units) may be put: a place or an area, for whom, in which season, and why."""

    place: str = ""
    area: str = ""
    unit: str = ""
    contributor: str = ""
    kind: str = ""
    season: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Fixed:
    """A unit that has to stand somewhere: at `place`, or where it is when that is empty."""

    unit: str
    place: str = ""
    reason: str = ""


@dataclass(frozen=True)
class EachArea:
    """In an area (in every one when empty) at least so many units that have something: a language, women officers."""

    has: str
    least: int = 1
    area: str = ""


@dataclass(frozen=True)
class Request:
    """A mission's demands on a plan.

    Parameters
    ----------
    new_bases, moves : int or None
        How many new temporary bases could be found (`new_strength` is what each would have) and how many existing
        units may move; None where the file does not say.
    may_close : bool
        Whether a unit may stand nowhere. Without it every unit stays in the plan.
    budget, flying_hours : float or None
        A month, over `cost` and `flying` by kind of unit.
    safe_size : int or None
        Least strength of all units at one place together.
    supply_hours, medical_hours, engineer_hours : float or None
        How far a temporary base may lie from a base, and every armed unit from medical help and from engineers.
    tiers : tuple of Tier
        Empty: one tier at the limit of the command.
    at_most : mapping of aim → value
    """

    new_bases: int | None = None
    new_strength: int | None = None
    moves: int | None = None
    may_close: bool = False
    budget: float | None = None
    flying_hours: float | None = None
    cost: Mapping[UnitKind, float] = field(default_factory=dict)
    flying: Mapping[UnitKind, float] = field(default_factory=dict)
    safe_size: int | None = None
    supply_hours: float | None = None
    medical_hours: float | None = None
    engineer_hours: float | None = None
    tiers: tuple[Tier, ...] = ()
    barred: tuple[Barred, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    each_area: tuple[EachArea, ...] = ()
    at_most: Mapping[str, float] = field(default_factory=dict)


LIMITS = {"new_bases": int, "new_strength": int, "moves": int, "may_close": bool, "budget": float,
          "flying_hours": float, "safe_size": int, "supply_hours": float, "medical_hours": float,
          "engineer_hours": float}  # fmt: skip
LISTS: dict[str, tuple[str, type[Any], dict[str, type]]] = {
    "reach": ("tiers", Tier, {"hours": float, "share": float, "backup": bool}),
    "forbidden": ("barred", Barred, dict.fromkeys(Barred.__dataclass_fields__, str)),
    "fixed": ("fixed", Fixed, dict.fromkeys(Fixed.__dataclass_fields__, str)),
    "each_area": ("each_area", EachArea, {"has": str, "least": int, "area": str}),
}


def read_request(path: Path) -> Request:
    """A request from its file.

    Raises
    ------
    BadFile
        If it is not TOML, holds a name that is not in the form, or a value that cannot be; says where.
    """
    raw = read_toml(path)
    return request_of(raw, path)


def request_of(raw: dict[str, Any], path: Path) -> Request:
    """A request from the values of its form; `path` names the form in what is said about mistakes.

    Raises
    ------
    BadFile
        If it holds a name that is not in the form, or a value that cannot be; says where.
    """
    known = ("limits", "cost", "flying", "at_most", *LISTS)
    _known(path, "the file", raw, known)
    found: dict[str, Any] = _values(path, "[limits]", _table(path, raw, "limits"), LIMITS)
    if found.get("new_bases", 0) > MOST_NEW:
        raise BadFile("{name}: more than {most} new bases cannot be planned at once", name=path.name, most=MOST_NEW)
    for name in ("cost", "flying"):
        row = _values(path, f"[{name}]", _table(path, raw, name), {k.value: float for k in UnitKind})
        found[name] = {UnitKind(k): v for k, v in row.items()}
    found["at_most"] = _values(path, "[at_most]", _table(path, raw, "at_most"), dict.fromkeys(AIMS, float))
    for name, (into, made, form) in LISTS.items():
        rows = raw.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise BadFile("{name}: write [[{table}]] for each", name=path.name, table=name)
        some = []
        for number, row in enumerate(rows, start=1):
            values = _values(path, f"[[{name}]] {number}", row, form)
            try:
                some.append(made(**values))
            except TypeError:
                need = ", ".join(k for k in ("unit", "has", "hours", "share") if k in form and k not in values)
                raise BadFile("{name}: [[{table}]] {number} needs {need}",
                              name=path.name, table=name, number=number, need=need) from None  # fmt: skip
        found[into] = tuple(some)
    request = Request(**found)
    for number, bar in enumerate(request.barred, start=1):
        if bar.season and bar.season not in SEASONS:
            raise BadFile("{name}: [[forbidden]] {number}: season is 'dry' or 'wet'", name=path.name, number=number)
        if bar.kind and bar.kind not in {k.value for k in UnitKind}:
            raise BadFile("{name}: [[forbidden]] {number}: '{kind}' is no kind of unit",
                          name=path.name, number=number, kind=bar.kind)  # fmt: skip
        if bool(bar.place) == bool(bar.area):
            raise BadFile("{name}: [[forbidden]] {number} needs either a place or an area",
                          name=path.name, number=number)  # fmt: skip
    if request.tiers and abs(sum(t.share for t in request.tiers) - 1) > 1e-9:
        raise BadFile("{name}: the shares of [[reach]] must add to 1", name=path.name)
    if any(t.hours <= 0 for t in request.tiers):
        raise BadFile("{name}: hours of [[reach]] must lie above zero", name=path.name)
    return request


def _table(path: Path, raw: dict[str, Any], name: str) -> dict[str, Any]:
    table = raw.get(name, {})
    if not isinstance(table, dict):
        raise BadFile("{name}: write [{table}] with values below it", name=path.name, table=name)
    return table


def _known(path: Path, where: str, row: Mapping[str, Any], names: Any) -> None:
    odd = [k for k in row if k not in names]
    if odd:
        raise BadFile("{name}, {where}: '{odd}' is not in the form; there are: {known}",
                      name=path.name, where=where, odd=odd[0], known=", ".join(names))  # fmt: skip


def _values(path: Path, where: str, row: dict[str, Any], form: Mapping[str, type]) -> dict[str, Any]:
    """Values of the types of the form; numbers are finite and zero or more."""
    _known(path, where, row, tuple(form))
    found: dict[str, Any] = {}
    for name, value in row.items():
        wanted = form[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if wanted is float and number and 0 <= value < 1e300:
            found[name] = float(value)
        elif (wanted is int and number and isinstance(value, int) and value >= 0) or (
            wanted in (str, bool) and isinstance(value, wanted)
        ):
            found[name] = value
        else:
            what = {float: "a number of zero or more", int: "a whole number of zero or more", str: "a text",
                    bool: "true or false"}[wanted]  # fmt: skip
            raise BadFile("{name}, {where}: {key} is {value}; give {what}",
                          name=path.name, where=where, key=name, value=value, what=what)  # fmt: skip
    return found
