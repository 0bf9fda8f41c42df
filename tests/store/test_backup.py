"""Backups that restore to the same, moves between databases, and what is left after a lock or a wipe."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from tests.conftest import NOW
from tests.store.conftest import copy_of_empty, person, square
from tocsin.cli.main import app
from tocsin.core.codes import Role
from tocsin.core.errors import BadFile, BadInput, Conflict, SetupProblem
from tocsin.core.mission import Mission, load
from tocsin.store import audit, backup, duress, envelope, increments, open_store, reading, sealed, transfer, writing
from tocsin.store.audit import Entry, record
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.runs import finish_run
from tocsin.store.sealed import Field

WORDS = "river lamp forty-two violet anchor"
PHONE = "+23672554411"
INTAKE = person(Role.INTAKE)


@pytest.fixture(autouse=True)
def cheap_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(envelope, "COST", {"time_cost": 1, "memory_cost": 64, "parallelism": 1})


def fill(mission: Mission, n: int = 5) -> None:
    engine = open_store(mission.store_url)
    with writing(engine) as c:
        keys = open_keys(c, key_folder(mission), NOW)
        for i in range(n):
            finish_run(c, f"run{i}", "plan", {"a": [i, None, "é"]}, {"b": {"x": 1.5}}, NOW)
            sealed.seal(c, keys, INTAKE, Field("source", str(i), "phone"), f"{PHONE}{i}", NOW)
            record(c, NOW, Entry("a1", "task.done", "task", str(i), "did it", {"n": i}))
    engine.dispose()
    (mission.folder / "panels" / "p.parquet").write_bytes(b"PAR1" * 1000)


def state(mission: Mission) -> transfer.Digest:
    engine = open_store(mission.store_url)
    with reading(engine) as c:
        found = transfer.digest(c)
        assert audit.verify(c).sound
    engine.dispose()
    return found


def restored_url(mission: Mission, request: pytest.FixtureRequest) -> str | None:
    """An empty database of its own when the backup is one of PostgreSQL."""
    return None if mission.store_url.startswith("sqlite") else request.getfixturevalue("postgres_url")


def test_a_backup_restores_to_the_same_mission(mission: Mission, tmp_path: Path, request: pytest.FixtureRequest):
    fill(mission)
    before = state(mission)
    made = backup.make_backup(mission, tmp_path / "b", WORDS, NOW)
    assert made.checked == "restored"
    assert state(mission) == before, "the mission itself is as it was"
    assert [p.name for p in mission.folder.iterdir() if p.name.startswith(".")] == []
    raw = (tmp_path / "b").read_bytes()
    for text in (b"PAR1PAR1", b"Square", b"task.done", PHONE.encode()):
        assert text not in raw
    backup.restore(tmp_path / "b", tmp_path / "again", WORDS, url=restored_url(mission, request))
    again = load(tmp_path / "again")
    assert state(again) == before
    assert (again.folder / "panels" / "p.parquet").read_bytes() == b"PAR1" * 1000
    assert not list(again.folder.rglob("*.key"))
    assert made.keys == ()


def test_keys_are_in_it_only_when_asked_for(mission: Mission, tmp_path: Path, request: pytest.FixtureRequest):
    fill(mission, 1)
    backup.make_backup(mission, tmp_path / "b", WORDS, NOW, keys=key_folder(mission))
    elsewhere = tmp_path / "other keys"
    backup.restore(tmp_path / "b", tmp_path / "again", WORDS, keys=elsewhere, url=restored_url(mission, request))
    engine = open_store(load(tmp_path / "again").store_url)
    with writing(engine) as c:
        assert sealed.program_secret(c, open_keys(c, elsewhere, NOW), Field("source", "0", "phone")) == f"{PHONE}0"
    engine.dispose()


def test_a_backup_is_of_one_moment_while_others_write(mission: Mission, tmp_path: Path):
    fill(mission)
    stop = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        engine = open_store(mission.store_url)
        try:
            i = 0
            while not stop.is_set():
                with writing(
                    engine
                ) as c:  # a run and its row in the trail: a torn copy would have one without the other
                    finish_run(c, f"w{i}", "busy", {}, {}, NOW)
                    record(c, NOW, Entry("a1", "run.made", "run", f"w{i}"))
                i += 1
        except BaseException as problem:
            failures.append(problem)
        finally:
            engine.dispose()

    worker = threading.Thread(target=write)
    worker.start()
    try:
        made = [backup.make_backup(mission, tmp_path / f"b{n}", WORDS, NOW) for n in range(2)]
    finally:
        stop.set()
        worker.join()
    assert failures == []
    for one in made:
        assert one.checked
        assert one.tables["run"][0] - 5 == one.tables["audit"][0] - 10


def sqlite_mission(tmp_path: Path, request: pytest.FixtureRequest) -> Mission:
    home = square(tmp_path / "m")
    Path(copy_of_empty("sqlite", tmp_path, request).removeprefix("sqlite:///")).rename(home.folder / "tocsin.db")
    return load(home.folder)


@pytest.fixture
def weekly(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Mission, list[transfer.Digest]]:
    """A mission with a full backup and two increments on it; and what its records were each time."""
    home = sqlite_mission(tmp_path, request)
    fill(home, 40)
    (home.folder / "panels" / "old.parquet").write_bytes(b"old")
    backup.make_backup(home, tmp_path / "full", WORDS, NOW)
    states = [state(home)]
    engine = open_store(home.store_url)
    for day in (1, 2):
        with writing(engine) as c:
            record(c, NOW, *(Entry("a1", "task.done", "task", f"{day}.{i}") for i in range(30)))
        (home.folder / "panels" / f"day{day}.parquet").write_bytes(b"PAR1" * day)
        (home.folder / "panels" / "old.parquet").unlink(missing_ok=True)
        made = backup.make_backup(home, tmp_path / f"day{day}", WORDS, NOW, since=tmp_path / "full")
        assert made.checked == "restored"
        states.append(state(home))
    engine.dispose()
    return home, states


def test_a_full_backup_and_an_increment_restore_to_each_day(weekly, tmp_path: Path):
    _, states = weekly
    for day in (1, 2):
        backup.restore(tmp_path / f"day{day}", tmp_path / f"again{day}", WORDS, base=tmp_path / "full")
        again = load(tmp_path / f"again{day}")
        assert state(again) == states[day]
        panels = sorted(p.name for p in (again.folder / "panels").iterdir())
        assert panels == ["day1.parquet", *(["day2.parquet"] if day == 2 else []), "p.parquet"]
    backup.restore(tmp_path / "full", tmp_path / "again", WORDS)
    assert state(load(tmp_path / "again")) == states[0]
    assert (tmp_path / "day1").stat().st_size < (tmp_path / "full").stat().st_size / 2


def test_an_increment_survives_records_that_shrank(weekly, tmp_path: Path):
    home, _ = weekly
    engine = open_store(home.store_url)
    with writing(engine) as c:
        c.execute(sa.text("DELETE FROM run"))
    with engine.connect() as c:
        c.connection.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
    engine.dispose()
    now = state(home)
    backup.make_backup(home, tmp_path / "small", WORDS, NOW, since=tmp_path / "full")
    backup.restore(tmp_path / "small", tmp_path / "again", WORDS, base=tmp_path / "full")
    assert state(load(tmp_path / "again")) == now


def test_an_increment_stands_on_its_own_full_backup_and_no_other(weekly, tmp_path: Path):
    home, _ = weekly
    backup.make_backup(home, tmp_path / "other", WORDS, NOW)
    there = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(Conflict, match="--base"):
        backup.restore(tmp_path / "day1", tmp_path / "again", WORDS)
    with pytest.raises(Conflict, match="is not the full backup"):
        backup.restore(tmp_path / "day1", tmp_path / "again", WORDS, base=tmp_path / "other")
    with pytest.raises(Conflict, match="an increment itself"):
        backup.restore(tmp_path / "day1", tmp_path / "again", WORDS, base=tmp_path / "day2")
    with pytest.raises(Conflict, match="an increment itself"):
        backup.make_backup(home, tmp_path / "no", WORDS, NOW, since=tmp_path / "day1")
    with pytest.raises(Conflict, match="without --base"):
        backup.restore(tmp_path / "full", tmp_path / "again", WORDS, base=tmp_path / "other")
    with pytest.raises(BadFile):
        backup.make_backup(home, tmp_path / "no", WORDS + "!", NOW, since=tmp_path / "full")
    assert sorted(p.name for p in tmp_path.iterdir()) == there
    assert [p.name for p in home.folder.iterdir() if p.name.startswith(".")] == []


def test_postgresql_is_told_where_its_increments_are(mission: Mission, tmp_path: Path):
    if mission.store_url.startswith("sqlite"):
        pytest.skip("SQLite has them here")
    backup.make_backup(mission, tmp_path / "full", WORDS, NOW)
    with pytest.raises(Conflict, match=r"docs/deploy\.md"):
        backup.make_backup(mission, tmp_path / "more", WORDS, NOW, since=tmp_path / "full")


@pytest.mark.parametrize("told", [{"page": 4096, "pages": 1, "changed": 2}, {"page": 7, "pages": 1, "changed": 0},
                                  {"page": 4096, "pages": 1, "changed": 1}])  # fmt: skip
def test_pages_that_do_not_fit_are_refused(tmp_path: Path, told: dict[str, int]):
    (tmp_path / "records").write_bytes(b"x" * 4096)
    (tmp_path / "pages").write_bytes((5).to_bytes(8, "big") + b"y" * 4096)
    with pytest.raises(BadFile, match="damaged"):
        increments.apply_pages(tmp_path / "records", tmp_path / "pages", told)


@pytest.mark.parametrize("damage", ["cut", "flip", "swap", "append", "empty", "foreign", "passphrase"])
def test_a_damaged_backup_says_so_and_leaves_nothing(tmp_path: Path, damage: str):
    path, words = tmp_path / "b", WORDS
    with envelope.Sealing(path, WORDS) as file:
        file.write(b"x" * (2 * envelope.CHUNK + 5))
        file.finish()
    raw = path.read_bytes()
    head, step = len(envelope.MAGIC) + 23, envelope.CHUNK + envelope.TAG
    if damage == "passphrase":
        words = WORDS + "!"
    changed = {
        "cut": raw[: head + 2 * step],
        "flip": raw[: head + step + 9] + bytes([raw[head + step + 9] ^ 1]) + raw[head + step + 10 :],
        "swap": raw[:head] + raw[head + step : head + 2 * step] + raw[head : head + step] + raw[head + 2 * step :],
        "append": raw + b"x",
        "empty": b"",
        "foreign": b"PK\x03\x04" + raw,
    }
    path.write_bytes(changed.get(damage, raw))
    with pytest.raises(BadFile):
        backup.restore(path, tmp_path / "again", words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b"]


def test_refusals_before_anything_is_written(mission: Mission, tmp_path: Path):
    (tmp_path / "b").write_text("mine")
    with pytest.raises(Conflict):
        backup.make_backup(mission, tmp_path / "b", WORDS, NOW)
    with pytest.raises(BadInput, match="passphrase"):
        backup.make_backup(mission, tmp_path / "c", "short", NOW)
    with pytest.raises(SetupProblem, match="could not be written"):
        backup.make_backup(mission, tmp_path / "none" / "c", WORDS, NOW)
    with pytest.raises(Conflict):
        backup.restore(tmp_path / "b", mission.folder, WORDS)
    assert (tmp_path / "b").read_text() == "mine"


@pytest.mark.parametrize("start", ["sqlite", "postgres"])
def test_records_move_to_the_other_database_and_back(
    start: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tests.store.conftest._number", iter(range(500_000 + (start == "postgres") * 1000, 600_000)))
    urls = [copy_of_empty(start, tmp_path, request)]
    engine = open_store(urls[0])
    with writing(engine) as c:
        keys = open_keys(c, tmp_path / "keys", NOW)
        # more than one batch
        record(c, NOW, *(Entry("a1", "task.done", "task", str(i), "did it", {"n": i}) for i in range(2100)))
        finish_run(c, "r", "plan", {"é": [None, 1.1e-300]}, {}, NOW)
        sealed.seal(c, keys, INTAKE, Field("source", "1", "phone"), PHONE, NOW)
        c.execute(
            sa.text("INSERT INTO sign_in_failure (id, login, door, at) VALUES (7, 'x', 'y', :now)"),
            {"now": f"{NOW.replace(tzinfo=None)}.000000"},
        )
        before = transfer.digest(c)
    other = request.getfixturevalue("postgres_url") if start == "sqlite" else f"sqlite:///{tmp_path / 'fresh.db'}"
    there = transfer.move(engine, other)
    assert there == before
    moved = open_store(other)
    with writing(moved) as c:
        assert audit.verify(c).sound
        assert sealed.program_secret(c, open_keys(c, tmp_path / "keys", NOW), Field("source", "1", "phone")) == PHONE
        assert (
            c.execute(
                sa.text("INSERT INTO sign_in_failure (login, door, at) VALUES ('a', 'b', '2026-01-01') RETURNING id")
            ).scalar_one()
            == 8
        )
        record(c, NOW, Entry("a1", "task.done", "task", "new"))
    with pytest.raises(SetupProblem, match="schema moved"):
        transfer.move(engine, f"sqlite:///{tmp_path / 'third.db'}")
    third = f"sqlite:///{tmp_path / 'third.db'}" if start == "sqlite" else copy_of_empty("postgres", tmp_path, request)
    with reading(moved) as c:
        now = transfer.digest(c)
    assert transfer.move(moved, third) == now
    for e in (engine, moved):
        e.dispose()


def test_a_move_into_a_used_database_changes_neither(url: str, tmp_path: Path):
    source, target = open_store(f"sqlite:///{tmp_path / 'a.db'}", create=True), open_store(url)
    with writing(source) as c:
        record(c, NOW, Entry("a1", "task.done", "task", "here"))
    with writing(target) as c:
        record(c, NOW, Entry("a1", "task.done", "task", "there"))
    with reading(source) as a, reading(target) as b:
        before = transfer.digest(a), transfer.digest(b)
    with pytest.raises(Conflict, match="not empty"):
        transfer.move(source, url)
    with reading(source) as a, reading(target) as b:
        assert (transfer.digest(a), transfer.digest(b)) == before
    source.dispose()
    target.dispose()


def test_a_digest_sees_every_change_and_no_order(engine: sa.Engine):
    with writing(engine) as c:
        for i in range(3):
            finish_run(c, f"r{i}", "plan", {"n": i}, {}, NOW)
        before = transfer.digest(c)
        finish_run(c, "r0", "plan", {"n": 0}, {}, NOW)  # the same row again, at the end
        assert transfer.digest(c) == before
        finish_run(c, "r0", "plan", {"n": 0.5}, {}, NOW)
        assert transfer.differences(before, transfer.digest(c)) == ["run has other content"]


def everything_under(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_a_hidden_mission_says_nothing_and_opens_again(mission: Mission, tmp_path: Path):
    fill(mission)
    hole = tmp_path / "backup-disk.img"
    if not mission.store_url.startswith("sqlite"):
        with pytest.raises(Conflict, match="cannot be hidden"):
            duress.lock(mission, key_folder(mission), hole, WORDS, NOW, hide=True)
        assert mission.folder.exists()
        return
    keys = key_folder(mission)
    duress.last_mark(mission, keys).write_text("mark")
    duress.lock(mission, keys, hole, WORDS, NOW, hide=True)
    assert not mission.folder.exists()
    assert not keys.exists()
    raw = hole.read_bytes()
    assert b"tocsin" not in raw
    counts = np.bincount(np.frombuffer(raw, np.uint8), minlength=256)
    spread = float(((counts - len(raw) / 256) ** 2 / (len(raw) / 256)).sum())
    assert 150 < spread < 390, "bytes are as even as chance makes them (chi-square, 255 degrees, one in 10,000 beyond)"
    assert len({raw[:16], *(raw[n : n + 16] for n in range(16, 4096, 16))}) == 256
    with pytest.raises(BadFile, match="no backup or locked mission"):
        duress.unlock(hole, tmp_path / "open", tmp_path / "keys", WORDS)
    with pytest.raises(BadFile):
        duress.unlock(hole, tmp_path / "open", tmp_path / "keys", WORDS + "!", hidden=True)
    duress.unlock(hole, tmp_path / "open", tmp_path / "keys", WORDS, hidden=True)
    assert load(tmp_path / "open").name == mission.name


def test_a_locked_mission_leaves_ciphertext_only_and_opens_again(mission: Mission, tmp_path: Path):
    fill(mission)
    secrets = [p.read_bytes().splitlines()[2] for p in key_folder(mission).glob("*.key")]
    on_server = not mission.store_url.startswith("sqlite")
    duress.lock(mission, key_folder(mission), tmp_path / "m.locked", WORDS, NOW)
    assert not mission.folder.exists()
    assert not list(key_folder_of(tmp_path).glob("*.key"))
    left = (tmp_path / "m.locked").read_bytes() + everything_under(tmp_path / "keys")
    for text in (*secrets, b"task.done", b"Square", b"PAR1PAR1"):
        assert text not in left
    duress.unlock(tmp_path / "m.locked", tmp_path / "open", tmp_path / "keys", WORDS)
    again = load(tmp_path / "open")
    engine = open_store(again.store_url)
    with writing(engine) as c:
        assert (
            sealed.program_secret(c, open_keys(c, tmp_path / "keys", NOW), Field("source", "3", "phone")) == f"{PHONE}3"
        )
        assert list(audit.rows_of(c))[-1]["what"] == "mission.lock"
    engine.dispose()
    assert on_server == (not (again.folder / "tocsin.db").exists())


def key_folder_of(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_after_wiping_the_keys_nothing_opens_and_everything_else_works(mission: Mission):
    fill(mission)
    assert duress.wipe_keys(mission, key_folder(mission), person(Role.ADMINISTRATOR), NOW) == 1
    assert not list(key_folder(mission).iterdir())
    engine = open_store(mission.store_url)
    with writing(engine) as c:
        with pytest.raises(SetupProblem, match="cannot be read"):
            open_keys(c, key_folder(mission), NOW)
        assert list(audit.rows_of(c))[-1]["what"] == "key.wipe"
        assert audit.verify(c).sound
        assert c.execute(sa.text("SELECT count(*) FROM run")).scalar_one() == 5
    engine.dispose()


def tocsin(*arguments: str, typed: str | None = None, fails: type[Exception] | None = None):
    done = CliRunner().invoke(app, [*arguments], input=typed)
    if fails:
        assert isinstance(done.exception, fails), (done.output, done.exception)
        return str(done.exception)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_the_whole_of_it_from_the_command_line(mission: Mission, tmp_path: Path, monkeypatch, request):
    monkeypatch.setenv("TOCSIN_PASSPHRASE", WORDS)
    fill(mission)
    here = ["--mission", str(mission.folder), "--json"]
    token = json.loads(tocsin(*here, "account", "first", "boss"))["token"]
    tocsin(*here, "account", "enter", typed=f"{token}\ncanoe lantern forty birds\n")
    tocsin(*here, "account", "enter", typed=f"{token}\ncanoe lantern forty birds\n", fails=Exception)
    tocsin(*here, "account", "invite", "duty", "--role", "duty_officer", "--area", "W")
    tocsin(*here, "account", "rights", "duty", "--role", "analyst", "--area", "*")
    tocsin(*here, "account", "sessions", "duty")
    tocsin(*here, "account", "end", "duty")
    tocsin(*here, "account", "link", "boss")
    tocsin(*here, "account", "close", "duty")
    listed = json.loads(tocsin(*here, "account", "list"))["accounts"]
    assert [(a["login"], a["state"], a["roles"]) for a in listed] == [
        ("boss", "open", ["administrator"]),
        ("duty", "closed", ["analyst"]),
    ]
    assert "duty" in tocsin("--mission", str(mission.folder), "account", "list")
    verdict = json.loads(tocsin(*here, "audit", "verify"))
    assert verdict["sound"]
    tocsin(*here, "audit", "export", "-o", str(tmp_path / "t.jsonl"))
    tocsin(*here, "audit", "verify", "--file", str(tmp_path / "t.jsonl"), "--mark", verdict["mark"])
    tocsin(*here, "store", "rotate-keys")
    assert json.loads(tocsin(*here, "wipe", "--old-keys", "--yes"))["destroyed"] == 1
    assert json.loads(tocsin(*here, "backup", str(tmp_path / "b")))["checked"]
    url = restored_url(mission, request)
    tocsin("--json", "restore", str(tmp_path / "b"), str(tmp_path / "r"), *(["--url", url] if url else []))
    there = ["--mission", str(tmp_path / "r"), "--json"]
    if url:
        tocsin(*there, "store", "move", "--to", "sqlite")
        assert (tmp_path / "r" / "tocsin.db").exists()
    else:
        tocsin(*there, "store", "move", "--to", request.getfixturevalue("postgres_url"))
        assert (tmp_path / "r" / "tocsin.db.moved").exists()
    assert json.loads(tocsin(*there, "audit", "verify"))["sound"]
    tocsin(*here, "wipe", "--keys", typed="wrong\n", fails=BadInput)
    tocsin(*here, "lock")
    tocsin("--json", "unlock", f"{mission.folder}.locked", str(tmp_path / "open"))
    assert json.loads(tocsin("--mission", str(tmp_path / "open"), "--json", "audit", "verify"))["sound"]


def test_verify_remembers_what_it_saw(mission: Mission):
    fill(mission)
    here = ["--mission", str(mission.folder), "--json"]
    tocsin(*here, "audit", "verify")
    engine = open_store(mission.store_url)
    with writing(engine) as c:
        from tests.store.test_audit import unguard

        unguard(c)
        c.execute(sa.text("DELETE FROM audit WHERE seq > 3"))
        last = c.execute(sa.text("SELECT hash FROM audit WHERE seq = 3")).scalar_one()
        c.execute(sa.text("UPDATE audit_head SET seq = 3, hash = :h"), {"h": last})
    engine.dispose()
    assert "tampered" in tocsin(*here, "audit", "verify", fails=Conflict)
