"""A mission that is served by a process of its own, on SQLite or on a PostgreSQL server of its own, for benches."""

import contextlib
import datetime as dt
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from tests.servers import own_postgres

from benchmarks.results import ROOT
from tocsin.core.codes import Role
from tocsin.core.mission import Mission, load
from tocsin.listen.alerts import gateways
from tocsin.listen.missions import make
from tocsin.store import open_store, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.keys import KeyRing, key_folder, open_keys
from tocsin.store.sessions import open_session
from tocsin.store.tables import account


@dataclass
class Served:
    """A mission with one gateway and one duty officer."""

    mission: Mission
    engine: sa.Engine
    keys: KeyRing
    path: str
    secret: str
    token: str


@contextlib.contextmanager
def mission(kind: str, provider: str = "smsgateway", **more: object) -> Iterator[Served]:
    """A mission of the Central African Republic on `kind`: sqlite or postgres (with fsync on)."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-bench-")))
        stack.enter_context(keys_in(folder / "keys"))
        url = stack.enter_context(own_postgres(in_memory=False)).url if kind == "postgres" else ""
        make(folder / "m", "CAF", None, (), url)
        home = load(folder / "m")
        engine = open_store(home.store_url)
        stack.callback(engine.dispose)
        now = dt.datetime.now(dt.UTC)
        with writing(engine) as connection:
            keys = open_keys(connection, key_folder(home), now)
            way = gateways.add(connection, keys, CONSOLE, "load", provider, now, **more)  # type: ignore[arg-type]
            row = {"id": "duty", "login": "duty", "name": "Duty", "roles": [Role.DUTY_OFFICER.value], "areas": ["*"],
                   "component": "civilian", "password": "", "made_at": now}  # fmt: skip
            connection.execute(sa.insert(account).values(row))
            token = open_session(connection, "duty", "bench", now)
        yield Served(home, engine, keys, f"/in/load/{way.path}", way.secret, token)


@contextlib.contextmanager
def serving(house: Served) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`tocsin serve` on a free port; gives port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin", "serve", "--port", str(port), "--mission", str(house.mission.folder), "-q"],
        cwd=ROOT, env=environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 90
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    raise RuntimeError("the server did not start") from None
                time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


def load_of(house: Served, port: int, count: int, connections: int, rate: float, seed: int) -> dict[str, float]:
    """What a load process measured (`benchmarks.intake_load`)."""
    command = [sys.executable, "-m", "benchmarks.intake_load", str(port), house.path, house.secret, str(count),
               str(connections), str(rate), str(seed)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """Processor time a process and those it started that still run have used."""
    found: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = stat.read_text().rsplit(")", 1)[1].split()
            found[int(stat.parent.name)] = (int(fields[1]), float(int(fields[11]) + int(fields[12])))
    mine = {process.pid}
    while more := {pid for pid, (parent, _) in found.items() if parent in mine} - mine:
        mine |= more
    return sum(found[pid][1] for pid in mine if pid in found) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def keys_in(folder: Path) -> Iterator[None]:
    """Keys of missions made meanwhile are in this folder, here and in processes started from here."""
    before = os.environ.get("TOCSIN_KEYS")
    os.environ["TOCSIN_KEYS"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("TOCSIN_KEYS", None)
        else:
            os.environ["TOCSIN_KEYS"] = before
