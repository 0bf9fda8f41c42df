"""While the records are held or down, reports are kept in the spool, sealed, and drained in order later."""

import datetime as dt
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.listen.alerts.deliveries import CANARY
from tests.servers import OwnPostgres, own_postgres
from tests.store.conftest import square
from tests.web.houses import Place, door, house_of
from tocsin.core import mission as missions
from tocsin.listen.alerts import notices
from tocsin.listen.alerts.spool import Spool, read_spool
from tocsin.listen.alerts.tables import gateway, notice, report
from tocsin.store import open_store, reading, writing


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def send(client: TestClient, place: Place, n: int, text: str = "", sender: str = CANARY) -> int:
    way = place.way("generic")
    answer = client.get(
        f"/in/{way.id}/{way.path}", params={"id": f"s{n}", "sender": sender, "text": text or f"attaque {n}"},
        headers={"Authorization": f"Bearer {way.secret}"},
    )  # fmt: skip
    return answer.status_code


def ids(place: Place) -> list[str]:
    with reading(place.engine) as connection:
        return list(connection.execute(sa.select(report.c.provider_id).order_by(report.c.id)).scalars())


def spooled(place: Place) -> list[Path]:
    return list((place.mission.folder / "spool").glob("*.spool"))


def test_reports_are_taken_while_the_records_are_held_and_drained_in_order(place: Place) -> None:
    if place.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has its own test below")
    place.way("generic")
    with door(place) as client:
        assert send(client, place, 0) == 200
        records = sqlite3.connect(place.mission.folder / "tocsin.db", isolation_level=None)
        records.execute("BEGIN IMMEDIATE")
        spent = []
        for n in range(1, 30):
            begin = time.monotonic()
            assert send(client, place, n) == 200
            spent.append(time.monotonic() - begin)
        assert sorted(spent)[-2] < 1.0  # only the first one waits for the records
        assert ids(place) == ["s0"]
        (path,) = spooled(place)
        assert path.stat().st_mode & 0o077 == 0
        assert CANARY.removeprefix("+").encode() not in path.read_bytes()
        assert b"attaque" not in path.read_bytes()
        records.execute("ROLLBACK")
        records.close()
        assert send(client, place, 30) == 200
        until(lambda: len(ids(place)) == 31)
        assert ids(place) == [f"s{n}" for n in range(31)]
        until(lambda: not spooled(place))
        assert send(client, place, 31) == 200
        assert send(client, place, 5) == 200
        assert len(ids(place)) == 32


def test_a_spool_that_a_dead_process_left_is_drained_once_and_a_cut_off_end_left_out(place: Place) -> None:
    from tocsin.listen.alerts.intake import Arrived, to_json
    from tocsin.listen.alerts.model import Received, ReportKind

    def item(n: int) -> dict[str, object]:
        got = Received("generic", f"s{n}", None, f"attaque {n}", place.clock(), ReportKind.SMS, "0" * 64)
        return to_json(Arrived("generic", got, place.clock(), "+23670000001"))

    place.way("generic")
    left = Spool(place.mission.folder / "spool", place.keys)
    left.append([item(1), item(2)])
    left.append([item(3)])
    path, whole = left.path, None
    assert path is not None
    whole = path.read_bytes()
    left.append([item(4)])
    left.close()
    path.write_bytes(path.read_bytes()[: len(whole) + 20])
    with door(place) as client:
        until(lambda: not spooled(place))
        assert ids(place) == ["s1", "s2", "s3"]
        path.write_bytes(whole)  # killed after draining and before removing
        until(lambda: not spooled(place))
        assert ids(place) == ["s1", "s2", "s3"]
        assert send(client, place, 3, "attaque 3", "+23670000001") == 200
        assert len(ids(place)) == 3


def test_a_changed_spool_is_kept_aside_and_told(place: Place) -> None:
    place.way("generic")
    left = Spool(place.mission.folder / "spool", place.keys)
    left.append([{"x": 1}])
    path = left.path
    left.close()
    assert path is not None
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with door(place):
        until(lambda: path.with_suffix(".damaged").exists())
    with reading(place.engine) as connection:
        assert connection.execute(sa.select(notice.c.kind)).scalars().all() == ["spool_damaged"]


def test_a_spool_of_another_name_or_key_does_not_open(place: Place, tmp_path: Path) -> None:
    from tocsin.core.errors import SetupProblem

    left = Spool(tmp_path / "spool", place.keys)
    left.append([{"x": 1}])
    left.close()
    (path,) = (tmp_path / "spool").glob("*.spool")
    assert list(read_spool(path, place.keys)) == [[{"x": 1}]]
    other = path.with_name("0" + path.name)
    path.rename(other)
    with pytest.raises(SetupProblem, match="changed"):
        list(read_spool(other, place.keys))


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    """A PostgreSQL server of one's own, to stop and start."""
    with own_postgres() as server:
        yield server


def test_reports_are_taken_while_postgresql_is_stopped(
    server: OwnPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_KEYS", str(tmp_path / "keys"))
    open_store(server.url, create=True).dispose()
    home = square(tmp_path / "mission")
    settings = home.folder / "tocsin.toml"
    settings.write_text(settings.read_text() + f'url = "{server.url}"\n')
    place = house_of(missions.load(home.folder))
    place.way("generic")
    with door(place) as client:
        assert send(client, place, 0) == 200
        place.engine.dispose()
        server.stop()
        for n in range(1, 20):
            assert send(client, place, n) == 200
        assert len(spooled(place)) == 1
        server.start()
        assert send(client, place, 20) == 200
        until(lambda: not spooled(place))
        assert ids(place) == [f"s{n}" for n in range(21)]
        assert send(client, place, 21) == 200
    assert ids(place) == [f"s{n}" for n in range(22)]
    place.engine.dispose()


def test_a_full_disk_is_told_and_nothing_counts_as_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.way("generic")
    with door(place) as client:
        committer = client.app.state.committer  # type: ignore[attr-defined]

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("tocsin.listen.alerts.spool.os.fsync", full)
        monkeypatch.setattr(committer, "direct", False)
        monkeypatch.setattr(committer, "_drain_own", lambda: None)
        answer = send(client, place, 1)
        assert answer == 503
        monkeypatch.undo()
        until(lambda: committer.direct, 5)
        assert send(client, place, 1) == 200
    assert ids(place) == ["s1"]


def test_silent_and_refused_gateways_are_told_whatever_the_clock_does(place: Place) -> None:
    way = place.way("generic", heartbeat_minutes=60)

    def told() -> list[tuple[str, str, bool]]:
        with writing(place.engine) as connection:
            notices.watch(connection, place.clock())
        with reading(place.engine) as connection:
            found = connection.execute(sa.select(notice).order_by(notice.c.id)).all()
            return [(n.kind, n.object_id, n.ended_at is None) for n in found]

    assert told() == []
    place.clock.on(minutes=61)
    assert told() == told() == [("gateway_silent", way.id, True)]
    with door(place) as client:
        assert send(client, place, 1) == 200
    assert told() == [("gateway_silent", way.id, False)]
    place.clock.on(days=-400)  # the clock was ahead and is put right: silence counts from now
    assert told() == [("gateway_silent", way.id, False)]
    place.clock.on(minutes=61)
    assert told()[1:] == [("gateway_silent", way.id, True)]
    with writing(place.engine) as connection:
        connection.execute(sa.update(gateway).values(refused=25, unreadable=1))
    assert [k for k, _, open_ in told() if open_] == ["gateway_silent", "gateway_refusing", "gateway_unreadable"]
    place.clock.on(hours=2)
    assert [k for k, _, open_ in told() if open_] == ["gateway_silent"]


def test_a_clock_that_jumps_changes_neither_what_is_kept_nor_what_is_the_same(place: Place) -> None:
    place.way("generic")
    start = place.clock()
    with door(place) as client:
        for jump in (dt.timedelta(days=300), dt.timedelta(days=-300), dt.timedelta(0)):
            place.clock.now = start + jump
            assert send(client, place, 1) == 200
            assert send(client, place, 2 + jump.days) == 200
    assert len(ids(place)) == 4
