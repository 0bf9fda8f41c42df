import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import time
from tocsin.core.errors import BadInput
from tocsin.core.mission import parse_months

MONTHS = st.integers(-500, 2_000)


@given(MONTHS)
def test_month_numbers_survive_every_round_trip(month: int) -> None:
    assert time.month_id(*time.year_month(month)) == month
    assert time.parse_month(time.month_text(month)) == month
    assert time.month_of(time.first_day(month)) == time.month_of(time.last_day(month)) == month
    assert time.days_in(month) == time.last_day(month).day


@given(st.lists(st.dates(dt.date(1940, 1, 1), dt.date(2150, 1, 1)), min_size=1))
def test_arrays_agree_with_scalars(days: list[dt.date]) -> None:
    array = np.array(days, dtype="datetime64[D]")
    assert time.months_of(array).tolist() == [time.month_of(day) for day in days]
    assert time.first_days(time.months_of(array)).tolist() == [day.replace(day=1) for day in days]


def test_the_field_counts_from_january_1980(shared) -> None:
    import csv

    with (shared / "views" / "month_ids.csv").open() as text:
        rows = list(csv.DictReader(text))
    names = {k.lower(): k for k in rows[0]}
    month, year = next(n for k, n in names.items() if k in ("month", "month_of_year")), names["year"]
    id = next(n for k, n in names.items() if "id" in k)
    assert len(rows) > 500
    for row in rows:
        assert time.month_id(int(row[year]), int(row[month])) == int(row[id])


@pytest.mark.parametrize("text", ["2018", "2018-13", "2018-00", "18-01", "2018-1", "", "abc", "2018-01-01"])
def test_what_is_no_month_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="2018-12"):
        time.parse_month(text)


@pytest.mark.parametrize("text", ["13", "0-3", "5-10-11", "may", "5;6"])
def test_what_is_no_list_of_months_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="calendar months"):
        parse_months(text)
