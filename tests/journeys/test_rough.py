"""Rough handling: stopped, killed, piped away, no room, strange terminals. The mission stays as it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journeys import typed
from tests.listen import ged

ROWS = 150_000  # the store is open for seconds, also on a fast machine


def tocsin(*arguments: object, cwd: Path, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tocsin", *map(str, arguments)], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1", **environment},
    )  # fmt: skip


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return process.returncode, out, err


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mission with a few events, and beside it a file that takes seconds to import."""
    work = tmp_path_factory.mktemp("rough")
    assert finished(tocsin("init", "m", "--area", "CAF", cwd=work))[0] == 0
    ged.write(work / "GEDEvent_v19_1.csv", [ged.row(i) for i in range(1, 50)])
    assert finished(tocsin("import", "../GEDEvent_v19_1.csv", cwd=work / "m"))[0] == 0
    ged.write(work / "GEDEvent_v20_1.csv", [ged.row(1, best=9), *ged.alike(range(100, ROWS))])
    return work


def counts(work: Path) -> tuple[int, list[str]]:
    code, out, _ = finished(tocsin("sources", "--json", cwd=work / "m"))
    assert code == 0
    import sqlite3

    with sqlite3.connect(work / "m" / "tocsin.db") as db:
        n = db.execute("SELECT count(*) FROM event").fetchone()[0]
    db.close()
    return n, [s["name"] for s in json.loads(out)["sources"]]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_import_that_is_stopped_or_killed_leaves_the_mission_as_it_was(ready: Path, how: signal.Signals) -> None:
    before = counts(ready)
    process = tocsin("import", "../GEDEvent_v20_1.csv", cwd=ready / "m")
    opened = ready / "m" / "tocsin.db-shm"
    while process.poll() is None and not opened.exists():
        time.sleep(0.01)
    time.sleep(0.15)  # rows are being written; nothing reaches the disk before the commit
    assert process.poll() is None
    process.send_signal(how)
    code, _, err = finished(process)
    assert counts(ready) == before
    assert not list((ready / "m").rglob("*.part"))
    if how is signal.SIGINT:
        assert code == 130
        assert err.strip().splitlines() == ["tocsin: stopped; what was not finished was not kept"]


def test_two_imports_of_one_file_at_once_take_it_once(tmp_path: Path) -> None:
    finished(tocsin("init", "m", "--area", "CAF", cwd=tmp_path))
    ged.write(tmp_path / "GEDEvent_v20_1.csv", ged.alike(range(1, 5_000)))
    both = [tocsin("import", "../GEDEvent_v20_1.csv", "--json", cwd=tmp_path / "m") for _ in range(2)]
    told = [json.loads(finished(p)[1]) for p in both]
    assert sorted(t["added"] for t in told) == [0, 4_999]
    assert [t["read"] for t in told] == [4_999, 4_999]
    assert counts(tmp_path) == (4_999, ["GEDEvent_v20_1.csv"])


@pytest.mark.parametrize("arguments", [("sources",), ("upgrade",)])
@pytest.mark.parametrize("where", ["before", "behind"])
def test_json_is_one_object_and_quiet_says_nothing(
    ready: Path, arguments: tuple[str, ...], where: str,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    do = typed(monkeypatch, capfd)
    for option, check in (("--json", lambda out: json.loads(out)), ("--quiet", lambda out: out == "")):
        line = (option, *arguments) if where == "before" else (*arguments, option)
        code, out, err = do(*line, cwd=ready / "m")
        assert (code, err) == (0, "")
        assert check(out)


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [(("plan", "--nope"), 2, "usage"), (("assess", "--as-of", "x"), 3, "bad_input"),
     (("import", "none.csv"), 4, "not_found")],
)  # fmt: skip
def test_every_mistake_is_one_object_for_machines_too(
    ready: Path, arguments: tuple[str, ...], code: int, kind: str,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    got, out, _ = typed(monkeypatch, capfd)(*arguments, "--json", cwd=ready / "m")
    assert (got, json.loads(out)["error"]) == (code, kind)


def test_records_that_cannot_be_used_are_one_object_for_machines_too(tmp_path: Path) -> None:
    finished(tocsin("init", "m", "--area", "CAF", cwd=tmp_path))
    (tmp_path / "m" / "tocsin.db").write_bytes(b"SQLite format 3\0" + b"rubbish" * 5_000)
    for name in ("tocsin.db-wal", "tocsin.db-shm"):
        (tmp_path / "m" / name).unlink(missing_ok=True)
    code, out, _ = finished(tocsin("assess", "--json", cwd=tmp_path / "m"))
    assert (code, json.loads(out)["error"]) == (9, "setup")


def test_a_folder_in_the_way_and_a_full_disk_get_one_sentence(ready: Path) -> None:
    code, _, err = finished(tocsin("sources", "--mission", ready / "m", cwd=ready, PYTHONUTF8="1"))
    assert (code, err) == (0, "")
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "tocsin", "sources", "--json"], cwd=ready / "m", stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert process.returncode == 9
    assert "has room" in process.stderr
    assert "Traceback" not in process.stderr
    rejects = ready / "m" / "rejects"
    rejects.write_text("a file where the folder should be")
    try:
        bad = ged.write(ready / "GEDEvent_v21_1.csv", [ged.row(1), ged.row(2, best="x")])
        before = counts(ready)
        code, _, err = finished(tocsin("import", bad, cwd=ready / "m"))
        assert code == 9
        assert len(err.strip().splitlines()) == 1
        assert counts(ready) == before
    finally:
        rejects.unlink()


def test_a_reader_that_leaves_early_and_a_terminal_without_accents(ready: Path) -> None:
    line = f"{sys.executable} -m tocsin sources | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", line], cwd=ready / "m", capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("0", "")
    (ready / "m" / "tocsin.toml").rename(ready / "toml")
    text = (ready / "toml").read_text(encoding="utf-8").replace('name = "m"', 'name = "Ouham-Pendé ف"')
    (ready / "m" / "tocsin.toml").write_text(text, encoding="utf-8")
    code, out, err = finished(tocsin("upgrade", "--json", cwd=ready / "m", PYTHONIOENCODING="ascii"))
    assert (code, err) == (0, "")
    assert json.loads(out)["mission"] == "Ouham-Pendé ف"
    code, out, _ = finished(tocsin("upgrade", cwd=ready / "m", PYTHONIOENCODING="ascii"))
    assert code == 0
    assert "records are up to date" in out
