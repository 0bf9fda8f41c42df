"""What a field office does to a database: power cuts, full and read-only disks, bad sectors, a server that is gone."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.store.conftest import copy_of_empty
from tocsin.core.errors import SetupProblem
from tocsin.store import audit, finish_run, open_store, reading, writing
from tocsin.store.audit import Entry, record
from tocsin.store.database import check_line, downgrade, upgrade
from tocsin.store.tables import audit as trail
from tocsin.store.tables import run
from tocsin.store.transfer import differences, digest


# Kills, and how long a writer lives at most: together 320 kills in some ten seconds of waiting.
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "kills", "most_ms"), [("sqlite", 240, 40), ("postgres", 80, 80)])
def test_kill_9_at_any_moment_loses_and_doubles_nothing(
    kind: str, kills: int, most_ms: int, tmp_path: Path, request: pytest.FixtureRequest
):
    url = copy_of_empty(kind, tmp_path, request)
    script = Path(__file__).with_name("faults.py")
    command = [sys.executable, script, url, str(kills), "7", "2", str(most_ms)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    acknowledged = json.loads(done.stdout)
    engine = open_store(url)
    with reading(engine) as c:
        kept = c.execute(sa.select(run.c.id)).scalars().all()
        told = Counter(c.execute(sa.select(trail.c.object_id).where(trail.c.what == "run.made")).scalars())
        assert audit.verify(c).sound
        if kind == "sqlite":
            assert c.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
    engine.dispose()
    assert len(acknowledged) >= kills / 2, "the writers hardly wrote: the test would prove nothing"
    assert len(set(kept)) == len(kept)
    assert set(acknowledged) <= set(kept), "acknowledged and lost"
    assert told == Counter(kept), "a deed without its row in the trail, or the other way round"
    # A transaction can be kept just before its writer could say so; one a kill at most.
    assert len(kept) - len(acknowledged) <= kills
    print(f"{kind}: {kills} kills, {len(acknowledged)} acknowledged, {len(kept)} kept, 0 lost, 0 doubled")


def in_child(work: Callable[[], None]) -> str:
    """Run in a child that may limit itself; what it raised, as text."""
    read, put = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            work()
            text = "nothing was raised"
        except SetupProblem as problem:
            text = f"SetupProblem: {problem}"
        except BaseException as problem:
            text = f"{type(problem).__name__}: {problem}"
        with contextlib.suppress(OSError):
            os.write(put, text.encode())
        os._exit(0)
    os.close(put)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        return pipe.read()


def put(engine: sa.Engine, name: str, size: int = 100) -> None:
    with writing(engine) as c:
        finish_run(c, name, "fault", {}, {"text": "x" * size}, NOW)
        record(c, NOW, Entry("a1", "run.made", "run", name))


def names(url: str) -> list[str]:
    engine = open_store(url)
    with reading(engine) as c:
        assert audit.verify(c).sound
        found = sorted(c.execute(sa.select(run.c.id)).scalars())
    engine.dispose()
    return found


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    (tmp_path / "m").mkdir()
    return Path(copy_of_empty("sqlite", tmp_path / "m", request).removeprefix("sqlite:///"))


def test_a_full_disk_keeps_what_was_acknowledged_and_says_so(file: Path):
    url = f"sqlite:///{file}"

    def fill() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        engine = open_store(url)
        put(engine, "before")
        limit = file.stat().st_size + 200_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        for i in range(100):
            put(engine, f"during{i:02}", 50_000)

    told = in_child(fill)
    assert told.startswith("SetupProblem: the disk"), told
    assert "nothing of the last change was kept" in told
    kept = names(url)
    assert kept[0] == "before"
    assert kept[1:] == [f"during{i:02}" for i in range(len(kept) - 1)], "whole transactions, without a gap"
    assert 1 < len(kept) < 50
    engine = open_store(url)
    put(engine, "zafter")
    engine.dispose()
    assert names(url)[-1] == "zafter"


def test_sqlite_full_is_told_too(file: Path):
    engine = open_store(f"sqlite:///{file}")
    with engine.connect() as c:
        pages = c.exec_driver_sql("PRAGMA page_count").scalar_one()
        c.rollback()
        c.connection.driver_connection.execute(f"PRAGMA max_page_count={pages + 5}")
        with pytest.raises(sa.exc.OperationalError) as raised:
            finish_run(c, "big", "fault", {}, {"text": "x" * 500_000}, NOW)
        c.rollback()
    from tocsin.store.faults import explain

    assert "the disk is full" in str(explain(raised.value))
    engine.dispose()
    assert names(f"sqlite:///{file}") == []


def test_a_read_only_folder_says_so(file: Path):
    url = f"sqlite:///{file}"
    engine = open_store(url)
    put(engine, "before")
    engine.dispose()
    for path in (file.parent, *file.parent.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    # Another account must be able to come here at all: pytest's own folders are private.
    closed = {p: p.stat().st_mode for p in list(file.parents)[1:] if not p.stat().st_mode & 0o001}
    for above, mode in closed.items():
        above.chmod(mode | 0o011)

    def write() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)  # root writes anywhere
        put(open_store(url), "during")

    told = in_child(write)
    for above, mode in closed.items():
        above.chmod(mode)
    file.parent.chmod(0o755)
    for path in file.parent.iterdir():
        path.chmod(0o644)
    assert told.startswith("SetupProblem: the mission folder cannot be written") or "may be written" in told, told
    assert names(url) == ["before"]


@pytest.mark.parametrize("where", ["head", "middle", "cut"])
def test_a_damaged_file_says_so(file: Path, where: str):
    url = f"sqlite:///{file}"
    engine = open_store(url)
    for i in range(40):
        put(engine, f"r{i}", 3000)
    engine.dispose()
    raw = bytearray(file.read_bytes())
    if where == "head":
        raw[:64] = os.urandom(64)
    elif where == "cut":
        raw = raw[: len(raw) // 2]
    else:
        raw[4096 : len(raw)] = bytes(255 - b for b in raw[4096:])
    file.write_bytes(raw)
    with pytest.raises(SetupProblem, match="tocsin restore"):
        read_everything(url)


def read_everything(url: str) -> None:
    engine = open_store(url)
    try:
        with reading(engine) as c:
            digest(c)
    finally:
        engine.dispose()


def test_a_server_that_goes_away_says_so_and_is_found_again(tmp_path: Path, request: pytest.FixtureRequest):
    url = copy_of_empty("postgres", tmp_path, request)
    engine = open_store(url)
    put(engine, "before")
    with pytest.raises(SetupProblem, match="database server"):
        lose_the_server_half_way(engine, url)
    put(engine, "zafter")  # the same engine finds the server again
    engine.dispose()
    assert names(url) == ["before", "zafter"]
    with pytest.raises(SetupProblem, match="does not answer"):
        put(open_store("postgresql+psycopg://tocsin@127.0.0.1:1/none"), "x")


def lose_the_server_half_way(engine: sa.Engine, url: str) -> None:
    other = open_store(url)
    try:
        with writing(engine) as c:
            finish_run(c, "during", "fault", {}, {}, NOW)
            mine = c.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            with other.connect() as d:
                d.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            finish_run(c, "during2", "fault", {}, {}, NOW)
    finally:
        other.dispose()


def test_two_programs_on_one_file_wait_for_each_other_and_a_stuck_one_is_named(file: Path):
    url = f"sqlite:///{file}"
    engine = open_store(url)
    other = sa.create_engine(url, connect_args={"timeout": 0.2})
    with writing(engine) as c:
        finish_run(c, "mine", "fault", {}, {}, NOW)
        with pytest.raises(SetupProblem, match="another program"):
            put(other, "theirs")
    other.dispose()
    engine.dispose()
    assert names(url) == ["mine"]


REVISIONS = ["0001", "0002", "0003", "0004", "head"]


def test_the_schema_goes_up_and_down_with_data_in_it(url: str):
    engine = open_store(url)
    put(engine, "kept")
    with reading(engine) as c:
        before = digest(c)
    for revision in ("0003", "0002", "0001"):
        downgrade(engine, revision)
        with reading(engine) as c:
            now = digest(c)
        shared = {n: d for n, d in now.items() if n != "alembic_version"}
        assert differences(shared, {n: before[n] for n in shared}) == [], revision
    for revision in REVISIONS[1:]:
        upgrade(engine, revision)
        with reading(engine) as c:
            assert digest(c)["run"] == before["run"]
    put(engine, "again")
    with reading(engine) as c:
        assert audit.verify(c).sound, "the guards are back"
        assert audit.verify(c).rows == 1
    engine.dispose()


@pytest.mark.parametrize(("url", "refused"), [
    ("sqlite:///x.db", False), ("postgresql+psycopg://a@127.0.0.1/b", False), ("postgresql+psycopg://a@/b", False),
    ("postgresql+psycopg://a@/b?host=/run/postgresql", False), ("postgresql+psycopg://a@records/b", True),
    ("postgresql+psycopg://a@/b?host=records", True), ("postgresql+psycopg://a@records/b?sslmode=verify-full", False),
    ("postgresql+psycopg://a@10.0.0.5/b", True), ("postgresql+psycopg://a@[::1]/b", False),
])  # fmt: skip
def test_records_on_another_machine_need_a_guarded_line(url: str, refused: bool) -> None:
    if refused:
        with pytest.raises(SetupProblem, match="sslmode=verify-full"):
            check_line(url)
    else:
        check_line(url)
