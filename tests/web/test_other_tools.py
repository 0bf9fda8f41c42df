"""docs/other-tools.md, run as it stands: every Python example against a server, with a token made for it alone."""

import datetime as dt
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import uvicorn

from tests.conftest import ROOT
from tests.web.arrivals import read_all, say
from tests.web.houses import Place, app_of
from tocsin.core.codes import Role
from tocsin.listen.places.tables import place as place_table
from tocsin.store import writing
from tocsin.store.api_tokens import make_api_token
from tocsin.store.policy import Actor
from tocsin.web.api.feature_tables import KINDS

PAGE = (ROOT / "docs" / "other-tools.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A mission with three places and four reports, on a port of this machine."""
    rows = [
        {"source": "t", "key": n, "name": n, "alternates": "", "lon": x, "lat": y, "population": None, "admin1": "",
         "in_area": True}
        for n, x, y in (("Ippy", 20.2, 6.2), ("Bria", 20.8, 6.4), ("Bambari", 21.6, 5.6))
    ]  # fmt: skip
    with writing(place.engine) as connection:
        connection.execute(sa.insert(place_table), rows)
    for n, text in enumerate(
        ("attaque à Ippy", "vol de boeufs à Bria", "attaque à Bambari", "vol de boeufs à Bambari")
    ):
        say(place, text, f"+2222222222{n}")
    read_all(place)
    place.person(Role.DUTY_OFFICER)
    duty = Actor("a-duty_officer", frozenset({Role.DUTY_OFFICER}), frozenset({"*"}))
    scope = ["read alert", "read report", "read place"]
    with writing(place.engine) as connection:
        until = place.clock() + dt.timedelta(days=30)
        token = make_api_token(connection, duty, "examples", scope, until, place.clock())
    app = app_of(place)
    app.state.reads_reports = False
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        monkeypatch.setenv("TOCSIN_ADDRESS", f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("TOCSIN_TOKEN", token)
        try:
            yield place
        finally:
            server.should_exit = True
            thread.join()
            app.state.house.engine.dispose()


def told(section: str) -> str:
    """What an example of the page prints, in a process of its own: GDAL waits and does not let our server go on."""
    (code,) = (code for name, code in EXAMPLES if name.startswith(section))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_examples_find_what_is_there(served: Place) -> None:
    assert {name.split(":")[0] for name, _ in EXAMPLES} == {"GDAL", "Python", "DuckDB"}
    # four alerts on two pages of two
    assert sorted(re.findall(r"'([^']+)'", told("Python"))) == ["attack", "attack", "cattle raid", "cattle raid"]
    assert told("DuckDB") == "[('attack', 2), ('cattle raid', 2)]"


def test_gdal_reads_features_with_a_token(served: Place) -> None:
    pytest.importorskip("pyogrio", reason="the extra geofiles is not installed")
    said = told("GDAL")
    assert said.startswith("['alerts', 'reports', 'places']"), said  # what the token was made for
    assert "population" in said
    assert said.endswith(" 2")


def test_every_collection_is_on_the_page() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(KINDS)
