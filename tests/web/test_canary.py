"""Numbers and names of sources: planted everywhere a gateway puts them, looked for in everything that leaves."""

import io
import logging
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from tests.listen.alerts.deliveries import CANARY, DELIVERIES, NAME
from tests.web.arrivals import read_all
from tests.web.houses import Place, door
from tests.web.signing import request_of
from tocsin.cli.main import app as cli
from tocsin.core.codes import Role

WORDS = (CANARY.removeprefix("+"), CANARY.removeprefix("+236"), NAME.split()[1], "3527065")
FOUND = re.compile("|".join(map(re.escape, WORDS)), re.IGNORECASE)


def test_nothing_that_leaves_says_who_a_source_is(
    place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    people = [place.person(r) for r in Role if r is not Role.INTAKE]
    place.way("generic", "dark")
    for provider in DELIVERIES:
        place.way(provider)
    said = io.StringIO()
    with door(place) as client:
        for provider, delivery in DELIVERIES.items():
            asked = request_of(place.way(provider), delivery, place.clock)
            for change in (
                {}, {"headers": {}}, {"content": asked["content"] + b"\xff"}, {"content": asked["content"][:-9]},
                {"url": "/in/nobody/x"}, {"method": "PUT"}, {"content": asked["content"] * 3},
            ):  # fmt: skip
                answer = client.request(**asked | change)
                assert answer.status_code < 500, (provider, change)
                said.write(f"{answer.headers} {answer.text}")
        read_all(place)
        odd = [f"reports?after={CANARY}", f"alerts?bbox={CANARY}", f"reports/{CANARY}", f"sources/{CANARY}"]
        pages = ["reports", "reports?state=joined", "alerts", "alerts/counts", "gateways", "notices?ended=true",
                 "sources", "live?seconds=0", "openapi.json", "reports?source=%2B23670011223", *odd]  # fmt: skip
        pages += [f"reports/{n}" for n in range(1, 20)] + [f"alerts/{n}" for n in range(1, 9)]
        for token in people:
            for page in pages:
                answer = client.get(f"/api/{page}", headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code < 500
                # what the asker themself wrote into the address is theirs; the answer must not repeat it
                said.write(answer.text)
            for path, body in (
                ("reports", {"text": "x", "sender": CANARY, "kind": CANARY}),
                ("reports/dismiss", {"ids": [CANARY], "why": CANARY}),
                (f"sources/{CANARY}/identity", {"reason": CANARY}),
                ("gateways", {"id": CANARY, "provider": CANARY}),
            ):
                answer = client.post(f"/api/{path}", json=body, headers={"Authorization": f"Bearer {token}"})
                assert 400 <= answer.status_code < 500
                said.write(answer.text)
    runner = CliRunner()
    for command in (["listen", "reports"], ["listen", "alerts"], ["listen", "notices"], ["listen", "gateway", "list"]):
        as_ = [] if "gateway" in command else ["--as", "a-duty_officer"]
        result = runner.invoke(cli, [*command, *as_, "--mission", str(place.mission.folder), "--json"])
        assert result.exit_code == 0, result.output
        said.write(result.output)
    out = capfd.readouterr()
    ours = "\n".join(r.getMessage() + str(r.exc_info) for r in caplog.records if not r.name.startswith("http"))
    leaves = said.getvalue() + ours + out.out + out.err
    assert FOUND.search(leaves) is None, leaves[max(0, FOUND.search(leaves).start() - 200) :][:400]  # type: ignore[union-attr]


def test_neither_do_the_files_of_the_mission(place: Place) -> None:
    for provider in DELIVERIES:
        place.way(provider)
    with door(place) as client:
        for provider, delivery in DELIVERIES.items():
            client.request(**request_of(place.way(provider), delivery, place.clock))
        read_all(place)
    if place.engine.dialect.name == "sqlite":
        with place.engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    files = [p for p in Path(place.mission.folder).rglob("*") if p.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        for word in WORDS[:3]:
            assert word.encode() not in content, path.name
