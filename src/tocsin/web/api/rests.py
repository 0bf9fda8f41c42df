"""What a forecast rests on and what sources heard of, as the assess routes tell it."""

from pathlib import Path

from pydantic import BaseModel

from tocsin.assess.drivers import Compared, kept
from tocsin.assess.forecast.reasons import Coverage
from tocsin.assess.reads import Grid
from tocsin.core.time import month_text


class Covered(BaseModel):
    """What sources covered and heard of in an area (null: the whole mission), last year and the year before.

    `data_now`, `data_before`: share of cell-months some source covered, null where the record is too short;
    `reports_now`, `reports_before`: months of twelve with any death reported; `state`: ``dark``, ``silent``, ``fewer``
    or ``as before``.
    """

    area: str | None
    cells: int
    data_now: float | None
    data_before: float | None
    reports_now: int
    reports_before: int
    dark_cells: int
    silent_cells: int
    state: str


class GroupPart(BaseModel):
    """A group of the model's sources, and how many times higher (below 1: lower) the chance is with it.

    `low`, `high`: smallest and largest factor when an eighth of the years is left out in turn; `stable`: whether at
    least seven of eight such fits agree on the direction; null where it was not asked.
    """

    group: str
    factor: float
    low: float | None
    high: float | None
    stable: bool | None


class Comparison(BaseModel):
    """The chance of any death in a month beside another chance, and what goes with the difference.

    `against`: ``typical`` (a typical cell of the mission), ``month`` (the same cell a month ago), ``cell`` (another
    one). Factors of `parts`, the largest first, multiply to ``chance / chance_there``. They are associations in the
    model, not causes.
    """

    against: str
    month: str
    chance: float
    chance_there: float
    parts: list[GroupPart]


class RestsOn(BaseModel):
    """What the forecast rests on; `beyond`: groups that are higher here than ever before anywhere in the data."""

    compared: list[Comparison]
    beyond: list[str]


class HeardHere(BaseModel):
    """Of the cell: share of months some source covered (null: record too short); months with reports here or next door.

    `dark`: less than half of the last year was covered; `silent`: reports stopped. Silence is not peace.
    """

    data_now: float
    data_before: float | None
    reports_now: int
    reports_before: int
    dark: bool
    silent: bool


def rests_on(file: Path | None, found: Grid, gid: int) -> RestsOn | None:
    """What an assessment kept of a cell's forecast, as it goes out."""
    told = None if file is None else kept(file, found.target, found.model, gid)
    if told is None:
        return None
    return RestsOn(compared=[comparison(one) for one in told.compared], beyond=list(told.beyond))


def comparison(one: Compared) -> Comparison:
    """One comparison as it goes out."""
    return Comparison(
        against=one.against, month=month_text(one.month), chance=round(one.chance, 5), chance_there=round(one.there, 5),
        parts=[
            GroupPart(group=p.group, factor=round(p.factor, 4), low=_known(p.low, 4),
                      high=_known(p.high, 4), stable=p.stable)
            for p in one.parts
        ],
    )  # fmt: skip


def heard(seen: Coverage, i: int) -> HeardHere:
    """What sources covered and heard of in the cell at an index."""
    return HeardHere(
        data_now=round(float(seen.now[i]), 3), data_before=_known(float(seen.before[i]), 3),
        reports_now=int(seen.reports_now[i]), reports_before=int(seen.reports_before[i]), dark=bool(seen.dark[i]),
        silent=bool(seen.silent[i]),
    )  # fmt: skip


def _known(value: float, digits: int) -> float | None:
    return None if value != value else round(value, digits)
