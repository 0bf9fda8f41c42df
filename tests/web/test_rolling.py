"""New versions are put in without closing: two doors restarted one after the other, a reader that dies."""

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.store.conftest import copy_of_empty
from tests.web.arrivals import say
from tests.web.test_network import place_on
from tocsin.act.tables import task
from tocsin.core.codes import Role
from tocsin.listen.alerts.tables import report, report_change
from tocsin.store import reading
from tocsin.web import reader

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_KEYS", str(tmp_path / "keys"))


def test_two_doors_restarted_one_after_the_other_lose_and_double_nothing(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = place_on(copy_of_empty("postgres", tmp_path, request), tmp_path / "m")
    place.clock.now = dt.datetime.now(dt.UTC)
    way = place.way("generic", allowed=("127.0.0.0/8",))
    given = {"SECRET": way.secret, "TOKEN": place.person(Role.DUTY_OFFICER)}
    command = [sys.executable, "-m", "tests.web.rolling", str(place.mission.folder), f"/in/{way.id}/{way.path}"]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, **given}, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    told = json.loads(run.stdout)
    assert set(told["ends"]) <= {0, -15}, "a door did not end when it was told to"
    assert told["streams"] == [True, True], "a live queue was torn off"
    assert max(told["took"]) < 9, "a door waited for its live queues"
    assert {s for s in told["answers"] if s >= "400"} <= {"503"}, told["answers"]
    with reading(place.engine) as connection:
        kept = Counter(connection.execute(sa.select(report.c.provider_id)).scalars())
        query = sa.select(report_change.c.report_id).where(report_change.c.what == "read")
        read = Counter(connection.execute(query).scalars())
        made = Counter(connection.execute(sa.select(task.c.what)).scalars())
    place.engine.dispose()
    assert len(told["said"]["reports"]) > 5
    assert len(told["said"]["tasks"]) > 5
    assert set(told["said"]["reports"]) <= set(kept), "acknowledged and lost"
    assert set(told["said"]["tasks"]) <= set(made), "acknowledged and lost"
    assert max(kept.values()) == max(made.values()) == 1, "taken twice"
    assert max(read.values(), default=0) <= 1, "read twice"


def test_a_reader_that_dies_is_begun_again_and_ends_with_its_door(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "AGAIN_S", 0.0)
    place = place_on(copy_of_empty("postgres", tmp_path, request), tmp_path / "m")

    def read_within(id: int) -> None:
        end = time.monotonic() + 60
        query = sa.select(report.c.state).where(report.c.id == id)
        while time.monotonic() < end:
            with reading(place.engine) as connection:
                if connection.execute(query).scalar_one() != "new":
                    return
            time.sleep(0.05)
        raise AssertionError("nobody read the report")

    work = reader.ReaderProcess(place.mission.folder)
    work.start()
    try:
        read_within(say(place, "attaque à Ippy"))
        first = work.process
        assert first is not None
        first.kill()
        while work.process is first:
            time.sleep(0.02)
    finally:
        work.stop()
    assert work.process is not None
    assert not work.process.is_alive()
    place.engine.dispose()
