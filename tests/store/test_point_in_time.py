"""Back to a moment on PostgreSQL: the steps of docs/deploy.md with the archive command of deploy/compose.yaml."""

import datetime as dt
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import NOW, ROOT
from tests.servers import OwnPostgres, own_postgres
from tocsin.store import open_store, reading, writing
from tocsin.store.audit import Entry, record, verify
from tocsin.store.tables import audit


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    """A server which archives as the compose file says."""
    shipped = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    archive = re.search(r"archive_command='([^']+)'", shipped)
    assert archive is not None
    assert "-c wal_level=replica -c archive_mode=on" in shipped
    with tempfile.TemporaryDirectory(prefix="tocsin-wal-") as archived:
        command = archive[1].replace("/wal/", f"{archived}/")
        settings = ("wal_level=replica", "archive_mode=on", f"archive_command={command}")
        with own_postgres(*settings) as server:
            if server.user:
                shutil.chown(archived, server.user)
            yield server


def wal_of(server: OwnPostgres) -> Path:
    """Folder the server archives to."""
    (command,) = (s for s in server.settings if s.startswith("archive_command"))
    found = re.search(r"(\S*tocsin-wal-\w+)/", command)
    assert found is not None
    return Path(found[1])


def entries(url: str) -> tuple[list[str], bool]:
    engine = open_store(url)
    try:
        with reading(engine) as connection:
            found = connection.execute(sa.select(audit.c.object_id).order_by(audit.c.seq)).scalars()
            return [s for s in found if str(s).startswith("case-")], not verify(connection).problems
    finally:
        engine.dispose()


def test_every_acknowledged_write_before_the_moment_is_there_and_none_after(server: OwnPostgres) -> None:
    second, wal = server.folder / "data-restored", wal_of(server)
    engine = open_store(server.url, create=True)

    def write(number: int) -> dt.datetime:
        with writing(engine) as connection:
            record(connection, NOW, Entry("CONSOLE", "probe", "case", f"case-{number}"))
        with reading(engine) as connection:
            return connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()

    write(0)
    server.run("pg_basebackup", "-h", "127.0.0.1", "-p", server.port, "-U", "tocsin", "-D", server.folder / "base",
               "-X", "none", "-c", "fast")  # fmt: skip
    for number in range(1, 6):
        moment = write(number)
    time.sleep(0.01)
    for number in range(6, 9):  # what was done after: to be undone
        write(number)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_switch_wal()"))
    engine.dispose()
    assert entries(server.url) == ([f"case-{n}" for n in range(9)], True)
    server.stop()
    assert not list(wal.glob("*.part")), "a segment is in the archive whole or not at all"

    shutil.copytree(server.folder / "base", second, copy_function=shutil.copy2)
    shutil.rmtree(second / "pg_wal")
    (second / "pg_wal").mkdir()
    (second / "recovery.signal").touch()
    if server.user:
        subprocess.run(["chown", "-R", server.user, str(second)], check=True)
    second.chmod(0o700)
    with (second / "postgresql.auto.conf").open("a") as file:
        file.write(f"restore_command = 'cp {wal}/%f %p'\nrecovery_target_time = '{moment.isoformat()}'\n")
        file.write("recovery_target_action = promote\n")
    server.start(second)
    wait(server)
    assert entries(server.url) == ([f"case-{n}" for n in range(6)], True)
    engine = open_store(server.url)
    with writing(engine) as connection:
        record(connection, NOW, Entry("CONSOLE", "probe", "case", "case-100"))
    engine.dispose()
    assert entries(server.url)[0][-1] == "case-100", "work goes on from there"


def wait(server: OwnPostgres) -> None:
    """Until the restored server takes writes."""
    engine = sa.create_engine(server.url)
    for _ in range(200):
        with engine.connect() as connection:
            if not connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar_one():
                break
        time.sleep(0.05)
    engine.dispose()
