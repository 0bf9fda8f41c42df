"""Reports become alerts: read, placed, joined, graded, once each, whoever works and however it is stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.store.conftest import empty_database, empty_file, mission, url
from tests.web.arrivals import read_all, say
from tests.web.houses import Place, house_of
from tocsin.core.mission import Mission
from tocsin.listen.alerts.jobs import Worker
from tocsin.listen.alerts.tables import alert, alert_change, lease, report, source
from tocsin.listen.places.tables import place as place_table
from tocsin.store import reading, writing

__all__ = ["empty_database", "empty_file", "mission", "url"]


@pytest.fixture
def place(mission: Mission) -> Iterator[Place]:
    made = house_of(mission)
    towns = [("Ippy", 20.2, 6.2), ("Bria", 20.8, 6.4), ("Bambari", 21.6, 5.6)]
    rows = [
        {"source": "t", "key": n, "name": n, "alternates": "", "lon": x, "lat": y, "population": 20_000, "admin1": "",
         "in_area": True}
        for n, x, y in towns
    ]  # fmt: skip
    with writing(made.engine) as connection:
        connection.execute(sa.insert(place_table), rows)
    yield made
    made.engine.dispose()


def rows(place: Place, table: sa.Table) -> list[sa.RowMapping]:
    with reading(place.engine) as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)).mappings())


def test_what_is_clear_becomes_one_alert_and_what_is_not_waits(place: Place) -> None:
    first = say(place, "hommes armés attaquent le village à Ippy maintenant", "+1111111111", ago=20)
    second = say(place, "attaque à Ippy, 3 morts", "+2222222222", ago=10)
    other = say(place, "bétail volé à Bambari hier", "+3333333333")
    unclear = say(place, "venez vite à Bria", "+4444444444")
    nowhere = say(place, "attaque du village", "+5555555555")
    missed = say(place, "", "+6666666666")
    read_all(place)
    found = {r["id"]: r for r in rows(place, report)}
    assert found[first]["alert_id"] == found[second]["alert_id"] != found[other]["alert_id"]
    assert [found[n]["state"] for n in (unclear, nowhere, missed)] == ["waiting"] * 3
    assert found[unclear]["place"] == "Bria"
    assert found[nowhere]["threat"] == "attack"
    alerts = {a["id"]: a for a in rows(place, alert)}
    one = alerts[found[first]["alert_id"]]
    assert (one["reports"], one["threat"], one["imminence"], one["place"], one["area"], one["component"]) == (
        2, "attack", "happening", "Ippy", "W", "military",
    )  # fmt: skip
    assert (one["reliability"], one["credibility"]) == ("F", "1")  # two who do not know of each other
    what = [(c["alert_id"], c["what"], c["details"].get("report")) for c in rows(place, alert_change)]
    assert (one["id"], "started", first) in what
    assert (one["id"], "joined", second) in what


def test_a_missed_call_is_placed_where_the_caller_usually_is(place: Place) -> None:
    here = say(place, "attaque à Ippy", "+1111111111", ago=30)
    with writing(place.engine) as connection:
        connection.execute(sa.update(source).values(lon=20.2, lat=6.2))
    call = say(place, "", "+1111111111")
    read_all(place)
    found = {r["id"]: r for r in rows(place, report)}
    assert found[call]["state"] == "joined"
    assert found[call]["alert_id"] == found[here]["alert_id"]


def test_practice_never_meets_the_real(place: Place) -> None:
    say(place, "attaque à Ippy", "+1111111111", ago=5)
    say(place, "attaque à Ippy", "+2222222222", practice=True)
    read_all(place)
    assert [(a["reports"], a["practice"]) for a in rows(place, alert)] == [(1, False), (1, True)]


def test_a_report_of_sexual_violence_is_for_few(place: Place) -> None:
    say(place, "une femme violée à Ippy", "+1111111111")
    read_all(place)
    assert rows(place, report)[0]["tlp"] == rows(place, alert)[0]["tlp"] == "RED"


def test_a_restart_and_a_second_worker_join_as_one_would_have(place: Place) -> None:
    say(place, "attaque à Ippy", "+1111111111", ago=50)
    one = read_all(place, Worker(place.engine, place.mission))
    two = Worker(place.engine, place.mission)
    say(place, "attaque à Ippy, on tire", "+2222222222", ago=40)
    assert two.step(place.clock()) is None  # the first one holds the lease
    assert one.step(place.clock()) == 1
    say(place, "ils tirent à Ippy", "+3333333333", ago=30)
    place.clock.on(minutes=2)  # the first one died
    assert two.step(place.clock()) == 1
    say(place, "attaque à Ippy encore", "+4444444444", ago=20)
    assert one.step(place.clock()) is None
    assert two.step(place.clock()) == 1
    assert [(a["reports"], a["state"]) for a in rows(place, alert)] == [(4, "open")]
    assert len([c for c in rows(place, alert_change) if c["what"] in ("started", "joined")]) == 4


def test_a_lease_of_a_clock_that_was_put_back_does_not_stop_the_work(place: Place) -> None:
    read_all(place)
    place.clock.on(days=-30)
    say(place, "attaque à Ippy", "+1111111111")
    assert Worker(place.engine, place.mission).step(place.clock()) == 1
    with reading(place.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(lease)).scalar_one() == 1


def test_the_missions_own_words_are_used_and_a_slip_in_them_stops_nothing(place: Place) -> None:
    from tocsin.listen.alerts.ground import copy_lexicon

    worker = read_all(place)
    copied = {p.name: p for p in copy_lexicon(place.mission.folder)}
    text = Path(copied["fr.toml"]).read_text(encoding="utf-8")
    copied["fr.toml"].write_text(text.replace("attack = [", 'attack = ["zaraguina", ', 1), encoding="utf-8")
    say(place, "zaraguina à Ippy", "+1111111111")
    read_all(place, worker)
    assert rows(place, report)[0]["threat"] == "attack"
    copied["fr.toml"].write_text("this is not toml", encoding="utf-8")
    say(place, "zaraguina à Bria", "+2222222222")
    read_all(place, worker)
    assert rows(place, report)[1]["threat"] == "attack"
