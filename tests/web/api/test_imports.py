"""Bringing files over HTTP: who may, what a file would do, hostile files, the same file twice, what is left behind."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.listen import ged
from tests.store.conftest import copy_of_empty, mission_in
from tests.web.houses import Place, app_of, house_of
from tocsin.core.codes import Role
from tocsin.listen.deployments.tables import deployment
from tocsin.listen.events.tables import event
from tocsin.listen.sources.tables import source_file
from tocsin.listen.uploads import jobs, shelf
from tocsin.listen.uploads.tables import upload
from tocsin.store import reading, writing
from tocsin.store.tables import audit
from tocsin.web import guard

UNITS = "Unit name,Type,Lat,Long,Since,Troops\nBria base,base,6.5,20.5,2024-01,120\nBad,castle,6,20,2024-01,1\n"


@pytest.fixture(params=["sqlite", "postgres"])
def door(request: pytest.FixtureRequest, tmp_path, monkeypatch) -> Iterator[tuple[Place, TestClient]]:
    """The door of a mission, whose importer works as it does when served."""
    monkeypatch.setenv("TOCSIN_KEYS", str(tmp_path / "keys"))
    place = house_of(mission_in(tmp_path, copy_of_empty(request.param, tmp_path, request)))
    app = app_of(place)
    app.state.reads_reports, app.state.imports = False, True
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield place, client
    app.state.house.engine.dispose()
    place.engine.dispose()


def of(place: Place, role: Role = Role.ANALYST, login: str = "") -> dict[str, str]:
    return {"authorization": f"Bearer {place.person(role, login)}"}


def bring(client: TestClient, who: dict[str, str], name: str, body: bytes | str) -> dict:
    data = body.encode() if isinstance(body, str) else body
    said = client.post("/api/imports", params={"name": name}, content=data, headers=who)
    assert said.status_code == 200, said.text
    return read(client, who, said.json()["id"])


def read(client: TestClient, who: dict[str, str], id: int) -> dict:
    """The file once nobody works on it any more."""
    client.app.state.importer.idle(60)  # type: ignore[attr-defined]
    said = client.get(f"/api/imports/{id}", headers=who)
    assert said.status_code == 200, said.text
    assert said.json()["state"] not in ("waiting", "working")
    return said.json()


def count(place: Place, table: sa.Table) -> int:
    with reading(place.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_file_is_looked_at_mapped_and_imported_and_the_counts_add_up(door: tuple[Place, TestClient]) -> None:
    place, client = door
    who = of(place)
    one = bring(client, who, "../posts of ours.csv", UNITS)
    assert one["name"] == "posts of ours.csv"
    looked = one["looked"]
    assert looked["layout"] == "units", "guessed by its columns"
    assert looked["chosen"]["latitude"] == "Lat"
    assert looked["chosen"]["from"] == "Since"
    assert looked["samples"][0]["values"][:4] == ["Bria base", "base", 6.5, 20.5]
    assert "castle" in looked["samples"][1]["problem"]
    assert [looked["would"][k] for k in ("read", "added", "rejected")] == [2, 1, 1]
    assert looked["rejects"][0]["line"] == 3
    assert count(place, deployment) == count(place, source_file) == 0, "nothing is taken by looking"

    columns = {k: v for k, v in looked["chosen"].items() if k != "strength"}
    said = client.post(f"/api/imports/{one['id']}/look", json={"layout": "units", "columns": columns}, headers=who)
    assert said.status_code == 200
    again = read(client, who, one["id"])
    assert again["turn"] == one["turn"] + 1
    assert again["looked"]["samples"][0]["values"][-1] is None, "strength is no longer read"
    late = client.post(f"/api/imports/{one['id']}/take", json={"turn": one["turn"]}, headers=who)
    assert late.status_code == 409, "it was shown otherwise"

    client.post(f"/api/imports/{one['id']}/take", json={"turn": again["turn"]}, headers=who)
    done = read(client, who, one["id"])
    assert done["state"] == "taken"
    taken = done["taken"]
    assert taken["read"] == taken["added"] + taken["updated"] + taken["unchanged"] + taken["rejected"] == 2
    assert count(place, deployment) == taken["added"] == 1
    csv_ = client.get(f"/api/imports/{one['id']}/rejects", headers=who)
    assert "attachment" in csv_.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(csv_.text)))
    assert rows[0][:3] == ["line", "reason", "Unit name"]
    assert rows[1][0] == "3"
    assert rows[1][2:] == ["Bad", "castle", "6", "20", "2024-01", "1"], "the whole row"
    with reading(place.engine) as connection:
        line = connection.execute(sa.select(audit).where(audit.c.what == "import.take")).one()
    assert line.object_id == one["sha256"]
    assert json.loads(line.details)["added"] == 1
    assert list((place.mission.folder / "incoming").iterdir()) == [], "the file is off the disk"

    twice = bring(client, who, "posts of ours.csv", UNITS)
    client.post(f"/api/imports/{twice['id']}/look", json={"layout": "units", "columns": columns}, headers=who)
    twice = read(client, who, twice["id"])
    assert twice["looked"]["would"]["known_already"]
    client.post(f"/api/imports/{twice['id']}/take", json={"turn": twice["turn"]}, headers=who)
    assert read(client, who, twice["id"])["taken"]["added"] == 0
    assert count(place, deployment) == count(place, source_file) == 1


def test_who_may_bring_and_import_what(door: tuple[Place, TestClient]) -> None:
    place, client = door
    for role in (Role.PARTNER, Role.READ_ONLY, Role.ADMINISTRATOR, Role.POLICE, Role.LIAISON_ASSISTANT):
        who = of(place, role)
        assert client.get("/api/imports", headers=who).status_code == 403
        said = client.post("/api/imports", params={"name": "a.csv"}, content=b"x", headers=who)
        assert (said.status_code, "role does not allow" in said.json()["title"]) == (403, True)
    assert client.post("/api/imports", content=b"x").status_code == 401
    planner, analyst = of(place, Role.PLANNER), of(place)
    events = bring(client, planner, "GEDEvent_v19_1.csv", ged.text([ged.row(1)]))
    assert not events["may_take"]
    said = client.post(f"/api/imports/{events['id']}/take", json={"turn": 1}, headers=planner)
    assert said.status_code == 403
    assert "create event" in said.json()["title"]
    officer = of(place, Role.DUTY_OFFICER)
    for way in ("", "/rejects"):
        assert client.get(f"/api/imports/{events['id']}{way}", headers=officer).status_code == 404, "not theirs"
    assert client.post(f"/api/imports/{events['id']}/drop", json={"turn": 1}, headers=officer).status_code == 404
    assert read(client, analyst, events["id"])["may_take"], "analysts look after everybody's"
    assert [u["id"] for u in client.get("/api/imports", headers=officer).json()["uploads"]] == []
    assert client.post(f"/api/imports/{events['id']}/drop", json={"turn": 1}, headers=planner).status_code == 200
    assert list((place.mission.folder / "incoming").iterdir()) == []


def workbook(bytes_: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * bytes_)
    return out.getvalue()


HOSTILE = {
    "page.csv": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "nul.csv": (UNITS.encode() + b"\0\0\0", "binary|not a text table"),
    "latin.csv": (UNITS.replace("Bad", "Bambäri").encode("latin-1"), "not in UTF-8"),
    "wide.csv": (UNITS.encode("utf-16"), "UTF-16"),
    "really a book.csv": (workbook(10), "not a text table"),
    "bomb.xlsx": (workbook(80 << 20), "unpacks to 80 MB"),
    "no book.xlsx": (b"not a zip", "cannot be read as an Excel workbook"),
    "formula.csv": ((UNITS + '=HYPERLINK("http://x"),base,6,20,2024-01,1\n').encode(), "spreadsheet formula"),
    "cut.csv": (UNITS.encode() + b"Bria,base", "cut off"),
    "halves.json": (b'[{"name": "\\ud800", "kind": "base"}]', "far too long or binary"),
    "nothing in it.geojson": (b'{"type": "FeatureCollection", "features": 3}', "no list of records"),
    "prose.csv": (b'"' + b"no names of columns " * 20 + b'"\n1\n', "no names of columns"),
}  # fmt: skip


@pytest.mark.parametrize("door", ["sqlite"], indirect=True)
def test_hostile_files_get_one_sentence_and_change_nothing(
    door: tuple[Place, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, client = door
    monkeypatch.setattr(jobs, "PACKED", ())  # all in this process: that is faster
    who = of(place)
    for name, (body, expected) in HOSTILE.items():
        one = bring(client, who, name, body)
        assert one["state"] == "refused", name
        title = one["problem"]["title"]
        assert any(part in title for part in expected.split("|")), title
        assert "\n" not in title
        assert len(title) < 400
        assert client.post(f"/api/imports/{one['id']}/take", json={"turn": 1}, headers=who).status_code == 409
        assert client.post(f"/api/imports/{one['id']}/drop", json={"turn": 1}, headers=who).status_code == 200
    for name in ("run.exe", "..", ".csv", "a\u202e.html"):
        said = client.post("/api/imports", params={"name": name}, content=b"x", headers=who)
        assert said.status_code == 422, name
    assert client.post("/api/imports", params={"name": "a.csv"}, content=b"", headers=who).status_code == 422
    assert count(place, deployment) == count(place, event) == count(place, source_file) == 0
    assert list((place.mission.folder / "incoming").iterdir()) == []
    assert not place.mission.rejects.exists()


@pytest.mark.parametrize("door", ["sqlite"], indirect=True)
def test_sizes_and_numbers_are_limited_and_nothing_stays_behind(
    door: tuple[Place, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, client = door
    who = of(place)
    monkeypatch.setattr(jobs, "APART_BYTES", 1 << 30)
    large = bring(client, who, "more than other requests hold.csv", b"x" * (9 << 20))
    assert "a row is longer than" in large["problem"]["title"]
    client.post(f"/api/imports/{large['id']}/drop", json={"turn": 1}, headers=who)
    monkeypatch.setattr(shelf, "MOST_BYTES", 3_000_000)

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 200_000

    said = client.post("/api/imports", params={"name": "big.csv"}, content=endless(), headers=who)
    assert (said.status_code, "larger than 3 MB" in said.json()["title"]) == (422, True)
    told = {**who, "content-length": str(1 << 40)}
    assert client.post("/api/imports", params={"name": "big.csv"}, content=b"x", headers=told).status_code == 413
    assert list((place.mission.folder / "incoming").iterdir()) == []
    form = {**who, "content-type": "multipart/form-data; boundary=x"}
    assert client.post("/api/imports", params={"name": "a.csv"}, content=b"x", headers=form).status_code == 422
    ids = [bring(client, who, f"{n}.csv", f"{UNITS}{n}")["id"] for n in range(5)]
    same = client.post("/api/imports", params={"name": "4.csv"}, content=f"{UNITS}4".encode(), headers=who).json()
    assert same == {"id": ids[4], "new": False}, "sent once more after a link broke"
    said = client.post("/api/imports", params={"name": "one more.csv"}, content=b"x", headers=who)
    assert said.status_code == 429
    assert len(list((place.mission.folder / "incoming").iterdir())) == 5
    place.clock.on(hours=25)
    client.app.state.importer.sweep()  # type: ignore[attr-defined]
    assert list((place.mission.folder / "incoming").iterdir()) == []
    assert client.get("/api/imports", headers=of(place)).json()["uploads"] == []


def test_work_that_a_server_left_is_taken_up_again_and_done_once(door: tuple[Place, TestClient]) -> None:
    place, client = door
    who = of(place)
    rows = [ged.row(i) for i in range(1, 30)]
    one = bring(client, who, "GEDEvent_v19_1.csv", ged.text(rows))
    with writing(place.engine) as connection:  # as a process leaves it that was killed in the middle
        connection.execute(sa.update(upload).values(state="working", wanted="take"))
    said = client.post(f"/api/imports/{one['id']}/drop", json={"turn": 1}, headers=who)
    assert said.status_code == 409, "somebody works on it"
    place.clock.on(minutes=5)
    (place.mission.folder / "incoming" / shelf_of(place) / "beat").unlink()
    assert client.get(f"/api/imports/{one['id']}", headers=who).json()["state"] == "stopped"
    client.app.state.importer.sweep()  # type: ignore[attr-defined]
    done = read(client, who, one["id"])
    assert (done["state"], done["taken"]["added"]) == ("taken", 29)
    assert count(place, event) == 29
    jobs.work(place.engine, place.mission, one["id"], place.clock())
    assert count(place, event) == 29


def shelf_of(place: Place) -> str:
    with reading(place.engine) as connection:
        return str(connection.execute(sa.select(upload.c.shelf)).scalar_one())


@pytest.mark.parametrize("door", ["sqlite"], indirect=True)
def test_a_large_file_is_read_beside_the_server(
    door: tuple[Place, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, client = door
    monkeypatch.setattr(jobs, "APART_BYTES", 10)
    who = of(place)
    points = [
        {"type": "Feature", "properties": {"village": f"Place {n}"}, "geometry": {"type": "Point", "coordinates": c}}
        for n, c in enumerate([[20.5, 6.5], [20.6, 6.6], [999, 6]])
    ]
    one = bring(client, who, "villages.geojson", json.dumps({"type": "FeatureCollection", "features": points}))
    assert one["looked"]["layout"] == "places"
    assert [one["looked"]["would"][k] for k in ("read", "added", "rejected")] == [3, 2, 1]
    client.post(f"/api/imports/{one['id']}/take", json={"turn": 1}, headers=who)
    assert read(client, who, one["id"])["taken"]["added"] == 2
    ask = client.get(f"/api/imports/{one['id']}/guess", params={"layout": "units"}, headers=who)
    assert ask.json()["longitude"] == "longitude"


@pytest.mark.parametrize("door", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("waits", "status"), [([0.05] * 12, 200), ([0.05, 1.0], 408)])
def test_a_slow_line_is_waited_for_and_a_silent_one_is_not(
    door: tuple[Place, TestClient], monkeypatch: pytest.MonkeyPatch, waits: list[float], status: int
) -> None:
    place, client = door
    monkeypatch.setattr(guard, "BODY_S", 0.3)  # less than the whole takes, more than each piece of the slow one
    token = place.person(Role.ANALYST)
    pieces = iter([UNITS.encode(), *[b"Post,base,6,20,2024-01,1\n"] * 50])
    said: list[dict] = []

    async def receive() -> dict:
        await asyncio.sleep(waits.pop(0))
        return {"type": "http.request", "body": next(pieces), "more_body": bool(waits)}

    async def send(message: dict) -> None:
        said.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
             "path": "/api/imports", "raw_path": b"/api/imports", "query_string": b"name=a.csv", "root_path": "",
             "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {}}  # fmt: skip
    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    assert said[0]["status"] == status
    client.app.state.importer.idle(30)  # type: ignore[attr-defined]
    assert len(list((place.mission.folder / "incoming").iterdir())) == (status == 200)
