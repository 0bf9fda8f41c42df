"""Two nodes on one PostgreSQL, one of which dies: what was acknowledged is there once."""

import contextlib
import http.client
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.store.conftest import copy_of_empty, square
from tests.web.houses import Place, house_of
from tocsin.core import mission as missions
from tocsin.listen.alerts.tables import report, report_change
from tocsin.store import reading

ROOT = Path(__file__).resolve().parents[2]
REPORTS = 50
NODE = """
import socket, sys
from tests.web.faults import serve
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen(200)
print(listening.getsockname()[1], flush=True)
serve(sys.argv[1], listening)
"""


def place_on(url: str, folder: Path) -> Place:
    home = square(folder)
    settings = home.folder / "tocsin.toml"
    settings.write_text(settings.read_text() + f'url = "{url}"\n')
    return house_of(missions.load(home.folder))


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_KEYS", str(tmp_path / "keys"))


def test_two_nodes_take_each_report_once_and_one_may_die(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = place_on(copy_of_empty("postgres", tmp_path, request), tmp_path / "m")
    way = place.way("generic", allowed=("127.0.0.0/8",))
    command = [sys.executable, "-c", NODE, str(place.mission.folder)]
    nodes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}) for _ in range(2)
    ]
    try:
        ports = [int(node.stdout.readline()) for node in nodes if node.stdout]
        said: list[str] = []

        def bring(port: int) -> None:
            for n in range(REPORTS):  # the same reports to both nodes, as a gateway does that did not hear the answer
                with contextlib.suppress(OSError, http.client.HTTPException), contextlib.ExitStack() as stack:
                    line = stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)))
                    text = quote(f"attaque à Ippy {n}")
                    line.request("GET", f"/in/{way.id}/{way.path}?id=s{n}&sender=%2B23670{n % 9:06}&text={text}",
                                 headers={"Authorization": f"Bearer {way.secret}"})  # fmt: skip
                    if line.getresponse().status == 200:
                        said.append(f"s{n}")
                if n == REPORTS // 2 and port == ports[1]:
                    nodes[1].kill()

        callers = [threading.Thread(target=bring, args=(port,)) for port in ports]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    finally:
        for node in nodes:
            node.kill()
            node.communicate()
    with reading(place.engine) as connection:
        there = Counter(connection.execute(sa.select(report.c.provider_id)).scalars())
        read = Counter(
            connection.execute(sa.select(report_change.c.report_id).where(report_change.c.what == "read")).scalars()
        )
    assert len(set(said)) == REPORTS
    assert set(said) == set(there)
    assert set(there.values()) == {1}
    assert max(read.values(), default=1) == 1
    place.engine.dispose()
