"""The page of the operations room and its files, as the server sends them."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tocsin.core.codes import Role
from tocsin.store.policy import Actor
from tocsin.web import screen
from tocsin.web.who import actor


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Tocsin</title>")
    (tmp_path / "assets" / "a-1.js").write_text("export {}")
    (tmp_path / "assets" / "a-1.js.gz").write_bytes(b"packed")
    (tmp_path.parent / "secret").write_text("no")
    monkeypatch.setattr(screen, "STATIC", tmp_path.resolve())
    app = FastAPI()
    app.include_router(screen.router)
    app.dependency_overrides[actor] = lambda: Actor("a", frozenset({Role.DUTY_OFFICER}))
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("path", ["/", "/today", "/assess", "/assess/cells/1?target=sb", "/listen/alerts/7"])
def test_every_place_has_its_own_address_and_no_foreign_script(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_files_are_sent_packed_to_who_reads_that_and_kept_for_good(client: TestClient) -> None:
    plain = client.get("/static/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == "export {}"
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    with client.stream("GET", "/static/assets/a-1.js", headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert b"".join(packed.iter_raw()) == b"packed"


@pytest.mark.parametrize("name", ["none.js", "%2e%2e/secret", "..%2fsecret", "assets/a-1.js.gz", "assets", ""])
def test_nothing_else_is_given_away(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 500  # NotFound, which the whole app turns into 404


def test_the_manifest_and_page_name_no_other_machine() -> None:
    front = Path(__file__).resolve().parents[2] / "frontend"
    manifest = json.loads((front / "public" / "tocsin.webmanifest").read_text())
    assert manifest["start_url"] == "/today"
    assert "//" not in (front / "index.html").read_text().replace("<!--", "")
