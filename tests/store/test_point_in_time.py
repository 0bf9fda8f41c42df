"""Back to a moment on PostgreSQL: the steps of docs/deploy.md with the archive command of deploy/compose.yaml."""

import datetime as dt
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import NOW, ROOT
from tocsin.store import open_store, reading, writing
from tocsin.store.audit import Entry, record, verify
from tocsin.store.tables import audit


class Server:
    """A PostgreSQL server of its own, which archives as the compose file says."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        self.bin = Path(str(found[-1]) if found else str(shutil.which("initdb"))).resolve().parent
        self.folder, self.wal = folder, folder / "wal"
        self.user = "postgres" if os.geteuid() == 0 else None
        self.wal.mkdir()
        if self.user:
            shutil.chown(folder, self.user)
            shutil.chown(self.wal, self.user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"postgresql+psycopg://tocsin@127.0.0.1:{self.port}/postgres"

    def run(self, name: str, *arguments: object) -> None:
        command = [str(self.bin / name), *map(str, arguments)]
        subprocess.run(command, user=self.user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def start(self, data: Path, more: str = "") -> None:
        shipped = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
        archive = re.search(r"archive_command='([^']+)'", shipped)
        assert archive is not None
        assert "-c wal_level=replica -c archive_mode=on" in shipped
        config = data / "postgresql.auto.conf"
        with config.open("a") as file:
            command = archive[1].replace("/wal/", f"{self.wal}/")
            file.write(f"wal_level = replica\narchive_mode = on\narchive_command = '{command}'\n{more}")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.run("pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, data: Path) -> None:
        self.run("pg_ctl", "-D", data, "-w", "-m", "fast", "stop")


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pitr-"))
    made = Server(folder)
    try:
        yield made
    finally:
        for data in folder.glob("data*"):
            subprocess.run([str(made.bin / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"], user=made.user,
                           cwd=folder, check=False, capture_output=True)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


def entries(url: str) -> tuple[list[str], bool]:
    engine = open_store(url)
    try:
        with reading(engine) as connection:
            found = connection.execute(sa.select(audit.c.object_id).order_by(audit.c.seq)).scalars()
            return [s for s in found if str(s).startswith("case-")], not verify(connection).problems
    finally:
        engine.dispose()


def test_every_acknowledged_write_before_the_moment_is_there_and_none_after(server: Server) -> None:
    first, second = server.folder / "data", server.folder / "data-restored"
    server.run("initdb", "-D", first, "-U", "tocsin", "-A", "trust", "-E", "UTF8")
    server.start(first)
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
    server.stop(first)
    assert not list(server.wal.glob("*.part")), "a segment is in the archive whole or not at all"

    shutil.copytree(server.folder / "base", second, copy_function=shutil.copy2)
    shutil.rmtree(second / "pg_wal")
    (second / "pg_wal").mkdir()
    (second / "recovery.signal").touch()
    if server.user:
        subprocess.run(["chown", "-R", server.user, str(second)], check=True)
    second.chmod(0o700)
    server.start(second, f"restore_command = 'cp {server.wal}/%f %p'\nrecovery_target_time = '{moment.isoformat()}'\n"
                         "recovery_target_action = promote\n")  # fmt: skip
    wait(server)
    assert entries(server.url) == ([f"case-{n}" for n in range(6)], True)
    engine = open_store(server.url)
    with writing(engine) as connection:
        record(connection, NOW, Entry("CONSOLE", "probe", "case", "case-100"))
    engine.dispose()
    assert entries(server.url)[0][-1] == "case-100", "work goes on from there"


def wait(server: Server) -> None:
    """Until the restored server takes writes."""
    engine = sa.create_engine(server.url)
    for _ in range(200):
        with engine.connect() as connection:
            if not connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar_one():
                break
        time.sleep(0.05)
    engine.dispose()
