"""Accepted means safe: nothing that was acknowledged is lost and nothing is there twice, whatever is killed when."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.web.houses import Place
from tocsin.listen.alerts.tables import report, report_change
from tocsin.store import reading

ROOT = Path(__file__).resolve().parents[2]


def killed(place: Place, kills: int, seed: int, **environment: str) -> dict[str, list[str]]:
    way = place.way("generic", allowed=("127.0.0.0/8",))
    command = [sys.executable, "-m", "tests.web.faults", str(place.mission.folder), f"/in/{way.id}/{way.path}"]
    run = subprocess.run(
        [*command, str(kills), str(seed), "120", "450"], cwd=ROOT, capture_output=True, text=True, timeout=560,
        env={**os.environ, **environment, "SECRET": way.secret}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return dict(json.loads(run.stdout))


def check(place: Place, told: dict[str, list[str]]) -> int:
    """Every acknowledged report is there once, and nothing that was never sent; none was read twice."""
    with reading(place.engine) as connection:
        there = Counter(connection.execute(sa.select(report.c.provider_id)).scalars())
        conflicts = connection.execute(sa.select(report.c.id).where(report.c.conflict_with.is_not(None))).all()
        read = Counter(
            connection.execute(sa.select(report_change.c.report_id).where(report_change.c.what == "read")).scalars()
        )
    assert set(told["said"]) <= set(there), "acknowledged and lost"
    assert set(there) <= set(told["sent"])
    assert max(there.values()) == 1, "taken twice"
    assert conflicts == []
    assert max(read.values(), default=0) <= 1, "read twice"
    assert list((place.mission.folder / "spool").glob("*.spool")) == []
    return len(told["said"])


def test_servers_killed_at_random_lose_nothing_and_double_nothing(place: Place) -> None:
    assert check(place, killed(place, 8, 7)) > 10


def test_servers_killed_while_they_spool_and_drain(place: Place) -> None:
    if place.engine.dialect.name != "sqlite":
        pytest.skip("holds a SQLite file; PostgreSQL that is away: test_spool")
    assert check(place, killed(place, 10, 8, SPOOL="1")) > 10
