"""Villages, the assistants who serve them, and the tables they come from."""

from dataclasses import dataclass
from pathlib import Path

from tocsin.core.errors import BadInput
from tocsin.plan.sheets import Row, read_rows

VILLAGES = ("name", "lon", "lat", "languages", "people", "worth")
ASSISTANTS = ("id", "place", "lon", "lat", "languages", "villages", "may_move")


@dataclass(frozen=True)
class Village:
    """A place to serve; `worth` None is to be taken from the forecast, no language means that none is known."""

    name: str
    lon: float
    lat: float
    languages: frozenset[str] = frozenset()
    people: float | None = None
    worth: float | None = None


@dataclass(frozen=True)
class Assistant:
    """An assistant who is there already: where, which languages (none: not known), how many villages at most.

    Nobody may be moved who is not said to (`may_move`): a person asked, with a home and a family there.
    """

    id: str
    place: str
    lon: float | None = None
    lat: float | None = None
    languages: frozenset[str] = frozenset()
    villages: int | None = None
    may_move: bool = False


def read_villages(path: Path) -> list[Village]:
    """Villages of a table.

    Raises
    ------
    BadFile
        If a row is wrong; names the rows and what to do.
    """
    found = read_rows(path, VILLAGES, ("name", "lon", "lat"), _village)
    if not found:
        raise BadInput("{name} has no village in it", name=path.name)
    return found


def _village(row: Row) -> Village:
    point = row.point()
    if point is None:
        raise BadInput("lon and lat are empty: fill them in")
    return Village(
        row.needed("name"), *point, frozenset(n.casefold() for n in row.names("languages")),
        row.number("people", 0.0, 0.0, 1e8) if row.text("people") else None,
        row.number("worth", 0.0, 0.0, 1e9) if row.text("worth") else None,
    )  # fmt: skip


def read_assistants(path: Path) -> list[Assistant]:
    """Assistants who are there already.

    Raises
    ------
    BadFile
        If a row is wrong; names the rows and what to do.
    """
    return read_rows(path, ASSISTANTS, ("id",), _assistant, key="id")


def _assistant(row: Row) -> Assistant:
    id, point = row.needed("id"), row.point()
    if " " in id:
        raise BadInput("'{id}' looks like a name: give a number or a handle, since plans are printed", id=id)
    if point is None and not row.text("place"):
        raise BadInput("nothing says where: fill in place, or lon and lat")
    return Assistant(
        id, row.text("place"), point[0] if point else None, point[1] if point else None,
        frozenset(n.casefold() for n in row.names("languages")),
        row.whole("villages", 0, 0, 1000) if row.text("villages") else None, row.flag("may_move"),
    )  # fmt: skip
