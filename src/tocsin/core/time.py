"""Months as the field counts them (1 = January 1980), days as UTC dates.

All conversions between months, days and text live here. Scalar functions take and return Python values; those on
arrays say so. Months before 1980 are zero or negative and behave the same way.
"""

import datetime as dt
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput

IntArray = npt.NDArray[np.int64]
DayArray = npt.NDArray[np.datetime64]

# numpy counts months from January 1970 = 0; the field counts January 1980 as 1.
_OFFSET = 119
_TEXT = re.compile(r"(\d{4})-(\d{2})")


def month_id(year: int, month: int) -> int:
    """Number of a calendar month.

    Raises
    ------
    BadInput
        If `month` is not 1 to 12.

    >>> month_id(1980, 1), month_id(2018, 12), month_id(1979, 12)
    (1, 468, 0)
    """
    if not 1 <= month <= 12:
        raise BadInput("month {month} does not exist: months are 1 to 12", month=month)
    return (year - 1980) * 12 + month


def year_month(month: int) -> tuple[int, int]:
    """Calendar year and month of a month number.

    >>> year_month(468)
    (2018, 12)
    """
    years, months = divmod(month - 1, 12)
    return 1980 + years, months + 1


def parse_month(text: str) -> int:
    """Month number of ``YYYY-MM``.

    >>> parse_month("2018-12")
    468
    """
    found = _TEXT.fullmatch(text.strip())
    if not found or not 1 <= int(found[2]) <= 12:
        raise BadInput("'{text}' is not a month: write it as YYYY-MM, for example 2018-12", text=text)
    return month_id(int(found[1]), int(found[2]))


def month_text(month: int) -> str:
    """``YYYY-MM`` of a month number.

    >>> month_text(468)
    '2018-12'
    """
    year, number = year_month(month)
    return f"{year:04d}-{number:02d}"


def month_of(day: dt.date) -> int:
    """Month number of a date.

    >>> month_of(dt.date(2018, 12, 31))
    468
    """
    return month_id(day.year, day.month)


def first_day(month: int) -> dt.date:
    """First day of a month."""
    year, number = year_month(month)
    return dt.date(year, number, 1)


def last_day(month: int) -> dt.date:
    """Last day of a month."""
    return first_day(month + 1) - dt.timedelta(days=1)


def days_in(month: int) -> int:
    """Number of days in a month.

    >>> days_in(month_id(2020, 2))
    29
    """
    return (first_day(month + 1) - first_day(month)).days


def months_of(days: DayArray) -> IntArray:
    """Month numbers of an array of days (any shape, ``datetime64[D]``)."""
    return days.astype("datetime64[M]").astype(np.int64) - _OFFSET


def first_days(months: npt.NDArray[Any]) -> DayArray:
    """First days (``datetime64[D]``) of an array of month numbers (any shape)."""
    return (np.asarray(months, dtype=np.int64) + _OFFSET).astype("datetime64[M]").astype("datetime64[D]")


def utc_now() -> dt.datetime:
    """The present instant, aware, in UTC. Only doors and actions call it; calculations get time passed in."""
    return dt.datetime.now(dt.UTC)
