"""Long work reads as of its start, keeps nobody from writing, and is written down at the end."""

import datetime as dt

import pytest

from tocsin.core.errors import NoData
from tocsin.store import calculating, finish_run, open_store, reading, run_of, writing
from tocsin.store.runs import latest_run

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def test_others_write_while_it_works_and_its_runs_come_at_the_end(url):
    engine = open_store(url)
    try:
        with calculating(engine) as long:
            assert latest_run(long, "plan") is None  # what is read from here on is of now
            finish_run(long, "a1", "assess", {"of": 1}, {"model": "m"}, NOW)
            assert run_of(long, "a1") == {"model": "m"}, "it sees its own work"
            assert latest_run(long, "assess") == ("a1", {"model": "m"})
            later = NOW + dt.timedelta(minutes=1)
            with writing(engine) as other:  # would wait for ever if the work held the lock
                finish_run(other, "b1", "plan", {}, {"value": 2}, later)
            assert latest_run(long, "plan") is None, "the work does not see half of a change"
            finish_run(long, "p1", "plan", {"of": 1}, {"value": 1}, NOW)
        with reading(engine) as after:
            assert run_of(after, "p1") == {"value": 1}
            assert run_of(after, "a1") == {"model": "m"}
            assert latest_run(after, "plan") == ("b1", {"value": 2}), "older knowledge does not take its place"
    finally:
        engine.dispose()


def test_of_work_that_fails_nothing_is_kept(url):
    engine = open_store(url)
    try:
        with pytest.raises(NoData):
            _fail(engine)
        with reading(engine) as after:
            assert run_of(after, "a1") is None
    finally:
        engine.dispose()


def _fail(engine):
    with calculating(engine) as long:
        finish_run(long, "a1", "assess", {}, {}, NOW)
        raise NoData("nothing is known")
