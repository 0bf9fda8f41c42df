"""Alerts for other tools, a page at a time: the database filters, counts and cuts, so that no page reads them all."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.reads import shown
from tocsin.listen.alerts.tables import alert
from tocsin.store.policy import Actor, only_readable

# Codes that mean the same in the database and in what goes out. Points and radii are blurred for some, so that a
# filter on them is never asked of the database; words that people wrote have letters it cannot fold.
CODES = ("state", "level", "threat", "imminence", "area", "component", "reliability", "credibility", "outcome", "tlp")


@dataclass(frozen=True)
class Collected:
    """A page of alerts, newest first; `after` leads to the next page, None where there is none."""

    rows: list[dict[str, Any]]
    matched: int
    after: str | None


def can_collect(wanted: Mapping[str, str]) -> bool:
    """Whether the database can filter by these columns as the rows that go out would be."""
    return all(
        (k in CODES and v.lower() != "none") or (k == "id" and v.isdecimal() and len(v) < 19)
        or (k == "practice" and v.lower() in ("true", "false"))
        for k, v in wanted.items()
    )  # fmt: skip


def collect(
    connection: sa.Connection, actor: Actor, wanted: Mapping[str, str], limit: int, offset: int = 0,
    after: str | None = None,
) -> Collected:  # fmt: skip
    """Alerts in whatever state that the actor may read, those after a cursor or an offset.

    Parameters
    ----------
    wanted : mapping of column → value
        Such as `can_collect` takes.

    Raises
    ------
    BadInput
        If the cursor is none of ours.
    """
    c = alert.c
    found: list[Any] = []
    for name, value in wanted.items():
        if name == "id":
            found.append(c.id == int(value))
        elif name == "practice":
            found.append(c.practice == (value.lower() == "true"))
        else:
            found.append(sa.func.lower(c[name]) == value.lower())
    counted = only_readable(sa.select(sa.func.count()).select_from(alert).where(*found), alert, actor)
    matched = int(connection.execute(counted).scalar_one())
    columns = [k for k in c if k.name not in ("grade_why", "priority_why", "lesson", "unanswered_why")]
    query = sa.select(*columns).where(*found).order_by(c.heard_at.desc(), c.id.desc()).limit(limit + 1)
    if after is not None:
        at, last = _cursor(after)
        query = query.where(sa.or_(c.heard_at < at, sa.and_(c.heard_at == at, c.id < last)))
    else:
        query = query.offset(offset)
    rows = [shown(dict(r), actor) for r in connection.execute(only_readable(query, alert, actor)).mappings()]
    more = len(rows) > limit
    rows = rows[:limit]
    word = f"{rows[-1]['heard_at'].astimezone(dt.UTC).isoformat()}~{rows[-1]['id']}" if more and rows else None
    return Collected(rows, matched, word)


def _cursor(word: str) -> tuple[dt.datetime, int]:
    text, _, number = word.partition("~")
    try:
        at = dt.datetime.fromisoformat(text)
        if at.tzinfo is None or not number.isdecimal() or len(number) > 18:
            raise ValueError
        return at.astimezone(dt.UTC), int(number)
    except (ValueError, OverflowError):
        raise BadInput("that is no page of ours: begin without `after`") from None
