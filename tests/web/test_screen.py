"""The page of the operations room and its files, as the server sends them."""

import json
import re
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
    assert manifest["start_url"] == "/field"
    assert "//" not in (front / "index.html").read_text().replace("<!--", "")


# Writing under a name that is worked out (not a number), which could be __proto__; merging whole objects; __proto__.
KEYED = re.compile(
    r"(?<!const )(?<!let )[\w)\]]\[(?!\d+\])[^\]]+\]\s*(?:=(?![=>])|\+=|-=|\|\|=|\?\?=|&&=|\+\+)"
    r"|Object\.(?:assign|setPrototypeOf|defineProperties)|Object\.defineProperty\((?!\w+, \")"
    r"|__proto__|\.prototype(?:\[|\.\w+\s*=(?!=))|Reflect\.set"
)


def test_no_name_from_outside_is_written_into_an_object() -> None:
    frontend = Path(__file__).resolve().parents[2] / "frontend"
    files = [*(frontend / "src").rglob("*.ts*"), *(frontend / "public").rglob("*.js")]
    assert len(files) > 50
    found = [
        f"{file.name}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if KEYED.search(line)
    ]
    assert found == [], "use a Map, or make a new object with a literal: those keep __proto__ as an ordinary name"
    for bad in ("a[key] = 1", "a.b[c.d] += 1", "Object.assign(a, b)", "x.__proto__", "A.prototype.f = 1"):
        assert KEYED.search(bad)
