"""The HTTP door beside an import."""

import re
import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.listen import ged
from tests.listen.test_known import bring
from tocsin.core.codes import Role
from tocsin.core.mission import load
from tocsin.core.time import utc_now
from tocsin.listen.missions import make
from tocsin.store import reading, writing
from tocsin.store.accounts import CONSOLE, invite
from tocsin.store.runs import latest_run
from tocsin.store.sessions import open_session
from tocsin.web import app as door


def test_a_brief_is_read_while_another_program_holds_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "m", "CAF", None, ())
    mission = load(tmp_path / "m")
    bring(mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", [ged.row(1)]))
    units = tmp_path / "units.csv"
    units.write_text("name,kind,latitude,longitude,strength,from,until\nA,base,6,20,100,2018-01,\n")
    bring(mission, units)
    monkeypatch.setattr("tocsin.store.database.BUSY_MS", 50)  # one that waited for the writer would be refused at once
    app = door.make_app(mission)
    with writing(app.state.house.engine) as connection:
        made, _ = invite(connection, CONSOLE, "reader", "Reader", {Role.READ_ONLY}, utc_now())
        session = open_session(connection, made.id, "test", utc_now())
    headers = {"authorization": f"Bearer {session}"}
    client = TestClient(app, base_url="http://127.0.0.1", headers=headers)
    writer = sqlite3.connect(tmp_path / "m" / "tocsin.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        answer = client.get("/brief.html")
        assert answer.status_code == 200
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    with reading(app.state.house.engine) as connection:
        assert latest_run(connection, "plan") is None, "reading keeps nothing"
    assert client.get("/brief.html").content == answer.content
    # What was made stays where it says, for whoever may read briefs; what it cites has an address that asks for itself.
    (kept,) = set(re.findall(r'href="(/briefs/[^"]+)"', answer.text))
    assert client.get(kept).content == answer.content
    assert client.get(kept).headers["content-security-policy"] == answer.headers["content-security-policy"]
    cells = re.findall(r'href="(/assess/cells/\d+)"', answer.text)
    assert cells
    assert {client.get(f"/api{cell}").status_code for cell in set(cells)} <= {200, 404}
    assert client.get(kept, headers={"authorization": ""}).status_code == 401
    with writing(app.state.house.engine) as connection:
        other, _ = invite(connection, CONSOLE, "keeper", "Keeper", {Role.ADMINISTRATOR}, utc_now())
        admin = {"authorization": f"Bearer {open_session(connection, other.id, 'test', utc_now())}"}
    assert client.get(kept, headers=admin).status_code == 403
    assert client.get(cells[0].replace("/assess", "/api/assess"), headers=admin).status_code in (403, 404)
    for wrong in (
        kept.replace(".html", ".pdf"),
        "/briefs/..%2ftocsin.toml",
        "/briefs/brief.html",
        kept[:-9] + "x.en.html",
    ):
        assert client.get(wrong).status_code == 404, wrong
    assert client.post("/").status_code == 405
    assert client.get("/../../etc/passwd").status_code == 404
