"""The first rows of a file as they would be read, for a person to look at before anything is taken."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.core.time import month_text
from tocsin.listen.events.formats import acled, ucdp
from tocsin.listen.events.model import COLUMNS, Batch
from tocsin.listen.files.rows import Row
from tocsin.listen.imports.layouts import Columns, Deployments, Layout, people_row, place_row

LONGEST = 80  # letters of a value that are shown
EVENT = ("key", "kind", "first_day", "last_day", "place", "lat", "lon", "best", "deaths_civilians")
UNIT = ("name", "kind", "lat", "lon", "first_month", "last_month", "strength")
PLACE = ("key", "name", "alternates", "lon", "lat", "population", "admin1")


@dataclass(frozen=True)
class Sample:
    """One row as it would be read: its values, or why it cannot be."""

    line: int
    values: tuple[str | float | None, ...]
    problem: str | None = None


def shown(
    layout: Layout, at: Columns, rows: Sequence[Row], width: int, today: dt.date
) -> tuple[list[str], list[Sample]]:
    """Names of what is read, and the rows as they would be."""
    names, read = _reader(layout, at, today)
    samples = []
    for line, fields in rows:
        if len(fields) != width:
            samples.append(Sample(line, (), f"{len(fields)} fields where the header has {width}"))
            continue
        try:
            told = read((line, fields))
        except BadInput as problem:
            samples.append(Sample(line, (), str(problem)))
            continue
        samples.append(Sample(line, tuple(_short(told.get(name)) for name in names)))
    return list(names), samples


Read = Callable[[Row], Mapping[str, Any]]


def _reader(layout: Layout, at: Columns, today: dt.date) -> tuple[tuple[str, ...], Read]:
    if layout.name in Deployments.ROW:
        return UNIT, lambda row: _unit(layout.name, row, at)
    if layout.name == "population":
        return ("priogrid_gid", "population"), lambda row: dict(
            zip(("priogrid_gid", "population"), people_row(row[1], at), strict=True)
        )
    if layout.name == "places":
        return PLACE[1:], lambda row: dict(zip(PLACE, place_row(row[1], at), strict=True))
    if layout.name == "acled-deleted":
        return ("event_id_cnty",), lambda row: {"event_id_cnty": row[1][at["event_id_cnty"]].strip().upper()}
    parse = acled.parse if layout.name == "acled" else ucdp.parse
    return EVENT, lambda row: _event(parse([row], at, today))


def _event(batch: Batch) -> Mapping[str, Any]:
    if batch.rejected:
        raise BadInput("{why}", why=batch.rejected[0][1])
    return dict(zip(COLUMNS, batch.rows[0], strict=True))


def _unit(layout: str, row: Row, at: Columns) -> Mapping[str, Any]:
    found = Deployments.ROW[layout](row[1], at)
    return {
        "name": found.name, "kind": found.kind.value, "lat": found.lat, "lon": found.lon,
        "first_month": month_text(found.first_month), "strength": found.strength,
        "last_month": None if found.last_month is None else month_text(found.last_month),
    }  # fmt: skip


def _short(value: Any) -> str | float | None:
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
