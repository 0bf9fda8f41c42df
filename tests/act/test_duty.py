"""Ladders kept: a rung is paged once whatever is killed, whoever else works, and whatever the clock does."""

import dataclasses
import datetime as dt
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from tests.act.conftest import ADMIN, DUTY, HOUR, MIN, NOW, add_account, add_alert, add_report, add_source
from tocsin.act.duty import actions as duty
from tocsin.act.duty import pulses, reads
from tocsin.act.duty.actions import Cause, advance_ladders, answer_ladders, raise_ladder
from tocsin.act.jobs import Worker
from tocsin.act.notify import Channel, Recipient, set_address
from tocsin.act.respond import actions as respond
from tocsin.act.respond.outlook import Outlook
from tocsin.act.rules import default_rules
from tocsin.act.tables import escalation, notification, page
from tocsin.core.codes import Role
from tocsin.core.errors import BadInput, Forbidden
from tocsin.core.words import translator
from tocsin.listen.alerts.tables import alert
from tocsin.store import open_store, reading, writing

EN = translator("en")
PEOPLE = ("ada", "ben", "cleo", "dora", "hro", "adviser", "chief")


@pytest.fixture
def people(engine, keys):
    """Everybody on the ladders, each with a telephone."""
    with writing(engine) as c:
        for n, id in enumerate(PEOPLE):
            who = add_account(c, id, Role.DUTY_OFFICER)
            set_address(c, keys, who, Recipient.ACCOUNT, id, Channel.SMS, f"+2367000000{n}", NOW)
        roles = ["duty officer", "deputy duty officer", "chief of operations", "head of office",
                 "human rights duty officer", "protection adviser", "head of mission"]  # fmt: skip
        for role, id in zip(roles, PEOPLE, strict=True):
            duty.set_holder(c, DUTY, role, id, NOW)
    return PEOPLE


def paged(engine: sa.Engine) -> list[tuple[int, str]]:
    with reading(engine) as c:
        return [(r.step, r.person) for r in c.execute(sa.select(page).order_by(page.c.id))]


def step(engine, rules, now) -> int:
    with writing(engine) as c:
        return advance_ladders(c, rules, EN, now)


def test_climbs_to_the_named_role_and_stops_there(engine, rules, people) -> None:
    with writing(engine) as c:
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 60.0), NOW)
    for minute in range(0, 120, 2):
        step(engine, rules, NOW + minute * MIN)
    assert paged(engine) == [(0, "ada"), (1, "ben"), (2, "cleo"), (3, "dora")]


def test_one_answer_stops_it_and_what_was_not_sent_is_not_sent(engine, rules, people) -> None:
    with writing(engine) as c:
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 60.0), NOW)
    step(engine, rules, NOW)
    with writing(engine) as c:
        assert answer_ladders(c, ["alert:1"], "ada", NOW + MIN) == 1
        assert answer_ladders(c, ["alert:1"], "ben", NOW + MIN) == 0
    for minute in range(2, 120, 10):
        step(engine, rules, NOW + minute * MIN)
    assert paged(engine) == [(0, "ada")]
    with reading(engine) as c:
        row = c.execute(sa.select(escalation)).mappings().one()
        assert (row["answered_by"], row["answered_at"]) == ("ada", NOW + MIN)
        assert c.execute(sa.select(notification.c.state)).scalar_one() == "dropped"


def test_a_storm_of_300_reports_about_one_attack_pages_one_person_once(engine, keys, rules, people) -> None:
    with writing(engine) as c:
        id = add_alert(c)
    for n in range(1, 301):
        with writing(engine) as c:
            c.execute(sa.update(alert).where(alert.c.id == id).values(reports=n, changed=alert.c.changed + 1))
            respond.rank_changed(c, rules, Outlook(), NOW + n * dt.timedelta(seconds=1))
            if n % 50 == 1:
                advance_ladders(c, rules, EN, NOW + n * dt.timedelta(seconds=1))
    assert paged(engine) == [(0, "ada")]
    with reading(engine) as c:
        assert c.execute(sa.select(escalation.c.reports)).scalar_one() == 300


def test_many_alerts_at_once_are_one_message_a_person(engine, rules, people) -> None:
    with writing(engine) as c:
        for n in range(300):
            raise_ladder(c, rules, Cause(f"alert:{n}", "ordinary", 20.0 + n / 10), NOW)
    assert step(engine, rules, NOW) == 300
    with reading(engine) as c:
        (row,) = c.execute(sa.select(notification)).mappings()
        assert "300 matters" in row["body"]
        assert "priority 50" in row["body"]


def test_alone_an_answered_alert_that_becomes_much_more_urgent_pages_again(engine, rules, people) -> None:
    for priority in (40.0, 45.0, 59.0):
        with writing(engine) as c:
            raise_ladder(c, rules, Cause("alert:1", "ordinary", priority), NOW)
        step(engine, rules, NOW)
        with writing(engine) as c:
            answer_ladders(c, ["alert:1"], "ada", NOW)
    assert paged(engine) == [(0, "ada")]
    with writing(engine) as c:
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 61.0), NOW + HOUR)
    step(engine, rules, NOW + HOUR)
    assert paged(engine) == [(0, "ada"), (0, "ada")]


def test_shifts_absence_substitutes_and_silences(engine, rules, people) -> None:
    with writing(engine) as c:
        duty.add_shift(c, DUTY, "duty officer", "dora", NOW - HOUR, NOW + HOUR, NOW)
        duty.set_substitutes(c, DUTY, "dora", ["cleo"], NOW)
        assert {"role": "duty officer", "person": "dora"} in reads.on_call(c, DUTY, rules, NOW)
        duty.set_away(c, DUTY, "dora", NOW, NOW + MIN, NOW)
        assert {"role": "duty officer", "person": "cleo"} in reads.on_call(c, DUTY, rules, NOW)
        assert {"role": "duty officer", "person": "ada"} in reads.on_call(c, DUTY, rules, NOW + HOUR)
        duty.add_silence(c, DUTY, NOW, NOW + 30 * MIN, 35.0, "maintenance", NOW)
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 30.0), NOW)
        raise_ladder(c, rules, Cause("alert:2", "ordinary", 60.0), NOW)
    step(engine, rules, NOW)
    assert paged(engine) == [(0, "cleo")]
    step(engine, rules, NOW + 31 * MIN)
    assert len(paged(engine)) == 3
    with writing(engine) as c:
        for bad in ((NOW, NOW, 30.0), (NOW, NOW + 25 * HOUR, 30.0), (NOW, NOW + HOUR, 60.0)):
            with pytest.raises(BadInput):
                duty.add_silence(c, DUTY, *bad, "maintenance", NOW)
        stranger = dataclasses.replace(DUTY, roles=frozenset({Role.ANALYST}))
        with pytest.raises(Forbidden):
            duty.add_shift(c, stranger, "duty officer", "ada", NOW, NOW + HOUR, NOW)


def test_somebody_who_cannot_be_reached_is_not_waited_for(engine, keys, rules, people, world, post, gateway) -> None:
    world.answer = lambda call: (400, {}) if call.json["phoneNumbers"] == ["+23670000000"] else (202, {})
    worker = Worker(None, engine, rules, lambda: NOW, post, keys.folder)
    with writing(engine) as c:
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 60.0), NOW)
    from tocsin.act.notify.jobs import empty_outbox

    step(engine, rules, NOW)
    empty_outbox(engine, keys.folder, rules, post, lambda: NOW)
    step(engine, rules, NOW + dt.timedelta(seconds=5))
    assert paged(engine) == [(0, "ada"), (1, "ben")]
    assert worker.outlook is None


def test_a_clock_that_jumps_moves_a_ladder_by_one_rung_at_most(engine, rules, people) -> None:
    with writing(engine) as c:
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 60.0), NOW)
    for now in (NOW, NOW + dt.timedelta(days=400), NOW - dt.timedelta(days=400), NOW + dt.timedelta(days=1)):
        assert step(engine, rules, now) <= 1
    assert paged(engine) == [(0, "ada"), (1, "ben"), (2, "cleo")]


def test_handover_names_what_is_still_open(engine, rules, people) -> None:
    with writing(engine) as c:
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 60.0), NOW)
        raise_ladder(c, rules, Cause("alert:2", "ordinary", 70.0), NOW)
    step(engine, rules, NOW)
    with writing(engine) as c:
        answer_ladders(c, ["alert:1"], "ada", NOW)
    with reading(engine) as c:
        assert [r["subject"] for r in reads.to_hand_over(c, DUTY, "ada")] == ["alert:2"]


def test_a_silent_screen_of_the_duty_officer_pages_the_substitute(engine, rules, people) -> None:
    ada = dataclasses.replace(DUTY, id="ada")
    with writing(engine) as c:
        duty.set_substitutes(c, DUTY, "ada", ["ben"], NOW)
        pulses.beat(c, ada, "screen", "one", 60, NOW)
        pulses.beat(c, dataclasses.replace(DUTY, id="nobody"), "screen", "x", 60, NOW)
    found = []
    for second in range(0, 300, 20):
        now = NOW + dt.timedelta(seconds=second)
        with writing(engine) as c:
            found += pulses.watch(c, rules, now)
            advance_ladders(c, rules, EN, now)
    assert [(s.kind, s.person) for s in found] == [("screen", "ada")]
    assert paged(engine)[0] == (0, "ben")
    with writing(engine) as c:
        pulses.beat(c, ada, "screen", "one", 60, NOW + 6 * MIN)
        pulses.watch(c, rules, NOW + 6 * MIN)
        assert c.execute(sa.select(escalation.c.answered_by)).scalar_one() == "ada"


def test_a_second_screen_a_sign_off_and_a_jumping_clock_alarm_nobody(engine, rules, people) -> None:
    ada = dataclasses.replace(DUTY, id="ada")
    with writing(engine) as c:
        pulses.beat(c, ada, "screen", "one", 60, NOW)
        pulses.beat(c, ada, "screen", "two", 60, NOW)
        gone = pulses.beat(c, ada, "link", "vsat", 60, NOW)
    for second in range(0, 300, 20):
        now = NOW + dt.timedelta(seconds=second)
        with writing(engine) as c:
            pulses.beat(c, ada, "screen", "two", 60, now)
            if second == 20:
                pulses.sign_off(c, ada, gone, now)
            assert pulses.watch(c, rules, now) == []
    with writing(engine) as c:
        pulses.beat(c, ada, "screen", "two", 3600, now)
        pulses.watch(c, rules, now)
        assert pulses.watch(c, rules, now + dt.timedelta(days=30)) == []
        assert pulses.watch(c, rules, now - dt.timedelta(days=30)) == []


WORKER = """
import datetime as dt, sys
from tocsin.act.duty.actions import advance_ladders
from tocsin.act.rules import default_rules
from tocsin.core.words import translator
from tocsin.store import open_store, writing
engine, rules, _ = open_store(sys.argv[1]), default_rules(), translator("en")
start = dt.datetime.fromisoformat(sys.argv[2])
print("up", flush=True)
for n in range(int(sys.argv[3]), 100000):
    with writing(engine) as c:
        advance_ladders(c, rules, _, start + n * dt.timedelta(seconds=60))
    print(n, flush=True)
"""


def test_killed_again_and_again_each_rung_is_paged_once(engine, url, rules, people) -> None:
    """Real processes, `kill -9` after a random time, the next goes on; and once more with two at a time."""
    ladders = 6
    with writing(engine) as c:
        for n in range(ladders):
            raise_ladder(c, rules, Cause(f"alert:{n}", "ordinary", 60.0), NOW)
    rng, done, patience = random.Random(5), 0, 1.0
    deadline = time.monotonic() + 200
    while done < 56 and time.monotonic() < deadline:
        command = [sys.executable, "-c", WORKER, url, NOW.isoformat(), str(done)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ}, text=True) for _ in range(2)]
        for process in running:
            assert process.stdout.readline() == "up\n"
        time.sleep(patience * rng.uniform(0.02, 0.25))
        patience *= 1.05  # a slow machine gets to the end as well
        for process in running:
            process.send_signal(signal.SIGKILL)
            said = process.communicate()[0].split()
            done = max([done, *(int(n) for n in said if n.isdigit())])
    assert done >= 56
    time.sleep(0.5)  # a server lets go of what a killed neighbour had hold of only when it notices
    for minute in range(done, done + 56):  # the last looks may have passed over it: nothing may be paged twice now
        step(engine, rules, NOW + minute * MIN)
    with reading(engine) as c:
        rows = c.execute(sa.select(page.c.escalation_id, page.c.step, page.c.person)).all()
        carried = c.execute(sa.select(sa.func.count()).select_from(notification)).scalar_one()
    assert len(rows) == len(set(rows)) == ladders * 4
    assert {r.person for r in rows} == {"ada", "ben", "cleo", "dora"}
    assert 4 <= carried <= len(rows)


def test_workers_on_one_database_page_once(engine, url, rules, people) -> None:
    with writing(engine) as c:
        for n in range(20):
            raise_ladder(c, rules, Cause(f"alert:{n}", "ordinary", 60.0), NOW)

    def work() -> None:
        mine = open_store(url)
        for minute in range(0, 60, 5):
            step(mine, rules, NOW + minute * MIN)
        mine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = paged(engine)
    assert len(rows) == 80
    assert all(rows.count((n, who)) == 20 for n, who in enumerate(("ada", "ben", "cleo", "dora")))


def test_the_whole_look(engine, keys, rules, people, world, post, gateway, mission) -> None:
    now = [NOW]
    worker = Worker(mission, engine, rules, lambda: now[0], post, keys.folder)
    with writing(engine) as c:
        id = add_alert(c)
        add_report(c, id, add_source(c, keys, "+23675111111"))
    first = worker.look()
    assert (first.ranked, first.pages, first.sent.sent) == (1, 1, 1)
    assert worker.look().pages == 0
    assert "alert" in world.calls[0].json["textMessage"]["text"]
    assert "Bakala" not in str(world.calls[0].json)
    with writing(engine) as c:
        respond.acknowledge(c, dataclasses.replace(DUTY, id="ada"), id, NOW)
    now[0] += HOUR
    assert worker.look().pages == 0


def test_rules_name_every_role_once_and_refuse_nonsense() -> None:
    from tocsin.act.rules import DEFAULT, read_rules
    from tocsin.core.errors import BadFile

    assert set(default_rules().ladders) == {"ordinary", "sensitive", "task", "task_sensitive", "silent"}
    text = DEFAULT.read_text()
    made = read_rules(text, '[ladders.ordinary]\nsteps = [["radio room", 3]]\nfinal = "chief"\n[send]\ncap_per_day = 9')
    assert (made.ladders["ordinary"].steps[0].role, made.cap_per_day, made.tries) == ("radio room", 9.0, 12)
    for wrong in ("[send]\nnonsense = 1", "[ladders.x]\nsteps = 3\nfinal = 'x'", "[send]\nquiet = ['25:00', '06:00']",
                  "[send]\nallowed_networks = ['x']", "{", "[send]\ncap_per_day = -1"):  # fmt: skip
        with pytest.raises(BadFile):
            read_rules(text, wrong)


def test_admin_reads_no_case(engine, rules, people) -> None:
    with writing(engine) as c:
        raise_ladder(c, rules, Cause("alert:1", "ordinary", 60.0), NOW)
        assert reads.ladders(c, DUTY)[0]["pages"] == []
        assert reads.ladders(c, ADMIN) == []
        assert reads.outbox(c, ADMIN) == []


def test_a_storm_is_ranked_in_rounds_and_ladders_climb_between_them(
    engine, keys, rules, people, world, post, gateway, mission, monkeypatch
) -> None:
    monkeypatch.setattr("tocsin.act.jobs.BATCH", 2)
    monkeypatch.setattr("tocsin.act.jobs.ROUND", 2)
    worker = Worker(mission, engine, rules, lambda: NOW, post, keys.folder)
    with writing(engine) as c:
        for _ in range(6):
            add_report(c, add_alert(c), add_source(c, keys, "+23675111111"))
    first = worker.look()
    assert (first.ranked, first.more) == (4, True)
    assert first.pages >= 1, "nobody waits for the whole storm to be ranked"
    second = worker.look()
    assert (second.ranked, second.more) == (2, False)
    ended = threading.Event()
    ended.set()
    with writing(engine) as c:
        for _ in range(4):
            add_report(c, add_alert(c), add_source(c, keys, "+23675111111"))
    assert worker.look(stop=ended).ranked == 2, "told to stop, it ends after the batch at hand"
