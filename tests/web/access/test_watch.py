"""Health, readiness, metrics, logs: they work, and say nothing about anybody."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from fastapi.testclient import TestClient

from tests.web.access.conftest import BASE, Door
from tocsin.store.database import downgrade
from tocsin.web.settings import Serve

ROOT = Path(__file__).resolve().parents[3]


def here(door: Door, address: str = "127.0.0.1") -> TestClient:
    return TestClient(door.app, base_url=BASE, client=(address, 1))


def test_health_and_readiness(door: Door) -> None:
    client = here(door)
    assert client.get("/health", headers={"host": "10.0.0.9:8510"}).json() == {"alive": True}
    assert client.get("/ready").json() == {"ready": True}
    downgrade(door.app.state.house.engine, "0005")
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"ready": False})
    assert client.get("/health").status_code == 200


def test_metrics_are_for_this_machine_or_the_token(door: Door) -> None:
    client = here(door)
    client.get("/api/me", headers={"authorization": f"Bearer {door.sessions['analyst']}"})
    client.get("/api/sessions/very-secret-path")
    text = client.get("/metrics").text
    assert 'tocsin_requests_total{method="GET",route="/api/me",status="200"} 1.0' in text
    assert "very-secret-path" not in text
    assert door.ids["analyst"] not in text
    assert client.get("/metrics", headers={"x-forwarded-for": "1.2.3.4"}).status_code == 403
    far = here(door, "10.0.0.1")
    assert far.get("/metrics").status_code == 403
    door.app.state.house = dataclasses.replace(door.app.state.house, serve=Serve(metrics_token="let me see"))
    assert far.get("/metrics", headers={"authorization": "Bearer let me see"}).status_code == 200
    assert far.get("/metrics", headers={"authorization": "Bearer x"}).status_code == 403


def test_a_log_line_names_nobody(door: Door) -> None:
    client = here(door, "10.77.1.2")
    with structlog.testing.capture_logs() as lines:
        client.post("/sign-in?next=/secret-place", data={"login": "secret-login", "password": "secret-word"})
        client.delete("/api/sessions/secret-session", headers={"authorization": "Bearer secret-token"})
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/sign-in", 401),
        ("/api/sessions/{session_id}", 401),
    ]
    assert set(lines[0]) == {"event", "log_level", "method", "route", "status", "ms"}
    assert "secret" not in str(lines)
    assert "10.77" not in str(lines)


def test_attempts_to_get_round_are_logged(door: Door) -> None:
    forged = door.browser("analyst")
    reader = door.program("read_only")
    with structlog.testing.capture_logs() as lines:
        forged.post("/api/tokens", json={}, headers={"sec-fetch-site": "cross-site"})
        reader.post("/api/accounts", json={"login": "x1", "roles": ["analyst"]})
        reader.post("/api/tokens", json={"name": 1})
        reader.get("/api/me", headers={"host": "evil.example"})
    assert [line["status"] for line in lines] == [403, 403, 422, 421]


def test_the_log_is_json_where_asked() -> None:
    code = (
        "import logging, structlog; from tocsin.web.watch import start_log; start_log('json'); "
        "structlog.get_logger().info('answered', status=200); logging.getLogger('uvicorn.error').warning('w')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in run.stderr.splitlines()]
    assert [line["event"] for line in found] == ["answered", "w"]
    assert all("timestamp" in line for line in found)


@pytest.mark.parametrize("name", ["compose.yaml", "tocsin.service", "Containerfile"])
def test_what_is_deployed_runs_as_nobody_and_writes_nowhere_else(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text()
    wanted = {
        "compose.yaml": ['user: "10001:10001"', "read_only: true", "cap_drop: [ALL]", "no-new-privileges"],
        "tocsin.service": ["User=tocsin", "ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n"],
        "Containerfile": ["USER 10001:10001", "--require-hashes", "/ready"],
    }
    for words in wanted[name]:
        assert words in text
