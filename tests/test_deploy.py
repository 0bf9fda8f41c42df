"""What stands in deploy/ exists and works: paths, commands, least rights in PostgreSQL, what systemd says."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from typer.testing import CliRunner

from tests.conftest import NOW, SQUARE
from tests.servers import programs
from tocsin.cli.main import app
from tocsin.core.codes import Role
from tocsin.core.mission import load
from tocsin.listen.missions import make
from tocsin.store import audit, backup, open_store, reading, writing
from tocsin.store.accounts import CONSOLE, invite
from tocsin.store.audit import Entry, record
from tocsin.store.database import upgrade

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
WEB = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["web"]
RECORDS = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["records"]
INSTRUCTION = re.compile(r"(?m)^([A-Z]+)\s+((?:.*\\\n)*.*)$")


def instructions() -> dict[str, str]:
    """The Containerfile's instructions; each stands there once."""
    found = INSTRUCTION.findall((DEPLOY / "Containerfile").read_text())
    assert len({name for name, _ in found} - {"RUN"}) == len([n for n, _ in found if n != "RUN"])
    return dict(found)


def check_command(words: list[str]) -> None:
    """The program has this command, and it takes these options."""
    told = CliRunner().invoke(app, [words[0], "--help"], terminal_width=200)
    assert told.exit_code == 0, words
    for word in words[1:]:
        assert not word.startswith("--") or word in told.output, word


def test_the_container_is_made_of_what_there_is_and_runs_what_there_is() -> None:
    found = instructions()
    assert found["FROM"].startswith("docker.io/library/python:3.")
    sources = found["COPY"].split()[:-1]
    assert sources == ["dist/*.whl", "requirements.lock", "deploy/extras.lock"]
    assert all((ROOT / source).exists() for source in sources[1:])
    assert re.search(r"(?m)^build:.*", (ROOT / "Makefile").read_text())
    uid = found["USER"].split(":")[0]
    assert int(uid) > 999
    assert f"--uid {uid}" in (DEPLOY / "Containerfile").read_text()
    assert yaml.safe_load(found["ENTRYPOINT"]) == ["tocsin"]
    command = yaml.safe_load(found["CMD"])
    check_command(command)
    assert found["EXPOSE"] == command[command.index("--port") + 1]
    assert f":{found['EXPOSE']}/ready" in found["HEALTHCHECK"]
    assert "TOCSIN_KEYS=/keys" in found["ENV"]


def test_the_container_holds_what_postgresql_and_single_sign_on_need() -> None:
    blocks = {
        name: {b.split("==")[0]: b for b in re.split(r"(?m)^(?=[a-z])", (ROOT / name).read_text()) if "==" in b}
        for name in ("requirements.lock", "requirements-dev.lock", "deploy/extras.lock")
    }
    extras = blocks["deploy/extras.lock"]
    assert set(extras) == {"authlib", "joserfc", "psycopg", "psycopg-binary"}
    for name, block in extras.items():
        assert block == blocks["requirements-dev.lock"][name], f"take {name} over from requirements-dev.lock"
        assert "--hash=sha256:" in block
    assert not set(extras) & set(blocks["requirements.lock"])
    assert "postgresql-client" in (DEPLOY / "Containerfile").read_text(), "backups of PostgreSQL need pg_dump"


def test_the_services_name_what_exists_and_may_do_little() -> None:
    whole = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert (DEPLOY / WEB["build"]["context"] / WEB["build"]["dockerfile"]).resolve() == DEPLOY / "Containerfile"
    assert WEB["user"] == instructions()["USER"]
    assert WEB["read_only"] is True
    for service in (WEB, RECORDS):
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service
        assert not {"network_mode", "pid", "devices"} & set(service)
    assert {v.split(":")[1] for v in WEB["volumes"]} == {"/mission", "/keys"}
    assert all(p.startswith("127.0.0.1:") for p in WEB["ports"]), "the proxy is on the same machine"
    assert "ports" not in RECORDS, "nobody but the program reaches the records"
    named = {v.split(":")[0] for v in RECORDS["volumes"]}
    assert {v for v in named if not v.startswith(".")} == set(whole["volumes"])
    assert all((DEPLOY / v).exists() for v in named if v.startswith("."))
    assert set(RECORDS["secrets"]) == set(whole["secrets"])
    for value in RECORDS["environment"].values():
        assert not value.startswith("/run/secrets/") or value.removeprefix("/run/secrets/") in whole["secrets"]
    assert WEB["depends_on"]["records"]["condition"] == "service_healthy"
    assert "archive_mode=on" in RECORDS["command"]


def test_the_unit_starts_what_there_is_and_systemd_takes_it(tmp_path: Path) -> None:
    unit = (DEPLOY / "tocsin.service").read_text()
    start = re.search(r"(?m)^ExecStart=(.*)$", unit)
    assert start is not None
    check_command(shlex.split(start[1])[1:])
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    here = tmp_path / "tocsin.service"
    here.write_text(
        unit.replace(shlex.split(start[1])[0], sys.executable).replace("User=tocsin", "User=root").replace(
            "Group=tocsin", "Group=root"
        )
    )  # fmt: skip
    told = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)
    ours = [line for line in told.stderr.splitlines() if "tocsin.service" in line]
    assert ours == [], "\n".join(ours)
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", DEPLOY / "tocsin.service"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    level = re.search(r"exposure level for \S+: ([\d.]+)", judged.stdout)
    assert level is not None, judged.stderr
    assert float(level[1]) < 2.5, judged.stdout[-300:]  # of 10; a unit that says nothing has 9.6
    calls = subprocess.run(
        ["systemd-analyze", "syscall-filter", "@resources"], capture_output=True, text=True, check=True
    )
    assert "setpriority" in calls.stdout, "the reader and briefs make themselves nice"


@pytest.fixture
def least(postgres_url: str, tmp_path: Path) -> sa.URL:
    """A database made by deploy/records.sh; the address of the program's user there."""
    url = sa.make_url(postgres_url)
    user = f"prog{os.getpid()}"
    (tmp_path / "password").write_text('it\'s "quoted" $(no)\n')
    environment = {
        **os.environ, "PGHOST": str(url.host), "PGPORT": str(url.port), "POSTGRES_USER": str(url.username),
        "POSTGRES_DB": str(url.database), "TOCSIN_USER": user, "TOCSIN_PASSWORD_FILE": str(tmp_path / "password"),
        "PATH": f"{programs()}:{os.environ['PATH']}",
    }  # fmt: skip
    subprocess.run(["sh", DEPLOY / "records.sh"], env=environment, check=True)
    return url.set(username=user, password='it\'s "quoted" $(no)')


def test_the_program_works_as_a_user_that_owns_its_schema_and_nothing_else(
    least: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_KEYS", str(tmp_path / "keys"))
    (tmp_path / "square.geojson").write_text(json.dumps(SQUARE))
    make(tmp_path / "m", str(tmp_path / "square.geojson"), "Square", (6, 7, 8), least.render_as_string(False))
    engine = open_store(least.render_as_string(False))
    upgrade(engine)
    with writing(engine) as connection:
        invite(connection, CONSOLE, "duty", "Duty", {Role.DUTY_OFFICER}, NOW)
        record(connection, NOW, Entry("a1", "task.done", "task", "1"))
        where = connection.execute(
            sa.text("SELECT DISTINCT schemaname FROM pg_tables WHERE tableowner = current_user")
        ).scalars()
        assert set(where) == {least.username}
    with reading(engine) as connection:
        assert audit.verify(connection).sound
    for forbidden in ("CREATE TABLE public.x (i int)", "CREATE ROLE y", "CREATE DATABASE z", "CREATE SCHEMA w",
                      "SELECT pg_read_file('/etc/passwd')", "COPY run TO PROGRAM 'cat'", "SELECT * FROM pg_authid",
                      "UPDATE audit SET who = 'x'", "ALTER ROLE CURRENT_USER SUPERUSER"):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
            connection.execute(sa.text(forbidden))
    made = backup.make_backup(load(tmp_path / "m"), tmp_path / "b", "river lamp forty-two violet anchor", NOW)
    assert made.checked == "", "no database to check it in, and it says so"
    with engine.begin() as connection:
        connection.execute(sa.text(f'DROP OWNED BY "{least.username}" CASCADE'))
    engine.dispose()
